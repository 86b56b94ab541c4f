"""Daily partitions of raw events, by UTC day: made ahead and on demand, dropped by retention."""

import random
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from time import sleep
from weakref import WeakKeyDictionary

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from db.engine import Database, default_database
from db.floors import PurgeBlockedError, past, raise_ingest_floor, raise_recompute_floor, refuse_while_dirty
from db.rollups import lock as rollup_lock
from db.schema import LOCK_PARTITIONS

DAYS_AHEAD = 2

# Per process: the days whose partitions are known to stand, so that a flush asks nothing. A partition that is dropped
# stays listed here without harm: the ingest floor was raised above it first.
_known: WeakKeyDictionary[Database, set[date]] = WeakKeyDictionary()
_lock = threading.Lock()


def partition_name(day: date) -> str:
    """Return the table that holds a UTC day's raw events."""
    return f"telemetry_events_{day:%Y%m%d}"


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return a UTC day's start and end."""
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
        standing = attached_partitions(connection)
    # Not those below the floor: it may be lowered.
    known.update(day for day in wanted if partition_name(day) in standing)
    return made


def make_partitions(connection: Connection, days: Iterable[date]) -> None:
    """Make the partitions of these UTC days where they lack, also below raw's ingest floor. The caller holds the rollup
    lock: a purge drops none of them before it has raised the recompute floor, which needs that lock, too."""
    standing = attached_partitions(connection)
    if lacking := [day for day in days if partition_name(day) not in standing]:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_PARTITIONS})
        standing = attached_partitions(connection)
        for day in lacking:
            if partition_name(day) not in standing:
                _attach(connection, day, *day_bounds(day))


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
    # Events below the floor are late: they need no partition, nor wait for who makes one.
    floor = connection.execute(_RAW_FLOOR).scalar()
    lacking = [day for day in days if partition_name(day) not in standing and not _lies_below(day, floor)]
    if not lacking:
        return 0
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_PARTITIONS})
    # The share lock holds off a purge that would raise the floor while we attach a partition below it.
    floor = connection.execute(text(f"{_RAW_FLOOR} FOR SHARE")).scalar()
    standing = attached_partitions(connection)
    made = 0
    for day in lacking:
        if partition_name(day) not in standing and not _lies_below(day, floor):
            _attach(connection, day, *day_bounds(day))
            made += 1
    return made


_RAW_FLOOR = text("SELECT NULLIF(ingest_floor, '-infinity') FROM retention_floors WHERE level = 'raw'")


def _lies_below(day: date, floor: datetime | None) -> bool:
    return floor is not None and day_bounds(day)[1] <= floor


def _attach(connection: Connection, day: date, start: datetime, end: datetime) -> None:
    name = partition_name(day)
    connection.execute(
        text(
            f"CREATE TABLE IF NOT EXISTS {name} "
            "(LIKE telemetry_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)"
        )
    )
    # Of several roles that make partitions each can drop those of the others, where all belong to one who owns them.
    if (owner := connection.execute(_OWNER_OF_EVENTS).scalar()) is not None:
        connection.execute(text(f"ALTER TABLE {name} OWNER TO {owner}"))
    connection.execute(
        text(
            f"ALTER TABLE telemetry_events ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
        )
    )


_OWNER_OF_EVENTS = text(
    "SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class "
    "WHERE oid = 'telemetry_events'::regclass AND pg_get_userbyid(relowner) <> current_user"
)


def attached_partitions(connection: Connection) -> set[str]:
    """Return the names of the partitions that hold raw events now."""
    return set(
        connection.execute(
            text(
                "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
                "WHERE inhparent = 'telemetry_events'::regclass"
            )
        ).scalars()
    )


# Dropping waits this long for readers before it lets those go on that queue up behind it, and then tries again, some
# times. It holds the rollup's lock meanwhile, so the pauses are several times as long: passes come through in them.
DROP_LOCK_TIMEOUT = "300ms"
DROP_ATTEMPTS = 10
DROP_PAUSE_SECONDS = 3.0


def purge_events_before(
    cutoff: datetime, *, database: Database | None = None, drain: Callable[[Connection], object] | None = None
) -> int:
    """Drop the partitions of whole UTC days before ``cutoff`` (aware); how many there were.

    Sealed so that no bucket is ever computed from what is half gone: first nothing older may come in, then everything
    below is rolled up, and only then it is dropped. ``drain(connection)`` rolls up, in a transaction that holds the
    rollup lock. Raises ``PurgeRefusedError`` if anything below the cutoff stays dirty; without ``drain``, if anything
    is.
    """
    database = database or default_database()
    with database.begin() as connection:
        floor = past(connection, cutoff)
        # Without anything to drop the floor stays: a fresh store takes history of any age.
        if not partitions_before(connection, floor):
            return 0
        if drain is None:
            refuse_while_dirty(connection, floor)
    with database.begin() as connection:
        raise_ingest_floor(connection, "raw", floor)
    if drain is not None:
        with database.begin() as connection:
            rollup_lock(connection)
            drain(connection)
    with database.begin() as connection:
        ends = sorted(end for _, end in partitions_before(connection, floor))
    for end in [*ends, floor]:
        _persistently(partial(_drop_before, database, end, drain))
    return len(ends)


def _drop_before(database: Database, floor: datetime, drain: Callable[[Connection], object] | None) -> None:
    with database.begin() as connection:
        rollup_lock(connection)
        if drain is not None:
            # What came late since, and is not wholly computed yet (``db.late``).
            drain(connection)
        refuse_while_dirty(connection, floor)
        connection.execute(text(f"SET LOCAL lock_timeout = '{DROP_LOCK_TIMEOUT}'"))
        raise_recompute_floor(connection, "raw", floor)
        for name, _ in partitions_before(connection, floor):
            connection.execute(text(f'DROP TABLE "{name}"'))


def _persistently(action: Callable[[], None]) -> None:
    """Do it, and again after a random pause while a reader holds what it needs."""
    for attempt in range(1, DROP_ATTEMPTS + 1):
        try:
            action()
            return
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            if attempt == DROP_ATTEMPTS:
                raise PurgeBlockedError("somebody reads what is to go, for longer than the purge waits") from None
            sleep(random.uniform(0, DROP_PAUSE_SECONDS))  # noqa: S311 - jitter


def partitions_before(connection: Connection, floor: datetime) -> list[tuple[str, datetime]]:
    """Name and end (exclusive) of each partition that ends at or before ``floor``, oldest first."""
    rows = connection.execute(
        text("""
            SELECT relname, upper FROM (
                SELECT child.relname, CAST(substring(pg_get_expr(child.relpartbound, child.oid)
                    FROM $$TO \\('([^']+)'\\)$$) AS timestamptz) AS upper
                FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
                WHERE inhparent = 'telemetry_events'::regclass
            ) AS partition
            WHERE upper <= :floor ORDER BY upper
        """),
        {"floor": floor},
    )
    return [(name, end) for name, end in rows]
