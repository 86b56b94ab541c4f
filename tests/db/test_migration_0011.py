"""Migration 0011, on a store that an older version wrote and still writes: buckets get histograms as far as their
source is held, and views keep what they had."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.bins import place_of
from db.engine import Database, use_database
from db.events import insert_events
from db.migrate import migrate
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all, run_pass
from tests.support.rollups import NOON, buckets, event, marks

DAY = timedelta(days=1)
BOTH = {"ms": {place_of(1): 1, place_of(2): 1}}


@pytest.fixture
def older(empty_database: Database) -> Any:
    """Buckets of two days as version 0010 had them; of the older one the raw events are gone."""
    migrate(empty_database)
    use_database(empty_database)
    insert_events([event(-24 * 60, ms=7), event(0, ms=1), event(1, ms=2), event(2)])
    roll_up_all(empty_database)
    with empty_database.begin() as connection:
        connection.execute(text("DELETE FROM telemetry_events WHERE occurred_at < :day"), {"day": NOON - DAY / 2})
        connection.execute(
            text("UPDATE retention_floors SET recompute_floor = :day WHERE level = 'raw'"), {"day": NOON - DAY / 2}
        )
    migrate(empty_database, "0010")
    yield empty_database
    use_database(None)


def histograms(database: Database, level: str) -> list[Any]:
    return [bucket["histograms"] for bucket in buckets(database, level)]


def test_what_its_source_is_held_of_gets_a_histogram_and_nothing_is_marked(older: Database) -> None:
    migrate(older)
    assert marks(older) == []
    assert audit(older) == []
    roll_up_all(older)
    assert histograms(older, "minute") == [None, {"ms": {place_of(1): 1}}, {"ms": {place_of(2): 1}}, {}]
    assert histograms(older, "hour") == histograms(older, "day") == [{}, BOTH]
    assert audit(older) == []


def test_what_an_older_version_computes_meanwhile_is_computed_again(older: Database) -> None:
    migrate(older)
    roll_up_all(older)
    with older.begin() as connection:
        # As that version does: it deletes a bucket and inserts it again, and names none of what is new.
        connection.execute(
            text("UPDATE telemetry_buckets SET histograms = NULL WHERE bucket_start = :at"), {"at": NOON}
        )
    assert audit(older) == []
    assert run_pass(older).outdated
    assert histograms(older, "hour") == [{}, BOTH]
    assert audit(older) == []


def test_the_way_back_leaves_the_rest_as_it_is(older: Database) -> None:
    def views() -> list[Any]:
        columns = "SELECT table_name, column_name FROM information_schema.columns WHERE table_name LIKE 'metrics%'"
        with older.begin() as connection:
            return sorted(map(tuple, connection.execute(text(columns))))

    before = views()
    migrate(older)
    roll_up_all(older)
    assert len(views()) == len(before) + 3 * 4
    migrate(older, "0010")
    assert views() == before
    with older.begin() as connection:
        rows = connection.execute(text("SELECT * FROM telemetry_buckets")).mappings().all()
        assert connection.execute(text("SELECT sum(count) FROM metrics_day WHERE measurement IS NULL")).scalar() == 4
    assert len(rows) == 8
    assert "histograms" not in rows[0]
