"""Migrations: up, down, and at once from two processes."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from db.engine import Database
from db.migrate import SchemaError, current_revision, head_revision, is_current, migrate


def test_the_whole_way_up_down_and_up_again(empty_database: Database) -> None:
    assert migrate(empty_database) == head_revision()
    assert migrate(empty_database, "base") is None
    assert migrate(empty_database) == head_revision()


def test_two_processes_that_start_at_once_do_not_collide(empty_database: Database) -> None:
    program = "import sys, db.engine, db.migrate; print(db.migrate.migrate(db.engine.Database(sys.argv[1])))"
    command = [sys.executable, "-c", program, empty_database.dsn()]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0].strip() for process in processes] == [head_revision()] * 3


def test_two_threads_that_start_at_once_do_not_collide(empty_database: Database) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(migrate, [empty_database] * 3)) == [head_revision()] * 3


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not is_current(database)
    with pytest.raises(SchemaError, match="9999"):
        migrate(database)


def test_an_empty_database_is_not_current(empty_database: Database) -> None:
    assert current_revision(empty_database) is None
    assert not is_current(empty_database)
