"""The bounded buffer between those who emit and the thread that stores, and its counters.

Pure bookkeeping: no thread, no database. An event is encoded on its way in, so what waits here is immutable and of
known size. Every event that was ever offered is in exactly one place, and ``Buffer.snapshot`` says how many are where.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from uuid import uuid4

from orjson import dumps

from db.batches import NAME_QUOTA, Batch, Written
from db.rows import (
    BACKSLASH,
    MAX_JSON_BYTES,
    MAX_MAGNITUDE,
    MAX_MEASUREMENTS,
    MAX_METADATA_KEYS,
    PLAIN_SCALARS,
    ROW_OVERHEAD_BYTES,
    Row,
    encode_maps,
    size_in_memory,
)
from metrics_dash.ingest.accounting import CANCELLED, KEY_REUSED, SENT_AGAIN, SHUTDOWN, Accounting
from metrics_dash.ingest.names import KnownNames, NameQuotaError
from metrics_dash.ingest.refusals import INVALID, Refusals
from metrics_dash.ingest.submission import BufferFullError, PendingBatch, Submission

# Reports that wait to be stored; past it (an hour of outage, say) later refusals are added up in fewer of them.
PENDING_REPORTS = 1000
# Maps of so many bytes of JSON break no limit: a 65th entry would not fit in, as each takes at least `"n":0,`.
SHORT_MAPS = 6 * min(MAX_MEASUREMENTS, MAX_METADATA_KEYS)
LOWEST, HIGHEST = -MAX_MAGNITUDE, MAX_MAGNITUDE


class Buffer:
    """Events on their way to the database, at most ``buffer_events`` of them and ``buffer_bytes``, or one larger batch.

    ``clock`` is monotonic and in seconds, ``wall`` in nanoseconds since 1970. ``wake`` is called when a batch has
    sealed, and ``on_new_name`` when a name is seen for the first time; neither may block.
    """

    __slots__ = (
        "_batch_size",
        "_buffer_bytes",
        "_buffer_events",
        "_bytes_left",
        "_clock",
        "_closed",
        "_committed",
        "_dropped",
        "_flying",
        "_known",
        "_lock",
        "_name_quota",
        "_names",
        "_offered",
        "_on_new_name",
        "_open",
        "_open_limit",
        "_opened",
        "_pending_reports",
        "_refusals",
        "_rejected",
        "_replayed",
        "_sealed",
        "_wake",
        "_wall",
    )

    def __init__(
        self,
        *,
        batch_size: int,
        buffer_events: int,
        buffer_bytes: int,
        name_quota: int,
        clock: Callable[[], float],
        wall: Callable[[], int],
        wake: Callable[[], None],
        on_new_name: Callable[[], None],
    ) -> None:
        self._batch_size = batch_size
        self._buffer_events = buffer_events
        self._buffer_bytes = buffer_bytes
        self._name_quota = name_quota
        self._clock = clock
        self._wall = wall
        self._wake = wake
        self._on_new_name = on_new_name
        self.reset()

    def reset(self) -> None:
        """Begin empty, with new books and a new lock: for a fork's child, whose parent keeps everything."""
        self._lock = threading.Lock()
        self._known = KnownNames(self._name_quota)
        self._names = self._known.names
        self._open: list[Row] = []
        self._opened = 0.0
        self._sealed: deque[PendingBatch] = deque()
        self._flying: list[PendingBatch] = []
        # The open batch's events are counted as offered when it seals: one addition instead of a thousand.
        self._offered = 0
        # What the bounds leave: how long the open batch may grow beside those that are sealed, and how many more bytes.
        self._open_limit = self._buffer_events
        self._bytes_left = self._buffer_bytes
        self._closed = False
        self._rejected = 0
        self._dropped: Counter[str] = Counter()
        self._committed = 0
        self._replayed = 0
        self._refusals = Refusals(self._names)
        self._pending_reports = 0

    # The way in.

    def offer(self, name: str, measurements: Mapping[str, float], metadata: Mapping[str, object]) -> bool:
        """Take an event that happens now; whether it was taken. Never raises, never waits for anything but a lock.

        This is the hot path of somebody else's program, so it repeats in place what ``db.rows`` does for plain events,
        and leaves to ``db.rows`` all that is out of the ordinary. ``acquire`` takes half the time of ``with``.
        """
        try:
            plain = name in self._names
            for number in measurements.values():
                # Also false for NaN. JSON that is written as it is holds no integer past 64 bits.
                if not LOWEST <= number <= HIGHEST if type(number) is float else type(number) is not int:
                    plain = False
            for scalar in metadata.values():
                if type(scalar) not in PLAIN_SCALARS:
                    plain = False
            maps = dumps((measurements, "", metadata))[1:-1]
            if BACKSLASH in maps or (len(maps) > SHORT_MAPS and _is_too_long(measurements, metadata, maps)):
                plain = False
        except Exception:
            plain = False
        if not plain:
            try:
                if name not in self._names:
                    self._on_new_name()
                    self._known.admit(name)
                maps = encode_maps(measurements, metadata)
            except NameQuotaError:
                with self._lock:
                    return self._drop_locked(NAME_QUOTA, name)
            except Exception:
                return self.reject(name=name)
        lock = self._lock
        lock.acquire()
        try:
            rows = self._open
            left = self._bytes_left - len(maps) - ROW_OVERHEAD_BYTES
            if left < 0 or len(rows) >= self._open_limit:
                return self._drop_locked(self._why_full(), name)
            self._bytes_left = left
            if not rows:
                self._opened = self._clock()
            rows.append((name, maps, self._wall()))
            if len(rows) < self._batch_size:
                return True
            self._seal()
        finally:
            lock.release()
        self._wake()
        return True

    def submit(self, batch: Batch) -> Submission:
        """Take a batch of checked rows, sealed at once. Raises ``BufferFullError``; then none was taken.

        One that is larger than the whole buffer is taken when no other waits: no setting makes it be cut differently.
        """
        submission, batch = Submission(batch.batch_id, self._cancel), replace(batch, submission=uuid4())
        size, events = size_in_memory(batch.rows), len(batch.rows)
        pending = PendingBatch(batch, submission, since=self._clock(), size=size, is_kept=True)
        with self._lock:
            fits = len(self._open) + events <= self._open_limit and size <= self._bytes_left
            if not fits and (self._closed or not self._is_larger(events, size) or self._holds_batches()):
                # The sender keeps its copy and comes again, so nothing is reported as refused.
                self._count_dropped(self._why_full(events), events)
                raise BufferFullError(f"{events} events find no room beside those that wait to be stored")
            self._bytes_left -= size
            self._enqueue(pending)
        self._wake()
        return submission

    def _is_larger(self, events: int, size: int) -> bool:
        return events > self._buffer_events or size > self._buffer_bytes

    def _holds_batches(self) -> bool:
        return any(not pending.is_report for pending in (*self._flying, *self._sealed))

    def learn_names(self, stored: set[str]) -> None:
        """Know the names that are stored, and forget those that the store has forgotten or refused."""
        self._known.learn(stored, self._waiting_names)

    def _waiting_names(self) -> set[str]:
        with self._lock:
            held = [self._open, *(pending.batch.rows for pending in (*self._flying, *self._sealed))]
            return {row[0] for rows in held for row in rows}

    def _why_full(self, events: int = 1) -> str:
        too_many = len(self._open) + events > self._open_limit
        return SHUTDOWN if self._closed else "buffer_full" if too_many else "buffer_bytes"

    def reject(self, events: int = 1, *, name: object = None, names: Mapping[str, int] | None = None) -> bool:
        """Count events that were offered, as ``name`` or so many under these ``names``, and broke a rule, here or where
        somebody else found that out."""
        with self._lock:
            self._offered += events
            self._rejected += events
            self._refusals.add(INVALID, events, names or ({name: 1} if isinstance(name, str) else {}))
        return False

    def _drop_locked(self, reason: str, name: str) -> bool:
        self._count_dropped(reason, 1)
        self._refusals.add(reason, 1, {name: 1})
        return False

    def _count_dropped(self, reason: str, events: int) -> None:
        self._offered += events
        self._dropped[reason] += events

    def _seal(self) -> None:
        size = size_in_memory(self._open)
        self._enqueue(self._own(self._open, since=self._opened, size=size))
        self._open = []

    def _own(self, rows: list[Row], *, since: float, size: int, is_report: bool = False) -> PendingBatch:
        """Return a batch that nobody else can know the id of, so that it names its submission, too."""
        batch_id = uuid4()
        submission = Submission(batch_id, self._cancel)
        batch = Batch(batch_id, rows, submission=batch_id)
        return PendingBatch(batch, submission, since=since, size=size, is_report=is_report)

    def _enqueue(self, pending: PendingBatch) -> None:
        self._sealed.append(pending)
        self._offered += len(pending)
        self._open_limit -= len(pending)

    # The way out.

    def seal_older_than(self, age: float) -> float | None:
        """Seal what has been open for ``age`` seconds; seconds until the next is due, or None when nothing is open."""
        with self._lock:
            if not self._open:
                return None
            left = age - (self._clock() - self._opened)
            if left > 0:
                return left
            self._seal()
            return None

    def take(self, events: int) -> list[PendingBatch]:
        """Move sealed batches of ``events`` in all, but at least one, into flight; the oldest first."""
        with self._lock:
            assert not self._flying
            taken = 0
            while self._sealed and (not self._flying or taken + len(self._sealed[0]) <= events):
                pending = self._sealed.popleft()
                pending.tried = True
                self._flying.append(pending)
                taken += len(pending)
            return list(self._flying)

    def put_back(self) -> None:
        """Queue first again, in its order, what is in flight and did not arrive."""
        with self._lock:
            self._sealed.extendleft(reversed(self._flying))
            self._flying.clear()

    def settle(self, group: Sequence[PendingBatch], written: Sequence[Written]) -> None:
        """Count what is in flight as arrived; ``written`` says how each batch fared."""
        with self._lock:
            for pending, result in zip(group, written, strict=True):
                self._account(pending, result)
            self._flying.clear()
        for pending, result in zip(group, written, strict=True):
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

    def abandon(self, reason: str) -> int:
        """Drop all that is held, in flight too, because nobody will store it any more; how many events."""
        with self._lock:
            if self._open:
                self._seal()
            lost = [*self._flying, *self._sealed]
            for pending in lost:
                self._end(pending, {reason: range(len(pending))})
            self._flying.clear()
            self._sealed.clear()
        for pending in lost:
            pending.submission.fail(f"dropped: {reason}")
        return sum(map(len, lost))

    def close(self, closed: bool = True) -> None:
        """Take no more events (or, with False, take them again)."""
        with self._lock:
            self._closed = closed
            pending = sum(len(each) for each in (*self._flying, *self._sealed) if not each.is_report)
            self._open_limit = -1 if closed else self._buffer_events - pending

    def report_refusals(self) -> None:
        """Seal one row per reason and event of what was refused since the last time, past every bound; none about
        reports, as that would go on for ever."""
        with self._lock:
            if not self._refusals or self._closed or self._pending_reports >= PENDING_REPORTS:
                return
            rows = self._refusals.report(self._wall())
            self._offered += len(rows)
            self._pending_reports += len(rows)
            self._sealed.append(self._own(rows, since=self._clock(), size=0, is_report=True))

    def _end(self, pending: PendingBatch, lost: Mapping[str, Sequence[int]], *, replayed: bool = False) -> None:
        """Take a batch off the books: the ``lost`` rows are dropped, the others committed, or committed before."""
        events = len(pending)
        self._bytes_left += pending.size
        self._dropped.update({reason: len(indexes) for reason, indexes in lost.items()})
        if replayed:
            self._replayed += events
        else:
            self._committed += events - sum(map(len, lost.values()))
        if pending.is_report:
            self._pending_reports -= events
            return
        for reason, indexes in lost.items():
            # What was withdrawn, or dropped as a whole, its sender still has, and sends again: that is no refusal.
            if not (pending.is_kept and reason in SENT_AGAIN):
                self._refusals.add(reason, len(indexes), Counter(pending.batch.rows[index][0] for index in indexes))
        if not self._closed:
            self._open_limit += events

    def _cancel(self, submission: Submission) -> bool:
        """Take an untried batch out of the queue again; whether it was there. One of the same id may be in flight."""
        with self._lock:
            for pending in self._sealed:
                if pending.submission is submission and not pending.tried:
                    self._sealed.remove(pending)
                    self._end(pending, {CANCELLED: range(len(pending))})
                    return True
        return False

    # The books.

    def snapshot(self) -> Accounting:
        """Return where everything is now. What is held is counted where it lies, not derived from the other figures."""
        with self._lock:
            return Accounting(
                offered=self._offered + len(self._open),
                rejected=self._rejected,
                dropped=MappingProxyType(dict(self._dropped)),
                buffered=len(self._open) + sum(map(len, self._sealed)),
                spooled=0,
                in_flight=sum(map(len, self._flying)),
                committed=self._committed,
                replayed=self._replayed,
                refused=MappingProxyType(dict(self._refusals.total)),
            )

    def held(self) -> list[Submission]:
        """Seal what is open; the submissions of all that is not stored yet."""
        with self._lock:
            if self._open:
                self._seal()
            return [pending.submission for pending in (*self._flying, *self._sealed)]

    def oldest_age(self) -> float | None:
        """Return seconds since the oldest event that is not stored came; None when all are."""
        with self._lock:
            since = [pending.since for pending in (*self._flying, *self._sealed)]
            if self._open:
                since.append(self._opened)
            return self._clock() - min(since) if since else None


def _is_too_long(measurements: Mapping[str, float], metadata: Mapping[str, object], maps: bytes) -> bool:
    return len(maps) > MAX_JSON_BYTES or len(measurements) > MAX_MEASUREMENTS or len(metadata) > MAX_METADATA_KEYS
