"""Connections that are slow, many or malformed cost nothing but themselves.

A connection is always in exactly one phase, and each phase has a deadline; at a limit, room is made by dropping the one
that has made others wait longest. So no client can hold what another needs for longer than ``Limits`` says, and a whole
request that comes at once is answered however many others only begin one.
"""

import socket
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask
from waitress.utilities import BadRequest, Error

_KIB, _MIB = 1024, 1024 * 1024
_VERSIONS = frozenset({"1.0", "1.1"})
_LONGEST_LINE = 8 * _KIB
_CUT_OFF = "the request ends before the length that it announced; nothing was stored"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, connections and bytes. ``rate``: what a body or an answer must move by the second, beside its grace."""

    headers: float = 10.0
    body: float = 20.0
    answer: float = 30.0
    stalled: float = 20.0
    idle: float = 75.0
    rate: int = 32 * _KIB
    # Below the usual 1,024 open files, with what PostgreSQL, logs and spilled bodies need.
    connections: int = 800
    per_address: int = 400
    # Bodies that are being received or wait for their turn, all together; what is small always has room.
    held: int = 128 * _MIB
    small: int = 64 * _KIB


# Who goes first where there is no room. A request that is being served is never dropped.
_ORDER = {"headers": 0, "body": 1, "idle": 2, "answer": 3}


class BusyError(Error):  # type: ignore[misc]
    """As much is being received as may."""

    code, reason = 503, "Service Unavailable"


class TooSlowError(Error):  # type: ignore[misc]
    """A request did not arrive in time."""

    code, reason = 408, "Request Timeout"


class OneLineError(ErrorTask):  # type: ignore[misc]
    """What waitress itself refuses, answered like everything else: one line of JSON, and closed."""

    def execute(self) -> None:
        error = self.request.error
        body = orjson.dumps({"error": " ".join(f"{error.reason}: {error.body}".split())})
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(_headers_of(error))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


_HEADERS = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'"),
]


def _headers_of(error: Error) -> list[tuple[str, str]]:
    return [*_HEADERS, ("Retry-After", "2")] if isinstance(error, BusyError) else _HEADERS


class Request(HTTPRequestParser):  # type: ignore[misc]
    """A request as it arrives. Whatever the parser trips over is the sender's mistake, and never the server's end."""

    version: str

    def __init__(self, adjustments: Any, has_room: Callable[[int], bool]) -> None:
        super().__init__(adjustments)
        self._has_room = has_room

    def received(self, data: bytes) -> int:
        try:
            consumed: int = super().received(data)
        except (ValueError, IndexError, KeyError):
            return self._refuse(BadRequest("the request can't be read"), len(data))
        if self.headers_finished and not self.error and self.version not in _VERSIONS:
            return self._refuse(BadRequest("only HTTP/1.0 and HTTP/1.1 are spoken here"), len(data))
        if not self.completed and self._unfinished_line() > _LONGEST_LINE:
            return self._refuse(BadRequest("a chunk has no size, or a trailer no end"), len(data))
        if not self.completed and not self._has_room(self.body_bytes_received):
            return self._refuse(BusyError("too much is being received; send it again later"), len(data))
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers as they came: once a chunked body is whole, the parser adds its length to them."""
        super().parse_header(header_plus)
        if (doubt := self._doubt()) is not None:
            raise ParsingError(doubt)

    def _doubt(self) -> str | None:
        """Return what a proxy before us may read in another way: where the request ends, or whose it is."""
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            return "Content-Length and Transfer-Encoding say both how long the body is"
        if "TRANSFER_ENCODING" in self.headers:
            return "HTTP/1.0 has no Transfer-Encoding"
        if "," in self.headers.get("HOST", ""):
            return "there is more than one Host"
        return "there is no Host" if self.version == "1.1" and "HOST" not in self.headers else None

    def _unfinished_line(self) -> int:
        """Bytes of a line between chunks that has not ended; the parser copies it with every piece that comes."""
        return sum(len(getattr(self.body_rcv, name, b"")) for name in ("control_line", "trailer"))

    def _refuse(self, error: Error, consumed: int) -> int:
        self.error, self.completed = error, True
        # What the answer is made from, where the headers were not read to their end.
        self.version = self.version if self.version in _VERSIONS else "1.0"
        return consumed


class Connection(HTTPChannel):  # type: ignore[misc]
    """One client's connection and the phase it is in."""

    error_task_class = OneLineError

    def __init__(
        self, guard: "ConnectionGuard", server: Any, sock: Any, address: Any, *rest: Any, **options: Any
    ) -> None:
        admitted = guard.make_room_for(address[0])
        self._guard, self.sent = guard, 0
        self.began = time.monotonic()
        self.phase, self.since, self._moved = "headers", self.began, 0
        self.parser_class = lambda adjustments: Request(adjustments, lambda size: guard.has_room(self, size))
        super().__init__(server, sock, address, *rest, **options)
        guard.add(self)
        if not admitted:
            guard.drop(self, BusyError("too many connections"))

    def handle_read(self) -> None:
        """Read what came. A request that ends before its end is said to be cut; who only half-closed hears of it."""
        if self.request is not None and self._has_ended():
            self._guard.drop(self, BadRequest(_CUT_OFF))
            return
        super().handle_read()

    def _has_ended(self) -> bool:
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except OSError:
            return False

    def received(self, data: bytes) -> Any:
        if self.request is None:
            self._enter("headers")
            self.began = self.since
        return super().received(data)

    def send(self, data: bytes, do_close: bool = True) -> int:
        count: int = super().send(data, do_close)
        self.sent += count
        return count

    def held(self) -> int:
        """Bytes of bodies that this connection makes the server hold."""
        parts = [*self.requests, self.request] if self.request is not None else self.requests
        return sum(part.body_bytes_received for part in list(parts))

    def enter_phase(self) -> str:
        """Note the present phase and return it; a phase begins when it is first noted."""
        phase = self._present_phase()
        if phase != self.phase:
            self._enter(phase)
        return phase

    def overdue(self, now: float, limits: Limits) -> bool:
        """Return whether the present phase has taken too long."""
        phase = self.enter_phase()
        if phase == "answer" and time.time() - self.last_activity > limits.stalled:
            return True
        received = self.request.body_bytes_received if phase == "body" else 0
        allowed = {
            "headers": limits.headers,
            "body": limits.body + received / limits.rate,
            "answer": limits.answer + (self.sent - self._moved) / limits.rate,
            "idle": limits.idle,
        }
        return phase in allowed and now - self.since > allowed[phase]

    def _present_phase(self) -> str:
        if self.total_outbufs_len:
            return "answer"
        if self.requests:
            return "served"
        if self.request is None:
            return "headers" if self.phase == "headers" and not self.sent else "idle"
        return "body" if self.request.headers_finished else "headers"

    def _enter(self, phase: str) -> None:
        self.phase, self.since, self._moved = phase, time.monotonic(), self.sent


class ConnectionGuard:
    """All connections of a process. Lives in the thread of the server's loop; ``sweep`` is called between its turns."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all: set[Connection] = set()
        self._dropped: list[tuple[Connection, Error | None]] = []
        self._next_sweep = 0.0

    def connection(self, *arguments: Any, **options: Any) -> Connection:
        """Make the connection of a client that was accepted."""
        return Connection(self, *arguments, **options)

    def add(self, connection: Connection) -> None:
        self._all.add(connection)

    def make_room_for(self, address: str) -> bool:
        """Make room for one more connection; False where every other one is being served."""
        living = self._living()
        same = [each for each in living if each.addr[0] == address]
        if len(same) >= self._limits.per_address:
            return self._drop_oldest(same)
        return len(living) < self._limits.connections or self._drop_oldest(living)

    def has_room(self, asking: Connection, size: int) -> bool:
        """Return whether a body may grow to ``size`` bytes; an older unfinished one is dropped for it."""
        if size <= self._limits.small or self.held() <= self._limits.held:
            return True
        others = (each for each in self._living() if each is not asking and each.held())
        return self._drop_oldest(others, {"body"}, BusyError("too much is being received; send it again later"))

    def drop(self, connection: Connection, error: Error | None = None) -> None:
        """Close a connection after this turn of the loop; until then other events may name its descriptor."""
        self._dropped.append((connection, error))

    def sweep(self, every: float = 0.5) -> None:
        """Close what is overdue and what was dropped."""
        now = time.monotonic()
        if now >= self._next_sweep:
            self._next_sweep = now + every
            self._all = set(self._living())
            for each in self._all:
                if each.overdue(now, self._limits):
                    slow = each.phase in ("headers", "body") and each.request is not None
                    self.drop(each, TooSlowError("the request took too long to arrive") if slow else None)
        dropped, self._dropped = self._dropped, []
        for each, error in dropped:
            _close(each, error)

    def awaits_first_bytes(self, within: float) -> bool:
        """Return whether somebody has connected in the last ``within`` seconds of whom nothing was read yet."""
        since = time.monotonic() - within
        fresh = [each for each in self._living() if each.request is None and each.began > since]
        return any(each.enter_phase() == "headers" for each in fresh)

    def phases(self) -> Counter[str]:
        """Return how many connections are in which phase."""
        return Counter(each.phase for each in self._living())

    def _living(self) -> list[Connection]:
        dropped = {each for each, _ in list(self._dropped)}
        return [each for each in list(self._all) if each.connected and each not in dropped]

    def held(self) -> int:
        """Bytes of bodies that are received or wait to be served."""
        return sum(each.held() for each in self._living())

    def _drop_oldest(
        self, among: Iterable[Connection], phases: Container[str] = tuple(_ORDER), error: Error | None = None
    ) -> bool:
        droppable = [each for each in among if each.enter_phase() in phases]
        if not droppable:
            return False
        self.drop(min(droppable, key=lambda each: (_ORDER[each.phase], each.began)), error)
        return True


def _close(connection: Connection, error: Error | None) -> None:
    """Close, saying why where the client waits for an answer; it may be gone, and is not waited for."""
    if error is not None and connection.socket is not None and not connection.total_outbufs_len:
        body = orjson.dumps({"error": error.body})
        head = f"HTTP/1.1 {error.code} {error.reason}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        named = "".join(f"{name}: {value}\r\n" for name, value in _headers_of(error))
        with suppress(OSError):
            connection.socket.send(f"{head}{named}\r\n".encode() + body)
    if connection.socket is not None:
        connection.handle_close()
