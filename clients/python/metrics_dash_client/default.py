"""The client of the module's functions: made by the first event from the environment, or by ``configure``."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from metrics_dash_client.client import FLUSH_SECONDS, Client
from metrics_dash_client.lifecycle import DRAIN_SECONDS, fork_lock
from metrics_dash_client.spans import Span

if TYPE_CHECKING:
    from datetime import datetime

    from metrics_dash_client.accounting import Stats

log = logging.getLogger("metrics_dash_client")

_client: Client | None = None


def execute(
    event_name: str,
    measurements: Mapping[str, float] | None = None,
    metadata: Mapping[str, object] | None = None,
    occurred_at: datetime | None = None,
) -> bool:
    """Emit an event by the default client, see ``Client.execute``."""
    return (_client or _current()).execute(event_name, measurements, metadata, occurred_at)


def span(event_name: str, metadata: Mapping[str, object] | None = None) -> Span:
    """Measure a block or a function by the default client, see ``Client.span``."""
    return Span(execute, event_name, metadata)


def flush(timeout: float = FLUSH_SECONDS) -> bool:
    """Send what the default client holds, see ``Client.flush``."""
    return _client is None or _client.flush(timeout)


def close(timeout: float = DRAIN_SECONDS) -> bool:
    """Close the default client, see ``Client.close``."""
    return _client is None or _client.close(timeout)


def stats() -> Stats:
    """Return where the events of the default client are, see ``Client.stats``."""
    return _current().stats()


def configure(url: str | None = None, token: str | None = None, **options: Any) -> Client:
    """Make a client of these arguments, which are those of ``Client``, the default one, and return it.

    The thread of the one before sends what it holds. Raises ``ValueError`` for an argument that can't be meant.
    """
    global _client
    made = Client(url, token, **options)
    with fork_lock:
        before, _client = _client, made
    if before is not None:
        before.begin_close(time.monotonic() + DRAIN_SECONDS)
    return made


def _current() -> Client:
    global _client
    with fork_lock:
        made = _client or _from_environment()
        # A signal handler's event may have been faster.
        _client = _client or made
        return _client


def _from_environment() -> Client:
    try:
        return Client()
    except Exception as error:  # a bad setting must not end a program that only wants to count something
        log.error("events go nowhere: %s", error)
        return Client(url="", token="")
