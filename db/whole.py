"""Keys that are counted as a whole: of a metadata key with too many values, such as an id, how many events carry it.

Telling the values of such a key apart is most of the work of a fold, and none of them would be listed. So a key that
showed more than ``VALUES_AT_ONCE`` values within one minute of an event is counted as a whole from the next bucket on:
in ``metadata_counts`` it has one entry, OTHER, so everything that adds up still does. A dimension that a catalog
declares is always told apart, and declaring a key later undoes it (``db.declared``).

A bucket that is computed again becomes what it was, whoever does it and when: ``whole_keys`` says since when a key is
counted so, and that is never changed. It begins after every minute of the event that is stored, or folded by the same
statement, when the key is found to be wide: no bucket was ever made in the other way. Whoever folds holds the rollup
lock, so nobody finds the same at the same time, and a pass that is undone has found nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

VALUES_AT_ONCE = 200

# The keys of each bucket that are counted as a whole in it.
WHOLE = """
whole AS MATERIALIZED (
    SELECT bucket, array_agg(key) AS fields
    FROM keys JOIN whole_keys USING (event_name)
    WHERE since <= bucket_start AND (until IS NULL OR bucket_start < until)
    GROUP BY 1
)"""


def found_sql(field: str) -> str:
    """Return what a fold of minutes finds to be wide, as SQL; ``field``: a key as ``ranked`` calls it.

    ``held`` has the events of which it may find anything, and the last minute of each that was stored before;
    ``ranked``, of each bucket's keys, how many values have which count.
    """
    return f"""
found AS (
    INSERT INTO whole_keys (event_name, key, since)
    SELECT event_name, key, greatest(held.latest, folded.latest) + CAST(:width AS interval)
    FROM (
        SELECT DISTINCT event_name, field
        FROM (SELECT bucket, field FROM ranked GROUP BY 1, 2 HAVING sum(size) > {VALUES_AT_ONCE}) AS shown
            JOIN keys USING (bucket)
    ) AS wide
        JOIN (SELECT event_name, key, {field} AS field FROM named WHERE kind = 'metadata') AS named
            USING (event_name, field)
        JOIN (
            SELECT * FROM unnest(CAST(:held_names AS text[]), CAST(:held_latest AS timestamptz[]))
                AS held (event_name, latest)
        ) AS held USING (event_name)
        JOIN (SELECT event_name, max(bucket_start) AS latest FROM keys GROUP BY 1) AS folded USING (event_name)
    WHERE (event_name, key) NOT IN (SELECT event_name, key FROM event_keys WHERE kind = 'split')
    ON CONFLICT DO NOTHING
)"""


# For `held`, from a statement's own `keys`, before anything of them is deleted; and whether any of them has splits. A
# minute of which slices stand may be folded from them after what finds a key to be wide: it counts as stored.
HELD = """
SELECT array_agg(event_name)::text, array_agg(latest)::text, bool_or(split)
FROM (
    SELECT event_name, EXISTS (
        SELECT FROM event_keys WHERE kind = 'split' AND event_keys.event_name = folded.event_name
    ) AS split, greatest((
        SELECT bucket_start FROM telemetry_buckets AS stored
        WHERE stored.event_name = folded.event_name AND bucket_type = :level ORDER BY bucket_start DESC LIMIT 1
    ), (
        SELECT date_bin(:width, bucket_start, 'epoch') FROM slice_buckets AS slice
        WHERE slice.event_name = folded.event_name ORDER BY bucket_start DESC LIMIT 1
    )) AS latest
    FROM (SELECT DISTINCT event_name FROM keys) AS folded
) AS held
"""

FINDING_NOTHING: dict[str, Any] = {"held_names": "{}", "held_latest": "{}"}

# What was declared is told apart from now on, and wherever it is computed again, which the declaration sees to: above
# raw's recompute floor. What can't be stays counted as it was.
UNDONE = """
undone AS (
    UPDATE whole_keys AS whole SET until = greatest(since, recompute_floor)
    FROM declared, retention_floors AS floor
    WHERE floor.level = 'raw' AND declared.kind = 'split' AND until IS NULL
        AND (whole.event_name, whole.key) = (declared.event_name, declared.key)
)"""


@dataclass(frozen=True, slots=True)
class WholeKey:
    """A metadata key of an event that is counted as a whole in buckets that begin at ``since`` (aware UTC) or later."""

    event_name: str
    key: str
    since: datetime


def whole_keys(connection: Connection) -> list[WholeKey]:
    """Return the keys that are counted as a whole now, the newest first."""
    rows = connection.execute(
        text("SELECT event_name, key, since FROM whole_keys WHERE until IS NULL ORDER BY since DESC, event_name, key")
    )
    return [WholeKey(name, key, since.astimezone(UTC)) for name, key, since in rows]
