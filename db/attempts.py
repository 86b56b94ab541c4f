"""How often somebody tried of late, counted in the database, so that more processes allow no more tries.

Each key (an account, an address) is a leaking bucket: a try fills it by one, and it leaks evenly. A try that finds it
full does not count, so nobody is kept out for longer by somebody else's going on.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many tries at once, and one more after each ``per``."""

    tries: int
    per: timedelta


# What a key's bucket holds now.
_LEFT = "greatest(0, auth_attempts.level - extract(epoch FROM clock_timestamp() - auth_attempts.changed_at) / :per)"


def attempt(connection: Connection, key: str, allowance: Allowance) -> timedelta | None:
    """Count a try; None where it is allowed, else how long to wait. Tries at the same moment are counted one by one."""
    found = {"key": key, "per": allowance.per.total_seconds(), "tries": allowance.tries}
    allowed = connection.execute(
        text(
            "INSERT INTO auth_attempts (key, level) VALUES (:key, 1) ON CONFLICT (key) DO UPDATE "
            f"SET level = {_LEFT} + 1, changed_at = clock_timestamp() WHERE {_LEFT} + 1 <= :tries RETURNING level"
        ),
        found,
    ).scalar_one_or_none()
    if allowed is not None:
        return None
    level = connection.execute(text(f"SELECT {_LEFT} FROM auth_attempts WHERE key = :key"), found).scalar_one_or_none()
    return max(timedelta(seconds=1), allowance.per * (float(level or 0) + 1 - allowance.tries))


def forgive(connection: Connection, key: str) -> None:
    """Take back one try: it was no guess."""
    connection.execute(text("UPDATE auth_attempts SET level = greatest(0, level - 1) WHERE key = :key"), {"key": key})


def sweep_attempts(connection: Connection, older: timedelta) -> int:
    """Delete the keys that nobody tried for so long; how many."""
    return connection.execute(
        text("DELETE FROM auth_attempts WHERE changed_at < clock_timestamp() - CAST(:older AS interval)"),
        {"older": older},
    ).rowcount
