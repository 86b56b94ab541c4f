"""Orphans: the sessions of a killed server are ended, and nothing of a living one is."""

import threading
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from db.engine import Database
from db.orphans import end_orphans
from tests.support.processes import data_folder, eventually
from tests.support.unreaped import adopting

BUSY = text("SELECT count(*) FROM generate_series(1, 100000000000) AS n")


def postmaster(folder: Path) -> psutil.Process:
    return psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))


def keep_busy(database: Database) -> threading.Thread:
    """A session that computes, and so does not look up when its server dies."""

    def compute() -> None:
        with suppress(OperationalError), database.begin() as connection:
            connection.execute(BUSY)

    thread = threading.Thread(target=compute, daemon=True)
    thread.start()

    def computing() -> bool:
        with database.begin() as connection:
            active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series%n'"
            return bool(connection.execute(text(active)).scalar_one())

    eventually(computing, "the session computes")
    return thread


def test_nothing_of_a_living_server_is_an_orphan(server: Database) -> None:
    folder = Path(str(server.url.query["host"]))
    with server.begin() as connection:
        assert end_orphans(folder) == 0
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


@pytest.mark.parametrize("reaped", [False, True])
def test_a_session_that_outlives_its_killed_server_is_ended_before_the_next_one_starts(reaped: bool) -> None:
    with data_folder() as folder, adopting():
        database = Database(data_dir=folder)
        database.start()
        busy = keep_busy(database)
        killed = postmaster(folder)
        sessions = [child for child in killed.children() if "idle" not in " ".join(child.cmdline())]
        killed.kill()
        if reaped:
            psutil.wait_procs([killed], timeout=30)
        else:
            eventually(lambda: killed.status() == psutil.STATUS_ZOMBIE, "the killed server has ended")
        assert database.ensure_running()
        with database.begin() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
        assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in sessions)
        busy.join(60)
        assert not busy.is_alive()
        database.close()
