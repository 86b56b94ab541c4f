"""The server: answers, says who has its port, and finishes what has begun before it goes."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from metrics_dash.web import serve
from metrics_dash.web.serve import HttpServer, ListenError, PortInUseError
from tests.support.processes import eventually, free_port


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


@contextmanager
def serving(application: Any, port: int, stop: threading.Event) -> Iterator[threading.Thread]:
    """The server in a thread, ended with the block."""
    server = HttpServer(application, "127.0.0.1", port)
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def test_it_answers_many_at_once_until_it_is_told_to_stop() -> None:
    port, stop = free_port(), threading.Event()
    with serving(hello, port, stop), ThreadPoolExecutor(8) as pool:
        urls = [f"http://127.0.0.1:{port}/{number}" for number in range(40)]
        assert list(pool.map(lambda url: requests.get(url, timeout=30).text, urls)) == [f"/{n}" for n in range(40)]
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/", timeout=30)


def test_what_a_proxy_adds_reaches_the_application_so_that_it_can_refuse_it() -> None:
    def heard(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [" ".join(sorted(name for name in environ if "FORWARDED" in name)).encode()]

    port, stop = free_port(), threading.Event()
    sent = {"Forwarded": "for=10.0.0.1", "X-Forwarded-For": "10.0.0.1", "X-Forwarded-Host": "a.example"}
    with serving(heard, port, stop):
        told = requests.get(f"http://127.0.0.1:{port}/", headers=sent, timeout=30).text
    assert told == "HTTP_FORWARDED HTTP_X_FORWARDED_FOR HTTP_X_FORWARDED_HOST"


def test_connections_that_come_before_it_runs_are_answered_when_it_does() -> None:
    port, stop = free_port(), threading.Event()
    server = HttpServer(hello, "127.0.0.1", port)
    with ThreadPoolExecutor(1) as pool, socket.create_connection(("127.0.0.1", port)) as early:
        early.sendall(b"GET /early HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        running = pool.submit(server.run, stop)
        answer = b"".join(iter(lambda: early.recv(4096), b""))
        stop.set()
        running.result(30)
    assert answer.endswith(b"/early")


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=30).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_request_that_has_begun_is_finished_after_the_stop_and_no_other_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its answer is larger than sockets hold, and is read only once all of it waits in the server."""
    monkeypatch.setattr(serve, "DRAIN_SECONDS", 60.0)
    port, stop = free_port(), threading.Event()
    begun, go_on, written = threading.Event(), threading.Event(), threading.Event()

    def large(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        begun.set()
        assert go_on.wait(30)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "15000000")])
        yield from [b"x" * 1_000_000] * 15
        written.set()

    with serving(large, port, stop), socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.settimeout(30)
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert begun.wait(30)
        stop.set()
        eventually(lambda: not accepts(port), "no other request is taken")
        go_on.set()
        assert written.wait(30)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.count(b"x") >= 15_000_000


def test_a_request_that_comes_just_after_the_stop_on_an_accepted_connection_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where several processes take from one socket, whoever accepted owes the answer: nobody else can give it."""
    monkeypatch.setattr(serve, "DRAIN_SECONDS", 60.0)
    monkeypatch.setattr(serve, "FIRST_BYTES_SECONDS", 60.0)
    stop = threading.Event()
    server = HttpServer(hello, "127.0.0.1", 0)
    with ThreadPoolExecutor(1) as pool, socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        port, running = server.port, pool.submit(server.run, stop)
        eventually(lambda: server.phases()["headers"] == 1, "the connection is accepted")
        stop.set()
        eventually(lambda: not accepts(port), "no other connection is taken")
        client.sendall(b"GET /late HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while not answer.endswith(b"/late"):
            answer += (more := client.recv(4096))
            assert more, answer
        running.result(30)


def test_a_port_that_is_taken_is_told_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with pytest.raises(PortInUseError, match=f"port {port} on 127.0.0.1 is in use; .*METRICS_PORT"):
            HttpServer(hello, "127.0.0.1", port)


def test_an_address_of_another_machine_is_an_error_of_its_own() -> None:
    with pytest.raises(
        ListenError, match=r"METRICS_HOST: can't listen at port \d+ of 192\.0\.2\.1 \(.*address"
    ) as error:
        HttpServer(hello, "192.0.2.1", free_port())
    assert not isinstance(error.value, PortInUseError)
