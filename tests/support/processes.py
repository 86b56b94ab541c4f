"""Real processes of the application, each on a free port and a folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import requests

ROOT = Path(__file__).resolve().parent.parent.parent
# Waited only by what fails: a machine may be so busy that a process takes a minute to start.
PATIENCE_SECONDS = 180.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(
    condition: Callable[[], object], what: str | Callable[[], str], timeout: float = PATIENCE_SECONDS
) -> None:
    """Wait until ``condition`` holds; fails naming ``what`` when it takes too long."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:g} s in vain: {what() if callable(what) else what}"
        time.sleep(0.02)


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder that the embedded server's own user can pass; what still runs there is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="metrics-process-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        _stop_postgres(folder / "postgres" / "postmaster.pid")
        shutil.rmtree(folder, ignore_errors=True)


def _stop_postgres(pid_file: Path) -> None:
    """A test that kills every user of the server leaves nobody to stop it."""
    with suppress(OSError, ValueError, IndexError):
        os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGQUIT)


class Process:
    """A running command of the application, and requests to it. Its output goes to a file, so it never blocks."""

    def __init__(
        self,
        folder: Path,
        arguments: Sequence[str],
        port: int,
        cwd: Path = ROOT,
        *,
        passed: Sequence[int] = (),
        **environment: str,
    ) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("METRICS_")}
        inherited.pop("DATABASE_URL", None)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / f"log-{port}-{time.monotonic_ns()}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                arguments,
                cwd=cwd,
                env={**inherited, "METRICS_DATA_DIR": str(folder), "METRICS_PORT": str(port), **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=passed,
            )

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def until_ready(self, token: object = None) -> None:
        """Wait until it says that it can serve; where it has a login, to whom shows a ``token``."""
        shown = {"Authorization": f"Bearer {token}"} if token is not None else {}

        said = "nothing"

        def ready() -> bool:
            nonlocal said
            assert self.process.poll() is None, self.output
            # A gunicorn worker that still starts leaves the request waiting in the socket that it will accept from.
            with suppress(requests.ConnectionError, requests.Timeout):
                answer = requests.get(f"{self.url}/readyz", headers=shown, timeout=10)
                said = answer.text
                return answer.status_code == 200
            return False

        eventually(ready, lambda: f"the application gets ready; it says {said} and {self.output}")

    def get(self, path: str) -> requests.Response:
        # Not a measure of speed: what hangs, hangs for longer.
        return requests.get(f"{self.url}{path}", timeout=PATIENCE_SECONDS)

    def post(self, events: Any, **options: Any) -> requests.Response:
        return requests.post(f"{self.url}/api/v1/events", json=events, timeout=30, **options)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


def is_up(app: Process) -> bool:
    """Whether it answers whoever it does not know, so its database is there too."""
    assert app.process.poll() is None, app.output
    with suppress(requests.ConnectionError, requests.Timeout):
        stranger = {"Authorization": f"Bearer mdt_{'0' * 12}_{'0' * 64}"}
        return requests.get(f"{app.url}/readyz", headers=stranger, timeout=10).status_code == 401
    return False


@contextmanager
def running(
    folder: Path, *arguments: str, port: int | None = None, cwd: Path = ROOT, **environment: str
) -> Iterator[Process]:
    """A process of the application, ``metrics_dash run`` by default; killed at the end if it still runs."""
    command = arguments or (sys.executable, "-m", "metrics_dash", "run")
    process = Process(folder, command, port or free_port(), cwd, **environment)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
            process.process.wait()


# The socket is descriptor 3, and the process is told that it is meant.
_AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def from_systemd(held: socket.socket, *command: str) -> tuple[str, ...]:
    """A command that is given a listening socket as systemd does it; ``Process`` has to pass the descriptor on."""
    return (sys.executable, "-c", _AS_SYSTEMD, str(held.fileno()), *command)


@contextmanager
def frozen(folder: Path) -> Iterator[None]:
    """The server in a folder of data stands still, with every process of its own, as on a host out of breath."""
    postmaster = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))
    stopped = [postmaster, *postmaster.children(recursive=True)]
    for process in stopped:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    try:
        yield
    finally:
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.resume()
