"""The server around the database, as an operator asks about it: connections, clock and disk."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Connections:
    """How many connections there are now, of everybody's, and how many an ordinary role may have."""

    used: int
    most: int


def connections(connection: Connection) -> Connections:
    """Count the server's connections."""
    row = connection.execute(
        text(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used, "
            "(SELECT sum(CASE WHEN name = 'max_connections' THEN 1 ELSE -1 END * CAST(setting AS integer)) "
            "FROM pg_settings WHERE name IN "
            "('max_connections', 'superuser_reserved_connections', 'reserved_connections')) AS most"
        )
    ).one()
    return Connections(row.used, row.most)


def clock(connection: Connection) -> datetime:
    """Return the server's time."""
    moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def data_folder(connection: Connection) -> Path | None:
    """Return where the server keeps its data, on its machine; None where the role may not know."""
    found = connection.execute(text("SELECT setting FROM pg_settings WHERE name = 'data_directory'")).scalar()
    return Path(found) if found else None


def database_bytes(connection: Connection) -> int:
    """Return how large the database is on disk."""
    return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
