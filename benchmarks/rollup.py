"""Rollup: a million events at once beside the barest GROUP BY over them, with all that a catalog may declare beside
the same without any and without histograms, and one late event repaired among them.

Histograms can't be switched off, so what a pass costs without them is measured with another statement for the fold of
events: one that gives every number the place of none.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median
from unittest.mock import patch
from uuid import uuid4

from sqlalchemy import text

from benchmarks.harness import Stopwatch, events, fresh_database, vacuum
from benchmarks.table import Row
from db.batches import Batch, days_of
from db.bins import place_sql
from db.declared import Declared
from db.engine import Database
from db.events import insert_events
from db.fold import EVENTS, Fold, fold_elsewhere
from db.fold_distributed import ON_COORDINATOR
from db.ledger import write_batches
from db.partitions import ensure_partitions
from metrics_dash.catalog import load_catalog
from metrics_dash.ingest.event import encode
from metrics_dash.jobs.rollup import NOTHING_DECLARED, run_pass

RATIO_GOAL = 8.0
DECLARED_GOAL = 2.5
LATE_GOAL_MS = 50.0
NAMES, TIMES, TIMES_GOAL = 4_000, 4, 6.0
BATCH = 10_000
_BARE = text(
    "SELECT event_name, date_bin('1 minute', occurred_at, 'epoch'), count(*) FROM telemetry_events GROUP BY 1, 2"
)
_NO_PLACES = {f"{place_sql('value')} AS place": "NULL::int AS place"}
_NO_HISTOGRAMS = replace(ON_COORDINATOR, events=Fold(EVENTS.full, fold_elsewhere(EVENTS.unsplit, _NO_PLACES)))
_MARK_ALL = text(
    "INSERT INTO rollup_dirty (level, event_name, bucket_start) "
    "SELECT 'minute', event_name, bucket_start FROM telemetry_buckets WHERE bucket_type = 'minute'"
)


def run(quick: bool = False) -> list[Row]:
    """60 minutes of all names of the catalog. The first pass is beside the first count, and so on; the median."""
    count, rounds = (100_000, 3) if quick else (1_000_000, 5)
    with fresh_database() as database:
        _fill(database, count)
        rows = _whole(database, count, rounds)
        return [*rows, _late(database, count, rounds), _names(database, rounds)]


def _fill(database: Database, count: int) -> None:
    sample = events(count)
    for at in range(0, count, BATCH):
        batch = Batch(uuid4(), [encode(event) for event in sample[at : at + BATCH]])
        ensure_partitions(database, days_of([batch]))
        with database.begin() as connection:
            write_batches(connection, [batch])
    vacuum(database, "telemetry_events")


def _whole(database: Database, count: int, rounds: int) -> list[Row]:
    """The same pass in three depths, and the bare count; they take turns."""
    run_pass(database)
    everything = load_catalog().declared
    bare, plain, usual, deep = [], [], [], []
    for _ in range(rounds):
        with database.begin() as connection, Stopwatch() as watch:
            connection.execute(_BARE).fetchall()
        bare.append(watch.seconds)
        with patch("db.fold_distributed.ON_COORDINATOR", _NO_HISTOGRAMS):
            plain.append(_pass(database))
        usual.append(_pass(database))
        deep.append(_pass(database, everything))
        with database.begin() as connection:
            connection.execute(text("DELETE FROM event_keys WHERE kind IN ('unique', 'split')"))
            connection.execute(text("TRUNCATE telemetry_splits"))
    name = f"one rollup of {count:,} events, minute to day"
    group_by, without = "GROUP BY event_name, minute", "without these and histograms"
    return [
        _row(f"{name}: counts, sums, extremes, metadata", plain, group_by, bare, RATIO_GOAL),
        _row(f"{name}, with histograms", usual, group_by, bare, None),
        _row(f"{name}, with histograms, a unique key and all splits", deep, without, plain, DECLARED_GOAL),
    ]


def _row(name: str, ours: list[float], beside: str, theirs: list[float], goal: float | None) -> Row:
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    reference = f"{beside} {median(theirs):.3g} s"
    if goal is None:
        return Row(name, median(ours), "s", reference, ratio, "", True)
    return Row(name, median(ours), "s", reference, ratio, f"≤ {goal:g} ×", ratio <= goal)


def _pass(database: Database, declared: Declared = NOTHING_DECLARED) -> float:
    with database.begin() as connection:
        connection.execute(_MARK_ALL)
    with Stopwatch() as watch:
        result = run_pass(database, declared=declared)
    assert result.total
    assert not result.more
    return watch.seconds


def _late(database: Database, count: int, rounds: int) -> Row:
    late = {"event_name": "bezgelor.combat.damage", "measurements": {"damage_amount": 7}, "metadata": {}}
    seconds = []
    for number in range(4 * rounds):
        moment = datetime.now(UTC) - timedelta(minutes=10 + number)
        with Stopwatch() as watch:
            insert_events([{**late, "occurred_at": moment}], database=database)
            assert run_pass(database).total == 3
        seconds.append(watch.seconds)
    milliseconds = 1000 * median(seconds)
    return Row(
        f"one late event, inserted and repaired to the day, at {count:,} raw rows",
        milliseconds,
        "ms",
        "",
        None,
        f"< {LATE_GOAL_MS:g} ms",
        milliseconds < LATE_GOAL_MS,
    )


def _names(database: Database, rounds: int) -> Row:
    """How the time of a pass grows with the number of names in its events: four times as many, in one run each."""
    few, many = [], []
    for number in range(rounds):
        few.append(_crowd(database, NAMES, 2 * number))
        many.append(_crowd(database, TIMES * NAMES, 2 * number + 1))
    ratio = median(b / a for a, b in zip(few, many, strict=True))
    return Row(
        f"a pass over {TIMES * NAMES:,} different measurements and as many metadata keys of one event",
        median(many),
        "s",
        f"{NAMES:,} of them {median(few):.3g} s",
        ratio,
        f"≤ {TIMES_GOAL:g} ×",
        ratio <= TIMES_GOAL,
    )


def _crowd(database: Database, count: int, minute: int) -> float:
    moment = datetime.now(UTC) - timedelta(hours=2, minutes=minute)
    names = [f"x{minute}.{number}" for number in range(count)]
    groups = [names[start : start + 64] for start in range(0, count, 64)]
    events = [(f"crowd.x{minute}", dict.fromkeys(each, 1.0), dict.fromkeys(each, "v"), moment) for each in groups]
    insert_events(events, database=database)
    with Stopwatch() as watch:
        run_pass(database)
    return watch.seconds
