"""Sessions of people, as rows that every process sees: a hash of the cookie, who it is, and until when.

A session ends when nobody used it for ``idle``, when its time is over, when it is revoked, and when its person is let
in no longer.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, text

from db.users import User, user_from

# How exactly it is known when a session was last used: not every request writes.
TOUCH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """A session that holds. ``stale``: its last use is to be noted anew."""

    user: User
    stale: bool


def open_session(connection: Connection, digest: bytes, user_id: int, *, address: str, lifetime: timedelta) -> None:
    """Begin a session, for ``lifetime`` at most."""
    connection.execute(
        text(
            "INSERT INTO auth_sessions (digest, user_id, address, expires_at) "
            "VALUES (:digest, :user_id, :address, clock_timestamp() + CAST(:lifetime AS interval))"
        ),
        {"digest": digest, "user_id": user_id, "address": address, "lifetime": lifetime},
    )


def find_session(connection: Connection, digest: bytes, *, idle: timedelta) -> Session | None:
    """Return the session that holds under this hash."""
    row = connection.execute(
        text(
            "SELECT user_id, name, source, role, u.created_at, u.seen_at, disabled_at, permissions, "
            "s.seen_at < clock_timestamp() - CAST(:touch AS interval) "
            "FROM auth_sessions s JOIN auth_users u USING (user_id) JOIN auth_roles USING (role) "
            "WHERE digest = :digest AND disabled_at IS NULL AND expires_at > clock_timestamp() "
            "AND s.seen_at > clock_timestamp() - CAST(:idle AS interval)"
        ),
        {"digest": digest, "idle": idle, "touch": TOUCH},
    ).first()
    if row is None:
        return None
    *user, stale = row
    return Session(user_from(user), stale)


def touch_session(connection: Connection, digest: bytes) -> None:
    """Note that a session is used."""
    connection.execute(
        text("UPDATE auth_sessions SET seen_at = clock_timestamp() WHERE digest = :digest"), {"digest": digest}
    )


def close_session(connection: Connection, digest: bytes) -> None:
    """End a session."""
    connection.execute(text("DELETE FROM auth_sessions WHERE digest = :digest"), {"digest": digest})


def close_sessions_of(connection: Connection, name: str) -> int:
    """End every session of a person; how many there were."""
    return connection.execute(
        text("DELETE FROM auth_sessions USING auth_users u WHERE u.user_id = auth_sessions.user_id AND u.name = :name"),
        {"name": name},
    ).rowcount


def sweep_sessions(connection: Connection, *, idle: timedelta) -> int:
    """Delete the sessions that hold no longer; how many."""
    return connection.execute(
        text(
            "DELETE FROM auth_sessions WHERE expires_at <= clock_timestamp() "
            "OR seen_at <= clock_timestamp() - CAST(:idle AS interval)"
        ),
        {"idle": idle},
    ).rowcount
