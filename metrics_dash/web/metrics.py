"""``/metrics``: the figures of all processes of this server, and the pipeline's, as Prometheus reads them."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cachetools import TTLCache, cached
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector as Figures
from sqlalchemy.exc import SQLAlchemyError

from db.engine import Database
from db.reading import ask
from db.replica import Replica
from db.sizes import Sizes, last_successes, read_sizes
from db.status import PipelineStatus
from metrics_dash.charts.cache import SharedCache
from metrics_dash.charts.data import QueriesUnavailableError
from metrics_dash.charts.queries import Moment
from metrics_dash.ingest.tally import CALLBACK
from metrics_dash.web.callback_guard import PATH as CALLBACKS
from metrics_dash.web.figures import LAST_SUCCESS, PREFIX, ProcessFigures, gauge, labelled
from metrics_dash.web.health import RuntimeProtocol
from metrics_dash.web.sharing import SharedFigures

PATH = "/metrics"
SIZES_SECONDS = 60
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# For so long nothing else is asked of a database that did not answer.
AWAY_SECONDS = 10.0
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# When a series began is a figure of its own for each series, and nobody's question.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Pipeline(Protocol):
    """What is asked of ``metrics_dash.charts.queries.Queries``."""

    @property
    def cache(self) -> SharedCache: ...

    def moment(self) -> Moment: ...


class RequestFigures:
    """Requests answered by this process, by route, method and status, and how long they took; ``took`` is told of the
    page's callbacks."""

    def __init__(self, registry: CollectorRegistry, took: Callable[[float], None] = lambda seconds: None) -> None:
        self._took = took
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
            seconds = time.perf_counter() - g.began
            self._seconds.labels(route).observe(seconds)
            if request.path == CALLBACKS:
                self._took(seconds)
        return response


class PipelineFigures:
    """What the database says, the same whichever process asks it."""

    def __init__(self, queries: Pipeline, database: Database, clock: Callable[[], datetime]) -> None:
        self._queries, self._database, self._clock = queries, database, clock
        self._away_since = -AWAY_SECONDS
        self._sizes = cached(TTLCache(1, SIZES_SECONDS))(self._ask_sizes)

    def collect(self) -> Iterator[Metric]:
        """Read them all; the rest is left out where the database does not answer."""
        if self._database.replica is not None:
            yield from _replica(self._database.replica)
        try:
            status = self._queries.moment().status
            sizes = self._sizes()
        except (QueriesUnavailableError, SQLAlchemyError, OSError):
            self._away_since = time.monotonic()
            yield gauge("database_up", "Whether the database answers (0 or 1).", False)
            return
        yield gauge("database_up", "Whether the database answers (0 or 1).", True)
        yield from _pipeline(status, self._clock())
        yield from _room(sizes)

    def successes(self) -> Mapping[str, float]:
        """Return when each job that is run by one process of all last succeeded; nothing where the database is away."""
        # Who just waited in vain need not wait again for the same answer.
        if time.monotonic() - self._away_since < AWAY_SECONDS:
            return {}
        try:
            return ask(self._database, last_successes)
        except (SQLAlchemyError, OSError):
            self._away_since = time.monotonic()
            return {}

    def _ask_sizes(self) -> Sizes:
        return ask(self._database, read_sizes)


def _pipeline(status: PipelineStatus, now: datetime) -> Iterator[Metric]:
    lag = max(0.0, (now - status.complete_through).total_seconds())
    yield gauge("lag_seconds", "Age of the oldest arrival that is not in its buckets yet.", lag)
    yield gauge("dirty_keys", "Buckets marked to be recomputed.", status.dirty)
    waiting = sum(not bucket.lost for bucket in status.uncomputed)
    yield gauge("uncomputed_buckets", "Buckets that can't be computed and are tried again, 200 at most.", waiting)
    lost = len(status.uncomputed) - waiting
    yield gauge("lost_buckets", "Buckets that can't be computed any more: their events were purged.", lost)
    live = sum(collector.live for collector in status.collectors)
    yield gauge("collectors", "Processes that collect into this database.", live)
    held = status.floors["raw"].held_since
    yield gauge("purge_held", "Whether the purge of raw events waits for an import (0 or 1).", held is not None)
    if status.raw_floor is not None:
        floor = status.raw_floor.timestamp()
        yield gauge("raw_floor_timestamp_seconds", "Raw events older than this have been purged.", floor)


def _replica(replica: Replica) -> Iterator[Metric]:
    state = replica.state()
    yield gauge("replica_up", "Whether the replica keeps up and is read (0 or 1).", state.problem is None)
    if state.behind is not None:
        yield gauge("replica_lag_seconds", "How far the replica is behind.", state.behind.total_seconds())


def _room(sizes: Sizes) -> Iterator[Metric]:
    yield gauge("database_bytes", "Size of the database on disk.", sizes.database)
    yield labelled("table_bytes", "Size of a table with its indexes and partitions.", "table", sizes.tables)
    yield labelled("partition_bytes", "Size of the newest partitions of raw events, by UTC day.", "day", sizes.days)
    yield gauge("partitions", "Partitions of raw events.", sizes.partitions)


class AllFigures(Figures):
    """Everything that the route answers. ``own`` holds what this process counts."""

    def __init__(self, own: CollectorRegistry, pipeline: PipelineFigures) -> None:
        self._own, self._pipeline = own, pipeline
        self._shared: SharedFigures | None = None

    def share(self, folder: Path) -> None:
        """Add up with the other processes of this folder from now on."""
        self._shared = SharedFigures(folder, self._own.collect)
        self._shared.publish()
        self._shared.keep_publishing()

    def publish(self) -> None:
        """Leave this process's figures to the others, where they are shared."""
        if self._shared is not None:
            self._shared.publish()

    def collect(self) -> Iterator[Metric]:
        """Read them all."""
        families = self._own.collect() if self._shared is None else self._shared.added_up()
        yield from _with_successes(families, self._pipeline.successes())
        yield from self._pipeline.collect()


def _with_successes(families: Iterable[Metric], elsewhere: Mapping[str, float]) -> Iterator[Metric]:
    """Yield a job that one process of all runs may have succeeded in another one."""
    for family in families:
        if family.name != LAST_SUCCESS:
            yield family
            continue
        here = {sample.labels["job"]: sample.value for sample in family.samples}
        newest = {job: max(here.get(job, 0.0), elsewhere.get(job, 0.0)) for job in sorted({*here, *elsewhere})}
        yield labelled(LAST_SUCCESS.removeprefix(PREFIX), family.documentation, "job", newest)


def install(
    server: Flask,
    runtime: RuntimeProtocol,
    queries: Pipeline,
    database: Database,
    clock: Callable[[], datetime],
    build: str = "",
) -> None:
    """Register the route, and count every request from here on; ``extensions["metrics_figures"]`` can share."""
    own, registry = CollectorRegistry(), CollectorRegistry()
    own.register(
        ProcessFigures(
            lambda: runtime.collector,
            lambda: runtime.scheduler,
            lambda: runtime.health().problems,
            queries.cache.outcomes,
            lambda: runtime.datagrams.counts,
            build,
        )
    )
    requests = RequestFigures(own, lambda seconds: runtime.collector.tally.took(CALLBACK, seconds))
    figures = AllFigures(own, PipelineFigures(queries, database, clock))
    registry.register(figures)
    server.extensions["metrics_figures"] = figures
    server.before_request(requests.begin)
    server.after_request(requests.end)

    @server.get(PATH)
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
