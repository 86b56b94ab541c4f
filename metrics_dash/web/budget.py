"""What all requests together may hold in memory and spend on decoding.

Each takes from here before it holds another piece and while it decodes, never after. So what a request can cost is
bounded by what is left here, whatever it sends and however many others come with it: there is no other way to hold it.
"""

import threading
import time
from collections.abc import Callable
from typing import Self

from metrics_dash.web.problems import ProblemError

MIB = 1024 * 1024
# Two requests of the largest size, with their rows, and many of the usual one.
HELD_BYTES = 128 * MIB
# Half of one processor goes to decoding in the long run. It may be ahead of that by so many seconds.
DECODING_SHARE = 0.5
DECODING_AHEAD_SECONDS = 20.0
# Clients drop what is put off for longer; and most of what fills the budgets is gone by then.
AGAIN_AFTER = {"Retry-After": "2"}


class ByteBudget:
    """Bytes that may be held at a time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self.held = 0

    def take(self, size: int) -> bool:
        """Hold so many bytes more; False, and nothing is taken, where that would be too many."""
        with self._lock:
            if self.held + size > self._limit:
                return False
            self.held += size
            return True

    def give(self, size: int) -> None:
        """Hold so many bytes less."""
        with self._lock:
            self.held -= size


class WorkBudget:
    """Seconds of a processor: ``share`` of every second that passes, and ``ahead`` in advance."""

    def __init__(self, share: float, ahead: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share, self._ahead, self._clock = share, ahead, clock
        self._lock = threading.Lock()
        self._left, self._at = ahead, clock()

    def spend(self, seconds: float) -> bool:
        """Spend so many seconds, which have passed already; False where there was nothing left to spend."""
        with self._lock:
            now = self._clock()
            self._left = min(self._ahead, self._left + (now - self._at) * self._share)
            self._at = now
            if self._left <= 0:
                return False
            self._left -= seconds
            return True


class Share:
    """What one request holds and spends. Both ways raise ``ProblemError`` 503 where all of them have too much."""

    def __init__(self, held: ByteBudget, work: WorkBudget) -> None:
        self._budget, self._work = held, work
        self._held = 0
        self._spent = time.thread_time()

    def take(self, size: int) -> None:
        """Hold so many bytes more."""
        if not self._budget.take(size):
            raise _too_much("the requests under way hold as much as they may")
        self._held += size

    def give(self, size: int) -> None:
        """Hold so many bytes less."""
        self._held -= size
        self._budget.give(size)

    def work(self) -> None:
        """Account for the work since the last time; to be called in every turn of a loop over what was sent."""
        now = time.thread_time()
        spent, self._spent = now - self._spent, now
        if not self._work.spend(spent):
            raise _too_much("the requests under way take as long to decode as they may")

    def release(self) -> None:
        """Hold nothing any more."""
        self.give(self._held)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _too_much(reason: str) -> ProblemError:
    return ProblemError(503, f"{reason}; nothing was stored; send the request again", headers=AGAIN_AFTER)


_held = ByteBudget(HELD_BYTES)
_work = WorkBudget(DECODING_SHARE, DECODING_AHEAD_SECONDS)


def open_share() -> Share:
    """Return a request's share, which holds nothing once its ``with`` block ends, or it is released."""
    return Share(_held, _work)
