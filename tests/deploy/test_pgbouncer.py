"""PgBouncer in transaction mode, as ``deploy/`` has it, between the application and a server that is started anew."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import requests
from sqlalchemy import text

from db.engine import Database
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.processes import Process, eventually, free_port, running
from tests.support.proxies import DEPLOY, needed
from tests.support.servers import PASSWORD, PasswordServer, password_server

FAST = {"METRICS_ROLLUP_INTERVAL": "1", "METRICS_REFRESH_INTERVAL": "1", "METRICS_FLUSH_INTERVAL": "1"}


@pytest.fixture
def server() -> Iterator[PasswordServer]:
    with password_server() as started:
        started.make_database("metrics")
        yield started


@pytest.fixture
def bouncer(server: PasswordServer) -> Iterator[int]:
    """PgBouncer before the server; its port."""
    program, port, folder = needed("pgbouncer", "pgbouncer"), free_port(), server.sockets
    config = (DEPLOY / "pgbouncer.ini").read_text()
    for written, here in {
        "listen_port = 6432": f"listen_port = {port}",
        "host=/var/run/postgresql port=5432": f"host={folder} port={server.port}",
        "/var/run/postgresql": str(folder),
        "/var/log/postgresql": str(folder),
        "/etc/pgbouncer": str(folder),
    }.items():
        assert written in config
        config = config.replace(written, here)
    (folder / "pgbouncer.ini").write_text(config)
    (folder / "userlist.txt").write_text(f'"metrics" "{PASSWORD}"\n')
    lent = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    process = subprocess.Popen([program, "-q", str(folder / "pgbouncer.ini")], **lent)  # type: ignore[call-overload]

    def listens() -> bool:
        assert process.poll() is None
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return True
        return False

    try:
        eventually(listens, "PgBouncer listens")
        yield port
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def app(server: PasswordServer, bouncer: int, tmp_path: Path) -> Iterator[Process]:
    url = f"postgresql://metrics:{PASSWORD.replace(' ', '%20').replace('&', '%26')}@127.0.0.1:{bouncer}/metrics"
    with running(tmp_path, DATABASE_URL=url, **FAST) as started:
        started.until_ready()
        yield started


def accepted(app: Process) -> int:
    with suppress(requests.RequestException):
        answer = app.post([{"event_name": "test.pooled"}] * 10, headers={"Connection": "close"})
        if answer.status_code == 200:
            return int(answer.json()["accepted"])
    return 0


def test_the_application_works_through_it_also_after_the_server_was_started_anew(
    server: PasswordServer, app: Process
) -> None:
    acknowledged = accepted(app)
    assert acknowledged == 10
    server.stop()
    server.start()

    def again() -> bool:
        nonlocal acknowledged
        acknowledged += (number := accepted(app))
        return number > 0

    direct = Database(f"{server.url.replace('/postgres?', '/metrics?')}")

    def stored() -> bool:
        with direct.reading() as connection:
            count = text("SELECT count(*) FROM telemetry_events WHERE event_name = 'test.pooled'")
            # One under way as the server went may be stored without an answer.
            return bool(acknowledged <= connection.execute(count).scalar_one())

    eventually(again, "events are taken again")
    # What was answered before PgBouncer had reached the server again may be on disk yet.
    eventually(stored, "all that was acknowledged is stored")
    assert app.end() == 0
    roll_up_all(direct)
    assert audit(direct) == []
    direct.dispose()


def test_it_tries_the_server_again_within_a_second(server: PasswordServer, bouncer: int) -> None:
    url = f"host=127.0.0.1 port={bouncer} dbname=pgbouncer user=metrics password='{PASSWORD}'"
    config = DEPLOY / "pgbouncer.ini"
    assert "server_login_retry = 1\n" in config.read_text()
    assert "pool_mode = transaction\n" in config.read_text()
    with pytest.raises(psycopg.OperationalError, match="not allowed"):
        psycopg.connect(url)  # nobody administers it over the network
