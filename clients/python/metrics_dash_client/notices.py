"""What the client says in the log: each kind of trouble at once, then once a minute with how much there was of it."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import Callable

log = logging.getLogger("metrics_dash_client")

PERIOD_SECONDS = 60.0


class Notices:
    """Collects from any thread; the thread that sends writes, so that a slow log never holds up who emits."""

    def __init__(self, secret: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._secret = secret
        self._clock = clock
        self._lock = threading.RLock()
        self._news: dict[str, tuple[int, str]] = {}
        self._written: dict[str, float] = {}

    def add(self, kind: str, text: str, events: int = 0) -> bool:
        """Note a trouble of this kind with ``events`` events; whether it is the first news of its kind."""
        with self._lock:
            before, _ = self._news.get(kind, (0, ""))
            is_first = kind not in self._news
            self._news[kind] = (before + events, text)
            return is_first

    def forget(self, kind: str) -> bool:
        """The trouble is over, so that the next one is news; whether it has been written about."""
        with self._lock:
            self._news.pop(kind, None)
            return self._written.pop(kind, None) is not None

    def write(self) -> float | None:
        """Write what is due. Returns the seconds until the next may be, or None."""
        now = self._clock()
        due: list[tuple[int, str]] = []
        waits = []
        with self._lock:
            for kind in list(self._news):
                left = self._written.get(kind, now - PERIOD_SECONDS) + PERIOD_SECONDS - now
                if left > 0:
                    waits.append(left)
                    continue
                self._written[kind] = now
                due.append(self._news.pop(kind))
        for events, text in due:
            self._log(logging.WARNING, f"{text} ({_events(events)})" if events else text)
        return min(waits, default=None)

    def say(self, level: int, text: str) -> None:
        """Write something at once, from a thread that may wait for the log."""
        self._log(level, text)

    def _log(self, level: int, text: str) -> None:
        # Without the token, should somebody have sent it back to us. A filter of the program's may raise.
        with suppress(Exception):
            log.log(level, "%s", text.replace(self._secret, "***") if self._secret else text)


def _events(number: int) -> str:
    return "1 event" if number == 1 else f"{number} events"
