"""Everything in one process: the web server in the main thread, collector and scheduler beside it."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

# The one arrow that points up: what is served is the whole, which stands above this package.
from app import create_app
from db.engine import Database
from db.migrate import migrate
from metrics_dash.auth.secret_key import secret_key
from metrics_dash.runtime import Runtime
from metrics_dash.settings import Settings
from metrics_dash.web.paths import BASE_PATH
from metrics_dash.web.serve import HttpServer
from metrics_dash.web.unix_socket import bound


def serve_everything(
    settings: Settings, database: Database, stop: threading.Event, beside: Callable[[], AbstractContextManager[None]]
) -> None:
    """Serve until ``stop`` is set, within what ``beside`` gives once the store is there.

    The caller closes the database.
    """
    runtime = Runtime(settings, database)
    page = create_app(settings, database=database, runtime=runtime)
    with _sockets(settings) as sockets:
        server = HttpServer(page.server, settings.host, settings.port, sockets=sockets)
        try:
            database.start()
            if not settings.only_reads:
                migrate(database)
            secret_key(settings)
            runtime.start()
            with beside():
                server.run(stop)
        finally:
            runtime.stop(timeout=4)


@contextmanager
def _sockets(settings: Settings) -> Iterator[Sequence[socket.socket]]:
    """Yield the Unix socket that is named in place of an address; nothing where one is."""
    if settings.socket is None:
        yield ()
        return
    with bound(settings.socket) as listener:
        yield (listener,)


def page_address(settings: Settings) -> str:
    """Return where people find the page; of a Unix socket, where a proxy finds the server."""
    return address(settings) + ("" if settings.socket is not None else BASE_PATH)


def address(settings: Settings) -> str:
    """Return where the server listens: a URL without a path, or ``unix:`` and a socket's."""
    if settings.socket is not None:
        return settings.host
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"
