"""``backup`` and ``restore`` as an operator runs them, on a server of somebody's and on the embedded one."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from db.engine import Database
from db.events import insert_events
from metrics_dash.jobs.rollup import roll_up_all
from tests.commands.conftest import Run
from tests.ingest.test_heartbeat import fell_silent
from tests.support.processes import ROOT, data_folder, running


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as made:
        yield made


def test_what_was_backed_up_is_restored_and_verified(
    run: Run, database: Database, empty_database: Database, tmp_path: Path
) -> None:
    insert_events([("test.a", {"ms": 1.0}, {}, datetime.now(UTC))] * 3, database=database)
    roll_up_all(database)
    file = str(tmp_path / "metrics.dump")
    assert run("backup", file, DATABASE_URL=database.dsn()).code == 0
    ended = run("restore", file, "--verify", DATABASE_URL=empty_database.dsn())
    assert (ended.code, ended.err) == (0, "")
    assert "verified: raw events, minutes, hours and days agree" in ended.out


def test_a_difference_is_found_and_is_exit_code_1(
    run: Run, database: Database, empty_database: Database, tmp_path: Path
) -> None:
    insert_events([("test.a", {}, {}, datetime.now(UTC))], database=database)
    roll_up_all(database)
    with database.begin() as connection:
        connection.execute(text("UPDATE telemetry_buckets SET count = 7 WHERE bucket_type = 'hour'"))
    file = str(tmp_path / "metrics.dump")
    assert run("backup", file, DATABASE_URL=database.dsn()).code == 0
    ended = run("restore", file, "--verify", DATABASE_URL=empty_database.dsn())
    assert ended.code == 1
    assert "count is 7" in ended.out
    assert "the audit found" in ended.err


def test_a_store_that_holds_data_is_replaced_only_when_that_is_said(
    on: Run, database: Database, tmp_path: Path
) -> None:
    file = str(tmp_path / "metrics.dump")
    assert on("backup", file).code == 0
    insert_events([("test.a", {}, {}, datetime.now(UTC))], database=database)
    refused = on("restore", file)
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "--replace" in refused.err
    assert on("restore", file, "--replace").code == 0
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM telemetry_events")).scalar_one() == 0


def test_a_store_that_is_collected_into_is_not_restored(on: Run, database: Database, tmp_path: Path) -> None:
    file = str(tmp_path / "metrics.dump")
    assert on("backup", file).code == 0
    fell_silent(database, 4711, host="shard-2", ago=timedelta())
    refused = on("restore", file, "--replace")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "stop all of them first" in refused.err


def test_no_file_and_no_folder_are_one_line(on: Run, tmp_path: Path) -> None:
    restored, into = on("restore", str(tmp_path / "none")), (tmp_path / "none" / "dump", tmp_path)
    for ended in (restored, *(on("backup", str(file)) for file in into)):
        assert (ended.code, ended.err.count("\n")) == (1, 1)


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"METRICS_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, "-m", "metrics_dash", *arguments],
        cwd=ROOT, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip


def test_the_embedded_server_is_backed_up_running_or_not_and_restored_into_a_fresh_folder(
    folder: Path, tmp_path: Path
) -> None:
    with running(folder) as app:
        app.until_ready()
        assert app.post([{"event_name": "test.a"}] * 5).json()["accepted"] == 5
        beside = command(folder, "backup", str(tmp_path / "running"))
        assert beside.returncode == 0, beside.stderr
        assert command(folder, "restore", str(tmp_path / "running"), "--replace").returncode == 1
        assert app.end() == 0
    assert command(folder, "backup", str(tmp_path / "stopped")).returncode == 0
    with data_folder() as fresh:
        for name in ("running", "stopped"):
            ended = command(fresh, "restore", str(tmp_path / name), "--verify", "--replace")
            assert ended.returncode == 0, ended.stderr
            assert "verified" in ended.stdout
        database = Database(data_dir=fresh)
        with database.reading() as connection:
            stored = text("SELECT count(*) FROM telemetry_events WHERE event_name = 'test.a'")
            assert connection.execute(stored).scalar_one() == 5
        database.close()
