"""The application as its users run it: one process with everything in it, on a free port and a store of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import text

from benchmarks.harness import temporary_folder
from db.engine import Database

START_SECONDS = 60.0
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Application:
    """A running application: where it listens, its process, and its store."""

    port: int
    process: psutil.Process
    database: Database

    def count_events(self) -> int:
        """Raw events in the store."""
        with self.database.reading() as connection:
            return int(connection.execute(text("SELECT count(*) FROM telemetry_events")).scalar_one())

    def dirty(self) -> int:
        """Marks that wait to be rolled up."""
        with self.database.reading() as connection:
            return int(connection.execute(text("SELECT count(*) FROM rollup_dirty")).scalar_one())


@contextmanager
def application() -> Iterator[Application]:
    """Start ``python -m metrics_dash run`` and wait until it is ready; ended afterwards."""
    with temporary_folder() as folder:
        port = _free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("METRICS_", "DATABASE_"))}
        process = subprocess.Popen(
            [sys.executable, "-m", "metrics_dash", "run"],
            cwd=ROOT,
            env={**kept, "METRICS_DATA_DIR": str(folder), "METRICS_PORT": str(port), "METRICS_LOG_LEVEL": "ERROR"},
            stdout=subprocess.DEVNULL,
        )
        database = Database(data_dir=folder)
        try:
            _until_ready(port, process)
            database.start()
            yield Application(port, psutil.Process(process.pid), database)
        finally:
            process.terminate()
            process.wait(30)
            database.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the application ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"the application was not ready within {START_SECONDS:g} s")
