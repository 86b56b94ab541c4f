"""Processes that roll up, five at once, killed before any statement, or frozen with the lock: nothing counts twice."""

import os
import signal
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from db.batches import Batch
from db.engine import Database
from db.partitions import purge_events_before
from db.rows import encode_row
from metrics_dash.jobs.rollup import roll_up
from tests.support.faults import times
from tests.support.feeding import Feed, fed
from tests.support.ledger import write
from tests.support.locks import Intruder
from tests.support.nursery import nursery
from tests.support.oracle import LATE
from tests.support.processes import eventually

# Passes as often as can be, the rest of what a process schedules more often than hourly. A process that stands still in
# a pass loses its session after as long as is said, in the product a minute.
SCHEDULER = """
import threading
from dataclasses import replace
from sqlalchemy import text
from db import rollups
from db.engine import Database
from metrics_dash.jobs.scheduler import Scheduler
from metrics_dash.runtime import jobs
from metrics_dash.settings import load_settings

rollups._PREPARE = text(str(rollups._PREPARE).replace("'60s'", f"'{sys.argv[2]}'"))

def child(word):
    took = lambda seconds: print("passed", os.getpid(), flush=True)
    listed = jobs(load_settings({}), Database(sys.argv[1]), took=took)
    listed = [job for job in listed if word in (job.name, "everything")]
    # A purge rolls up by itself what is dirty: passes have to have their turn beside it.
    often = {"rollup": 0.2, "purge": 30.0}
    Scheduler([replace(job, interval=often.get(job.name, 3.0)) for job in listed]).start()
    threading.Event().wait()
"""
# Dies before the statement of that number, its COMMIT is the last of them; ends well where there are not as many.
DYING = """
import signal, time
from sqlalchemy import event
from db.engine import Database
from metrics_dash.jobs.rollup import run_pass

def child(word):
    database, seen = Database(sys.argv[1]), 0
    def count(*_):
        nonlocal seen
        seen += 1
        if seen == int(word):
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(database.engine, "before_cursor_execute", count)
    event.listen(database.engine, "commit", count)
    while not run_pass(database).acted:
        seen = 0
        time.sleep(0.01)
"""
OLD = timedelta(days=5)
PURGED = 10
"""Events of then that a store had, so that there was something to purge."""


@pytest.fixture
def purged(database: Database) -> Database:
    """A store whose raw events of some days ago are gone, so that what comes late from then is merged."""

    def drain(connection: object) -> None:
        while roll_up(connection).more:  # type: ignore[arg-type]
            pass

    assert not come_late(database, PURGED)
    purge_events_before(datetime.now(UTC) - OLD / 2, database=database, drain=drain)
    return database


def come_late(database: Database, events: int = 20) -> dict[str, int]:
    """Write events of which a bucket is not computed again from raw ones: what is folded twice counts twice. Returns
    what was lost."""
    moments = [datetime.now(UTC) - OLD + timedelta(seconds=37 * each) for each in range(events)]
    (written,) = write(database, Batch(uuid4(), [encode_row(LATE, {"n": 1}, {}, moment) for moment in moments]))
    return dict(written.lost)


def come_late_beside(feed: Feed, database: Database, events: int = 20) -> None:
    assert come_late(database, events) == {}
    feed.late += events


def test_five_schedulers_that_are_killed_in_their_work_count_everything_once(purged: Database) -> None:
    kills = times(3, 50)
    with (
        fed(purged, "five schedulers, SIGKILL", f"{kills} kills", late=PURGED) as feed,
        nursery(SCHEDULER, purged.dsn(), "60s") as schedulers,
    ):
        for _ in range(5):
            schedulers.start("everything")
        for _ in range(kills):
            come_late_beside(feed, purged)
            _, pid = schedulers.wait_for("passed")
            os.kill(int(pid), signal.SIGKILL)
            schedulers.start("everything")
            feed.go_on(1)
        feed.mend()
    with purged.reading() as connection:
        failed = connection.execute(text("SELECT job, outcome FROM job_runs WHERE NOT succeeded")).all()
    assert failed == []


def test_a_leader_that_is_frozen_in_its_pass_is_replaced_and_folds_nothing_twice_when_it_goes_on(
    purged: Database,
) -> None:
    freezes = times(1, 20)
    intruder = Intruder(purged)
    with (
        fed(purged, "leader of the rollup frozen (SIGSTOP)", f"{freezes} times", late=PURGED) as feed,
        nursery(SCHEDULER, purged.dsn(), "5s") as schedulers,
    ):
        for _ in range(freezes):
            leader = schedulers.start("rollup")
            schedulers.wait_for("passed", pid=leader)
            with intruder.holding("telemetry_buckets") as transaction:
                come_late_beside(feed, purged)
                eventually(lambda: intruder.is_waited_for(transaction), "the leader is in its pass")
                os.kill(leader, signal.SIGSTOP)
            heir = schedulers.start("rollup")
            schedulers.wait_for("passed", pid=heir)
            feed.mend()
            os.kill(leader, signal.SIGCONT)
            come_late_beside(feed, purged)
            schedulers.wait_for("passed", pid=leader)
            for pid in (leader, heir):
                os.kill(pid, signal.SIGKILL)


def test_a_pass_that_is_killed_before_any_of_its_statements_leaves_nothing_half_done(purged: Database) -> None:
    rounds, step = times(1, 5), times(10, 1)
    with (
        fed(purged, "rollup killed before each statement", f"{rounds} rounds", feeders=1, late=PURGED) as feed,
        nursery(DYING, purged.dsn(), waits=True) as passing,
    ):
        killed = 0
        for number in range(rounds):
            for statement in range(number % step + 1, 1000, step):
                come_late_beside(feed, purged, 2)
                before = len(passing.lines)
                passing.start(statement)
                if passing.wait_for("ended", before)[2] == "0":
                    break
                killed += 1
        assert killed >= 4 * rounds
        feed.mend()
