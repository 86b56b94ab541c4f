"""How waitress receives a request's body: within a budget of all connections, and answered where it was cut off.

waitress collects a body before the application hears of it, so what the application bounds would come too late here:
the connections together take from one budget as bytes come in, and none can hold what it did not get.
"""

from typing import Any

import orjson
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.utilities import Error

from metrics_dash.web.budget import AGAIN_AFTER, MIB, ByteBudget

# What comes in before its request is whole, of all connections together.
RECEIVED_BYTES = 64 * MIB
# So much of each body is free, so that large ones that never end don't keep out the small ones of others.
FREE_BYTES = 64 * 1024

_received = ByteBudget(RECEIVED_BYTES)


class BodyError(Error):  # type: ignore[misc]
    """A body that can't be had; answered in JSON, as the application answers."""

    def __init__(self, code: int, reason: str, error: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.code, self.reason, self.error, self.headers = code, reason, error, headers or {}

    def to_response(self, ident: object = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return status, headers and body."""
        headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), *self.headers.items()]
        return f"{self.code} {self.reason}", headers, orjson.dumps({"error": self.error})


class BoundedParser(HTTPRequestParser):  # type: ignore[misc]
    """Takes from the budget what it receives, and gives it back when it is closed."""

    error: Any

    def __init__(self, adj: object) -> None:
        super().__init__(adj)
        self._taken = 0

    def received(self, data: bytes) -> int:
        """Receive a part of the request; how many bytes of it belong to this one."""
        consumed = int(super().received(data))
        beyond = self.body_bytes_received - FREE_BYTES - self._taken
        if beyond > 0 and self.error is None:
            if _received.take(beyond):
                self._taken += beyond
            else:
                self.error = BodyError(
                    503,
                    "Service Unavailable",
                    "the requests under way hold as much as they may; nothing was stored; send the request again",
                    AGAIN_AFTER,
                )
                self.completed = True
                self.close()
        return consumed

    def close(self) -> None:
        """Hold nothing of the body any more."""
        super().close()
        _received.give(self._taken)
        self._taken = 0


class BoundedChannel(HTTPChannel):  # type: ignore[misc]
    """A connection that answers a request whose sender said that no more comes before it was whole."""

    parser_class = BoundedParser
    request: Any
    _receiving = False
    _cut_off = False

    def handle_read(self) -> None:
        """Receive what has come, or that nothing comes any more."""
        self._receiving = True
        try:
            super().handle_read()
        finally:
            self._receiving = False
        if self._cut_off:
            self._refuse()

    def handle_close(self) -> None:
        """Close the connection, unless its other end still waits for an answer."""
        if self._receiving and self.request is not None and self.request.headers_finished and not self._cut_off:
            self._cut_off = True
            return
        if self.request is not None:
            self.request.close()
        super().handle_close()

    def _refuse(self) -> None:
        with self.requests_lock:
            request, self.request, self._cut_off = self.request, None, False
            request.error = BodyError(400, "Bad Request", "the body was cut off; nothing was stored")
            request.completed = self.connected = True
            self.requests.append(request)
            self.server.add_task(self)
