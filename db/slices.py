"""Slices: ten seconds of an event each, from which its minute is folded for as long as it is open.

A pass that folded the whole open minute from raw each time would read an event about six times. So a mark says which
slices of its minute it stands for; a pass folds those from raw, and their minute from at most six slices. They list all
values that a fold tells apart, and are not used where that were too few (``cut``), so the minute is what a fold from
raw would have made of it.

They are a means and no record: nobody else reads them, they are deleted after minutes, and without them a minute is
folded from raw. That is so wherever it is not certain that they hold all of it. They do where the stored minute says
that it was folded from them (``sliced``), which whoever folds it otherwise, an older version too, does not write; where
nothing is stored of it, since a mark leaves the log only with what it stood for in a bucket or a failure; and every
mark of it since then says which slices it stands for, as flushes do and nobody else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from db.fold import FROM_SLICES, KEYS
from db.fold_distributed import folds
from db.keys import BucketKeys, bucket_arrays
from db.levels import LEVELS, SLICES, RollupLevel
from db.rollups import DELETE_MINUTES, LOOPS_OFF, LOOPS_ON, TAKEN, compute
from db.splits import DECLARED

MINUTE = LEVELS[0]
WIDTH = MINUTE.width / SLICES
_NAME = "slice"

# A minute that began longer ago is over: when nothing of it is stored yet, folding it once from raw costs less.
OPEN_FOR = MINUTE.width
# Most of what comes late comes within this.
KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Taken:
    """Minutes whose marks were taken: those to be folded from raw (``whole``), and those to be folded from slices
    (``minutes``) after ``slices`` of them were."""

    whole: BucketKeys
    minutes: BucketKeys
    slices: BucketKeys


_HELD = """EXISTS (
    SELECT FROM slice_buckets AS slice WHERE slice.event_name = marked.event_name
        AND slice.bucket_start >= marked.bucket_start AND slice.bucket_start < marked.bucket_start + :width
)"""
_TAKE = text(f"""
WITH {TAKEN.replace("mark.marked_at", "mark.marked_at, mark.slices")},
marked AS MATERIALIZED (
    SELECT event_name, bucket_start, min(marked_at) AS marked_at, count(*) = count(slices) AS told,
        bit_or(slices) AS slices
    FROM gone GROUP BY 1, 2
), judged AS MATERIALIZED (
    SELECT event_name, bucket_start, marked_at, slices, CASE
        WHEN NOT told OR bucket_start < clock_timestamp() - :kept OR EXISTS (
            SELECT FROM rollup_failures AS failure WHERE failure.level = :level
                AND failure.event_name = marked.event_name AND failure.bucket_start = marked.bucket_start
        ) THEN false
        ELSE COALESCE((
            SELECT stored.sliced IS TRUE AND {_HELD} FROM telemetry_buckets AS stored
            WHERE stored.event_name = marked.event_name AND stored.bucket_type = :level
                AND stored.bucket_start = marked.bucket_start
        ), bucket_start > clock_timestamp() - :open_for AND NOT {_HELD})
        END AS sliced
    FROM marked
)
SELECT 'whole' AS kind, each.* FROM ({bucket_arrays("SELECT * FROM judged WHERE NOT sliced")}) AS each
UNION ALL
SELECT 'minutes', each.* FROM ({bucket_arrays("SELECT * FROM judged WHERE sliced")}) AS each
UNION ALL
SELECT 'slices', each.* FROM ({
    bucket_arrays(f'''
    SELECT event_name, bucket_start + place * CAST(:slice AS interval) AS bucket_start, marked_at
    FROM judged CROSS JOIN generate_series(0, {SLICES - 1}) AS place WHERE sliced AND slices & (1 << place) <> 0
''')
}) AS each
""")


def take(connection: Connection, limit: int, before: datetime | None = None) -> Taken:
    """Remove every visible mark of up to ``limit`` distinct minutes, newest first, and return how to fold them.

    ``before``: only minutes that start earlier. The caller holds the rollup lock.
    """
    values = {"level": MINUTE.name, "limit": limit, "before": before, "width": MINUTE.width, "slice": WIDTH}
    rows = connection.execute(_TAKE, {**values, "kept": KEPT, "open_for": OPEN_FOR})
    found = {kind: BucketKeys(*keys) for kind, *keys in rows}
    return Taken(*(found.get(kind, BucketKeys()) for kind in ("whole", "minutes", "slices")))


# A slice that can't be folded tells nothing, and whatever the fold of its minute from raw says of it is said.
_CUT = text("""
INSERT INTO slice_buckets AS stored (event_name, bucket_type, bucket_start, count, cut)
SELECT event_name, :level, bucket_start, 0, true
FROM unnest((CAST(:names AS text[]))[:first : :last], (CAST(:starts AS timestamptz[]))[:first : :last])
    AS key (event_name, bucket_start)
ON CONFLICT (event_name, bucket_start) DO UPDATE SET cut = true
""")
_PARTED = text(f"""
WITH parted AS MATERIALIZED (
    SELECT *, EXISTS (
        SELECT FROM slice_buckets AS slice WHERE cut AND slice.event_name = key.event_name
            AND slice.bucket_start >= key.bucket_start AND slice.bucket_start < key.bucket_start + :width
    ) AS cut
    FROM unnest(
        (CAST(:names AS text[]))[:first : :last], (CAST(:starts AS timestamptz[]))[:first : :last],
        (CAST(:marked AS timestamptz[]))[:first : :last]
    ) AS key (event_name, bucket_start, marked_at)
)
SELECT false AS cut, each.* FROM ({bucket_arrays("SELECT * FROM parted WHERE NOT cut")}) AS each
UNION ALL
SELECT true, each.* FROM ({bucket_arrays("SELECT * FROM parted WHERE cut")}) AS each
""")


def make(connection: Connection, taken: Taken) -> tuple[BucketKeys, BucketKeys]:
    """Fold the slices that were taken from raw; return the minutes that can be folded from theirs, and those of which a
    slice does not tell all."""
    if not taken.slices:
        return taken.minutes, BucketKeys()
    for each, _ in compute(connection, MINUTE, taken.slices, _make):
        connection.execute(_CUT, {"level": _NAME, **each.parameters()})
    rows = connection.execute(_PARTED, {"width": MINUTE.width, **taken.minutes.parameters()})
    found = {cut: BucketKeys(*keys) for cut, *keys in rows}
    return found.get(False, BucketKeys()), found.get(True, BucketKeys())


# Whether any of them has splits.
_DELETE = text(f"""
WITH {KEYS}, split AS (
    DELETE FROM slice_splits AS split USING keys
    WHERE split.event_name = keys.event_name AND split.bucket_start = keys.bucket_start
), gone AS (
    DELETE FROM slice_buckets AS slice USING keys
    WHERE slice.event_name = keys.event_name AND slice.bucket_start = keys.bucket_start
)
SELECT {DECLARED}
""")


def _make(connection: Connection, level: RollupLevel, keys: BucketKeys) -> None:
    assert keys.earliest is not None
    assert keys.latest is not None
    values = {"level": _NAME, "width": WIDTH, **keys.parameters()}
    split = connection.execute(_DELETE, values).scalar_one()
    fold = folds(connection).slices.of(split)
    connection.execute(LOOPS_OFF)
    connection.execute(fold, {**values, "earliest": keys.earliest, "end": keys.latest + WIDTH})
    connection.execute(LOOPS_ON)


def fold(connection: Connection, minutes: BucketKeys) -> list[tuple[BucketKeys, str]]:
    """Compute minutes again from their slices; those that can't be, one by one, and why."""
    return compute(connection, MINUTE, minutes, _fold)


def _fold(connection: Connection, level: RollupLevel, keys: BucketKeys) -> None:
    values = {"level": level.name, "source": _NAME, "width": level.width, **keys.parameters()}
    names, latest, split = connection.execute(DELETE_MINUTES, values).one()
    connection.execute(LOOPS_OFF)
    connection.execute(FROM_SLICES.of(split), {**values, "held_names": names, "held_latest": latest})
    connection.execute(LOOPS_ON)


_FORGET = text("""
WITH split AS (DELETE FROM slice_splits WHERE bucket_start < date_bin(:width, clock_timestamp() - :kept, 'epoch'))
DELETE FROM slice_buckets WHERE bucket_start < date_bin(:width, clock_timestamp() - :kept, 'epoch')
""")


def forget(connection: Connection) -> None:
    """Delete the slices of minutes that began long ago; of no minute only some. The caller holds the rollup lock."""
    connection.execute(_FORGET, {"width": MINUTE.width, "kept": KEPT})
