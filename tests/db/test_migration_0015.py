"""Migration 0015: buckets of an older version get splits once a dimension is declared, and the way back leaves them."""

from typing import Any

import pytest
from sqlalchemy import text

from db.declared import Declared
from db.engine import Database, use_database
from db.events import insert_events
from db.migrate import migrate
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all, run_pass
from tests.db.test_splits import counts
from tests.support.rollups import event

LAND = {"a.b": ["land"]}


@pytest.fixture
def older(empty_database: Database) -> Any:
    """Buckets as version 0014 had them."""
    migrate(empty_database)
    use_database(empty_database)
    insert_events([event(n, metadata={"land": "de"}) for n in range(3)], database=empty_database)
    roll_up_all(empty_database)
    migrate(empty_database, "0014")
    yield empty_database
    use_database(None)


def test_a_declaration_reaches_buckets_of_an_older_version(older: Database) -> None:
    migrate(older)
    assert counts(older, "hour") == {}
    assert audit(older) == []
    run_pass(older, declared=Declared(split=LAND))
    assert counts(older) == counts(older, "hour") == counts(older, "day") == {"de": 3}
    assert audit(older) == []


def test_the_way_back_leaves_the_rest_as_it_is(older: Database) -> None:
    migrate(older)
    run_pass(older, declared=Declared(split=LAND))
    migrate(older, "0014")
    with older.begin() as connection:
        stored = connection.execute(text("SELECT count(*) FROM telemetry_buckets")).scalar_one()
        kinds = set(connection.execute(text("SELECT kind FROM event_keys")).scalars())
    assert stored == 5
    assert kinds == {"metadata"}
