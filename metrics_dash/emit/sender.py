"""Sending events over HTTP, as any program that is not this one would: gzip NDJSON on a kept-alive connection."""

import gzip
import http.client
import json
import logging
import os
import random
import threading
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
TIMEOUT_SECONDS = 30.0
_TRY_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


class RefusedError(RuntimeError):
    """The server understood and said no; sending the same again would change nothing."""


class KeyReusedError(RefusedError):
    """The key was used for another batch, which is stored; this one is not."""


class StoppedError(RuntimeError):
    """Somebody asked the sender to stop while it was waiting to try again."""


class Sender:
    """A connection to a metrics_dash server, with the token of ``METRICS_TOKEN``. Not for use by two threads at once.

    Every request is repeated, with growing pauses, until the server answers: while it is starting, busy or restarting
    (429, 5xx, refused and lost connections). A batch keeps its key, so repeating it stores it once.
    """

    def __init__(self, url: str, stop: threading.Event | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not a URL such as http://127.0.0.1:8050")
        self._class = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port, self._base = parts.hostname, parts.port, parts.path.rstrip("/")
        self._connection: http.client.HTTPConnection | None = None
        self._stop = stop or threading.Event()
        token = os.environ.get("METRICS_TOKEN")
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, events: Iterable[Mapping[str, Any]], key: str) -> dict[str, Any]:
        """Send one batch under its idempotency key; return ``{"accepted": int, "rejected": [...]}``."""
        body = gzip.compress(b"\n".join(map(orjson.dumps, events)), 1)
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip", "Idempotency-Key": key}
        return self._until_answered("POST", "/api/v1/events", body, headers)

    def query(self, **parameters: str) -> dict[str, Any]:
        """Ask ``GET /api/v1/query``."""
        return self._until_answered("GET", f"/api/v1/query?{urlencode(parameters)}", None, {})

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _until_answered(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> dict[str, Any]:
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            try:
                status, retry_after, answer = self._once(method, path, body, headers)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                status, retry_after, answer = 503, None, str(error).encode()
            if status == 200:
                return dict(json.loads(answer))
            if status not in _TRY_AGAIN:
                refused = KeyReusedError if status == 422 else RefusedError
                raise refused(f"{method} {path.partition('?')[0]}: {status} {_reason(answer)}")
            log.debug("%s: %s; trying again", status, _reason(answer))
            # Half of the pause is chance, so that many senders don't come back at the same moment.
            self._stop.wait(max(retry_after or 0.0, pause * random.uniform(0.5, 1.0)))  # noqa: S311
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        raise StoppedError

    def _once(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, float | None, bytes]:
        if self._connection is None:
            self._connection = self._class(self._host, self._port, timeout=TIMEOUT_SECONDS)
        self._connection.request(method, self._base + path, body, {**headers, **self._authorization})
        response = self._connection.getresponse()
        answer = response.read()
        retry_after = response.headers.get("Retry-After", "")
        return response.status, float(retry_after) if retry_after.isdigit() else None, answer


def _reason(answer: bytes) -> str:
    """Return what the server gave as its reason, short enough for a log line."""
    try:
        return str(json.loads(answer)["error"])[:200]
    except (ValueError, KeyError, TypeError):
        return answer[:200].decode(errors="replace").strip()
