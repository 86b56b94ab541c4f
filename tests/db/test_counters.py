"""Counters that are added up for ever: each difference once, whoever sends it how often and in whatever order."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from db.batches import Batch
from db.bins import unpack
from db.engine import Database
from db.events import query_events
from db.ledger import write_batch_bisecting, write_batches
from db.partitions import ensure_partitions
from db.rows import DELTA, EVENT, Counter, Row, to_nanoseconds
from metrics_dash.ingest.event import Event, check_event
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.locks import wait_for_a_lock_waiter
from tests.support.rollups import FOREVER, NOON, buckets

SECOND = 10**9
START = to_nanoseconds(NOON)
SERIES = b"a series"


def reading(at: float, value: float | None, *, started: float = 0, series: bytes = SERIES, **more: Any) -> Row:
    """A reading so many seconds after noon."""
    moment = START + int(at * SECOND)
    counter = Counter(series, "value", START + int(started * SECOND), moment, value, **more)
    event = Event("a.b", {}, {"route": "/"}, NOON + timedelta(seconds=at), counter=counter)
    return check_event(event, NOON + timedelta(days=1), timedelta(days=9000))


def histogram(at: float, count: int, value: float | None = None, **more: Any) -> Row:
    return reading(at, value, count=count, counts=True, monotonic=False, **more)


def store(database: Database, *rows: Row, batch_id: UUID | None = None, bisecting: bool = False) -> None:
    ensure_partitions(database, {NOON.date()})
    with database.begin() as connection:
        batch = Batch(batch_id or uuid4(), rows)
        if bisecting:
            write_batch_bisecting(connection, batch)
        else:
            write_batches(connection, [batch])


def stored(database: Database) -> list[Any]:
    """What the rows measure, in the order of their times."""
    found = query_events("a.b", *FOREVER, database=database)
    return [each["measurements"].get("value", each["aggregates"].get("value")) for each in found]


@pytest.mark.parametrize("bisecting", [False, True])
def test_each_reading_is_the_difference_since_the_last(database: Database, bisecting: bool) -> None:
    for at, value in ((10, 5), (20, 5), (30, 12)):
        store(database, reading(at, value), bisecting=bisecting)
    assert stored(database) == [5, 7]
    (first, _) = query_events("a.b", *FOREVER, database=database)
    assert (first["kind"], first["metadata"]) == (DELTA, {"route": "/"})
    roll_up_all(database)
    assert audit(database) == []
    (bucket,) = buckets(database)
    assert (bucket["count"], bucket["sum_values"]) == (0, {"value": 12})


def test_a_time_not_after_the_last_is_a_duplicate(database: Database) -> None:
    for at, value in ((10, 5), (10, 5), (5, 3), (20, 8)):
        store(database, reading(at, value))
    assert stored(database) == [5, 3]


def test_readings_of_one_request_are_taken_in_the_order_of_their_times(database: Database) -> None:
    store(database, reading(30, 12), reading(10, 5), reading(20, 5))
    assert sorted(stored(database)) == [5, 7]


@pytest.mark.parametrize("started", [15, 0], ids=["a new start", "a fall"])
def test_after_a_reset_all_that_was_counted_since_is_the_difference(database: Database, started: float) -> None:
    store(database, reading(10, 5))
    store(database, reading(20, 2, started=started))
    store(database, reading(30, 6, started=started))
    assert stored(database) == [5, 2, 4]
    assert min(stored(database)) > 0


def test_of_what_began_long_before_its_first_reading_only_later_differences_count(database: Database) -> None:
    store(database, reading(10, 1_000_000, started=-7200))
    store(database, reading(20, 1_000_003, started=-7200))
    assert stored(database) == [3]


def test_what_had_counted_nothing_yet_is_what_the_next_reading_is_compared_with(database: Database) -> None:
    for at, count in ((10, 0), (20, 3)):
        store(database, histogram(at, count, count * 1.5, started=-7200))
    assert stored(database) == [{"count": 3, "sum": 4.5}]


def test_two_series_are_told_apart(database: Database) -> None:
    store(database, reading(10, 5), reading(10, 100, series=b"another"))
    store(database, reading(20, 6), reading(20, 103, series=b"another"))
    assert sorted(stored(database)) == [1, 3, 5, 100]


def test_whole_numbers_and_others_are_read_together(database: Database) -> None:
    store(database, reading(10, 5), reading(10, 2.5, series=b"another"), histogram(10, 3, series=b"a third"))
    store(database, reading(20, 6.5), reading(20, 4, series=b"another"), histogram(20, 4, series=b"a third"))
    measured = [each for each in stored(database) if isinstance(each, float | int)]
    assert sorted(measured) == [1.5, 1.5, 2.5, 5]


def test_a_histogram_is_as_many_events_as_it_gained(database: Database) -> None:
    bounds = [1, 5]
    store(database, histogram(10, 3, 7.5, histogram={"bounds": bounds, "counts": [1, 1, 1]}))
    store(database, histogram(20, 3, 7.5, histogram={"bounds": bounds, "counts": [1, 1, 1]}))
    store(database, histogram(30, 103, 57.5, histogram={"bounds": bounds, "counts": [1, 101, 1]}))
    gained = stored(database)
    assert [sum(unpack(each.pop("bins")).values()) for each in gained] == [3, 100]
    assert gained == [
        {"count": 3, "sum": 7.5, "histogram": {"bounds": bounds, "counts": [1, 1, 1]}},
        {"count": 100, "sum": 50, "histogram": {"bounds": bounds, "counts": [0, 100, 0]}},
    ]
    roll_up_all(database)
    (histogram_of_all,) = (bucket["histograms"]["value"] for bucket in buckets(database))
    assert sum(histogram_of_all.values()) == 103
    assert audit(database) == []
    (bucket,) = buckets(database)
    assert (bucket["count"], bucket["value_counts"], bucket["sum_values"]) == (103, {"value": 103}, {"value": 57.5})
    assert {each["kind"] for each in query_events("a.b", *FOREVER, database=database)} == {EVENT}


def test_a_sum_of_values_may_fall_and_may_be_unknown(database: Database) -> None:
    store(database, histogram(10, 3, 7.5), histogram(10, 3, series=b"without"))
    store(database, histogram(20, 5, 2.5), histogram(20, 5, series=b"without"))
    found = sorted(stored(database), key=lambda each: (each["count"], each.get("sum", 0)))
    assert found == [{"count": 2, "sum": -5}, {"count": 2}, {"count": 3}, {"count": 3, "sum": 7.5}]


def test_a_batch_that_comes_again_has_read_nothing_anew(database: Database) -> None:
    batch_id = uuid4()
    for _ in range(2):
        store(database, reading(10, 5), batch_id=batch_id)
    store(database, reading(20, 7))
    assert stored(database) == [5, 2]


def test_what_is_rolled_back_was_not_read(database: Database) -> None:
    store(database, reading(10, 5))
    with database.engine.connect() as connection:
        connection.begin()
        write_batches(connection, [Batch(uuid4(), [reading(20, 9)])])
        connection.rollback()
    store(database, reading(30, 11))
    assert stored(database) == [5, 6]


def test_two_that_read_one_series_at_once_count_no_difference_twice(database: Database) -> None:
    """Forced: the second waits for the first one's commit, and then finds what that left."""
    store(database, reading(10, 5))
    with database.engine.connect() as first:
        first.begin()
        write_batches(first, [Batch(uuid4(), [reading(20, 9)])])
        second = threading.Thread(target=store, args=(database, reading(20, 9), reading(30, 10)))
        second.start()
        first.commit()
    second.join(60)
    assert stored(database) == [5, 4, 1]


def test_batches_that_are_stored_together_take_their_series_in_one_order(database: Database) -> None:
    """Forced: the second waits for the series that the first has, and holds none that the first comes for then."""
    store(database, reading(10, 5, series=b"a"), reading(10, 5, series=b"z"))

    def write_both() -> None:
        with database.begin() as connection:
            batches = [Batch(uuid4(), [reading(30, 9, series=series)]) for series in (b"z", b"a")]
            write_batches(connection, batches)

    with database.engine.connect() as first, ThreadPoolExecutor(1) as pool:
        first.begin()
        write_batches(first, [Batch(uuid4(), [reading(20, 6, series=b"a")])])
        second = pool.submit(write_both)
        wait_for_a_lock_waiter(database)
        write_batches(first, [Batch(uuid4(), [reading(20, 7, series=b"z")])])
        first.commit()
        second.result(60)
    assert sorted(stored(database)) == [1, 2, 2, 3, 5, 5]


def test_one_row_that_the_database_refuses_leaves_the_others_and_their_states(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(
            text("ALTER TABLE telemetry_events ADD CONSTRAINT odd CHECK (measurements <> '{\"value\": 4}')")
        )
    rows: Sequence[Row] = (reading(10, 5), reading(20, 9), reading(30, 11))
    store(database, *rows, bisecting=True)
    assert stored(database) == [5, 2]
