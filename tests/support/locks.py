"""For races that are forced: wait until the other one really waits."""

import time

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
