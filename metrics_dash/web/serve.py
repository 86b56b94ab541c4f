"""The production server: waitress in the main thread, guarded against slow clients, ended in an orderly way.

Waitress by itself drops the answers of requests that are under way when it is told to stop; a sender would not learn
that its events are committed. So the loop stands here: it stops accepting, lets what has begun finish, then returns.
"""

import errno
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

import waitress
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

from metrics_dash.web.connections import ConnectionGuard, Limits
from metrics_dash.web.lanes import LaneDispatcher

# With what the demo, the collector and PostgreSQL need after it, ten seconds in all.
DRAIN_SECONDS = 3.0
# Who was accepted has most likely sent a request, which waits in the socket; closing it would reset the connection.
FIRST_BYTES_SECONDS = 1.0

_ACCEPTED_AT_ONCE = 64
_MIB = 1024 * 1024
_ADJUSTMENTS = {
    # One more than the route takes, so that the route gives the answer, in JSON and naming its limit.
    "max_request_body_size": 21 * _MIB,
    # Looked through again with every piece that comes, so it must not be long.
    "max_request_header_size": 32 * 1024,
    "recv_bytes": 64 * 1024,
    # What is larger goes to the disk: many slow clients must not fill the memory.
    "inbuf_overflow": _MIB,
    "outbuf_overflow": _MIB,
    # A thread waits for a client only beyond this; no answer is as long.
    "outbuf_high_watermark": 64 * _MIB,
    # The guard below sees to both.
    "connection_limit": 1_000_000,
    "channel_timeout": 1_000_000,
    "backlog": 1024,
    # They are refused and not forgotten: who sends them stands between us and a client.
    "clear_untrusted_proxy_headers": False,
    "ident": None,
}

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class ListenError(OSError):
    """The server can't listen where it is told to. The message says where, why and what to do."""


class PortInUseError(ListenError):
    """Somebody else listens there."""


class Stop(Protocol):
    """Says when to end."""

    def is_set(self) -> bool: ...


class HttpServer:
    """A bound server; it accepts connections at once and answers them from ``run`` on.

    ``sockets``: listening ones of somebody else's, in place of ``host`` and ``port``.
    """

    def __init__(
        self,
        application: Application,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        sockets: Sequence[socket.socket] = (),
        limits: Limits | None = None,
    ) -> None:
        self._map: dict[int, Any] = {}
        self._guard = ConnectionGuard(limits or Limits())
        self._lanes = LaneDispatcher()
        place: dict[str, Any] = {"sockets": list(sockets)} if sockets else {"host": host, "port": port}
        try:
            waitress.create_server(application, map=self._map, _dispatcher=self._lanes, **place, **_ADJUSTMENTS)
        except OSError as error:
            self._lanes.shutdown(timeout=1)
            raise _refused(error, host, port) from None
        for listener in self._instances(BaseWSGIServer):
            listener.channel_class = self._guard.connection
            listener.handle_accept = partial(_accept_what_waits, listener, listener.handle_accept)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._instances(BaseWSGIServer)[0].socket.getsockname()[1])

    def phases(self) -> Counter[str]:
        """Count the connections by what they do: headers, body, served, answer, idle."""
        return self._guard.phases()

    def held(self) -> int:
        """Return how many bytes of bodies are received or wait to be served."""
        return self._guard.held()

    def run(self, stop: Stop) -> None:
        """Serve until ``stop`` is set; then finish the requests that have begun, for some seconds at most."""
        while not stop.is_set():
            self._turn(0.25)
        for listener in self._instances(BaseWSGIServer):
            listener.del_channel(self._map)
            listener.socket.close()
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._busy() and time.monotonic() < deadline:
            self._turn(0.05)
        self._lanes.shutdown(timeout=1)

    def _turn(self, timeout: float) -> None:
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._map, count=1)
        self._guard.sweep()

    def _busy(self) -> bool:
        if self._guard.awaits_first_bytes(FIRST_BYTES_SECONDS):
            return True
        channels = self._instances(HTTPChannel)
        return any(channel.requests or channel.request or channel.total_outbufs_len for channel in channels)

    def _instances(self, kind: type) -> list[Any]:
        return [entry for entry in list(self._map.values()) if isinstance(entry, kind)]


def _refused(error: OSError, host: str, port: int) -> ListenError:
    if error.errno == errno.EADDRINUSE:
        return PortInUseError(
            f"port {port} on {host} is in use; stop what listens there or set METRICS_PORT to another"
        )
    why = f"can't listen at port {port} of {host} ({error.strerror or error})"
    if error.errno in (errno.EACCES, errno.EPERM):
        return ListenError(f"METRICS_PORT: {why}; set it to 1024 or more, or let this user have lower ones")
    return ListenError(f"METRICS_HOST: {why}; set it to an address of this machine, such as 127.0.0.1 or 0.0.0.0")


def _accept_what_waits(listener: Any, accept: Callable[[], None]) -> None:
    """Accept several at once: a turn of the loop for each would make a whole request wait behind a thousand begun."""
    for _ in range(_ACCEPTED_AT_ONCE):
        before = len(listener.active_channels)
        accept()
        if len(listener.active_channels) == before:
            return
