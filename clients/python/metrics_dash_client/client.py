"""A client: what a program calls."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from metrics_dash_client import lifecycle
from metrics_dash_client.accounting import Stats
from metrics_dash_client.endpoint import authorization_of, parse_endpoint, proxy_from_environment
from metrics_dash_client.events import take
from metrics_dash_client.lifecycle import DRAIN_SECONDS
from metrics_dash_client.options import Options
from metrics_dash_client.spans import Span
from metrics_dash_client.transport import Transport
from metrics_dash_client.worker import Worker

if TYPE_CHECKING:
    import ssl
    from datetime import datetime

log = logging.getLogger("metrics_dash_client")

MIB = 1024 * 1024
FLUSH_SECONDS = 10.0


class Client:
    """Takes events from any thread, and sends them to a metrics_dash server from one of its own.

    ``url``: the server, such as ``https://metrics.example.org``; by default ``METRICS_URL``. Without one, events go
    nowhere, which is said once; with an empty one, silently. ``token``: who sends; by default ``METRICS_TOKEN``.
    ``flush_interval``: seconds after which a batch is sent that has not reached ``batch_events`` events.
    ``buffer_events``, ``buffer_bytes``: what waits at most; past it the newest events are dropped and counted.
    ``timeout``: seconds that a request may take. ``ssl_context``: in place of one that trusts what the system trusts.
    ``proxies_from_environment``: go through the proxy that ``HTTP_PROXY`` and the like name.
    Raises ``ValueError`` for an argument that can't be meant. Nothing is started or opened before the first event.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        flush_interval: float = 5.0,
        batch_events: int = 1000,
        buffer_events: int = 10_000,
        buffer_bytes: int = 16 * MIB,
        timeout: float = 30.0,
        ssl_context: ssl.SSLContext | None = None,
        proxies_from_environment: bool = False,
    ) -> None:
        wants_server = url is None
        url = os.environ.get("METRICS_URL", "").strip() if url is None else url
        token = os.environ.get("METRICS_TOKEN", "").strip() if token is None else token
        self._options = Options(flush_interval, batch_events, buffer_events, buffer_bytes, timeout)
        self._endpoint = parse_endpoint(url) if url != "" else None
        self._token = token
        self._authorization = authorization_of(token)
        self._proxy = proxy_from_environment(self._endpoint) if self._endpoint and proxies_from_environment else None
        self._ssl_context = ssl_context
        self._worker = self._new_worker()
        self._is_closed = False
        if self._endpoint is None and wants_server:
            log.warning("events go nowhere: set METRICS_URL to the address of a metrics_dash server")
        lifecycle.adopt(self)

    def __repr__(self) -> str:
        return f"<metrics_dash_client.Client {self._endpoint or 'without a server'}>"

    def execute(
        self,
        event_name: str,
        measurements: Mapping[str, float] | None = None,
        metadata: Mapping[str, object] | None = None,
        occurred_at: datetime | None = None,
    ) -> bool:
        """Emit an event, which happens now or at ``occurred_at`` (aware); whether it was taken.

        ``measurements``: finite numbers by name. ``metadata``: JSON scalars by name. Both may be changed afterwards.
        Never raises, and never waits for I/O.
        """
        try:
            event = take(event_name, measurements, metadata, occurred_at)
        except Exception as error:
            return self._worker.refuse(error)
        return self._worker.put(event)

    def span(self, event_name: str, metadata: Mapping[str, object] | None = None) -> Span:
        """Emit an event when a block, or each call of a decorated function, ends, with its ``duration_ms``.

        After an exception, which goes on, it also has ``error``: the name of its type.
        """
        return Span(self.execute, event_name, metadata)

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Send what has come so far; whether all of it was stored or refused within ``timeout`` seconds."""
        return self._worker.flush(timeout)

    def close(self, timeout: float = DRAIN_SECONDS) -> bool:
        """Send what is held, within ``timeout`` seconds, and end the thread; whether nothing was lost.

        Events that come from now on are dropped. Closing again does no harm.
        """
        deadline = time.monotonic() + timeout
        self.begin_close(deadline)
        return self.finish_close(deadline)

    def stats(self) -> Stats:
        """Return where every event ever offered is; in the child of a fork, those of the child."""
        return self._worker.buffer.stats()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # For the end of the process, and for forks.

    def begin_close(self, deadline: float) -> None:
        """Begin what ``close`` does, and don't wait; ``deadline`` is a moment of ``time.monotonic``."""
        self._is_closed = True
        self._worker.begin_close(deadline)

    def finish_close(self, deadline: float) -> bool:
        """Wait for what ``begin_close`` began; whether nothing was lost."""
        return self._worker.finish_close(deadline)

    def start_over(self) -> None:
        """Begin empty in the child of a fork: the parent keeps the events, the thread and the connection."""
        parents, self._worker = self._worker, self._new_worker()
        parents.leave_to_parent()
        if self._is_closed:
            self._worker.begin_close(time.monotonic())

    def _new_worker(self) -> Worker:
        transport = None
        if self._endpoint is not None:
            transport = Transport(self._endpoint, self._authorization, proxy=self._proxy, ssl_context=self._ssl_context)
        return Worker(self._options, transport, self._token or None)
