"""What the client's thread does, one turn at a time: seal, send one batch, judge the answer, decide when to go on."""

from __future__ import annotations

import logging
import random
import time
from typing import Callable, Protocol
from uuid import UUID

from metrics_dash_client.answers import UnreadableAnswerError, Verdict, judge, reason_of, refusals
from metrics_dash_client.batch import Batch
from metrics_dash_client.buffer import Buffer
from metrics_dash_client.notices import Notices
from metrics_dash_client.transport import Answer

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# A server that asks for more is taken for one that has its clock wrong.
LONGEST_RETRY_AFTER_SECONDS = 600.0
# What the server takes in one request, compressed.
MAX_BODY_BYTES = 1024 * 1024
SHUTDOWN = "shutdown"
TROUBLE = "trouble"


class Poster(Protocol):
    """What the sender needs of a transport."""

    def post(self, body: bytes, key: UUID, timeout: float) -> Answer:
        """Send a body under its key. Raises ``Exception`` when no whole answer came in time."""

    def close(self) -> None:
        """Let go of the connection."""


class Sender:
    """Empties a buffer into a server. One thread's, but for ``close_by``, which any may call.

    ``timeout`` bounds one request. ``clock`` is monotonic, in seconds; ``jitter(a, b)`` draws a number between. The
    default draws from the system: what a program does with its own seed is neither used nor disturbed.
    """

    def __init__(
        self,
        buffer: Buffer,
        transport: Poster,
        notices: Notices,
        *,
        flush_interval: float,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.SystemRandom().uniform,
    ) -> None:
        self._buffer = buffer
        self._transport = transport
        self._notices = notices
        self._flush_interval = flush_interval
        self._timeout = timeout
        self._clock = clock
        self._jitter = jitter
        self._failures = 0
        # Nothing is sent before either moment: ours grows with each failure and ends when we close, theirs does not.
        self._not_before = 0.0
        self._asked_not_before = 0.0
        self._deadline: float | None = None

    def close_by(self, deadline: float) -> None:
        """Send what is left without further waiting, and finish by then whatever happens."""
        self._failures = 0
        self._not_before = 0.0
        self._deadline = deadline

    @property
    def is_finished(self) -> bool:
        """Whether it was told to close, and nothing is left or nothing can be done about it in time."""
        deadline = self._deadline
        if deadline is None:
            return False
        return self._buffer.is_empty or max(self._clock(), self._next_attempt) >= deadline

    @property
    def _next_attempt(self) -> float:
        return max(self._not_before, self._asked_not_before)

    def step(self) -> float | None:
        """Do what is due now. Returns the seconds until something else may be; None: until somebody rings."""
        try:
            wait = self._step()
        except Exception as error:  # a fault of ours, or no memory left: what was in flight is kept
            self._buffer.put_back()
            self._retry(f"{type(error).__name__}: {error}")
            wait = self._next_attempt - self._clock()
        news = self._notices.write()
        waits = [each for each in (wait, news) if each is not None]
        return max(0.0, min(waits)) if waits else None

    def _step(self) -> float | None:
        wait = self._next_attempt - self._clock()
        if wait > 0:
            return wait
        due = self._buffer.seal_older_than(0 if self._deadline is not None else self._flush_interval)
        batch = self._buffer.take()
        if batch is None:
            return due
        if len(batch.body) > MAX_BODY_BYTES and len(batch) > 1:
            self._buffer.replace(batch.split())
            return 0.0
        self._deliver(batch)
        return self._next_attempt - self._clock()

    def _deliver(self, batch: Batch) -> None:
        timeout = self._timeout if self._deadline is None else min(self._timeout, self._deadline - self._clock())
        try:
            answer = self._transport.post(batch.body, batch.key, timeout)
        except Exception as error:
            self._buffer.put_back()
            self._retry(f"{type(error).__name__}: {error}")
        else:
            self._act(batch, answer)

    def _act(self, batch: Batch, answer: Answer) -> None:
        verdict = judge(answer.status)
        if verdict is Verdict.SETTLE:
            self._settle(batch, answer)
        elif verdict is Verdict.SPLIT and len(batch) > 1:
            self._buffer.replace(batch.split())
            self._succeed()
        elif verdict in (Verdict.REFUSE, Verdict.SPLIT):
            self._buffer.settle({f"http_{answer.status}": len(batch)})
            self._notices.add(f"refused {answer.status}", f"the server refuses events: {reason_of(answer)}", len(batch))
            self._succeed()
        else:
            self._buffer.put_back()
            self._retry(reason_of(answer), slowly=verdict is Verdict.RETRY_SLOWLY)
            self._heed(answer.retry_after)

    def _settle(self, batch: Batch, answer: Answer) -> None:
        try:
            refused, first = refusals(answer, len(batch))
        except UnreadableAnswerError as error:
            self._buffer.put_back()
            self._retry(str(error))
            return
        self._buffer.settle(refused)
        if refused:
            self._notices.add("refused", f"the server refuses events, such as: {first[:200]!a}", sum(refused.values()))
        self._succeed()

    def _succeed(self) -> None:
        self._failures = 0
        if self._notices.forget(TROUBLE):
            self._notices.say(logging.INFO, "events are sent again")

    def _retry(self, why: str, *, slowly: bool = False) -> None:
        self._not_before = self._clock() + (self._slow_pause() if slowly else self._next_pause())
        waiting = self._buffer.waiting
        self._notices.add(TROUBLE, f"events can't be sent, and are kept: {why}; {waiting} are waiting")

    def _next_pause(self) -> float:
        """Draw from all of a range that doubles with each failure, so that many clients don't come back together."""
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures, 20))
        self._failures += 1
        return self._jitter(0.0, longest)

    def _slow_pause(self) -> float:
        return self._jitter(LONGEST_PAUSE_SECONDS / 2, LONGEST_PAUSE_SECONDS)

    def _heed(self, retry_after: float | None) -> None:
        """Wait as long as the server asks for, and a little more by chance."""
        if retry_after is not None:
            seconds = min(retry_after, LONGEST_RETRY_AFTER_SECONDS) + self._jitter(0.0, FIRST_PAUSE_SECONDS)
            self._asked_not_before = self._clock() + seconds
