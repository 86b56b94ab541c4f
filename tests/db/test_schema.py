"""What the code believes of the tables is what the migrations make."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import DateTime, text

from db import schema
from db.engine import Database
from db.schema import metadata


def test_the_tables_are_those_that_the_code_declares(database: Database) -> None:
    with database.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_default_is_the_servers(database: Database) -> None:
    """Alembic compares no defaults, and a row that relies on one would be refused."""
    declared = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.server_default is not None and column.identity is None
    }
    with database.reading() as connection:
        made = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns "
                "WHERE table_schema = 'public' AND column_default IS NOT NULL"
            )
        )
        assert {tuple(row) for row in made if row[0] in metadata.tables} - {("rollup_dirty", "id")} == declared


def test_every_moment_knows_its_zone() -> None:
    moments = [
        column for table in metadata.tables.values() for column in table.columns if isinstance(column.type, DateTime)
    ]
    assert moments
    assert [str(column) for column in moments if not column.type.timezone] == []


def test_no_two_locks_are_one() -> None:
    keys = [value for name, value in vars(schema).items() if name.startswith("LOCK_")]
    assert keys
    assert len(keys) == len(set(keys))
