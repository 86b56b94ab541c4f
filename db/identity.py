"""Which database this is, as PostgreSQL itself tells: told apart are also copies of one another."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection, text

_WORD_BYTES = 8


@dataclass(frozen=True, slots=True)
class Identity:
    """A database of a cluster, and the start of the server that was asked.

    A streaming replica shares ``system`` (written once, by ``initdb``) and ``database`` (its oid) with its primary, as
    a copy of the data folder does; ``started_at`` tells servers apart that share both.
    """

    system: int
    database: int
    started_at: datetime

    def same_database(self, other: "Identity") -> bool:
        """Whether both hold the same database, as a primary and its replica do."""
        return (self.system, self.database) == (other.system, other.database)

    def word(self) -> str:
        """Return sixteen hex digits that no other installation shares; others after each start of the server."""
        parts = f"{self.system}|{self.database}|{self.started_at.timestamp()}"
        return blake2b(parts.encode(), digest_size=_WORD_BYTES).hexdigest()


def identity(connection: Connection) -> Identity:
    """Ask the server who it is."""
    row = connection.execute(_IDENTITY).one()
    return Identity(row.system, row.database, row.started_at)


# Everybody may call these.
_IDENTITY = text(
    "SELECT system_identifier AS system, (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) "
    "AS database, pg_postmaster_start_time() AS started_at FROM pg_control_system()"
)
