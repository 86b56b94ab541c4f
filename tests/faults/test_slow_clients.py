"""Slow clients and expensive questions against real processes of both servers: events go on being taken."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from tests.support.processes import Process, data_folder, running

WAITRESS = (sys.executable, "-m", "metrics_dash", "run")
GUNICORN = (sys.executable, "-m", "gunicorn", "-w", "1", "app:server")

HEADERS = b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n["
# The largest file there is, asked for by somebody who never reads it.
FILE = b"GET /admin/metrics/assets/plotly-basic.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module", params=[WAITRESS, GUNICORN], ids=["waitress", "gunicorn"])
def app(request: pytest.FixtureRequest) -> Iterator[Process]:
    with data_folder() as folder, running(folder, *request.param) as started:
        started.until_ready()
        yield started


@pytest.mark.parametrize(
    ("sent", "count"), [(HEADERS, 300), (BODY, 300), (FILE, 60)], ids=["headers", "bodies", "files"]
)
def test_events_are_taken_beside_slow_clients(app: Process, sent: bytes, count: int) -> None:
    with ExitStack() as opened:
        for _ in range(count):
            slow = opened.enter_context(socket.create_connection(("127.0.0.1", app.port), timeout=60))
            slow.sendall(sent)
        for _ in range(3):
            assert app.post({"event_name": "test.beside"}).json() == {"accepted": 1, "rejected": []}
        assert requests.get(f"{app.url}/healthz", timeout=30).status_code == 200


def test_events_are_taken_beside_expensive_ranges(app: Process) -> None:
    answers: list[int] = []

    def ask(number: int) -> None:
        query = {"event_name": "test.beside", "from": f"now-{number + 1}d", "resolution": "minute"}
        answers.append(requests.get(f"{app.url}/api/v1/query", params=query, timeout=120).status_code)

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(160)]
    for thread in asking:
        thread.start()
    for _ in range(3):
        assert app.post({"event_name": "test.beside"}).json() == {"accepted": 1, "rejected": []}
    for thread in asking:
        thread.join()
    assert len(answers) == 160
    assert max(answers) < 500
