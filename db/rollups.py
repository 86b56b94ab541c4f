"""Dirty buckets, computed again: taken from the log, deleted, and inserted as one set-based fold of the level below.

Every function works inside the caller's READ COMMITTED transaction, one statement after the other, and the caller holds
the rollup lock. That order is what makes the result right: rows and their dirty marks commit together, so a statement
that runs after the marks were taken sees at least the rows that they stand for, and a mark that was not yet visible
stays in the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError

from db.schema import LOCK_ROLLUP

# A metadata key's values beyond this many, the rarest, are counted together under OTHER.
VALUES_PER_KEY = 50
OTHER = "__other__"

# A hash of a million distinct metadata objects stays in memory; a usual pass takes a fraction of this.
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
# Measurements of an event that are read straight out of its object; further ones, which are rare, are expanded one
# by one, which takes ten times as long.
SLOTS = (1, 2)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: ``level``'s buckets are ``width`` wide and folded from ``source``."""

    level: str
    source: str
    width: timedelta


@dataclass(frozen=True, slots=True)
class Keys:
    """Buckets of one level: event names, starts, and when their oldest mark was made, in parallel."""

    names: list[str] = field(default_factory=list)
    starts: list[datetime] = field(default_factory=list)
    marked: list[datetime] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.names)

    def parameters(self) -> dict[str, Any]:
        """The keys as the parameters of a statement that unnests them."""
        return {"names": self.names, "starts": self.starts, "marked": self.marked}

    def halves(self) -> "tuple[Keys, Keys]":
        """The keys in two parts of about one size."""
        middle = len(self) // 2
        return (
            Keys(self.names[:middle], self.starts[:middle], self.marked[:middle]),
            Keys(self.names[middle:], self.starts[middle:], self.marked[middle:]),
        )


def try_lock(connection: Connection) -> bool:
    """Take the rollup lock until the transaction ends; False if another one holds it. Must be its first statement."""
    return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": LOCK_ROLLUP}).scalar_one())


def lock(connection: Connection) -> None:
    """Take the rollup lock until the transaction ends, waiting for whoever holds it."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_ROLLUP})


def prepare(connection: Connection) -> None:
    """Settings of this transaction: a frozen worker loses the lock, and the planner suits short set-based work."""
    for name, value in (
        ("idle_in_transaction_session_timeout", "60s"),
        ("jit", "off"),
        ("work_mem", WORK_MEMORY),
        ("max_parallel_workers_per_gather", "0"),
        # The planner can't know how many buckets of a name are asked for and would merge every event with each.
        ("enable_mergejoin", "off"),
        ("enable_sort", "off"),
    ):
        connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})


def recompute_floor(connection: Connection, level: str) -> datetime | None:
    """Where ``level``'s rows begin; None before its first purge. What lies below must never be folded again."""
    floor: datetime | None = connection.execute(
        text("SELECT NULLIF(recompute_floor, '-infinity') FROM retention_floors WHERE level = :level"), {"level": level}
    ).scalar_one()
    return floor


_DROP_BELOW_FLOOR = text("DELETE FROM rollup_dirty WHERE level = :level AND bucket_start < :floor")


def drop_marks_below(connection: Connection, level: str, floor: datetime | None) -> int:
    """Remove marks of buckets that can't be computed any more, and count them."""
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
SELECT event_name, bucket_start, min(marked_at) FROM gone GROUP BY 1, 2
""")


def take(connection: Connection, level: str, limit: int, before: datetime | None = None) -> Keys:
    """Remove every visible mark of up to ``limit`` distinct buckets, newest first, and return the buckets.

    ``before``: only buckets that start earlier. Many marks of one bucket cost one recompute.
    """
    keys = Keys()
    for name, start, marked in connection.execute(_TAKE, {"level": level, "limit": limit, "before": before}):
        keys.names.append(name)
        keys.starts.append(start)
        keys.marked.append(marked)
    return keys


_MARK = text("""
INSERT INTO rollup_dirty (level, event_name, bucket_start, marked_at)
SELECT :level, event_name, date_bin(:width, bucket_start, 'epoch'::timestamptz), min(marked_at)
FROM unnest(CAST(:names AS text[]), CAST(:starts AS timestamptz[]), CAST(:marked AS timestamptz[]))
    AS key (event_name, bucket_start, marked_at)
GROUP BY 2, 3
""")


def mark(connection: Connection, rung: Rung, keys: Keys) -> None:
    """Log the buckets of ``rung`` that hold the finer buckets ``keys``, as old as the oldest of their marks."""
    if keys:
        connection.execute(_MARK, {"level": rung.level, "width": rung.width, **keys.parameters()})


# --- The fold, in four parts: the buckets asked for, the rows to fold, one row per bucket and name, the maps. ---

_KEYS = """
    SELECT position::int AS bucket, event_name, bucket_start
    FROM unnest(CAST(:names AS text[]), CAST(:starts AS timestamptz[]))
        WITH ORDINALITY AS key (event_name, bucket_start, position)
"""

# The measurements that a few events of each name carry most often: a guess that only speed depends on.
_SLOTTED_KEYS = f"""
slots AS MATERIALIZED (
    SELECT event_name, array_agg(key ORDER BY events DESC, key) AS keys
    FROM (
        SELECT span.event_name, measurement.key, count(*) AS events
        FROM (SELECT event_name, max(bucket_start) AS newest FROM ({_KEYS}) AS key GROUP BY 1) AS span
        CROSS JOIN LATERAL (
            SELECT measurements FROM telemetry_events AS event
            WHERE event.event_name = span.event_name
                AND event.occurred_at >= span.newest AND event.occurred_at < span.newest + CAST(:width AS interval)
            ORDER BY event.occurred_at LIMIT 20
        ) AS sample
        CROSS JOIN LATERAL jsonb_object_keys(sample.measurements) AS measurement (key)
        GROUP BY 1, 2
    ) AS seen
    GROUP BY 1
),
keys AS MATERIALIZED (
    SELECT key.*, slots.keys[1] AS slot1, slots.keys[2] AS slot2
    FROM ({_KEYS}) AS key LEFT JOIN slots USING (event_name)
)"""

# Two ways to reach the events of the buckets, for the same rows. Many buckets close together: one scan of their span,
# of which a bucket that was not asked for is left out after grouping. Few ones: an index probe each.
_SCANNED = """
    (SELECT event_name, max(slot1) AS slot1, max(slot2) AS slot2 FROM keys GROUP BY 1) AS key
    JOIN telemetry_events AS event USING (event_name)
    WHERE event.occurred_at >= :first AND event.occurred_at < :end
"""
_EVENTS_OF_KEY = """
    SELECT measurements, metadata, occurred_at FROM telemetry_events AS candidate
    WHERE candidate.event_name = key.event_name AND candidate.occurred_at >= key.bucket_start
        AND candidate.occurred_at < key.bucket_start + CAST(:width AS interval)
    OFFSET 0
"""
_PROBED = f"keys AS key CROSS JOIN LATERAL ({_EVENTS_OF_KEY}) AS event"

# Objects are ordered by their number of pairs first, so an object has at most n pairs if it is less than the least
# object of n + 1 pairs. This is fifty times as fast as counting an object's keys.
_LEAST_OF_1, _LEAST_OF_2, _LEAST_OF_3 = (
    "'{\"\" : null}'",
    '\'{"" : null, "\\u0001" : null}\'',
    '\'{"" : null, "\\u0001" : null, "\\u0002" : null}\'',
)


def _events(reached: str) -> str:
    """Parts of buckets from raw events, grouped by metadata first: events share few distinct objects of it."""
    slots = ", ".join(
        f"count(value{n}) AS n{n}, sum(value{n}) AS sum{n}, min(value{n}) AS min{n}, max(value{n}) AS max{n}"
        for n in SLOTS
    )
    values = ", ".join(
        f"CASE WHEN slot{n} IS NOT NULL THEN CAST(measurements ->> slot{n} AS double precision) END AS value{n}"
        for n in SLOTS
    )
    parts = " UNION ALL ".join(
        f"SELECT bucket, slot{n}, n{n}, sum{n}, min{n}, max{n} FROM folded WHERE n{n} > 0" for n in SLOTS
    )
    return f"""
{_SLOTTED_KEYS},
folded AS MATERIALIZED (
    SELECT keys.bucket, keys.slot1, keys.slot2, grouped.*
    FROM (
        SELECT event_name, bucket_start, metadata, count(*) AS count, {slots}, bool_or(further) AS further
        FROM (
            SELECT event_name, bucket_start, metadata, value1, value2, measurements >= CASE
                WHEN value1 IS NULL AND value2 IS NULL THEN jsonb {_LEAST_OF_1}
                WHEN value1 IS NULL OR value2 IS NULL THEN jsonb {_LEAST_OF_2}
                ELSE jsonb {_LEAST_OF_3} END AS further
            FROM (
                SELECT key.event_name, date_bin(CAST(:width AS interval), event.occurred_at, 'epoch') AS bucket_start,
                    CAST(event.metadata AS text) AS metadata, event.measurements, {values}
                FROM {reached}
                OFFSET 0
            ) AS event
        ) AS event
        GROUP BY 1, 2, 3
    ) AS grouped
    JOIN keys USING (event_name, bucket_start)
),
further AS (
    SELECT key.bucket, pair.key, CAST(pair.value AS double precision) AS value
    FROM (SELECT bucket FROM folded GROUP BY 1 HAVING bool_or(further)) AS incomplete
    JOIN keys AS key USING (bucket)
    CROSS JOIN LATERAL ({_EVENTS_OF_KEY}) AS event
    CROSS JOIN LATERAL jsonb_each_text(event.measurements) AS pair
    WHERE pair.key IS DISTINCT FROM key.slot1 AND pair.key IS DISTINCT FROM key.slot2
),
rows AS (SELECT bucket, count FROM folded),
parts (bucket, key, value_counts, sum_values, min_values, max_values) AS (
    {parts}
    UNION ALL
    SELECT bucket, key, count(value), sum(value), min(value), max(value) FROM further GROUP BY 1, 2
),
labels AS (
    SELECT bucket, (pair.key || ':' || COALESCE(pair.value, 'null')) COLLATE "C" AS label, count
    FROM folded CROSS JOIN LATERAL jsonb_each_text(CAST(metadata AS jsonb)) AS pair
)"""


def _buckets() -> str:
    """Parts of buckets from the finer level's buckets."""
    columns = ", ".join(f"CAST(finer.{column} ->> pair.key AS {kind})" for column, (_, kind) in MERGES.items())
    return f"""
keys AS MATERIALIZED ({_KEYS}),
finer AS MATERIALIZED (
    SELECT keys.bucket, stored.*
    FROM keys JOIN telemetry_buckets AS stored ON stored.bucket_type = :source
        AND stored.event_name = keys.event_name AND stored.bucket_start >= keys.bucket_start
        AND stored.bucket_start < keys.bucket_start + CAST(:width AS interval)
),
rows AS (SELECT bucket, count FROM finer),
parts (bucket, key, {", ".join(MERGES)}) AS (
    SELECT finer.bucket, pair.key, {columns}
    FROM finer CROSS JOIN LATERAL jsonb_object_keys(finer.value_counts) AS pair (key)
),
labels AS (
    SELECT bucket, pair.key COLLATE "C" AS label, CAST(pair.value AS bigint) AS count
    FROM finer CROSS JOIN LATERAL jsonb_each_text(finer.metadata_counts) AS pair
)"""


def _fold(source: str) -> str:
    """The statement that inserts the buckets: the merge of whatever rows, parts and labels ``source`` gives."""
    columns = ", ".join(MERGES)
    merged = ", ".join(f"{aggregate}({column}) AS {column}" for column, (aggregate, _) in MERGES.items())
    maps = ", ".join(f"jsonb_object_agg(key, {column}) AS {column}" for column in MERGES)
    stored = ", ".join(f"COALESCE(maps.{column}, '{{}}')" for column in MERGES)
    return f"""
INSERT INTO telemetry_buckets (event_name, bucket_type, bucket_start, count, {columns}, metadata_counts)
WITH {source},
counts AS (SELECT bucket, sum(count)::bigint AS count FROM rows GROUP BY 1),
maps AS (
    SELECT bucket, {maps}
    FROM (SELECT bucket, key, {merged} FROM parts GROUP BY 1, 2) AS merged
    GROUP BY 1
),
ranked AS (
    SELECT bucket, label, count, field, rest,
        row_number() OVER (PARTITION BY bucket, field, rest ORDER BY count DESC, label) AS place
    FROM (
        SELECT bucket, label, count, split_part(label, ':', 1) AS field,
            label = split_part(label, ':', 1) || ':' || '{OTHER}' AS rest
        FROM (SELECT bucket, label, sum(count)::bigint AS count FROM labels GROUP BY 1, 2) AS summed
    ) AS counted
),
capped AS (
    SELECT bucket, jsonb_object_agg(label, count) AS metadata_counts
    FROM (
        SELECT bucket, sum(count)::bigint AS count,
            CASE WHEN rest OR place > {VALUES_PER_KEY} THEN field || ':' || '{OTHER}' ELSE label END AS label
        FROM ranked GROUP BY 1, 3
    ) AS kept
    GROUP BY 1
)
SELECT keys.event_name, :level, keys.bucket_start, counts.count, {stored}, COALESCE(capped.metadata_counts, '{{}}')
FROM keys JOIN counts USING (bucket) LEFT JOIN maps USING (bucket) LEFT JOIN capped USING (bucket)
"""


_FOLD_SCANNED_EVENTS = text(_fold(_events(_SCANNED)))
_FOLD_PROBED_EVENTS = text(_fold(_events(_PROBED)))
_FOLD_BUCKETS = text(_fold(_buckets()))

# A scan pays off when the buckets asked for are at least this many and at least one in DENSE of those in their span.
MANY = 32
DENSE = 4

_DELETE = text("""
DELETE FROM telemetry_buckets AS stored
USING unnest(CAST(:names AS text[]), CAST(:starts AS timestamptz[])) AS key (event_name, bucket_start)
WHERE stored.event_name = key.event_name AND stored.bucket_type = :level AND stored.bucket_start = key.bucket_start
""")


def rebuild(connection: Connection, rung: Rung, keys: Keys) -> int:
    """Compute the buckets ``keys`` of ``rung`` again from its source; return how many could not be.

    A bucket whose rows can't be folded (a sum beyond the double range) must not hold up all others for ever: its keys
    are halved until it stands alone, and it keeps the state that it had.
    """
    if not keys:
        return 0
    try:
        with connection.begin_nested():
            _rebuild(connection, rung, keys)
    except DataError:
        if len(keys) == 1:
            return 1
        return sum(rebuild(connection, rung, half) for half in keys.halves())
    return 0


def _rebuild(connection: Connection, rung: Rung, keys: Keys) -> None:
    parameters = {"level": rung.level, "source": rung.source, "width": rung.width, **keys.parameters()}
    connection.execute(_DELETE, parameters)
    if rung.source != "raw":
        connection.execute(_FOLD_BUCKETS, parameters)
        return
    first, end = min(keys.starts), max(keys.starts) + rung.width
    dense = len(keys) * DENSE >= len(set(keys.names)) * ((end - first) / rung.width)
    fold = _FOLD_SCANNED_EVENTS if dense and len(keys) >= MANY else _FOLD_PROBED_EVENTS
    connection.execute(fold, {**parameters, "first": first, "end": end})
