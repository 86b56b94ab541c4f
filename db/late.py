"""Late events: those of a time of which raw events are gone, merged into the buckets that are still held.

A flush copies them into ``late_events`` and marks their minutes ``LATE`` in the log, beside whatever else its batch
commits. A pass takes marks and rows in one statement, so in one snapshot, and folds the rows as others are folded from
raw: into buckets of the finest level that holds their time. Each of those is then merged with the stored one as hours
are merged from minutes, and the coarser ones are marked, to be computed again. So a bucket below raw's floor says all
that ever came, though nothing can compute it again.

Where an event belongs is decided by the floors as a pass that holds the rollup lock finds them: none of them moves
while somebody else has it. Where raw events of a time may still stand, minutes may still be computed from them, so
there an event becomes a raw one. A floor lies at an edge of the coarser level's buckets, so no coarser bucket is ever
computed from a level that holds only a part of its time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, TextClause, text

from db.floors import Floor
from db.fold import BUCKETS, EVENTS, MAPS, fold_elsewhere
from db.keys import BucketKeys, bucket_arrays
from db.levels import LATE, LEVELS, RAW, RollupLevel
from db.partitions import make_partitions
from db.rollups import LOOPS_OFF, LOOPS_ON, compute, mark_dirty
from db.whole import FINDING_NOTHING


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of late events: how many were taken, how many of them are in no bucket (``lost``), and whether
    ``more`` wait."""

    taken: int = 0
    lost: int = 0
    more: bool = False


def merge(connection: Connection, floors: Mapping[str, Floor], limit: int) -> Merged:
    """Merge the events of up to ``limit`` marks, newest first. The caller holds the rollup lock, and goes on with what
    is dirty, of minutes first.

    What no level holds any more, or can't be added up, is set aside in ``ingest_quarantine``.
    """
    marks, taken = connection.execute(_TAKE, {"level": LATE, "limit": limit}).one()
    if not marks:
        return Merged()
    _return_to_raw(connection, floors[RAW].recompute)
    lost = 0
    end = floors[RAW].recompute
    for level, coarser in zip(LEVELS, (*LEVELS[1:], None), strict=True):
        keys = _keys(connection, level, floors[level.name].recompute, end)
        for failed, reason in compute(connection, level, keys, _merge):
            lost += _set_aside(connection, level, failed, reason)
        if coarser is not None:
            mark_dirty(connection, coarser, keys)
        end = floors[level.name].recompute or _ALWAYS
    lost += connection.execute(_SET_OLD_ASIDE, {"floor": end}).rowcount
    connection.execute(_FORGET)
    return Merged(taken, lost, more=marks >= limit)


_ALWAYS = datetime.min.replace(tzinfo=UTC)

# Rows and their marks commit together: a snapshot has both or neither, and nobody else takes any.
_TAKE = text("""
WITH chosen AS MATERIALIZED (
    SELECT DISTINCT event_name, bucket_start FROM rollup_dirty WHERE level = :level
    ORDER BY bucket_start DESC, event_name DESC LIMIT :limit
), gone AS (
    DELETE FROM rollup_dirty AS mark USING chosen
    WHERE mark.level = :level AND (mark.event_name, mark.bucket_start) = (chosen.event_name, chosen.bucket_start)
    RETURNING mark.event_name, mark.bucket_start, mark.marked_at
), marked AS MATERIALIZED (
    SELECT event_name, bucket_start, min(marked_at) AS marked_at FROM gone GROUP BY 1, 2
), taken AS (
    UPDATE late_events AS late SET marked_at = marked.marked_at FROM marked
    WHERE late.event_name = marked.event_name
        AND date_bin('1 minute', late.occurred_at, 'epoch') = marked.bucket_start
        AND late.occurred_at >= marked.bucket_start AND late.occurred_at < marked.bucket_start + interval '1 minute'
    RETURNING 1
)
SELECT (SELECT count(*) FROM marked), (SELECT count(*) FROM taken)
""")

_TAKEN = "late_events AS late WHERE marked_at IS NOT NULL"
_FORGET = text(f"DELETE FROM {_TAKEN}")
_COLUMNS = "event_name, measurements, metadata, occurred_at, inserted_at, weight, kind, aggregates"


# Where raw events may still stand


def _return_to_raw(connection: Connection, floor: datetime | None) -> None:
    """Make raw events of those whose minutes may still be computed: a purge has begun that came no further, or a floor
    was lowered."""
    values = {"floor": floor or _ALWAYS}
    days = connection.execute(_RAW_DAYS, values).scalars().all()
    if days:
        make_partitions(connection, days)
        connection.execute(_MARK_MINUTES, values)
        connection.execute(_TO_RAW, values)


_RAW_DAYS = text(f"""
SELECT DISTINCT CAST(occurred_at AT TIME ZONE 'UTC' AS date) FROM {_TAKEN} AND occurred_at >= :floor
""")
_MARK_MINUTES = text(f"""
INSERT INTO rollup_dirty (level, event_name, bucket_start, marked_at)
SELECT 'minute', event_name, date_bin('1 minute', occurred_at, 'epoch'), min(marked_at)
FROM {_TAKEN} AND occurred_at >= :floor GROUP BY 2, 3
""")
_TO_RAW = text(f"""
WITH moved AS (DELETE FROM {_TAKEN} AND occurred_at >= :floor RETURNING {_COLUMNS})
INSERT INTO telemetry_events ({_COLUMNS}) SELECT {_COLUMNS} FROM moved
""")


# Where buckets stand and nothing else


def _keys(connection: Connection, level: RollupLevel, start: datetime | None, end: datetime | None) -> BucketKeys:
    """Return the buckets of a level that hold the taken events from ``start`` to before ``end``; no end: none."""
    if end is None:
        return BucketKeys()
    values = {"width": level.width, "start": start or _ALWAYS, "end": end}
    row = connection.execute(_KEYS, values).one_or_none()
    return BucketKeys() if row is None else BucketKeys(*row)


_KEYS = text(
    bucket_arrays(f"""
    SELECT event_name, date_bin(:width, occurred_at, 'epoch') AS bucket_start, min(marked_at) AS marked_at
    FROM {_TAKEN} AND occurred_at >= :start AND occurred_at < :end GROUP BY 1, 2
""")
)


def _merge(connection: Connection, level: RollupLevel, keys: BucketKeys) -> None:
    """Fold the taken events, lay the stored buckets beside what they became, and store what both are together."""
    assert keys.earliest is not None
    assert keys.latest is not None
    values = {"level": level.name, "source": level.name, "width": level.width, **keys.parameters()}
    connection.execute(LOOPS_OFF)
    connection.execute(
        _FOLD_TAKEN, {**values, **FINDING_NOTHING, "earliest": keys.earliest, "end": keys.latest + level.width}
    )
    connection.execute(LOOPS_ON)
    connection.execute(_LEAVE_OUT_UNKNOWN_UNIQUES, {"levels": [each.name for each in LEVELS], "widths": _WIDTHS})
    connection.execute(_LEAVE_OUT_UNKNOWN_SPLITS)
    connection.execute(_LAY_SPLITS_BESIDE)
    connection.execute(_LAY_BESIDE, values)
    connection.execute(LOOPS_OFF)
    connection.execute(_FOLD_BOTH, values)
    connection.execute(LOOPS_ON)
    connection.execute(_STAY_UNKNOWN)
    connection.execute(text("DELETE FROM late_buckets"))
    connection.execute(text("DELETE FROM late_splits"))


_WIDTHS = [each.width for each in LEVELS]
_FOLD_TAKEN = fold_elsewhere(
    EVENTS.full,
    {
        "FROM telemetry_events AS candidate": f"FROM (SELECT * FROM {_TAKEN}) AS candidate",
        "INSERT INTO telemetry_buckets": "INSERT INTO late_buckets",
        "INSERT INTO telemetry_splits": "INSERT INTO late_splits",
    },
)
_FOLD_BOTH = fold_elsewhere(
    BUCKETS.full,
    {
        "FROM telemetry_buckets AS candidate": "FROM late_buckets AS candidate",
        "FROM telemetry_splits AS candidate": "FROM late_splits AS candidate",
        # Both are of one bucket, and so of one start.
        "SELECT bucket, count(*) AS buckets FROM finer": "SELECT bucket, 1 AS buckets FROM finer",
    },
)

# What a stored bucket did not count, since the key was declared later, can't be counted from these few events on: the
# number would be theirs alone.
_LEAVE_OUT_UNKNOWN_UNIQUES = text("""
UPDATE late_buckets AS late SET uniques = late.uniques - uncounted.keys
FROM (
    SELECT late.event_name, late.bucket_start, array_agg(DISTINCT key) AS keys
    FROM (SELECT * FROM late_buckets WHERE uniques <> '{}' OFFSET 0) AS late
        CROSS JOIN unnest(CAST(:levels AS text[]), CAST(:widths AS interval[])) AS level (name, width)
        CROSS JOIN LATERAL (
            SELECT COALESCE(uniques, '{}') AS uniques FROM telemetry_buckets AS candidate
            WHERE candidate.event_name = late.event_name AND candidate.bucket_type = level.name
                AND candidate.bucket_start = date_bin(level.width, late.bucket_start, 'epoch')
            OFFSET 0
        ) AS stored
        CROSS JOIN LATERAL jsonb_object_keys(late.uniques) AS key
    WHERE NOT jsonb_exists(stored.uniques, key)
    GROUP BY 1, 2
) AS uncounted
WHERE (late.event_name, late.bucket_start) = (uncounted.event_name, uncounted.bucket_start)
""")

# The same of what a stored bucket was not split by. (A coarser one has a split only where all that it is made of have.)
_LEAVE_OUT_UNKNOWN_SPLITS = text("""
DELETE FROM late_splits AS late USING telemetry_buckets AS stored
WHERE (stored.event_name, stored.bucket_type, stored.bucket_start)
        = (late.event_name, late.bucket_type, late.bucket_start)
    AND NOT EXISTS (
        SELECT FROM telemetry_splits AS split
        WHERE split.event_name = late.event_name AND split.bucket_type = late.bucket_type
            AND split.dimension = late.dimension AND split.bucket_start = late.bucket_start
    )
""")


def _laying_beside(table: str, beside: str, *columns: str) -> TextClause:
    """Return what moves the rows of the merged buckets from a table to those that the late events became."""
    of_bucket = ", ".join(("event_name", "bucket_type", "bucket_start", *columns))
    return text(f"""
WITH stored AS (
    DELETE FROM {table} AS stored USING late_buckets AS late
    WHERE (stored.event_name, stored.bucket_type, stored.bucket_start)
        = (late.event_name, late.bucket_type, late.bucket_start)
    RETURNING stored.*
)
INSERT INTO {beside} ({of_bucket}) SELECT {of_bucket} FROM stored
""")


_LAY_SPLITS_BESIDE = _laying_beside(
    "telemetry_splits", "late_splits", "dimension", "value", "count", "measurements", "histograms", "uniques"
)
_LAY_BESIDE = _laying_beside("telemetry_buckets", "late_buckets", "count", *MAPS, "metadata_counts", "uniques")

# A version before them made the stored bucket without these maps: what the late events alone have is not the bucket's.
_STAY_UNKNOWN = text("""
UPDATE telemetry_buckets AS merged SET
    last_values = CASE WHEN late.last_values IS NULL THEN NULL ELSE merged.last_values END,
    histograms = CASE WHEN late.histograms IS NULL THEN NULL ELSE merged.histograms END
FROM late_buckets AS late
WHERE (merged.event_name, merged.bucket_type, merged.bucket_start)
        = (late.event_name, late.bucket_type, late.bucket_start)
    AND (late.last_values IS NULL OR late.histograms IS NULL)
""")


# Where nothing stands that could take them


_PAYLOAD = "(to_jsonb(late) - '{inserted_at,marked_at}'::text[])::text"
_SET_OLD_ASIDE = text(f"""
INSERT INTO ingest_quarantine (batch_id, event_name, payload, reason)
SELECT gen_random_uuid(), event_name, {_PAYLOAD}, 'too_old: the buckets of that time were purged before it was merged'
FROM {_TAKEN} AND occurred_at < :floor
""")
_SET_ASIDE = text(f"""
INSERT INTO ingest_quarantine (batch_id, event_name, payload, reason)
SELECT gen_random_uuid(), late.event_name, {_PAYLOAD}, :reason
FROM unnest((CAST(:names AS text[]))[:first : :last], (CAST(:starts AS timestamptz[]))[:first : :last])
    AS key (event_name, bucket_start)
    JOIN late_events AS late ON late.event_name = key.event_name AND marked_at IS NOT NULL
        AND occurred_at >= bucket_start AND occurred_at < bucket_start + CAST(:width AS interval)
""")


def _set_aside(connection: Connection, level: RollupLevel, keys: BucketKeys, reason: str) -> int:
    values = {"width": level.width, "reason": f"late: {reason}", **keys.parameters()}
    return connection.execute(_SET_ASIDE, values).rowcount
