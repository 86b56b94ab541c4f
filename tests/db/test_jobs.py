"""Jobs: what is written down of them, what housekeeping forgets, and whether history is arriving."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from db.engine import Database
from db.floors import align, raise_ingest_floor
from db.jobs import HOUSEKEEPING, claim, finish, history_arrived, tidy

SLOT = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def batch(database: Database, oldest: datetime, committed_ago: timedelta = timedelta(0)) -> None:
    """A batch in the ledger."""
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ingest_batches (batch_id, events, oldest_event, committed_at) "
                "VALUES (:id, 1, :oldest, clock_timestamp() - CAST(:ago AS interval))"
            ),
            {"id": uuid4(), "oldest": oldest, "ago": committed_ago},
        )


def runs(database: Database) -> list[Any]:
    with database.reading() as connection:
        return list(
            connection.execute(text("SELECT job, slot, started_at, finished_at, outcome FROM job_runs ORDER BY job"))
        )


def test_a_slot_is_claimed_by_one_of_two_processes(database: Database) -> None:
    with database.begin() as one:
        assert claim(one, "purge", SLOT)
    with database.begin() as other:
        assert not claim(other, "purge", SLOT)
        assert claim(other, "purge", SLOT + HOUR)
        assert claim(other, "tidy", SLOT)


def test_a_claim_that_is_rolled_back_is_free(database: Database) -> None:
    with database.engine.connect() as one:
        assert claim(one, "purge", SLOT)
        one.rollback()
    with database.begin() as other:
        assert claim(other, "purge", SLOT)


def test_a_claim_stands_unfinished_until_its_outcome_is_written_down(database: Database) -> None:
    with database.begin() as connection:
        claim(connection, "purge", SLOT)
        claim(connection, "tidy", SLOT)
    with database.begin() as connection:
        finish(connection, "purge", SLOT, "purged 3")
    purge, other = runs(database)
    assert purge.outcome == "purged 3"
    assert purge.finished_at >= purge.started_at
    assert (other.finished_at, other.outcome) == (None, None)


def test_housekeeping_looks_at_columns_that_are_there_and_counts_each_table(database: Database) -> None:
    with database.begin() as connection:
        for table, column, _ in HOUSEKEEPING:
            connection.execute(text(f"SELECT {column} FROM {table}"))
        assert tidy(connection) == {table: 0 for table, _, _ in HOUSEKEEPING}


@pytest.mark.parametrize(("days", "removed"), [(29, 0), (31, 1)])
def test_what_was_set_aside_is_kept_for_a_month(database: Database, days: int, removed: int) -> None:
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ingest_quarantine (batch_id, event_name, payload, reason, quarantined_at) "
                "VALUES (:id, 'a.b', '{}', 'bad', now() - make_interval(days => :days))"
            ),
            {"id": uuid4(), "days": days},
        )
        assert tidy(connection)["ingest_quarantine"] == removed


def test_housekeeping_forgets_old_rows_and_keeps_young_ones(database: Database) -> None:
    batch(database, SLOT, timedelta(days=8))
    batch(database, SLOT)
    with database.begin() as connection:
        raise_ingest_floor(connection, "raw", align(datetime.now(UTC) - timedelta(days=2)))
        connection.execute(
            text("INSERT INTO job_runs (job, slot, started_at) VALUES ('a', now(), now() - interval '31 days')")
        )
        connection.execute(text("INSERT INTO job_runs (job, slot) VALUES ('b', now())"))
        assert tidy(connection) == {
            "ingest_batches": 1,
            "job_runs": 1,
            "collectors": 0,
            "ingest_quarantine": 0,
            "counter_states": 0,
        }
        assert connection.execute(text("SELECT count(*) FROM ingest_batches")).scalar_one() == 1


def test_a_batch_is_known_for_as_long_as_its_events_would_be_taken_again(database: Database) -> None:
    batch(database, SLOT, timedelta(days=20))
    with database.begin() as connection:
        assert tidy(connection)["ingest_batches"] == 0
        raise_ingest_floor(connection, "raw", align(datetime.now(UTC) - timedelta(days=21)))
        assert tidy(connection)["ingest_batches"] == 0
        raise_ingest_floor(connection, "raw", align(datetime.now(UTC) - timedelta(days=10)))
        assert tidy(connection)["ingest_batches"] == 1


@pytest.mark.parametrize(
    ("oldest", "committed_ago", "floor", "arrived"),
    [
        (SLOT - HOUR, timedelta(0), None, True),
        (SLOT, timedelta(0), None, False),
        (SLOT - HOUR, timedelta(minutes=11), None, False),
        (SLOT - HOUR, timedelta(0), SLOT - HOUR, True),
        (SLOT - HOUR, timedelta(0), SLOT, False),
    ],
)
def test_history_arrives_while_batches_with_older_events_come_in(
    database: Database, oldest: datetime, committed_ago: timedelta, floor: datetime | None, arrived: bool
) -> None:
    batch(database, oldest, committed_ago)
    with database.reading() as connection:
        found = history_arrived(connection, below=SLOT, floor=floor, within=timedelta(minutes=10))
    assert found is arrived
