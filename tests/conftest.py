"""One embedded PostgreSQL for the whole run; a database of its own, with the schema, for each test that asks."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, create_engine, text

from db.engine import Database, use_database
from db.migrate import migrate

# How long an example takes says something about the machine, and nothing about the program.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Database]:
    """The embedded server that every test shares. Its databases are cheap; its start is not."""
    folder = Path(tempfile.mkdtemp(prefix="metrics-test-"))
    folder.chmod(0o755)
    database = Database(data_dir=folder)
    database.start()
    # Nobody pulls its plug, and a database for each test is mostly waiting for the disk.
    _administer(database, "ALTER SYSTEM SET fsync = off")
    _administer(database, "SELECT pg_reload_conf()")
    yield database
    _administration(database).dispose()
    database.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(server: Database) -> str:
    """The name of a migrated, empty database that others are copied from."""
    _create(server, "template_metrics")
    migrated = Database(_url_of(server, "template_metrics"))
    migrate(migrated)
    migrated.dispose()
    return "template_metrics"


@pytest.fixture
def empty_database(server: Database) -> Iterator[Database]:
    """A database without any table."""
    yield from _fresh(server, None)


@pytest.fixture
def database(server: Database, template: str) -> Iterator[Database]:
    """A migrated, empty database; also what ``default_database()`` returns during the test."""
    for fresh in _fresh(server, template):
        use_database(fresh)
        yield fresh
        use_database(None)


def _fresh(server: Database, template: str | None) -> Iterator[Database]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _create(server, name, template)
    database = Database(_url_of(server, name))
    yield database
    database.dispose()
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _create(server: Database, name: str, template: str | None = None) -> None:
    # Copying files is several times faster than writing them through the log.
    _administer(server, f"CREATE DATABASE {name}" + (f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""))


def _administer(server: Database, statement: str) -> None:
    with _administration(server).connect() as connection:
        connection.execute(text(statement))


@cache
def _administration(server: Database) -> Engine:
    """One connection to the server's own database, as each test needs it twice."""
    return create_engine(server.url, isolation_level="AUTOCOMMIT", pool_size=1)


def _url_of(server: Database, name: str) -> str:
    return server.url.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
