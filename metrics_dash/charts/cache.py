"""A cache that computes each value once, however many ask for it at the same time."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from cachetools import TTLCache

log = logging.getLogger(__name__)

T = TypeVar("T")

COMPLAIN_EVERY_SECONDS = 60.0


class CacheUnavailableError(RuntimeError):
    """The cache can't be used just now. The message is a sentence without an address."""


class Store(Protocol):
    """What is needed of flask-caching: values by key, for a time in seconds; ``get`` answers None for a miss."""

    def get(self, key: str) -> Any: ...

    def set(self, key: str, value: Any, timeout: int | None = None) -> Any: ...


class MemoryStore:
    """The ``Store`` of one process: the ``capacity`` values used last, for ``timeout`` seconds each, not copied."""

    def __init__(self, timeout: float, capacity: int = 256, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: TTLCache[str, Any] = TTLCache(capacity, timeout, timer=clock)
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        with self._lock:
            return self._entries.get(key)

    def set(self, key: str, value: Any, timeout: int | None = None) -> None:
        """Keep a value. Its time is the store's, whatever ``timeout`` says."""
        with self._lock:
            self._entries[key] = value


class SharedCache:
    """Values by key from ``store``; a missing one is made by one thread while the others wait for it.

    What the maker raises reaches all who wait, and is not kept. A store that fails, or holds something else than what
    is asked for, counts as a miss, so nothing that stands in it can make an answer fail. ``outcomes`` counts: ``hit``,
    ``miss``, ``shared`` (another thread was making it), and ``error`` (the store failed or held something foreign).
    """

    def __init__(self, store: Store | None, timeout: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._store: Store = store if store is not None else MemoryStore(timeout)
        self._timeout = timeout
        self._clock = clock
        self._silent_until = clock()
        self.outcomes: Counter[str] = Counter()
        self._flights: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], T], fits: Callable[[Any], bool] = lambda value: True) -> T:
        """Return the value of ``key``, made by ``make`` where it is missing. Values are never None.

        ``fits``: whether a stored value is an answer to this question; one that isn't is made anew.
        """
        value = self._look_up(key, fits)
        if value is not None:
            self.outcomes["hit"] += 1
            return value  # type: ignore[no-any-return]
        with self._lock:
            flight = self._flights.get(key)
            leads = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        self.outcomes["miss" if leads else "shared"] += 1
        if leads:
            self._compute(key, make, fits, flight)
        return flight.result()  # type: ignore[no-any-return]

    def _compute(self, key: str, make: Callable[[], T], fits: Callable[[Any], bool], flight: "Future[Any]") -> None:
        try:
            # Whoever led before may have landed between the look-up and the take-off.
            value = self._look_up(key, fits)
            if value is None:
                value = make()
                self._keep(key, value)
            flight.set_result(value)
        except BaseException as error:
            flight.set_exception(error)
        finally:
            with self._lock:
                del self._flights[key]

    def _look_up(self, key: str, fits: Callable[[Any], bool]) -> Any:
        try:
            value = self._store.get(key)
            if value is None or fits(value):
                return value
            raise TypeError(f"it holds a {type(value).__name__} that answers something else")
        except Exception as error:
            self._complain("read", error)
            return None

    def _keep(self, key: str, value: Any) -> None:
        try:
            self._store.set(key, value, timeout=self._timeout)
        except Exception as error:
            self._complain("written", error)

    def _complain(self, done: str, error: Exception) -> None:
        """Count every failure, and tell of one a minute: a cache that is down fails with each question."""
        self.outcomes["error"] += 1
        now = self._clock()
        if now < self._silent_until:
            return
        self._silent_until = now + COMPLAIN_EVERY_SECONDS
        log.warning("the query cache can't be %s, so the database is asked: %s", done, error)
