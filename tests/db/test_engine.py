"""The engine: an embedded server that is shared, survives a crash and stops with its last user."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from db.engine import KEEPALIVE, Database, DatabaseURLError, driver_connection, parse_url

PASSWORD_URL = "postgresql://somebody:hunter2@db.example/metrics"
WRITE_AND_LEAVE = """
import sys
from pathlib import Path
from sqlalchemy import text
from db.engine import Database
database = Database(data_dir=Path(sys.argv[1]))
with database.begin() as connection:
    connection.execute(text("INSERT INTO kept VALUES (1)"))
{ending}
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not tmp_path: its private parents are closed to the user that the server runs as when the tests run as root.
    path = Path(tempfile.mkdtemp(prefix="metrics-engine-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def postmaster(folder: Path) -> psutil.Process:
    return psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))


def in_another_process(folder: Path, ending: str = "database.close()", returns: int = 0) -> None:
    command = [sys.executable, "-c", WRITE_AND_LEAVE.format(ending=ending), str(folder)]
    assert subprocess.run(command, check=False).returncode == returns


def rows(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM kept")).scalar_one())


def test_the_embedded_server_keeps_its_data_is_shared_and_comes_back_after_a_crash(folder: Path) -> None:
    database = Database(data_dir=folder)
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE kept (n int)"))
        connection.execute(text("INSERT INTO kept VALUES (0)"))
        assert connection.execute(text("SHOW jit")).scalar_one() == "off"

    in_another_process(folder)
    assert rows(database) == 2, "a second process uses the same server, and its leaving leaves it running"

    server = postmaster(folder)
    server.send_signal(signal.SIGKILL)
    psutil.wait_procs([server], timeout=30)
    assert database.ensure_running()
    assert rows(database) == 2
    assert not database.ensure_running(), "one that runs is left alone"

    in_another_process(folder, ending="import os; os._exit(9)", returns=9)
    server = postmaster(folder)
    database.close()
    psutil.wait_procs([server], timeout=30)
    assert not server.is_running(), "a process that died without leaving does not keep the server"

    again = Database(data_dir=folder)
    assert rows(again) == 3
    again.close()


def test_a_forked_child_uses_connections_of_its_own(database: Database) -> None:
    with database.reading() as connection:
        parents = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with database.reading() as connection:
            os.write(writer, str(connection.execute(text("SELECT pg_backend_pid()")).scalar_one()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reader, 20)) != parents
    with database.reading() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() == parents


def test_a_child_forked_while_another_thread_looks_for_its_engine_is_not_locked_out(database: Database) -> None:
    with database._lock:
        child = os.fork()
        if child == 0:
            done = threading.Event()
            threading.Thread(target=lambda: (database.engine, done.set()), daemon=True).start()
            os._exit(0 if done.wait(20) else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("url", ["mysql://a:hunter2@b/c", "no url:hunter2", "sqlite:///hunter2.db"])
def test_an_unusable_url_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(DatabaseURLError) as caught:
        parse_url(url)
    assert "hunter2" not in str(caught.value)


def test_the_usual_spellings_of_a_url_are_taken() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        assert parse_url(f"{scheme}://u@h/d").drivername == "postgresql+psycopg"


def test_a_password_shows_only_where_it_is_asked_for() -> None:
    database = Database(PASSWORD_URL)
    assert "hunter2" not in str(database.url)
    assert database.dsn() == PASSWORD_URL


def test_a_connection_over_the_network_does_not_wait_for_ever_for_a_silent_peer(database: Database) -> None:
    with database.reading() as connection:
        info = driver_connection(connection).info.get_parameters()
    assert {name: info[name] for name in KEEPALIVE} == {name: str(value) for name, value in KEEPALIVE.items()}


@pytest.mark.parametrize("style", ["German", "SQL,DMY", "Postgres"])
def test_dates_are_read_from_a_server_that_spells_them_in_another_way(database: Database, style: str) -> None:
    moment = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
    styled = Database(f"{database.dsn()}{'&' if '?' in database.dsn() else '?'}options=-c%20datestyle%3D{style}")
    try:
        for transaction in (styled.begin, styled.reading, styled.reading):
            with transaction() as connection:
                read = connection.execute(text("SELECT CAST(:moment AS timestamptz)"), {"moment": moment}).scalar()
                assert read == moment
        with styled.begin() as connection:
            assert connection.execute(text("SHOW DateStyle")).scalar_one().startswith("ISO")
    finally:
        styled.dispose()


def test_a_reader_begins_read_only_and_with_its_own_limit_each_time(database: Database) -> None:
    for seconds in (2, 3):
        with database.reading(within=seconds) as connection:
            for _ in range(2):
                assert connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on"
                assert connection.execute(text("SHOW statement_timeout")).scalar_one() == f"{seconds}s"
                connection.rollback()


def test_a_reader_that_died_in_the_pool_is_replaced_unnoticed(database: Database) -> None:
    with database.reading() as connection:
        pid = driver_connection(connection).info.backend_pid
    with database.begin() as connection:
        assert connection.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid}).scalar_one()
    with database.reading() as connection:
        assert driver_connection(connection).info.backend_pid != pid
        assert connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on"


def test_a_reader_of_the_pool_is_asked_nothing_before_its_transaction(database: Database) -> None:
    last = text("SELECT query FROM pg_stat_activity WHERE pid = :pid")
    with database.reading() as connection:
        pid = driver_connection(connection).info.backend_pid
    with database.reading() as reader, database.begin() as connection:
        assert driver_connection(reader).info.backend_pid == pid
        assert str(connection.execute(last, {"pid": pid}).scalar_one()).startswith("BEGIN READ ONLY")
