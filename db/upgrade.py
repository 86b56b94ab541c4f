"""The embedded server's data, brought to the major version of the package: dumped from the old server, loaded into a
new one.

PostgreSQL can't read what another major version wrote, so both are needed for a moment: the old programs read the old
folder, the new ones fill another. The names of the folders say how far it came, so whatever interrupts it costs
nothing: ``postgres.upgrading`` is begun again, ``postgres.upgraded`` is whole, and ``postgres.15`` is what was before.
"""

import logging
import shutil
from itertools import count
from pathlib import Path
from typing import IO, Protocol

from db.programs import BUNDLED, Programs, exactly, feed, installed

log = logging.getLogger(__name__)

_NEEDED = ("postgres", "pg_ctl")
_INCLUDE = "metrics_dash.conf'"
# initdb made it, and pg_dumpall makes it again.
_KNOWN_ROLE = b"CREATE ROLE postgres;\n"


class UpgradeError(OSError):
    """Data that can't be brought to this version. Nothing was changed; the message is one line."""


class Running(Protocol):
    """A server's main process."""

    @property
    def sockets(self) -> Path | None: ...


class Place(Protocol):
    """A data folder, and the programs that run on it."""

    @property
    def folder(self) -> Path: ...

    def prepare(self) -> None: ...

    def run_as_it_is(self) -> Running: ...

    def stop(self) -> None: ...


def major_of(folder: Path) -> int | None:
    """Return the major version that made a data folder; None where it is none."""
    try:
        return int((folder / "PG_VERSION").read_text())
    except (OSError, ValueError):
        return None


def bundled_major() -> int:
    """Return the major version of the programs that come along."""
    return next(each.major for each in installed(*_NEEDED) if each.folder == BUNDLED)


def is_due(folder: Path) -> bool:
    """Return whether an older PostgreSQL made the folder. Raises ``UpgradeError`` where a newer one did."""
    made_by = major_of(folder)
    if made_by is None or made_by == bundled_major():
        return False
    if made_by > bundled_major():
        raise UpgradeError(
            f"PostgreSQL {made_by} made {folder}, and here is only {bundled_major()}; upgrade metrics_dash"
        )
    return True


def programs_for(folder: Path) -> Path:
    """Return the programs that can read a folder. Raises ``UpgradeError`` where this machine has none."""
    major = major_of(folder)
    found: Programs | None = exactly(major, *_NEEDED) if major is not None else None
    if found is None:
        raise UpgradeError(
            f"PostgreSQL {major} made {folder}; to bring it to {bundled_major()} its programs are needed once: install "
            f"postgresql-{major}, or run backup with the version before and restore with this one"
        )
    return found.folder


def finish(folder: Path) -> None:
    """Put a finished upgrade in its place, where it was interrupted between its two last steps."""
    upgraded = folder.with_name(f"{folder.name}.upgraded")
    if not upgraded.exists():
        return
    if major_of(folder) is None:
        upgraded.rename(folder)
    else:
        shutil.rmtree(upgraded)  # the old server may have taken events since


def upgrade(old: Place, new: Place) -> None:
    """Move everything from one folder to the other, and the other into its place; what was before is kept beside it.

    Raises ``ProgramError``, ``subprocess.SubprocessError`` or ``OSError``; then the old folder is as it was.
    """
    folder, major = old.folder, major_of(old.folder)
    log.warning("PostgreSQL %s made %s; bringing it to %s", major, folder, bundled_major())
    shutil.rmtree(new.folder, ignore_errors=True)
    new.prepare()
    try:
        source, target = old.run_as_it_is(), new.run_as_it_is()
        _load(source, target)
    finally:
        for place in (old, new):
            place.stop()
    upgraded = new.folder.rename(folder.with_name(f"{folder.name}.upgraded"))
    kept = folder.rename(_free_name(folder, major))
    upgraded.rename(folder)
    log.warning("done; the data of PostgreSQL %s are in %s, which may be removed", major, kept)
    if _own_settings(kept):
        log.warning("postgresql.conf in %s has settings of yours, which %s has not", kept, folder)


def _load(source: Running, target: Running) -> None:
    where = [f"--dbname=dbname=postgres user=postgres port=5432 host={source.sockets}", "--quote-all-identifiers"]
    into = [f"--dbname=dbname=postgres user=postgres port=5432 host={target.sockets}", "--set=ON_ERROR_STOP=1"]
    feed(
        [str(BUNDLED / "pg_dumpall"), *where],
        [str(BUNDLED / "psql"), "--no-psqlrc", "--quiet", *into],
        _without_the_known_role,
        end=b"ANALYZE;\n",
    )


def _without_the_known_role(source: IO[bytes], target: IO[bytes]) -> None:
    for line in source:
        if line.replace(b'"', b"") == _KNOWN_ROLE:
            break
        target.write(line)
    shutil.copyfileobj(source, target, 1024 * 1024)


def _free_name(folder: Path, major: int | None) -> Path:
    names = (f"{folder.name}.{major}{f'-{number}' if number > 1 else ''}" for number in count(1))
    return next(path for path in map(folder.with_name, names) if not path.exists())


def _own_settings(folder: Path) -> bool:
    below = (folder / "postgresql.conf").read_text().partition(_INCLUDE)[2]
    return any(line.strip() and not line.startswith("#") for line in below.splitlines())
