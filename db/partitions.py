"""Daily partitions of raw events, by UTC day: made ahead and on demand, dropped by retention."""

import threading
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, text

from db.engine import Database
from db.schema import LOCK_PARTITIONS

DAYS_AHEAD = 2

# Per process: the days whose partitions are known to stand, so that a flush asks nothing. A partition that is dropped
# stays listed here without harm: the ingest floor was raised above it first.
_known: WeakKeyDictionary[Database, set[date]] = WeakKeyDictionary()
_lock = threading.Lock()


def partition_name(day: date) -> str:
    """The table that holds a UTC day's raw events."""
    return f"telemetry_events_{day:%Y%m%d}"


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """A UTC day's start and end."""
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)


def ensure_partitions(database: Database, days: Iterable[date]) -> int:
    """Make the partitions of these UTC days where they lack, except below raw's ingest floor; how many were made.

    A table is made first and attached then, which lets inserts into the other partitions go on.
    """
    with _lock:
        known = _known.setdefault(database, set())
    wanted = sorted(set(days) - known)
    if not wanted:
        return 0
    with database.begin() as connection:
        made = _make(connection, wanted)
    known.update(wanted)
    return made


def ensure_partitions_ahead(database: Database, now: datetime) -> int:
    """Make the partitions of today and the next days, as a scheduled job; how many were made."""
    today = now.astimezone(UTC).date()
    return ensure_partitions(database, (today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)))


def forget_partitions(database: Database) -> None:
    """Ask the database again which partitions stand: somebody else has dropped one."""
    with _lock:
        _known.pop(database, None)


def _make(connection: Connection, days: list[date]) -> int:
    standing = attached_partitions(connection)
    lacking = [day for day in days if partition_name(day) not in standing]
    if not lacking:
        return 0
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_PARTITIONS})
    # The share lock holds off a purge that would raise the floor while we attach a partition below it.
    floor = connection.execute(
        text("SELECT NULLIF(ingest_floor, '-infinity') FROM retention_floors WHERE level = 'raw' FOR SHARE")
    ).scalar()
    standing = attached_partitions(connection)
    made = 0
    for day in lacking:
        start, end = day_bounds(day)
        if partition_name(day) in standing or (floor is not None and end <= floor):
            continue
        _attach(connection, day, start, end)
        made += 1
    return made


def _attach(connection: Connection, day: date, start: datetime, end: datetime) -> None:
    name = partition_name(day)
    connection.execute(
        text(
            f"CREATE TABLE IF NOT EXISTS {name} "
            "(LIKE telemetry_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)"
        )
    )
    connection.execute(
        text(
            f"ALTER TABLE telemetry_events ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
        )
    )


def attached_partitions(connection: Connection) -> set[str]:
    """The names of the partitions that hold raw events now."""
    return set(
        connection.execute(
            text(
                "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
                "WHERE inhparent = 'telemetry_events'::regclass"
            )
        ).scalars()
    )
