"""Bytes on disk, of raw events and of buckets with each part that they may hold, and what a purge costs those who
write meanwhile.

Buckets are the minutes of a day of all events of the default catalog, each part averaged over all of them, whether its
event has it or not. They are copied into tables of their own, so nothing counts that a vacuum would free; raw events
are as their inserts leave them. PostgreSQL compresses a row past 2 kB, so one with more parts may take less room.
"""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import text

from benchmarks.harness import Stopwatch, events, fresh_database, store, timed, vacuum
from benchmarks.table import Row
from db.batches import Batch
from db.engine import Database
from db.ledger import write_batches
from db.partitions import ensure_partitions, ensure_partitions_ahead, purge_events_before
from db.rows import Row as StoredRow
from metrics_dash.catalog import load_catalog
from metrics_dash.ingest.event import encode
from metrics_dash.jobs.rollup import roll_up, roll_up_all

PURGE_GOAL_SECONDS, FLUSH_GOAL_MS = 1.0, 300.0
BATCH = 100
PAUSE_SECONDS = 0.02
_NONE = "CAST('{}' AS jsonb)"
# What stays of a bucket in each copy, as SQL; splits are rows beside it.
_PARTS = (
    ("counts, sums, extremes, metadata", _NONE, _NONE, False),
    ("and histograms", "histograms", _NONE, False),
    ("and unique counts", "histograms", "uniques", False),
    ("and splits", "histograms", "uniques", True),
)
_COPY = """
CREATE TABLE copy (LIKE telemetry_buckets INCLUDING ALL);
INSERT INTO copy SELECT (jsonb_populate_record(NULL::telemetry_buckets, to_jsonb(stored)
    || jsonb_build_object('histograms', {histograms}, 'uniques', {uniques}))).*
FROM telemetry_buckets AS stored WHERE bucket_type = 'minute' ORDER BY bucket_start;
CREATE TABLE split_copy (LIKE telemetry_splits INCLUDING ALL);
INSERT INTO split_copy SELECT * FROM telemetry_splits WHERE bucket_type = 'minute' ORDER BY bucket_start
"""
_RAW = text("""
SELECT sum(pg_table_size(relid))::bigint AS heap, sum(pg_indexes_size(relid))::bigint AS indexes,
    (SELECT count(*) FROM telemetry_events) AS events
FROM pg_partition_tree('telemetry_events') WHERE isleaf
""")
# As realistic events are, in the order in which they came.
_FILL = text("""
INSERT INTO telemetry_events (event_name, measurements, metadata, occurred_at)
SELECT event_name, measurements, metadata, CAST(:start AS timestamptz) + number * (interval '23 hours' / :count)
FROM generate_series(0, :count - 1) AS number JOIN (
    SELECT *, row_number() OVER () - 1 AS place FROM (SELECT * FROM telemetry_events LIMIT 1000) AS sample
) AS template ON place = number % 1000
""")


def run(quick: bool = False) -> list[Row]:
    """A day of events and its buckets, and a purge of ten million others; ``quick``: a tenth of both."""
    share = 10 if quick else 1
    with fresh_database() as database:
        ensure_partitions_ahead(database, datetime.now(UTC))
        store(database, events(200_000 // share, minutes=24 * 60))
        roll_up_all(database, declared=load_catalog().declared)
        return [_raw(database), *_buckets(database), *_purge(database, 10_000_000 // share)]


def _raw(database: Database) -> Row:
    vacuum(database, "telemetry_events")
    with database.begin() as connection:
        heap, indexes, count = connection.execute(_RAW).one()
    beside = f"{heap / count:.0f} B of it its row, {indexes / count:.0f} B its entry in the index"
    return Row("bytes on disk of a raw event", (heap + indexes) / count, "B", beside, None, "", True)


def _buckets(database: Database) -> list[Row]:
    rows, before = [], 0.0
    for name, histograms, uniques, splits in _PARTS:
        size = _size(database, histograms, uniques, splits)
        beside = f"{size - before:+.0f} B" if before else ""
        rows.append(Row(f"bytes on disk of a minute bucket: {name}", size, "B", beside, None, "", True))
        before = size
    return rows


def _size(database: Database, histograms: str, uniques: str, splits: bool) -> float:
    tables = ("copy", "split_copy") if splits else ("copy",)
    sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in tables)
    with database.begin() as connection:
        for statement in _COPY.format(histograms=histograms, uniques=uniques).split(";"):
            connection.exec_driver_sql(statement)
        size = connection.exec_driver_sql(f"SELECT ({sizes})::float / (SELECT count(*) FROM copy)").scalar_one()
        connection.exec_driver_sql("DROP TABLE copy, split_copy")
    return float(size)


def _purge(database: Database, count: int) -> list[Row]:
    day = (datetime.now(UTC) - timedelta(days=4)).replace(hour=0, minute=0, second=0, microsecond=0)
    ensure_partitions(database, [day.date()])
    with database.begin() as connection:
        connection.execute(_FILL, {"start": day, "count": count})
    vacuum(database, "telemetry_events")
    with database.begin() as connection:
        connection.execute(text("CHECKPOINT"))
    flushes = _Flushes(database)
    with flushes, Stopwatch() as purge:
        dropped = purge_events_before(day + timedelta(days=1), database=database, drain=roll_up)
    assert dropped == 1
    seconds, longest = purge.seconds, flushes.longest("during")
    name = f"purge of {count:,} raw events"
    goals = f"≤ {PURGE_GOAL_SECONDS:g} s", f"≤ {FLUSH_GOAL_MS:g} ms"
    beside = f"before it {flushes.longest('before'):.3g} ms"
    return [
        Row(name, seconds, "s", "", None, goals[0], seconds <= PURGE_GOAL_SECONDS),
        Row(f"{name}: the longest flush meanwhile", longest, "ms", beside, None, goals[1], longest <= FLUSH_GOAL_MS),
    ]


@dataclass
class _Flushes:
    """Batches that are stored one after the other, by a thread, before a ``with`` block and in it."""

    database: Database
    took: dict[str, list[float]] = field(default_factory=lambda: {"before": [], "during": []})

    def __post_init__(self) -> None:
        self._rows = [encode(event) for event in events(BATCH, minutes=1)]
        self._phase, self._over = "before", threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "_Flushes":
        self._thread.start()
        time.sleep(1.0)
        self._phase = "during"
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def longest(self, phase: str) -> float:
        """Return the longest of those that ended then, in ms."""
        return max(self.took[phase], default=0.0)

    def _run(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            took = timed(lambda: _flush(self.database, self._rows))
            self.took[self._phase].append(took)


def _flush(database: Database, rows: list[StoredRow]) -> None:
    with database.begin() as connection:
        write_batches(connection, [Batch(uuid4(), rows)])
