"""Everything in one process: the web server in the main thread, collector and scheduler beside it."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

# The one arrow that points up: what is served is the whole, which stands above this package.
from app import create_app
from db.engine import Database
from db.migrate import migrate
from metrics_dash.auth.secret_key import secret_key
from metrics_dash.runtime import Runtime
from metrics_dash.settings import Settings
from metrics_dash.web.serve import HttpServer


def serve_everything(
    settings: Settings, database: Database, stop: threading.Event, beside: Callable[[], AbstractContextManager[None]]
) -> None:
    """Serve until ``stop`` is set, within what ``beside`` gives once the store is there.

    The caller closes the database.
    """
    runtime = Runtime(settings, database)
    page = create_app(settings, database=database, runtime=runtime)
    server = HttpServer(page.server, settings.host, settings.port)
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


def address(settings: Settings) -> str:
    """Return where the server listens, as a URL without a path."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"
