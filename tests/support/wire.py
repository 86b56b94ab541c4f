"""Requests as bytes on a socket, for what no client library would send."""

import json
import socket
from contextlib import suppress
from typing import Any, NamedTuple

from tests.support.processes import Process


class Answer(NamedTuple):
    """The first answer that came, and whatever followed it on the connection."""

    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def head(*more: str, path: str = "/api/v1/events", kind: str = "application/x-ndjson") -> bytes:
    """The head of a POST to a path."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


def talk(app: Process, *parts: bytes, half_close: bool = True) -> Answer | None:
    """Send the parts, say that no more comes, and read to the end; None where nothing came back."""
    with socket.create_connection(("127.0.0.1", app.port), timeout=30) as connection:
        # A server that has answered may have closed before the rest is sent; its answer can be read all the same.
        with suppress(OSError):
            for part in parts:
                connection.sendall(part)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
                if not half_close and (answer := parse(received)) is not None:
                    return answer
        except ConnectionResetError:
            pass
    return parse(received)


def parse(received: bytes) -> Answer | None:
    """The first whole answer in what was received."""
    top, gap, rest = received.partition(b"\r\n\r\n")
    if not gap:
        return None
    first, *lines = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", len(rest)))
    if len(rest) < length:
        return None
    return Answer(int(first.split()[1]), headers, rest[:length], rest[length:])
