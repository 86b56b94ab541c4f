"""Statements that are parsed and planned once in a session, where a session is one's own.

A refresh asks the same few statements each time, and to parse and plan them takes the server longer than a short one
runs. Behind a pooler that lends its sessions by the transaction, as PgBouncer does, what one client prepared another
one finds, or nobody: there nothing is prepared. Such a pooler gives its clients a number of its own for the server's
process, as they must ask it, and not the server, to cancel what runs.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg

# A statement that was sent so often is prepared the next time.
SENT_BEFORE = 2
# What a session says where a prepared statement is not there, is there already, or answers with other columns than
# before: a migration, or somebody who tidied up. A new session knows nothing of it.
_STALE = frozenset({"26000", "42P05", "0A000"})

ONE_PLAN = "plan_cache_mode = force_generic_plan"
_one_plan: ContextVar[bool] = ContextVar("one_plan", default=False)


def prepare_if_own(connection: psycopg.Connection[Any], settings: str) -> None:
    """Let a new connection prepare what it is often asked, if the session is its own, and give that ``settings``."""
    connection.autocommit = True
    try:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        if row is not None and row[0] == connection.pgconn.backend_pid:
            connection.execute(settings)
            connection.prepare_threshold = SENT_BEFORE
    except BaseException:
        connection.close()
        raise
    connection.autocommit = False


def is_own(connection: psycopg.Connection[Any]) -> bool:
    """Return whether a connection's session is its own."""
    return connection.prepare_threshold is not None


def for_driver(sql: str) -> str:
    """Return a statement with parameters such as ``:name`` as the driver takes it, by ``exec_driver_sql``."""
    return re.sub(r"(?<!:):([a-z]\w*)", r"%(\1)s", sql.replace("%", "%%"))


def is_stale(error: BaseException | None) -> bool:
    """Return whether a session's prepared statements are not what its client takes them for."""
    return isinstance(error, psycopg.Error) and error.sqlstate in _STALE


@contextmanager
def one_plan() -> Iterator[None]:
    """Begin transactions in this block, by this thread, in which a statement has one plan whatever its parameters are:
    for statements that are read by an index in any case."""
    token = _one_plan.set(True)
    try:
        yield
    finally:
        _one_plan.reset(token)


def is_one_plan() -> bool:
    """Return whether this is such a block."""
    return _one_plan.get()


def planning(own_session: bool) -> str:
    """Return what begins a transaction as ``one_plan`` has it, or, outside of it, as nobody does: an own session's
    statements have one plan unless it is said otherwise."""
    if _one_plan.get():
        return f"; SET LOCAL {ONE_PLAN}"
    return "; SET LOCAL plan_cache_mode = auto" if own_session else ""
