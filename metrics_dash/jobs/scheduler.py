"""The scheduler: jobs at absolute deadlines on the wall clock, one after the other in the thread of their lane.

A lane never waits for another one. A job's slots are the multiples of its interval since 1970 in UTC, so every process
derives the same ones. Slots that were missed collapse into the latest: catching up is the business of the dirty log,
not of the clock.
"""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from db.faults import Fault, classify

log = logging.getLogger(__name__)

# A wall clock may be set; no wait is longer than this, so that a jump is noticed.
LONGEST_WAIT_SECONDS = 60.0
# An outage is over at any moment, and what it kept a job from doing would be called a problem until the next try.
OUTAGE_RETRY_SECONDS = 5.0

SOON = "soon"
"""What a job returns that could not do all that is due, and waits for something that may be over soon."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do once per slot. ``interval`` is in seconds.

    ``function(slot)`` takes the slot's start (aware, UTC) and returns True if there is more to do at once; others of
    its ``lane`` that are due have their turn in between. ``retry``: after about so many seconds it is tried again in
    the same slot if it raised or returned ``SOON``; None leaves that to the next slot. What an outage kept it from
    doing is tried again within seconds, whatever ``retry`` says.
    """

    name: str
    interval: float
    function: Callable[[datetime], object]
    lane: str = "scheduler"
    retry: float | None = None

    def __post_init__(self) -> None:
        if not self.interval > 0:
            raise ValueError(f"job {self.name!r}: the interval {self.interval!r} is not a positive number of seconds")

    def slot(self, now: float) -> float:
        """Return the start of the slot that holds ``now``, both in seconds since 1970."""
        return now // self.interval * self.interval


class Scheduler:
    """Runs jobs, each lane in a thread of its own.

    ``clock()`` is seconds since 1970; ``wait(seconds)`` returns early when the scheduler is to stop; ``jitter(a, b)``
    draws a number between. ``step`` is one turn, so a test can take the turns itself with a clock of its own.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], object] | None = None,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._jobs = tuple(jobs)
        repeated = [name for name, times in Counter(job.name for job in self._jobs).items() if times > 1]
        if repeated:
            raise ValueError(f"job {repeated[0]!r} is scheduled more than once")
        self._clock = clock
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._jitter = jitter
        # Each job has its own key in these, and only its lane's thread writes it.
        self._done: dict[str, float] = {}
        self._retry_at: dict[str, float] = {}
        self._failures: Counter[str] = Counter()
        self._failing: dict[str, str] = {}
        self._runs: dict[str, tuple[int, float]] = {}
        self._succeeded: dict[str, float] = {}
        self._threads: dict[str, threading.Thread] = {}

    def step(self, lane: str | None = None) -> float:
        """Run each job whose slot has come; return the seconds until the next one, 0 if a job wants to go again.

        ``lane``: only the jobs of that one.
        """
        jobs = [job for job in self._jobs if lane in (None, job.lane)]
        again = False
        for job in jobs:
            if self._stopping.is_set():
                break
            slot = job.slot(self._clock())
            if self._is_due(job, slot):
                self._done[job.name] = slot
                self._retry_at.pop(job.name, None)
                if self._run_job(job, slot):
                    del self._done[job.name]
                    again = True
        return 0.0 if again else self._until_next(jobs)

    def _is_due(self, job: Job, slot: float) -> bool:
        if self._done.get(job.name) != slot:
            return True
        retry_at = self._retry_at.get(job.name)
        return retry_at is not None and self._clock() >= retry_at

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
            self._tell(job, error)
            self._failures[job.name] += 1
            seconds = min(OUTAGE_RETRY_SECONDS, job.retry or OUTAGE_RETRY_SECONDS) if _is_outage(error) else job.retry
            self._retry_within(job, seconds)
            return False
        self._succeeded[job.name] = self._clock()
        if again == SOON:
            self._retry_within(job, job.retry)
        if self._failing.pop(job.name, None) is not None:
            log.info("job %s works again", job.name)
        return again is True

    def _tell(self, job: Job, error: Exception) -> None:
        """Log a failure once for as long as it is the same: an outage fails every job again and again."""
        why = f"{type(error).__name__}: {error}".partition("\n")[0]
        if self._failing.get(job.name) == why:
            return
        # A database that is away is no fault of ours, whose trace would tell anything.
        log.error("job %s failed: %s", job.name, why, exc_info=not _is_outage(error))
        self._failing[job.name] = why

    def _retry_within(self, job: Job, seconds: float | None) -> None:
        if seconds is not None:
            self._retry_at[job.name] = self._clock() + self._jitter(seconds / 2, seconds * 3 / 2)

    def _until_next(self, jobs: Iterable[Job]) -> float:
        now = self._clock()
        deadlines = [job.slot(now) + job.interval - now for job in jobs]
        deadlines += [self._retry_at[job.name] - now for job in jobs if job.name in self._retry_at]
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
        """Whether the threads live."""
        return bool(self._threads) and all(thread.is_alive() for thread in self._threads.values())

    def start(self) -> None:
        """Start a thread for each lane; does nothing for those that live."""
        self._stopping.clear()
        for lane in dict.fromkeys(job.lane for job in self._jobs):
            thread = self._threads.get(lane)
            if thread is None or not thread.is_alive():
                self._threads[lane] = threading.Thread(
                    target=self._run, args=(lane,), name=f"metrics-{lane}", daemon=True
                )
                self._threads[lane].start()

    def stop(self, timeout: float = 10.0) -> bool:
        """End the threads after the jobs that are running; whether they ended within ``timeout`` seconds."""
        self._stopping.set()
        deadline = time.monotonic() + timeout
        for lane, thread in list(self._threads.items()):
            thread.join(max(0.0, deadline - time.monotonic()))
            if not thread.is_alive():
                del self._threads[lane]
        if self._threads:
            log.error("the scheduler did not stop within %g s", timeout)
        return not self._threads

    def _run(self, lane: str) -> None:
        while not self._stopping.is_set():
            seconds = self.step(lane)
            if seconds > 0:
                self._wait(seconds)


def _is_outage(error: Exception) -> bool:
    return classify(error) is Fault.TRANSIENT
