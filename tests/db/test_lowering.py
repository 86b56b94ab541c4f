"""Lowering a floor: as far as nothing was lost by it, and no further."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from db.engine import Database
from db.events import insert_events, query_events
from db.floors import Floor, align
from db.lowering import FloorKeptError, lower_floor
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.retention import purge
from metrics_dash.jobs.rollup import roll_up_all
from tests.jobs.test_retention import NOON, PERIODS, age_the_ledger, floors, insert_days

DAY = timedelta(days=1)
MIDNIGHT = align(NOON)


def rise(database: Database, level: str, to: datetime) -> None:
    """A floor that rose and dropped nothing."""
    with database.begin() as connection:
        connection.execute(
            text("UPDATE retention_floors SET ingest_floor = :to, recompute_floor = :to WHERE level = :level"),
            {"level": level, "to": to},
        )


def drop_raw_before(database: Database, moment: datetime) -> None:
    with database.begin() as connection:
        connection.execute(text("DELETE FROM telemetry_events WHERE occurred_at < :moment"), {"moment": moment})


def test_a_floor_below_which_nothing_was_dropped_goes_away(database: Database) -> None:
    insert_days(database, 3)
    roll_up_all(database)
    rise(database, "raw", MIDNIGHT + 3 * DAY)
    assert lower_floor(database, "raw") is None
    assert floors(database)["raw"] == Floor(None, None, None)


def test_it_stays_above_the_last_minute_that_counts_more_than_there_is(database: Database) -> None:
    """What a leap of the clock did: all raw events gone, and the floor in the future."""
    insert_days(database, 3)
    roll_up_all(database)
    drop_raw_before(database, NOON + DAY)
    rise(database, "raw", MIDNIGHT + 3 * DAY)
    lowered = lower_floor(database, "raw")
    assert lowered == NOON + timedelta(minutes=1)
    assert floors(database)["raw"] == Floor(lowered, lowered, None)


def test_what_comes_above_a_lowered_floor_is_counted_and_what_comes_below_is_merged(database: Database) -> None:
    insert_days(database, 1)
    roll_up_all(database)
    drop_raw_before(database, NOON + DAY)
    rise(database, "raw", MIDNIGHT + 3 * DAY)
    lowered = lower_floor(database, "raw")
    assert lowered is not None
    late = [{"event_name": "a.b", "occurred_at": moment} for moment in (lowered - timedelta(seconds=1), lowered)]
    assert insert_events(late, database=database) == 2
    roll_up_all(database)
    with database.reading() as connection:
        counted = connection.execute(text("SELECT sum(count) FROM telemetry_buckets WHERE bucket_type = 'day'"))
        assert counted.scalar_one() == 3
    assert len(query_events("a.b", NOON, NOON + DAY, database=database)) == 1
    assert audit(database) == []


def test_a_purge_that_was_right_is_not_taken_back(database: Database) -> None:
    insert_days(database, 12)
    purge(database, PERIODS, NOON)
    before = floors(database)
    for level, end in (
        ("raw", "2026-01-07T12:01:00"),
        ("minute", "2026-01-05T13:00:00"),
        ("hour", "2026-01-04T00:00:00"),
        ("day", "2026-01-02T00:00:00"),
    ):
        with pytest.raises(FloorKeptError, match=f"{level} was purged up to {end}"):
            lower_floor(database, level, MIDNIGHT - 20 * DAY)
    assert floors(database) == before


def test_raw_can_be_lowered_to_the_end_of_what_was_purged(database: Database) -> None:
    """Noon's event was the last one of its day: what came later that day, nobody dropped."""
    insert_days(database, 12)
    purge(database, PERIODS, NOON)
    assert lower_floor(database, "raw") == NOON - 3 * DAY + timedelta(minutes=1)


@pytest.mark.parametrize(("level", "width"), [("minute", timedelta(hours=1)), ("hour", DAY)])
def test_each_level_lies_at_an_edge_of_what_is_computed_from_it(
    database: Database, level: str, width: timedelta
) -> None:
    insert_days(database, 3)
    roll_up_all(database)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM telemetry_buckets WHERE bucket_type = :level"), {"level": level})
    rise(database, level, MIDNIGHT + 5 * DAY)
    assert lower_floor(database, level) == (NOON if level == "minute" else MIDNIGHT) + width


def test_a_level_is_not_lowered_below_the_coarser_one(database: Database) -> None:
    rise(database, "minute", MIDNIGHT)
    rise(database, "raw", MIDNIGHT + 2 * DAY)
    assert lower_floor(database, "raw") == MIDNIGHT
    rise(database, "raw", MIDNIGHT + 2 * DAY)
    with pytest.raises(FloorKeptError, match="purged up to"):
        lower_floor(database, "raw", MIDNIGHT - DAY)


def test_a_wish_is_rounded_up_to_an_edge(database: Database) -> None:
    rise(database, "raw", MIDNIGHT)
    assert lower_floor(database, "raw", MIDNIGHT - timedelta(seconds=90)) == MIDNIGHT - timedelta(minutes=1)
    rise(database, "hour", MIDNIGHT)
    assert lower_floor(database, "hour", MIDNIGHT - 2 * DAY + timedelta(hours=1)) == MIDNIGHT - DAY


def test_days_tell_nothing_of_days_that_were_dropped(database: Database) -> None:
    rise(database, "day", MIDNIGHT)
    with pytest.raises(FloorKeptError, match="day has its floor"):
        lower_floor(database, "day")
    tomorrow = align(datetime.now(UTC)) + DAY
    rise(database, "day", tomorrow + 3 * DAY)
    assert lower_floor(database, "day") == tomorrow


def test_without_a_floor_there_is_nothing_to_lower(database: Database) -> None:
    with pytest.raises(FloorKeptError, match="raw has no floor"):
        lower_floor(database, "raw")


def test_a_floor_is_never_raised_by_lowering(database: Database) -> None:
    rise(database, "raw", MIDNIGHT)
    with pytest.raises(FloorKeptError, match="has its floor at"):
        lower_floor(database, "raw", MIDNIGHT + DAY)


def test_events_flow_again_after_a_leap_was_taken_back_and_what_waited_is_a_raw_event(database: Database) -> None:
    now = datetime.now(UTC)
    rise(database, "raw", align(now) + 3 * DAY)
    assert insert_events([{"event_name": "a.b"}], database=database) == 1
    assert query_events("a.b", now - DAY, now + DAY, database=database) == []
    age_the_ledger(database)
    lower_floor(database, "raw")
    assert insert_events([{"event_name": "a.b"}], database=database) == 1
    roll_up_all(database)
    assert len(query_events("a.b", now - DAY, now + DAY, database=database)) == 2
    assert audit(database) == []
