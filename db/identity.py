"""Which database this is, as PostgreSQL itself tells: told apart are also copies of one another."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Literal, Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

_WORD_BYTES = 8
# The server may have been started again or replaced since.
ASK_AGAIN_SECONDS = 60.0
TRY_AGAIN_SECONDS = 5.0


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
        """Return whether both hold the same database, as a primary and its replica do."""
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


class Readable(Protocol):
    """What is asked of ``db.engine.Database``."""

    def reading(self, server: Literal["primary"]) -> AbstractContextManager[Connection]: ...


class InstallationUnknownError(RuntimeError):
    """The database has not said yet who it is."""


class Installation:
    """The word of the database that is written to, asked for now and then, by one thread while others go on."""

    def __init__(self, database: Readable, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._word: str | None = None
        self._ask_at = clock()

    def word(self) -> str:
        """Return the word; while the database is away, the last one. Raises ``InstallationUnknownError``."""
        if self._clock() >= self._ask_at:
            self._ask_at = self._clock() + TRY_AGAIN_SECONDS
            self._ask()
        if self._word is None:
            raise InstallationUnknownError("the database has not said yet which one it is")
        return self._word

    def _ask(self) -> None:
        with suppress(SQLAlchemyError, OSError), self._database.reading("primary") as connection:
            self._word = identity(connection).word()
            self._ask_at = self._clock() + ASK_AGAIN_SECONDS
