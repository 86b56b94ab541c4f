"""What HTTP offers beside the page: events in, queries out, health, metrics; and the guard before all of it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from flask import Flask

from db.engine import Database
from metrics_dash.catalog import Catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.settings import Settings
from metrics_dash.web import (
    annotations,
    gate,
    headers,
    health,
    ingest,
    metrics,
    openapi,
    otlp,
    problems,
    query,
    senders,
)
from metrics_dash.web.health import RuntimeProtocol
from metrics_dash.web.identity import Identities
from metrics_dash.web.permits import Sender


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
    identities: Identities | None = None,
) -> None:
    """Register the routes, the gate and the headers on ``server``.

    ``build``: the program's version, as ``metrics_dash.ops.build`` words it. ``script_hashes`` gives the hashes of the
    page's inline scripts for the content security policy (``dash.Dash.csp_hashes``); it is asked once, at the first
    response. ``identities``: who may come in; None: there is no login.
    """
    headers.install(server, script_hashes)
    gate.install(server, identities)
    problems.install(server)

    def sender() -> Sender:
        return Sender(gate.principal(), identities.tokens if identities is not None else None)

    metrics.install(server, runtime, queries, database, clock, build)
    taking = ingest.install(server, lambda: runtime.collector, keep=settings.day_retention, sender=sender)
    senders.install(server, taking)
    otlp.install(server, taking)
    query.install(server, queries, catalog, gate.principal)
    annotations.install(server, database, settings.day_retention, clock, sender)
    openapi.install(server)
    health.install(server, database, runtime, gate.principal)
