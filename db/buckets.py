"""Buckets: read back, and purged level by level."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from db import fives, registers
from db.bins import unpack
from db.engine import Database, default_database
from db.event_keys import forget_keys
from db.failures import forget_below
from db.floors import hold_floor, past, raise_ingest_floor, raise_recompute_floor, read_floors, refuse_while_dirty
from db.levels import BUCKET_TYPES, FIVE, SOURCES
from db.rollups import lock
from db.rows import check_aware


def query_buckets(
    name: str, bucket_type: str, start: datetime, end: datetime, *, database: Database | None = None
) -> list[dict[str, Any]]:
    """Return an event's buckets with ``start <= bucket_start < end`` (aware), oldest first.

    ``bucket_type``: ``minute``, ``hour`` or ``day``; ``ValueError`` quotes another, or a moment without a time zone.
    Each is a dict of ``event_name``, ``bucket_type``, ``bucket_start`` (aware, UTC), ``count``, ``sum_values``,
    ``min_values``, ``max_values``, ``last_values``, ``histograms``, ``value_counts``, ``metadata_counts``,
    ``uniques`` and ``inserted_at``.
    ``last_values`` has the time (seconds since 1970) and the value of each measurement's last sample, of several at one
    time the greatest, ``histograms`` of each measurement how many values lie in which place (``db.bins``); they are
    None where an older version made the bucket. ``metadata_counts`` has a label such as ``success:true`` for each key
    and value, which ``db.labels.split_label`` takes apart, ``uniques`` how many different values the keys have that are
    counted so (``db.registers``).
    """
    _check(bucket_type)
    check_aware(start=start, end=end)
    with (database or default_database()).reading() as connection:
        found = connection.execute(
            text(
                "SELECT event_name, bucket_type, bucket_start, count, sum_values, min_values, max_values, "
                "last_values, histograms, value_counts, metadata_counts, uniques, inserted_at FROM telemetry_buckets "
                "WHERE event_name = :name AND bucket_type = :bucket_type "
                "AND bucket_start >= :start AND bucket_start < :end ORDER BY bucket_start"
            ),
            {"name": name, "bucket_type": bucket_type, "start": start, "end": end},
        ).mappings()
        return [
            {
                **row,
                "histograms": _unpacked(row["histograms"]),
                "uniques": {
                    key: registers.count([registers.unpack(kept)]) for key, kept in (row["uniques"] or {}).items()
                },
                "bucket_start": row["bucket_start"].astimezone(UTC),
                "inserted_at": row["inserted_at"].astimezone(UTC),
            }
            for row in found
        ]


def _unpacked(histograms: Mapping[str, str] | None) -> dict[str, dict[int, int]] | None:
    return None if histograms is None else {name: unpack(packed) for name, packed in histograms.items()}


def purge_buckets_before(
    bucket_type: str,
    cutoff: datetime,
    *,
    database: Database | None = None,
    drain: Callable[[Connection], object] = lambda connection: None,
) -> int:
    """Delete a level's buckets of whole UTC days before ``cutoff`` (aware); how many there were.

    No deeper than the finer level was purged: what still stands there would bring them back. ``drain(connection)``
    rolls up, in a transaction that holds the rollup lock. Raises ``PurgeRefusedError`` if anything below the cutoff
    waits to be rolled up then, ``ValueError`` for an unknown level.
    """
    _check(bucket_type)
    with (database or default_database()).begin() as connection:
        # First and alone: what follows must see what the last pass committed.
        lock(connection)
        floor = purge_floor(connection, bucket_type, cutoff)
        if floor is None:
            return 0
        hold_floor(connection, bucket_type)
        drain(connection)
        refuse_while_dirty(connection, floor)
        raise_ingest_floor(connection, bucket_type, floor)
        raise_recompute_floor(connection, bucket_type, floor)
        forget_below(connection, bucket_type, floor)
        below = {"level": bucket_type, "floor": floor}
        connection.execute(
            text("DELETE FROM telemetry_splits WHERE bucket_type = :level AND bucket_start < :floor"), below
        )
        if bucket_type == FIVE.source:
            fives.forget_below(connection, floor)
        removed = connection.execute(
            text("DELETE FROM telemetry_buckets WHERE bucket_type = :level AND bucket_start < :floor"), below
        ).rowcount
        forget_keys(connection)
        return removed


def purge_floor(connection: Connection, bucket_type: str, cutoff: datetime) -> datetime | None:
    """Return how far a purge of the level may go today; None where the finer level was never purged."""
    check_aware(cutoff=cutoff)
    source = read_floors(connection)[SOURCES[bucket_type]].recompute
    return None if source is None else past(connection, min(cutoff, source))


def count_before(connection: Connection, bucket_type: str, cutoff: datetime) -> int:
    """Return how many buckets of the level start before ``cutoff``."""
    _check(bucket_type)
    return int(
        connection.execute(
            text("SELECT count(*) FROM telemetry_buckets WHERE bucket_type = :level AND bucket_start < :cutoff"),
            {"level": bucket_type, "cutoff": cutoff},
        ).scalar_one()
    )


def _check(bucket_type: str) -> None:
    if bucket_type not in BUCKET_TYPES:
        raise ValueError(f"{bucket_type!r} is not a bucket type; those are {', '.join(BUCKET_TYPES)}")
