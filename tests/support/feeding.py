"""Events that come in all the time while a test breaks something, and the books of them, looked at all the time."""

import itertools
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from db.deadlines import answer_within
from db.engine import Database
from metrics_dash.ingest.accounting import Accounting
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event, encode
from metrics_dash.ingest.submission import BufferFullError
from metrics_dash.jobs.rollup import RollupJob
from metrics_dash.jobs.scheduler import Job, Scheduler
from tests.support.faults import tell
from tests.support.oracle import TICK, prove, stored
from tests.support.processes import PATIENCE_SECONDS, eventually

BATCH = 10
# Each feeder's numbers begin at a multiple of it.
APART = 1_000_000
# The events of a feeder lie in the minutes of two hours.
SPREAD = timedelta(seconds=37)


class Feeder(threading.Thread):
    """Submits a batch and waits for it, emits an event and does not, and so on until it is told to stop."""

    def __init__(self, collector: Collector, first: int, stop: threading.Event) -> None:
        super().__init__(name=f"feeder {first}", daemon=True)
        self._collector, self._first, self._ended = collector, first, stop
        self.acked: set[int] = set()
        self.refused = self.rounds = 0
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for first in itertools.count(self._first, BATCH + 1):
                if self._ended.wait(0.01):
                    return
                self._submit(range(first, first + BATCH))
                self._emit(first + BATCH)
                self.rounds += 1
        except Exception as error:
            self.error = error

    def _submit(self, numbers: range) -> None:
        try:
            submission = self._collector.submit([encode(tick(number)) for number in numbers])
        except BufferFullError:
            self.refused += len(numbers)
            return
        submission.wait(PATIENCE_SECONDS)
        self.acked.update(set(numbers) - {numbers[index] for index, _ in submission.refused})

    def _emit(self, number: int) -> None:
        if self._collector.offer(TICK, {"n": number}, {"zone": "algoroc"}):
            self.acked.add(number)
        else:
            self.refused += 1


def tick(number: int) -> Event:
    return Event(TICK, {"n": number}, {"zone": "algoroc"}, datetime.now(UTC) - SPREAD * (number % 200))


class Feed:
    """What comes in, and what became of it."""

    def __init__(self, collector: Collector, feeders: int) -> None:
        self.collector = collector
        self._stop = threading.Event()
        self.feeders = [Feeder(collector, APART * (each + 1), self._stop) for each in range(feeders)]
        self._watching = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._over = threading.Event()
        self.out_of_balance: list[Accounting] = []
        # What came elsewhere beside it, what was taken and is set aside, and what was merged into old buckets.
        self.elsewhere: set[int] = set()
        self.set_aside: set[int] = set()
        self.late = 0
        self.mended = time.monotonic()
        for thread in (*self.feeders, self._watching):
            thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.002):
            if not (counters := self.collector.snapshot()).balanced:
                self.out_of_balance.append(counters)

    @property
    def acked(self) -> set[int]:
        taken = self.elsewhere.union(*(feeder.acked for feeder in self.feeders))
        return taken - self.set_aside

    @property
    def refused(self) -> int:
        return sum(feeder.refused for feeder in self.feeders)

    def go_on(self, rounds: int = 3) -> None:
        """Wait until every feeder has had so many more of its batches acknowledged."""
        for _ in range(rounds):
            goal = {feeder: feeder.rounds + 1 for feeder in self.feeders}
            eventually(
                lambda goal=goal: all(feeder.rounds >= least or feeder.error for feeder, least in goal.items()),
                lambda: f"events are acknowledged; the collector says {self.collector.failure}",
            )

    def mend(self) -> None:
        """Say that the fault is over now."""
        self.mended = time.monotonic()

    def finish(self) -> float:
        """Stop feeding, and store what is held; how many seconds after the fault all was stored."""
        self._stop.set()
        for feeder in self.feeders:
            feeder.join(2 * PATIENCE_SECONDS)
            assert feeder.error is None, feeder.error
            assert not feeder.is_alive()
        assert self.collector.flush(PATIENCE_SECONDS), self.collector.failure
        return time.monotonic() - self.mended

    def close(self) -> None:
        self._stop.set()
        self.collector.stop()
        self._over.set()
        self._watching.join()


@contextmanager
def fed(
    database: Database,
    fault: str,
    happened: str,
    *,
    through: Database | None = None,
    feeders: int = 2,
    late: int = 0,
    **options: Any,
) -> Iterator[Feed]:
    """Feed ``database``, by the way ``through``, while the block breaks something; at its end all is stored, once, and
    the books agree. ``options`` are the collector's. ``fault`` and ``happened`` are the table's. ``late``: events that
    only buckets held before."""
    options = {"flush_interval": 0.05, "jitter": lambda low, high: min(high, 0.05), **options}
    collector = Collector(through or database, **options)
    collector.start()
    feed = Feed(collector, feeders)
    feed.late = late
    try:
        feed.go_on(1)
        yield feed
        recovered = feed.finish()
    finally:
        feed.close()
    assert feed.out_of_balance == []
    reckon(database, collector, feed.acked, fault, happened, recovered, set_aside=feed.set_aside, late=feed.late)
    assert collector.failure is None


def reckon(
    database: Database,
    collector: Collector,
    acked: set[int],
    fault: str,
    happened: str,
    recovered: float,
    *,
    set_aside: Collection[int] = (),
    late: int = 0,
) -> None:
    """What must hold once everything is over: of the books, of what is stored, and of the buckets."""
    counters = collector.snapshot()
    assert (counters.buffered, counters.in_flight, counters.spooled) == (0, 0, 0)
    assert counters.balanced
    assert counters.dropped.get("quarantined", 0) == len(set_aside)
    assert set(counters.dropped) <= {"quarantined", "buffer_full"}
    tell(fault, happened, acked, dict(stored(database)), recovered)
    prove(database, acked, late)


@contextmanager
def rolled_up(database: Database, patience: float = PATIENCE_SECONDS) -> Iterator[Scheduler]:
    """Passes of the rollup, one after the other, in a thread; each answer may take ``patience`` seconds."""
    job = RollupJob(database, 0.1)

    def once(slot: datetime) -> object:
        with answer_within(patience):
            return job(slot)

    scheduler = Scheduler([Job("rollup", 0.1, once)])
    scheduler.start()
    try:
        yield scheduler
    finally:
        assert scheduler.stop(PATIENCE_SECONDS)


def passes(scheduler: Scheduler) -> int:
    """How many of them have ended well."""
    return scheduler.runs.get("rollup", (0, 0.0))[0] - scheduler.failures.get("rollup", 0)
