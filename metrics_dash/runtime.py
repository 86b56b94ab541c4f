"""The runtime of a process: its collector and its scheduler, started, supervised and stopped together.

A thread that dies is started again, with growing pauses, and ``health`` is red until it lives; an embedded server that
dies is started again by whichever process notices first. A runtime belongs to the process that started it: after a
fork, the child starts its own.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from db.annotations import Annotation, purge_annotations, put_annotations
from db.clock import clock_offset, disagreement, trusted_time, watch_clock
from db.deadlines import PROBE_SECONDS
from db.declared import let_in
from db.engine import Database
from db.faults import describe
from db.jobs import FAILED, claim, finish, tidy
from db.partitions import ensure_partitions_ahead
from db.rows import InvalidEventError
from db.status import pipeline_status
from metrics_dash.auth.sweep import sweep
from metrics_dash.catalog import load_catalog
from metrics_dash.emit.autostart import AUTOSTART_HANDLER, COLLECTOR_HANDLER
from metrics_dash.emit.bus import Bus
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.datagrams import Datagrams
from metrics_dash.ingest.formats.statsd import Note
from metrics_dash.ingest.notes import annotation_of_note
from metrics_dash.ingest.reports import Reporter
from metrics_dash.ingest.tally import PASS
from metrics_dash.jobs.repair import RepairJob
from metrics_dash.jobs.retention import purge
from metrics_dash.jobs.rollup import RollupJob
from metrics_dash.jobs.scheduler import SOON, Job, Scheduler
from metrics_dash.jobs.supervision import Duty, ThreadSupervisor
from metrics_dash.settings import Settings

log = logging.getLogger(__name__)

SUPERVISE_SECONDS = 1.0

MINUTE, HOUR = 60.0, 3600.0
# Events of DogStatsD that wait to be stored; past it, the oldest are forgotten.
NOTES_AT_MOST = 1000


@dataclass(frozen=True, slots=True)
class Health:
    """Whether everything that should run does; if not, why, a sentence each."""

    ok: bool
    problems: tuple[str, ...]


class Runtime:
    """Collects (``collect``) and rolls up, purges and tidies (``schedule``), in threads of its own.

    Either by default, except where the settings say that the process only reads.
    ``bus``: where events are taken from, by default the one behind ``metrics_dash.execute``.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        collect: bool | None = None,
        schedule: bool | None = None,
        bus: Bus | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from metrics_dash import default_bus

        self.collector = Collector(
            database,
            batch_size=settings.batch_size,
            flush_interval=settings.flush_interval,
            buffer_events=settings.buffer_events,
            spool=settings.spool,
            spool_bytes=settings.spool_size,
        )
        # DogStatsD's events, which supervision stores: whoever receives must not wait for the database.
        self._noted: deque[Note] = deque(maxlen=NOTES_AT_MOST)
        self.datagrams = Datagrams(
            lambda: self.collector,
            address=settings.statsd_address,
            path=settings.statsd_socket,
            keep=settings.day_retention,
            annotate=self._noted.extend,
        )
        self._settings = settings
        self._database = database
        self._bus = bus or default_bus
        self._collect = not settings.only_reads if collect is None else collect
        self._schedule = not settings.only_reads if schedule is None else schedule
        self._clock = clock
        self._lock = threading.RLock()
        self._owner: int | None = None
        self._begin()

    def _begin(self) -> None:
        """Set what belongs to one process."""
        self.scheduler = Scheduler(
            jobs(
                self._settings,
                self._database,
                partial(self.collector.tally.took, PASS),
                self.collector.tally.repaired,
                self.collector.tally.merged,
            )
        )
        self._reporter = Reporter(self.collector, self._how_far)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.keepers = tuple(
            ThreadSupervisor(name, kept, self._clock)
            for name, kept, wanted in (
                ("collector", self.collector, self._collect),
                ("scheduler", self.scheduler, self._schedule),
                ("StatsD receiver", self.datagrams, self._receives),
            )
            if wanted
        )
        self._last_report = Duty("this process can't count what it did", self._reporter.finish)
        # All of them, whatever fails of one: the thread that does them is what keeps the others alive.
        self._duties = (
            Duty("the embedded server can't be started", lambda: self._database.ensure_running()),
            Duty("annotations of datagrams can't be stored", self._store_notes),
            *([Duty("this process can't count what it does", self._reporter.turn)] if self._collect else ()),
            *(Duty(f"the {keeper.name} can't be started", keeper.check) for keeper in self.keepers),
        )

    @property
    def _receives(self) -> bool:
        listens = self._settings.statsd_address or self._settings.statsd_socket
        return self._collect and listens is not None

    @property
    def running(self) -> bool:
        """Whether this process has started it and not stopped it."""
        return self._owner == os.getpid()

    def start(self) -> None:
        """Start the threads and take events from the bus; does nothing if that was done in this process."""
        with self._lock:
            if self.running:
                return
            if self._collect or self._schedule:
                let_in(self._database, load_catalog(self._settings.catalog).events)
            if self._owner is not None:
                self._begin()  # a fork's child: its parent's threads are not here
            self._owner = os.getpid()
            self._stopping.clear()
            if self._collect:
                self.collector.start()
                self._attach()
            if self._receives:
                self._receive()
            if self._schedule:
                self.scheduler.start()
            self._thread = threading.Thread(target=self._supervise, name="metrics-supervisor", daemon=True)
            self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Take no more events, store what is held, end the threads, all within ``timeout`` seconds."""
        with self._lock:
            if not self.running:
                return
            self._owner = None
            deadline = time.monotonic() + timeout
            self._stopping.set()
            if self._thread is not None:
                self._thread.join(timeout)
            if self._receives:
                self.datagrams.stop(min(1.0, timeout))
            if self._collect:
                self._bus.detach(COLLECTOR_HANDLER)
                self._last_report.turn()
            # The scheduler is told first, so that its last job ends while the collector drains.
            waiter = threading.Thread(target=self.scheduler.stop, args=(timeout,), name="metrics-stop", daemon=True)
            waiter.start()
            if self._collect:
                self.collector.stop(max(0.0, deadline - time.monotonic()))
            waiter.join(max(0.0, deadline - time.monotonic()))

    def health(self) -> Health:
        """Return what is wrong with this process's part of the pipeline. Asks nothing of the database.

        Nor does it tell of jobs that any process may do: how those are is known there.
        """
        problems = []
        if not self.running:
            problems.append("the runtime is not started")
        else:
            problems += [f"the {keeper.name} is not running" for keeper in self.keepers if not keeper.alive]
            if self._collect and self.collector.alive and self.collector.failure:
                problems.append(f"events can't be stored: {self.collector.failure}")
            if self._collect and self.collector.handover is not None and self.collector.handover.problem:
                problems.append(f"events can't be spooled: {self.collector.handover.problem}")
            if self._receives and self.datagrams.problem:
                problems.append(f"StatsD can't be received: {self.datagrams.problem}")
            if self._schedule:
                failing = self.scheduler.failing.items()
                problems += [f"the job {name} fails: {why}" for name, why in failing if name not in ELECTED_JOBS]
            problems += [duty.problem for duty in self._duties if duty.problem]
            if self._thread is not None and not self._thread.is_alive():
                problems.append("the supervisor is not running")
        return Health(not problems, tuple(problems))

    def supervise(self) -> None:
        """Look once at everything that must live; also what the supervising thread does once a second."""
        for duty in self._duties:
            duty.turn()

    def _supervise(self) -> None:
        while not self._stopping.wait(SUPERVISE_SECONDS):
            self.supervise()

    def _store_notes(self) -> None:
        """Store what was noted; the next time where that fails."""
        notes = list(self._noted)
        if not notes:
            return
        try:
            with self._database.begin(within=PROBE_SECONDS) as connection:
                put_annotations(connection, list(_annotations(notes)))
        except Exception as error:
            log.warning("%d annotations can't be stored: %s", len(notes), describe(error))
            return
        for _ in notes:
            self._noted.popleft()

    def _how_far(self) -> Mapping[str, float]:
        """Return how far the whole pipeline is, as measurements; nothing where the database does not answer."""
        try:
            with self._database.begin(within=PROBE_SECONDS) as connection:
                status = pipeline_status(connection)
        except Exception as error:
            log.debug("how far the pipeline is can't be reported: %s", describe(error))
            return {}
        return {"lag_s": (status.now - status.complete_through).total_seconds(), "dirty": float(status.dirty)}

    def _receive(self) -> None:
        try:
            self.datagrams.start()
        except OSError as error:
            # Supervision tries again, and health says so until it works.
            log.warning("StatsD can't be received: %s", error)

    def _attach(self) -> None:
        """Take every event of the bus, in the place of a collector that its first event might have started."""
        if not self._bus.replace(AUTOSTART_HANDLER, COLLECTOR_HANDLER, self.collector.offer):
            self._bus.detach(COLLECTOR_HANDLER)
            self._bus.attach(COLLECTOR_HANDLER, None, self.collector.offer)


def _annotations(notes: Iterable[Note]) -> Iterator[Annotation]:
    now = datetime.now(UTC)
    for note in notes:
        try:
            yield annotation_of_note(note, now)
        except InvalidEventError as error:
            # Never tried again: one that can't be stored would keep those behind it waiting.
            log.warning("an event of DogStatsD is no annotation: %s", error)


def jobs(
    settings: Settings,
    database: Database,
    took: Callable[[float], None] = lambda seconds: None,
    repaired: Callable[[str, int], None] = lambda level, buckets: None,
    merged: Callable[[int, int], None] = lambda events, lost: None,
) -> tuple[Job, ...]:
    """Return what is scheduled.

    The rollup runs in every process, as its passes elect by their lock, and in a lane of its own: nothing that the
    others wait for holds it up. The audit has one, too, as it may take its time. Every process looks at the clock. The
    other jobs are done once per slot by one of all.
    """

    def hourly(name: str, function: Callable[[datetime], Outcome]) -> Job:
        return Job(name, HOUR, _elected(database, name, function), lane="upkeep", retry=MINUTE)

    catalog = load_catalog(settings.catalog)
    rollup = RollupJob(
        database,
        settings.rollup_interval,
        declared=catalog.declared,
        took=took,
        merged=merged,
    )
    repair = RepairJob(database, repaired)
    return (
        Job("rollup", settings.rollup_interval, rollup, lane="rollup"),
        Job("clock", MINUTE, ClockJob(database), lane="upkeep"),
        Job("audit", MINUTE, _elected(database, "audit", lambda slot: (repair(), True)), lane="audit"),
        hourly("partitions", lambda slot: _partitions(database, slot)),
        hourly("purge", lambda slot: _purge(database, settings)),
        hourly("housekeeping", lambda slot: _tidy(database, settings)),
    )


ELECTED_JOBS = frozenset({"audit", "partitions", "purge", "housekeeping"})
# How a run went, in a line, and whether it did what was due.
Outcome = tuple[str, bool]


def _elected(database: Database, job: str, function: Callable[[datetime], Outcome]) -> Callable[[datetime], object]:
    """Return ``function`` as a job that one process of all runs per slot, and tries again until it did what was due.

    How the last try went, whoever's it was, is what health tells (``db.jobs.unfinished``). A clock that is set back
    comes to slots that are claimed; what was left undone in one that lies ahead is tried again then, and not in days.
    """
    mine: datetime | None = None
    owed = False

    def run(slot: datetime) -> object:
        nonlocal mine, owed
        if slot != mine:
            with database.begin() as connection:
                claimed = claim(connection, job, slot)
            if claimed:
                mine = slot
            elif mine is None or not owed or slot > mine:
                return None
        owed = True
        text, done = FAILED, False
        try:
            text, done = function(slot)
        except Exception as error:
            text = f"{FAILED}: {describe(error)}"
            raise
        finally:
            with database.begin() as connection:
                finish(connection, job, mine, text, done)
            owed = not done
        return None if done else SOON

    return run


class ClockJob:
    """Looks at the database's clock, and tells when this machine's says something else, or does no longer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: str | None = None

    def __call__(self, slot: datetime) -> None:
        with self._database.begin() as connection:
            watch_clock(connection)
            differ = disagreement(clock_offset(connection))
        if (differ is None) != (self._told is None):
            log.warning("%s", differ or "this machine's clock and the database's agree again")
        self._told = differ


def _partitions(database: Database, now: datetime) -> Outcome:
    return f"{ensure_partitions_ahead(database, now)} made", True


def _purge(database: Database, settings: Settings) -> Outcome:
    report = purge(database, settings)
    return report.summary(), report.finished


def _tidy(database: Database, settings: Settings) -> Outcome:
    with database.begin() as connection:
        removed = {**tidy(connection), **sweep(connection, idle=settings.session_idle)}
        cutoff = trusted_time(connection) - settings.day_retention
        removed["annotations"] = purge_annotations(connection, cutoff)
    return ", ".join(f"{table} {rows}" for table, rows in removed.items() if rows) or "nothing", True
