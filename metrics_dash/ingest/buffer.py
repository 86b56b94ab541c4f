"""The bounded buffer between those who emit and the thread that stores: the way in, and its bounds.

Pure bookkeeping: no thread, no database. An event is encoded on its way in, so what waits here is immutable and of
known size. Where every event is after that, ``books`` knows.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import uuid4

from orjson import dumps

from db.batches import NAME_QUOTA, Batch
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
from metrics_dash.ingest.accounting import CANCELLED, SHUTDOWN, SPOOL_FULL
from metrics_dash.ingest.books import Books
from metrics_dash.ingest.names import KnownNames, NameQuotaError
from metrics_dash.ingest.refusals import INVALID, Refusals
from metrics_dash.ingest.submission import BufferFullError, PendingBatch, Submission

# Reports that wait to be stored; past it (an hour of outage, say) later refusals are added up in fewer of them.
PENDING_REPORTS = 1000
# Maps of so many bytes of JSON break no limit: a 65th entry would not fit in, as each takes at least `"n":0,`.
SHORT_MAPS = 6 * min(MAX_MEASUREMENTS, MAX_METADATA_KEYS)
LOWEST, HIGHEST = -MAX_MAGNITUDE, MAX_MAGNITUDE


class Buffer(Books):
    """Events on their way to the database, at most ``buffer_events`` of them and ``buffer_bytes``, or one larger batch.

    ``clock`` is monotonic and in seconds, ``wall`` in nanoseconds since 1970. ``wake`` is called when a batch has
    sealed, and ``on_new_name`` when a name is seen for the first time; neither may block.
    """

    __slots__ = ("_batch_size", "_known", "_name_quota", "_names", "_on_new_name", "_wake", "_wall")

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
        self._name_quota = name_quota
        self._wall = wall
        self._wake = wake
        self._on_new_name = on_new_name
        super().__init__(buffer_events, buffer_bytes, clock)

    def reset(self) -> None:
        """Begin empty, with new books and a new lock: for a fork's child, whose parent keeps everything."""
        super().reset()
        self._known = KnownNames(self._name_quota)
        self._names = self._known.names
        self._refusals = Refusals(self._names)

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
                return self._reject(name)
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
        return any(pending.places for pending in self._held())

    def learn_names(self, stored: set[str], declared: set[str]) -> None:
        """Know the names that are stored or declared, and forget those that the store has forgotten or refused."""
        self._known.learn(stored, declared, self._waiting_names)

    def _waiting_names(self) -> set[str]:
        with self._lock:
            held = [self._open, *(pending.batch.rows for pending in self._held())]
            return {row[0] for rows in held for row in rows}

    def _why_full(self, events: int = 1) -> str:
        too_many = len(self._open) + events > self._open_limit
        full = SPOOL_FULL if self.spool_full else "buffer_full" if too_many else "buffer_bytes"
        return SHUTDOWN if self._closed else full

    def reject(self, events: int = 1, *, names: Mapping[str, int] | None = None) -> None:
        """Count events that broke a rule where somebody else found that out, so many under these ``names``."""
        with self._lock:
            self._count_rejected(events, names or {})

    def _reject(self, name: object) -> bool:
        with self._lock:
            self._one_by_one += 1
            self._count_rejected(1, {name: 1} if isinstance(name, str) else {})
        return False

    def _count_rejected(self, events: int, names: Mapping[str, int]) -> None:
        self._offered += events
        self._rejected += events
        self._refusals.add(INVALID, events, names)

    def _drop_locked(self, reason: str, name: str) -> bool:
        self._one_by_one += 1
        self._count_dropped(reason, 1)
        self._refusals.add(reason, 1, {name: 1})
        return False

    def _count_dropped(self, reason: str, events: int) -> None:
        self._offered += events
        self._dropped[reason] += events

    def _seal(self) -> None:
        self._one_by_one += len(self._open)
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

    def abandon(self, reason: str) -> int:
        """Drop all that is held, in flight too, because nobody will store it any more; how many events."""
        with self._lock:
            if self._open:
                self._seal()
            lost = [pending for pending in self._held() if pending.segment is None]
            for pending in lost:
                self._end(pending, {reason: range(len(pending))})
            self._spooled += sum(len(pending) for pending in self._flying if pending.segment is not None)
            for each in (self._flying, self._moving, self._sealed):
                each.clear()
        for pending in lost:
            pending.submission.fail(f"dropped: {reason}")
        return sum(map(len, lost))

    def close(self, closed: bool = True) -> None:
        """Take no more events (or, with False, take them again)."""
        with self._lock:
            self._closed = closed
            self._open_limit = -1 if closed else self._buffer_events - sum(each.places for each in self._held())

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

    def _cancel(self, submission: Submission) -> bool:
        """Take an untried batch out of the queue again; whether it was there. One of the same id may be in flight."""
        with self._lock:
            for pending in self._sealed:
                if pending.submission is submission and not pending.tried:
                    self._sealed.remove(pending)
                    self._end(pending, {CANCELLED: range(len(pending))})
                    return True
        return False

    def held(self) -> list[Submission]:
        """Seal what is open; the submissions of all that is not stored yet."""
        with self._lock:
            if self._open:
                self._seal()
            return [pending.submission for pending in self._held()]


def _is_too_long(measurements: Mapping[str, float], metadata: Mapping[str, object], maps: bytes) -> bool:
    return len(maps) > MAX_JSON_BYTES or len(measurements) > MAX_MEASUREMENTS or len(metadata) > MAX_METADATA_KEYS
