"""Ingest: from ``execute()`` to committed, beside two COPYs of the same rows, each batch a transaction of its own.

The one is psycopg's own from Python: binary, row by row. The other is given its bytes ready-made, so it does no work in
Python at all. All sides commit once per batch: that a busy collector puts several batches into one transaction is
switched off here, as it would flatter it.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median

import orjson
from psycopg.types.json import Jsonb
from sqlalchemy import text

from benchmarks.harness import Stopwatch, events, fresh_database
from benchmarks.table import Row
from db.engine import Database, driver_connection
from db.partitions import ensure_partitions_ahead
from db.rows import COPY_COLUMNS, COPY_HEADER, COPY_TRAILER, copy_payload
from metrics_dash.emit.bus import Bus
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event, encode

PSYCOPG_GOAL = 1.2
READY_GOAL = 0.7
_TYPES = ("text", "jsonb", "jsonb", "timestamptz")


def run(quick: bool = False) -> list[Row]:
    """Batches of 1,000 and 10,000; the median of rounds in which the three ways take turns."""
    count, rounds = (20_000, 1) if quick else (100_000, 5)
    sample = [event._replace(occurred_at=datetime.now(UTC)) for event in events(count)]
    with fresh_database() as database:
        ensure_partitions_ahead(database, datetime.now(UTC))
        return [row for size in (1000, 10_000) for row in _compare(database, sample, size, rounds)]


def _compare(database: Database, sample: Sequence[Event], size: int, rounds: int) -> list[Row]:
    chunks = [sample[at : at + size] for at in range(0, len(sample), size)]
    batches = [copy_payload([encode(event) for event in chunk]) for chunk in chunks]
    ours, psycopg, ready = [], [], []
    for _ in range(rounds):
        ours.append(_rate(database, len(sample), lambda: _collect(database, sample, size)))
        psycopg.append(_rate(database, len(sample), lambda: _copy_rows(database, chunks)))
        ready.append(_rate(database, len(sample), lambda: _copy(database, batches)))
    name = f"execute() → committed, batches of {size:,}"
    return [
        _row(name, ours, "psycopg's binary COPY of the same rows from Python", psycopg, PSYCOPG_GOAL),
        _row(name, ours, "COPY of ready-made bytes", ready, READY_GOAL),
    ]


def _row(name: str, ours: list[float], beside: str, theirs: list[float], goal: float) -> Row:
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    reference = f"{beside} {median(theirs):,.0f}"
    return Row(name, median(ours), "events/s", reference, ratio, f"≥ {goal} ×", ratio >= goal)


def _collect(database: Database, sample: Sequence[Event], size: int) -> None:
    collector = Collector(
        database,
        batch_size=size,
        buffer_events=2 * len(sample),
        buffer_bytes=2**30,
        flush_interval=60.0,
        group_events=0,
    )
    bus = Bus()
    bus.attach("collector", None, collector.offer)
    collector.start()
    execute = bus.execute
    for name, measurements, metadata, *_ in sample:
        execute(name, measurements, metadata)
    assert collector.flush(600)
    collector.stop()
    assert collector.snapshot().committed == len(sample)


def _copy_rows(database: Database, chunks: Sequence[Sequence[Event]]) -> None:
    for chunk in chunks:
        with (
            database.begin() as connection,
            driver_connection(connection).cursor() as cursor,
            cursor.copy(f"COPY telemetry_events ({COPY_COLUMNS}) FROM STDIN (FORMAT binary)") as copy,
        ):
            copy.set_types(_TYPES)
            for name, measurements, metadata, occurred_at, *_ in chunk:
                row = name, Jsonb(measurements, orjson.dumps), Jsonb(metadata, orjson.dumps), occurred_at
                copy.write_row(row)


def _copy(database: Database, batches: Sequence[bytes]) -> None:
    for batch in batches:
        with (
            database.begin() as connection,
            driver_connection(connection).cursor() as cursor,
            cursor.copy(f"COPY telemetry_events ({COPY_COLUMNS}) FROM STDIN (FORMAT binary)") as copy,
        ):
            copy.write(COPY_HEADER + batch + COPY_TRAILER)


def _rate(database: Database, count: int, work: Callable[[], None]) -> float:
    """Events per second, beginning with empty tables and nothing left to write to disk."""
    with database.begin() as connection:
        connection.execute(text("TRUNCATE telemetry_events, rollup_dirty, ingest_batches"))
    with database.begin() as connection:
        connection.execute(text("CHECKPOINT"))
    with Stopwatch() as watch:
        work()
    return count / watch.seconds
