"""What one process tells of itself: its books, its jobs, its cache, what it uses, and which program it is."""

import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import psutil
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as Figures

from db.levels import COMPARED
from metrics_dash import __version__
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.datagrams import DatagramCounts
from metrics_dash.ingest.tally import CALLBACK, FLUSH, PASS, Tally
from metrics_dash.jobs.scheduler import Scheduler

PREFIX = "metrics_dash_"
LAST_SUCCESS = f"{PREFIX}job_last_success_timestamp_seconds"
CACHE_OUTCOMES = ("hit", "miss", "shared", "error")


def gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    """Return a figure without labels."""
    return GaugeMetricFamily(f"{PREFIX}{name}", text, value=float(value))


def labelled(name: str, text: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    """Return a figure of one value for each value of ``label``."""
    family = GaugeMetricFamily(f"{PREFIX}{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def counter(name: str, text: str, label: str, values: Mapping[str, float]) -> CounterMetricFamily:
    """Return a counter of one value for each value of ``label``."""
    family = CounterMetricFamily(f"{PREFIX}{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


class ProcessFigures(Figures):
    """The figures of this process. ``problems``: what is wrong with its threads; ``outcomes``: its cache's look-ups."""

    def __init__(
        self,
        collector: Callable[[], Collector],
        scheduler: Callable[[], Scheduler],
        problems: Callable[[], tuple[str, ...]],
        outcomes: Counter[str],
        datagrams: Callable[[], DatagramCounts],
        build: str,
    ) -> None:
        self._collector, self._scheduler, self._problems = collector, scheduler, problems
        self._outcomes, self._datagrams, self._build = outcomes, datagrams, build

    def collect(self) -> Iterator[Metric]:
        """Read them all."""
        yield from _books(self._collector())
        yield from _tallied(self._collector().tally)
        yield from _jobs(self._scheduler())
        yield gauge("healthy", "Whether the threads of every process run and succeed (0 or 1).", not self._problems())
        outcomes = {outcome: self._outcomes[outcome] for outcome in CACHE_OUTCOMES}
        yield counter("cache_lookups", "Look-ups in the query cache, by outcome.", "outcome", outcomes)
        yield from _received(self._datagrams())
        yield from _used()
        yield _program(self._build)


def _books(collector: Collector) -> Iterator[Metric]:
    """offered = rejected + dropped (by reason) + buffered + spooled + in_flight + committed, at one instant."""
    counters = collector.snapshot()
    for state in ("offered", "rejected", "committed", "replayed"):
        text = f"Events {state} since the processes began."
        yield CounterMetricFamily(f"{PREFIX}events_{state}", text, value=getattr(counters, state))
    yield counter("events_dropped", "Events not stored, by reason.", "reason", counters.dropped)
    waiting = {state: getattr(counters, state) for state in ("buffered", "spooled", "in_flight")}
    yield labelled("events_waiting", "Events not stored yet, by where.", "state", waiting)
    yield from _spool(collector)
    if collector.begun:
        up = collector.healthy
        yield gauge("collector_up", "Whether every collector of these processes runs and stores (0 or 1).", up)


def _spool(collector: Collector) -> Iterator[Metric]:
    """Yield how full the disk behind the buffer is; nothing where there is none."""
    if collector.handover is None:
        return
    use = collector.handover.use()
    yield gauge("spool_bytes", "Room that events on disk take, of all processes of this folder.", use.size)
    yield gauge("spool_limit_bytes", "Room that events on disk may take.", collector.handover.most)
    yield gauge("spool_orphans", "Processes that are gone and left events on disk.", use.orphans)
    yield gauge(
        "spool_damaged_files", "Files of events that were set aside, as some of their bytes are wrong.", use.damaged
    )
    age = collector.handover.oldest_age() or 0.0
    yield gauge("spool_oldest_seconds", "Age of the oldest event on disk that these processes have to store.", age)
    yield gauge("spool_up", "Whether the disk takes events, as far as is known (0 or 1).", collector.spools)


def _tallied(tally: Tally) -> Iterator[Metric]:
    """Yield what the pipeline page shows: who sends, how long work takes, who looks."""
    text = "Events received, by who sent them and in which format."
    family = CounterMetricFamily(f"{PREFIX}events_received", text, labels=["sender", "format"])
    for (sender, form), events in sorted(tally.received().items()):
        family.add_metric([sender, form], events)
    yield family
    repairs: dict[str, float] = {level.name: tally.repairs().get(level.name, 0) for level in COMPARED}
    yield counter("buckets_repaired", "Buckets that the audit found wrong and had computed again.", "level", repairs)
    late: dict[str, float] = {**tally.late()}
    yield counter("late_events", "Events older than raw events are held, by what became of them.", "outcome", late)
    for work, text in ((FLUSH, "Flushes of events"), (PASS, "Rollup passes"), (CALLBACK, "Callbacks of the page")):
        count, seconds = tally.times(work)
        yield CounterMetricFamily(f"{PREFIX}{work}_runs", f"{text} that were done.", value=count)
        yield CounterMetricFamily(f"{PREFIX}{work}_seconds", f"{text}, seconds in all.", value=seconds)
    yield gauge("viewers", "Browsers that asked in the last whole minute, without walls.", tally.viewers)
    yield gauge("walls", "Walls that asked in the last whole minute.", tally.walls)


def _received(counts: DatagramCounts) -> Iterator[Metric]:
    """Yield what came by StatsD's sockets, and what of it was lost."""
    for name, value, text in (
        ("datagrams", counts.received, "Datagrams received by StatsD's sockets."),
        ("datagrams_dropped", counts.dropped, "Datagrams that the kernel dropped, as nobody read them in time."),
        ("datagram_lines_malformed", counts.malformed, "Lines of datagrams that could not be read or stored."),
        ("datagram_events_lost", counts.lost, "Events of datagrams for which the buffer had no room."),
        ("datagram_notes", counts.notes, "Events of DogStatsD, which are annotations here."),
    ):
        yield CounterMetricFamily(f"{PREFIX}{name}", text, value=value)


def _jobs(scheduler: Scheduler) -> Iterator[Metric]:
    """Yield the rollup's passes, the purge and the other jobs that this process ran."""
    runs = scheduler.runs
    yield counter("job_runs", "Runs of a job.", "job", {job: times for job, (times, _) in runs.items()})
    yield counter("job_seconds", "Seconds spent in a job.", "job", {job: spent for job, (_, spent) in runs.items()})
    failures = {job: scheduler.failures.get(job, 0) for job in runs}
    yield counter("job_failures", "Runs of a job that failed.", "job", failures)
    text = "When a job last succeeded, in any process."
    yield labelled(LAST_SUCCESS.removeprefix(PREFIX), text, "job", scheduler.succeeded)


def _used() -> Iterator[Metric]:
    process = psutil.Process()
    with process.oneshot():
        times = process.cpu_times()
        seconds = times.user + times.system
        yield CounterMetricFamily(f"{PREFIX}process_cpu_seconds", "Processor time, of all processes.", value=seconds)
        memory = process.memory_info().rss
        yield gauge("process_resident_memory_bytes", "Memory in use, of all processes.", memory)
        yield gauge("process_open_fds", "Open files and sockets, of all processes.", process.num_fds())
        yield gauge("process_threads", "Threads, of all processes.", process.num_threads())
    yield gauge("processes", "Processes that these figures add up.", 1)


def _program(build: str) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}build_info", "1, with what runs here.", labels=["version", "build", "python"])
    family.add_metric([__version__, build, platform.python_version()], 1)
    return family
