"""The production server: waitress in the main thread, ended in an orderly way.

Waitress by itself drops the answers of requests that are under way when it is told to stop; a sender would not learn
that its events are committed. So the loop stands here: it stops accepting, lets what has begun finish, then returns.
"""

import errno
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import waitress
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

from metrics_dash.web.channel import BoundedChannel

THREADS = 16
# With what the demo, the collector and PostgreSQL need after it, ten seconds in all.
DRAIN_SECONDS = 3.0

_MIB = 1024 * 1024
_LIMITS = {
    # One more than the route takes, so that the route gives the answer, in JSON and naming its limit.
    "max_request_body_size": 21 * _MIB,
    # Bodies and answers of the usual size stay in memory and off the disk.
    "inbuf_overflow": 32 * _MIB,
    "outbuf_overflow": 8 * _MIB,
    "connection_limit": 1000,
    "backlog": 1024,
    "channel_timeout": 75,
}

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class PortInUseError(OSError):
    """Somebody else listens there. The message says where and what to do."""


class HttpServer:
    """A bound server; it accepts connections at once and answers them from ``run`` on."""

    def __init__(self, application: Application, host: str, port: int) -> None:
        self._map: dict[int, Any] = {}
        try:
            self._server = waitress.create_server(
                application, host=host, port=port, threads=THREADS, map=self._map, ident=None, **_LIMITS
            )
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortInUseError(
                f"port {port} on {host} is in use; stop what listens there or set METRICS_PORT to another"
            ) from None
        for listener in self._instances(BaseWSGIServer):
            listener.channel_class = BoundedChannel

    def run(self, stop: threading.Event) -> None:
        """Serve until ``stop`` is set; then finish the requests that have begun, for some seconds at most."""
        while not stop.is_set():
            self._turn(0.25)
        for listener in self._instances(BaseWSGIServer):
            listener.del_channel(self._map)
            listener.socket.close()
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._busy() and time.monotonic() < deadline:
            self._turn(0.05)
        self._server.task_dispatcher.shutdown(timeout=1)

    def _turn(self, timeout: float) -> None:
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._map, count=1)

    def _busy(self) -> bool:
        channels = self._instances(HTTPChannel)
        return any(channel.requests or channel.request or channel.total_outbufs_len for channel in channels)

    def _instances(self, kind: type) -> list[Any]:
        return [entry for entry in list(self._map.values()) if isinstance(entry, kind)]
