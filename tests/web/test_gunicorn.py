"""Two workers under gunicorn are one server: one set of figures, one kind of line, no door but those asked for."""

import json
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from db.engine import Database
from metrics_dash.auth import people, tokens
from tests.support.callers import browser, sign_in
from tests.support.outages import outage
from tests.support.processes import (
    PATIENCE_SECONDS,
    Process,
    data_folder,
    eventually,
    free_port,
    from_systemd,
    running,
)
from tests.support.visitors import PASSWORD

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.Error):  # it just ended
        return "gunicorn" in " ".join(process.cmdline())
    return False


@dataclass(frozen=True)
class Served:
    """A gunicorn of two workers; its folder is also its home."""

    app: Process
    folder: Path

    def figures(self) -> Figures:
        text = requests.get(f"{self.app.url}/metrics", timeout=30).text
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def figure(self, name: str, **labels: str) -> float:
        return self.figures()[(f"metrics_dash_{name}", frozenset(labels.items()))]

    def workers(self) -> list[psutil.Process]:
        return [child for child in psutil.Process(self.app.process.pid).children() if is_worker(child)]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with data_folder() as folder:
        port = free_port()
        command = (sys.executable, "-m", "gunicorn", "-w", "2", "app:server")
        environment = {"METRICS_LOG_FORMAT": "json", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        with running(folder, *command, port=port, METRICS_REFRESH_INTERVAL="1", **environment) as app:
            app.until_ready()
            both = Served(app, folder)
            eventually(lambda: both.figure("processes") == 2, "both workers are there")
            yield both
            assert app.end() == 0
            assert [each.name for each in (folder / "figures").glob("server-*")] == []


SENT = 60
EVENTS = {"route": "/api/v1/events", "method": "POST", "status": "200"}


def test_the_figures_of_all_workers_add_up_whichever_answers(served: Served) -> None:
    before = served.figures()
    answered = before.get(("metrics_dash_http_requests_total", frozenset(EVENTS.items())), 0)
    committed = before[("metrics_dash_events_committed_total", frozenset())]
    for _ in range(SENT):
        assert served.app.post([{"event_name": "test.a"}] * 10).status_code == 200

    def all_there() -> bool:
        figures = served.figures()
        requests_told = figures[("metrics_dash_http_requests_total", frozenset(EVENTS.items()))]
        events_told = figures[("metrics_dash_events_committed_total", frozenset())]
        assert requests_told <= answered + SENT
        return requests_told == answered + SENT and events_told == committed + SENT * 10

    eventually(all_there, "both workers have told what they did")
    for _ in range(20):
        assert all_there()
    assert served.figure("healthy") == 1
    assert served.figure("collector_up") == 1


def test_no_counter_goes_back_when_a_worker_is_killed(served: Served) -> None:
    for _ in range(SENT):
        served.app.post([{"event_name": "test.b"}])
    before = served.figures()
    served.workers()[0].send_signal(signal.SIGKILL)
    eventually(lambda: len(served.workers()) == 2, "gunicorn starts another")
    eventually(lambda: gone_back(before, served) == [], "a worker answers again")
    for _ in range(20):
        assert gone_back(before, served) == []


def test_a_worker_that_is_killed_in_an_outage_ends_no_other_and_comes_back_after_it(
    empty_database: Database, tmp_path: Path
) -> None:
    command = (sys.executable, "-m", "gunicorn", "-w", "2", "app:server")
    with running(tmp_path, *command, port=free_port(), DATABASE_URL=empty_database.dsn()) as app:
        app.until_ready()
        both = Served(app, tmp_path)
        # gunicorn ends where a worker that was never there can't start: one that still does is no place that is taken.
        eventually(lambda: collecting(empty_database) == 2, "both workers have started")
        with outage(empty_database):
            killed, other = both.workers()
            killed.send_signal(signal.SIGKILL)
            eventually(
                lambda: "this worker starts once the database can be used" in app.output,
                lambda: f"another waits: {app.output}",
            )
            assert app.process.poll() is None
            assert other.is_running()
            eventually(lambda: app.post({"event_name": "test.away"}).status_code == 200, "it takes events to disk")
        app.until_ready()
        eventually(lambda: stored(empty_database, "test.away") > 0, "what was on disk is stored")
        assert len(both.workers()) == 2
        assert app.end() == 0, app.output


def collecting(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM collectors")).scalar_one())


def stored(database: Database, name: str) -> int:
    with database.reading() as connection:
        query = text("SELECT count(*) FROM telemetry_events WHERE event_name = :name")
        return int(connection.execute(query, {"name": name}).scalar_one())


def gone_back(before: Figures, served: Served) -> list[str]:
    """The counters that are lower than before; an answer that the killed worker cut off says nothing."""
    with suppress(requests.ConnectionError):
        after = served.figures()
        return [str(key) for key, value in before.items() if key[0].endswith("_total") and after.get(key, 0) < value]
    return ["no answer"]


def test_what_an_operator_looks_for_is_there(served: Served) -> None:
    figures = served.figures()
    names = {name for name, _ in figures}
    assert not [name for name in names if name.endswith("_created")]
    assert {
        "metrics_dash_build_info",
        "metrics_dash_cache_lookups_total",
        "metrics_dash_database_bytes",
        "metrics_dash_table_bytes",
        "metrics_dash_process_cpu_seconds_total",
        "metrics_dash_process_resident_memory_bytes",
        "metrics_dash_process_open_fds",
        "metrics_dash_process_threads",
    } <= names
    eventually(
        lambda: (
            {
                dict(labels)["job"]
                for name, labels in served.figures()
                if name == "metrics_dash_job_last_success_timestamp_seconds"
            }
            >= {"rollup", "partitions", "purge", "housekeeping"}
        ),
        "each job has succeeded",
    )


def test_every_line_of_its_log_is_json_with_a_pid(served: Served) -> None:
    lines = [json.loads(line) for line in served.app.output.splitlines()]
    assert "gunicorn.error" in {line["logger"] for line in lines}
    assert all(isinstance(line["pid"], int) for line in lines)


def test_it_opens_no_control_socket(served: Served) -> None:
    assert [path for path in served.folder.rglob("*") if path.name.startswith((".gunicorn", "gunicorn"))] == []


@pytest.mark.parametrize("by", ["its command line", "METRICS_HOST"])
def test_a_unix_socket_is_for_owner_and_group_and_serves(by: str) -> None:
    with data_folder() as folder:
        path = folder / "http.sock"
        given = ("-b", f"unix:{path}") if by == "its command line" else ()
        named = {} if given else {"METRICS_HOST": f"unix:{path}"}
        with running(folder, sys.executable, "-m", "gunicorn", *given, "app:server", **named) as app:
            eventually(lambda: b" 200 OK" in answer_of(path), "it serves there")
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            assert app.end() == 0


def answer_of(path: Path) -> bytes:
    """What a server at a Unix socket answers to whether it is ready; nothing where none listens yet."""
    with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
        client.settimeout(30)
        client.connect(str(path))
        client.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return client.makefile("rb").read()
    return b""


def test_addresses_and_unix_sockets_are_not_mixed() -> None:
    with data_folder() as folder:
        given = ("-b", f"unix:{folder}/http.sock", "-b", "127.0.0.1:0")
        with running(folder, sys.executable, "-m", "gunicorn", *given, "app:server") as app:
            assert app.process.wait(60) != 0
            assert "either addresses or Unix sockets" in app.output
            assert "Traceback" not in app.output


def test_a_socket_that_everybody_could_use_is_refused() -> None:
    with data_folder() as folder:
        given = ("-m", "0", "-b", f"unix:{folder}/open.sock")
        with running(folder, sys.executable, "-m", "gunicorn", *given, "app:server") as app:
            assert app.process.wait(60) != 0
            assert "would let everybody use" in app.output
            assert "Traceback" not in app.output


LOGIN = {"METRICS_AUTH": "password", "SECRET_KEY": "k" * 32}


def test_with_a_login_it_serves_a_network_and_each_worker_knows_who_came_in(database: Database, tmp_path: Path) -> None:
    people.add(database, "ann", role="viewer", by="test", password=PASSWORD)
    token = tokens.issue(database, "probe", by="test", scopes=["scrape"])
    port = free_port()
    command = (sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"0.0.0.0:{port}", "app:server")
    with running(tmp_path, *command, port=port, DATABASE_URL=database.dsn(), **LOGIN) as app:
        app.until_ready(token)
        ann = browser()
        assert sign_in(ann, app.url, "ann").status_code == 303
        for _ in range(10):  # each on a connection of its own, so both workers are asked
            for who, status in ((ann, 200), (browser(), 401)):
                headers = {"Connection": "close"}
                answer = who.get(f"{app.url}/admin/metrics/version", headers=headers, timeout=PATIENCE_SECONDS)
                assert answer.status_code == status
        assert app.post([{"event_name": "test.a"}]).status_code == 401
        assert app.end() == 0, app.output


def test_a_login_without_a_key_of_its_own_serves_no_network(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "gunicorn", "-b", "0.0.0.0:0", "app:server")
    with running(tmp_path, *command, METRICS_AUTH="password") as app:
        assert app.process.wait(PATIENCE_SECONDS) != 0
        assert "add SECRET_KEY=" in app.output
        assert "Traceback" not in app.output


def test_with_a_login_a_socket_of_a_network_that_systemd_holds_is_served(database: Database, tmp_path: Path) -> None:
    token = tokens.issue(database, "probe", by="test", scopes=["scrape"])
    with socket.create_server(("0.0.0.0", 0)) as held:
        command = from_systemd(held, sys.executable, "-m", "gunicorn", "app:server")
        environment = {"DATABASE_URL": database.dsn(), **LOGIN}
        app = Process(tmp_path, command, held.getsockname()[1], passed=[held.fileno()], **environment)
        try:
            app.until_ready(token)
            assert app.get("/admin/metrics/version").status_code == 401
            assert app.end() == 0, app.output
        finally:
            app.process.kill()
            app.process.wait()


@pytest.mark.parametrize("place", ["a network", "a folder"])
def test_a_socket_that_systemd_holds_is_refused_where_strangers_come(place: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET if place == "a network" else socket.AF_UNIX) as held:
        held.bind(("0.0.0.0", 0) if place == "a network" else str(tmp_path / "http.sock"))
        if place == "a folder":
            (tmp_path / "http.sock").chmod(0o666)
        held.listen()
        command = from_systemd(held, sys.executable, "-m", "gunicorn", "app:server")
        app = Process(tmp_path, command, free_port(), passed=[held.fileno()])
        assert app.process.wait(60) != 0
        assert ("add METRICS_AUTH=password" if place == "a network" else "everybody could use") in app.output
