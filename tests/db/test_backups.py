"""A backup is one instant of everything, and a restore is all of it or nothing."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db import backups
from db.audit_log import append, entries
from db.backups import BackupError, dump, held, read_archive, restore
from db.engine import Database
from db.events import insert_events
from db.floors import align, read_floors
from db.migrate import head_revision, migrate
from db.partitions import purge_events_before
from db.programs import ProgramError, Programs, newest, run
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.ingest.test_heartbeat import fell_silent
from tests.support.servers import PasswordServer, password_server

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def debian() -> Iterator[PasswordServer]:
    with password_server() as server:
        yield server


def store(database: Database, number: int = 100, ago: timedelta = timedelta()) -> None:
    rows = [("test.a", {"ms": float(i)}, {"k": i % 3}, NOW - ago - timedelta(minutes=i)) for i in range(number)]
    insert_events(rows, database=database)


def number(database: Database, what: str) -> int:
    with database.reading() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())


def counted(database: Database) -> int:
    with database.reading() as connection:
        days = text("SELECT sum(count) FROM telemetry_buckets WHERE bucket_type = 'day'")
        return int(connection.execute(days).scalar_one() or 0)


def moved(source: Database, target: Database, file: Path) -> None:
    dump(source, file)
    restore(target, read_archive(file))


def test_what_waited_to_be_rolled_up_waits_in_the_restored_store(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    store(database, 50)
    roll_up_all(database)
    store(database, 70)
    moved(database, empty_database, tmp_path / "dump")
    assert number(empty_database, "telemetry_events") == 120
    assert number(empty_database, "rollup_dirty") == number(database, "rollup_dirty") > 0
    roll_up_all(empty_database)
    assert counted(empty_database) == 120
    assert audit(empty_database) == []


def test_floors_come_along_so_nothing_is_computed_from_what_was_purged(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    store(database, ago=timedelta(days=3))
    store(database, 10)
    roll_up_all(database)
    purge_events_before(NOW - timedelta(days=2), database=database)
    moved(database, empty_database, tmp_path / "dump")
    with empty_database.begin() as connection:
        assert read_floors(connection)["raw"].recompute == align(NOW - timedelta(days=2))
    assert counted(empty_database) == 110
    assert audit(empty_database) == []


def test_a_store_that_stood_migrated_takes_the_file_and_works_on(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    migrate(empty_database)
    store(database)
    moved(database, empty_database, tmp_path / "dump")
    store(empty_database, 10)
    roll_up_all(empty_database)
    assert counted(empty_database) == 110


def test_a_backup_beside_a_load_is_one_instant(database: Database, empty_database: Database, tmp_path: Path) -> None:
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            store(database, 20)
            roll_up_all(database)

    thread = threading.Thread(target=load)
    store(database)
    thread.start()
    try:
        dump(database, tmp_path / "dump")
    finally:
        stop.set()
        thread.join()
    restore(empty_database, read_archive(tmp_path / "dump"))
    assert audit(empty_database) == []
    roll_up_all(empty_database)
    assert counted(empty_database) == number(empty_database, "telemetry_events")
    assert audit(empty_database) == []


def test_who_collected_then_holds_nothing_back_now(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    fell_silent(database, 4711, host="elsewhere")
    assert held(database).collecting == 0
    moved(database, empty_database, tmp_path / "dump")
    assert number(empty_database, "collectors") == 0


def test_a_restore_that_fails_leaves_everything_as_it_was(database: Database, tmp_path: Path) -> None:
    store(database, 2000)
    dump(database, tmp_path / "dump")
    whole = (tmp_path / "dump").read_bytes()
    (tmp_path / "dump").write_bytes(whole[: len(whole) * 9 // 10])
    store(database, 7)
    archive = read_archive(tmp_path / "dump")
    with pytest.raises(ProgramError):
        restore(database, archive)
    assert number(database, "telemetry_events") == 2007


def test_a_backup_that_fails_leaves_the_last_one_and_nothing_else(
    empty_database: Database, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "dump"
    dump(database, file)
    before = file.read_bytes()
    with pytest.raises(BackupError, match="no tables of metrics_dash"):
        dump(empty_database, file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["dump"]


def test_a_backup_is_its_owners_alone(database: Database, tmp_path: Path) -> None:
    dump(database, tmp_path / "dump")
    assert (tmp_path / "dump").stat().st_mode & 0o777 == 0o600


def test_the_audit_log_comes_along_and_still_nobody_changes_it(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    with database.begin() as connection:
        append(connection, "ann", "login")
    moved(database, empty_database, tmp_path / "dump")
    for statement in ("UPDATE audit_log SET actor = 'eve'", "DELETE FROM audit_log", "TRUNCATE audit_log"):
        with pytest.raises(DBAPIError, match="append-only"), empty_database.begin() as connection:
            connection.execute(text(statement))
    with empty_database.begin() as connection:
        append(connection, "bob", "login")
        assert [entry.actor for _, entry in entries(connection)] == ["bob", "ann"]


def test_every_function_is_as_the_migrations_made_it(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    moved(database, empty_database, tmp_path / "dump")
    ours = "pronamespace = CAST(current_schema() AS regnamespace)"
    defined = text(f"SELECT pg_get_functiondef(oid) FROM pg_proc WHERE {ours} ORDER BY oid")
    with database.reading() as made, empty_database.reading() as restored:
        functions = made.execute(defined).scalars().all()
        assert functions
        assert restored.execute(defined).scalars().all() == functions


def test_other_peoples_tables_stay_where_they_are(database: Database, empty_database: Database, tmp_path: Path) -> None:
    for each in (database, empty_database):
        with each.begin() as connection:
            connection.execute(text("CREATE TABLE players (id int); INSERT INTO players VALUES (1)"))
    moved(database, empty_database, tmp_path / "dump")
    assert number(empty_database, "players") == 1


def test_a_file_of_the_version_before_is_brought_up_to_date(
    database: Database, empty_database: Database, tmp_path: Path
) -> None:
    store(database)
    roll_up_all(database)
    migrate(database, "0003")
    moved(database, empty_database, tmp_path / "dump")
    assert migrate(empty_database) == head_revision()
    assert audit(empty_database) == []


def test_of_a_newer_version_there_is_no_file_as_it_would_lack_that_ones_tables(
    database: Database, tmp_path: Path
) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BackupError, match="9999, which a newer version made"):
        dump(database, tmp_path / "dump")
    assert not list(tmp_path.iterdir())


def test_a_file_of_a_newer_version_is_refused(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with monkeypatch.context() as newer:
        newer.setattr("db.backups.is_newer", lambda revision: False)
        dump(database, tmp_path / "dump")
    with pytest.raises(BackupError, match="9999, which a newer version made"):
        read_archive(tmp_path / "dump")


def test_what_is_no_backup_of_ours_is_refused(empty_database: Database, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no backup")
    with pytest.raises(BackupError, match="can't be read as a backup"):
        read_archive(tmp_path / "text")
    with empty_database.begin() as connection:
        connection.execute(text("CREATE TABLE players (id int)"))
    run([newest("pg_dump")["pg_dump"], "-Fc", f"--file={tmp_path / 'other'}", empty_database.dsn()])
    with pytest.raises(BackupError, match="is no backup of metrics_dash"):
        read_archive(tmp_path / "other")


def test_a_store_moves_between_servers_of_different_versions_and_back(
    debian: PasswordServer, database: Database, empty_database: Database, tmp_path: Path
) -> None:
    store(database)
    roll_up_all(database)
    older = Database(debian.make_database("moved"))
    moved(database, older, tmp_path / "there")
    assert audit(older) == []
    assert dump(older, tmp_path / "back").major < 18
    restore(empty_database, read_archive(tmp_path / "back"))
    assert counted(empty_database) == 100
    older.dispose()


def test_a_password_stands_on_no_command_line(
    debian: PasswordServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which everybody on the machine may read while it runs."""
    found = newest("pg_dump", "pg_restore", "psql")
    for name in ("pg_dump", "pg_restore", "psql"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "$0" "$@" >> {tmp_path}/said\nexec {found[name]} "$@"\n')
        (tmp_path / name).chmod(0o755)
    for function in ("fitting", "newest"):
        monkeypatch.setattr(backups, function, lambda *_, **__: Programs(tmp_path, found.major))
    source = Database(debian.make_database("secret"))
    migrate(source)
    moved(source, source, tmp_path / "dump")
    source.dispose()
    said = (tmp_path / "said").read_text()
    assert {Path(line.split()[0]).name for line in said.splitlines()} == {"pg_dump", "pg_restore", "psql"}
    assert "user=metrics" in said
    assert "hunter22" not in said
