"""``/healthz``: the process lives. ``/readyz``: it can serve; 503 and the reasons where it can't.

Where it can serve and some number is known to be wrong, ``/readyz`` says so as ``degraded``, with 200: another process
would have the same numbers, so nobody gains by taking this one away.
"""

import logging
from collections.abc import Iterator
from typing import Protocol

from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError

from db.engine import Database
from db.failures import uncomputed
from db.migrate import current_revision, head_revision
from metrics_dash.ingest.collector import Collector
from metrics_dash.jobs.scheduler import Scheduler
from metrics_dash.ops.uncomputed import sentence
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


def wrong_numbers(database: Database) -> Iterator[str]:
    """What is known to be wrong in what is served, a sentence each."""
    try:
        with database.reading() as connection:
            found = sentence(uncomputed(connection))
    except (SQLAlchemyError, OSError) as error:
        log.warning("the database can't be asked for what is wrong: %s", error)
        found = "the database can't be asked what can't be computed"
    if found:
        yield found


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
        # A replica that can't be read is no reason to send nobody here: the primary answers in its place.
        warned = {"warnings": warnings(database)} if database.replica is not None else {}
        if found:
            return json_answer({"status": "not ready", "problems": found, **warned}, 503)
        wrong = list(wrong_numbers(database))
        return json_answer({"status": "degraded" if wrong else "ready", "problems": wrong, **warned})
