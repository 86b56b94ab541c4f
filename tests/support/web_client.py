"""Flask servers to ask: the routes of ``metrics_dash.web`` alone, and the whole application with its page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from db.engine import Database
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.datagrams import Datagrams
from metrics_dash.jobs.scheduler import Job, Scheduler
from metrics_dash.settings import Settings, load_settings
from metrics_dash.web.install import install


@dataclass(frozen=True)
class Health:
    problems: tuple[str, ...] = ()


class RuntimeProtocol:
    """What the routes ask of a runtime: a real collector, and what is said to be wrong."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.scheduler = Scheduler([Job("rollup", 1.0, lambda slot: None)])
        self.datagrams = Datagrams(lambda: collector, address=None, path=None, keep=timedelta(days=1))
        self.problems: tuple[str, ...] = ()

    def health(self) -> Health:
        return Health(self.problems)


@dataclass(frozen=True)
class Site:
    """The client to ask, and what stands behind it."""

    client: FlaskClient
    database: Database
    runtime: RuntimeProtocol

    def stored(self) -> list[str]:
        """The names of the raw events, in the order in which they were stored."""
        with self.database.reading() as connection:
            return list(connection.execute(text("SELECT event_name FROM telemetry_events ORDER BY id")).scalars())


@contextmanager
def site(database: Database, **collector: Any) -> Iterator[Site]:
    """The routes on a database, with a running collector of these arguments."""
    settings = load_settings({}, refresh_interval=1, **{k: v for k, v in collector.items() if k == "buffer_events"})
    catalog = load_catalog()
    running = RuntimeProtocol(Collector(database, **collector))
    server = Flask("site")
    install(
        server,
        runtime=running,
        queries=Queries(database, catalog, settings),
        database=database,
        settings=settings,
        catalog=catalog,
    )
    running.collector.start()
    try:
        yield Site(server.test_client(), database, running)
    finally:
        running.collector.stop(5)


def page_client(database: Database, **settings: Any) -> FlaskClient:
    """A client of the whole application on a database, with these settings. Nothing of it runs beside its routes."""
    return create_app(Settings(**settings), database=database).server.test_client()
