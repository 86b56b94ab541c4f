"""The clock that retention goes by: the database's, and of that only what has been watched to run evenly.

A clock that leaps ahead for some seconds must not drop what is not old, and nothing that was dropped comes back. So
whatever drops or raises a floor asks ``trusted_time``, and floors refuse to rise past it: it is never later than the
database's clock, and follows a leap only when the clock has gone on evenly from there for ``EVEN_FOR``.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

# Looks at the clock follow one another at most this far apart, or nobody was looking.
LOOKS_APART = timedelta(minutes=5)
EVEN_FOR = timedelta(minutes=10)
# Processes that look at the same time may come out of turn.
OUT_OF_TURN = timedelta(minutes=1)
CLOCKS_MAY_DIFFER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ClockWatch:
    """What is known of the database's clock; all aware.

    ``even_since``: since when looks have found it to run evenly. ``seen_at``: the last look. ``trusted_at``: so late it
    certainly is.
    """

    even_since: datetime
    seen_at: datetime
    trusted_at: datetime


def look(watch: ClockWatch | None, now: datetime) -> ClockWatch:
    """Return what is known after a look that found ``now``. The first clock that is ever seen is believed."""
    if watch is None:
        return ClockWatch(now, now, now)
    if now < watch.seen_at - OUT_OF_TURN:
        # Set back: what it said before was wrong, or is now. The earlier of the two drops less.
        return ClockWatch(now, now, min(watch.trusted_at, now))
    if now > watch.seen_at + LOOKS_APART:
        # A leap, or nobody looked: that it is later than at the last look is all that is known.
        return ClockWatch(now, now, max(watch.trusted_at, watch.seen_at))
    even = now - watch.even_since >= EVEN_FOR
    seen_at = max(now, watch.seen_at)
    return ClockWatch(watch.even_since, seen_at, max(now, watch.trusted_at) if even else watch.trusted_at)


def watch_clock(connection: Connection) -> ClockWatch:
    """Look at the database's clock, and remember what it said."""
    now, watch = _read(connection, " FOR UPDATE")
    seen = look(watch, now)
    connection.execute(
        text("UPDATE retention_clock SET even_since = :even_since, seen_at = :seen_at, trusted_at = :trusted_at"),
        {"even_since": seen.even_since, "seen_at": seen.seen_at, "trusted_at": seen.trusted_at},
    )
    return seen


def trusted_time(connection: Connection) -> datetime:
    """Return the moment (aware UTC) that nothing is purged by the future of. Changes nothing."""
    now, watch = _read(connection)
    return min(now, look(watch, now).trusted_at)


def _read(connection: Connection, lock: str = "") -> tuple[datetime, ClockWatch | None]:
    row = connection.execute(
        text(f"SELECT clock_timestamp() AS now, even_since, seen_at, trusted_at FROM retention_clock{lock}")
    ).one()
    if row.seen_at is None:
        return row.now.astimezone(UTC), None
    now, *seen = (moment.astimezone(UTC) for moment in row)
    return now, ClockWatch(*seen)


def clock_offset(connection: Connection, host: datetime | None = None) -> timedelta:
    """Return how far the database's clock is ahead of this machine's; negative: behind.

    Zero where the time that the question took explains the difference. ``host``: what this machine's clock says, by
    default what it says now.
    """
    before = host or datetime.now(UTC)
    database: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    after = host or datetime.now(UTC)
    return offset_between(before, database, after)


def offset_between(before: datetime, database: datetime, after: datetime) -> timedelta:
    """Return how far a clock that said ``database`` between ``before`` and ``after`` of another is ahead of that."""
    return max(timedelta(0), database - after) or min(timedelta(0), database - before)


def disagreement(offset: timedelta) -> str | None:
    """Say in half a sentence that the clocks differ and what of it; None where they agree well enough."""
    if abs(offset) <= CLOCKS_MAY_DIFFER:
        return None
    side = "behind" if offset > timedelta(0) else "ahead of"
    return (
        f"this machine's clock is {_roughly(abs(offset))} {side} the database's: events that name no time get a wrong "
        "one, and nothing is purged until the clocks agree"
    )


def _roughly(length: timedelta) -> str:
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if length.total_seconds() >= 2 * size:
            return f"{length.total_seconds() / size:.0f} {unit}"
    return f"{length.total_seconds():.0f} s"
