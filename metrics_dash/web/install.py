"""What HTTP offers beside the page: events in, queries out, health, metrics; and the guard before all of it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from flask import Flask

from db.engine import Database
from metrics_dash.catalog import Catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.settings import Settings
from metrics_dash.web import gate, health, ingest, metrics, openapi, problems, query
from metrics_dash.web.health import RuntimeProtocol


def install(
    server: Flask,
    *,
    runtime: RuntimeProtocol,
    queries: Queries,
    database: Database,
    settings: Settings,
    catalog: Catalog,
    script_hashes: Callable[[], Iterable[str]] = tuple,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    build: str = "",
) -> None:
    """Register the routes, the guard and the headers on ``server``.

    ``build``: the program's version, as ``metrics_dash.ops.build`` words it. ``script_hashes`` gives the hashes of the
    page's inline scripts for the content security policy (``dash.Dash.csp_hashes``); it is asked once, at the first
    response.
    """
    gate.install(server, script_hashes)
    problems.install(server)
    metrics.install(server, runtime, queries, database, clock, build)
    ingest.install(server, lambda: runtime.collector, keep=settings.day_retention)
    query.install(server, queries, catalog)
    openapi.install(server)
    health.install(server, database, runtime)
