"""A cache that computes each value once, however many ask for it at the same time."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from cachetools import TTLCache

log = logging.getLogger(__name__)

T = TypeVar("T")


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

    What the maker raises reaches all who wait, and is not kept. A store that fails counts as a miss.
    """

    def __init__(self, store: Store | None, timeout: int) -> None:
        self._store: Store = store if store is not None else MemoryStore(timeout)
        self._timeout = timeout
        self._flights: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], T]) -> T:
        """The value of ``key``, made by ``make`` where it is missing. Values are never None."""
        value = self._look_up(key)
        if value is not None:
            return value  # type: ignore[no-any-return]
        with self._lock:
            flight = self._flights.get(key)
            leads = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if leads:
            self._compute(key, make, flight)
        return flight.result()  # type: ignore[no-any-return]

    def _compute(self, key: str, make: Callable[[], T], flight: "Future[Any]") -> None:
        try:
            # Whoever led before may have landed between the look-up and the take-off.
            value = self._look_up(key)
            if value is None:
                value = make()
                self._keep(key, value)
            flight.set_result(value)
        except BaseException as error:
            flight.set_exception(error)
        finally:
            with self._lock:
                del self._flights[key]

    def _look_up(self, key: str) -> Any:
        try:
            return self._store.get(key)
        except Exception:
            log.warning("the query cache can't be read; asking the database", exc_info=True)
            return None

    def _keep(self, key: str, value: Any) -> None:
        try:
            self._store.set(key, value, timeout=self._timeout)
        except Exception:
            log.warning("the query cache can't be written", exc_info=True)
