"""What the store of one process keeps, and for how long."""

from metrics_dash.charts.cache import MemoryStore


class Clock:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_kept_for_its_time_and_not_longer() -> None:
    clock = Clock()
    store = MemoryStore(10, clock=clock)
    store.set("a", "value")
    clock.now = 9.9
    assert store.get("a") == "value"
    clock.now = 10
    assert store.get("a") is None


def test_a_value_that_is_set_again_has_its_time_again() -> None:
    clock = Clock()
    store = MemoryStore(10, clock=clock)
    store.set("a", "first")
    clock.now = 6
    store.set("a", "second")
    clock.now = 15
    assert store.get("a") == "second"


def test_what_was_used_longest_ago_makes_room() -> None:
    store = MemoryStore(10, capacity=2)
    store.set("a", 1)
    store.set("b", 2)
    store.get("a")
    store.set("c", 3)
    assert [store.get(key) for key in "abc"] == [1, None, 3]


def test_a_value_is_handed_out_as_it_is() -> None:
    store, value = MemoryStore(10), object()
    store.set("a", value)
    assert store.get("a") is value
