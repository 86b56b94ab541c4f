"""``/healthz``: the process lives. ``/readyz``: it can serve; 503 and the reasons where it can't."""

import logging
from collections.abc import Iterator
from typing import Protocol

from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError

from db.engine import Database
from db.migrate import current_revision, head_revision
from metrics_dash.ingest.collector import Collector
from metrics_dash.jobs.scheduler import Scheduler
from metrics_dash.web.answers import json_answer

log = logging.getLogger(__name__)


class Health(Protocol):
    """What is wrong with the threads, a sentence each."""

    @property
    def problems(self) -> tuple[str, ...]: ...


class RuntimeProtocol(Protocol):
    """What is asked of ``metrics_dash.runtime.Runtime``."""

    @property
    def collector(self) -> Collector: ...

    @property
    def scheduler(self) -> Scheduler: ...

    def health(self) -> Health: ...


def problems(database: Database, runtime: RuntimeProtocol) -> Iterator[str]:
    """What keeps this process from serving, a sentence each; nothing when it is ready."""
    try:
        revision = current_revision(database)
    except (SQLAlchemyError, OSError) as error:
        # The driver's message names hosts and users; it belongs into the log and not to whoever asks.
        log.warning("not ready: the database can't be reached: %s", error)
        yield "the database can't be reached"
    else:
        if revision != head_revision():
            yield f"the schema is at {revision or 'nothing'}, not {head_revision()}: run python -m metrics_dash migrate"
    yield from runtime.health().problems


def warnings(database: Database) -> list[str]:
    """What somebody should look into though this process serves without it, a sentence each."""
    sentence = database.replica.state().sentence if database.replica is not None else None
    return [sentence] if sentence is not None else []


def install(server: Flask, database: Database, runtime: RuntimeProtocol) -> None:
    """Register both routes."""

    @server.get("/healthz")
    def healthz() -> Response:
        return json_answer({"status": "ok"})

    @server.get("/readyz")
    def readyz() -> Response:
        found = list(problems(database, runtime))
        answer = {"status": "not ready" if found else "ready", "problems": found}
        # A replica that can't be read is no reason to send nobody here: the primary answers in its place.
        warned = {"warnings": warnings(database)} if database.replica is not None else {}
        return json_answer({**answer, **warned}, 503 if found else 200)
