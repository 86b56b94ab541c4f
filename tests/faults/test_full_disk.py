"""PostgreSQL's disk is full: events wait on another one, somebody is called, and all is stored when there is room."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from db.engine import Database
from tests.support.faults import times
from tests.support.feeding import fed, rolled_up
from tests.support.ledger import execute
from tests.support.processes import eventually


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of its own with room for some MiB; skips where nobody may mount one."""
    folder = Path(tempfile.mkdtemp(prefix="metrics-full-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "none", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def belongs_to_server(folder: Path, database: Database) -> Path:
    """A folder on that disk that the server may write to."""
    made = folder / "space"
    made.mkdir(mode=0o700)
    owner = Path(str(database.url.query["host"])).stat()
    os.chown(made, owner.st_uid, owner.st_gid)
    return made


def test_while_postgresql_has_no_room_events_wait_elsewhere_and_are_stored_when_it_has(
    own_server: Database, small_disk: Path, tmp_path: Path
) -> None:
    """Its partitions lie on a disk that somebody fills; what it writes ahead does not, or it would end itself."""
    space = belongs_to_server(small_disk, own_server)
    with own_server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE TABLESPACE small LOCATION '{space}'")
    execute(own_server, "ALTER DATABASE postgres SET default_tablespace = 'small'")
    own_server.dispose()
    often = times(1, 20)
    with (
        fed(own_server, "disk of PostgreSQL full", f"{often} times", spool=tmp_path / "spool") as feed,
        rolled_up(own_server),
    ):
        for _ in range(often):
            fill(small_disk / "filling")
            eventually(lambda: "53100" in str(feed.collector.failure), "the collector says that the disk is full")
            feed.go_on()
            eventually(lambda: feed.collector.snapshot().spooled > 0, "events wait on the other disk")
            (small_disk / "filling").unlink()
            feed.mend()
            eventually(lambda: feed.collector.failure is None, "events are stored again")
            feed.go_on()


def fill(file: Path) -> None:
    """Take all the room that is left."""
    with file.open("ab", buffering=0) as filling, suppress(OSError):
        while True:
            filling.write(b"x" * 4096)
