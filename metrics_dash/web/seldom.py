"""One line a minute about a trouble that every request meets, with how many met it."""

import logging
import threading
import time
from collections.abc import Callable

EVERY_SECONDS = 60.0


class Seldom:
    """Warns at once, and of what follows within a minute with the first warning after it."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._clock = log, clock
        self._lock = threading.Lock()
        self._told_at: float | None = None
        self._untold = 0

    def warn(self, message: str, *values: object) -> None:
        """Log a warning, or count it."""
        with self._lock:
            now = self._clock()
            if self._told_at is not None and now - self._told_at < EVERY_SECONDS:
                self._untold += 1
                return
            untold, self._untold, self._told_at = self._untold, 0, now
        more = f" (and {untold:,} more since the last such line)" if untold else ""
        self._log.warning(f"{message}%s", *values, more)
