"""A proxy between the program and PostgreSQL that loses, holds, slows and cuts what passes, one direction at a time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from sqlalchemy import URL

from db.engine import Database

Direction = Literal["to_server", "to_client"]
BOTH: tuple[Direction, Direction] = ("to_server", "to_client")
CHUNK_BYTES = 65536
# What a slow line carries at once.
PIECE_BYTES = 256
# What to look for may lie across two chunks.
OVERLAP_BYTES = 64


class Link:
    """One connection through the proxy, and a thread for each direction."""

    def __init__(self, proxy: "Proxy", client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._seen = {"to_server": b"", "to_client": b""}
        self.deaf: set[str] = set()
        self.had_landmark = False
        self.ends = (client, server)
        for direction, source, target in (("to_server", client, server), ("to_client", server, client)):
            threading.Thread(target=self._carry, args=(direction, source, target), daemon=True).start()

    def _carry(self, direction: Direction, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                window = self._seen[direction][-OVERLAP_BYTES:] + chunk
                self._seen[direction] = window
                if self._proxy.lets_pass(self, direction, window):
                    for piece in self._proxy.pieces(direction, chunk):
                        target.sendall(piece)
        # An end that closes is heard at the other one, unless all that it says is lost.
        if direction not in self.deaf:
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Listens on a port of this machine, or on a Unix socket in ``folder``, and passes everything on."""

    def __init__(self, database: Database, folder: Path | None = None) -> None:
        self._server = database.url
        self._lock = threading.Lock()
        self._links: list[Link] = []
        self._open = {direction: threading.Event() for direction in BOTH}
        self._speeds: dict[Direction, float] = {}
        self._quick = threading.Event()
        self.release()
        self._rule: tuple[Direction, bytes, bytes] | None = None
        self.swallowed = threading.Event()
        self._listener, self.url = self._listen(folder)
        threading.Thread(target=self._accept, daemon=True).start()

    def _listen(self, folder: Path | None) -> tuple[socket.socket, str]:
        if folder is None:
            listener = socket.create_server(("127.0.0.1", 0))
            url = self._server.set(host="127.0.0.1", port=listener.getsockname()[1], query={"sslmode": "disable"})
        else:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(folder / ".s.PGSQL.5432"))
            listener.listen()
            url = self._server.set(host=None, port=None, query={"host": str(folder)})
        return listener, url.set(drivername="postgresql").render_as_string(hide_password=False)

    def swallow(self, direction: Direction, needle: bytes, *, after: bytes = b"") -> None:
        """Lose, on the first connection on which ``needle`` passes, it and all that follows in that direction.

        Only on one that has carried ``after`` to the server from now on. The connection stays open.
        """
        with self._lock:
            for link in self._links:
                link.had_landmark = False
            self._rule = (direction, needle, after)

    def hold(self, *directions: Direction) -> None:
        """Let nothing pass, in these directions or in both, until ``release``."""
        for direction in directions or BOTH:
            self._open[direction].clear()

    def slow(self, bytes_per_second: float, *directions: Direction) -> None:
        """Let so little pass on each connection, in these directions or in both, until ``release``."""
        self._quick.clear()
        self._speeds = dict.fromkeys(directions or BOTH, bytes_per_second)

    def release(self) -> None:
        """Let everything pass again, what was held first."""
        self._speeds = {}
        self._quick.set()
        for opened in self._open.values():
            opened.set()

    def cut(self) -> None:
        """Close every connection."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.close()

    def close(self) -> None:
        """Stop listening, and close every connection."""
        self._listener.close()
        self.release()
        self.cut()

    def lets_pass(self, link: Link, direction: Direction, window: bytes) -> bool:
        """Whether what has just come, the end of ``window``, goes on to the other side."""
        self._open[direction].wait()
        with self._lock:
            if self._rule is not None:
                losing, needle, after = self._rule
                if direction == "to_server" and after in window:
                    link.had_landmark = True
                if direction == losing and needle in window and link.had_landmark:
                    self._rule = None
                    link.deaf.add(direction)
                    self.swallowed.set()
            return direction not in link.deaf

    def pieces(self, direction: Direction, chunk: bytes) -> Iterator[bytes]:
        """What may go on now, and then the next, as fast as the line is."""
        for start in range(0, len(chunk), PIECE_BYTES):
            speed = self._speeds.get(direction)
            if speed is None:
                yield chunk[start:]
                return
            yield chunk[start : start + PIECE_BYTES]
            self._quick.wait(PIECE_BYTES / speed)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                link = Link(self, client, _connect(self._server))
                with self._lock:
                    self._links.append(link)


def _connect(url: URL) -> socket.socket:
    folder = url.query.get("host")
    if folder:
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{folder}/.s.PGSQL.{url.port or 5432}")
        return server
    return socket.create_connection((url.host or "127.0.0.1", url.port or 5432))


@contextmanager
def proxy_to(database: Database, folder: Path | None = None) -> Iterator[tuple[Proxy, Database]]:
    """A proxy, and the database as it is seen through it."""
    proxy = Proxy(database, folder)
    through = Database(proxy.url)
    try:
        yield proxy, through
    finally:
        proxy.close()
        through.dispose()
