"""What is asked of the server around the database; ``tests/ops/test_surroundings.py`` asks as a lesser role."""

from datetime import UTC, datetime, timedelta

from db.engine import Database
from db.server import clock, connections, data_folder, database_bytes


def test_connections_are_counted_against_what_a_role_may_have(database: Database) -> None:
    with database.reading() as connection:
        before = connections(connection)
        with Database(database.dsn()).reading() as more:
            assert connections(more).used > before.used - 1
    assert 1 <= before.used < before.most < 1000


def test_the_clock_is_the_servers_and_aware(database: Database) -> None:
    with database.reading() as connection:
        assert abs(clock(connection) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_superuser_may_know_where_the_data_is(database: Database) -> None:
    with database.reading() as connection:
        folder = data_folder(connection)
        assert folder is not None
        assert (folder / "PG_VERSION").exists()
        assert database_bytes(connection) > 1_000_000
