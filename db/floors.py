"""Retention floors: below them a level holds nothing any more. Purges raise them, and always to a UTC midnight.

What comes for a time below raw's ingest floor is late (``db.late``), below that of days it is too old.

Raw's partitions and every coarser bucket lie on one side of a UTC midnight, so no bucket is ever computed from a finer
level that is half gone. No floor rises past the time that ``db.clock`` trusts, whoever raises it and to what.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from db.clock import trusted_time, watch_clock
from db.levels import BUCKET_TYPES
from db.rows import check_aware


class PurgeRefusedError(RuntimeError):
    """A purge that would drop what has not been rolled up, or is not old. Nothing was dropped."""


class PurgeBlockedError(RuntimeError):
    """A purge that found no moment in which nobody read what was to go. It may be tried again."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Where a level begins; None before its first purge. ``held_since``: since when its purge has been waiting."""

    ingest: datetime | None
    recompute: datetime | None
    held_since: datetime | None


def align(cutoff: datetime) -> datetime:
    """Return the UTC midnight at or before ``cutoff`` (aware). Raises ``ValueError`` for one without a time zone."""
    check_aware(cutoff=cutoff)
    return cutoff.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def read_floors(connection: Connection) -> dict[str, Floor]:
    """Return every level's floor: ``raw``, ``minute``, ``hour``, ``day``."""
    rows = connection.execute(
        text(
            "SELECT level, NULLIF(ingest_floor, '-infinity'), NULLIF(recompute_floor, '-infinity'), held_since "
            "FROM retention_floors"
        )
    )
    return {level: Floor(_utc(ingest), _utc(recompute), _utc(held)) for level, ingest, recompute, held in rows}


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def past(connection: Connection, cutoff: datetime) -> datetime:
    """Return the UTC midnight at or before ``cutoff`` (aware) and the time that is trusted."""
    check_aware(cutoff=cutoff)
    return align(min(cutoff, watch_clock(connection).trusted_at))


def _refuse_future(connection: Connection, floor: datetime) -> None:
    now = trusted_time(connection)
    if floor > now:
        raise PurgeRefusedError(f"no floor can rise to {floor.isoformat()}: the trusted time is {now.isoformat()}")


def raise_ingest_floor(connection: Connection, level: str, floor: datetime) -> None:
    """Let nothing older than ``floor`` into ``level`` from the commit on. Waits for flushes that read the old floor.

    Raises ``PurgeRefusedError`` for a floor in the future.
    """
    _refuse_future(connection, floor)
    connection.execute(
        text("UPDATE retention_floors SET ingest_floor = :floor WHERE level = :level AND ingest_floor < :floor"),
        {"level": level, "floor": floor},
    )


def raise_recompute_floor(connection: Connection, level: str, floor: datetime) -> None:
    """Let nothing be computed any more from ``level`` below ``floor``. The caller holds the rollup lock.

    Raises ``PurgeRefusedError`` for a floor in the future.
    """
    _refuse_future(connection, floor)
    connection.execute(
        text("UPDATE retention_floors SET recompute_floor = :floor WHERE level = :level AND recompute_floor < :floor"),
        {"level": level, "floor": floor},
    )


def hold_floor(connection: Connection, level: str) -> None:
    """Let nobody look whether an event lies above a level's floor until this transaction ends; waits for who has."""
    connection.execute(text("SELECT 1 FROM retention_floors WHERE level = :level FOR UPDATE"), {"level": level})


def hold(connection: Connection, level: str, since: datetime | None) -> None:
    """Record since when the purge of ``level`` waits; None: it does not wait."""
    connection.execute(
        text(
            "UPDATE retention_floors SET held_since = CAST(:since AS timestamptz) "
            "WHERE level = :level AND held_since IS DISTINCT FROM CAST(:since AS timestamptz)"
        ),
        {"level": level, "since": since},
    )


def dirty_below(connection: Connection, cutoff: datetime) -> int:
    """Return how many marks, of whatever level, lie below ``cutoff``."""
    return int(
        connection.execute(
            text("SELECT count(*) FROM rollup_dirty WHERE level = ANY(:levels) AND bucket_start < :cutoff"),
            {"cutoff": cutoff, "levels": list(BUCKET_TYPES)},
        ).scalar_one()
    )


def refuse_while_dirty(connection: Connection, cutoff: datetime) -> None:
    """Raise ``PurgeRefusedError`` if anything below ``cutoff`` waits to be rolled up."""
    dirty = dirty_below(connection, cutoff)
    if dirty:
        raise PurgeRefusedError(f"{dirty} dirty buckets lie below {cutoff.isoformat()}; roll them up before purging")
