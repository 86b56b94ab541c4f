"""HTTP ingest: NDJSON batches of 1,000 to one process, from another process, beside a raw COPY of the same rows."""

from collections.abc import Sequence
from uuid import UUID

from benchmarks.application import Application, application
from benchmarks.harness import Stopwatch, events, fresh_database
from benchmarks.load import post
from benchmarks.table import Row
from db.batches import Batch, days_of
from db.engine import driver_connection
from db.partitions import ensure_partitions
from db.rows import COPY_COLUMNS, COPY_HEADER, COPY_TRAILER, copy_payload
from metrics_dash.ingest.event import Event, encode

BATCH = 1000
GOAL_PER_SECOND = 30_000
GOAL_RATIO = 0.3


def run(quick: bool) -> list[Row]:
    """Events a second from the first request to the last answer, each answer after its commit."""
    load = events(20_000 if quick else 200_000)
    copied = _copy_rate(load)
    with application() as running:
        post(running.port, load[: 10 * BATCH], BATCH)  # connections, partitions and names are there
        posted = _post_rate(running, load)
    ratio = posted / copied
    return [
        Row(
            "HTTP ingest, NDJSON batches of 1,000, one process",
            posted,
            "events/s",
            f"raw COPY of the same rows, {copied:,.0f}/s",
            ratio,
            f"≥ {GOAL_PER_SECOND:,}/s and ≥ {GOAL_RATIO} ×",
            posted >= GOAL_PER_SECOND and ratio >= GOAL_RATIO,
        )
    ]


def _copy_rate(load: Sequence[Event]) -> float:
    """Events a second of a binary COPY of encoded rows, committed in batches of the same size, into the same table."""
    rows = [encode(event) for event in load]
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    with fresh_database() as database:
        ensure_partitions(database, days_of([Batch(UUID(int=0), rows)]))
        with database.engine.connect() as connection, Stopwatch() as watch:
            for batch in batches:
                with (
                    connection.begin(),
                    driver_connection(connection).cursor() as cursor,
                    cursor.copy(f"COPY telemetry_events ({COPY_COLUMNS}) FROM STDIN (FORMAT binary)") as copy,
                ):
                    copy.write(COPY_HEADER + copy_payload(batch) + COPY_TRAILER)
    return len(rows) / watch.seconds


def _post_rate(running: Application, load: Sequence[Event]) -> float:
    before = running.count_events()
    seconds = post(running.port, load, BATCH)
    stored = running.count_events() - before
    if stored != len(load):
        raise RuntimeError(f"{len(load):,} events were acknowledged and {stored:,} are stored")
    return len(load) / seconds
