"""When batches go to disk, and how they come back: the spool between the buffer and the collector's thread.

While the spool is in use (``begin``), a thread of its own moves every batch to disk as it seals, and whoever waits for
one is told once it is synced; so neither an emitter nor a sender waits for the database. The collector's thread then
stores what is on disk, in its order, and takes from memory again once nothing is left there. What was being written
meanwhile goes to disk as well, before all that came later: its id tells the database whether it had it already.
"""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

from db.faults import describe
from metrics_dash.ingest.buffer import Buffer
from metrics_dash.ingest.spool.folder import Segment, Spool, SpoolFullError, SpoolUse, read_segment, unwritable
from metrics_dash.ingest.spool.records import Damage, Record, encode, read
from metrics_dash.ingest.submission import PendingBatch, Submission

log = logging.getLogger(__name__)

SPOOL_BYTES = 256 * 1024 * 1024
# A write that takes so long holds up what comes behind it.
HELD_UP_SECONDS = 5.0
TICK_SECONDS = 1.0
# While the disk takes nothing, it is asked this often.
RETRY_SECONDS = 5.0
LOOK_AHEAD_SECONDS = 10.0
_NANOSECONDS = 10**9


class Handover:
    """The spool of one process's ``buffer``, in ``folder``, which holds ``most`` bytes of all processes.

    ``clock`` is monotonic, in seconds, and ``wall`` nanoseconds since 1970. ``arrived`` is called when there is
    something on disk to store. ``begin``, ``step`` and ``drain`` may come from any thread, the others from one.
    """

    def __init__(
        self,
        buffer: Buffer,
        folder: Path,
        owner: UUID,
        *,
        most: int = SPOOL_BYTES,
        flush_interval: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
        arrived: Callable[[], None] = lambda: None,
    ) -> None:
        self._buffer, self._spool, self.most = buffer, Spool(folder, owner, most), most
        self._flush_interval, self._clock, self._wall, self._arrived = flush_interval, clock, wall, arrived
        self._lock = threading.Lock()
        self._stored = threading.Condition(self._lock)
        self._wake, self._over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._problem: str | None = None
        self._foreseen: str | None = None
        self._look_again_at = -math.inf
        self._queue: deque[Segment] = deque()
        self._reading: Iterator[Record | Damage] | None = None
        self._loaded: deque[PendingBatch] = deque()
        self._outstanding = 0
        self.active = False
        # Processes whose last segment is stored: nobody needs to wait for them any more.
        self.emptied: set[UUID] = set()

    # Onto the disk

    @property
    def problem(self) -> str | None:
        """Why the disk takes no events at present, in one line; None where it does, or was not asked yet."""
        return self._problem

    def begin(self) -> None:
        """Move everything to disk from now on, until all that lies there is stored."""
        self.active = True
        self._wake.set()

    def notice(self) -> None:
        """Look at what has sealed, soon."""
        if self.active:
            self._wake.set()

    def step(self) -> float:
        """Move what is due; return the seconds until something may be."""
        if not self.active and not self._buffer.is_held_up(HELD_UP_SECONDS):
            self._look_ahead()
            return TICK_SECONDS
        self.active = True
        with self._lock:
            due = self._buffer.seal_older_than(self._flush_interval)
            self._move()
        if self._problem is not None:
            return RETRY_SECONDS
        return TICK_SECONDS if due is None else min(TICK_SECONDS, due)

    def _look_ahead(self) -> None:
        """Find out, while nothing is to be written, whether something could be: in an outage it is too late to mend."""
        if self._clock() < self._look_again_at:
            return
        self._look_again_at = self._clock() + LOOK_AHEAD_SECONDS
        reason = unwritable(self._spool.folder)
        if reason is not None and self._problem is None:
            log.error("METRICS_SPOOL_DIR: events can't be spooled when the database is away: %s", reason)
            self._problem = self._foreseen = reason
        elif reason is None and self._problem is not None and self._problem == self._foreseen:
            log.info("events can be spooled")
            self._problem = self._foreseen = None

    def drain(self) -> None:
        """Move everything that the buffer holds now."""
        with self._lock:
            self._buffer.seal_older_than(0)
            self._move()

    def _move(self) -> None:
        batches = self._buffer.hand_over()
        moved = 0
        try:
            moved = self._write(batches) if batches else 0
        except Exception as error:
            self._refuse(error)
        finally:
            self._buffer.spool(moved)
        if moved:
            self._arrived()

    def _write(self, batches: list[PendingBatch]) -> int:
        """Write the batches to disk, as many as there is room for."""
        now, wall = self._clock(), self._wall()
        records = [
            encode(Record(each.batch, wall - int((now - each.since) * _NANOSECONDS), each.is_report))
            for each in batches
        ]
        segment, written = self._spool.append(records, [len(each) for each in batches])
        if not self._queue or self._queue[-1] is not segment:
            segment.since = min(each.since for each in batches)
            self._queue.append(segment)
        if written < len(batches):
            self._refuse(SpoolFullError(f"the spool holds {self._spool.most:,} bytes, as many as it may"))
        elif self._problem is not None:
            log.info("events are spooled again")
            self._problem, self._buffer.spool_full = None, False
        return written

    def _refuse(self, error: Exception) -> None:
        """Note why the disk takes nothing: what comes stays in memory, and is refused where that is full."""
        reason = str(error) if isinstance(error, SpoolFullError) else describe(error)
        if self._problem is None:
            log.error("events can't be spooled: %s", reason)
        self._problem, self._buffer.spool_full = reason, isinstance(error, SpoolFullError)

    # Back from it

    def take(self, events: int, *, well: bool) -> list[PendingBatch]:
        """Return what is to be stored next, ``events`` of them or one batch, in flight by now: from disk while anything
        is there, and else from memory. ``well``: the database takes events, so memory will do from then on."""
        with self._lock:
            if not self._loaded:
                self._load(events)
            if not self._loaded:
                if well:
                    self.active, self._problem, self._buffer.spool_full = False, None, False
                return self._buffer.take(events)
            group = [self._loaded.popleft()]
            taken = len(group[0])
            while self._loaded and taken + len(self._loaded[0]) <= events:
                taken += len(self._loaded[0])
                group.append(self._loaded.popleft())
            self._buffer.fly(group)
            return group

    def put_back(self, group: list[PendingBatch]) -> None:
        """Take again what was not stored; it is the next."""
        with self._lock:
            self._loaded.extendleft(reversed(group))

    def done(self, group: list[PendingBatch]) -> None:
        """Remove from disk what is stored."""
        with self._lock:
            for pending in group:
                if pending.segment is not None:
                    pending.segment.waiting -= 1
                    self._outstanding -= 1
                    self._finish(pending.segment)
            self._stored.notify_all()

    def adopt(self) -> None:
        """Take over what processes have left that are gone: it is stored before what comes later."""
        try:
            with self._lock:
                adopted = self._spool.adopt()
                for segment in reversed(adopted):
                    self._queue_first(segment)
        except OSError as error:
            log.warning("what may have been left on disk can't be read: %s", describe(error))
            return
        if adopted:
            log.warning("%d segments of a spool were left behind; their events are stored now", len(adopted))
            self.begin()

    def _queue_first(self, segment: Segment) -> None:
        first = next((each for each in self._open(segment) if isinstance(each, Record)), None)
        segment.since = self._since(first.arrived) if first is not None else self._clock()
        # What this process reads at the moment, it reads to its end.
        self._queue.insert(1 if self._reading is not None else 0, segment)

    def _load(self, events: int) -> None:
        """Read batches of ``events`` in all, but at least one, if there are any."""
        loaded = 0
        while self._queue and not loaded >= max(1, events):
            segment = self._queue[0]
            if self._reading is None:
                self._spool.rotate()
                self._reading = self._open(segment)
            found = next(self._reading, None)
            if found is None:
                self._reading = None
                self._queue.popleft()
                self._end(segment)
            elif isinstance(found, Damage):
                segment.damaged = True
                log.error("%s: bytes %d to %d are lost: %s", segment.path, found.start, found.end, found.reason)
            else:
                self._loaded.append(self._pending(found, segment))
                loaded += len(self._loaded[-1])

    def _open(self, segment: Segment) -> Iterator[Record | Damage]:
        try:
            return read(read_segment(segment))
        except OSError as error:
            return iter([Damage(0, 0, describe(error))])

    def _pending(self, record: Record, segment: Segment) -> PendingBatch:
        segment.waiting += 1
        self._outstanding += 1
        events = len(record.batch.rows)
        if segment.events is None:
            self._buffer.adopt(events)
        else:
            segment.events -= events
        return PendingBatch(
            record.batch,
            Submission(record.batch.batch_id, lambda submission: False),
            since=self._since(record.arrived),
            size=0,
            is_report=record.is_report,
            segment=segment,
        )

    def _since(self, arrived: int) -> float:
        return self._clock() - max(0.0, (self._wall() - arrived) / _NANOSECONDS)

    def _end(self, segment: Segment) -> None:
        """Settle what was in a segment and could not be read."""
        segment.finished = True
        if segment.events:
            self._buffer.lose(segment.events)
        self._finish(segment)

    def _finish(self, segment: Segment) -> None:
        if not segment.finished or segment.waiting:
            return
        try:
            emptied = self._spool.remove(segment, damaged=segment.damaged)
        except OSError as error:
            # It is stored, and its ids are known: to store it again changes nothing.
            log.warning("%s is stored and can't be removed: %s", segment.path, describe(error))
            return
        if emptied is not None:
            self.emptied.add(emptied)

    # Watching

    def oldest_age(self) -> float | None:
        """Return seconds since the oldest event on disk came, as far as that is this process's to store."""
        with self._lock:
            since = [segment.since for segment in self._queue] + [pending.since for pending in self._loaded]
            return self._clock() - min(since) if since else None

    @property
    def empty(self) -> bool:
        """Whether all that this process has to store from disk is stored."""
        return not self._queue and not self._outstanding

    def wait(self, timeout: float) -> bool:
        """Return whether all of that is stored within ``timeout`` seconds."""
        with self._stored:
            return self._stored.wait_for(lambda: self.empty, max(0.0, timeout))

    def holds(self, owner: UUID) -> bool:
        """Return whether another process has left something on this disk."""
        return self._spool.holds(owner)

    def use(self) -> SpoolUse:
        """Return what the spool holds, of all processes."""
        return self._spool.use()

    # Its thread

    def start(self) -> None:
        """Start the thread; does nothing while it lives."""
        if self._thread is None or not self._thread.is_alive():
            self._over.clear()
            self._thread = threading.Thread(target=self._run, name="metrics-spool", daemon=True)
            self._thread.start()

    def stop(self, timeout: float) -> None:
        """End the thread. What is left on disk stays this process's until that ends: it may start again."""
        self._over.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)
        if self.empty:
            with self._lock:
                self._spool.leave()

    def abandon(self) -> None:
        """Let go of the parent's files, in a fork's child."""
        self._spool.close()

    def _run(self) -> None:
        while not self._over.is_set():
            self._wake.wait(self.step())
            self._wake.clear()
