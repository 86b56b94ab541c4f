"""A real Redis on a free port, with nothing in it."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from redis import Redis, RedisError

from tests.support.processes import eventually, free_port


class RedisServer:
    """A running Redis: ``url``, a client of the test's own, and its process to freeze."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self.client = Redis(port=port)
        self.process = process

    def answers(self) -> bool:
        with suppress(RedisError):
            return bool(self.client.ping())
        return False

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It accepts connections and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Start one; skips where there is none to start."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is needed: install Debian's package redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="metrics-redis-") as folder:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        server = RedisServer(port, process)
        try:
            eventually(server.answers, "Redis answers")
            yield server
        finally:
            process.kill()
            process.wait()
