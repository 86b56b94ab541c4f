"""A start beside a server that was killed with its program and that nobody reaped: it runs again, or says why not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.processes import ROOT, data_folder, eventually, running
from tests.support.unreaped import adopting


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as made, adopting():
        yield made


def kill_both(folder: Path, program: psutil.Process) -> psutil.Process:
    postmaster = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))
    program.kill()
    postmaster.kill()
    return postmaster


def test_four_times_in_a_row_it_starts_beside_what_was_killed_a_moment_ago(folder: Path) -> None:
    posted = 0
    for _ in range(4):
        with running(folder) as app:
            app.until_ready()
            assert app.post({"event_name": "test.kept"}).json()["accepted"] == 1
            posted += 1
            postmaster = kill_both(folder, psutil.Process(app.process.pid))
        assert postmaster.status() == psutil.STATUS_ZOMBIE
    with running(folder) as app:
        app.until_ready()
        query = "/api/v1/query?event_name=test.kept&from=now-1h&resolution=minute"
        eventually(lambda: counted(app.get(query).json()) == posted, "every event is there, once")
        assert app.end() == 0


def counted(answer: dict[str, list[dict[str, list[float | None]]]]) -> float:
    return sum(value or 0 for series in answer["series"] for value in series["v"])


@pytest.mark.parametrize(
    "content", ["", "x\n", "999999999\n", f"{os.getpid()}\n/elsewhere\n"], ids=["empty", "torn", "nobody", "another"]
)
def test_a_pid_file_that_is_torn_or_somebody_elses_is_no_obstacle(folder: Path, content: str) -> None:
    with running(folder) as app:
        app.until_ready()
        assert app.end() == 0
    (folder / "postgres" / "postmaster.pid").write_text(content)
    with running(folder) as app:
        app.until_ready()
        assert app.end() == 0


def test_a_list_of_users_that_is_torn_is_no_obstacle(folder: Path) -> None:
    with running(folder) as app:
        app.until_ready()
        kill_both(folder, psutil.Process(app.process.pid))
    (folder / "postgres" / ".handle_pids.json").write_text("[12, ")
    with running(folder) as app:
        app.until_ready()
        assert app.end() == 0


def test_where_it_can_not_start_that_is_one_line(folder: Path) -> None:
    with running(folder) as app:
        app.until_ready()
        assert app.end() == 0
    configuration = folder / "postgres" / "postgresql.conf"
    configuration.write_text(configuration.read_text() + "\nmax_connections = many\n")
    ended = subprocess.run(
        [sys.executable, "-m", "metrics_dash", "migrate"],
        cwd=ROOT,
        env={**os.environ, "METRICS_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert [line for line in ended.stderr.splitlines() if line.startswith("metrics_dash:")] == [
        "metrics_dash: the embedded PostgreSQL does not start; look into postgres/log under METRICS_DATA_DIR"
    ]
