"""The spool: batches onto the disk and from there into the database, beside the same batches straight into it.

On disk means synced, and each batch that has piled up meanwhile is synced with it, as a busy collector's would be; a
batch that goes straight into the database shares a commit in the same way.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlalchemy import text

from benchmarks.harness import Stopwatch, events, fresh_database, temporary_folder
from benchmarks.table import Row
from db.engine import Database
from db.partitions import ensure_partitions_ahead
from db.rows import Row as StoredRow
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event, encode

GOAL = 0.7
BATCH = 1000
PATIENCE_SECONDS = 600.0
Batches = Sequence[Sequence[StoredRow]]


def run(quick: bool = False) -> list[Row]:
    """Batches of 1,000; the median of rounds in which the ways take turns."""
    count, rounds = (20_000, 1) if quick else (200_000, 5)
    rows = [encode(event) for event in _now(count)]
    batches = [rows[at : at + BATCH] for at in range(0, count, BATCH)]
    plain, written, replayed = [], [], []
    with fresh_database() as database:
        ensure_partitions_ahead(database, datetime.now(UTC))
        for _ in range(rounds):
            plain.append(count / _straight(database, batches, count))
            with temporary_folder() as folder:
                seconds = _by_way_of_disk(database, batches, count, folder / "spool")
            written.append(count / seconds[0])
            replayed.append(count / seconds[1])
    return [
        _row(f"spool: {count:,} events onto disk, batches of {BATCH:,}", written, plain),
        _row("spool: the same from disk into the database", replayed, plain),
    ]


def _now(count: int) -> list[Event]:
    return [event._replace(occurred_at=datetime.now(UTC)) for event in events(count)]


def _row(name: str, ours: list[float], plain: list[float]) -> Row:
    ratio = median(a / b for a, b in zip(ours, plain, strict=True))
    beside = f"straight into the database {median(plain):,.0f}"
    return Row(name, median(ours), "events/s", beside, ratio, f"≥ {GOAL} ×", ratio >= GOAL)


def _straight(database: Database, batches: Batches, count: int) -> float:
    collector = _collector(database, count)
    collector.start()
    with Stopwatch() as watch:
        _submit(collector, batches)
    _end(collector, count)
    return watch.seconds


def _by_way_of_disk(database: Database, batches: Batches, count: int, folder: Path) -> tuple[float, float]:
    """Seconds until all is on disk while nothing is stored, and then until all is stored."""
    collector = _collector(database, count, folder)
    disk = collector.handover
    assert disk is not None
    disk.begin()
    disk.start()
    with Stopwatch() as writing:
        _submit(collector, batches)
    assert collector.on_disk() == count
    with Stopwatch() as replaying:
        collector.start()
        assert disk.wait(PATIENCE_SECONDS)
    _end(collector, count)
    return writing.seconds, replaying.seconds


def _collector(database: Database, count: int, folder: Path | None = None) -> Collector:
    """Return a collector for empty tables, with nothing left to write to disk."""
    with database.begin() as connection:
        connection.execute(text("TRUNCATE telemetry_events, rollup_dirty, ingest_batches"))
    with database.begin() as connection:
        connection.execute(text("CHECKPOINT"))
    room = {"buffer_events": 2 * count, "buffer_bytes": 2**30}
    return Collector(database, batch_size=BATCH, spool=folder, spool_bytes=2**30, **room)


def _submit(collector: Collector, batches: Batches) -> None:
    """Submit all, and wait until each is where it is acknowledged."""
    for submission in [collector.submit(batch) for batch in batches]:
        submission.wait(PATIENCE_SECONDS)


def _end(collector: Collector, count: int) -> None:
    collector.stop()
    assert collector.snapshot().committed == count
