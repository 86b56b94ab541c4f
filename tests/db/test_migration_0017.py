"""Migration 0017: what an older version told apart stays so, keys are found to be wide from then on, and the way back
loses nothing else."""

from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database, use_database
from db.events import insert_events
from db.migrate import migrate
from db.partitions import forget_partitions
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.db.test_whole import REST, WIDE, compute_again, found, send, shown, who


@pytest.fixture
def older(empty_database: Database) -> Any:
    """Buckets as version 0016 had them: of every minute the values are told apart."""
    migrate(empty_database)
    use_database(empty_database)
    for minute in range(3):
        send(empty_database, *shown(minute))
        with empty_database.begin() as connection:
            connection.execute(text("DELETE FROM whole_keys"))
    migrate(empty_database, "0016")
    yield empty_database
    use_database(None)


TOLD = {"who:ann": 2, REST: WIDE - 1}


def test_buckets_of_an_older_version_stay_as_they_are_also_when_they_are_computed_again(older: Database) -> None:
    migrate(older)
    assert who(older) == {0: TOLD, 1: TOLD, 2: TOLD}
    assert found(older) == {}
    compute_again(older)
    assert who(older) == {0: TOLD, 1: TOLD, 2: TOLD}
    assert found(older) == {("a.b", "who"): 3}
    send(older, *shown(3))
    assert who(older)[3] == {REST: WIDE + 1}
    assert audit(older) == []


def test_the_way_back_leaves_every_bucket_as_it_is(older: Database) -> None:
    migrate(older)
    send(older, *shown(3))
    send(older, *shown(4))
    stored = who(older)
    migrate(older, "0016")
    assert who(older) == stored
    with older.begin() as connection:
        assert connection.execute(text("SELECT to_regclass('whole_keys')")).scalar_one() is None
    migrate(older)
    forget_partitions(older)
    insert_events(shown(5), database=older)
    roll_up_all(older)
    assert who(older)[5] == TOLD
    assert audit(older) == []
