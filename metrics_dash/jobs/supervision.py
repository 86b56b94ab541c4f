"""What must go on: threads that are started again, and what is done once a second whatever fails of it."""

import logging
from collections.abc import Callable
from typing import Protocol

from db.faults import describe

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# A thread that lived this long has recovered: its next death is a first one again.
RECOVERED_AFTER_SECONDS = 60.0


class Supervised(Protocol):
    """What can be kept alive."""

    @property
    def alive(self) -> bool: ...

    def start(self) -> None: ...


class ThreadSupervisor:
    """Keeps one thing alive: starts it again when it died, after a pause that doubles from death to death."""

    def __init__(self, name: str, kept: Supervised, clock: Callable[[], float]) -> None:
        self.name = name
        self.restarts = 0
        self._kept = kept
        self._clock = clock
        self._pause = FIRST_PAUSE_SECONDS
        self._since: float | None = None
        self._not_before: float | None = None

    @property
    def alive(self) -> bool:
        """Whether it lives."""
        return self._kept.alive

    def check(self) -> None:
        """Look once: start it if it died and the pause is over."""
        now = self._clock()
        if self._kept.alive:
            if self._since is None:
                self._since = now
            if now - self._since >= RECOVERED_AFTER_SECONDS:
                self._pause = FIRST_PAUSE_SECONDS
            return
        self._since = None
        if self._not_before is None:
            log.error("the %s died; it is started again in %g s", self.name, self._pause)
            self._not_before = now + self._pause
        if now >= self._not_before:
            self._not_before = None
            self._pause = min(LONGEST_PAUSE_SECONDS, self._pause * 2)
            self.restarts += 1
            self._kept.start()


class Duty:
    """Something that is done again and again, whose failure ends neither its thread nor what that does beside it.

    ``failing`` is the sentence, such as "the embedded server can't be started", of which ``problem`` is made.
    """

    def __init__(self, failing: str, act: Callable[[], object]) -> None:
        self.problem: str | None = None
        self._failing, self._act = failing, act

    def turn(self) -> None:
        """Do it once; what fails is logged the first time, and is a problem until it works.

        Of what the system refuses, an ``OSError``, the log has its words; of all else the trace."""
        try:
            self._act()
        except Exception as error:
            if self.problem is None:
                log.error("%s: %s", self._failing, describe(error), exc_info=not isinstance(error, OSError))
            self.problem = f"{self._failing}: {type(error).__name__}"
        else:
            self.problem = None
