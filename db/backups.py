"""Everything of ours in one file, and back: what PostgreSQL's own programs dump and load.

A dump is one snapshot, so rows and their marks, buckets and floors fit together in it whatever ran meanwhile. A restore
is one transaction: a store is as it was before, or as the file says.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, text

from db.collectors import LIVE_FOR
from db.engine import Database
from db.migrate import current_revision, functions, is_newer, known_revisions
from db.programs import Address, Edit, ProgramError, Programs, feed, fitting, newest, run
from db.schema import LOCK_MIGRATE, LOCK_ROLLUP, VIEWS, metadata
from db.status import server_version

EVENTS = "telemetry_events"
# Servers before this one do not know what newer programs set first.
_KNOWS_TRANSACTION_TIMEOUT = 17


class BackupError(RuntimeError):
    """A backup that can't be made or restored. Nothing was changed; the message is one line."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A file that ``dump`` made: the schema's revision, PostgreSQL's schema that holds it, and which server it was."""

    file: Path
    revision: str
    schema: str
    server: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a store holds now: events or buckets, and how many processes collect into it."""

    data: bool
    collecting: int


def dump(database: Database, file: Path) -> Programs:
    """Write everything of ours into ``file``, which appears once it is whole; the programs that did it.

    Raises ``BackupError``, ``ProgramError`` or ``OSError``.
    """
    with database.begin() as connection:
        major = server_version(connection) // 10000
        tables = _existing(connection, [*metadata.tables, "alembic_version"])
        schema = _schema(connection)
    if EVENTS not in tables:
        raise BackupError("the database holds no tables of metrics_dash; is it the right one?")
    revision = current_revision(database)
    if is_newer(revision):
        # It has tables that are not known here, and would be left out.
        raise BackupError(f"the database is of revision {revision}, which a newer version made; upgrade metrics_dash")
    programs = fitting(major, "pg_dump", embedded=database.embedded)
    address = Address.of(database.dsn())
    wanted = [f"--table={_quoted(schema)}.{_quoted(name)}" for name in tables if name != EVENTS]
    # With its partitions, and the sequence of its ids.
    wanted.append(f"--table={_quoted(schema)}.{EVENTS}*")
    wanted += [f"--table={_quoted(schema)}.{view}" for view in VIEWS]
    folder = Path(tempfile.mkdtemp(prefix=f".{file.name}.", dir=file.absolute().parent))
    try:
        part = folder / "dump"
        run([programs["pg_dump"], "--format=custom", f"--file={part}", f"--dbname={address.dbname}", *wanted], address)
        part.chmod(0o600)
        part.replace(file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return programs


def held(database: Database) -> Held:
    """Look at what is there before a restore."""
    with database.begin() as connection:
        tables = _existing(connection, [EVENTS, "telemetry_buckets", "collectors"])
        holding = " OR ".join(f"EXISTS (SELECT FROM {name})" for name in tables if name != "collectors") or "false"
        data = bool(connection.execute(text(f"SELECT {holding}")).scalar_one())
        collecting = 0
        if "collectors" in tables:
            live = text("SELECT count(*) FROM collectors WHERE seen_at > clock_timestamp() - CAST(:live AS interval)")
            collecting = int(connection.execute(live, {"live": LIVE_FOR}).scalar_one())
    return Held(data, collecting)


def read_archive(file: Path) -> Archive:
    """Look into a file. Raises ``BackupError`` where it is no backup of ours, or a newer version's."""
    programs = newest("pg_restore", "psql")
    try:
        contents = run([programs["pg_restore"], "--list", str(file)])
        rows = run([programs["pg_restore"], "--data-only", "--table=alembic_version", "--file=-", str(file)])
    except ProgramError as error:
        raise BackupError(f"{file} can't be read as a backup: {error}") from None
    table = re.search(rf"^\d+; \d+ \d+ TABLE (\S+) {EVENTS} ", contents, re.MULTILINE)
    revision = re.search(r"^COPY \S*alembic_version .*\n(\S+)\n", rows, re.MULTILINE)
    if table is None or revision is None:
        raise BackupError(f"{file} is no backup of metrics_dash")
    if revision[1] not in known_revisions():
        raise BackupError(f"{file} is of revision {revision[1]}, which a newer version made; upgrade metrics_dash")
    server = re.search(r"^; +Dumped from database version: (\S+)", contents, re.MULTILINE)
    return Archive(file, revision[1], table[1], server[1] if server else "?")


def restore(database: Database, archive: Archive) -> None:
    """Put what the file holds in the place of everything of ours, in one transaction.

    Who collected when the file was made is not taken over: what those held is none of this store's any more. The
    schema is at the file's revision afterwards. Raises ``BackupError`` or ``ProgramError``.
    """
    programs = newest("pg_restore", "psql")
    with database.begin() as connection:
        major = server_version(connection) // 10000
        schema = _schema(connection)
        # A backup of tables has their triggers, and not the functions that those call.
        begin = (_preamble(connection) + functions(archive.revision)).encode()
    if archive.schema != schema:
        raise BackupError(f"{archive.file} fills the schema {archive.schema}, and this URL works in {schema}")
    address = Address.of(database.dsn())
    source = [programs["pg_restore"], "--no-owner", "--no-privileges", "--file=-", str(archive.file)]
    target = [programs["psql"], "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={address.dbname}"]
    feed(source, target, _passing_on(begin, major), end=_END, reading=address, writing=address)


def _preamble(connection: Connection) -> str:
    """Return the statements that make room: in a migrated store the same tables stand already."""
    tables = ", ".join(map(_quoted, _existing(connection, [*metadata.tables, "alembic_version"])))
    statements = [
        "BEGIN",
        "SET LOCAL lock_timeout = '60s'",
        f"SELECT pg_advisory_xact_lock({LOCK_MIGRATE}), pg_advisory_xact_lock({LOCK_ROLLUP})",
        *(f"DROP VIEW IF EXISTS {view}" for view in VIEWS),
        *([f"DROP TABLE {tables}"] if tables else []),
        f"DROP SEQUENCE IF EXISTS {EVENTS}_id_seq",
    ]
    return "".join(f"{statement};\n" for statement in statements)


_END = b"RESET search_path;\nDELETE FROM collectors;\nANALYZE telemetry_events, telemetry_buckets;\nCOMMIT;\n"


def _passing_on(begin: bytes, major: int) -> Edit:
    def edit(source: IO[bytes], target: IO[bytes]) -> None:
        target.write(begin)
        for line in source:
            if major >= _KNOWS_TRANSACTION_TIMEOUT or line != b"SET transaction_timeout = 0;\n":
                target.write(line)
            if line.startswith(b"SELECT pg_catalog.set_config('search_path'"):
                break  # the settings end, and rows may be anything
        shutil.copyfileobj(source, target, 1024 * 1024)

    return edit


def _existing(connection: Connection, names: Sequence[str]) -> list[str]:
    rows = connection.execute(
        text(
            "SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL"
        ),
        {"names": list(names)},
    )
    return list(rows.scalars())


def _schema(connection: Connection) -> str:
    return str(connection.execute(text("SELECT current_schema()")).scalar_one())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
