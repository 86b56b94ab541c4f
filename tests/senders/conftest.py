"""One application for all senders, and programs that send to it."""

import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.support.processes import ROOT, Process, data_folder, eventually, free_port, is_up, running

FAST = {"METRICS_ROLLUP_INTERVAL": "1", "METRICS_REFRESH_INTERVAL": "1", "METRICS_FLUSH_INTERVAL": "0.2"}
CATALOG = Path(__file__).parent / "catalog.toml"


@dataclass(frozen=True)
class Application:
    """A running application. ``token``: what its senders and whoever looks at its charts show; anything will do
    where there is no login."""

    process: Process
    statsd_port: int
    statsd_socket: Path
    token: str = "any"

    def send(self, program: str) -> str:
        """Run a program in a process of its own, in which ``URL`` is the application's; what it printed.

        OpenTelemetry's exporters take their headers from the environment.
        """
        places = {"URL": self.process.url, "PORT": self.statsd_port, "SOCKET": str(self.statsd_socket)}
        code = "".join(f"{name} = {value!r}\n" for name, value in {**places, "TOKEN": self.token}.items()) + program
        environment = {**os.environ, "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{self.token}"}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def charted(self, chart: str) -> float:
        """Return the sum of what a chart shows of the last hour, by its export."""
        return sum(self._cells(chart))

    def until_peak(self, chart: str, value: float) -> None:
        """Wait until the highest value of the chart, of however many minutes, is this one."""
        eventually(lambda: max(self._cells(chart), default=0.0) == value, f"{chart} shows {value:g} at most")

    def _cells(self, chart: str) -> list[float]:
        path, headers = f"/admin/metrics/chart/{chart}.csv?range=1h", {"Authorization": f"Bearer {self.token}"}
        text = requests.get(f"{self.process.url}{path}", headers=headers, timeout=60).text
        rows = list(csv.DictReader(io.StringIO(text)))
        # A gauge has columns of its extremes beside what is drawn.
        drawn = [name for name in (rows[0] if rows else {}) if name != "time"][:1]
        return [float(row[name]) for row in rows for name in drawn if row[name]]

    def until_charted(self, chart: str, value: float) -> None:
        """Wait until the chart shows it."""
        eventually(lambda: abs(self.charted(chart) - value) < 1e-9, f"{chart} shows {value:g}")


@pytest.fixture(scope="session")
def application() -> Iterator[Application]:
    with data_folder() as folder:
        port, path = free_port(), folder / "statsd.sock"
        statsd = {"METRICS_STATSD_ADDRESS": f"127.0.0.1:{port}", "METRICS_STATSD_SOCKET": str(path)}
        with running(folder, METRICS_CATALOG=str(CATALOG), **FAST, **statsd) as process:
            process.until_ready()
            eventually(path.exists, "StatsD's socket is there")
            yield Application(process, port, path)


@pytest.fixture(scope="session")
def guarded() -> Iterator[Application]:
    """The same with a login on, and a token that sends and looks."""
    with (
        data_folder() as folder,
        running(folder, METRICS_CATALOG=str(CATALOG), METRICS_AUTH="password", **FAST) as process,
    ):
        eventually(lambda: is_up(process), "the application answers")
        yield Application(process, 0, folder, token=issued(folder))


def issued(folder: Path) -> str:
    """A token, made by the command."""
    environment = {**os.environ, "METRICS_DATA_DIR": str(folder), "METRICS_AUTH": "password"}
    command = [sys.executable, "-m", "metrics_dash", "tokens", "add", "sdk", "--scope", "ingest,query"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment, cwd=ROOT)
    return next(word for word in done.stdout.split() if word.startswith("mdt_"))
