"""How much room everything takes, and when jobs last succeeded."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from db.engine import Database
from db.events import insert_events
from db.schema import metadata
from db.sizes import PARTITIONS_AT_MOST, last_successes, read_sizes

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_every_table_is_told_and_raw_events_with_their_partitions(database: Database) -> None:
    insert_events([("a.b", {}, {}, NOON), ("a.b", {}, {}, NOON - timedelta(days=1))], database=database)
    with database.reading() as connection:
        sizes = read_sizes(connection)
    assert set(sizes.tables) == set(metadata.tables)
    assert set(sizes.days) == {"2026-01-30", "2026-01-31"}
    assert sizes.partitions == 2
    assert sizes.tables["telemetry_events"] >= sum(sizes.days.values()) > 0
    assert sizes.database > sum(sizes.tables.values())


def test_of_many_partitions_the_newest_are_told(database: Database) -> None:
    days = PARTITIONS_AT_MOST + 2
    insert_events([("a.b", {}, {}, NOON - timedelta(days=day)) for day in range(days)], database=database)
    with database.reading() as connection:
        sizes = read_sizes(connection)
    assert (sizes.partitions, len(sizes.days), max(sizes.days)) == (days, PARTITIONS_AT_MOST, "2026-01-31")


def test_what_failed_or_runs_is_no_success(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO job_runs (job, slot, finished_at, succeeded) VALUES ('purge', :noon, :noon, true), "
                "('purge', :later, :later, false), ('purge', :last, NULL, NULL), ('tidy', :noon, :noon, false)"
            ),
            {"noon": NOON, "later": NOON + timedelta(hours=1), "last": NOON + timedelta(hours=2)},
        )
        assert last_successes(connection) == {"purge": NOON.timestamp()}
