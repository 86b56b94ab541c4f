"""Deadlocks, statements and locks that take too long, on a flush and on a pass of the rollup; no connection left."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg
import pytest

from db.engine import WRITERS, Database
from tests.support.faults import times
from tests.support.feeding import fed, rolled_up
from tests.support.locks import Intruder
from tests.support.processes import PATIENCE_SECONDS, eventually

# What each holds when it comes to the second table.
TABLES = {"flush": ("telemetry_events", "rollup_dirty"), "rollup": ("rollup_dirty", "telemetry_buckets")}
TOLD = {
    "flush": {"deadlock": "40P01", "statement timeout": "57014", "lock timeout": "55P03"},
    "rollup": {
        "deadlock": "DeadlockDetected",
        "statement timeout": "QueryCanceled",
        "lock timeout": "LockNotAvailable",
    },
}
# A flush or a pass that looks too early whether it stands in a deadlock waits for so long, and no longer.
PATIENCE = {"statement timeout": 0.5, "deadlock": 20.0}
SETTINGS = {"lock timeout": {"lock_timeout": "300ms"}}


@contextmanager
def reached(database: Database, **settings: str) -> Iterator[Database]:
    """The database by connections of their own, whose sessions have these settings."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    url = database.url.set(drivername="postgresql").update_query_dict({"options": options})
    made = Database(url.render_as_string(hide_password=False))
    try:
        yield made
    finally:
        made.dispose()


@pytest.mark.parametrize("fault", ["deadlock", "statement timeout", "lock timeout"])
@pytest.mark.parametrize("whose", TABLES)
def test_a_transaction_that_the_server_ends_is_done_again_and_counts_once(
    database: Database, caplog: pytest.LogCaptureFixture, whose: str, fault: str
) -> None:
    held, wanted = TABLES[whose]
    often, patience = times(2, 30), PATIENCE.get(fault, PATIENCE_SECONDS)
    intruder = Intruder(database)

    def told() -> int:
        return caplog.text.count(TOLD[whose][fault])

    def intrude() -> None:
        """Hold the second table; for a deadlock, want the first one too."""
        before = told()
        with intruder.holding(wanted) as transaction:
            eventually(lambda: intruder.is_waited_for(transaction), f"the {whose} waits")
            if fault == "deadlock":
                intruder.lock(transaction, held)
            else:
                eventually(lambda: told() > before, f"the {whose} is ended")

    with ExitStack() as left:
        through = left.enter_context(reached(database, **SETTINGS.get(fault, {})))
        options = {"patience": patience} if whose == "flush" else {}
        feed = left.enter_context(fed(database, f"{fault}, {whose}", f"{often} times", through=through, **options))
        scheduler = left.enter_context(rolled_up(through, patience)) if whose == "rollup" else None
        for _ in range(5 * often):
            intrude()
            feed.mend()
            # The same failure is told again once it was over.
            eventually(lambda: scheduler is None or not scheduler.failing, "the rollup goes on")
            # Where the machine is so slow that the other one looked too early, it was no deadlock: once more.
            if told() >= often:
                break
            feed.go_on(1)
        assert told() >= often
        feed.go_on()


def test_where_all_connections_of_the_program_are_taken_events_wait_and_are_stored(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("db.engine.POOL_SECONDS", {"write": 0.3, "read": 0.3, "replica": 0.3})
    often = times(2, 30)
    with (
        reached(database) as through,
        fed(database, "pool exhausted", f"{often} times", through=through) as feed,
        rolled_up(through),
    ):
        for _ in range(often):
            seen = len(caplog.text)
            with ExitStack() as taken:
                take(taken, sum(WRITERS), lambda: through.engine.connect())
                eventually(lambda seen=seen: "QueuePool limit" in caplog.text[seen:], "nobody finds one")
                eventually(lambda: feed.collector.failure is not None, "that is an alarm")
            feed.mend()
            feed.go_on()


def take(taken: ExitStack, number: int, connect: Callable[[], object]) -> None:
    """Take so many connections, those too that are in use for a moment."""
    for _ in range(number):

        def took() -> bool:
            with suppress(Exception):
                taken.enter_context(connect())  # type: ignore[arg-type]
                return True
            return False

        eventually(took, "a connection becomes free")


def test_where_all_connections_of_the_server_are_taken_events_wait_and_are_stored(database: Database) -> None:
    often = times(1, 20)
    with (
        reached(database) as through,
        fed(database, "server's connections exhausted", f"{often} times", through=through) as feed,
    ):
        for _ in range(often):
            with ExitStack() as taken:
                first = taken.enter_context(psycopg.connect(database.dsn(), autocommit=True))
                eventually(lambda: full_for(feed.collector.failure, first, taken, database.dsn()), "it finds none")  # noqa: B023
            feed.mend()
            feed.go_on()


def full_for(failure: str | None, first: psycopg.Connection, taken: ExitStack, dsn: str) -> bool:
    """End the program's connections and take what is free; whether it says that there is none for it."""
    if "too many clients" in str(failure):
        return True
    first.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'metrics_dash' AND datname = current_database()"
    )
    with suppress(psycopg.OperationalError):
        for _ in range(1000):
            taken.enter_context(psycopg.connect(dsn))
    return False
