"""Lowering a floor that rose by mistake, as far as nothing was lost by it.

A floor says that everything above it is there. So it can be no lower than the end of the last bucket that knows of more
events than the level below still has: what a late event would make be computed again is whole, or out of reach.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from db.engine import Database
from db.floors import align, read_floors
from db.levels import LEVELS, RAW, WIDTHS
from db.rollups import lock

# What is computed from a level, and how wide it is: a floor lies at one of its edges.
_COARSER = {level.source: level for level in LEVELS}


class FloorKeptError(ValueError):
    """A floor that can't be lowered so far. The message is one line, and says how far it can."""


def lower_floor(database: Database, level: str, to: datetime | None = None) -> datetime | None:
    """Lower both floors of a level to ``to`` (aware), by default as far as can be; return the new one, None for none.

    Raises ``FloorKeptError`` where something was lost above ``to``, or nothing is to be lowered.
    """
    with database.begin() as connection:
        # First and alone: what follows must see what the last pass committed.
        lock(connection)
        floor = read_floors(connection)[level]
        current = max((each for each in (floor.ingest, floor.recompute) if each is not None), default=None)
        if current is None:
            raise FloorKeptError(f"{level} has no floor")
        lowest = _lowest(connection, level, current)
        target = lowest if to is None else _edge_at_or_after(to, level)
        if lowest is not None and (target is None or target < lowest):
            raise FloorKeptError(f"{level} was purged up to {lowest.isoformat()}; no lower")
        if target is not None and target >= current:
            raise FloorKeptError(
                f"{level} has its floor at {current.isoformat()}, and can't go below {target.isoformat()}"
            )
        connection.execute(
            text(
                "UPDATE retention_floors SET ingest_floor = least(ingest_floor, :to), "
                "recompute_floor = least(recompute_floor, :to) WHERE level = :level"
            ),
            {"level": level, "to": target or "-infinity"},
        )
    return target


def _lowest(connection: Connection, level: str, current: datetime) -> datetime | None:
    """Return how low the floor of a level may lie at least; None where nothing was lost."""
    coarser = _COARSER.get(level)
    if coarser is None:
        # Nothing coarser tells what days held. Tomorrow has not come, so nothing of it can have been dropped.
        now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return min(current, align(now) + timedelta(days=1))
    lost = connection.execute(
        text(_LOST_RAW if level == RAW else _LOST_BUCKETS),
        {"coarser": coarser.name, "finer": level, "floor": current, "width": coarser.width},
    ).scalar()
    bounds = [lost.astimezone(UTC) + coarser.width] if lost is not None else []
    # Below its own floor the coarser level can't tell what there was, and would not be computed again either.
    own = read_floors(connection)[coarser.name].recompute
    return max([*bounds, *([own] if own is not None else [])], default=None)


def _edge_at_or_after(moment: datetime, level: str) -> datetime:
    width = _COARSER[level].width if level in _COARSER else WIDTHS["day"]
    start = align(moment)
    return start + -(-(moment.astimezone(UTC) - start) // width) * width


# The last bucket below the floor that counted more than there is. One of samples alone counts none, and less is left
# where nothing is.
_LOST_RAW = """
SELECT max(bucket_start) FROM telemetry_buckets AS bucket
WHERE bucket_type = :coarser AND bucket_start < :floor AND count > (
    SELECT CASE count(*) WHEN 0 THEN -1 ELSE coalesce(sum(weight) FILTER (WHERE kind = 'event'), 0) END
    FROM telemetry_events AS event WHERE event.event_name = bucket.event_name
    AND occurred_at >= bucket.bucket_start AND occurred_at < bucket.bucket_start + CAST(:width AS interval)
    AND CAST(:finer AS text) = 'raw'
)
"""
_LOST_BUCKETS = """
SELECT max(bucket_start) FROM telemetry_buckets AS bucket
WHERE bucket_type = :coarser AND bucket_start < :floor AND count > (
    SELECT coalesce(sum(finer.count), -1) FROM telemetry_buckets AS finer
    WHERE finer.event_name = bucket.event_name AND finer.bucket_type = :finer
    AND finer.bucket_start >= bucket.bucket_start
    AND finer.bucket_start < bucket.bucket_start + CAST(:width AS interval)
)
"""
