"""The simulated game server beside the application: a process of its own that ends with the one that started it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from db.engine import Database
from metrics_dash.auth import tokens
from metrics_dash.auth.secrets import Secret

# Neither credentials nor what opens doors is of use to it.
_NOT_FOR_THE_DEMO = {"DATABASE_URL", "DATABASE_READ_URL", "REDIS_URL", "SECRET_KEY", "METRICS_DEMO", "METRICS_HOST",
                     "METRICS_AUTH", "METRICS_TRUSTED_PROXIES", "METRICS_PROXY_SECRET",
                     "METRICS_OIDC_CLIENT_SECRET"}  # fmt: skip
# It is revoked when the demo ends; where the whole process is killed it ends by itself.
_TOKEN_HOLDS = timedelta(days=30)
_ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def demo_beside(url: str, database: Database | None = None) -> Iterator[None]:
    """Run the demo as a child that sends to ``url``. It ends with the block, and with this process however it ends.

    ``database``: where there is a login, so that it gets a token of its own.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_THE_DEMO}
    token = _token(database) if database is not None else None
    if token is not None:
        environment["METRICS_TOKEN"] = str(token)
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
        if database is not None and token is not None:
            tokens.revoke(database, token.identity, by="demo")


def _token(database: Database) -> Secret:
    return tokens.issue(database, "demo", by="demo", scopes=("ingest", "query"), lifetime=_TOKEN_HOLDS)
