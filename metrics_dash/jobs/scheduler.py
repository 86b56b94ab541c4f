"""The scheduler: jobs at absolute deadlines on the wall clock, one after the other in one thread.

A job's slots are the multiples of its interval since 1970 in UTC, so every process derives the same ones. Slots that
were missed collapse into the latest: catching up is the business of the dirty log, not of the clock.

It is own code because a library (APScheduler and others) brings threads, a job store and a clock of its own, where a
hundred lines need one thread, no store, and a clock that a test can turn.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

log = logging.getLogger(__name__)

# A wall clock may be set; no wait is longer than this, so that a jump is noticed.
LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do once per slot. ``interval`` is in seconds.

    ``function(slot)`` takes the slot's start (aware, UTC) and returns True if there is more to do at once; others that
    are due have their turn in between.
    """

    name: str
    interval: float
    function: Callable[[datetime], object]

    def __post_init__(self) -> None:
        if not self.interval > 0:
            raise ValueError(f"job {self.name!r}: the interval {self.interval!r} is not a positive number of seconds")

    def slot(self, now: float) -> float:
        """The start of the slot that holds ``now``, both in seconds since 1970."""
        return now // self.interval * self.interval


class Scheduler:
    """Runs jobs. ``clock()`` is seconds since 1970; ``wait(seconds)`` returns early when the scheduler is to stop.

    ``step`` is one turn of the thread, so a test can take the turns itself with a clock of its own.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._jobs = tuple(jobs)
        repeated = [name for name, times in Counter(job.name for job in self._jobs).items() if times > 1]
        if repeated:
            raise ValueError(f"job {repeated[0]!r} is scheduled more than once")
        self._clock = clock
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._done: dict[str, float] = {}
        self._failures: Counter[str] = Counter()
        self._failing: dict[str, str] = {}
        self._runs: dict[str, tuple[int, float]] = {}
        self._succeeded: dict[str, float] = {}
        self._thread: threading.Thread | None = None

    def step(self) -> float:
        """Run each job whose slot has come; return the seconds until the next one, 0 if a job wants to go again."""
        again = False
        for job in self._jobs:
            if self._stopping.is_set():
                break
            slot = job.slot(self._clock())
            if self._done.get(job.name) != slot:
                self._done[job.name] = slot
                if self._run_job(job, slot):
                    del self._done[job.name]
                    again = True
        return 0.0 if again else self._until_next()

    def _run_job(self, job: Job, slot: float) -> bool:
        began = time.perf_counter()
        try:
            return self._try_job(job, slot)
        finally:
            times, seconds = self._runs.get(job.name, (0, 0.0))
            self._runs[job.name] = times + 1, seconds + time.perf_counter() - began

    def _try_job(self, job: Job, slot: float) -> bool:
        try:
            again = job.function(datetime.fromtimestamp(slot, UTC))
        except Exception as error:
            self._failures[job.name] += 1
            # The trace once; a database that is down would repeat it every few seconds.
            log.error("job %s failed: %s", job.name, error, exc_info=job.name not in self._failing)
            self._failing[job.name] = f"{type(error).__name__}: {error}".partition("\n")[0]
            return False
        self._succeeded[job.name] = self._clock()
        if self._failing.pop(job.name, None) is not None:
            log.info("job %s works again", job.name)
        return again is True

    def _until_next(self) -> float:
        now = self._clock()
        deadlines = [job.slot(now) + job.interval - now for job in self._jobs]
        return max(0.0, min([*deadlines, LONGEST_WAIT_SECONDS]))

    @property
    def failures(self) -> Mapping[str, int]:
        """How often each job has raised."""
        return dict(self._failures)

    @property
    def runs(self) -> Mapping[str, tuple[int, float]]:
        """How often each job has run, and for how many seconds in all."""
        return dict(self._runs)

    @property
    def succeeded(self) -> Mapping[str, float]:
        """When each job last ended without raising, in seconds since 1970."""
        return dict(self._succeeded)

    @property
    def failing(self) -> Mapping[str, str]:
        """The jobs whose last run raised, with what."""
        return dict(self._failing)

    @property
    def alive(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; does nothing while it lives."""
        if self.alive:
            return
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="metrics-scheduler", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> bool:
        """End the thread after the job that is running; whether it ended within ``timeout`` seconds."""
        self._stopping.set()
        thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        if thread.is_alive():
            log.error("the scheduler did not stop within %g s", timeout)
            return False
        self._thread = None
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            seconds = self.step()
            if seconds > 0:
                self._wait(seconds)
