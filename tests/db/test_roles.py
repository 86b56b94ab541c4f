"""Each role may do what it is for, and nothing else: tried by logging in as one."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from db.engine import Database
from db.events import insert_events, query_events
from db.jobs import claim, finish, tidy
from db.migrate import migrate
from db.partitions import ensure_partitions_ahead, purge_events_before
from db.roles import ACCOUNTS, KINDS, PRIVILEGES, RoleNameError, grant, names, roles, statements
from db.schema import VIEWS, metadata
from db.status import pipeline_status
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.db.test_backups import debian
from tests.ingest.test_heartbeat import fell_silent
from tests.support.servers import PasswordServer

__all__ = ["debian"]
NOW = datetime.now(UTC)
As = Callable[[str], Database]


@pytest.fixture
def prefix(database: Database) -> str:
    """Roles are the server's and not the database's, so each test has its own."""
    return f"{database.url.database}_"


@pytest.fixture
def log_in(database: Database, prefix: str) -> Iterator[As]:
    """The database as somebody sees it who belongs to one of the roles."""
    opened = []
    with database.begin() as connection:
        grant(connection, prefix)

    def enter(kind: str) -> Database:
        user = f"{prefix}{kind}_login"
        with database.begin() as connection:
            connection.execute(text(f"CREATE ROLE {user} LOGIN IN ROLE {prefix}{kind}"))
        url = database.url.set(username=user, drivername="postgresql")
        opened.append(Database(url.render_as_string(hide_password=False)))
        return opened[-1]

    yield enter
    for each in opened:
        each.dispose()


def refused(database: Database, statement: str) -> bool:
    with pytest.raises(ProgrammingError) as error, database.begin() as connection:
        connection.execute(text(statement))
    return "permission denied" in str(error.value) or "must be owner" in str(error.value)


def store(database: Database, *, ago: timedelta = timedelta()) -> None:
    insert_events([("test.a", {"ms": 1.0}, {"k": "v"}, NOW - ago)], database=database)


def test_every_table_and_view_has_its_privileges() -> None:
    assert set(PRIVILEGES) == {*metadata.tables, "alembic_version", *VIEWS}


def test_ingest_stores_events_of_any_day_and_reports_in(log_in: As, database: Database) -> None:
    ingest = log_in("ingest")
    store(ingest)
    store(ingest, ago=timedelta(days=40))
    fell_silent(ingest, 4711, host="elsewhere")
    roll_up_all(database)
    assert audit(database) == []


def test_ingest_reads_and_changes_nothing_else(log_in: As) -> None:
    ingest = log_in("ingest")
    assert refused(ingest, "SELECT FROM telemetry_buckets")
    assert refused(ingest, "DELETE FROM rollup_dirty")
    assert refused(ingest, "UPDATE retention_floors SET ingest_floor = 'infinity'")
    assert refused(ingest, "DROP TABLE telemetry_buckets")


def test_rollup_collects_rolls_up_and_purges_also_what_another_role_made(log_in: As, database: Database) -> None:
    ingest, rollup = log_in("ingest"), log_in("rollup")
    store(ingest, ago=timedelta(days=5))
    store(rollup)
    ensure_partitions_ahead(rollup, NOW)
    roll_up_all(rollup)
    assert purge_events_before(NOW - timedelta(days=2), database=rollup) == 1
    with rollup.begin() as connection:
        assert claim(connection, "purge", NOW)
        finish(connection, "purge", NOW, "done", True)
        tidy(connection)
    assert audit(database) == []
    assert refused(rollup, "DROP TABLE telemetry_buckets")
    assert refused(rollup, "ALTER TABLE job_runs ADD COLUMN x int")


def test_a_viewer_reads_everything_and_changes_no_number(log_in: As, database: Database) -> None:
    store(database)
    roll_up_all(database)
    viewer = log_in("viewer")
    with viewer.reading() as connection:
        assert pipeline_status(connection).dirty == 0
    hour = timedelta(hours=1)
    assert len(query_events("test.a", NOW - hour, NOW + hour, database=viewer)) == 1
    for table in PRIVILEGES:
        with viewer.reading() as connection:
            connection.execute(text(f"SELECT FROM {table} LIMIT 1"))
        assert table in {*VIEWS, *ACCOUNTS, "annotations"} or refused(viewer, f"DELETE FROM {table}")


def test_a_reader_reads_the_views_and_nothing_else(log_in: As, database: Database) -> None:
    store(database)
    roll_up_all(database)
    reader = log_in("reader")
    for view in VIEWS:
        with reader.reading() as connection:
            assert (
                connection.execute(text(f"SELECT sum(count) FROM {view} WHERE measurement IS NULL")).scalar_one() == 1
            )
    for table in {*PRIVILEGES} - {*VIEWS}:
        assert refused(reader, f"SELECT FROM {table}")


def test_the_owner_migrates_and_grants_again_what_a_migration_made(log_in: As, prefix: str, database: Database) -> None:
    owner = log_in("owner")
    with database.begin() as connection:
        connection.execute(text(f"ALTER ROLE {prefix}owner_login SET role TO {prefix}owner"))
    migrate(owner, "0004")
    migrate(owner)
    with owner.begin() as connection:
        grant(connection, prefix)
    with log_in("reader").reading() as connection:
        connection.execute(text("SELECT FROM metrics_minute"))
    store(log_in("ingest"))


def test_granting_twice_leaves_everything_as_it_was(database: Database, prefix: str) -> None:
    with database.begin() as connection:
        grant(connection, prefix)
        again = statements(connection, prefix)
    assert [each for each in again if not each.startswith("GRANT")] == []


def test_a_role_that_is_no_superuser_grants_too(debian: PasswordServer) -> None:
    owner = Database(debian.make_database("granted"))
    migrate(owner)
    store(owner)
    with owner.begin() as connection:
        grant(connection, "granted_")
        grant(connection, "granted_")
        found = roles(connection, "granted_")
    assert [role.kind for role in found if role.members is not None] == list(KINDS)
    store(owner, ago=timedelta(days=3))
    roll_up_all(owner)
    assert audit(owner) == []
    owner.dispose()


def test_what_makes_no_name_is_refused() -> None:
    for prefix in ("", 'a"; DROP', "Metrics_", "1a", "a" * 60):
        with pytest.raises(RoleNameError):
            names(prefix)
