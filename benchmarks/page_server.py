"""The page alone, in a process of its own, counting its statements: what ``benchmarks.page`` measures.

``python -m benchmarks.page_server``: serves the database of DATABASE_URL on a free port of this machine and prints the
port. ``GET /statements`` tells how many statements were sent since the start. It ends with its standard input.
"""

import itertools
import socket
import sys
import threading
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from app import create_app
from metrics_dash.settings import load_settings
from metrics_dash.web.serve import HttpServer


def count_statements(server: Flask) -> None:
    """Register the route, and count from here on."""
    counter = itertools.count(1)
    seen = [0]

    @event.listens_for(Engine, "before_cursor_execute")
    def _count(*_: Any) -> None:
        seen[0] = next(counter)

    @server.get("/statements")
    def statements() -> dict[str, int]:
        return {"statements": seen[0]}


def main() -> None:
    """Serve until the other end of standard input is closed."""
    server = create_app(load_settings()).server
    count_statements(server)
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    port = free_port()
    listening = HttpServer(server, "127.0.0.1", port)
    print(port, flush=True)
    listening.run(stop)


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
