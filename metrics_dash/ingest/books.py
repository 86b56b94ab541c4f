"""Where every event is that a buffer took: waiting, in flight, on disk, or counted as what became of it.

Each move is one step under the lock, so what ``Buffer.snapshot`` says adds up at every instant.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from db.batches import Written
from db.rows import Row
from metrics_dash.ingest.accounting import KEY_REUSED, SENT_AGAIN, SPOOL_DAMAGED, Accounting
from metrics_dash.ingest.refusals import INVALID, Refusals
from metrics_dash.ingest.submission import PendingBatch

# The part of the bounds that is left when the buffer is called crowded.
SHORT_OF_ROOM = 0.2


class Books:
    """The places of a buffer of at most ``buffer_events`` events and ``buffer_bytes``, and the ways between them."""

    __slots__ = (
        "_buffer_bytes",
        "_buffer_events",
        "_bytes_left",
        "_clock",
        "_closed",
        "_committed",
        "_dropped",
        "_flying",
        "_lock",
        "_moving",
        "_offered",
        "_one_by_one",
        "_open",
        "_open_limit",
        "_opened",
        "_pending_reports",
        "_refusals",
        "_rejected",
        "_replayed",
        "_sealed",
        "_spooled",
        "_took_off",
        "spool_full",
    )  # fmt: skip

    def __init__(self, buffer_events: int, buffer_bytes: int, clock: Callable[[], float]) -> None:
        self._buffer_events = buffer_events
        self._buffer_bytes = buffer_bytes
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Begin empty, with new books and a new lock: for a fork's child, whose parent keeps everything."""
        self._lock = threading.Lock()
        self._open: list[Row] = []
        self._opened = 0.0
        self._sealed: deque[PendingBatch] = deque()
        self._flying: list[PendingBatch] = []
        self._took_off = 0.0
        # On their way to disk, and how many events lie there.
        self._moving: list[PendingBatch] = []
        self._spooled = 0
        # Set by who writes there: it takes no more.
        self.spool_full = False
        # The open batch's events are counted as offered when it seals: one addition instead of a thousand.
        self._offered = self._one_by_one = 0
        # What the bounds leave: how long the open batch may grow beside those that are sealed, and how many more bytes.
        self._open_limit = self._buffer_events
        self._bytes_left = self._buffer_bytes
        self._closed = False
        self._rejected = 0
        self._dropped: Counter[str] = Counter()
        self._committed = 0
        self._replayed = 0
        # Names whose refusals are told by name are those that a buffer knows.
        self._refusals = Refusals(set())
        self._pending_reports = 0

    # The way out.

    def take(self, events: int) -> list[PendingBatch]:
        """Move sealed batches of ``events`` in all, but at least one, into flight; the oldest first."""
        with self._lock:
            assert not self._flying
            self._took_off = self._clock()
            taken = 0
            while self._sealed and (not self._flying or taken + len(self._sealed[0]) <= events):
                pending = self._sealed.popleft()
                pending.tried = True
                self._flying.append(pending)
                taken += len(pending)
            return list(self._flying)

    def put_back(self) -> list[PendingBatch]:
        """Queue first again, in its order, what is in flight and did not arrive; that of the spool, which is not queued
        here."""
        with self._lock:
            spooled = [pending for pending in self._flying if pending.segment is not None]
            self._spooled += sum(map(len, spooled))
            self._sealed.extendleft(pending for pending in reversed(self._flying) if pending.segment is None)
            self._flying.clear()
            return spooled

    def settle(self, group: Sequence[PendingBatch], written: Sequence[Written]) -> None:
        """Count what is in flight as arrived; ``written`` says how each batch fared.

        What was moved to disk meanwhile is not in flight any more: it arrives from there, to find itself stored.
        """
        with self._lock:
            arrived = [each for each in zip(group, written, strict=True) if each[0] in self._flying]
            for pending, result in arrived:
                self._account(pending, result)
            self._flying.clear()
        for pending, result in arrived:
            pending.submission.settle(result)

    def _account(self, pending: PendingBatch, result: Written) -> None:
        """Count a batch's rows, and what of it was refused before it came here: with the others, or not at all."""
        rejected = len(pending.batch.refused)
        self._offered += rejected
        if result.replayed:
            self._replayed += rejected
            self._end(pending, {}, replayed=True)
        elif result.conflict:
            self._dropped[KEY_REUSED] += rejected
            self._end(pending, {KEY_REUSED: range(len(pending))})
        else:
            self._rejected += rejected
            if rejected:
                self._refusals.add(INVALID, rejected, pending.batch.refused_names)
            self._end(pending, result.lost_indexes)

    def _end(self, pending: PendingBatch, lost: Mapping[str, Sequence[int]], *, replayed: bool = False) -> None:
        """Take a batch off the books: the ``lost`` rows are dropped, the others committed, or committed before."""
        events = len(pending)
        self._release(pending)
        self._dropped.update({reason: len(indexes) for reason, indexes in lost.items()})
        if replayed:
            self._replayed += events
        else:
            self._committed += events - sum(map(len, lost.values()))
        if pending.is_report:
            return
        for reason, indexes in lost.items():
            # What was withdrawn, or dropped as a whole, its sender still has, and sends again: that is no refusal.
            if not (pending.is_kept and reason in SENT_AGAIN):
                self._refusals.add(reason, len(indexes), Counter(pending.batch.rows[index][0] for index in indexes))

    def _release(self, pending: PendingBatch) -> None:
        """Give back the room that a batch took."""
        self._bytes_left += pending.size
        if pending.is_report and pending.segment is None:
            self._pending_reports -= len(pending)
        if not self._closed:
            self._open_limit += pending.places

    def _held(self) -> tuple[PendingBatch, ...]:
        return (*self._flying, *self._moving, *self._sealed)

    # The way to disk, and back.

    def is_held_up(self, seconds: float) -> bool:
        """Return whether a batch of this memory is being written for so long; less is too long while little room is
        left."""
        with self._lock:
            if not any(pending.segment is None for pending in self._flying):
                return False
            return self._clock() - self._took_off > (seconds * SHORT_OF_ROOM if self._is_crowded() else seconds)

    @property
    def crowded(self) -> bool:
        """Whether little room is left."""
        with self._lock:
            return self._is_crowded()

    def _is_crowded(self) -> bool:
        return (
            self._open_limit <= SHORT_OF_ROOM * self._buffer_events
            or self._bytes_left <= SHORT_OF_ROOM * self._buffer_bytes
        )

    def hand_over(self) -> list[PendingBatch]:
        """Move what is sealed, and what is in flight from here, to where it is written to disk; the oldest first."""
        with self._lock:
            assert not self._moving
            self._moving = [each for each in (*self._flying, *self._sealed) if each.segment is None]
            self._flying = [each for each in self._flying if each.segment is not None]
            self._sealed.clear()
            return list(self._moving)

    def spool(self, batches: int) -> None:
        """Count the first ``batches`` of what was handed over as being on disk, and the rest as still here."""
        with self._lock:
            done, rest = self._moving[:batches], self._moving[batches:]
            self._spooled += sum(map(len, done))
            for pending in done:
                self._release(pending)
            self._sealed.extendleft(reversed(rest))
            self._moving = []
        for pending in done:
            pending.submission.settle(Written(refused=tuple(pending.batch.refused)))

    def fly(self, group: list[PendingBatch]) -> None:
        """Count batches that were read from disk as being in flight."""
        with self._lock:
            assert not self._flying
            self._flying = list(group)
            self._spooled -= sum(map(len, group))

    def adopt(self, events: int) -> None:
        """Count events that another process has left on disk."""
        with self._lock:
            self._offered += events
            self._spooled += events

    def lose(self, events: int) -> None:
        """Count events that were on disk, and can't be read any more."""
        with self._lock:
            self._spooled -= events
            self._dropped[SPOOL_DAMAGED] += events
            self._refusals.add(SPOOL_DAMAGED, events, {})

    # The books.

    def snapshot(self) -> Accounting:
        """Return where everything is now. What is held is counted where it lies, not derived from the other figures."""
        with self._lock:
            return Accounting(
                offered=self._offered + len(self._open),
                rejected=self._rejected,
                dropped=MappingProxyType(dict(self._dropped)),
                buffered=len(self._open) + sum(map(len, (*self._moving, *self._sealed))),
                spooled=self._spooled,
                in_flight=sum(map(len, self._flying)),
                committed=self._committed,
                replayed=self._replayed,
                refused=MappingProxyType(dict(self._refusals.total)),
                one_by_one=self._one_by_one + len(self._open),
            )

    def on_disk(self) -> int:
        """Return how many events wait on disk, those that are in flight from there too."""
        with self._lock:
            return self._spooled + sum(len(pending) for pending in self._flying if pending.segment is not None)

    def oldest_age(self) -> float | None:
        """Return seconds since the oldest event that is not stored came; None when all are."""
        with self._lock:
            since = [pending.since for pending in self._held()]
            if self._open:
                since.append(self._opened)
            return self._clock() - min(since) if since else None
