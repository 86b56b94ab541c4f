"""A small HTTP server on loopback that answers as a test tells it to, and remembers what it was asked."""

import gzip
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler"], None]


class Request:
    """What came: the body as it was, and the events in it."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path = path
        self.headers = headers
        self.body = body

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in gzip.decompress(self.body).splitlines()]

    @property
    def names(self) -> list[str]:
        return [event["event_name"] for event in self.events]


class ScriptedServer:
    """Takes one reply of its script for each request, and stores like the real one once that is used up."""

    def __init__(self, *script: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.stored: dict[str, list[dict[str, Any]]] = {}
        self.script = list(script)
        self.connections = 0
        self.released = threading.Event()
        self.asked = threading.Semaphore(0)
        scripted = self

        class Bound(Handler):
            server_script = scripted

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def until_asked(self) -> None:
        """Wait for the next request that nobody has waited for."""
        assert self.asked.acquire(timeout=60), "no request came"

    @property
    def events(self) -> list[dict[str, Any]]:
        """What is stored: each key once."""
        return [event for events in self.stored.values() for event in events]

    @property
    def names(self) -> list[str]:
        return [event["event_name"] for event in self.events]

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    server_script: ScriptedServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        self.server_script.connections += 1
        super().setup()

    def do_POST(self) -> None:
        script = self.server_script
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers["content-length"]))
        self.request_seen = Request(self.path, headers, body)
        script.requests.append(self.request_seen)
        reply = script.script.pop(0) if script.script else store
        script.asked.release()
        reply(self)

    def answer(self, status: int, document: object, **headers: str) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *parts: object) -> None:
        pass


def store(handler: Handler) -> None:
    """What the real server does: a key that was here before is answered, and stored no second time."""
    seen = handler.request_seen
    handler.server_script.stored.setdefault(seen.key, seen.events)
    handler.answer(200, {"accepted": len(seen.events), "rejected": []})


def status(code: int, error: str = "no", **headers: str) -> Reply:
    return lambda handler: handler.answer(code, {"error": error}, **headers)


def reject(*rejected: tuple[int, str]) -> Reply:
    """Store all but these, by index and reason."""

    def reply(handler: Handler) -> None:
        seen, places = handler.request_seen, {index for index, _ in rejected}
        kept = [event for index, event in enumerate(seen.events) if index not in places]
        handler.server_script.stored.setdefault(seen.key, kept)
        handler.answer(
            200,
            {"accepted": len(kept), "rejected": [{"index": index, "reason": reason} for index, reason in rejected]},
        )

    return reply


def raw(code: int, body: bytes) -> Reply:
    return lambda handler: handler.answer(code, body)


def hang_up(handler: Handler) -> None:
    """Close the connection without a word; the request may have been stored."""
    handler.server_script.stored.setdefault(handler.request_seen.key, handler.request_seen.events)
    handler.close_connection = True


def answer_and_hang_up(handler: Handler) -> None:
    """Answer, and close a connection that is said to stay open, as a server does with idle ones."""
    store(handler)
    handler.close_connection = True


def half_an_answer(handler: Handler) -> None:
    """Announce more than is sent."""
    handler.server_script.stored.setdefault(handler.request_seen.key, handler.request_seen.events)
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"accepted":')
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Send one byte of the answer again and again, faster than any time-out of a single read, until released."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not handler.server_script.released.wait(0.01):
        try:
            handler.wfile.write(b"x")
        except OSError:
            break
    handler.close_connection = True


def wait_for_release(handler: Handler) -> None:
    """Answer as the real server once the test lets it."""
    assert handler.server_script.released.wait(60)
    store(handler)


@contextmanager
def serving(*script: Reply, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    server = ScriptedServer(*script, tls=tls)
    try:
        yield server
    finally:
        server.close()
