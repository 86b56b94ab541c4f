"""A PostgreSQL that stands still (SIGSTOP): everybody gets an answer within seconds, and it says what is wrong."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.support.processes import ROOT, Process, data_folder, eventually, frozen, running

# Not a measure of speed: what hangs, hangs for longer.
TIMEOUT_SECONDS = 60


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with data_folder() as made:
        yield made


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[Process]:
    """An application that was well, and whose database stands still now."""
    with running(folder, METRICS_REFRESH_INTERVAL="1") as started:
        started.until_ready()
        started.post({"event_name": "test.before"})
        with frozen(folder / "postgres"):
            yield started
        eventually(lambda: started.get("/readyz").status_code == 200, "it is well again")
        assert started.post({"event_name": "test.after"}).json()["accepted"] == 1
        eventually(lambda: not list(folder.glob("spool/*/*.spool")), "what waited on disk is stored")


def test_readiness_is_refused_in_words(app: Process) -> None:
    answer = app.get("/readyz")
    assert answer.status_code == 503
    assert "the database can't be reached" in answer.json()["problems"]


def test_so_it_is_when_many_ask_at_once(app: Process) -> None:
    with ThreadPoolExecutor(24) as pool:
        assert set(pool.map(lambda _: app.get("/readyz").status_code, range(24))) == {503}


def test_the_process_is_alive(app: Process) -> None:
    assert app.get("/healthz").status_code == 200


def test_prometheus_reads_that_the_database_is_down(app: Process) -> None:
    answer = app.get("/metrics")
    assert answer.status_code == 200
    assert "metrics_dash_database_up 0.0" in answer.text


def test_a_query_is_told_to_come_back(app: Process) -> None:
    answer = app.get("/api/v1/query?event_name=test.before")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_an_event_is_taken_and_waits_on_disk(app: Process) -> None:
    answer = requests.post(f"{app.url}/api/v1/events", json={"event_name": "test.during"}, timeout=TIMEOUT_SECONDS)
    assert answer.status_code == 200
    assert "on disk, the oldest for" in app.get("/readyz").text


def test_the_page_itself_comes(app: Process) -> None:
    assert app.get("/admin/metrics/").status_code == 200
    assert app.get("/admin/metrics/version").json()["ready"] is False


def command(folder: Path, name: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "metrics_dash", name],
        cwd=ROOT,
        env={**os.environ, "METRICS_DATA_DIR": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def test_the_doctor_says_that_it_does_not_answer(app: Process, folder: Path) -> None:
    ended = command(folder, "doctor")
    assert ended.returncode == 1
    assert "can't be reached" in ended.stdout
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("name", ["rollup", "audit", "purge"])
def test_a_command_ends_in_one_line(app: Process, folder: Path, name: str) -> None:
    ended = command(folder, name)
    assert ended.returncode == 1
    assert ended.stderr.count("metrics_dash:") == 1
    assert "Traceback" not in ended.stderr
