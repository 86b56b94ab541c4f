"""What keeps the database from taking events, and when it is tried again."""

import logging
from collections.abc import Callable

from db.faults import Fault, classify, describe, remedy, took_too_long

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 30.0
# While the schema is broken one batch is tried now and then, so that a repair is noticed.
PROBE_SECONDS = 5.0
# After so many failures in a row nobody should wait for the next try.
LASTING_FAILURES = 3


class Outage:
    """``failure``: why nothing can be stored at present, in one line; None while all is well. ``failures``: how often
    that was tried in vain. ``not_before``: when to try again. ``lasts``: the next try is likely to fail, too.

    ``clock`` is monotonic, in seconds; ``jitter(a, b)`` draws a number between.
    """

    def __init__(self, clock: Callable[[], float], jitter: Callable[[float, float], float]) -> None:
        self._clock, self._jitter = clock, jitter
        self.not_before = 0.0
        self.failures = 0
        self.failure: str | None = None
        self.lasts = False

    def note(self, error: Exception, *, hurried: bool) -> None:
        """Note a try that failed, and when to try again; soon where it is ``hurried``."""
        transient = classify(error) is Fault.TRANSIENT
        delay = self._pause() if transient else PROBE_SECONDS
        if hurried:
            delay = min(delay, FIRST_RETRY_SECONDS)
        self.failures += 1
        self.lasts = self.failures >= LASTING_FAILURES or not transient or took_too_long(error)
        reason = describe(error)
        if reason != self.failure:
            log.log(
                logging.WARNING if transient else logging.ERROR,
                "the collector can't store events%s: %s",
                "" if transient else f" until {remedy(error)}",
                reason,
            )
        self.failure = reason
        self.not_before = self._clock() + delay

    def _pause(self) -> float:
        return self._jitter(0.0, min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(self.failures, 10)))

    def end(self) -> None:
        """Note that events are stored again."""
        log.info("the collector stores events again")
        self.failure, self.failures, self.lasts = None, 0, False
