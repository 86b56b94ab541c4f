"""The runtime: starts once, keeps its threads alive, stops in time, belongs to one process."""

import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db import rollups
from db.annotations import annotations_between
from db.buckets import query_buckets
from db.engine import Database
from db.events import insert_events, query_events
from db.jobs import unfinished
from metrics_dash.catalog import load_catalog
from metrics_dash.emit.autostart import COLLECTOR_HANDLER
from metrics_dash.emit.bus import Bus
from metrics_dash.jobs.scheduler import SOON
from metrics_dash.jobs.supervision import Duty
from metrics_dash.runtime import ClockJob, Runtime, jobs
from metrics_dash.settings import Settings, load_settings
from tests.support.rollups import FOREVER


@pytest.fixture
def settings() -> Settings:
    return load_settings({"METRICS_FLUSH_INTERVAL": "0.05", "METRICS_ROLLUP_INTERVAL": "0.1"})


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def runtime(settings: Settings, database: Database, bus: Bus) -> Iterator[Runtime]:
    made = Runtime(settings, database, bus=bus)
    yield made
    made.stop()


def eventually(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for something that another thread does; the deadline is for a machine that is very busy."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        pause.wait(0.02)


def day_total(database: Database, name: str = "a.b") -> int:
    return sum(bucket["count"] for bucket in query_buckets(name, "day", *FOREVER, database=database))


def test_an_event_goes_from_execute_to_its_day_without_further_ado(
    runtime: Runtime, bus: Bus, database: Database
) -> None:
    runtime.start()
    assert bus.execute("a.b", {"ms": 3})
    eventually(lambda: day_total(database) == 1)
    assert runtime.health().ok


def test_what_the_catalog_declares_is_let_in_from_the_start_whoever_rolls_up(
    runtime: Runtime, bus: Bus, database: Database
) -> None:
    declared = next(iter(load_catalog().events))
    with database.begin() as connection:
        connection.execute(text("INSERT INTO event_names SELECT 'other.n' || n FROM generate_series(1, 1000) AS n"))
    with database.begin() as connection:
        rollups.lock(connection)
        runtime.start()
        bus.execute(declared, {}, {})
        eventually(lambda: query_events(declared, *FOREVER, database=database))
    assert runtime.collector.snapshot().dropped == {}


def test_constructing_starts_nothing(runtime: Runtime, bus: Bus) -> None:
    assert not runtime.collector.alive
    assert not bus.is_attached(COLLECTOR_HANDLER)
    assert runtime.health().problems == ("the runtime is not started",)


def test_a_process_that_only_serves_pages_is_well_without_a_collector_and_a_scheduler(
    settings: Settings, database: Database, bus: Bus
) -> None:
    pages = Runtime(settings, database, collect=False, schedule=False, bus=bus)
    pages.start()
    assert pages.health().problems == ()
    assert not pages.collector.alive
    pages.stop()


def test_starting_and_stopping_twice_does_no_harm(runtime: Runtime, bus: Bus) -> None:
    runtime.start()
    scheduler = runtime.scheduler
    runtime.start()
    assert runtime.scheduler is scheduler
    runtime.stop()
    runtime.stop()
    assert not runtime.collector.alive
    assert not scheduler.alive
    assert not bus.is_attached(COLLECTOR_HANDLER)
    runtime.start()
    assert runtime.health().ok


def test_stopping_stores_what_is_held(database: Database, bus: Bus) -> None:
    runtime = Runtime(load_settings({"METRICS_FLUSH_INTERVAL": "3600"}), database, bus=bus)
    runtime.start()
    for _ in range(10):
        bus.execute("a.b")
    runtime.stop()
    with database.begin() as connection:
        counted = connection.execute(text("SELECT event_name, sum(weight) FROM telemetry_events GROUP BY 1")).all()
    # What came is stored, and that it came.
    assert sorted(counted) == [("a.b", 10), ("metrics_dash.ingest", 10)]


def test_without_collecting_only_the_schedule_runs(settings: Settings, database: Database, bus: Bus) -> None:
    runtime = Runtime(settings, database, collect=False, bus=bus)
    runtime.start()
    assert not bus.is_attached(COLLECTOR_HANDLER)
    assert runtime.scheduler.alive
    assert runtime.health().ok
    runtime.stop()


def test_a_scheduler_that_died_is_started_again_and_health_is_red_until_then(
    settings: Settings, database: Database, bus: Bus
) -> None:
    now = [0.0]
    runtime = Runtime(settings, database, bus=bus, clock=lambda: now[0])
    runtime.start()
    assert runtime.scheduler.stop()
    assert "the scheduler is not running" in runtime.health().problems
    now[0] += 10
    runtime.supervise()
    now[0] += 10
    runtime.supervise()
    assert runtime.health().ok
    runtime.stop()


def test_a_job_that_fails_turns_health_red(runtime: Runtime, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE rollup_dirty RENAME TO elsewhere"))
    runtime.start()
    eventually(lambda: any("the job rollup fails" in problem for problem in runtime.health().problems))
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO rollup_dirty"))
    eventually(lambda: runtime.health().ok)


def test_what_fails_of_supervision_is_told_and_holds_up_nothing_else(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError

    runtime.start()
    with monkeypatch.context() as patch:
        patch.setattr(runtime, "_duties", (Duty("the first thing fails", fail), *runtime._duties))
        assert runtime.scheduler.stop()
        eventually(lambda: "the first thing fails: RuntimeError" in runtime.health().problems)
        eventually(lambda: runtime.scheduler.alive)
    assert runtime.health().ok


def test_a_supervisor_that_ended_is_told(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def end() -> None:
        raise SystemExit

    runtime.start()
    monkeypatch.setattr(runtime, "supervise", end)
    eventually(lambda: "the supervisor is not running" in runtime.health().problems)


def test_an_embedded_server_that_can_not_be_started_is_told(
    runtime: Runtime, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> bool:
        raise OSError("no space")

    runtime.start()
    with monkeypatch.context() as patch:
        patch.setattr(database, "ensure_running", fail)
        runtime.supervise()
        assert runtime.health().problems == ("the embedded server can't be started: OSError",)
    runtime.supervise()
    assert runtime.health().ok


def test_of_two_processes_one_purges_a_slot(settings: Settings, database: Database) -> None:
    slot = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for _ in range(2):
        for job in jobs(settings, database)[1:]:
            job.function(slot)
    with database.begin() as connection:
        rows = connection.execute(text("SELECT job, outcome FROM job_runs ORDER BY job")).fetchall()
    assert rows == [
        ("audit", "nothing is stored"),
        ("housekeeping", "nothing"),
        ("partitions", "3 made"),
        ("purge", "raw: nothing 0, minute: nothing 0, hour: nothing 0, day: nothing 0"),
    ]


def test_a_job_that_raised_leaves_its_outcome_and_the_next_slot_runs(settings: Settings, database: Database) -> None:
    purge = next(job for job in jobs(settings, database) if job.name == "purge")
    slot = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE telemetry_buckets RENAME TO elsewhere"))
        connection.execute(text("UPDATE retention_floors SET recompute_floor = now() - interval '1 year'"))
    with pytest.raises(Exception, match="telemetry_buckets"):
        purge.function(slot)
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO telemetry_buckets"))
    purge.function(slot + timedelta(hours=1))
    with database.begin() as connection:
        outcomes = connection.execute(text("SELECT outcome FROM job_runs ORDER BY slot")).scalars().all()
    assert outcomes[0].startswith("failed: 42P01: relation")
    assert outcomes[1].startswith("raw: nothing")


def test_a_forks_child_is_not_running_and_starts_its_own(runtime: Runtime, bus: Bus, database: Database) -> None:
    runtime.start()
    context: Any = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)

    def child() -> None:
        before = runtime.running
        runtime.start()
        taken = bus.execute("from.child")
        alive = runtime.collector.alive and runtime.scheduler.alive
        runtime.stop()
        sending.send((before, taken, alive))
        sending.close()
        os._exit(0)

    process = context.Process(target=child)
    process.start()
    assert receiving.poll(60)
    assert receiving.recv() == (False, True, True)
    process.join(60)
    assert runtime.health().ok
    eventually(lambda: day_total(database, "from.child") == 1)


def hourly(settings: Settings, database: Database, name: str) -> Callable[[datetime], object]:
    return next(job.function for job in jobs(settings, database) if job.name == name)


def test_the_rollup_has_a_lane_to_itself_and_what_runs_hourly_is_tried_again_within_minutes(
    settings: Settings, database: Database
) -> None:
    found = {job.name: job for job in jobs(settings, database)}
    assert [name for name, job in found.items() if job.lane == found["rollup"].lane] == ["rollup"]
    assert all(job.retry is not None and job.retry <= 60 for job in found.values() if job.interval == 3600)


def test_a_purge_that_a_reader_blocks_is_tried_again_by_its_process_in_the_same_slot(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.partitions.DROP_ATTEMPTS", 1)
    insert_events([{"event_name": "a.b", "occurred_at": datetime.now(UTC) - timedelta(days=9)}], database=database)
    with database.begin() as connection:
        connection.execute(text("UPDATE ingest_batches SET committed_at = committed_at - interval '1 day'"))
    purge, other = (hourly(settings, database, "purge") for _ in range(2))
    slot = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with database.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM telemetry_events"))
        assert purge(slot) == SOON
        assert other(slot) is None, "the slot is the first one's"
        with database.begin() as connection:
            (waiting,) = unfinished(connection)
        assert (waiting.job, waiting.failed) == ("purge", False)
    assert purge(slot) is None
    with database.begin() as connection:
        assert unfinished(connection) == []


def test_what_a_clock_that_was_ahead_left_undone_is_tried_again_once_it_is_set_back(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    purge, other = (hourly(settings, database, "purge") for _ in range(2))
    slot = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    ahead = slot + timedelta(days=5)
    assert purge(slot) is None
    with monkeypatch.context() as leapt:
        leapt.setattr("metrics_dash.jobs.retention.disagreement", lambda offset: "the clocks differ")
        assert purge(ahead) == SOON
        assert purge(slot) == SOON
    with database.begin() as connection:
        assert [each.job for each in unfinished(connection)] == ["purge"]
    assert other(slot) is None, "it owes nothing"
    assert purge(slot) is None
    with database.begin() as connection:
        assert unfinished(connection) == []
        assert connection.execute(text("SELECT count(*) FROM job_runs WHERE job = 'purge'")).scalar() == 2


def test_what_any_process_may_do_is_no_problem_of_this_one(runtime: Runtime, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE job_runs RENAME TO elsewhere"))
    runtime.start()
    eventually(lambda: "purge" in runtime.scheduler.failing)
    assert not any("purge" in problem for problem in runtime.health().problems)
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO job_runs"))


def test_a_clock_that_is_wrong_is_told_once_and_so_is_its_end(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    look = ClockJob(database)
    with monkeypatch.context() as patch:
        patch.setattr("metrics_dash.runtime.clock_offset", lambda connection: timedelta(days=5))
        look(datetime.now(UTC))
        look(datetime.now(UTC))
    look(datetime.now(UTC))
    look(datetime.now(UTC))
    told = [record.message for record in caplog.records if "clock" in record.message]
    assert [message.partition(":")[0] for message in told] == [
        "this machine's clock is 5 days behind the database's",
        "this machine's clock and the database's agree again",
    ]


def _noted(database: Database) -> list[tuple[str, str]]:
    with database.reading() as connection:
        return [(each.title, each.text) for each in annotations_between(connection, *FOREVER)]


def test_a_path_for_statsd_that_is_a_file_is_a_problem(database: Database, bus: Bus, tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text("precious")
    runtime = Runtime(load_settings({"METRICS_STATSD_SOCKET": str(path)}), database, schedule=False, bus=bus)
    runtime.start()
    try:
        said = f"StatsD can't be received: can't listen at {path} (it is no socket; take it away or set another path)"
        eventually(lambda: runtime.health().problems == (said,))
    finally:
        runtime.stop()
    assert path.read_text() == "precious"


def test_it_receives_statsd_where_that_is_configured(database: Database, bus: Bus) -> None:
    off = Runtime(load_settings({}), database, bus=bus)
    assert "StatsD receiver" not in {keeper.name for keeper in off.keepers}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = load_settings({"METRICS_STATSD_ADDRESS": f"127.0.0.1:{port}", "METRICS_FLUSH_INTERVAL": "0.1"})
    runtime = Runtime(settings, database, schedule=False, bus=bus)
    runtime.start()
    try:
        assert runtime.health().ok, runtime.health()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"game.tick:1|c\n_e{6,4}:Deploy|ed 7", ("127.0.0.1", port))
            eventually(lambda: _noted(database) == [("Deploy", "ed 7")])
    finally:
        runtime.stop()
    assert not runtime.datagrams.alive
    now = datetime.now(UTC)
    (row,) = query_events("game.tick", now - timedelta(hours=1), now + timedelta(minutes=1), database=database)
    assert row["weight"] == 1
