"""The bounded buffer between those who emit and the thread that sends, and its books.

Pure bookkeeping: no thread and no network. Every event that was ever offered is in exactly one place.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from types import MappingProxyType, TracebackType
from typing import Callable

from metrics_dash_client.accounting import Stats
from metrics_dash_client.batch import Batch
from metrics_dash_client.events import Event

BUFFER_FULL = "buffer_full"
BUFFER_BYTES = "buffer_bytes"
# A batch stays well below what the server takes in one request, 1 MiB compressed, unless its text can't be compressed.
BATCH_BYTES = 2 * 1024 * 1024
# So many reasons have a count of their own; a server that words each refusal anew must not fill the memory.
MOST_REASONS = 50
OTHER_REASONS = "other"


class Buffer:
    """At most ``buffer_events`` events and ``buffer_bytes`` bytes; past that the newest are dropped and counted.

    ``batch_events`` seal a batch. ``clock`` is monotonic, in seconds. ``wake``, which must not block, is called when a
    batch opens and when one has sealed.
    """

    def __init__(
        self,
        *,
        batch_events: int,
        buffer_events: int,
        buffer_bytes: int,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._batch_events = batch_events
        self._wake = wake
        self._clock = clock
        self._lock = _Lock()
        self._open: list[Event] = []
        self._open_size = 0
        self._opened_at = 0.0
        self._sealed: deque[Batch] = deque()
        self._flying: Batch | None = None
        # Events, and reasons for refusals, of signal handlers and finalizers in the middle of a call of their thread.
        self._interrupting: deque[Event | str] = deque()
        # What the bounds leave for the open batch beside those that are sealed.
        self._open_limit = buffer_events
        self._open_bytes_limit = buffer_bytes
        self._closed: str | None = None
        # Events of the open batch are counted where they lie, and in these once it seals.
        self._offered = 0
        self._sealed_ever = 0
        self._settled = 0
        self._accepted = 0
        self._refused: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._came_to_rest = threading.Condition()

    # The way in.

    def put(self, event: Event) -> str | None:
        """Take an event; return None, or the reason why there is no room for it."""
        lock = self._lock
        with lock.of_threads:
            if lock.depth:
                self._interrupting.append(event)
                return None
            lock.depth = 1
            try:
                opens = not self._open
                reason = self._append(event)
                if reason is not None or (self._open and not opens):
                    return reason
            finally:
                lock.depth = 0
        self._wake()
        return None

    def _append(self, event: Event) -> str | None:
        batch = self._open
        size = self._open_size + event.size
        if len(batch) >= self._open_limit or size > self._open_bytes_limit:
            reason = self._closed or (BUFFER_FULL if len(batch) >= self._open_limit else BUFFER_BYTES)
            self._offered += 1
            self._dropped[reason] += 1
            return reason
        if not batch:
            self._opened_at = self._clock()
        self._open_size = size
        batch.append(event)
        if len(batch) >= self._batch_events or size >= BATCH_BYTES:
            self._seal()
        return None

    def refuse(self, reason: str) -> None:
        """Count an event that was offered and broke a rule."""
        with self._lock:
            self._interrupting.append(reason)
            self._absorb()

    # The way out.

    def seal(self) -> int:
        """Seal what is open; return the number, counted from the first, of the last event taken so far."""
        with self._lock:
            self._absorb()
            if self._open and self._lock.depth == 1:
                self._seal()
            return self._sealed_ever

    def seal_older_than(self, age: float) -> float | None:
        """Seal what has been open for ``age`` seconds; seconds until the next is due, or None when nothing is open."""
        with self._lock:
            self._absorb()
            if not self._open:
                return None
            left = age - (self._clock() - self._opened_at)
            if left > 0:
                return left
            self._seal()
            return None

    def take(self) -> Batch | None:
        """Move the oldest sealed batch into flight."""
        with self._lock:
            if self._sealed:
                self._flying = self._sealed.popleft()
                return self._flying
            return None

    def put_back(self) -> None:
        """What is in flight did not arrive: it is the first in the queue again."""
        with self._lock:
            if self._flying is not None:
                self._sealed.appendleft(self._flying)
                self._flying = None

    def replace(self, halves: Iterable[Batch]) -> None:
        """Put these in the place of the batch in flight, first in the queue."""
        with self._lock:
            self._flying = None
            self._sealed.extendleft(reversed(list(halves)))

    def settle(self, refused: Mapping[str, int]) -> None:
        """What is in flight arrived; these of its events were refused, by reason, and the rest are stored."""
        with self._lock:
            batch, self._flying = self._flying, None
            if batch is not None:
                self._count(self._refused, refused)
                self._accepted += len(batch) - sum(refused.values())
                self._release(batch)
        self._announce()

    def abandon(self, reason: str) -> int:
        """Drop what waits, because nobody will send it any more; how many events."""
        with self._lock:
            self._absorb()
            if self._open:
                self._seal()
            lost = list(self._sealed)
            self._sealed.clear()
            events = sum(map(len, lost))
            self._count(self._dropped, {reason: events} if events else {})
            for batch in lost:
                self._release(batch)
        self._announce()
        return events

    def close(self, reason: str) -> None:
        """Drop what comes from now on, and count it under this reason."""
        with self._lock:
            self._absorb()
            self._closed = self._closed or reason
            self._open_limit = -1

    def wait_settled(self, number: int, timeout: float) -> bool:
        """Wait until the first ``number`` events have come to rest; whether they have within ``timeout`` seconds."""
        with self._came_to_rest:
            return self._came_to_rest.wait_for(lambda: self._settled >= number, max(0.0, timeout))

    def _absorb(self) -> None:
        """Do what could not be done when it came, because it interrupted a call that was changing the same things."""
        while self._interrupting and self._lock.depth == 1:
            waiting = self._interrupting.popleft()
            if isinstance(waiting, str):
                self._offered += 1
                self._count(self._refused, {waiting: 1})
            else:
                self._append(waiting)

    def _seal(self) -> None:
        batch = Batch.seal(self._open, self._open_size)
        self._offered += len(batch)
        self._sealed_ever += len(batch)
        self._open_bytes_limit -= batch.size
        if self._closed is None:
            self._open_limit -= len(batch)
        self._sealed.append(batch)
        self._open = []
        self._open_size = 0

    def _release(self, batch: Batch) -> None:
        self._settled += len(batch)
        self._open_bytes_limit += batch.size
        if self._closed is None:
            self._open_limit += len(batch)

    def _count(self, books: Counter[str], events: Mapping[str, int]) -> None:
        for reason, number in events.items():
            known = reason in books or len(books) < MOST_REASONS
            books[reason if known else OTHER_REASONS] += number

    def _announce(self) -> None:
        with self._came_to_rest:
            self._came_to_rest.notify_all()

    # The books.

    def stats(self) -> Stats:
        """Where every event is now. What is held is counted where it lies, not derived from the other figures."""
        with self._lock:
            self._absorb()
            return Stats(
                offered=self._offered + len(self._open),
                refused=MappingProxyType(dict(self._refused)),
                dropped=MappingProxyType(dict(self._dropped)),
                buffered=len(self._open) + sum(map(len, self._sealed)),
                in_flight=0 if self._flying is None else len(self._flying),
                accepted=self._accepted,
            )

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        with self._lock:
            self._absorb()
            return not self._open and not self._sealed and self._flying is None

    @property
    def waiting(self) -> int:
        """How many events have not come to rest."""
        stats = self.stats()
        return stats.buffered + stats.in_flight


class _Lock:
    """A lock that its own thread may take again, and that tells how often it has.

    Signal handlers and finalizers run in the middle of whatever their thread is doing, and may emit events too.
    """

    __slots__ = ("depth", "of_threads")

    def __init__(self) -> None:
        self.of_threads = threading.RLock()
        self.depth = 0

    def __enter__(self) -> None:
        self.of_threads.acquire()
        self.depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.depth -= 1
        self.of_threads.release()
