"""The audit's view of splits: whatever is not what the source says is a difference, and the next pass repairs it."""

import pytest
from sqlalchemy import text

from db.engine import Database
from db.events import insert_events
from db.levels import LEVELS
from db.repairs import mark_buckets
from metrics_dash.jobs.audit import Difference, audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.db.test_splits import counts, declare
from tests.support.rollups import NOON, event

WRONG = {
    "a count": ("UPDATE telemetry_splits SET count = 7", "count where land is 'de'"),
    "a sum": (
        "UPDATE telemetry_splits SET measurements = '{\"x\": [1, 5, 1, 1]}' WHERE value = 'de'",
        "sum of x where land is 'de'",
    ),
    "an extreme": (
        "UPDATE telemetry_splits SET measurements = '{\"x\": [1, 1, 1, 2]}' WHERE value = 'de'",
        "max of x where land is 'de'",
    ),
    "a histogram": (
        "UPDATE telemetry_splits SET histograms = '{\"x\": \"1:1\"}' WHERE value = 'de'",
        "histogram of x where land is 'de'",
    ),
    "a unique count": (
        "UPDATE telemetry_splits SET uniques = '{\"who\": \"e1:\"}' WHERE value = 'de'",
        "unique values of who where land is 'de'",
    ),
    "a value that is gone": ("DELETE FROM telemetry_splits WHERE value = 'de'", "count where land is '__other__'"),
    "all of it": ("DELETE FROM telemetry_splits", "count where land is '__other__'"),
    "one too many": ("UPDATE telemetry_splits SET value = 'it' WHERE value = 'de'", "count where land is 'it'"),
}


@pytest.fixture
def stored(database: Database) -> Database:
    declare(database, "land", unique=["who"])
    events = [event(0, metadata={"land": "de", "who": 1}, x=1), event(0, metadata={"land": "fr", "who": 2}, x=3)]
    insert_events([*events, event(0, x=1)], database=database)
    roll_up_all(database)
    assert audit(database) == []
    return database


@pytest.mark.parametrize("level", LEVELS, ids=[level.name for level in LEVELS])
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_wrong_in_a_split_is_found_and_repaired(
    stored: Database, level: object, wrong: tuple[str, str]
) -> None:
    statement, what = wrong
    name = getattr(level, "name", "")
    condition = f"bucket_type = '{name}'"
    with stored.begin() as connection:
        connection.execute(
            text(f"{statement} {'AND' if 'WHERE' in statement else 'WHERE'} {condition}".replace(":1", "\\:1"))
        )
    found = [each for each in audit(stored) if isinstance(each, Difference)]
    assert what in [each.what for each in found if each.level == name]
    with stored.begin() as connection:
        for of in LEVELS:
            mark_buckets(
                connection, of, [(each.event_name, each.bucket_start) for each in found if each.level == of.name]
            )
    roll_up_all(stored)
    assert audit(stored) == []
    for of in LEVELS:
        assert counts(stored, of.name) == {"de": 1, "fr": 1, "__other__": 1}


def test_what_is_dirty_is_not_wrong(stored: Database) -> None:
    insert_events([event(0, metadata={"land": "it"}, x=1)], database=stored)
    assert audit(stored) == []


def test_only_the_event_that_is_asked_for_is_compared(stored: Database) -> None:
    from db.audit_splits import differing_splits

    with stored.begin() as connection:
        connection.execute(text("UPDATE telemetry_splits SET count = 7"))
    with stored.begin() as connection:
        end = NOON + LEVELS[0].width
        assert differing_splits(connection, LEVELS[0], NOON, end, "a.b")
        assert not differing_splits(connection, LEVELS[0], NOON, end, "c.d")
