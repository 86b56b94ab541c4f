"""What requests can make a server hold and do, whatever they send: real processes, measured from outside."""

import gzip
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psutil
import pytest

from tests.support.processes import Process, data_folder, eventually, running
from tests.support.wire import chunk, head, parse, talk

MIB = 1024 * 1024
SERVERS = {
    "waitress": (),
    "gunicorn": (sys.executable, "-m", "gunicorn", "-w", "1", "app:server"),
}
LARGEST = 20 * MIB


@pytest.fixture(scope="module", params=SERVERS)
def app(request: pytest.FixtureRequest) -> Iterator[Process]:
    with data_folder() as folder, running(folder, *SERVERS[request.param]) as started:
        started.until_ready()
        # What is loaded with the first request, and what Python keeps from it, is no part of what is measured.
        for _ in range(20):
            assert post(started, b'{"event_name": "test.calm"}\n' * 5000).status == 200
        yield started
        assert "Traceback" not in started.output
        started.end()


class Sent:
    def __init__(self, status: int) -> None:
        self.status = status


def post(app: Process, body: bytes, *headers: str, kind: str = "application/x-ndjson") -> Sent:
    answer = talk(app, head(f"Content-Length: {len(body)}", "Connection: close", *headers, kind=kind), body)
    assert answer is not None
    return Sent(answer.status)


def memory(app: Process) -> int:
    """Resident bytes of the server's own processes, the database's not among them."""
    process = psutil.Process(app.process.pid)
    total = process.memory_info().rss
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "postgres" not in child.name():
                total += child.memory_info().rss
    return total


def test_forty_bodies_that_never_end_are_held_within_the_budget_and_others_are_served(app: Process) -> None:
    before = memory(app)
    with ExitStack() as open_ones:
        connections = []
        for _ in range(40):
            connection = open_ones.enter_context(socket.create_connection(("127.0.0.1", app.port), timeout=30))
            connections.append(connection)
            with suppress(OSError):
                connection.sendall(head(f"Content-Length: {LARGEST}"))
                for _ in range(18):
                    connection.sendall(b"x" * MIB)
        # The oldest make room for the newest, and hear of it.
        assert sum(answered(connection, 503) for connection in connections) >= 40 - 10
        assert memory(app) - before < 192 * MIB
        assert post(app, b'{"event_name": "test.calm"}\n' * 100).status == 200
    eventually(lambda: memory(app) - before < 64 * MIB, "the memory is given back")
    eventually(lambda: post(app, b'{"event_name": "test.calm"}\n' * 400_000).status == 413, "the largest is read again")


def answered(connection: socket.socket, status: int) -> bool:
    """Whether that answer, with the time to come again, stands on the connection already."""
    connection.settimeout(0.2)
    received = b""
    with suppress(OSError):
        while part := connection.recv(65536):
            received += part
    answer = parse(received)
    return answer is not None and answer.status == status and answer.headers["retry-after"] == "2"


ATTACKS = {
    "newlines": (gzip.compress(b"\n" * LARGEST), "application/x-ndjson", 413),
    "newlines after an event": (gzip.compress(b"{}" + b"\n" * (LARGEST - 2)), "application/json", 413),
    "blanks": (gzip.compress(b" " * LARGEST), "application/json", 400),
    "empty objects, a line each": (gzip.compress(b"{}\n" * (LARGEST // 3)), "application/x-ndjson", 413),
    "empty objects in an array": (gzip.compress(b"[" + b"{}," * (LARGEST // 3 - 1) + b"1]"), "application/json", 413),
    "empty arrays in an array": (gzip.compress(b"[" + b"[]," * (LARGEST // 3 - 1) + b"1]"), "application/json", 413),
    "numbers in an array": (gzip.compress(b"[" + b"1," * (LARGEST // 2 - 1) + b"1]"), "application/json", 413),
    "brackets": (gzip.compress(b"[" * LARGEST), "application/json", 413),
    "one endless text": (gzip.compress(b'["' + b"a" * (LARGEST - 2)), "application/json", 400),
    "quotes that are none": (gzip.compress(b'["' + b'\\"' * (LARGEST // 2 - 1)), "application/json", 400),
    "one object of a million keys": (
        gzip.compress(b"{" + b",".join(b'"k%07d":1' % n for n in range(1_000_000)) + b"}"),
        "application/json",
        413,
    ),
    "a quarter of a million bad events": (
        gzip.compress(b'{"event_name": "BAD"}\n' * 249_000),
        "application/x-ndjson",
        200,
    ),
    "members without contents": (gzip.compress(b"", mtime=0) * 50_000, "application/json", 400),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_made_to_be_costly_leaves_no_memory_behind(app: Process, attack: str) -> None:
    body, kind, status = ATTACKS[attack]
    before = memory(app)
    for _ in range(4):
        assert post(app, body, "Content-Encoding: gzip", kind=kind).status == status
    eventually(lambda: memory(app) - before < 64 * MIB, "the memory is given back")


def test_gzipped_newlines_cost_milliseconds_of_the_processor(app: Process) -> None:
    """Fifty of them took twenty minutes; they now take less than what one took."""
    body, kind, status = ATTACKS["newlines"]
    before = processor_seconds(app)
    for _ in range(50):
        assert post(app, body, "Content-Encoding: gzip", kind=kind).status == status
    assert processor_seconds(app) - before < 20


def processor_seconds(app: Process) -> float:
    process = psutil.Process(app.process.pid)
    own = [process, *(child for child in process.children(recursive=True) if "postgres" not in child.name())]
    return sum(sum(each.cpu_times()[:2]) for each in own)


def test_chunks_that_never_end_are_bounded_like_everything_else(app: Process) -> None:
    before = memory(app)
    answer = talk(app, head("Transfer-Encoding: chunked", "Connection: close"), *[chunk(b"x" * MIB)] * 20, b"ff")
    assert answer is None or answer.status in (400, 413)
    eventually(lambda: memory(app) - before < 64 * MIB, "the memory is given back")
