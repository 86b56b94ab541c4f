"""Buckets: read back in UTC, and purged no deeper than the level that they could be made from again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from db.buckets import count_before, purge_buckets_before, purge_floor, query_buckets
from db.engine import Database
from db.events import insert_events
from db.floors import raise_recompute_floor, read_floors
from metrics_dash.jobs.rollup import roll_up_all

MIDNIGHT = datetime(2026, 1, 10, tzinfo=UTC)
NOON = MIDNIGHT + timedelta(hours=12)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def stored(database: Database) -> Database:
    """An event of two names at noon of three days, rolled up."""
    parts = {"metadata": {"ok": True}}
    insert_events(
        [
            {"event_name": name, "measurements": {"ms": day + 1}, "occurred_at": NOON - day * DAY, **parts}
            for day in range(3)
            for name in ("a.b", "c.d")
        ],
        database=database,
    )
    roll_up_all(database)
    return database


def starts(
    database: Database, level: str, start: datetime = MIDNIGHT - 9 * DAY, end: datetime = NOON
) -> list[datetime]:
    return [bucket["bucket_start"] for bucket in query_buckets("a.b", level, start, end, database=database)]


def floor_of(database: Database, level: str, cutoff: datetime) -> datetime | None:
    with database.begin() as connection:
        return purge_floor(connection, level, cutoff)


def purged_raw(database: Database, floor: datetime) -> None:
    with database.begin() as connection:
        raise_recompute_floor(connection, "raw", floor)


def test_a_bucket_comes_with_everything_that_it_holds(stored: Database) -> None:
    (bucket,) = query_buckets("a.b", "hour", NOON, NOON + HOUR, database=stored)
    inserted = bucket.pop("inserted_at")
    assert bucket == {
        "event_name": "a.b",
        "bucket_type": "hour",
        "bucket_start": NOON,
        "count": 1,
        "sum_values": {"ms": 1},
        "min_values": {"ms": 1},
        "max_values": {"ms": 1},
        "last_values": {"ms": [NOON.timestamp(), 1]},
        "histograms": {"ms": {40_000: 1}},
        "value_counts": {"ms": 1},
        "metadata_counts": {"ok:true": 1},
        "uniques": {},
    }
    assert inserted.tzinfo is bucket["bucket_start"].tzinfo is UTC


def test_a_range_is_half_open_and_read_oldest_first(stored: Database) -> None:
    assert starts(stored, "minute") == [NOON - 2 * DAY, NOON - DAY]
    assert starts(stored, "minute", NOON - DAY, NOON + HOUR) == [NOON - DAY, NOON]
    assert starts(stored, "day") == [MIDNIGHT - 2 * DAY, MIDNIGHT - DAY, MIDNIGHT]


@pytest.mark.parametrize("level", ["raw", "week", "", "Minute"])
def test_what_is_no_level_is_quoted_with_those_that_are(database: Database, level: str) -> None:
    with database.begin() as connection:
        for ask in (
            lambda: query_buckets("a.b", level, MIDNIGHT, NOON, database=database),
            lambda: purge_buckets_before(level, NOON, database=database),
            lambda: count_before(connection, level, NOON),
        ):
            with pytest.raises(ValueError, match=f"'{level}' is not a bucket type; those are minute, hour, day"):
                ask()


def test_buckets_before_a_moment_are_counted_of_all_events(stored: Database) -> None:
    with stored.reading() as connection:
        assert count_before(connection, "minute", NOON) == 4
        assert count_before(connection, "day", MIDNIGHT - DAY) == 2


def test_a_level_whose_source_was_never_purged_is_not_purged_either(stored: Database) -> None:
    assert floor_of(stored, "minute", NOON) is None
    assert purge_buckets_before("minute", NOON, database=stored) == 0
    assert len(starts(stored, "minute", end=NOON + DAY)) == 3


def test_a_purge_goes_to_the_midnight_and_no_deeper_than_its_source(stored: Database) -> None:
    purged_raw(stored, MIDNIGHT - DAY)
    assert floor_of(stored, "minute", NOON) == MIDNIGHT - DAY
    assert floor_of(stored, "minute", NOON - 2 * DAY) == MIDNIGHT - 2 * DAY
    assert floor_of(stored, "hour", NOON) is None


def test_a_purge_takes_the_buckets_of_its_level_and_leaves_the_coarser_ones(stored: Database) -> None:
    purged_raw(stored, MIDNIGHT - DAY)
    assert purge_buckets_before("minute", NOON, database=stored) == 2
    assert starts(stored, "minute") == [NOON - DAY]
    assert len(starts(stored, "hour")) == 2
    with stored.reading() as connection:
        floors = read_floors(connection)
    assert floors["minute"].ingest == floors["minute"].recompute == MIDNIGHT - DAY
    assert floors["hour"].recompute is None


def test_a_purge_takes_the_splits_of_its_level_with_it(stored: Database) -> None:
    with stored.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO telemetry_splits (event_name, bucket_type, dimension, bucket_start, value, count) "
                "SELECT event_name, bucket_type, 'k', bucket_start, 'v', count FROM telemetry_buckets"
            )
        )
    purged_raw(stored, MIDNIGHT - DAY)
    purge_buckets_before("minute", NOON, database=stored)
    held = text("SELECT bucket_type, bucket_start FROM {} ORDER BY 1, 2")
    with stored.reading() as connection:
        kept, split = (
            connection.execute(text(held.text.format(table))).fetchall()
            for table in ("telemetry_buckets", "telemetry_splits")
        )
    assert split == kept


def test_a_second_purge_finds_nothing(stored: Database) -> None:
    purged_raw(stored, MIDNIGHT - DAY)
    purge_buckets_before("minute", NOON, database=stored)
    assert purge_buckets_before("minute", NOON, database=stored) == 0


def test_a_sessions_zone_changes_no_moment(stored: Database) -> None:
    with stored.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {stored.url.database} SET timezone = 'Asia/Kathmandu'"))
    stored.dispose()
    assert starts(stored, "day") == [MIDNIGHT - 2 * DAY, MIDNIGHT - DAY, MIDNIGHT]
