"""Everything in one process: store, threads and server come in order, and go in order."""

import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from db.engine import Database
from db.migrate import current_revision, is_current
from metrics_dash.settings import Settings
from metrics_dash.web.run import address, page_address, serve_everything
from metrics_dash.web.serve import PortInUseError
from tests.support.processes import eventually, free_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(port=free_port(), data_dir=tmp_path, flush_interval=3600)


def answers(url: str) -> bool:
    with suppress(requests.ConnectionError):
        return requests.get(url, timeout=30).status_code == 200
    return False


def test_what_stands_beside_begins_once_the_store_is_there_and_all_ends_when_told(
    settings: Settings, empty_database: Database
) -> None:
    stop, seen = threading.Event(), []

    @contextmanager
    def beside() -> Iterator[None]:
        seen.append(("begins", is_current(empty_database)))
        yield
        seen.append(("ends", not answers(f"{address(settings)}/healthz")))

    serving = threading.Thread(target=serve_everything, args=(settings, empty_database, stop, beside))
    serving.start()
    eventually(lambda: answers(f"{address(settings)}/readyz"), "everything runs")
    event = {"event_name": "test.posted"}
    assert requests.post(f"{address(settings)}/api/v1/events", json=event, timeout=30).json()["accepted"] == 1
    stop.set()
    serving.join(30)
    assert not serving.is_alive()
    assert seen == [("begins", True), ("ends", True)]
    with empty_database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM collectors")).scalar_one() == 0


def test_a_port_that_is_taken_is_told_before_the_store_is_touched(settings: Settings, empty_database: Database) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.port))
        taken.listen()
        with pytest.raises(PortInUseError, match=str(settings.port)):
            serve_everything(settings, empty_database, threading.Event(), beside=pytest.fail)
    assert current_revision(empty_database) is None


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:8050"), ("localhost", "http://localhost:8050"),
                      ("::1", "http://[::1]:8050")]
)  # fmt: skip
def test_the_address_is_a_url_that_can_be_opened(host: str, url: str) -> None:
    assert address(Settings(host=host, port=8050)) == url
    assert page_address(Settings(host=host, port=8050)) == f"{url}/admin/metrics/"


def answer_of(path: Path, head: str) -> bytes:
    """What is answered at a Unix socket; nothing where none listens yet."""
    with socket.socket(socket.AF_UNIX) as client, suppress(FileNotFoundError, ConnectionRefusedError):
        client.settimeout(30)
        client.connect(str(path))
        client.sendall(f"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n".encode())
        return client.makefile("rb").read()
    return b""


def test_a_unix_socket_is_served_to_owner_and_group_and_gone_at_the_end(
    settings: Settings, empty_database: Database, tmp_path: Path
) -> None:
    path, stop = tmp_path / "http.sock", threading.Event()
    named = settings.model_copy(update={"host": f"unix:{path}"})
    arguments = (named, empty_database, stop, nullcontext)
    serving = threading.Thread(target=serve_everything, args=arguments)
    serving.start()
    eventually(lambda: b" 200 OK" in answer_of(path, ""), "it serves there")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert b" 403 " in answer_of(path, "X-Forwarded-For: 10.0.0.1\r\n")
    assert (address(named), page_address(named)) == (f"unix:{path}", f"unix:{path}")
    with pytest.raises(PortInUseError, match="somebody listens"):
        serve_everything(*arguments)
    stop.set()
    serving.join(30)
    assert not serving.is_alive()
    assert not path.exists()
