"""Migration 0012: buckets that an older version made or makes get unique counts once a key is declared."""

from typing import Any

import pytest
from sqlalchemy import text

from db.declared import Declared
from db.engine import Database, use_database
from db.events import insert_events
from db.migrate import migrate
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all, run_pass
from tests.support.rollups import NOON, buckets, event

WHO = {"a.b": ["who"]}


@pytest.fixture
def older(empty_database: Database) -> Any:
    """Buckets as version 0010 had them."""
    migrate(empty_database)
    use_database(empty_database)
    insert_events([event(n, metadata={"who": n}) for n in range(3)], database=empty_database)
    roll_up_all(empty_database)
    migrate(empty_database, "0010")
    yield empty_database
    use_database(None)


def uniques(database: Database, level: str = "hour") -> list[Any]:
    return [bucket["uniques"] for bucket in buckets(database, level)]


def test_a_declaration_reaches_buckets_of_an_older_version(older: Database) -> None:
    migrate(older)
    assert uniques(older) == [{}]
    run_pass(older, declared=Declared(unique=WHO))
    assert uniques(older) == uniques(older, "day") == [{"who": 3}]
    assert audit(older) == []


def test_what_an_older_version_computes_meanwhile_is_computed_again(older: Database) -> None:
    migrate(older)
    run_pass(older, declared=Declared(unique=WHO))
    with older.begin() as connection:
        # As that version does: it deletes a bucket and inserts it again, and names none of what is new.
        connection.execute(
            text("UPDATE telemetry_buckets SET histograms = NULL, uniques = NULL WHERE bucket_start = :at"),
            {"at": NOON},
        )
    assert audit(older) == []
    run_pass(older, declared=Declared(unique=WHO))
    assert uniques(older) == [{"who": 3}]
    assert audit(older) == []


def test_the_way_back_leaves_the_rest_as_it_is(older: Database) -> None:
    migrate(older)
    run_pass(older, declared=Declared(unique=WHO))
    migrate(older, "0011")
    with older.begin() as connection:
        rows = connection.execute(text("SELECT * FROM telemetry_buckets")).mappings().all()
        kinds = set(connection.execute(text("SELECT kind FROM event_keys")).scalars())
    assert len(rows) == 5
    assert "uniques" not in rows[0]
    assert kinds == {"metadata"}
