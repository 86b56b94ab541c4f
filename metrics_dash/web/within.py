"""Work that is worth waiting for a moment and no longer: what is not done by then is done without."""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class Within(Generic[T]):
    """Waits for work at most ``seconds``, and at most ``at_once`` of them: where so many are under way, as when a
    database hangs, none is begun. What is late runs to its own end, in a thread that nobody waits for."""

    def __init__(self, seconds: float, at_once: int) -> None:
        self._seconds = seconds
        self._room = threading.BoundedSemaphore(at_once)

    def get(self, work: Callable[[], T | None]) -> T | None:
        """Return what ``work`` gives; None where it fails or is late."""
        if not self._room.acquire(blocking=False):
            return None
        done: SimpleQueue[T | None] = SimpleQueue()
        threading.Thread(target=self._run, args=(work, done), name="within", daemon=True).start()
        try:
            return done.get(timeout=self._seconds)
        except Empty:
            return None

    def _run(self, work: Callable[[], T | None], done: "SimpleQueue[T | None]") -> None:
        found = None
        try:
            found = work()
        except Exception:
            log.exception("what the page was to begin with could not be made")
        finally:
            self._room.release()
            done.put(found)
