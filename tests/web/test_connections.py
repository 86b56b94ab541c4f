"""Slow, many and malformed connections against the real server on real sockets: they cost nothing but themselves."""

import socket
from collections.abc import Iterator

import pytest
import requests

from metrics_dash.web.connections import Limits
from tests.support.processes import eventually
from tests.support.waiting_server import FILE, INGEST, LARGE, PATIENT, Site, request, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(PATIENT) as served:
        yield served


LARGEST = 20 * 1024 * 1024
SLOW_HEADERS = b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
SLOW_BODY = request(headers="Content-Length: 1000\r\n", body="{")
SLOW_CHUNKS = request(headers="Transfer-Encoding: chunked\r\n", body="400\r\n{")


def said(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def test_by_default_a_request_has_seconds_to_arrive_and_files_are_left_for_the_others() -> None:
    limits = Limits()
    assert (limits.headers, limits.body, limits.stalled) == (10, 20, 20)
    assert LARGEST / limits.rate < 700
    assert limits.per_address <= limits.connections / 2
    # Of the 1,024 files that a process may usually open.
    assert limits.connections <= 1024 - 200


@pytest.mark.parametrize("slow", [b"", b"P", SLOW_HEADERS, SLOW_BODY, SLOW_CHUNKS])
def test_any_number_of_connections_that_only_begin_a_request_leave_room_for_a_whole_one(slow: bytes) -> None:
    with serving(Limits(headers=600, body=600, connections=60, per_address=40)) as site:
        for number in range(200):
            site.connect(slow, f"127.0.0.{1 + number % 5}")
            if number % 50 == 0:
                assert site.post() == "10"
        assert site.post() == "10"
        assert sum(site.server.phases().values()) <= 60


def test_an_address_has_a_limit_and_leaves_others_alone() -> None:
    with serving(Limits(headers=600, per_address=3)) as site:
        first = site.connect(SLOW_HEADERS, "127.0.0.9")
        others = [site.connect(SLOW_HEADERS, "127.0.0.8") for _ in range(9)]
        assert [said(each) for each in others[:6]] == [b""] * 6
        first.sendall(b"x\r\nContent-Length: 0\r\n\r\n")
        assert first.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("slow", [SLOW_HEADERS, SLOW_BODY, SLOW_CHUNKS])
def test_a_request_that_does_not_arrive_in_time_is_answered_408_and_closed(slow: bytes) -> None:
    with serving(Limits(headers=0.2, body=0.2)) as site:
        answer = said(site.connect(slow))
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert answer.endswith(b'{"error":"the request took too long to arrive"}')


def test_a_request_that_trickles_is_not_waited_for_though_it_never_rests() -> None:
    with serving(Limits(headers=0.5)) as site:
        connection = site.connect(SLOW_HEADERS)
        with pytest.raises(OSError):  # noqa: PT012 - one of them is refused
            while True:
                connection.sendall(b"x")
                connection.setblocking(False)
                try:
                    if connection.recv(1000):
                        raise ConnectionResetError
                except BlockingIOError:
                    connection.setblocking(True)


@pytest.mark.parametrize(("head", "why"), [
    ("HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length and Transfer-"),
    ("HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", "Content-Length and Transfer-"),
    ("HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked", "HTTP/1.0 has no"),
    ("HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nTransfer-Encoding: chunked", "more than one Host"),
    ("HTTP/1.1\r\nHost: a, b\r\nTransfer-Encoding: chunked", "more than one Host"),
    ("HTTP/1.1\r\nTransfer-Encoding: chunked", "there is no Host"),
])  # fmt: skip
def test_what_a_proxy_before_us_may_read_in_another_way_is_refused_and_the_connection_closed(
    site: Site, head: str, why: str
) -> None:
    hidden = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = said(site.connect(f"POST /api/v1/events {head}\r\n\r\n0\r\n\r\n{hidden}".encode()))
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert why.encode() in answer
    assert answer.count(b"HTTP/1.") == 1 + why.encode().count(b"HTTP/1.")


def test_a_connection_that_says_nothing_is_closed() -> None:
    with serving(Limits(headers=0.2)) as site:
        assert said(site.connect(b"")) == b""


def test_an_idle_connection_is_closed_after_its_answer() -> None:
    with serving(Limits(idle=0.2)) as site:
        assert said(site.connect(request(headers="Content-Length: 0\r\n"))).endswith(b"\r\n0")


def test_a_slow_body_that_moves_is_waited_for() -> None:
    with serving(Limits(body=0.01, rate=10)) as site:
        half = "x" * 500
        connection = site.connect(request(headers="Content-Length: 1000\r\n", body=half))
        eventually(lambda: site.server.phases()["body"] == 1, "the server waits for the rest")
        connection.sendall(half.encode())
        answer = b""
        while not answer.endswith(b"\r\n1000"):
            part = connection.recv(1000)
            assert part, f"closed after {answer!r}"
            answer += part


def test_who_does_not_read_an_answer_holds_no_thread_and_is_closed() -> None:
    with serving(Limits(stalled=0.2)) as site:
        readers = [site.connect(request(FILE, "GET")) for _ in range(8)]
        assert site.post() == "10"
        eventually(lambda: not site.server.phases(), "they are closed")
        assert all(len(said(each)) < LARGE for each in readers)


def test_unfinished_bodies_together_have_a_budget_and_the_oldest_make_room() -> None:
    with serving(Limits(body=600, held=1024 * 1024)) as site:
        large = request(headers=f"Content-Length: {20 * 1024 * 1024}\r\n", body="x" * 400_000)
        slow = [site.connect(large) for _ in range(12)]
        assert site.post(500_000) == "500000"
        eventually(lambda: site.server.held() <= 2 * 1024 * 1024, "what is held stays within the budget")
        answer = said(slow[0])
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 2\r\n" in answer


def test_small_bodies_are_taken_while_the_budget_is_used_up() -> None:
    with serving(Limits(body=600, held=0)) as site:
        assert site.post(60_000) == "60000"
        answer = requests.post(site.url + INGEST, data=iter([b"x" * 100_000] * 2), timeout=60)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize("cut", [SLOW_HEADERS, SLOW_BODY, SLOW_CHUNKS])
def test_a_request_that_is_cut_is_a_bad_request(site: Site, cut: bytes) -> None:
    connection = site.connect(cut)
    connection.shutdown(socket.SHUT_WR)
    answer = said(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b'{"error":"the request ends before the length that it announced; nothing was stored"}')


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x00\x01\x02\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\n\r\n", 400),
        (request(headers="No colon\r\n"), 400),
        (request(headers="Content-Length: -1\r\n"), 400),
        (request(headers="Content-Length: 1e3\r\n"), 400),
        (request(headers=f"Content-Length: {'9' * 5000}\r\n"), 400),
        (request(headers=f"Content-Length: {22 * 1024 * 1024}\r\n"), 413),
        (request(headers="Content-Length: 3\r\nContent-Length: 4\r\n", body="abcd"), 400),
        (request(headers="Transfer-Encoding: gzip\r\n"), 501),
        (request(headers="Transfer-Encoding: chunked\r\n", body="zz\r\nabc\r\n"), 400),
        (request(headers="Transfer-Encoding: chunked\r\n", body="3\r\nabcdef\r\n0\r\n\r\n"), 400),
        (request(headers="Transfer-Encoding: chunked\r\n", body="-3\r\nabc\r\n"), 400),
        (request(headers="Transfer-Encoding: chunked\r\n", body="f" * 9000), 400),
        (request(headers="Transfer-Encoding: chunked\r\n", body="0\r\nX-Trailer: " + "x" * 9000), 400),
        (request(headers=f"X-Long: {'x' * 40_000}\r\n"), 431),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", 431),
    ],
    ids=lambda value: repr(value[:70]) if isinstance(value, bytes) else str(value),
)
def test_what_is_no_request_is_answered_in_one_line_and_the_server_goes_on(
    site: Site, raw: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    head, _, body = said(site.connect(raw)).partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert body.startswith(b'{"error":"')
    assert b"\n" not in body
    assert site.post() == "10"
    assert "Traceback" not in caplog.text
