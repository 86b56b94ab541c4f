"""One POST over a kept-alive connection, answered or given up within a time that nothing can stretch."""

from __future__ import annotations

import codecs
import http.client
import io
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Callable
from uuid import UUID

from metrics_dash_client.endpoint import PATH, Endpoint, Proxy
from metrics_dash_client.version import __version__

if TYPE_CHECKING:
    import ssl

# The server names each refused event of a batch in one sentence; more than this is no answer of it.
MAX_ANSWER_BYTES = 8 * 1024 * 1024
_PIECE = 64 * 1024
# The first connection of a process loads this codec. A child of a fork that is made while the parent's thread is at it
# would wait for that module's lock for ever: so nothing is left to be imported by the thread that sends.
codecs.lookup("idna")


@dataclass(frozen=True)
class Answer:
    """What the server said. ``retry_after``: seconds that it asked to wait for, or None."""

    status: int
    retry_after: float | None
    body: bytes


class Transport:
    """A connection to the server, for one thread. It opens with the first request and reopens after a failure.

    TLS verifies the server's certificate against the system's, unless ``ssl_context`` says otherwise.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        authorization: str | None,
        *,
        proxy: Proxy | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._proxy = proxy
        self._ssl_context = ssl_context
        self._headers = {
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": "gzip",
            "User-Agent": f"metrics-dash-client/{__version__}",
        }
        if authorization is not None:
            self._headers["Authorization"] = authorization
        if proxy is not None and not endpoint.is_encrypted:
            self._headers.update(proxy.headers)
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes, key: UUID, timeout: float) -> Answer:
        """Send a body under its key. Raises ``OSError`` or ``HTTPException`` when no whole answer came in time."""
        deadline = time.monotonic() + timeout
        reused = self._connection is not None and self._connection.sock is not None
        try:
            return self._post(body, key, deadline)
        except (ConnectionError, http.client.RemoteDisconnected):
            self.close()
            if not reused:
                raise
        except BaseException:
            self.close()
            raise
        # The server closed a connection that was idle. That is no failure, so ask again at once, on a fresh one.
        try:
            return self._post(body, key, deadline)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def leave_to_parent(self) -> None:
        """Close this process's copy of a connection that its parent uses: without a word to the server, and without a
        look at objects that a thread of the parent may have held when the process was copied.
        """
        connection, self._connection = self._connection, None
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                os.close(connection.sock.detach())

    def _post(self, body: bytes, key: UUID, deadline: float) -> Answer:
        connection = self._connection = self._connection or self._new_connection()
        connection.response_class = _bounded_response(deadline)  # type: ignore[assignment]  # called, and nothing else
        connection.timeout = _left(deadline)
        if connection.sock is None:
            connection.connect()
        headers = {**self._headers, "Idempotency-Key": str(key), "Content-Length": str(len(body))}
        sent = False
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", self._target(), _pieces(body, connection.sock, deadline), headers)
            sent = True
        # A server that has read enough to say no may answer and hang up while we are still sending.
        with connection.getresponse() as response:
            answer = Answer(response.status, _seconds(response.headers.get("Retry-After")), _read(response))
        if not sent:
            self.close()
        return answer

    def _new_connection(self) -> http.client.HTTPConnection:
        endpoint, proxy = self._endpoint, self._proxy
        host, port = (endpoint.host, endpoint.port) if proxy is None else (proxy.host, proxy.port)
        connection: http.client.HTTPConnection
        if endpoint.is_encrypted:
            connection = http.client.HTTPSConnection(host, port, context=self._context())
            if proxy is not None:
                connection.set_tunnel(endpoint.host, endpoint.port, proxy.headers)
        else:
            connection = http.client.HTTPConnection(host, port)
        # A program that debugs its own requests must not print our token.
        connection.set_debuglevel(0)
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            import ssl  # here, as a Python without it can send over http all the same

            self._ssl_context = ssl.create_default_context()
        return self._ssl_context

    def _target(self) -> str:
        """What stands in the request's first line: to a proxy, the whole address."""
        if self._proxy is None or self._endpoint.is_encrypted:
            return self._endpoint.path
        return f"{self._endpoint}{PATH}"


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no whole answer came in time")
    return left


def _pieces(body: bytes, sock: socket.socket, deadline: float) -> Iterator[bytes]:
    """The body piece by piece, each with the time that is left: TLS counts the time of each write for itself."""
    for start in range(0, len(body), _PIECE):
        sock.settimeout(_left(deadline))
        yield body[start : start + _PIECE]


def _read(response: http.client.HTTPResponse) -> bytes:
    """The whole answer. Raises ``HTTPException`` when it was cut off, or is longer than any answer of the server."""
    parts, room = [], MAX_ANSWER_BYTES
    while part := response.read(_PIECE):
        parts.append(part)
        room -= len(part)
        if room < 0:
            raise http.client.HTTPException(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def _bounded_response(deadline: float) -> Callable[..., http.client.HTTPResponse]:
    """Make responses that are read until the deadline; a socket's own time-out begins anew with every byte."""

    def respond(sock: socket.socket, *args: Any, **options: Any) -> http.client.HTTPResponse:
        response = http.client.HTTPResponse(sock, *args, **options)
        response.fp.close()
        response.fp = io.BufferedReader(_BoundedReader(sock, deadline))
        return response

    return respond


class _BoundedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        # It keeps the socket open until this reader closes, also when the connection has let go of it.
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


def _seconds(retry_after: str | None) -> float | None:
    """Read ``Retry-After``: seconds or a date; None for what is neither."""
    if retry_after is None:
        return None
    try:
        if retry_after.strip().isdigit():
            return float(retry_after)
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
