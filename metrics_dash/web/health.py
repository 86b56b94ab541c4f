"""``/healthz``: the process lives. ``/readyz``: it can serve; 503 and the reasons where it can't.

Where it can serve and some number is known to be wrong, ``/readyz`` says so as ``degraded``, with 200: another process
would have the same numbers, so nobody gains by taking this one away.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from flask import Flask, Response
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from db.clock import clock_offset, disagreement
from db.deadlines import PROBE_SECONDS
from db.engine import Database
from db.failures import uncomputed
from db.faults import describe
from db.jobs import unfinished
from db.migrate import head_revision, is_newer, revision_of
from metrics_dash.auth.permissions import LOCAL, MANAGE, Principal
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.datagrams import Datagrams
from metrics_dash.jobs.scheduler import Scheduler
from metrics_dash.jobs.uncomputed import sentence
from metrics_dash.web.answers import json_answer
from metrics_dash.web.seldom import Seldom

log = logging.getLogger(__name__)
_outages = Seldom(log)


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

    @property
    def datagrams(self) -> Datagrams: ...

    def health(self) -> Health: ...


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was found, a sentence each.

    ``problems`` keep this process from serving. ``wrong``: numbers that are known to be. ``warnings``: what somebody
    should look into though this process serves without it.
    """

    problems: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def readiness(database: Database, runtime: RuntimeProtocol) -> Readiness:
    """Look at the threads and at the database as they are now, and not as they were when something last ran."""
    own = runtime.health().problems
    try:
        with database.begin(within=PROBE_SECONDS) as connection:
            found = _look(connection)
    except (SQLAlchemyError, OSError) as error:
        # The driver's message names hosts and users; it belongs into the log and not to whoever asks.
        _outages.warn("not ready: the database can't be reached: %s", describe(error))
        found = Readiness(("the database can't be reached",))
    told = (*found.warnings, *warnings(database), *spooled(runtime.collector))
    return Readiness((*found.problems, *own), found.wrong, told)


def _look(connection: Connection) -> Readiness:
    revision = revision_of(connection)
    # A newer version works on the same database, as it does while processes are exchanged one by one: what it changed
    # lets the one before work on.
    newer = f"a newer version has migrated the schema to {revision}: start this process anew with it"
    if revision != head_revision() and not is_newer(revision):
        found = revision or "nothing"
        return Readiness((f"the schema is at {found}, not {head_revision()}: run python -m metrics_dash migrate",))
    jobs = unfinished(connection)
    failed = tuple(f"the job {each.job} fails: {each.outcome}" for each in jobs if each.failed)
    waiting = [
        f"the job {each.job} is not done since {each.since:%Y-%m-%d %H:%M} UTC: {each.outcome}"
        for each in jobs
        if not each.failed
    ]
    wrong, clocks = sentence(uncomputed(connection)), disagreement(clock_offset(connection))
    told = (newer if is_newer(revision) else None, clocks, *waiting)
    return Readiness(failed, (wrong,) if wrong else (), tuple(filter(None, told)))


def warnings(database: Database) -> list[str]:
    """Return what is wrong with the replica: no reason to send nobody here, as the primary answers in its place."""
    sentence = database.replica.state().sentence if database.replica is not None else None
    return [sentence] if sentence is not None else []


def spooled(collector: Collector) -> list[str]:
    """Return what waits on disk, a sentence: it is acknowledged, and in no chart; and that the disk takes nothing."""
    if collector.handover is None:
        return []
    events, age = collector.on_disk(), collector.handover.oldest_age()
    told = []
    if events and age is not None:
        told.append(f"{events:,} event{' waits' if events == 1 else 's wait'} on disk, the oldest for {age:,.0f} s")
    if collector.handover.problem is not None:
        # What the system says of it names folders; it belongs into the log and not to whoever asks.
        told.append("the disk takes no events while the database is away: python -m metrics_dash doctor says why")
    return told


def problems(database: Database, runtime: RuntimeProtocol) -> tuple[str, ...]:
    """Return what keeps this process from serving, a sentence each; nothing when it is ready."""
    return readiness(database, runtime).problems


def install(
    server: Flask, database: Database, runtime: RuntimeProtocol, viewer: Callable[[], Principal] = lambda: LOCAL
) -> None:
    """Register both routes. ``viewer`` says who the present request is from: details are for whoever runs it."""

    @server.get("/healthz")
    def healthz() -> Response:
        return json_answer({"status": "ok"})

    @server.get("/readyz")
    def readyz() -> Response:
        found = readiness(database, runtime)
        # What is wrong elsewhere too, or waits, is no reason to send nobody here.
        status = "not ready" if found.problems else "degraded" if found.wrong else "ready"
        problems = found.problems or found.wrong
        answer: dict[str, object] = {"status": status}
        if viewer().may(MANAGE) or "scrape" in viewer().scopes:
            answer |= {"problems": list(problems), "warnings": list(found.warnings)}
        return json_answer(answer, 503 if found.problems else 200)
