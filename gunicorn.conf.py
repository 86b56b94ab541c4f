"""gunicorn's settings: ``gunicorn -w 2 app:server`` serves like ``python -m metrics_dash run``, from several processes.

Each worker has a collector and a scheduler of its own, started after the fork; the database lets one scheduler act.
"""

import importlib
import sys
from typing import Any

from metrics_dash import logs
from metrics_dash.settings import load_settings
from metrics_dash.web.gate import is_loopback

_settings = load_settings()

bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
worker_class = "metrics_dash.web.gunicorn_worker.GuardedWorker"
timeout = 60
# A worker drains its collector within 10 s; then it must be gone.
graceful_timeout = 10


def on_starting(server: Any) -> None:
    """Refuse other workers, and to bind anything but this machine's own addresses, whatever the command line says."""
    logs.configure(_settings)
    if server.cfg.settings["worker_class"].get() != worker_class:
        raise SystemExit(f"gunicorn's own workers wait for slow clients; leave -k and --worker-class at {worker_class}")
    for address in server.cfg.address:
        host = address[0] if isinstance(address, tuple) else None
        if host is None or not is_loopback(host):
            raise SystemExit(f"{address!r} is not a loopback address; there is no login yet, so bind 127.0.0.1")


def post_worker_init(worker: Any) -> None:
    """Migrate, then start the collector and the scheduler, in the new worker."""
    importlib.import_module("app").start_runtime()


def worker_exit(server: Any, worker: Any) -> None:
    """Store what the worker still holds, and leave the embedded server."""
    page = sys.modules.get("app")
    if page is not None and "server" in vars(page):
        page.stop_runtime()
        page.server.extensions["metrics_database"].close()
