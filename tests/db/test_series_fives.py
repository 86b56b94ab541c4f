"""A long stretch is read by fives as far as those stand, and nobody can tell from the answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import text

from db.batches import Batch
from db.engine import Database
from db.events import insert_events
from db.filters import Filter
from db.ledger import write_batches
from db.partitions import ensure_partitions
from db.series import read_series
from db.series_reads import Read, Rows
from metrics_dash.charts.uniques import unique
from metrics_dash.ingest.event import check_event
from metrics_dash.jobs.rollup import run_pass
from tests.db.test_slices import execute
from tests.support.rollups import NOON, event
from tests.support.twins import declare_twins, nasty

MINUTE, FIVE = timedelta(minutes=1), timedelta(minutes=5)
START = int(NOON.timestamp() * 1000)
SPAN = 240


def bounds(start: float = 0, end: float = SPAN, width: float = 5) -> dict[str, Any]:
    """A read of so many minutes after noon, for buckets of one length: the last of them may end after the read."""
    edges = np.arange(start, end + width, width)
    return {
        "start": START + round(start * 60_000),
        "end": START + round(end * 60_000),
        "edges": tuple((START + edges * 60_000).round().astype(int).tolist()),
    }


def at(minute: float = 0, end: float = SPAN, width: float = 5, **changes: Any) -> Read:
    return Read("a.b", "minute", **{**bounds(minute, end, width), **changes})


KINDS: dict[str, dict[str, Any]] = {
    "counts": {},
    "numbers": {"measurement": "x"},
    "sums": {"measurement": "x", "extremes": False},
    "extremes": {"measurement": "x", "sums": False},
    "bins": {"measurement": "x", "placed": True},
    "uniques": {"measurement": "who", "unique": True},
    "split": {"split_by": "some"},
    "split by what is declared": {"split_by": "land", "split_values": 3},
    "apart": {"measurement": "x", "split_by": "land", "apart": True, "split_values": 4},
    "apart by their sums": {"measurement": "x", "split_by": "land", "apart": True, "summed": True},
    "apart with bins": {"measurement": "x", "split_by": "land", "apart": True, "placed": True},
    "apart with uniques": {"measurement": "who", "unique": True, "split_by": "few", "apart": True},
    "only": {"only": ("some", "s1")},
    "filtered": {"measurement": "x", "where": Filter("land", "l1")},
    "filtered apart": {
        "measurement": "x",
        "where": Filter("land", "l1", without=True),
        "split_by": "land",
        "apart": True,
    },
    "whole": {"split_by": "late", "undeclared": "late"},
}
STRETCHES: dict[str, dict[str, Any]] = {
    "fives": bounds(),
    "quarters": bounds(width=15),
    "an end within a five": bounds(end=SPAN - 2.5),
    "a start in the middle": bounds(start=95, end=SPAN - 4),
    "before anything": bounds(start=-300, end=120, width=10),
    "ahead": bounds(end=900, width=30),
    "other lengths": bounds(width=7),
    "minutes": bounds(start=1),
}


def fill(database: Database, seed: int) -> None:
    """Events of anything, with hours and a few minutes in which there are none."""
    random, ids = Random(seed), iter(range(10**9))
    declare_twins(database, "a.b")
    ensure_partitions(database, {NOON.date()})
    moments = [random.random() * SPAN for _ in range(3000)]
    rows = [
        check_event(
            nasty(random, ids, wide=True, long=False)._replace(occurred_at=NOON + moment * MINUTE),
            NOON + timedelta(days=1),
            timedelta(days=9000),
        )
        for moment in moments
        if int(moment / 3) % 7 and not 60 < moment < 100
    ]
    with database.begin() as connection:
        write_batches(connection, [Batch(uuid4(), rows)])
    run_pass(database)
    # As minutes are that were made before anything was declared.
    undeclared = "bucket_type = 'minute' AND date_part('minute', bucket_start)::int % 17 = 3"
    execute(database, f"UPDATE telemetry_buckets SET uniques = '{{}}' WHERE {undeclared}")
    execute(database, f"UPDATE telemetry_splits SET uniques = '{{}}' WHERE {undeclared}")
    execute(database, f"DELETE FROM telemetry_splits WHERE dimension = 'few' AND {undeclared}")
    run_pass(database)


def answer(database: Database, *reads: Read) -> list[Rows]:
    with database.reading() as connection:
        return read_series(connection, reads)[0]


def told(rows: Rows, read: Read) -> Any:
    """All that rows say, in an order and in shapes that depend on nothing else."""
    order = np.argsort(rows.start, kind="stable")
    numbers = {
        name: [] if values is None else pytest.approx(values[order].tolist(), rel=1e-9, abs=1e-3, nan_ok=True)
        for name in ("count", "sum", "min", "max", "values")
        for values in (getattr(rows, name),)
    }
    bins: dict[tuple[int, int], int] = {}
    if rows.bins is not None:
        for start, place, count in zip(rows.bins.start, rows.bins.place, rows.bins.count, strict=True):
            bins[int(start), int(place)] = bins.get((int(start), int(place)), 0) + int(count)
    uniques = [] if rows.uniques is None else [str(each) for each in unique(rows, rows.count)[order]]
    doubts = None if rows.doubts is None else sorted(zip(rows.doubts.start, rows.doubts.events, strict=True))
    splits = {value: sorted(zip(*each, strict=True)) for value, each in rows.splits.items()}
    apart = {value: told(each, read) for value, each in rows.apart.items()}
    whole = rows.whole_since
    return sorted(rows.start), numbers, bins, uniques, doubts, splits, apart, sorted(rows.unknown), whole


def assert_same(database: Database, reads: list[Read]) -> None:
    """What is read by fives is what is read where there are none."""
    (since,) = execute(database, "SELECT since::text FROM fives_since").scalars()
    found = answer(database, *reads)
    execute(database, "UPDATE fives_since SET since = 'infinity'")
    expected = answer(database, *reads)
    execute(database, "UPDATE fives_since SET since = CAST(:since AS timestamptz)", since=since)
    for read, each, other in zip(reads, found, expected, strict=True):
        assert unapproximated(told(each, read)) == told(other, read), read


def unapproximated(found: Any) -> Any:
    """Only one side of a comparison may be approximate."""
    starts, numbers, bins, uniques, doubts, splits, apart, unknown, whole = found
    plain = {name: getattr(values, "expected", values) for name, values in numbers.items()}
    apart = {value: unapproximated(each) for value, each in apart.items()}
    return starts, plain, bins, uniques, doubts, splits, apart, unknown, whole


def totals() -> list[Read]:
    """All as one bucket."""
    reads = [at(split_by="some", totals=True, width=width, end=width) for width in (SPAN, 120)]
    return reads + [at(width=SPAN, **kind) for name, kind in KINDS.items() if not name.startswith("apart")]


def leave(database: Database) -> None:
    """Every five stands."""


def begin_in_the_middle(database: Database) -> None:
    execute(database, "UPDATE fives_since SET since = :t", t=NOON + 120 * MINUTE)


def begin_after_the_end(database: Database) -> None:
    execute(database, "UPDATE fives_since SET since = :t", t=NOON + 600 * MINUTE)


def mark_some(database: Database) -> None:
    """Minutes that come while nobody folds fives, and one before which there are none."""
    insert_events(
        [event(minute, x=3, metadata={"some": "s1", "land": "l1"}) for minute in (131, 183)], database=database
    )
    execute(database, "UPDATE fives_since SET since = 'infinity'")
    run_pass(database)
    execute(database, "UPDATE fives_since SET since = '-infinity'")
    execute(
        database,
        "INSERT INTO stale_fives (event_name, bucket_start) VALUES ('a.b', :one), ('a.b', :other), ('c.d', :start)",
        one=NOON + 130 * MINUTE, other=NOON + 180 * MINUTE, start=NOON,
    )  # fmt: skip


def mark_the_first(database: Database) -> None:
    execute(database, "INSERT INTO stale_fives (event_name, bucket_start, unfoldable) VALUES ('a.b', :t, true)", t=NOON)


@pytest.mark.parametrize(
    "change",
    [leave, begin_in_the_middle, begin_after_the_end, mark_some, mark_the_first],
    ids=lambda each: each.__name__,
)
def test_an_answer_from_fives_is_the_one_from_minutes(database: Database, change: Callable[[Database], None]) -> None:
    fill(database, seed=1)
    change(database)
    for stretch in STRETCHES.values():
        assert_same(database, [Read("a.b", "minute", **{**stretch, **kind}) for kind in KINDS.values()])
    assert_same(database, totals())


@pytest.mark.parametrize("seed", range(2, 6))
def test_fives_that_are_marked_anywhere_change_no_answer(database: Database, seed: int) -> None:
    fill(database, seed)
    random = Random(seed)
    for _ in range(4):
        for start in (NOON + random.randrange(SPAN // 5) * FIVE for _ in range(random.randrange(4))):
            execute(database, "DELETE FROM telemetry_buckets WHERE bucket_type = 'five' AND bucket_start = :t", t=start)
        since = random.choice([NOON - FIVE, NOON + random.randrange(SPAN // 5) * FIVE])
        execute(database, "UPDATE fives_since SET since = :t", t=since)
        first = 5 * random.randrange(12)
        length = 120 + random.random() * 100
        width = random.choice([5, 10, 30, 7])
        reads = [at(first, first + length, width, **kind) for kind in KINDS.values()]
        assert_same(database, reads)
        execute(database, "UPDATE fives_since SET since = '-infinity'")
        run_pass(database)


# It is fives that are read, and where they are not


def falsify(database: Database, start: datetime) -> None:
    """Give a five another number, and mark nothing: whoever reads it is seen."""
    with database.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text("UPDATE telemetry_buckets SET count = 1000 WHERE bucket_type = 'five' AND bucket_start = :t"),
            {"t": start},
        )


def counted(database: Database, read: Read) -> float:
    (rows,) = answer(database, read)
    return float(rows.count.sum())


@pytest.fixture
def false(database: Database) -> Database:
    insert_events([event(minute) for minute in (1, 6, 61, 126)], database=database)
    run_pass(database)
    falsify(database, NOON + 60 * MINUTE)
    return database


def test_a_long_stretch_is_read_by_fives(false: Database) -> None:
    assert counted(false, at()) == 1003
    assert counted(false, at(width=15)) == 1003


@pytest.mark.parametrize(
    "read",
    [
        at(end=100), at(width=7), at(1), at(edges=None), at(edges=(START, START + 300_000, START + 900_000)),
        at(60.5, 300),
    ],
    ids=["short", "of another length", "from another minute", "plain", "of several lengths", "within a minute"],
)  # fmt: skip
def test_what_fives_do_not_add_up_to_is_read_by_minutes(false: Database, read: Read) -> None:
    assert not read.by_fives
    assert counted(false, read) <= 4


def test_before_the_first_and_from_the_first_that_is_marked_minutes_are_read(false: Database) -> None:
    execute(false, "UPDATE fives_since SET since = :t", t=NOON + 65 * MINUTE)
    assert counted(false, at()) == 4
    execute(false, "UPDATE fives_since SET since = :t", t=NOON + 60 * MINUTE)
    assert counted(false, at()) == 1003
    execute(false, "INSERT INTO stale_fives (event_name, bucket_start) VALUES ('a.b', :t)", t=NOON + 65 * MINUTE)
    assert counted(false, at()) == 1003
    execute(false, "INSERT INTO stale_fives (event_name, bucket_start) VALUES ('a.b', :t)", t=NOON + 60 * MINUTE)
    assert counted(false, at()) == 4


def test_where_nobody_knows_since_when_there_are_fives_minutes_are_read(false: Database) -> None:
    execute(false, "DELETE FROM fives_since")
    assert counted(false, at()) == 4


def test_what_is_marked_of_another_event_is_nothing_to_this_one(false: Database) -> None:
    execute(false, "INSERT INTO stale_fives (event_name, bucket_start) VALUES ('c.d', :t)", t=NOON)
    assert counted(false, at()) == 1003


def test_minutes_alone_are_read_by_fives() -> None:
    assert at(measurement="x").by_fives
    assert not replace(at(), level="hour").by_fives
