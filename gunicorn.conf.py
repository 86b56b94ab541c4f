"""gunicorn's settings: ``gunicorn -w 2 app:server`` serves like ``python -m metrics_dash run``, from several processes.

Where the package is installed: ``gunicorn -w 2 -c python:metrics_dash.gunicorn_conf metrics_dash.app:server``.
Each worker has a collector and a scheduler of its own, started after the fork; the database lets one scheduler act.
"""

import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from metrics_dash import logs
from metrics_dash.catalog import CatalogError, load_catalog
from metrics_dash.settings import SettingsError, load_settings
from metrics_dash.web.client import is_loopback
from metrics_dash.web.gunicorn_worker import start_through_outage
from metrics_dash.web.sharing import make_folder, retire

try:
    _settings = load_settings()
except SettingsError as error:
    # Of any other error gunicorn prints a trace.
    raise SystemExit(f"metrics_dash: {error}") from None
# What a worker does at its end; the process above the workers loads no application.
_at_exit: list[Callable[[], None]] = []
# Set once a worker has ended or is to be exchanged: whoever starts from then on takes another's place.
_served = threading.Event()
# Where the workers add up their figures; made before the first of them.
_figures: list[Path] = []

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host
bind = _settings.host if _settings.socket is not None else f"{_host}:{_settings.port}"
worker_class = "metrics_dash.web.gunicorn_worker.GuardedWorker"
timeout = 60
# A worker drains its collector within 10 s; then it must be gone.
graceful_timeout = 10
# A Unix socket (-b unix:/run/metrics_dash/http.sock) is for its owner and group: for the proxy before it.
umask = 0o117
# It would stand where every program of this user's can find it, take any command, and collide with another server's.
control_socket_disable = True


class Log(Logger):
    """gunicorn's own lines, in the same form as all others."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            if isinstance(handler, logging.StreamHandler):
                handler.setFormatter(logs.formatter(_settings))


logger_class = Log


def on_starting(server: Any) -> None:
    """Refuse other workers, and to bind where strangers come, whatever the command line says; prepare the figures."""
    logs.configure(_settings)
    try:
        load_catalog(_settings.catalog)  # where a worker can't, it ends with a trace, and the server after it
    except CatalogError as error:
        raise SystemExit(f"metrics_dash: {error}") from None
    _check(server)
    server.figures = make_folder(_settings.data_dir / "figures")
    _figures.append(server.figures)


def on_reload(server: Any) -> None:
    """Go on with what the server has: a SIGHUP reads this file anew, and starts no other server."""
    _check(server)
    _figures.append(server.figures)
    _served.set()


def _check(server: Any) -> None:
    if server.cfg.settings["worker_class"].get() != worker_class:
        raise SystemExit(f"gunicorn's own workers wait for slow clients; leave -k and --worker-class at {worker_class}")
    for address in server.cfg.address:
        _check_address(address)
        if isinstance(address, str) and server.cfg.umask & 0o007 != 0o007:
            raise SystemExit(f"umask {server.cfg.umask:#o} would let everybody use {address}; take 0o117 or 0o177")
    if len({type(address) for address in server.cfg.address}) > 1:
        raise SystemExit("a server takes either addresses or Unix sockets; start another one for the others")


def when_ready(server: Any) -> None:
    """Refuse also a socket that somebody else has bound, such as systemd: what the command line says is not it."""
    for listener in server.LISTENERS:
        address = listener.sock.getsockname()
        _check_address(address)
        if isinstance(address, str) and Path(address).stat().st_mode & 0o007:
            raise SystemExit(f"everybody could use {address}; give it SocketMode=0660")


def _check_address(address: Any) -> None:
    """Let a network in where people log in, and where the key that signs their forms is every process's."""
    if not isinstance(address, tuple):
        if not isinstance(address, str) or address[:1] in ("\0", ""):
            raise SystemExit(f"{address!r} has no permissions, so everybody could use it; take a socket in a folder")
    elif not is_loopback(address[0]):
        if not _settings.auth:
            raise SystemExit(
                f"{address!r} is not a loopback address; without a login bind 127.0.0.1, or add METRICS_AUTH=password"
            )
        if _settings.secret_key is None:
            raise SystemExit(
                f"SECRET_KEY is not set, and {address!r} serves others than this machine; "
                "add SECRET_KEY=… of 32 bytes or more"
            )


def post_worker_init(worker: Any) -> None:
    """Migrate, then start the collector and the scheduler, in the new worker; its figures add up with the others'."""
    from app import server as page
    from app import start_runtime, stop_runtime

    figures = page.extensions["metrics_figures"]
    _at_exit.extend([stop_runtime, figures.publish])
    if _served.is_set():
        start_through_outage(worker, start_runtime)
    else:
        start_runtime()
    figures.share(_figures[0])


def worker_exit(server: Any, worker: Any) -> None:
    """Store what the worker still holds, leave the embedded server, and leave its last figures."""
    for stop in _at_exit:
        stop()


def child_exit(server: Any, worker: Any) -> None:
    """Keep the counters of a worker that ended; where it could not even start, gunicorn ends all."""
    _served.set()
    retire(_figures[0], worker.pid)


def on_exit(server: Any) -> None:
    """Leave nothing behind."""
    for folder in _figures:
        shutil.rmtree(folder, ignore_errors=True)
