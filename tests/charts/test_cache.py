"""Each value is made once, however many ask for it; a store that fails costs speed and nothing else."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from metrics_dash.charts.cache import COMPLAIN_EVERY_SECONDS, MemoryStore, SharedCache
from tests.support.charts import BrokenStore


class Clock:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Maker:
    """Makes one value, and counts how often it was asked to."""

    def __init__(self, value: object = "made") -> None:
        self.times = 0
        self._value = value

    def __call__(self) -> object:
        self.times += 1
        return self._value


class Waiters(MemoryStore):
    """A store that says when so many have missed a value in it."""

    def __init__(self, number: int) -> None:
        super().__init__(60)
        self.all_missed = threading.Event()
        self._left = number
        self._counting = threading.Lock()

    def get(self, key: str) -> object:
        found = super().get(key)
        with self._counting:
            self._left -= 1
            if self._left == 0:
                self.all_missed.set()
        return found


def test_what_was_made_is_kept_for_who_comes_later() -> None:
    cache, make = SharedCache(MemoryStore(60), timeout=60), Maker()
    assert [cache.get("a", make) for _ in range(3)] == ["made"] * 3
    assert make.times == 1
    cache.get("another", make)
    assert make.times == 2


def test_a_value_is_made_once_while_many_wait_for_it() -> None:
    asking = 8
    # The one who makes it looks twice: whoever made it before may have been just ready.
    store = Waiters(asking + 1)
    cache, made = SharedCache(store, timeout=60), []

    def make() -> str:
        assert store.all_missed.wait(30)
        made.append(1)
        return "made"

    with ThreadPoolExecutor(asking) as pool:
        assert list(pool.map(lambda _: cache.get("a", make), range(asking))) == ["made"] * asking
    assert made == [1]


def test_what_the_maker_raises_reaches_all_who_wait_and_is_not_kept() -> None:
    store = Waiters(3)
    cache = SharedCache(store, timeout=60)

    def fail() -> str:
        assert store.all_missed.wait(30)
        raise KeyError("gone")

    def ask(_: int) -> type[BaseException] | None:
        try:
            cache.get("a", fail)
        except KeyError as error:
            return type(error)
        return None

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, range(2))) == [KeyError, KeyError]
    assert cache.get("a", lambda: "made") == "made"


def test_a_store_that_is_down_is_told_once_a_minute_and_the_value_made_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    cache, make = SharedCache(BrokenStore(), timeout=60, clock=clock), Maker()
    with caplog.at_level(logging.WARNING):
        assert cache.get("a", make) == cache.get("a", make) == "made"
        assert [record.message for record in caplog.records] == [
            "the query cache can't be read, so the database is asked: a"
        ]
        clock.now += COMPLAIN_EVERY_SECONDS
        cache.get("a", make)
    assert make.times == 3
    assert len(caplog.records) == 2


def test_what_stands_under_a_key_and_answers_something_else_is_made_anew() -> None:
    store, make = MemoryStore(60), Maker()
    store.set("a", 7)
    cache = SharedCache(store, timeout=60)
    assert cache.get("a", make, fits=lambda value: isinstance(value, str)) == "made"
    assert (store.get("a"), cache.outcomes["error"] > 0) == ("made", True)


def test_it_is_counted_how_questions_were_answered() -> None:
    cache, make = SharedCache(None, timeout=60), Maker()
    for _ in range(3):
        cache.get("a", make)
    assert cache.outcomes == {"miss": 1, "hit": 2}


def test_without_a_store_the_process_keeps_its_own() -> None:
    cache, make = SharedCache(None, timeout=60), Maker()
    cache.get("a", make)
    cache.get("a", make)
    assert make.times == 1


# What one process keeps


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
