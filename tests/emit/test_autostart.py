"""A program that only emits: its first event starts what stores it, and nothing before that costs anything."""

import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.engine import Database
from db.events import query_events
from metrics_dash.emit import autostart
from metrics_dash.emit.autostart import AUTOSTART_HANDLER, COLLECTOR_HANDLER
from metrics_dash.emit.bus import Bus, Handler
from tests.support.processes import PATIENCE_SECONDS, ROOT


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program of its own, in an environment that holds nothing but what is given."""
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": ".", **environment},
        timeout=PATIENCE_SECONDS,
    )


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the events that a started collector took. One start only is foreseen."""
    names: list[str] = []

    def start() -> Handler:
        assert names == [], "started twice"
        names.append("started")
        return lambda name, measurements, metadata: names.append(name) is None

    monkeypatch.setattr(autostart, "_start", start)
    return names


def installed() -> Bus:
    bus = Bus()
    autostart.install(bus)
    return bus


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"pandas", "sqlalchemy", "psycopg", "pydantic", "flask"}
    assert run(f"import sys, metrics_dash; print(*({heavy} & set(sys.modules)))").stdout.strip() == ""


def test_without_a_database_events_go_nowhere_with_one_warning() -> None:
    result = run("from metrics_dash import execute; print(execute('a.b'), execute('a.b'))")
    assert result.stdout.split() == ["False", "False"]
    assert result.stderr.count("events go nowhere") == 1


def test_settings_that_can_not_be_read_are_told_and_the_program_goes_on() -> None:
    result = run(
        "from metrics_dash import execute; print(execute('a.b'), execute('a.b'))",
        DATABASE_URL="postgresql://u:hunter2@h/d",
        METRICS_BATCH_SIZE="many",
    )
    assert result.stdout.split() == ["False", "False"]
    assert result.stderr.count("events go nowhere: ") == 1
    assert "METRICS_BATCH_SIZE" in result.stderr
    assert "hunter2" not in result.stderr


def test_the_first_event_starts_a_collector_and_is_taken_by_it(taken: list[str]) -> None:
    bus = installed()
    assert taken == []
    assert bus.execute("a.first")
    assert bus.execute("a.second")
    assert taken == ["started", "a.first", "a.second"]
    assert bus.is_attached(COLLECTOR_HANDLER)
    assert not bus.is_attached(AUTOSTART_HANDLER)


def test_many_first_events_at_once_start_one_collector_and_all_are_taken(taken: list[str]) -> None:
    bus, together = installed(), threading.Barrier(8)

    def emit(number: int) -> bool:
        together.wait()
        return bus.execute(f"a.n{number}")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(emit, range(8)))
    assert sorted(taken) == sorted(["started", *(f"a.n{number}" for number in range(8))])


def test_a_runtime_that_is_there_already_is_left_alone(taken: list[str]) -> None:
    bus = installed()
    runtimes: list[Any] = []
    bus.attach(COLLECTOR_HANDLER, None, lambda name, *_: runtimes.append(name) is None)
    assert bus.execute("a.b")
    assert (taken, runtimes) == ([], ["a.b"])
    assert not bus.is_attached(AUTOSTART_HANDLER)


def test_where_none_can_be_started_it_is_tried_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("DATABASE_URL", "METRICS_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    bus = installed()
    with caplog.at_level(logging.WARNING):
        assert not bus.execute("a.b")
        assert not bus.execute("a.b")
    assert len(caplog.records) == 1


def test_a_program_that_only_calls_execute_feeds_the_database(database: Database) -> None:
    result = run(
        "from metrics_dash import execute\nfor n in range(2500): assert execute('game.tick', {'n': n}, {'ok': True})",
        DATABASE_URL=database.dsn(),
    )
    assert result.stderr == ""
    now = datetime.now(UTC)
    events = query_events("game.tick", now - timedelta(days=1), now + timedelta(days=1), 10_000, database=database)
    assert sorted(event["measurements"]["n"] for event in events) == list(range(2500))


def test_a_fork_waits_for_a_start_that_another_thread_has_begun(database: Database) -> None:
    result = run(
        """
import os, threading
from metrics_dash import execute
from metrics_dash.emit import autostart
start, begun, copied = autostart._start, threading.Event(), threading.Event()
def slowly():
    begun.set()
    copied.wait(0.5)  # the fork waits for this thread, so nobody says so
    return start()
autostart._start = slowly
thread = threading.Thread(target=execute, args=("test.parent",))
thread.start()
begun.wait()
child = os.fork()
copied.set()
taken = execute("test.child")
if child == 0:
    os._exit(0 if taken else 1)
assert os.waitpid(child, 0)[1] == 0
thread.join()
""",
        DATABASE_URL=database.dsn(),
    )
    assert result.stderr == ""
