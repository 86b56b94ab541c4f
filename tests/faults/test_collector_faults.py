"""What happens to a collector in its work: bursts, poison, writes that raise, a schema that changes, forks."""

import itertools
import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from db.batches import Batch, Written
from db.collectors import REFUSED_EVENT
from db.engine import Database
from db.ledger import write_batches
from db.migrate import migrate
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import encode
from metrics_dash.ingest.submission import BufferFullError, Submission
from metrics_dash.jobs.supervision import ThreadSupervisor
from tests.support.faults import times
from tests.support.feeding import APART, fed, reckon, rolled_up, tick
from tests.support.ledger import execute
from tests.support.locks import Intruder
from tests.support.oracle import TICK
from tests.support.processes import PATIENCE_SECONDS, eventually

ROOM = times(500, 20_000)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken is looked at again at once."""
    monkeypatch.setattr("metrics_dash.ingest.outage.PROBE_SECONDS", 0.05)
    monkeypatch.setattr("metrics_dash.jobs.supervision.FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("metrics_dash.jobs.supervision.LONGEST_PAUSE_SECONDS", 0.01)


class Burst:
    """So many events at once, of those who emit and of those who submit batches and can send them again."""

    def __init__(self, collector: Collector, events: int, senders: int = 4) -> None:
        self._collector, self._each = collector, events // (2 * senders)
        self.acked: set[int] = set()
        self.sent: list[tuple[range, Submission]] = []
        self.refused = {"offer": 0, "submit": 0}
        firsts = [APART * number for number in range(2 * senders)]
        threads = [
            threading.Thread(target=way, args=(range(first, first + self._each),))
            for way, first in zip(itertools.cycle((self._offer, self._submit)), firsts, strict=False)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _offer(self, numbers: range) -> None:
        taken = {number for number in numbers if self._collector.offer(TICK, {"n": number}, {})}
        self._add("offer", taken, len(numbers) - len(taken))

    def _submit(self, numbers: range) -> None:
        for first in numbers[::10]:
            batch = range(first, min(first + 10, numbers.stop))
            try:
                self.sent.append((batch, self._collector.submit([encode(tick(number)) for number in batch])))
                self._add("submit", set(batch), 0)
            except BufferFullError:
                self._add("submit", set(), len(batch))

    _lock = threading.Lock()

    def _add(self, way: str, taken: set[int], refused: int) -> None:
        with self._lock:
            self.acked |= taken
            self.refused[way] += refused


def test_of_a_burst_of_ten_times_the_buffer_what_fits_is_stored_and_the_rest_is_told_and_counted(
    database: Database,
) -> None:
    collector = Collector(database, buffer_events=ROOM, batch_size=100, flush_interval=0.05)
    collector.start()
    # Nothing leaves the buffer for as long as the burst lasts.
    with Intruder(database).holding("telemetry_events"):
        burst = Burst(collector, 10 * ROOM)
    ended = time.monotonic()
    refused = sum(burst.refused.values())
    assert len(burst.acked) + refused == 10 * ROOM
    assert ROOM // 2 <= len(burst.acked) <= 2 * ROOM
    assert collector.snapshot().dropped == {"buffer_full": refused}
    for _, submission in burst.sent:
        submission.wait(PATIENCE_SECONDS)
    assert collector.flush(PATIENCE_SECONDS)
    recovered = time.monotonic() - ended
    collector.stop(PATIENCE_SECONDS)
    reckon(database, collector, burst.acked, "burst of ten times the buffer", "once", recovered)
    reported = "SELECT sum(weight) FROM telemetry_events WHERE event_name = :name"
    # Who was told to send them again is in no report.
    assert execute(database, reported, name=REFUSED_EVENT) == burst.refused["offer"]


def test_events_that_the_database_refuses_are_set_aside_and_cost_nobody_else_anything(database: Database) -> None:
    poison = "ALTER TABLE telemetry_events ADD CONSTRAINT poison CHECK ((measurements ->> 'n')::int % 97 <> 0)"
    with fed(database, "poison events, each 97th", "all the time") as feed:
        execute(database, f"{poison} NOT VALID")
        feed.go_on(times(30, 500))
        feed.finish()
        execute(database, "ALTER TABLE telemetry_events DROP CONSTRAINT poison")
        with database.reading() as connection:
            payloads = list(connection.execute(text("SELECT payload FROM ingest_quarantine")).scalars())
        feed.set_aside = {int(json.loads(payload)["measurements"]["n"]) for payload in payloads}
        assert len(feed.set_aside) == len(payloads) > 0
        assert all(number % 97 == 0 for number in feed.set_aside)
        feed.mend()


class Raising:
    """In the place of ``write_batches``: what fails before, and what fails after it has written, but not committed."""

    def __init__(self, errors: Sequence[type[BaseException]]) -> None:
        self._turns = itertools.cycle([None, *(turn for error in errors for turn in ((error, 0), (error, 1), None))])
        self.raised = 0

    def __call__(self, connection: Connection, batches: Sequence[Batch], **options: float) -> list[Written]:
        turn = next(self._turns)
        written = [] if turn and turn[1] == 0 else write_batches(connection, batches, **options)
        if turn:
            self.raised += 1
            raise turn[0]("on purpose")
        return written


# The thread that it ends.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_write_that_raises_whatever_it_likes_or_ends_the_thread_loses_and_doubles_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising = Raising([RuntimeError, MemoryError, SystemExit, OSError])
    with fed(database, "flush that raises, or ends its thread", "two of three flushes") as feed:
        supervisor = ThreadSupervisor("collector", feed.collector, time.monotonic)
        monkeypatch.setattr("metrics_dash.ingest.delivery.write_batches", raising)

        def kept_alive(condition: Callable[[], bool]) -> Callable[[], bool]:
            return lambda: supervisor.check() or condition()

        for least in range(16, times(16, 2000) + 1, 16):
            eventually(kept_alive(lambda least=least: raising.raised >= least), "it raises")
        monkeypatch.setattr("metrics_dash.ingest.delivery.write_batches", write_batches)
        eventually(kept_alive(lambda: feed.collector.healthy), "it lives and stores")
        assert supervisor.restarts > 0
        feed.mend()


@pytest.mark.parametrize("disk", [True, False], ids=["disk", "memory"])
def test_while_a_column_has_another_name_events_wait_and_somebody_is_called(
    database: Database, tmp_path: Path, disk: bool
) -> None:
    often = times(2, 50)
    where = {"spool": tmp_path / "spool"} if disk else {}
    fault = f"column renamed under load ({'disk' if disk else 'memory'})"
    with fed(database, fault, f"{often} times", **where) as feed, rolled_up(database) as scheduler:
        for _ in range(often):
            execute(database, "ALTER TABLE telemetry_events RENAME COLUMN metadata TO gone")
            eventually(lambda: "42703" in str(feed.collector.failure), "the collector says what is missing")
            eventually(lambda: "UndefinedColumn" in scheduler.failing.get("rollup", ""), "so does the rollup")
            if disk:
                feed.go_on()
            else:
                eventually(lambda: feed.collector.snapshot().buffered > 0, "events wait in memory")
            execute(database, "ALTER TABLE telemetry_events RENAME COLUMN gone TO metadata")
            feed.mend()
            eventually(lambda: feed.collector.failure is None, "the alarm is over")
            eventually(lambda: not scheduler.failing, "the rollup goes on")
            feed.go_on()


def test_a_migration_back_and_forth_under_load_loses_and_doubles_nothing(database: Database, tmp_path: Path) -> None:
    often = times(1, 20)
    with fed(database, "migration back and forth under load", f"{often} times", spool=tmp_path / "spool") as feed:
        for _ in range(often):
            migrate(database, "0001")
            feed.go_on()
            migrate(database)
            feed.mend()
            feed.go_on()


def emit_in_child(collector: Collector, numbers: range) -> None:
    """In a fork's child: it begins with nothing, and stores what it takes by a thread and connections of its own."""
    assert collector.snapshot().offered == 0
    assert all(collector.offer(TICK, {"n": number}, {}) for number in numbers)
    collector.stop(PATIENCE_SECONDS)
    counters = collector.snapshot()
    assert (counters.offered, counters.committed, counters.balanced) == (len(numbers), len(numbers), True)


def test_processes_forked_under_load_store_their_own_events_and_leave_their_parents_alone(database: Database) -> None:
    forks = times(8, 500)
    with fed(database, "fork after start", f"{forks} forks") as feed:
        for number in range(forks):
            numbers = range(number * 100, number * 100 + 50)
            child = multiprocessing.get_context("fork").Process(target=emit_in_child, args=(feed.collector, numbers))
            child.start()
            child.join(PATIENCE_SECONDS)
            assert child.exitcode == 0
            feed.elsewhere.update(numbers)
            feed.go_on(1)
        feed.mend()
