"""Migration 0018: what an older version marked and stored is folded from raw, and the way back loses nothing."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from db.engine import Database, use_database
from db.events import insert_events
from db.migrate import migrate
from db.partitions import forget_partitions
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all, run_pass
from tests.db.test_slices import _any_time_is_now as _any_time_is_now
from tests.db.test_slices import at, kept, sliced
from tests.support.rollups import NOON, counts


@pytest.fixture
def migrated(empty_database: Database) -> Iterator[Database]:
    migrate(empty_database)
    use_database(empty_database)
    yield empty_database
    use_database(None)


def test_what_an_older_version_marked_is_folded_from_raw(migrated: Database) -> None:
    insert_events([at(1), at(21)], database=migrated)
    run_pass(migrated)
    insert_events([at(31)], database=migrated)
    migrate(migrated, "0017")
    migrate(migrated)
    forget_partitions(migrated)
    assert sliced(migrated) == [False]
    run_pass(migrated)
    assert counts(migrated) == {NOON: 3}
    assert (sliced(migrated), kept(migrated)) == ([False], {})
    assert audit(migrated) == []


def test_the_way_back_leaves_buckets_and_marks_as_they_are(migrated: Database) -> None:
    insert_events([at(1)], database=migrated)
    run_pass(migrated)
    insert_events([at(31)], database=migrated)
    migrate(migrated, "0017")
    with migrated.begin() as connection:
        assert connection.execute(text("SELECT level, bucket_start FROM rollup_dirty")).one() == ("minute", NOON)
        assert connection.execute(text("SELECT to_regclass('slice_buckets')")).scalar_one() is None
    assert counts(migrated) == {NOON: 1}
    migrate(migrated)
    roll_up_all(migrated)
    assert counts(migrated, "day") == {NOON.replace(hour=0): 2}
