"""Migration 0005, on a store that an older version wrote: buckets get last samples as far as raw events are held."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database, use_database
from db.events import insert_events
from db.migrate import migrate
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.rollups import NOON, buckets, event, marks

DAY = timedelta(days=1)
LAST = {"ms": [(NOON + timedelta(minutes=1)).timestamp(), 2]}


@pytest.fixture
def older(empty_database: Database) -> Any:
    """Buckets of two days as version 0004 had them; of the older one the raw events are gone."""
    migrate(empty_database)
    use_database(empty_database)
    insert_events([event(-24 * 60, ms=7), event(0, ms=1), event(1, ms=2), event(2)])
    roll_up_all(empty_database)
    with empty_database.begin() as connection:
        connection.execute(text("DELETE FROM telemetry_events WHERE occurred_at < :day"), {"day": NOON - DAY / 2})
        connection.execute(
            text("UPDATE retention_floors SET recompute_floor = :day WHERE level = 'raw'"), {"day": NOON - DAY / 2}
        )
    migrate(empty_database, "0004")
    yield empty_database
    use_database(None)


def test_what_raw_events_are_held_of_is_computed_again(older: Database) -> None:
    migrate(older)
    assert sorted(marks(older)) == [("minute", NOON), ("minute", NOON + timedelta(minutes=1))]
    assert all(bucket["last_values"] == {} for level in ("minute", "hour", "day") for bucket in buckets(older, level))
    roll_up_all(older)
    assert audit(older) == []
    for level in ("hour", "day"):
        assert [bucket["last_values"] for bucket in buckets(older, level)] == [{}, LAST]
        assert [bucket["sum_values"] for bucket in buckets(older, level)] == [{"ms": 7}, {"ms": 3}]


def test_the_way_back_leaves_the_rest_as_it_is(older: Database) -> None:
    migrate(older)
    roll_up_all(older)
    migrate(older, "0004")
    with older.begin() as connection:
        rows = connection.execute(text("SELECT * FROM telemetry_buckets")).mappings().all()
    assert len(rows) == 8
    assert "last_values" not in rows[0]
