"""Processes are exchanged under load, and nothing is lost: neither an event nor an answer."""

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import requests
from sqlalchemy import text

from db.engine import Database
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.processes import Process, from_systemd, running
from tests.support.processes import eventually as soon

RESTARTS = 3
EVENTS = [{"event_name": "test.rolling"}] * 10
# No measure of speed: a request waits in the socket while new workers start, and what hangs, hangs for longer.
HANGS_SECONDS = 300.0
GUNICORN = ("-m", "gunicorn", "-w", "2", "app:server")


def eventually(condition: Callable[[], object], what: str) -> None:
    """Wait as long as senders do: a busy machine takes its time to start two processes beside three that send."""
    soon(condition, what, timeout=HANGS_SECONDS)


class Sender(threading.Thread):
    """Sends one batch after the other, each on a connection of its own as a proxy does, and keeps what it was told."""

    def __init__(self, app: Process, number: int) -> None:
        super().__init__(daemon=True)
        self._app, self._number = app, number
        self.stop = threading.Event()
        self.accepted = 0
        self.unanswered: list[str] = []

    def run(self) -> None:
        batch = 0
        while not self.stop.is_set():
            batch += 1
            headers = {"Idempotency-Key": f"sender {self._number} batch {batch}", "Connection": "close"}
            try:
                answer = requests.post(
                    f"{self._app.url}/api/v1/events", json=EVENTS, headers=headers, timeout=HANGS_SECONDS
                )
            except requests.RequestException as error:
                self.unanswered.append(repr(error))
                continue
            if answer.status_code == 200:
                self.accepted += answer.json()["accepted"]
            else:
                self.unanswered.append(f"{answer.status_code} {answer.text}")


@contextmanager
def senders(app: Process) -> Iterator[list[Sender]]:
    sending = [Sender(app, number) for number in range(3)]
    for sender in sending:
        sender.start()
    try:
        yield sending
    finally:
        for sender in sending:
            sender.stop.set()
        for sender in sending:
            sender.join()


@pytest.fixture
def gunicorn(tmp_path: Path, database: Database) -> Iterator[Process]:
    with running(tmp_path, sys.executable, *GUNICORN, DATABASE_URL=database.dsn()) as app:
        app.until_ready()
        yield app


def workers(app: Process) -> set[int]:
    """The workers that run; one that ended and was not reaped yet does not."""
    found = set()
    for child in psutil.Process(app.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                found.add(child.pid)
    return found


def lost_nothing(database: Database, sending: list[Sender]) -> None:
    """What was acknowledged is stored, once, and everybody was answered."""
    assert [sender.unanswered for sender in sending] == [[], [], []]
    with database.reading() as connection:
        stored = text("SELECT count(*) FROM telemetry_events WHERE event_name = 'test.rolling'")
        assert connection.execute(stored).scalar_one() == sum(sender.accepted for sender in sending)
    roll_up_all(database)
    assert audit(database) == []


def test_workers_that_are_exchanged_under_load_lose_no_event_and_leave_nobody_without_an_answer(
    gunicorn: Process, database: Database
) -> None:
    with senders(gunicorn) as sending:
        for _ in range(RESTARTS):
            before, taken = workers(gunicorn), sum(sender.accepted for sender in sending)
            gunicorn.process.send_signal(signal.SIGHUP)
            eventually(lambda before=before: len(workers(gunicorn) - before) == 2, "there are two new workers")
            eventually(lambda before=before: not workers(gunicorn) & before, "the ones before have ended")
            eventually(
                lambda taken=taken: sum(sender.accepted for sender in sending) > taken, "the new ones take events"
            )
    assert gunicorn.end() == 0, gunicorn.output
    lost_nothing(database, sending)


def test_a_server_whose_socket_systemd_holds_is_started_anew_under_load_and_leaves_nobody_without_an_answer(
    tmp_path: Path, database: Database
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as held:
        port = held.getsockname()[1]
        command = from_systemd(held, sys.executable, *GUNICORN)

        def started() -> Process:
            return Process(tmp_path, command, port, passed=(held.fileno(),), DATABASE_URL=database.dsn())

        app = started()
        try:
            app.until_ready()
            with senders(app) as sending:
                for _ in range(RESTARTS):
                    assert app.end() == 0, app.output
                    taken = sum(sender.accepted for sender in sending)
                    app = started()
                    eventually(
                        lambda taken=taken: sum(sender.accepted for sender in sending) > taken,
                        "the new one takes events",
                    )
            lost_nothing(database, sending)
        finally:
            app.process.kill()
            app.process.wait()
