"""Floors: they lie on UTC midnights, only rise, and never above what waits to be rolled up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database
from db.floors import (
    Floor,
    PurgeRefusedError,
    align,
    dirty_below,
    hold,
    raise_ingest_floor,
    raise_recompute_floor,
    read_floors,
    refuse_while_dirty,
)
from db.levels import LEVEL_NAMES

MIDNIGHT = datetime(2026, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def floors(database: Database) -> dict[str, Floor]:
    with database.reading() as connection:
        return read_floors(connection)


def mark(database: Database, level: str, start: datetime) -> None:
    with database.begin() as connection:
        connection.execute(
            text("INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES (:level, 'a.b', :start)"),
            {"level": level, "start": start},
        )


@pytest.mark.parametrize(
    ("cutoff", "midnight"),
    [
        ("2026-01-10T00:00:00+00:00", MIDNIGHT),
        ("2026-01-10T23:59:59.999999+00:00", MIDNIGHT),
        ("2026-01-11T00:30:00+01:00", MIDNIGHT),
        ("2026-01-09T16:00:00-08:00", MIDNIGHT),
    ],
)
def test_a_cutoff_of_any_zone_is_the_utc_midnight_before_it(cutoff: str, midnight: datetime) -> None:
    assert align(datetime.fromisoformat(cutoff)) == midnight


def test_a_cutoff_without_a_zone_is_refused() -> None:
    naive: Any = MIDNIGHT.replace(tzinfo=None)
    with pytest.raises(ValueError, match=r"cutoff: .* is not a datetime with a time zone"):
        align(naive)


def test_a_fresh_store_has_no_floor_at_any_level(database: Database) -> None:
    assert floors(database) == dict.fromkeys(LEVEL_NAMES, Floor(None, None, None))


def test_floors_rise_one_by_one_and_never_fall(database: Database) -> None:
    with database.begin() as connection:
        raise_ingest_floor(connection, "raw", MIDNIGHT)
        raise_recompute_floor(connection, "minute", MIDNIGHT - DAY)
        raise_ingest_floor(connection, "raw", MIDNIGHT - DAY)
        raise_recompute_floor(connection, "minute", MIDNIGHT - 2 * DAY)
    found = floors(database)
    assert found["raw"] == Floor(MIDNIGHT, None, None)
    assert found["minute"] == Floor(None, MIDNIGHT - DAY, None)
    assert found["hour"] == found["day"] == Floor(None, None, None)
    assert found["raw"].ingest is not None
    assert found["raw"].ingest.tzinfo is UTC


def test_a_purge_that_waits_is_recorded_until_it_goes_on(database: Database) -> None:
    for since in (MIDNIGHT, MIDNIGHT, None):
        with database.begin() as connection:
            hold(connection, "raw", since)
        assert floors(database)["raw"].held_since == since
    assert floors(database)["minute"].held_since is None


@pytest.mark.parametrize("level", ["minute", "hour", "day"])
def test_a_mark_of_any_level_below_keeps_a_purge_back(database: Database, level: str) -> None:
    mark(database, level, MIDNIGHT - DAY)
    mark(database, level, MIDNIGHT)
    with database.begin() as connection:
        assert dirty_below(connection, MIDNIGHT) == 1
        with pytest.raises(PurgeRefusedError, match="1 dirty buckets lie below 2026-01-10"):
            refuse_while_dirty(connection, MIDNIGHT)


def test_a_mark_at_the_floor_itself_keeps_nothing_back(database: Database) -> None:
    mark(database, "minute", MIDNIGHT)
    with database.begin() as connection:
        refuse_while_dirty(connection, MIDNIGHT)
        assert dirty_below(connection, MIDNIGHT) == 0
