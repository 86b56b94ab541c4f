"""``/metrics``: this process's own figures and the pipeline's, as Prometheus reads them."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector as Figures

from db.status import PipelineStatus
from metrics_dash.charts.data import QueriesUnavailableError
from metrics_dash.charts.queries import Moment
from metrics_dash.ingest.collector import Collector
from metrics_dash.jobs.scheduler import Scheduler
from metrics_dash.web.health import RuntimeProtocol

PATH = "/metrics"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Pipeline(Protocol):
    """What is asked of ``metrics_dash.charts.queries.Queries``."""

    def moment(self) -> Moment: ...


class PipelineFigures(Figures):
    """Figures that are read when they are asked for: the books, the threads, and what the database says."""

    def __init__(self, runtime: RuntimeProtocol, queries: Pipeline, clock: Callable[[], datetime]) -> None:
        self._runtime, self._queries, self._clock = runtime, queries, clock

    def collect(self) -> Iterator[Metric]:
        yield from _books(self._runtime.collector)
        yield from _jobs(self._runtime.scheduler)
        problems = self._runtime.health().problems
        yield _gauge("healthy", "Whether the threads of this process run and succeed (0 or 1).", not problems)
        try:
            status = self._queries.moment().status
        except QueriesUnavailableError:
            yield _gauge("database_up", "Whether the database answers (0 or 1).", False)
            return
        yield _gauge("database_up", "Whether the database answers (0 or 1).", True)
        yield from _pipeline(status, self._clock())


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"metrics_dash_{name}", text, value=float(value))


def _books(collector: Collector) -> Iterator[Metric]:
    """Where every event offered is, at one instant; how they add up stands with ``Accounting``."""
    counters = collector.snapshot()
    for state in ("offered", "rejected", "committed", "replayed"):
        text = f"Events {state} since this process began."
        yield CounterMetricFamily(f"metrics_dash_events_{state}", text, value=getattr(counters, state))
    dropped = CounterMetricFamily("metrics_dash_events_dropped", "Events not stored, by reason.", labels=["reason"])
    for reason, events in counters.dropped.items():
        dropped.add_metric([reason], events)
    yield dropped
    waiting = GaugeMetricFamily("metrics_dash_events_waiting", "Events not stored yet, by where.", labels=["state"])
    for state in ("buffered", "spooled", "in_flight"):
        waiting.add_metric([state], getattr(counters, state))
    yield waiting
    yield _gauge("collector_up", "Whether this process's collector runs and stores (0 or 1).", collector.healthy)


def _jobs(scheduler: Scheduler) -> Iterator[Metric]:
    """The rollup's passes, the purge and the other jobs that this process ran."""
    runs = CounterMetricFamily("metrics_dash_job_runs", "Runs of a job in this process.", labels=["job"])
    seconds = CounterMetricFamily("metrics_dash_job_seconds", "Seconds spent in a job.", labels=["job"])
    failures = CounterMetricFamily("metrics_dash_job_failures", "Runs of a job that failed.", labels=["job"])
    for job, (times, spent) in scheduler.runs.items():
        runs.add_metric([job], times)
        seconds.add_metric([job], spent)
        failures.add_metric([job], scheduler.failures.get(job, 0))
    yield from (runs, seconds, failures)


def _pipeline(status: PipelineStatus, now: datetime) -> Iterator[Metric]:
    lag = max(0.0, (now - status.complete_through).total_seconds())
    yield _gauge("lag_seconds", "Age of the oldest arrival that is not in its buckets yet.", lag)
    yield _gauge("dirty_keys", "Buckets marked to be recomputed.", status.dirty)
    live = sum(collector.live for collector in status.collectors)
    yield _gauge("collectors", "Processes that collect into this database.", live)
    held = status.floors["raw"].held_since
    yield _gauge("purge_held", "Whether the purge of raw events waits for an import (0 or 1).", held is not None)
    if status.raw_floor is not None:
        floor = status.raw_floor.timestamp()
        yield _gauge("raw_floor_timestamp_seconds", "Raw events older than this have been purged.", floor)


class RequestFigures:
    """Requests answered by this process, by route, method and status, and how long they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "metrics_dash_http_requests", "Requests answered.", ["route", "method", "status"], registry=registry
        )
        self._seconds = Histogram(
            "metrics_dash_http_request_seconds", "Seconds to answer.", ["route"], buckets=_SECONDS, registry=registry
        )

    def begin(self) -> None:
        g.began = time.perf_counter()

    def end(self, response: Response) -> Response:
        # The rule and not the path, and no method of their own: a label must not take what strangers make up.
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in _METHODS else "other"
        self._requests.labels(route, method, str(response.status_code)).inc()
        if "began" in g:
            self._seconds.labels(route).observe(time.perf_counter() - g.began)
        return response


def install(server: Flask, runtime: RuntimeProtocol, queries: Pipeline, clock: Callable[[], datetime]) -> None:
    """Register the route, and count every request from here on."""
    registry = CollectorRegistry()
    registry.register(PipelineFigures(runtime, queries, clock))
    requests = RequestFigures(registry)
    server.before_request(requests.begin)
    server.after_request(requests.end)

    @server.get(PATH)
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
