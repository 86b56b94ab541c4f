"""A real server on a real socket whose page waits until it may go on, for clients that are slow, many or malformed."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import requests

from metrics_dash.web.connections import Limits
from metrics_dash.web.serve import HttpServer

INGEST, PAGE, FILE = "/api/v1/events", "/admin/metrics/chart/x.json", "/admin/metrics/assets/large.js"
LARGE, PIECE = 30 * 1024 * 1024, 1024 * 1024
# No deadline is met within a test that waits for none.
PATIENT = Limits(headers=600, body=600, answer=600, stalled=600, idle=600)


class Site:
    """A server whose page waits for ``go``, whose files are large, and that answers a post with its length."""

    def __init__(self, limits: Limits) -> None:
        self.go, self.waiting = threading.Event(), threading.Semaphore(0)
        self.server = HttpServer(self.answer, limits=limits)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.open: list[socket.socket] = []

    def answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = str(len(environ["wsgi.input"].read())).encode()
        if environ["PATH_INFO"] == PAGE:
            self.waiting.release()
            self.go.wait(60)
        elif environ["PATH_INFO"] == FILE:
            body = b"x" * LARGE
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        # In pieces, as applications answer: between two of them a thread could be made to wait for the reader.
        return [body[start : start + PIECE] for start in range(0, len(body), PIECE)]

    def connect(self, sent: bytes, source: str = "127.0.0.1") -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.server.port), timeout=60, source_address=(source, 0))
        self.open.append(made)
        made.sendall(sent)
        return made

    def post(self, size: int = 10) -> str:
        return requests.post(self.url + INGEST, data=b"x" * size, timeout=60).text


@contextmanager
def serving(limits: Limits) -> Iterator[Site]:
    site, stop = Site(limits), threading.Event()
    thread = threading.Thread(target=site.server.run, args=(stop,), name="server under test")
    thread.start()
    with ExitStack() as left:
        left.callback(thread.join)
        left.callback(stop.set)
        left.callback(site.go.set)
        yield site
        for each in site.open:
            each.close()


def request(path: str = INGEST, method: str = "POST", headers: str = "", body: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{body}".encode()
