"""Dirty buckets, computed again: taken from the log, deleted, and inserted as one set-based fold of the level below.

Every function works inside the caller's READ COMMITTED transaction, one statement after the other, and the caller holds
the rollup lock. That order is what makes the result right: rows and their dirty marks commit together, so a statement
that runs after the marks were taken sees at least the rows that they stand for, and a mark that was not yet visible
stays in the log.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from db.faults import Fault, classify, describe
from db.fold import BUCKETS, FIVES, KEYS, Fold
from db.fold_distributed import folds
from db.keys import BucketKeys, bucket_arrays
from db.levels import FIVE, RAW, RollupLevel
from db.schema import LOCK_ROLLUP
from db.splits import DECLARED, GONE
from db.whole import HELD

# A million events and a hash of their distinct values stay in memory; a usual pass takes a fraction of this.
WORK_MEMORY = "256MB"


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
    """Set what holds in this transaction: a frozen worker loses the lock, and the planner suits short set-based
    work."""
    connection.execute(_PREPARE)


_DROP_BELOW_FLOOR = text("DELETE FROM rollup_dirty WHERE level = :level AND bucket_start < :floor")


def drop_dirty_marks_below(connection: Connection, level: str, floor: datetime | None) -> int:
    """Remove marks of buckets below ``floor``, which can't be computed any more, and count them."""
    if floor is None:
        return 0
    return connection.execute(_DROP_BELOW_FLOOR, {"level": level, "floor": floor}).rowcount


# What takes marks, as ``gone``: all of a bucket that it takes any of.
TAKEN = """
taken AS MATERIALIZED (
    SELECT DISTINCT bucket_start, event_name FROM rollup_dirty
    WHERE level = :level
        AND (CAST(:before AS timestamptz) IS NULL OR bucket_start < CAST(:before AS timestamptz))
    ORDER BY bucket_start DESC, event_name DESC
    LIMIT :limit
), gone AS (
    DELETE FROM rollup_dirty AS mark USING taken
    WHERE mark.level = :level AND mark.bucket_start = taken.bucket_start AND mark.event_name = taken.event_name
    RETURNING mark.event_name, mark.bucket_start, mark.marked_at
)"""
_TAKE = text(f"""
WITH {TAKEN}
{bucket_arrays("SELECT event_name, bucket_start, min(marked_at) AS marked_at FROM gone GROUP BY 1, 2")}
""")


def take(connection: Connection, level: str, limit: int, before: datetime | None = None) -> BucketKeys:
    """Remove every visible mark of up to ``limit`` distinct buckets, newest first, and return the buckets.

    ``before``: only buckets that start earlier. Many marks of one bucket cost one recompute.
    """
    row = connection.execute(_TAKE, {"level": level, "limit": limit, "before": before}).one_or_none()
    return BucketKeys() if row is None else BucketKeys(*row)


_OUTDATED = text(
    bucket_arrays("""
SELECT event_name, bucket_start, statement_timestamp() AS marked_at FROM telemetry_buckets AS bucket
WHERE bucket_type = :level AND histograms IS NULL
    AND bucket_start >= COALESCE(CAST(:floor AS timestamptz), '-infinity')
    AND NOT EXISTS (
        SELECT FROM rollup_failures AS failure WHERE failure.level = bucket.bucket_type
            AND failure.event_name = bucket.event_name AND failure.bucket_start = bucket.bucket_start
    )
ORDER BY bucket_start DESC LIMIT :limit
""")
)


def outdated(connection: Connection, level: str, floor: datetime | None, limit: int) -> BucketKeys:
    """Return up to ``limit`` buckets that a version before this one made, newest first: from ``floor`` on, and none of
    those that can't be computed. They are right as far as they go, and lack what that version did not know of."""
    row = connection.execute(_OUTDATED, {"level": level, "floor": floor, "limit": limit}).one_or_none()
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


_STORED = """
DELETE FROM telemetry_buckets AS stored USING keys
WHERE stored.event_name = keys.event_name AND stored.bucket_type = :level AND stored.bucket_start = keys.bucket_start
"""
# Whether any of them has splits.
_DELETE = text(f"WITH {KEYS}, {GONE}, stored AS ({_STORED}) SELECT {DECLARED}")
# Of their events, which minute was the last that stood there before; and whether any of them has splits.
DELETE_MINUTES = text(f"WITH {KEYS}, {GONE}, stored AS ({_STORED}) {HELD}")
# What is folded from raw events is not what its slices (``db.slices``) say.
_UNSLICED = ", ".join(
    f"""un{table} AS (
    DELETE FROM {table} AS slice USING keys
    WHERE slice.event_name = keys.event_name AND date_bin(:width, slice.bucket_start, 'epoch') = keys.bucket_start
)"""
    for table in ("slice_buckets", "slice_splits")
)
_DELETE_ALL_OF_MINUTES = text(f"WITH {KEYS}, {GONE}, {_UNSLICED}, stored AS ({_STORED}) {HELD}")

# A backlog is folded in parts, each of at most eight times as many minutes of an event as those before it: what one
# finds to be wide is counted as a whole in the next.
_PARTS = text(f"""
WITH {KEYS}
SELECT array_agg(event_name)::text, array_agg(bucket_start)::text, '{{}}', min(bucket_start), max(bucket_start), 1,
    count(*)
FROM (
    SELECT *, ceil(log(8, row_number() OVER (PARTITION BY event_name ORDER BY bucket_start))) AS part FROM keys
) AS placed
GROUP BY part ORDER BY part
""")
_AT_ONCE = timedelta(minutes=5)


# The fold joins sets of sizes that the planner can't know, and a nested loop over two of them is quadratic. What it has
# to look up row by row is lateral, and can't be joined in another way.
LOOPS_OFF = text("SELECT set_config('enable_nestloop', 'off', true)")
LOOPS_ON = text("SELECT set_config('enable_nestloop', 'on', true)")

# Beside the faults of data: out of memory, and what PostgreSQL has no better name for, such as an array past 1 GB.
# Fewer buckets at a time may do, and if one alone fails, it is that one.
_TOO_MUCH = frozenset({"53200", "XX000"})


def rebuild(connection: Connection, level: RollupLevel, keys: BucketKeys) -> list[tuple[BucketKeys, str]]:
    """Compute the buckets ``keys`` of ``level`` again from its source; those that can't be, one by one, and why."""
    return compute(connection, level, keys, _rebuild)


def compute(
    connection: Connection,
    level: RollupLevel,
    keys: BucketKeys,
    how: Callable[[Connection, RollupLevel, BucketKeys], None],
) -> list[tuple[BucketKeys, str]]:
    """Compute the buckets ``keys`` in this way; those that can't be, one by one, and why.

    A bucket whose rows can't be folded must not hold up all others for ever: its keys are halved until it stands
    alone, and it keeps the state that it had.
    """
    if not keys:
        return []
    try:
        with connection.begin_nested():
            how(connection, level, keys)
    except DBAPIError as error:
        if not _is_of_the_rows(error):
            raise
        if len(keys) == 1:
            return [(keys, describe(error))]
        return [failure for half in keys.halves() for failure in compute(connection, level, half, how)]
    return []


def _is_of_the_rows(error: DBAPIError) -> bool:
    return classify(error) is Fault.DATA or getattr(error.orig, "sqlstate", None) in _TOO_MUCH


def _rebuild(connection: Connection, level: RollupLevel, keys: BucketKeys) -> None:
    parameters = {"level": level.name, "source": level.source, "width": level.width, **keys.parameters()}
    if level.source != RAW:
        split = connection.execute(_DELETE, parameters).scalar_one()
        _fold(connection, FIVES if level == FIVE else BUCKETS, split, level, keys, parameters)
        return
    names, latest, split = connection.execute(_DELETE_ALL_OF_MINUTES, parameters).one()
    fold = folds(connection).events
    for part in _parts(connection, keys):
        held = {"held_names": names, "held_latest": latest}
        _fold(connection, fold, split, level, part, {**parameters, **held, **part.parameters()})


def _parts(connection: Connection, keys: BucketKeys) -> Iterator[BucketKeys]:
    assert keys.earliest is not None
    assert keys.latest is not None
    if keys.latest - keys.earliest < _AT_ONCE:
        return iter([keys])
    return iter([BucketKeys(*row) for row in connection.execute(_PARTS, keys.parameters())])


def _fold(
    connection: Connection,
    fold: Fold,
    split: bool,
    level: RollupLevel,
    keys: BucketKeys,
    parameters: Mapping[str, Any],
) -> None:
    assert keys.earliest is not None
    assert keys.latest is not None
    span = {"earliest": keys.earliest, "end": keys.latest + level.width}
    connection.execute(LOOPS_OFF)
    connection.execute(fold.of(split), {**parameters, **span})
    connection.execute(LOOPS_ON)
