"""A ``logging`` handler that counts log records as events."""

from __future__ import annotations

import logging
import re
from typing import Any, Protocol

from metrics_dash_client import default

OWN_LOGGER = "metrics_dash_client"
LONGEST_NAME = 200
_NO_NAME = re.compile(r"[^a-z0-9_]+")


class Emitter(Protocol):
    """What emits: a ``Client``, or the module for the default one."""

    def execute(self, event_name: str, measurements: None = None, metadata: dict[str, object] | None = None) -> bool:
        """Emit an event; whether it was taken."""


class MetricsHandler(logging.Handler):
    """Emits ``log.error`` and the like for each record, with ``logger`` and ``level`` as metadata; never its text.

    ``client``: where to, by default that of the module's functions. ``prefix``: what stands before the level. Records
    of the client's own logger are left alone: one about a lost event would make the next.
    """

    def __init__(
        self, level: int | str = logging.NOTSET, *, client: Emitter | None = None, prefix: str = "log"
    ) -> None:
        super().__init__(level)
        self._execute = default.execute if client is None else client.execute
        self._prefix = prefix

    def filter(self, record: logging.LogRecord) -> Any:
        """Whether to count a record: asked before the handler's lock is taken, which another thread may hold."""
        return record.name.partition(".")[0] != OWN_LOGGER and super().filter(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record."""
        try:
            level = _NO_NAME.sub("_", record.levelname.lower()).strip("_") or f"level_{record.levelno}"
            metadata: dict[str, object] = {"logger": _text(record.name), "level": _text(record.levelname)}
            self._execute(f"{self._prefix}.{level}", None, metadata)
        except Exception:
            self.handleError(record)


def _text(name: str) -> str:
    """A name as metadata takes it: no NUL, no half of a surrogate pair, not too long."""
    return str(name)[:LONGEST_NAME].encode(errors="replace").decode().replace("\0", "?")
