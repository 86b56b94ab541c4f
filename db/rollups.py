"""Dirty buckets, computed again: taken from the log, deleted, and inserted as one set-based fold of the level below.

Every function works inside the caller's READ COMMITTED transaction, one statement after the other, and the caller holds
the rollup lock. That order is what makes the result right: rows and their dirty marks commit together, so a statement
that runs after the marks were taken sees at least the rows that they stand for, and a mark that was not yet visible
stays in the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError

from db.levels import RAW, RollupLevel
from db.schema import LOCK_ROLLUP

# A metadata key's values beyond this many, the rarest, are counted together under OTHER: at most so many are listed,
# and all that are more frequent than the next one. Those that tie for the last places all go there, so a key whose
# values occur once each, such as an id, lists none. Each event that carries the key is counted, whatever is listed.
# Exact for minutes. Hours and days add up what the finer buckets list: what they counted under OTHER stays there.
VALUES_PER_KEY = 50
OTHER = "__other__"

# A million events and a hash of their distinct values stay in memory; a usual pass takes a fraction of this.
WORK_MEMORY = "256MB"

# The one merge: how the map that a bucket stores per measurement is folded from maps of the level below, with the
# aggregate that does it. One event is the smallest of such maps: its value is sum, minimum and maximum, its count 1.
# The value's type stands beside the aggregate; a further mergeable aggregate is a further row.
MERGES: Mapping[str, tuple[str, str]] = {
    "value_counts": ("sum", "bigint"),
    "sum_values": ("sum", "double precision"),
    "min_values": ("min", "double precision"),
    "max_values": ("max", "double precision"),
}


@dataclass(frozen=True, slots=True)
class BucketKeys:
    """Buckets of one level: names, starts, and when their oldest mark was made, as arrays in PostgreSQL's notation.

    Python passes them on unread: decoding ten thousand of them took a third of the pass. Only positions ``first`` to
    ``last`` count, from 1. No start lies outside ``earliest`` to ``latest``, which are None if there is no bucket.
    """

    names: str = "{}"
    starts: str = "{}"
    marked: str = "{}"
    earliest: datetime | None = None
    latest: datetime | None = None
    first: int = 1
    last: int = 0

    def __len__(self) -> int:
        return self.last - self.first + 1

    def parameters(self) -> dict[str, Any]:
        """The keys as the parameters of a statement that unnests them."""
        return {each: getattr(self, each) for each in ("names", "starts", "marked", "first", "last")}

    def halves(self) -> "tuple[BucketKeys, BucketKeys]":
        """The keys in two parts of about one size."""
        middle = (self.first + self.last) // 2
        return replace(self, last=middle), replace(self, first=middle + 1)


def try_lock(connection: Connection) -> bool:
    """Take the rollup lock until the transaction ends; False if another one holds it. Must be its first statement."""
    return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": LOCK_ROLLUP}).scalar_one())


def lock(connection: Connection) -> None:
    """Take the rollup lock until the transaction ends, waiting for whoever holds it."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_ROLLUP})


_PREPARE = text(f"""
SELECT set_config(name, value, true) FROM (VALUES
    ('idle_in_transaction_session_timeout', '60s'),
    ('datestyle', 'ISO'),
    ('jit', 'off'),
    ('max_parallel_workers_per_gather', '0'),
    -- The planner underestimates how many values there are to group, and would sort them instead of hashing.
    ('enable_sort', 'off'),
    ('work_mem', '{WORK_MEMORY}')
) AS setting (name, value)
""")


def prepare(connection: Connection) -> None:
    """Settings of this transaction: a frozen worker loses the lock, and the planner suits short set-based work."""
    connection.execute(_PREPARE)


_DROP_BELOW_FLOOR = text("DELETE FROM rollup_dirty WHERE level = :level AND bucket_start < :floor")


def drop_dirty_marks_below(connection: Connection, level: str, floor: datetime | None) -> int:
    """Remove marks of buckets below ``floor``, which can't be computed any more, and count them."""
    if floor is None:
        return 0
    return connection.execute(_DROP_BELOW_FLOOR, {"level": level, "floor": floor}).rowcount


_TAKE = text("""
WITH taken AS MATERIALIZED (
    SELECT DISTINCT bucket_start, event_name FROM rollup_dirty
    WHERE level = :level
        AND (CAST(:before AS timestamptz) IS NULL OR bucket_start < CAST(:before AS timestamptz))
    ORDER BY bucket_start DESC, event_name DESC
    LIMIT :limit
), gone AS (
    DELETE FROM rollup_dirty AS mark USING taken
    WHERE mark.level = :level AND mark.bucket_start = taken.bucket_start AND mark.event_name = taken.event_name
    RETURNING mark.event_name, mark.bucket_start, mark.marked_at
)
SELECT array_agg(event_name)::text, array_agg(bucket_start)::text, array_agg(marked_at)::text,
    min(bucket_start), max(bucket_start), 1, count(*)
FROM (SELECT event_name, bucket_start, min(marked_at) AS marked_at FROM gone GROUP BY 1, 2) AS bucket
HAVING count(*) > 0
""")


def take(connection: Connection, level: str, limit: int, before: datetime | None = None) -> BucketKeys:
    """Remove every visible mark of up to ``limit`` distinct buckets, newest first, and return the buckets.

    ``before``: only buckets that start earlier. Many marks of one bucket cost one recompute.
    """
    row = connection.execute(_TAKE, {"level": level, "limit": limit, "before": before}).one_or_none()
    return BucketKeys() if row is None else BucketKeys(*row)


_MARK = text("""
INSERT INTO rollup_dirty (level, event_name, bucket_start, marked_at)
SELECT :level, event_name, date_bin(:width, bucket_start, 'epoch'::timestamptz), min(marked_at)
FROM unnest(
    (CAST(:names AS text[]))[:first : :last], (CAST(:starts AS timestamptz[]))[:first : :last],
    (CAST(:marked AS timestamptz[]))[:first : :last]
) AS key (event_name, bucket_start, marked_at)
GROUP BY 2, 3
""")


def mark_dirty(connection: Connection, level: RollupLevel, keys: BucketKeys) -> None:
    """Log the buckets of ``level`` that hold the finer buckets ``keys``, as old as the oldest of their marks."""
    if keys:
        connection.execute(_MARK, {"level": level.name, "width": level.width, **keys.parameters()})


# --- The fold: the buckets asked for, the rows to fold, and from them counts, maps and labels, in one statement. ---

# Constant slices of arrays, not a condition on positions, tell the planner how many buckets there are; `earliest` and
# `end`, which only repeat what the keys say, tell it which partitions it can leave out.
_KEYS = """
keys AS MATERIALIZED (
    SELECT position::int AS bucket, event_name, bucket_start
    FROM unnest((CAST(:names AS text[]))[:first : :last], (CAST(:starts AS timestamptz[]))[:first : :last])
        WITH ORDINALITY AS key (event_name, bucket_start, position)
)"""

# Every part names the same columns whatever the source. `parts`: an aggregate of each measurement. `labels`: how many
# events carried a metadata key (`field`) with a value. An event is the smallest of buckets.
_EVENTS = f"""
{_KEYS},
events AS MATERIALIZED (
    SELECT keys.bucket, event.measurements, event.metadata
    FROM keys CROSS JOIN LATERAL (
        SELECT measurements, metadata FROM telemetry_events AS candidate
        WHERE candidate.event_name = keys.event_name AND candidate.occurred_at >= keys.bucket_start
            AND candidate.occurred_at < keys.bucket_start + CAST(:width AS interval)
            AND candidate.occurred_at >= :earliest AND candidate.occurred_at < :end
        OFFSET 0
    ) AS event
),
counts AS (SELECT bucket, count(*) AS count FROM events GROUP BY 1),
parts (bucket, key, {", ".join(MERGES)}) AS (
    SELECT bucket, key, {", ".join("1" if column == "value_counts" else "value" for column in MERGES)}
    FROM (
        SELECT bucket, key, CAST(measurements ->> key AS double precision) AS value
        FROM (SELECT bucket, measurements, jsonb_object_keys(measurements) AS key FROM events) AS measured
        OFFSET 0
    ) AS measurement
),
labels AS (
    SELECT bucket, key AS field, COALESCE(metadata ->> key, 'null') AS value, 1 AS count
    FROM (SELECT bucket, metadata, jsonb_object_keys(metadata) AS key FROM events) AS described
)"""

_FINER_COLUMNS = ", ".join(f"CAST(finer.{column} ->> pair.key AS {kind})" for column, (_, kind) in MERGES.items())
_BUCKETS = f"""
{_KEYS},
finer AS MATERIALIZED (
    SELECT keys.bucket, stored.*
    FROM keys CROSS JOIN LATERAL (
        SELECT count, {", ".join(MERGES)}, metadata_counts FROM telemetry_buckets AS candidate
        WHERE candidate.bucket_type = :source AND candidate.event_name = keys.event_name
            AND candidate.bucket_start >= keys.bucket_start
            AND candidate.bucket_start < keys.bucket_start + CAST(:width AS interval)
        OFFSET 0
    ) AS stored
),
counts AS (SELECT bucket, sum(count)::bigint AS count FROM finer GROUP BY 1),
parts (bucket, key, {", ".join(MERGES)}) AS (
    SELECT finer.bucket, pair.key, {_FINER_COLUMNS}
    FROM finer CROSS JOIN LATERAL jsonb_object_keys(finer.value_counts) AS pair (key)
),
labels AS (
    SELECT bucket, split_part(pair.key, ':', 1) AS field,
        NULLIF(substr(pair.key, strpos(pair.key, ':') + 1), '{OTHER}') AS value, CAST(pair.value AS bigint) AS count
    FROM finer CROSS JOIN LATERAL jsonb_each_text(finer.metadata_counts) AS pair
)"""

# Which values stay is decided by counts alone, so no values are sorted: `ranked` has a row for each count that occurs,
# with the values that have it and how many values have it or a higher one.
_CAPPED = f"""
ranked AS (
    SELECT bucket, field, count, values, size,
        NOT rest AND sum(size) OVER (PARTITION BY bucket, field, rest ORDER BY count DESC) <= {VALUES_PER_KEY} AS listed
    FROM (
        SELECT bucket, field, value IS NULL AS rest, count, array_agg(value) AS values, count(*) AS size
        FROM (SELECT bucket, field, value, sum(count)::bigint AS count FROM labels GROUP BY 1, 2, 3) AS counted
        GROUP BY 1, 2, 3, 4
    ) AS tied
),
capped AS (
    SELECT bucket, jsonb_object_agg(label, count) AS metadata_counts
    FROM (
        SELECT bucket, field || ':' || value AS label,
            sum(CASE WHEN listed THEN count ELSE count * size END)::bigint AS count
        FROM ranked CROSS JOIN LATERAL unnest(CASE WHEN listed THEN values ELSE '{{{OTHER}}}' END) AS value
        GROUP BY 1, 2
    ) AS labelled
    GROUP BY 1
)"""


def _fold(source: str) -> str:
    """The statement that inserts the buckets: the merge of whatever counts, parts and labels ``source`` gives."""
    columns = ", ".join(MERGES)
    merged = ", ".join(f"{aggregate}({column}) AS {column}" for column, (aggregate, _) in MERGES.items())
    maps = ", ".join(f"jsonb_object_agg(key, {column}) AS {column}" for column in MERGES)
    stored = ", ".join(f"COALESCE(maps.{column}, '{{}}')" for column in MERGES)
    return f"""
INSERT INTO telemetry_buckets (event_name, bucket_type, bucket_start, count, {columns}, metadata_counts)
WITH {source},
maps AS (
    SELECT bucket, {maps}
    FROM (SELECT bucket, key, {merged} FROM parts GROUP BY 1, 2) AS merged
    GROUP BY 1
),
{_CAPPED}
SELECT keys.event_name, :level, keys.bucket_start, counts.count, {stored}, COALESCE(capped.metadata_counts, '{{}}')
FROM keys JOIN counts USING (bucket) LEFT JOIN maps USING (bucket) LEFT JOIN capped USING (bucket)
"""


_FOLD_EVENTS = text(_fold(_EVENTS))
_FOLD_BUCKETS = text(_fold(_BUCKETS))

_DELETE = text(f"""
WITH {_KEYS}
DELETE FROM telemetry_buckets AS stored USING keys
WHERE stored.event_name = keys.event_name AND stored.bucket_type = :level AND stored.bucket_start = keys.bucket_start
""")


def rebuild(connection: Connection, level: RollupLevel, keys: BucketKeys) -> int:
    """Compute the buckets ``keys`` of ``level`` again from its source; return how many could not be.

    A bucket whose rows can't be folded (a sum beyond the double range) must not hold up all others for ever: its keys
    are halved until it stands alone, and it keeps the state that it had.
    """
    if not keys:
        return 0
    try:
        with connection.begin_nested():
            _rebuild(connection, level, keys)
    except DataError:
        if len(keys) == 1:
            return 1
        return sum(rebuild(connection, level, half) for half in keys.halves())
    return 0


def _rebuild(connection: Connection, level: RollupLevel, keys: BucketKeys) -> None:
    parameters = {"level": level.name, "source": level.source, "width": level.width, **keys.parameters()}
    connection.execute(_DELETE, parameters)
    assert keys.earliest is not None
    assert keys.latest is not None
    span = {"earliest": keys.earliest, "end": keys.latest + level.width}
    connection.execute(_FOLD_EVENTS if level.source == RAW else _FOLD_BUCKETS, {**parameters, **span})
