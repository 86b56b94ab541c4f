"""Heartbeats: who died without leaving is known from its process, and its events are known to be lost."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psutil
import pytest
from sqlalchemy import text

from db.collectors import beat
from db.engine import Database
from db.status import pipeline_status
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.heartbeat import is_running

HERE = socket.gethostname()
LONG_AGO = timedelta(minutes=10)


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def sleeper() -> Iterator[int]:
    """The number of a process that lives and does nothing."""
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate()


def fell_silent(database: Database, pid: int, host: str = HERE, ago: timedelta = LONG_AGO, born: str = "now()") -> UUID:
    """A collector that was last heard of ``ago``, with an event in its buffer."""
    identity = uuid4()
    seen_at = datetime.now(UTC) - ago
    with database.begin() as connection:
        beat(
            connection,
            identity,
            host=host,
            pid=pid,
            seen_at=seen_at,
            oldest_buffered_at=seen_at,
            accounting={"buffered": 3, "in_flight": 4},
        )
        connection.execute(text(f"UPDATE collectors SET started_at = {born}"))
    return identity


def listed(database: Database) -> set[UUID]:
    """The collectors on the list after a beat of another one on this host, without that one."""
    collector = Collector(database)
    collector.step()
    with database.reading() as connection:
        return {each.collector_id for each in pipeline_status(connection).collectors} - {collector.collector_id}


def test_a_collector_whose_process_is_dead_is_buried_and_its_loss_told(
    database: Database, gone: int, caplog: pytest.LogCaptureFixture
) -> None:
    fell_silent(database, gone)
    assert listed(database) == set()
    assert (
        f"the collector of process {gone} died without leaving; when it was last heard of, it held 7 events"
        in caplog.text
    )


def test_one_whose_process_lives_counts_however_long_it_is_silent(database: Database, sleeper: int) -> None:
    identity = fell_silent(database, sleeper)
    assert listed(database) == {identity}


def test_one_of_another_host_is_never_taken_for_dead(database: Database, gone: int) -> None:
    identity = fell_silent(database, gone, host="elsewhere")
    assert listed(database) == {identity}


def test_a_number_that_another_process_has_now_is_no_sign_of_life(database: Database) -> None:
    fell_silent(database, os.getpid(), born="now() - interval '1 year'")
    assert listed(database) == set()


def test_one_that_was_heard_of_just_now_is_left_alone(database: Database, gone: int) -> None:
    """It may be a process of another container that calls its host the same."""
    identity = fell_silent(database, gone, ago=timedelta(seconds=5))
    assert listed(database) == {identity}


def test_a_process_that_ended_unreaped_does_not_run() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert not is_running(process.pid, datetime.now(UTC))
    process.wait()
