"""Migration 0005, on a store that an older version wrote: buckets get last samples as far as their source is held."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database, use_database
from db.events import insert_events
from db.migrate import migrate
from metrics_dash.jobs import rollup
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all, run_pass
from tests.support.older import store_unchecked
from tests.support.rollups import NOON, buckets, event, marks

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
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


def last(database: Database, level: str) -> list[Any]:
    return [bucket["last_values"] for bucket in buckets(database, level)]


def test_what_its_source_is_held_of_is_computed_again_and_nothing_is_marked(older: Database) -> None:
    migrate(older)
    assert marks(older) == []
    assert all(last(older, level) == [None] * len(buckets(older, level)) for level in ("minute", "hour", "day"))
    assert audit(older) == []
    roll_up_all(older)
    assert audit(older) == []
    assert last(older, "minute") == [
        None,
        *({"ms": [(NOON + minute * MINUTE).timestamp(), minute + 1]} for minute in (0, 1)),
        {},
    ]
    for level in ("hour", "day"):
        assert last(older, level) == [{}, LAST]
        assert [bucket["sum_values"] for bucket in buckets(older, level)] == [{"ms": 7}, {"ms": 3}]


def test_a_pass_completes_a_few_and_the_newest_first(older: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(older)
    monkeypatch.setattr(rollup, "OUTDATED_PER_PASS", 1)
    assert run_pass(older).outdated == 2
    assert last(older, "minute") == [None, None, None, {}]
    assert last(older, "day")[-1] == {}
    roll_up_all(older)
    assert last(older, "day")[-1] == LAST
    assert run_pass(older).outdated == 0


def test_what_an_older_version_computes_meanwhile_is_computed_again(older: Database) -> None:
    migrate(older)
    roll_up_all(older)
    with older.begin() as connection:
        connection.execute(
            text("UPDATE telemetry_buckets SET last_values = NULL, histograms = NULL WHERE bucket_start = :noon"),
            {"noon": NOON},
        )
    assert audit(older) == []
    run_pass(older)
    assert [bucket["last_values"] for bucket in buckets(older, "hour")][-1] == LAST
    assert audit(older) == []


def test_what_can_not_be_computed_is_not_tried_in_every_pass(older: Database) -> None:
    migrate(older)
    store_unchecked(older, [event(1, ms=1e300), event(1, ms=1.7e308), event(1, ms=1.7e308)], marked=False)
    run_pass(older)
    assert run_pass(older).outdated == 0
    assert last(older, "minute")[2] is None


def test_the_way_back_leaves_the_rest_as_it_is(older: Database) -> None:
    migrate(older)
    roll_up_all(older)
    migrate(older, "0004")
    with older.begin() as connection:
        rows = connection.execute(text("SELECT * FROM telemetry_buckets")).mappings().all()
    assert len(rows) == 8
    assert "last_values" not in rows[0]
