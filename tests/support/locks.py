"""For races that are forced: wait until the other one really waits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import text

from db.engine import Database

_WAITERS = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


def wait_for_a_lock_waiter(database: Database) -> None:
    """Until a connection to the test's database waits for a lock that another one holds."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with database.begin() as connection:
            if connection.execute(_WAITERS).scalar_one():
                return
    raise AssertionError("nobody waits for a lock")


class Intruder:
    """Transactions of somebody else's, who locks tables that others want."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def holding(self, table: str) -> Iterator[psycopg.Connection[Any]]:
        """Hold a table until the end of the block; nobody writes to it meanwhile."""
        with psycopg.connect(self._database.dsn()) as connection:
            # Who looks first whether it stands in a deadlock is ended: that is to be the other one.
            connection.execute("SET LOCAL deadlock_timeout = '1h'")
            self.lock(connection, table)
            yield connection
            connection.rollback()

    def lock(self, connection: psycopg.Connection[Any], table: str) -> None:
        """Want another one, too."""
        connection.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")

    def is_waited_for(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether somebody waits for what that transaction holds."""
        with self._database.reading() as other:
            waiting = text("SELECT count(*) FROM pg_stat_activity WHERE :pid = ANY(pg_blocking_pids(pid))")
            return bool(other.execute(waiting, {"pid": connection.info.backend_pid}).scalar_one())
