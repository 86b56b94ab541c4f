"""Buckets marked to be computed again because somebody doubts them: the audit, or a person.

Only where what they are made of is whole: below the recompute floor of its source a bucket keeps its state.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, text

from db.floors import read_floors
from db.levels import FIVE, RAW, RollupLevel

Bucket = tuple[str, datetime]

_MARK = text("""
INSERT INTO rollup_dirty (level, event_name, bucket_start)
SELECT :level, event_name, bucket_start
FROM unnest(CAST(:names AS text[]), CAST(:starts AS timestamptz[])) AS bucket (event_name, bucket_start)
WHERE bucket_start >= COALESCE(CAST(:floor AS timestamptz), '-infinity')
""")

_MARK_FIVES = text("""
INSERT INTO stale_fives (event_name, bucket_start)
SELECT event_name, bucket_start
FROM unnest(CAST(:names AS text[]), CAST(:starts AS timestamptz[])) AS bucket (event_name, bucket_start)
WHERE bucket_start >= COALESCE(CAST(:floor AS timestamptz), '-infinity')
ON CONFLICT DO NOTHING
""")


def mark_buckets(connection: Connection, level: RollupLevel, buckets: Iterable[Bucket]) -> int:
    """Mark these buckets of a level (name, start); how many could be."""
    found = sorted(set(buckets))
    names, starts = [name for name, _ in found], [start for _, start in found]
    values = {"names": names, "starts": starts, "floor": _floor(connection, level)}
    if level == FIVE:
        return connection.execute(_MARK_FIVES, values).rowcount
    return connection.execute(_MARK, {**values, "level": level.name}).rowcount


def _between(source: str) -> str:
    """SQL that marks what a level has in a span, and what its source has there."""
    return f"""
INSERT INTO rollup_dirty (level, event_name, bucket_start)
SELECT DISTINCT :level, event_name, date_bin(:width, moment, 'epoch') FROM (
    {source}
    UNION ALL
    SELECT event_name, bucket_start FROM telemetry_buckets
    WHERE bucket_type = :level AND bucket_start >= :start AND bucket_start < :end
) AS held (event_name, moment)
WHERE date_bin(:width, moment, 'epoch') >= COALESCE(CAST(:floor AS timestamptz), '-infinity')
"""


_OF_RAW = text(
    _between("SELECT event_name, occurred_at FROM telemetry_events WHERE occurred_at >= :start AND occurred_at < :end")
)
_OF_BUCKETS = text(
    _between(
        "SELECT event_name, bucket_start FROM telemetry_buckets "
        "WHERE bucket_type = :source AND bucket_start >= :start AND bucket_start < :end"
    )
)


def mark_between(connection: Connection, level: RollupLevel, start: datetime, end: datetime) -> int:
    """Mark every bucket of a level that begins from ``start`` to before ``end`` (aware, whole buckets); how many."""
    values = {"level": level.name, "source": level.source, "width": level.width, "start": start, "end": end}
    statement = _OF_RAW if level.source == RAW else _OF_BUCKETS
    return connection.execute(statement, {**values, "floor": _floor(connection, level)}).rowcount


def _floor(connection: Connection, level: RollupLevel) -> datetime | None:
    return read_floors(connection)[level.source].recompute
