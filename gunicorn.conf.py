"""gunicorn's settings: ``gunicorn -w 2 app:server`` serves like ``python -m metrics_dash run``, from several processes.

Where the package is installed: ``gunicorn -w 2 -c python:metrics_dash.gunicorn_conf metrics_dash.app:server``.
Each worker has a collector and a scheduler of its own, started after the fork; the database lets one scheduler act.
"""

from collections.abc import Callable
from typing import Any

from metrics_dash import logs
from metrics_dash.settings import load_settings
from metrics_dash.web.gate import is_loopback

_settings = load_settings()
# What a worker does at its end; the process above the workers loads no application.
_at_exit: list[Callable[[], None]] = []

bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
worker_class = "gthread"
threads = 16
timeout = 60
# A worker drains its collector within 10 s; then it must be gone.
graceful_timeout = 10


def on_starting(server: Any) -> None:
    """Refuse to bind anything but this machine's own addresses, whatever the command line says."""
    logs.configure(_settings)
    for address in server.cfg.address:
        host = address[0] if isinstance(address, tuple) else None
        if host is None or not is_loopback(host):
            raise SystemExit(f"{address!r} is not a loopback address; there is no login yet, so bind 127.0.0.1")


def post_worker_init(worker: Any) -> None:
    """Migrate, then start the collector and the scheduler, in the new worker."""
    from app import start_runtime, stop_runtime

    _at_exit.append(stop_runtime)
    start_runtime()


def worker_exit(server: Any, worker: Any) -> None:
    """Store what the worker still holds, and leave the embedded server."""
    for stop in _at_exit:
        stop()
