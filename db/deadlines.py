"""Deadlines on the client's side: no wait for PostgreSQL is without one, whatever carries the connection.

Keepalives see a peer that lives, Unix sockets have none, and a frozen server holds its own time-outs back. So every
answer is waited for by ``PatientConnection.wait``, the one place through which psycopg waits, and that place has a
deadline: a request or a reply that gets lost on an open connection costs the connection and never the thread.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import PQGen

# How long each answer may take. The server is told the same and gives up a little earlier, so that what ran is undone.
JOB_SECONDS = 600.0
WRITE_SECONDS = 20.0
READ_SECONDS = 8.0
PROBE_SECONDS = 3.0
MIGRATION_SECONDS = 3600.0
GRACE_SECONDS = 1.0
CONNECT_SECONDS = 5.0
# Below two, libpq takes its own word for it.
_LEAST_CONNECT_SECONDS = 2.0
# A transaction in which nothing happens for so long has lost its client.
_LONGEST_IDLE_SECONDS = 60.0

_limit: ContextVar[float | None] = ContextVar("limit", default=None)
_T = TypeVar("_T")


class NoAnswerError(psycopg.OperationalError):
    """The database did not answer in time. The connection is closed; whether the statement was done is unknown."""


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """Give every answer that this thread waits for in the block so many seconds; of two such blocks, the shorter."""
    outer = _limit.get()
    token = _limit.set(seconds if outer is None else min(seconds, outer))
    try:
        yield
    finally:
        _limit.reset(token)


def limit() -> float:
    """Return how many seconds an answer may take here."""
    return _limit.get() or JOB_SECONDS


def server_limits() -> str:
    """Return the statement that gives PostgreSQL the same limits for the transaction that it stands in.

    For the transaction and not the session: behind PgBouncer a session's settings would become other people's.
    """
    seconds = limit()
    idle = min(seconds, _LONGEST_IDLE_SECONDS)
    return (
        f"SET LOCAL statement_timeout = {round(seconds * 1000)}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {round(idle * 1000)}"
    )


@dataclass(frozen=True, slots=True)
class LostSession:
    """A session that was given up: the server's process, and how many seconds its transaction had lasted at least."""

    pid: int
    seconds: float


class PatientConnection(psycopg.Connection[Any]):
    """A connection that waits for each answer until the limit, and is closed when that has passed.

    ``on_loss`` hears of the session then: the server may not have heard that its client is gone.
    """

    on_loss: Callable[[LostSession], None] | None = None

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """Connect as psycopg does, within the limit."""
        seconds = min(CONNECT_SECONDS, max(_LEAST_CONNECT_SECONDS, limit()))
        return super().connect(conninfo, **{**options, "connect_timeout": round(seconds)})

    def wait(self, gen: PQGen[_T], interval: float = 0.1, timeout: float | None = None) -> _T:
        """Run ``gen`` to its end. Raises ``NoAnswerError`` when the limit has passed; then the connection is closed."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        seconds = limit() + GRACE_SECONDS
        try:
            return super().wait(gen, interval, seconds)
        except psycopg.errors._WaitTimeout:
            session = LostSession(self.pgconn.backend_pid, limit())
            self.pgconn.finish()
            if self.on_loss is not None:
                self.on_loss(session)
            raise NoAnswerError(f"the database did not answer within {seconds:g} s") from None
