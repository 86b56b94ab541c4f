"""What one process counts of itself, whoever counts it."""

from concurrent.futures import ThreadPoolExecutor

from metrics_dash.ingest.tally import CALLBACK, FLUSH, PASS, Tally, Times


def test_what_is_received_is_counted_by_sender_and_format() -> None:
    tally = Tally()
    tally.receive("shop", "json", 3)
    tally.receive("shop", "otlp", 1)
    tally.receive("shop", "json", 4)
    assert tally.received() == {("shop", "json"): 7, ("shop", "otlp"): 1}


def test_an_interval_ends_when_it_is_taken_and_the_totals_go_on() -> None:
    tally = Tally()
    tally.receive("shop", "json", 3)
    tally.took(FLUSH, 0.5)
    first = tally.take()
    tally.receive("shop", "json", 4)
    tally.took(FLUSH, 0.25)
    second = tally.take()
    assert (first.received["shop", "json"], second.received["shop", "json"]) == (3, 4)
    assert second.times[FLUSH] == Times(1, 0.25, 0.25, 0.25)
    assert tally.received() == {("shop", "json"): 7}
    assert tally.times(FLUSH) == (2, 0.75)
    assert tally.times(PASS) == (0, 0.0)


def test_times_keep_the_least_and_the_most() -> None:
    tally = Tally()
    for seconds in (0.5, 0.25, 2.0):
        tally.took(CALLBACK, seconds)
    assert tally.take().times[CALLBACK] == Times(3, 2.75, 0.25, 2.0)


def test_whoever_looks_counts_once_an_interval_and_walls_apart() -> None:
    tally = Tally()
    for who in ("a", "b", "a"):
        tally.saw(who, wall=False)
    tally.saw("w", wall=True)
    assert (tally.viewers, tally.walls) == (0, 0)
    tally.take()
    assert (tally.viewers, tally.walls) == (2, 1)
    tally.take()
    assert (tally.viewers, tally.walls) == (0, 0)


def test_a_forks_child_counts_from_nothing_whatever_its_parent_was_doing() -> None:
    tally = Tally()
    tally.receive("shop", "json", 3)
    with tally._lock:  # as a thread of the parent's would
        tally.reset()
        assert (tally.received(), tally.take().received) == ({}, {})
        tally.receive("shop", "json", 4)
    assert tally.received() == {("shop", "json"): 4}


def test_nothing_is_lost_between_threads_and_takers() -> None:
    tally = Tally()

    def send(number: int) -> None:
        for _ in range(1000):
            tally.receive("shop", f"format {number}", 1)

    taken = 0
    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(send, number) for number in range(4)]
        while not all(each.done() for each in sending):
            taken += tally.take().received.total()
    taken += tally.take().received.total()
    assert taken == sum(tally.received().values()) == 4000


def test_late_events_are_counted_by_what_became_of_them() -> None:
    tally = Tally()
    assert tally.late() == {"merged": 0, "set_aside": 0}
    tally.merged(3, 1)
    tally.merged(4, 0)
    assert tally.late() == {"merged": 7, "set_aside": 1}
