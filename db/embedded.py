"""The embedded PostgreSQL: one server per data folder, shared by the processes of one user that use the folder.

Nobody else gets in, whatever the machine's folders allow: its socket lies in a folder that only the server's user may
enter, and the server asks the kernel who is calling and knows one name. Both are checked at every start, for folders of
earlier versions too. The package brings the programs; how they are run is said here.
"""

import atexit
import json
import logging
import os
import pwd
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from db.orphans import end_orphans
from db.private import (
    Account,
    UnsafePlaceError,
    check_parents,
    is_private_folder,
    let_pass,
    locked,
    make_parents,
    make_private_folder,
    make_short_private_folder,
    write_private,
)
from db.programs import BUNDLED
from db.upgrade import UpgradeError, finish, is_due, programs_for, upgrade

log = logging.getLogger(__name__)

START_ATTEMPTS = 6
START_SECONDS = 15
# PostgreSQL refuses to run as root, so root lends it a user of its own.
ROOTS_USER = "embedded_postgres"
ROLE = "postgres"
PORT = 5432

# Measured to pay off for this load: small transactions, set-based rollups, two cores.
CONFIGURATION = """\
# Written by metrics_dash at every start; put changes of your own into postgresql.conf below the include.
jit = off
shared_buffers = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
synchronous_commit = on
max_parallel_workers_per_gather = 0
random_page_cost = 1.1
autovacuum_naptime = 15s
timezone = UTC
log_timezone = UTC
listen_addresses = ''
port = {port}
unix_socket_permissions = 0700
unix_socket_directories = '{sockets}'
"""
_INCLUDE = "include_if_exists = 'metrics_dash.conf'\n"
_HBA = """\
# Written by metrics_dash at every start: only the socket, and only for the system's user in pg_ident.conf.
# For rules of your own, set hba_file in postgresql.conf below the include.
local all all peer map=metrics_dash
"""
# Before 16 "all" is the name of a role; a server of an older version is started to be upgraded.
_IDENT = '# Written by metrics_dash at every start.\nmetrics_dash "{user}" all\nmetrics_dash "{user}" postgres\n'
# A Unix socket's whole path has room for 103 bytes on every system.
_LONGEST_FOLDER = 103 - len(f"/.s.PGSQL.{PORT}")
_PLAIN = re.compile(r"[\w./-]+", re.ASCII)
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH")


def server_account() -> Account:
    """Return the user that the server runs as: this process's, or root's for it. Raises ``UnsafePlaceError``."""
    if os.geteuid() != 0:
        return _account(pwd.getpwuid(os.geteuid()))
    try:
        entry = pwd.getpwnam(ROOTS_USER)
    except KeyError:
        entry = _make_roots_user()
    if entry.pw_uid == 0 or entry.pw_gid == 0:
        raise UnsafePlaceError(f"the user {ROOTS_USER} has root's rights; PostgreSQL needs one without")
    return _account(entry)


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make_roots_user() -> pwd.struct_passwd:
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false"]
    try:
        subprocess.run(["useradd", *options, ROOTS_USER], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise UnsafePlaceError(
            f"PostgreSQL can't run as root, and the user {ROOTS_USER} can't be made; add it, or run as another user"
        ) from None
    return pwd.getpwnam(ROOTS_USER)


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A server's main process as its ``postmaster.pid`` names it."""

    process: psutil.Process
    sockets: Path | None
    ready: bool

    @classmethod
    def of(cls, folder: Path) -> "Postmaster | None":
        """Return the one that runs on a data folder; none where its pid is nobody's, or another program's now."""
        try:
            lines = [line.strip() for line in (folder / "postmaster.pid").read_text().splitlines()]
            process = psutil.Process(int(lines[0]))
            if not _is_postgres(process):
                return None
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        sockets = Path(lines[4]) if lines[4:] and lines[4] else None
        return cls(process, sockets, lines[7:8] == ["ready"])

    def lives(self) -> bool:
        with suppress(psutil.Error):
            return bool(self.process.is_running() and _is_postgres(self.process))
        return False


def _is_postgres(process: psutil.Process) -> bool:
    """Return whether it runs and is PostgreSQL. One that ended unreaped (a container without an init) does not run."""
    return bool(process.status() != psutil.STATUS_ZOMBIE and process.name().startswith("postgres"))


def _names_a_postgres(content: str) -> bool:
    """Return whether a pid file's first line is a running PostgreSQL's. Raises ``psutil.NoSuchProcess`` for nobody's
    pid."""
    first = content.split(maxsplit=1)[:1]
    return bool(first) and first[0].isdecimal() and _is_postgres(psutil.Process(int(first[0])))


class EmbeddedServer:
    """A handle on the server in ``folder``. Any number of processes may hold one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._postmaster: Postmaster | None = None
        self._owner: int | None = None

    def start(self) -> str:
        """Make sure that the server runs and that this process counts as a user of it; return its URL.

        Raises ``UnsafePlaceError`` where strangers could get in. A recovery after a crash can take longer than one
        attempt waits, so there are several.
        """
        with self._lock:
            for attempt in range(1, START_ATTEMPTS + 1):
                try:
                    return self._start_once()
                except (UnsafePlaceError, UpgradeError):
                    raise
                except (subprocess.SubprocessError, OSError) as error:
                    if attempt == START_ATTEMPTS:
                        raise
                    log.warning("PostgreSQL did not start (attempt %d of %d)", attempt, START_ATTEMPTS)
                    log.debug("the start failed", exc_info=error)
                    time.sleep(1.0)
            raise AssertionError("unreachable")

    def _start_once(self) -> str:
        make_parents(self._folder)
        # Links are followed once, here, and only where nobody else can have laid them.
        check_parents(self._folder.absolute())
        folder = self._folder = self._folder.resolve()
        check_parents(folder)
        place = _Place(folder, server_account())
        place.prepare()
        with locked(folder.with_name(f".{folder.name}.lock")):
            self._postmaster = place.run()
            if self._owner != os.getpid():
                atexit.register(self.stop)
            self._owner = os.getpid()
            place.write_users({*place.users(), os.getpid()})
        # The port is named, because a client would take another from its environment.
        return f"postgresql://{ROLE}@/{ROLE}?host={self._postmaster.sockets}&port={PORT}"

    def is_running(self) -> bool:
        """Return whether the server's main process lives; false before ``start``."""
        return self._postmaster is not None and self._postmaster.lives()

    def is_shared(self) -> bool:
        """Return whether another living process uses the server."""
        return bool(_Place(self._folder, server_account()).others())

    def stop(self) -> None:
        """Leave the server. The last living process that uses it stops it."""
        with self._lock:
            if self._owner != os.getpid():
                return
            self._owner = None
            atexit.unregister(self.stop)
            if not self._folder.is_dir():
                return  # removed while it was used, as tests do
            place = _Place(self._folder, server_account())
            with locked(self._folder.with_name(f".{self._folder.name}.lock")):
                others = place.others()
                place.write_users(others)
                if not others:
                    place.stop()
            self._postmaster = None


@dataclass(frozen=True, slots=True)
class _Place:
    """A data folder and whose it is: what is done in it, under the lock beside it."""

    folder: Path
    account: Account
    programs: Path = BUNDLED

    def prepare(self) -> None:
        """Make the folder its user's alone, and reachable for that user."""
        make_private_folder(self.folder, self.account)
        if self._lent:
            opened = let_pass(self.folder, self.account) + let_pass(self.programs / "postgres", self.account)
            for parent in opened:
                log.warning("the user %s, and nobody else, may now pass %s", self.account.name, parent)

    @property
    def _lent(self) -> bool:
        """Whether the server runs as another user than this process."""
        return self.account.uid != os.geteuid()

    def run(self) -> Postmaster:
        """Return the running server, started where it must be, and never one that strangers can reach.

        A folder that an older PostgreSQL made is brought to this one first, unless that one still runs.
        """
        finish(self.folder)
        if is_due(self.folder) and Postmaster.of(self.folder) is None:
            upgrade(
                replace(self, programs=programs_for(self.folder)),
                replace(self, folder=self.folder.with_name(f"{self.folder.name}.upgrading")),
            )
        return self.run_as_it_is()

    def run_as_it_is(self) -> Postmaster:
        """Return the running server, of whatever version its programs are."""
        if not (self.folder / "PG_VERSION").exists():
            self._make()
        running = Postmaster.of(self.folder)
        if running is not None and running.sockets is None:
            running = self._ready()
        if running is not None and not is_private_folder(running.sockets or Path(), self.account):
            log.warning("the server's socket lies in a folder that others may enter; it is started anew")
            self.stop()
            running = None
        sockets = (running and running.sockets) or self._sockets()
        changed = self._configure(sockets)
        if running is None:
            self._forget_the_dead(sockets)
            log_file = str(self.folder / "log")
            self._command("pg_ctl", "-w", "-t", str(START_SECONDS), "-l", log_file, "start", timeout=2 * START_SECONDS)
        elif changed:
            self._command("pg_ctl", "reload")
        return self._ready()

    def _forget_the_dead(self, sockets: Path) -> None:
        """Drop the files that PostgreSQL takes for a running server's though their pid is no such thing's here.

        It writes two that name its pid, the data folder's and the socket's, and believes both: an unreaped process, or
        another program that has the number now, keeps it from starting, and so does a file that a crash left torn.
        One of a pid that nobody here has may be a server's in another container, so PostgreSQL itself decides.
        """
        end_orphans(self.folder)
        for pid_file in (self.folder / "postmaster.pid", sockets / f".s.PGSQL.{PORT}.lock"):
            with suppress(OSError, psutil.Error):
                if not _names_a_postgres(pid_file.read_text()):
                    pid_file.unlink()

    def _ready(self) -> Postmaster:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = Postmaster.of(self.folder)
            if found is not None and found.ready:
                return found
            time.sleep(0.1)
        raise subprocess.TimeoutExpired("postgres", START_SECONDS)

    def stop(self) -> None:
        """Stop the server, whoever is connected; one that does not end in time is killed."""
        running = Postmaster.of(self.folder)
        if running is None:
            return
        try:
            self._command("pg_ctl", "-w", "-m", "fast", "stop", timeout=90)
        except subprocess.SubprocessError:
            log.warning("PostgreSQL did not stop when it was told to, so it is killed")
            with suppress(psutil.Error):
                running.process.kill()

    def users(self) -> set[int]:
        """Return the processes that use the server, those included that ended without leaving."""
        try:
            found = json.loads((self.folder / ".handle_pids.json").read_text())
        except (OSError, ValueError):
            return set()
        return {pid for pid in found if isinstance(pid, int)}

    def others(self) -> set[int]:
        """Return the other processes that use the server and live."""
        return {pid for pid in self.users() if pid != os.getpid() and psutil.pid_exists(pid)}

    def write_users(self, pids: set[int]) -> None:
        write_private(self.folder / ".handle_pids.json", json.dumps(sorted(pids)), self.account)

    def _make(self) -> None:
        options = ["--auth-local=peer", "--auth-host=reject", "--encoding=utf8", "-U", ROLE]
        self._command("initdb", *options, timeout=300)

    def _configure(self, sockets: Path) -> bool:
        """Write what the server reads at its start; whether a running one has to read it again."""
        main = self.folder / "postgresql.conf"
        text = main.read_text()
        if _INCLUDE not in text:
            # After what initdb wrote: of two values the later one holds, and it writes some of these settings itself.
            write_private(main, f"{text}\n{_INCLUDE}", self.account)
        caller = pwd.getpwuid(os.geteuid()).pw_name
        files = {
            "metrics_dash.conf": CONFIGURATION.format(sockets=sockets, port=PORT),
            "pg_hba.conf": _HBA,
            "pg_ident.conf": _IDENT.format(user=caller.replace('"', '""')),
        }
        written = [write_private(self.folder / name, text, self.account) for name, text in files.items()]
        return any(written)

    def _sockets(self) -> Path:
        """Return the folder of the socket: the data folder, or a private one of our own where its path is too long."""
        if len(os.fsencode(self.folder)) <= _LONGEST_FOLDER and _PLAIN.fullmatch(str(self.folder)):
            return self.folder
        noted = self.folder.with_name(f".{self.folder.name}.socket")
        with suppress(OSError):
            used = Path(noted.read_text())
            if is_private_folder(used, self.account):
                return used
        made = make_short_private_folder(self.account)
        write_private(noted, str(made), Account("", os.geteuid(), os.getegid()))
        return made

    def _command(self, program: str, *arguments: str, timeout: float = 60) -> None:
        """Run one of PostgreSQL's programs on the folder, as its user, with no group, secret or setting of ours."""
        lent: dict[str, Any] = {}
        if self._lent:
            lent = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        command: Sequence[str] = [str(self.programs / program), "-D", str(self.folder), *arguments]
        # Not a pipe: the server would inherit it, and whoever reads it would wait for the server's end.
        with tempfile.TemporaryFile() as output:
            try:
                subprocess.run(
                    command, check=True, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder,
                    env=environment, umask=0o077, timeout=timeout, **lent,
                )  # fmt: skip
            except PermissionError:
                raise UnsafePlaceError(
                    f"the user {self.account.name} can't run {command[0]}; run chmod -R a+rX on its folder"
                ) from None
            except subprocess.SubprocessError:
                output.seek(0)
                log.error("%s failed: %s", program, output.read().decode(errors="replace").strip())
                raise
