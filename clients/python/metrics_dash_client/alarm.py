"""What the sending thread sleeps on."""

from __future__ import annotations

import threading
from contextlib import suppress


class Alarm:
    """Wakes one sleeper.

    A signal handler may ring it while the code that it interrupts is ringing: with ``threading.Event``, which takes a
    lock, that would be the end of both. Ringing several times before the sleeper looks counts as once.
    """

    def __init__(self) -> None:
        self._silent = threading.Lock()
        self._silent.acquire()

    def ring(self) -> None:
        """Wake the sleeper, or keep it from falling asleep the next time."""
        with suppress(RuntimeError):  # it rings already
            self._silent.release()

    def wait(self, seconds: float | None) -> None:
        """Sleep until it rings, or for so many seconds at most."""
        self._silent.acquire(timeout=-1 if seconds is None else min(max(seconds, 0), threading.TIMEOUT_MAX))
