"""gunicorn's worker around our own server: it serves as ours does, tells that it lives, and ends when it is to."""

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psutil
import pytest
import requests
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.sock import TCPSocket

from metrics_dash.web import gunicorn_worker
from metrics_dash.web.gunicorn_worker import GuardedWorker
from tests.support.processes import data_folder, eventually, running


def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with how long the body was."""
    body = str(len(environ["wsgi.input"].read())).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


class Worked:
    """A worker as gunicorn makes it, but in a thread of the test."""

    def __init__(self, listening: int) -> None:
        config = Config()
        log = Logger(config)
        self.sockets = [TCPSocket(("127.0.0.1", 0), config, log) for _ in range(listening)]
        self.worker = GuardedWorker(1, os.getppid(), self.sockets, None, 30, config, log)
        self.worker.wsgi = answer
        self.thread = threading.Thread(target=self.worker.run, name="worker under test")
        self.urls = ["http://{}:{}".format(*each.getsockname()) for each in self.sockets]

    def alive_at(self) -> float:
        """When it last told its master that it lives."""
        return float(self.worker.tmp.last_update())

    def has_told_since(self, told: float) -> bool:
        """Whether it told so again. It begins with the time of day, and goes on with a clock of another zero."""
        return self.alive_at() != told


@contextmanager
def working(listening: int = 1) -> Iterator[Worked]:
    worked = Worked(listening)
    worked.thread.start()
    try:
        yield worked
    finally:
        worked.worker.alive = False
        worked.thread.join()
        worked.worker.tmp.close()


@pytest.fixture
def worked() -> Iterator[Worked]:
    with working() as started:
        yield started


def test_it_serves_on_every_socket_that_it_is_given() -> None:
    with working(listening=2) as worked:
        answers = [requests.post(url, data=b"x" * 7, timeout=30).text for url in worked.urls]
    assert answers == ["7", "7"]


def test_what_ends_early_is_refused_and_never_handed_on(worked: Worked) -> None:
    """gunicorn's own workers hand a cut body to the application as if it were whole."""
    port = worked.sockets[0].getsockname()[1]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_it_tells_again_and_again_that_it_lives_though_nobody_asks_anything(worked: Worked) -> None:
    for _ in range(3):
        told = worked.alive_at()
        eventually(partial(worked.has_told_since, told), "it tells that it lives")


def test_it_ends_when_it_is_told_to(worked: Worked) -> None:
    worked.worker.alive = False
    worked.thread.join(60)
    assert not worked.thread.is_alive()
    with pytest.raises(requests.ConnectionError):
        requests.get(worked.urls[0], timeout=30)


def test_it_ends_when_its_parent_is_another(worked: Worked) -> None:
    worked.worker.ppid = -1
    worked.thread.join(60)
    assert not worked.thread.is_alive()


def test_no_worker_outlives_a_master_that_was_killed() -> None:
    with data_folder() as folder, running(folder, sys.executable, "-m", "gunicorn", "-w", "2", "app:server") as app:
        app.until_ready()
        children = psutil.Process(app.process.pid).children()
        workers = [each for each in children if "gunicorn" in " ".join(each.cmdline())]
        assert len(workers) == 2
        app.process.kill()
        _, alive = psutil.wait_procs(workers, timeout=60)
        assert alive == []


class Told:
    """A worker's side of gunicorn: it is told to end after so many looks."""

    def __init__(self, looks: int = 10) -> None:
        self.looks, self.ppid = looks, os.getppid()

    def notify(self) -> None:
        self.looks -= 1

    @property
    def alive(self) -> bool:
        return self.looks >= 0


def test_a_worker_in_anothers_place_waits_for_the_database_and_for_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gunicorn_worker, "RETRY_SECONDS", 0)
    outages = iter([OSError("refused"), OSError("refused")])
    starts: list[bool] = []

    def start() -> None:
        if (error := next(outages, None)) is not None:
            raise error
        starts.append(True)

    gunicorn_worker.start_through_outage(Told(), start)
    assert starts == [True]
    with pytest.raises(LookupError):
        gunicorn_worker.start_through_outage(Told(), lambda: [][0])


def test_a_worker_that_waits_ends_when_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gunicorn_worker, "RETRY_SECONDS", 0)
    tries: list[bool] = []

    def refused() -> None:
        tries.append(True)
        raise OSError("refused")

    gunicorn_worker.start_through_outage(Told(looks=3), refused)
    assert len(tries) == 3
