"""Facts that differ: from raw and from the finer level, by statements of their own."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.audit import differing_facts, stored_days
from db.engine import Database
from db.events import insert_events
from db.levels import LEVELS, RollupLevel
from metrics_dash.jobs.rollup import roll_up_all

MIDNIGHT = datetime(2026, 1, 10, tzinfo=UTC)
NOON = MIDNIGHT + timedelta(hours=12)
DAY = timedelta(days=1)
MINUTE_LEVEL, HOUR_LEVEL, DAY_LEVEL = LEVELS


@pytest.fixture
def stored(database: Database) -> Database:
    """Ten events of a minute and one of the hour after, rolled up."""
    moments = [NOON + timedelta(seconds=n) for n in range(10)] + [NOON + timedelta(hours=1)]
    insert_events(
        [
            {"event_name": "a.b", "measurements": {"ms": n / 7}, "metadata": {"ok": n % 2 == 0}, "occurred_at": at}
            for n, at in enumerate(moments)
        ],
        database=database,
    )
    roll_up_all(database)
    return database


def execute(database: Database, statement: str, **values: object) -> None:
    with database.begin() as connection:
        connection.execute(text(statement), values)


def found(database: Database, level: RollupLevel, start: datetime = MIDNIGHT) -> Sequence[Any]:
    with database.reading() as connection:
        return differing_facts(connection, level, start, start + DAY)


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_what_the_rollup_made_differs_in_nothing(stored: Database, level: RollupLevel) -> None:
    assert found(stored, level) == []


def test_a_wrong_bucket_differs_from_its_source_and_the_coarser_one_from_it(stored: Database) -> None:
    execute(stored, "UPDATE telemetry_buckets SET count = 9 WHERE bucket_type = 'minute' AND count = 10")
    (minute,) = found(stored, MINUTE_LEVEL)
    assert tuple(minute)[:6] == ("a.b", NOON, "events", "", 10, 9)
    (hour,) = found(stored, HOUR_LEVEL)
    assert tuple(hour)[:6] == ("a.b", NOON, "events", "", 9, 10)
    assert found(stored, DAY_LEVEL) == []


def test_each_fact_is_compared_by_itself(stored: Database) -> None:
    execute(
        stored,
        "UPDATE telemetry_buckets SET max_values = jsonb_build_object('ms', 9), "
        "metadata_counts = jsonb_build_object('ok:true', 4) WHERE bucket_type = 'minute' AND bucket_start = :noon",
        noon=NOON,
    )
    assert [(row.what, row.key) for row in found(stored, MINUTE_LEVEL)] == [("measurement", "ms"), ("metadata", "ok")]


@pytest.mark.parametrize("sample", ["[0, 1]", "[1768046409, 2]", None])
def test_a_last_sample_that_is_wrong_or_gone_differs(stored: Database, sample: str | None) -> None:
    execute(
        stored,
        "UPDATE telemetry_buckets SET last_values = "
        "jsonb_strip_nulls(jsonb_build_object('ms', CAST(:sample AS jsonb))) "
        "WHERE bucket_type = 'minute' AND bucket_start = :noon",
        sample=sample,
        noon=NOON,
    )
    (row,) = found(stored, MINUTE_LEVEL)
    assert (row.what, row.key) == ("measurement", "ms")
    assert tuple(row)[4:6] == (10, 10)
    assert row[12] == pytest.approx(9 / 7)
    assert row[14] == (NOON + timedelta(seconds=9)).timestamp()


def test_a_histogram_that_is_wrong_or_gone_differs_at_each_level(stored: Database) -> None:
    for changed in ("'39910:10'", "NULL"):
        execute(
            stored,
            f"UPDATE telemetry_buckets SET histograms = jsonb_strip_nulls(jsonb_build_object('ms', {changed})) "
            "WHERE bucket_type = 'minute' AND bucket_start = :noon",
            noon=NOON,
        )
        (minute,), (hour,) = found(stored, MINUTE_LEVEL), found(stored, HOUR_LEVEL)
        assert (minute.what, minute.key) == (hour.what, hour.key) == ("measurement", "ms")
        assert minute[17] == hour[16] == (None if changed == "NULL" else "39910:10")
        assert minute[16].startswith("0:1 39911:1 ")


def test_how_a_keys_values_are_told_apart_does_not_matter_but_how_many_there_are(stored: Database) -> None:
    execute(
        stored,
        "UPDATE telemetry_buckets SET metadata_counts = jsonb_build_object('ok:__other__', 10) "
        "WHERE bucket_type = 'minute' AND bucket_start = :noon",
        noon=NOON,
    )
    assert found(stored, MINUTE_LEVEL) == []


def test_what_waits_to_be_rolled_up_is_no_difference(stored: Database) -> None:
    insert_events([{"event_name": "a.b", "occurred_at": NOON}], database=stored)
    assert found(stored, MINUTE_LEVEL) == []
    execute(stored, "DELETE FROM rollup_dirty")
    assert [row.what for row in found(stored, MINUTE_LEVEL)] == ["events"]


def test_only_the_span_that_is_asked_for_is_compared(stored: Database) -> None:
    execute(stored, "UPDATE telemetry_buckets SET count = 9 WHERE bucket_type = 'minute' AND count = 10")
    assert found(stored, MINUTE_LEVEL, MIDNIGHT + DAY) == []


def test_days_are_those_of_raw_events_and_of_buckets_of_any_level(stored: Database) -> None:
    execute(
        stored,
        "INSERT INTO telemetry_buckets (event_name, bucket_type, bucket_start, count) VALUES ('a.b', 'hour', :at, 1)",
        at=NOON - 3 * DAY,
    )
    insert_events([{"event_name": "a.b", "occurred_at": NOON + DAY}], database=stored)
    with stored.begin() as connection:
        connection.execute(text("SET LOCAL TimeZone = 'Pacific/Auckland'"))
        assert stored_days(connection) == [MIDNIGHT - 3 * DAY, MIDNIGHT, MIDNIGHT + DAY]


def test_an_empty_store_has_no_days(database: Database) -> None:
    with database.reading() as connection:
        assert stored_days(connection) == []
