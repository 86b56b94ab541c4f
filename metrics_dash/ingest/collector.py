"""The collector: a bounded buffer, and a thread that stores its batches, each exactly once.

The thread's whole work is ``Collector.step``, one turn of it, so a test can take the turns itself with a clock of its
own. What a failure means is ``db.faults``'s business; how often to try again is this module's.
"""

import logging
import multiprocessing.util
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

from db.batches import Batch
from db.deadlines import WRITE_SECONDS, answer_within
from db.engine import Database
from db.faults import Fault, classify, describe, took_too_long
from db.names import NAME_QUOTA
from db.rows import Row
from metrics_dash.ingest.accounting import SHUTDOWN, Accounting
from metrics_dash.ingest.buffer import Buffer
from metrics_dash.ingest.delivery import Delivery
from metrics_dash.ingest.heartbeat import Heartbeat
from metrics_dash.ingest.outage import Outage
from metrics_dash.ingest.spool.handover import SPOOL_BYTES, Handover
from metrics_dash.ingest.submission import PendingBatch, Submission
from metrics_dash.ingest.tally import Tally

log = logging.getLogger(__name__)

BUFFER_BYTES = 16 * 1024 * 1024
# A transaction takes several sealed batches when they have piled up: one commit for all of them.
GROUP_EVENTS = 50_000
# Pages take a collector that was not seen for 30 s for dead, whatever its flush interval is.
LONGEST_TICK_SECONDS = 5.0
RESTART_SERVER_EVERY_SECONDS = 2.0
# What is kept of the time to stop for writing to disk what the database did not take.
SPOOL_SECONDS = 2.0


class Collector:
    """Takes events from any thread and stores them from one of its own.

    ``database``: where to; nothing is opened before ``start``. ``batch_size`` events seal a batch, or
    ``flush_interval`` seconds after its first one. At most ``buffer_events`` events and ``buffer_bytes`` bytes wait;
    what comes then is refused and counted. ``name_quota``: how many event names the database may come to hold.
    ``group_events``: batches that have piled up share a transaction up to this many events; 0: each has its own.
    ``patience``: seconds that the database may take to answer; then the connection is closed and the batch tried again.
    ``spool``: a folder for what the database does not take, at most ``spool_bytes`` in it; None: it waits in memory.
    ``clock`` is monotonic, in seconds; ``wall`` is nanoseconds since 1970; ``jitter(a, b)`` draws a number between.
    """

    def __init__(
        self,
        database: Database,
        *,
        batch_size: int = 1000,
        flush_interval: float = 5.0,
        buffer_events: int = 10_000,
        buffer_bytes: int = BUFFER_BYTES,
        name_quota: int = NAME_QUOTA,
        group_events: int = GROUP_EVENTS,
        patience: float = WRITE_SECONDS,
        spool: Path | None = None,
        spool_bytes: int = SPOOL_BYTES,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._database = database
        self._flush_interval = flush_interval
        self._tick_interval = min(flush_interval, LONGEST_TICK_SECONDS)
        self._group_events = group_events
        self._patience = patience
        self._clock, self._wall = clock, wall
        self._spool, self._spool_bytes = spool, spool_bytes
        self._jitter, self.tally = jitter, Tally()
        self._delivery = Delivery(database, name_quota=name_quota, clock=clock, tally=self.tally)
        self._buffer = Buffer(
            batch_size=batch_size,
            buffer_events=buffer_events,
            buffer_bytes=buffer_bytes,
            name_quota=name_quota,
            clock=clock,
            wall=wall,
            wake=self._wake_up,
            on_new_name=self._start_in_child,
        )
        # The bus calls this for every event, so it is the buffer's own method: one call less.
        self.offer: Callable[[str, Mapping[str, float], Mapping[str, object]], bool] = self._buffer.offer
        self._started = self._begun = False
        self._in_fresh_child = False
        self._lock = threading.Lock()
        self._begin()
        _collectors.add(self)

    def _begin(self) -> None:
        """Set what a new thread, or a fork's child, starts from."""
        self._heartbeat = Heartbeat(self._database, self._buffer)
        self.handover = self._heartbeat.handover = None if self._spool is None else Handover(
            self._buffer, self._spool, self._heartbeat.collector_id, most=self._spool_bytes,
            flush_interval=self._flush_interval, clock=self._clock, wall=self._wall, arrived=self._wake_up,
        )  # fmt: skip
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._deadline: float | None = None
        self._outage = Outage(self._clock, self._jitter)
        self._next_tick = 0.0
        self._next_server_check = 0.0
        self._one_by_one = 0

    # For those who emit.

    def submit(self, rows: Sequence[Row], batch_id: UUID | None = None) -> Submission:
        """Take checked rows as a batch of their own, written at once. Raises ``BufferFullError``; then none was taken.

        ``batch_id``: the same id is stored once, however often it is submitted. ``Submission.wait`` returns once the
        batch is committed.
        """
        return self.submit_batch(Batch(batch_id or uuid4(), rows))

    def submit_batch(self, batch: Batch) -> Submission:
        """Like ``submit``, for a batch that also says where its rows stood and what was refused between them."""
        self._start_in_child()
        return self._buffer.submit(batch)

    def reject(self, events: int = 1, names: Mapping[str, int] | None = None) -> None:
        """Count events that broke a rule before they came here; ``names``: how many were sent under which."""
        self._buffer.reject(events, names=names)

    def flush(self, timeout: float) -> bool:
        """Seal and store all that has come so far; whether that was done within ``timeout`` seconds. On disk is not
        stored."""
        waiting = self._buffer.held()
        self._wake_up()
        deadline = time.monotonic() + timeout
        settled = all(submission.settled(deadline - time.monotonic()) for submission in waiting)
        return settled and (self.handover is None or self.handover.wait(deadline - time.monotonic()))

    # For those who watch.

    @property
    def collector_id(self) -> UUID:
        """Which of all collectors this is, in the database."""
        return self._heartbeat.collector_id

    def snapshot(self) -> Accounting:
        """Return where every event ever offered is; the identity holds at every instant."""
        return self._buffer.snapshot()

    def on_disk(self) -> int:
        """Return how many events wait on disk: those of the spool, also while an attempt to store them is under way."""
        return self._buffer.on_disk()

    @property
    def failure(self) -> str | None:
        """Why nothing can be stored at present, in one line; None while all is well."""
        return self._outage.failure

    @property
    def spools(self) -> bool:
        """Whether events are taken though the database is away: a disk has room for them."""
        return self.handover is not None and self.handover.problem is None

    @property
    def healthy(self) -> bool:
        """Whether the thread lives and the last write succeeded."""
        return self.alive and self.failure is None

    @property
    def begun(self) -> bool:
        """Whether it was ever started: a process that only serves pages has one that never is."""
        return self._begun

    @property
    def alive(self) -> bool:
        """Whether the thread lives. If it died, ``start`` makes another and nothing in the buffer is lost."""
        return self._thread is not None and self._thread.is_alive()

    # Life and death.

    def start(self) -> None:
        """Start the thread; does nothing while it lives."""
        with self._lock:
            if self.alive:
                return
            self._started = self._begun = True
            self._deadline = None
            self._next_tick = self._outage.not_before = 0.0
            self._buffer.close(False)
            if self.handover is not None:
                self.handover.start()
            self._thread = threading.Thread(target=self._run, name="metrics-collector", daemon=True)
            self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Store what is held, within ``timeout`` seconds, and end the thread. What can't be stored goes to disk, and
        what can't go there is counted.

        Events that come from now on are refused.
        """
        with self._lock:
            self._started = False
            if self.alive:
                self._buffer.report_refusals()
            self._buffer.close()
            thread, self._thread = self._thread, None
            self._deadline = self._clock() + timeout
            self._outage.not_before = 0.0
        self._wake_up()
        if thread is not None:
            thread.join(timeout if self.handover is None else max(0.0, timeout - SPOOL_SECONDS))
        if self.handover is not None:
            self.handover.drain()
            self.handover.stop(SPOOL_SECONDS)
        if thread is not None and thread.is_alive():
            # It hangs in the database; whether what is in flight arrives is unknown, so it stays on the books.
            log.error("the collector did not stop within %g s: %s", timeout, self.snapshot().as_dict())
            return
        lost = self._buffer.abandon(SHUTDOWN)
        if lost:
            log.error("%d events could not be stored before the shutdown: %s", lost, self.failure or "never started")

    def _run(self) -> None:
        self._put_back()
        if self.handover is not None:
            self.handover.adopt()
        over = threading.Event()
        stand_in = threading.Thread(target=self._stand_in, args=(over,), name="metrics-heartbeat", daemon=True)
        stand_in.start()
        try:
            self._take_turns()
        finally:
            over.set()
        # A beat that came after the leave would bring it back.
        stand_in.join()
        if self._heartbeat.oldest_age() is None:
            with answer_within(self._patience):
                self._heartbeat.leave()

    def _take_turns(self) -> None:
        while not self._is_finished():
            wait = self.step()
            if wait > 0 and not self._is_finished():
                self._wake.wait(wait)
                self._wake.clear()

    def _is_finished(self) -> bool:
        """Told to stop, and nothing is left or no time is, or what is left lies on disk and can't be stored now."""
        if self._deadline is None:
            return False
        left = self._buffer.oldest_age() if self.failure else self._heartbeat.oldest_age()
        return self._clock() >= self._deadline or left is None

    def _wake_up(self) -> None:
        self._wake.set()
        if self.handover is not None:
            self.handover.notice()

    # One turn of the thread.

    def step(self) -> float:
        """Do what is due now: heartbeat, seal, write one group. Returns the seconds until something may be due."""
        now = self._clock()
        ticks = now >= self._next_tick
        if ticks:
            self._next_tick = now + self._tick_interval
            self._buffer.report_refusals()
        if now < self._outage.not_before or (ticks and not self._attempt(self._beat)):
            return self._until(min(self._outage.not_before, self._next_tick))
        if ticks and self.failure is None and self.handover is not None:
            self.handover.adopt()
        stopping = self._deadline is not None
        due = self._buffer.seal_older_than(0 if stopping else self._flush_interval)
        group = self._take(0 if self._one_by_one else self._group_events)
        if not group:
            return self._until(self._next_tick if due is None else min(self._next_tick, now + due))
        self._one_by_one = max(0, self._one_by_one - 1)
        self._attempt(lambda: self._deliver(group))
        return self._until(self._outage.not_before)

    def _take(self, events: int) -> list[PendingBatch]:
        if self.handover is None:
            return self._buffer.take(events)
        return self.handover.take(events, well=self.failure is None)

    def _put_back(self) -> None:
        spooled = self._buffer.put_back()
        if spooled and self.handover is not None:
            self.handover.put_back(spooled)

    def _until(self, moment: float) -> float:
        if self._deadline is not None:
            moment = min(moment, self._deadline)
        return max(0.0, moment - self._clock())

    def _attempt(self, action: Callable[[], bool]) -> bool:
        """Do something with the database; whether it worked. A heartbeat alone proves nothing about events."""
        try:
            with answer_within(self._patience):
                delivered = action()
        except Exception as error:
            self._put_back()
            self._note_failure(error)
            return False
        if self.failure is not None and (delivered or self._heartbeat.oldest_age() is None):
            self._outage.end()
        return True

    def _deliver(self, group: list[PendingBatch]) -> bool:
        """Store the group, or see to it that its batches are tried one by one; whether anything was stored."""
        batches = [sealed.batch for sealed in group]
        since = min(sealed.since for sealed in group)
        try:
            written = self._delivery.write(batches, since)
        except Exception as error:
            if took_too_long(error):
                # Less at a time may be done in time.
                self._one_by_one = len(group)
            if classify(error) is not Fault.DATA:
                raise
            if len(group) > 1:
                # One of them holds a bad event. The others must not pay for it.
                self._put_back()
                self._one_by_one = len(group)
                return False
            written = [self._delivery.bisect(batches[0], since)]
        self._buffer.settle(group, written)
        if self.handover is not None:
            self.handover.done(group)
        return True

    def _beat(self) -> bool:
        self._heartbeat.beat()
        return False

    def _stand_in(self, over: threading.Event) -> None:
        """Beat, on another connection, while the collector's thread is held up by its own."""
        while not over.wait(self._tick_interval):
            if self._clock() - self._next_tick > self._tick_interval / 2:
                with suppress(Exception), answer_within(self._patience):
                    self._heartbeat.beat()

    # Failures.

    def _note_failure(self, error: Exception) -> None:
        stopping = self._deadline is not None
        self._outage.note(error, hurried=stopping)
        if self.handover is not None and (stopping or self._outage.lasts or self._buffer.crowded):
            self.handover.begin()
        if classify(error) is Fault.TRANSIENT:
            self._restart_server()

    def _restart_server(self) -> None:
        """Start an embedded server that died again, but don't ask all the time."""
        now = self._clock()
        if now < self._next_server_check:
            return
        self._next_server_check = now + RESTART_SERVER_EVERY_SECONDS
        try:
            self._database.ensure_running()
        except Exception as error:
            log.warning("the embedded PostgreSQL could not be started: %s", describe(error))

    # Forks.

    def _reset_in_child(self) -> None:
        """Start empty in a child: the parent keeps the events, the thread and the connections."""
        self._lock = threading.Lock()
        self._buffer.reset()
        self.tally.reset()
        if self.handover is not None:
            self.handover.abandon()
        self._begin()
        self._in_fresh_child = self._started

    def _start_in_child(self) -> None:
        """Start a thread of the child's own, once it has something to store."""
        if self._in_fresh_child:
            self._in_fresh_child = False
            self.start()
            # Children of multiprocessing end without atexit, but not without this.
            multiprocessing.util.Finalize(None, self.stop, exitpriority=0)


_collectors: "weakref.WeakSet[Collector]" = weakref.WeakSet()


def _reset_collectors() -> None:
    for collector in list(_collectors):
        collector._reset_in_child()


os.register_at_fork(after_in_child=_reset_collectors)
