"""Threads of their own for each kind of work, so that none waits for another's.

Events, health, files and the page each have a lane. Whatever fills one, however many expensive ranges are asked for at
once, the threads that take events are never among those that answer it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from waitress.task import ThreadedTaskDispatcher

from metrics_dash.web.paths import BASE_PATH


@dataclass(frozen=True, slots=True)
class Lane:
    """Requests whose path begins with one of ``prefixes``, and how many of them are answered at once."""

    name: str
    threads: int
    prefixes: tuple[str, ...]


# The first that fits is taken. Ingest waits for commits and not for the processor; a page's ranges cost both.
LANES = (
    Lane("ingest", 12, ("/api/v1/events", "/v1/", "/api/v2/", "/write", "/batch", "/i/", "/flags")),
    Lane("health", 2, ("/health", "/readyz", "/ready", "/metrics", "/ping", "/query")),
    Lane("files", 2, (f"{BASE_PATH}assets/", f"{BASE_PATH}_dash-component-suites/")),
    Lane("page", 4, ("",)),
)


class LaneDispatcher:
    """What waitress hands its requests to: one of its own dispatchers for each lane."""

    def __init__(self, lanes: Sequence[Lane] = LANES) -> None:
        self._lanes = [(lane, ThreadedTaskDispatcher()) for lane in lanes]
        for lane, dispatcher in self._lanes:
            dispatcher.set_thread_count(lane.threads)

    def add_task(self, connection: Any) -> None:
        """Queue a connection's next request in its lane."""
        path = getattr(connection.requests[0], "path", "")
        next(dispatcher for lane, dispatcher in self._lanes if path.startswith(lane.prefixes)).add_task(connection)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> None:
        """End the threads; each lane is waited for in turn, so give a ``timeout`` for one."""
        for _, dispatcher in self._lanes:
            dispatcher.set_thread_count(0)
        for _, dispatcher in self._lanes:
            dispatcher.shutdown(cancel_pending, timeout)
