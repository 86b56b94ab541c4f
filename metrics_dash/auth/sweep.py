"""What belongs to nobody any more: sessions, walls and counted tries that are over. The audit log stays."""

from datetime import timedelta

from sqlalchemy import Connection

from db.attempts import sweep_attempts
from db.links import sweep_walls
from db.sessions import sweep_sessions

WALLS_UNSEEN = timedelta(days=30)
ATTEMPTS_OVER = timedelta(days=1)


def sweep(connection: Connection, *, idle: timedelta) -> dict[str, int]:
    """Delete it; how many rows of each table. ``idle``: how long a session lasts unused."""
    return {
        "auth_sessions": sweep_sessions(connection, idle=idle),
        "auth_walls": sweep_walls(connection, WALLS_UNSEEN),
        "auth_attempts": sweep_attempts(connection, ATTEMPTS_OVER),
    }
