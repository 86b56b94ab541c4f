"""The application as real processes: started, fed, killed, and started again."""

import gzip
import json
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import requests
from sqlalchemy import text

from db.engine import Database
from db.events import insert_events
from db.migrate import migrate
from db.roles import grant
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.processes import Process, data_folder, eventually, free_port, running


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as made:
        yield made


def count(folder: Path, name: str = "%") -> int:
    """Raw events of a name in the store of that folder, asked by a process of its own kind."""
    database = Database(data_dir=folder)
    try:
        database.start()
        with database.reading() as connection:
            found = connection.execute(
                text("SELECT count(*) FROM telemetry_events WHERE event_name LIKE :name"), {"name": name}
            )
            return int(found.scalar_one())
    finally:
        database.close()


def test_what_is_posted_is_in_the_table_at_once_in_its_buckets_soon_and_there_after_a_restart(folder: Path) -> None:
    thousand = [{"event_name": "test.line"} for _ in range(1000)]
    thousand[17] = {"event_name": "NOT A NAME"}
    body = gzip.compress("\n".join(map(json.dumps, thousand)).encode())
    with running(folder, METRICS_ROLLUP_INTERVAL="1", METRICS_REFRESH_INTERVAL="1") as app:
        app.until_ready()
        assert app.post({"event_name": "test.one"}).json() == {"accepted": 1, "rejected": []}
        assert count(folder, "test.one") == 1
        assert app.post([{"event_name": "test.array"}] * 3).json()["accepted"] == 3
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        answer = requests.post(f"{app.url}/api/v1/events", data=body, headers=headers, timeout=30).json()
        assert answer["accepted"] == 999
        assert [one["index"] for one in answer["rejected"]] == [17]
        assert count(folder, "test.line") == 999
        for resolution in ("minute", "hour", "day"):
            eventually(lambda r=resolution: charted(app, r) == 999, f"the {resolution} bucket has the events")
        page = requests.get(f"{app.url}/admin/metrics/", timeout=30)
        assert page.status_code == 200
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert app.end() == 0
    assert not postgres_runs(folder)
    assert count(folder, "test.%") == 1003


def charted(app: Process, resolution: str) -> float:
    query = {"event_name": "test.line", "from": "now-1h", "resolution": resolution}
    answer = requests.get(f"{app.url}/api/v1/query", params=query, timeout=30).json()
    return sum(value or 0 for series in answer["series"] for value in series["v"])


def postgres_runs(folder: Path) -> bool:
    return (folder / "postgres" / "postmaster.pid").exists()


def test_sigterm_in_the_middle_of_a_load_ends_in_order_and_keeps_what_was_acknowledged(folder: Path) -> None:
    with running(folder) as app:
        app.until_ready()
        acknowledged = keep_posting(app, lambda: app.end(signal.SIGTERM))
        assert app.process.returncode == 0, app.output
        assert not postgres_runs(folder)
    assert acknowledged <= count(folder, "test.%")


def test_kill_in_the_middle_of_a_load_keeps_what_was_acknowledged_once(folder: Path) -> None:
    with running(folder) as app:
        app.until_ready()
        acknowledged = keep_posting(app, lambda: app.end(signal.SIGKILL))
    with running(folder) as again:
        again.until_ready()
        stored = count(folder, "test.%")
        # The request under way when it died may have been stored without an answer.
        assert acknowledged <= stored <= acknowledged + 10
        repeat = again.post([{"event_name": "test.load"}] * 10, headers={"Idempotency-Key": "load 0"})
        assert repeat.json()["accepted"] == 10
        assert count(folder, "test.%") == stored
        assert again.end() == 0


def keep_posting(app: Process, end: object) -> int:
    """Post batches of ten until the application, ended by ``end`` after the fifth, is gone; events acknowledged."""
    assert callable(end)
    ender = threading.Thread(target=end)
    acknowledged = 0
    for number in range(100_000):
        try:
            answer = app.post([{"event_name": "test.load"}] * 10, headers={"Idempotency-Key": f"load {number}"})
        except requests.RequestException:
            break
        if answer.status_code != 200:
            break
        acknowledged += answer.json()["accepted"]
        if number == 5:
            ender.start()
    ender.join()
    return acknowledged


def test_a_port_in_use_is_one_line_and_exit_code_1(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with running(folder, port=port) as app:
            assert app.process.wait(60) == 1
            assert app.output.count("\n") == 1
            assert f"port {port}" in app.output


def test_a_bad_setting_is_one_line_and_exit_code_2(folder: Path) -> None:
    with running(folder, METRICS_HOST="0.0.0.0") as app:
        assert app.process.wait(60) == 2
        assert app.output.count("\n") == 1
        assert "METRICS_HOST" in app.output


def test_the_demo_feeds_and_dies_with_its_server_even_when_that_is_killed(folder: Path) -> None:
    with running(folder, METRICS_DEMO="1") as app:
        app.until_ready()
        eventually(lambda: count(folder, "bezgelor.server.players") > 0, "the demo sends")
        children = psutil.Process(app.process.pid).children()
        demos = [child for child in children if "demo" in child.cmdline()]
        assert len(demos) == 1
        app.end(signal.SIGKILL)
        eventually(lambda: not demos[0].is_running() or demos[0].status() == psutil.STATUS_ZOMBIE, "the demo ends")


def test_two_gunicorn_workers_serve_one_store(folder: Path) -> None:
    port = free_port()
    command = (sys.executable, "-m", "gunicorn", "-w", "2", "app:server")
    with running(folder, *command, port=port) as app:
        app.until_ready()
        for _ in range(10):
            assert app.post({"event_name": "test.worker"}).json()["accepted"] == 1
        assert count(folder, "test.worker") == 10
        assert app.end() == 0
    assert not postgres_runs(folder)


def test_gunicorn_refuses_to_listen_to_strangers(folder: Path) -> None:
    command = (sys.executable, "-m", "gunicorn", "-b", "0.0.0.0:0", "app:server")
    with running(folder, *command) as app:
        assert app.process.wait(60) != 0
        assert "not a loopback address" in app.output


@pytest.mark.parametrize("name", ["METRICS_PORT", "METRICS_CATALOG"])
def test_gunicorn_says_of_a_bad_setting_what_is_wrong_and_no_more(folder: Path, name: str) -> None:
    with running(folder, sys.executable, "-m", "gunicorn", "app:server", **{name: "nowhere"}) as app:
        assert app.process.wait(60) != 0
        assert app.output.splitlines()[-1].startswith(f"metrics_dash: {name}: ")
        assert "Traceback" not in app.output


def test_a_worker_whose_log_is_for_machines_writes_nothing_else(folder: Path) -> None:
    with running(folder, sys.executable, "-m", "metrics_dash", "worker", METRICS_LOG_FORMAT="json") as app:
        eventually(lambda: "collecting and rolling up" in app.output, "it says that it works")
        assert app.end() == 0
        assert all("message" in json.loads(line) for line in app.output.splitlines())


def test_gunicorn_refuses_workers_that_wait_for_slow_clients(folder: Path) -> None:
    command = (sys.executable, "-m", "gunicorn", "-k", "gthread", "app:server")
    with running(folder, *command) as app:
        assert app.process.wait(60) != 0
        assert "slow clients" in app.output


def test_a_process_that_only_reads_serves_and_changes_nothing(folder: Path, database: Database) -> None:
    """Not even as somebody who may."""
    with database.begin() as connection:
        grant(connection, f"{database.url.database}_")
        user = f"{database.url.database}_web"
        connection.execute(text(f"CREATE ROLE {user} LOGIN IN ROLE {database.url.database}_viewer"))
    insert_events([("test.read", {}, {}, datetime.now(UTC))], database=database)
    roll_up_all(database)
    url = database.url.set(username=user, drivername="postgresql").render_as_string(hide_password=False)
    for command in ((), (sys.executable, "-m", "gunicorn", "app:server")):
        with running(folder, *command, DATABASE_URL=url, METRICS_ROLE="web", METRICS_REFRESH_INTERVAL="1") as app:
            app.until_ready()
            assert app.get("/admin/metrics/").status_code == 200
            query = "/api/v1/query?event_name=test.read&from=now-1h&resolution=minute"
            (series,) = app.get(query).json()["series"]
            assert sum(value or 0 for value in series["v"]) == 1
            refused = app.post([{"event_name": "test.read"}])
            assert (refused.status_code, "does not collect" in refused.text) == (503, True)
            assert app.end() == 0
            assert "permission denied" not in app.output
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM telemetry_events")).scalar_one() == 1
        assert connection.execute(text("SELECT count(*) FROM collectors")).scalar_one() == 0


def test_a_process_that_only_reads_waits_for_another_one_to_migrate(folder: Path, empty_database: Database) -> None:
    with running(folder, DATABASE_URL=empty_database.dsn(), METRICS_ROLE="web") as app:
        eventually(lambda: "run python -m metrics_dash migrate" in ready(app), "it says that a migration is due")
        migrate(empty_database)
        app.until_ready()


def ready(app: Process) -> str:
    with suppress(requests.ConnectionError):
        return app.get("/readyz").text
    return ""
