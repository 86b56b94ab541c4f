"""StatsD's sockets: datagrams in, rows out to the collector, by a thread that nothing malformed ends.

Nobody waits for an answer here, so what finds no room is lost; all that is lost is counted, also by the kernel, which
drops what comes while its own buffer is full.
"""

import contextlib
import errno
import logging
import os
import selectors
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from db.batches import Batch
from db.rows import InvalidEventError, Row
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event, check_event
from metrics_dash.ingest.formats.statsd import Memory, Note, decode
from metrics_dash.ingest.notes import check_note
from metrics_dash.ingest.submission import BufferFullError

log = logging.getLogger(__name__)

LONGEST_DATAGRAM = 65_536
# Rows that are handed over at once, and how long the first of them waits.
ROWS, SECONDS = 1000, 1.0
# How often somebody looks whether a Unix socket's path is free.
BIND_SECONDS = 1.0
# Asked of the kernel, which gives what it allows.
RECEIVE_BUFFER = 4 * 1024 * 1024
# Datagrams of one socket that are read before the next one has its turn.
_TURN = 500
# Linux: the datagrams that the kernel dropped of a socket so far, beside the next one that it delivers.
_SO_RXQ_OVFL = 40
_COUNT = struct.Struct("=I")


@dataclass(frozen=True, slots=True)
class DatagramCounts:
    """Since the process began: datagrams received, lines that could not be read, events for which there was no room,
    notes that were passed on, datagrams that the kernel dropped."""

    received: int = 0
    malformed: int = 0
    lost: int = 0
    notes: int = 0
    dropped: int = 0


class Datagrams:
    """Receives from a UDP address (``host``, ``port``) and a Unix socket's path, as far as they are given.

    ``keep`` is how old an event may be; ``annotate`` is given the notes, and must not block. ``problem``: why nobody
    can listen at the path; None where this process does, or another one.
    """

    def __init__(
        self,
        collector: Callable[[], Collector],
        *,
        address: tuple[str, int] | None,
        path: Path | None,
        keep: timedelta,
        annotate: Callable[[Sequence[Note]], object] = lambda notes: None,
    ) -> None:
        self._collector, self._annotate = collector, annotate
        self._address, self._path, self._keep = address, path, keep
        self.counts = DatagramCounts()
        self._dropped: dict[int, int] = {}
        self._memory = Memory()
        self._rows: list[Row] = []
        self._since = 0.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._sockets: list[socket.socket] = []
        self._next_bind = 0.0
        self._made: os.stat_result | None = None
        self.problem: str | None = None

    @property
    def alive(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def port(self) -> int:
        """The UDP port that it listens on."""
        return int(next(one for one in self._sockets if one.family != socket.AF_UNIX).getsockname()[1])

    def start(self) -> None:
        """Bind, and start the thread; does nothing while it lives. Raises ``OSError``."""
        if self.alive:
            return
        self._close()
        self._stopping.clear()
        if self._address is not None:
            self._sockets.append(_udp(*self._address))
        self._next_bind = 0.0
        self._thread = threading.Thread(target=self._run, name="metrics-datagrams", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Read what has come, hand it over, and end the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout)
        self._close()

    def _close(self) -> None:
        for each in self._sockets:
            if each.family == socket.AF_UNIX:
                self._take_away()
            each.close()
        self._sockets, self._dropped, self.problem = [], {}, None

    def _take_away(self) -> None:
        """Remove the path, unless somebody has put another in its place."""
        if self._path is None or self._made is None:
            return
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(self._made, self._path.lstat()):
                self._path.unlink()

    def _bind_path(self, selector: selectors.BaseSelector) -> None:
        """Bind the path where nobody listens: one worker of a server does, and another takes over when that ends."""
        now = time.monotonic()
        if self._path is None or now < self._next_bind or any(one.family == socket.AF_UNIX for one in self._sockets):
            return
        self._next_bind = now + BIND_SECONDS
        try:
            made, self._made = _unix(self._path)
        except _SomebodyListensError:
            self.problem = None
            return
        except OSError as error:
            self._complain(f"can't listen at {self._path} ({error.strerror or error})")
            return
        self.problem = None
        self._sockets.append(made)
        selector.register(made, selectors.EVENT_READ)

    def _complain(self, problem: str) -> None:
        if problem != self.problem:
            log.error("METRICS_STATSD_SOCKET: %s; StatsD is not received there", problem)
        self.problem = problem

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in self._sockets:
                selector.register(each, selectors.EVENT_READ)
            while True:
                stopping = self._stopping.is_set()
                self._bind_path(selector)
                ready = selector.select(0 if stopping else 0.1)
                for key, _ in ready:
                    self._turn(key.fileobj)  # type: ignore[arg-type]
                if self._rows and time.monotonic() - self._since > SECONDS:
                    self._hand_over()
                if stopping and not ready:
                    self._hand_over()
                    return

    def _turn(self, sock: socket.socket) -> None:
        for _ in range(_TURN):
            try:
                data, extra, _, _ = sock.recvmsg(LONGEST_DATAGRAM, 64)
            except BlockingIOError:
                return
            except OSError as error:
                log.warning("a datagram could not be received: %s", error)
                return
            self._note_dropped(sock, extra)
            try:
                self.take(data)
            except Exception:
                # Whatever a datagram holds, the next one is read.
                log.exception("a datagram could not be read")
                self._count(malformed=1)

    def take(self, datagram: bytes) -> None:
        """Take what a datagram says: rows for the collector, notes for whoever annotates."""
        self._count(received=1)
        now = datetime.now(UTC)
        notes = []
        for read in decode(datagram, self._memory):
            if isinstance(read, Note) and self._holds(read, now):
                notes.append(read)
            elif not isinstance(read, Event) or not self._add(read, now):
                self._collector().reject(names={read.name: 1} if isinstance(read, Event) else None)
                self._count(malformed=1)
        if notes:
            self._count(notes=len(notes))
            self._annotate(notes)

    def _holds(self, note: Note, now: datetime) -> bool:
        try:
            check_note(note, now, self._keep)
        except InvalidEventError as error:
            log.debug("a note of a datagram was refused: %s", error)
            return False
        return True

    def _add(self, event: Event, now: datetime) -> bool:
        try:
            row = check_event(event, now, self._keep)
        except InvalidEventError as error:
            log.debug("a line of a datagram was refused: %s", error)
            return False
        if not self._rows:
            self._since = time.monotonic()
        self._rows.append(row)
        # At once: a turn may read millions of lines.
        if len(self._rows) >= ROWS:
            self._hand_over()
        return True

    def _hand_over(self) -> None:
        rows, self._rows = self._rows, []
        if not rows:
            return
        self._collector().tally.receive("datagrams", "statsd", len(rows))
        try:
            self._collector().submit_batch(Batch(uuid4(), rows))
        except BufferFullError:
            self._count(lost=len(rows))

    def _note_dropped(self, sock: socket.socket, extra: Sequence[tuple[int, int, bytes]]) -> None:
        for level, kind, data in extra:
            if (level, kind) == (socket.SOL_SOCKET, _SO_RXQ_OVFL) and len(data) >= _COUNT.size:
                (total,) = _COUNT.unpack(data[: _COUNT.size])
                before = self._dropped.get(sock.fileno(), 0)
                self._dropped[sock.fileno()] = total
                # The kernel counts in 32 bits.
                self._count(dropped=(total - before) % 2**32)

    def _count(self, **more: int) -> None:
        self.counts = replace(self.counts, **{name: getattr(self.counts, name) + by for name, by in more.items()})


class _SomebodyListensError(OSError):
    """Another process has the path, as one worker of a server does for all."""


def _udp(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    # Workers of one server share the address; the kernel sends each client to one of them.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
    try:
        return _bound(sock, (host, port))
    except OSError as error:
        raise OSError(f"METRICS_STATSD_ADDRESS: can't listen at {host}:{port} ({error.strerror or error})") from None


def _unix(path: Path) -> tuple[socket.socket, os.stat_result]:
    """Bind where nobody listens any more, and return what stands at the path then. Raises ``_SomebodyListensError``
    where somebody does, and ``OSError`` of what is no socket: it is never taken away."""
    if os.path.lexists(path) and not stat.S_ISSOCK(path.lstat().st_mode):
        raise OSError("it is no socket; take it away or set another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        else:
            raise _SomebodyListensError(f"somebody listens at {path} already")
    try:
        made = _bound(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), os.fspath(path))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        # Another worker, which looked in the same moment, was first.
        raise _SomebodyListensError(f"somebody has bound {path} just now") from None
    try:
        return made, path.lstat()
    except OSError:
        made.close()
        raise


def _bound(sock: socket.socket, address: object) -> socket.socket:
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        sock.setblocking(False)
        sock.bind(address)  # type: ignore[arg-type]
    except OSError:
        sock.close()
        raise
    return sock
