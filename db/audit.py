"""Comparing a level with the finer one that it was folded from, by other statements than those that folded it.

Both sides are brought into one shape, facts: for a bucket, the number of its events (``what`` is ``events``), of each
measurement (``measurement``) its number, sum, minimum and maximum, and of each metadata key (``metadata``) the number
of events that carry it, which the cap on its values does not change.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from db.levels import RAW, RollupLevel

# Sums of doubles depend on the order of adding. Relative to the larger of the sum and one value of its bucket.
TOLERANCE = 1e-9

_NO_NUMBERS = "NULL::double precision, NULL::double precision, NULL::double precision"

_RAW = """
    SELECT event_name, date_bin(:width, occurred_at, 'epoch') AS bucket_start, what, key, count(*) AS count,
        sum(value) AS sum, min(value) AS min, max(value) AS max
    FROM telemetry_events
    CROSS JOIN LATERAL (
        SELECT 'events', '', NULL::double precision
        UNION ALL SELECT 'measurement', key, value::double precision FROM jsonb_each_text(measurements)
        UNION ALL SELECT 'metadata', split_part(key, ':', 1), NULL FROM jsonb_object_keys(metadata) AS field (key)
    ) AS fact (what, key, value)
    WHERE occurred_at >= :start AND occurred_at < :end
    GROUP BY 1, 2, 3, 4
"""


def _of_level(level: str) -> str:
    return f"""
    SELECT event_name, date_bin(:width, bucket_start, 'epoch') AS bucket_start, what, key, sum(fact.count) AS count,
        sum(fact.sum) AS sum, min(fact.min) AS min, max(fact.max) AS max
    FROM telemetry_buckets
    CROSS JOIN LATERAL (
        SELECT 'events', '', telemetry_buckets.count, {_NO_NUMBERS}
        UNION ALL
        SELECT 'measurement', key, value::bigint, (sum_values ->> key)::double precision,
            (min_values ->> key)::double precision, (max_values ->> key)::double precision
        FROM jsonb_each_text(value_counts)
        UNION ALL
        SELECT 'metadata', split_part(key, ':', 1), value::bigint, {_NO_NUMBERS} FROM jsonb_each_text(metadata_counts)
    ) AS fact (what, key, count, sum, min, max)
    WHERE bucket_type = :{level} AND bucket_start >= :start AND bucket_start < :end
    GROUP BY 1, 2, 3, 4
    """


def _comparison(source: str) -> str:
    return f"""
SELECT event_name, bucket_start, what, key,
    expected.count, stored.count, expected.sum, stored.sum, expected.min, stored.min, expected.max, stored.max
FROM ({source}) AS expected
FULL JOIN ({_of_level("level")}) AS stored USING (event_name, bucket_start, what, key)
WHERE (
    stored.count IS DISTINCT FROM expected.count
    OR stored.min IS DISTINCT FROM expected.min
    OR stored.max IS DISTINCT FROM expected.max
    OR (stored.sum IS NULL) <> (expected.sum IS NULL)
    OR abs(stored.sum - expected.sum) > :tolerance * expected.count
        * greatest(abs(expected.min), abs(expected.max), abs(stored.sum) / expected.count)
)
    AND NOT EXISTS (
        SELECT FROM rollup_dirty AS mark WHERE mark.level = :level AND mark.event_name = COALESCE(
            expected.event_name, stored.event_name) AND mark.bucket_start = COALESCE(
            expected.bucket_start, stored.bucket_start)
    )
ORDER BY bucket_start, event_name, what, key
"""


_FROM_RAW = text(_comparison(_RAW))
_FROM_FINER = text(_comparison(_of_level("source")))


def differing_facts(connection: Connection, level: RollupLevel, start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """The facts of one span of ``level``'s buckets that differ from its source: expected and stored, in pairs.

    One statement, so one snapshot: an event that comes in meanwhile is not there yet, or it is and its mark is, too.
    """
    return connection.execute(
        _FROM_RAW if level.source == RAW else _FROM_FINER,
        {
            "level": level.name,
            "source": level.source,
            "width": level.width,
            "start": start,
            "end": end,
            "tolerance": TOLERANCE,
        },
    ).fetchall()


def stored_days(connection: Connection) -> list[datetime]:
    """The UTC midnights of the days that hold raw events or buckets of any level, oldest first."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT date_bin('1 day', bucket_start, 'epoch') FROM telemetry_buckets
            UNION
            SELECT CAST(
                substring(pg_get_expr(child.relpartbound, child.oid) FROM $$FROM \\('([^']+)'\\)$$) AS timestamptz
            )
            FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
            WHERE inhparent = 'telemetry_events'::regclass
            ORDER BY 1
        """)
    ).scalars()
    return [day.astimezone(UTC) for day in rows]
