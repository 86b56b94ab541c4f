"""The simulated game server beside the application: a process of its own that ends with the one that started it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A demo's credentials would be of no use to it.
_NOT_FOR_THE_DEMO = {"DATABASE_URL", "DATABASE_READ_URL", "REDIS_URL", "SECRET_KEY", "METRICS_DEMO"}
_ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def demo_beside(url: str) -> Iterator[None]:
    """Run the demo as a child that sends to ``url``. It ends with the block, and with this process however it ends."""
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_THE_DEMO}
    child = subprocess.Popen(
        [sys.executable, "-m", "metrics_dash", "demo", "--url", url, "--backfill", "30d", "--parent", str(os.getpid())],
        env=environment,
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
