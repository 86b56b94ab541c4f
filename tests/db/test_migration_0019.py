"""Migration 0019: minutes of an older version have no fives and are read as they are, what it writes from then on is
marked, and the way back leaves nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database, use_database
from db.events import insert_events
from db.migrate import migrate
from db.partitions import forget_partitions
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all, run_pass
from tests.db.test_fives import kept, stale
from tests.db.test_slices import execute, pass_of_an_older_version
from tests.support.rollups import NOON, counts, event

FIVE = timedelta(minutes=5)


@pytest.fixture
def migrated(empty_database: Database) -> Iterator[Database]:
    migrate(empty_database)
    use_database(empty_database)
    yield empty_database
    use_database(None)


def since(database: Database) -> datetime | None:
    """From when on there are fives; None for ever."""
    found = execute(database, "SELECT CASE WHEN since > '-infinity' THEN since END FROM fives_since").scalar_one()
    return None if found is None else found.astimezone(UTC)


def happened(moment: datetime) -> dict[str, Any]:
    return {**event(), "occurred_at": moment}


def upgraded(database: Database, *events: dict[str, Any]) -> None:
    """A store that an older version filled."""
    migrate(database, "0018")
    insert_events(list(events), database=database)
    pass_of_an_older_version(database)
    migrate(database)
    forget_partitions(database)


def test_a_store_without_minutes_has_fives_of_all_that_comes(migrated: Database) -> None:
    assert since(migrated) is None
    insert_events([event(0)], database=migrated)
    run_pass(migrated)
    assert kept(migrated) == {NOON: 1}


def test_minutes_that_were_there_have_no_fives(migrated: Database) -> None:
    before = datetime.now(UTC)
    upgraded(migrated, event(0))
    begun = since(migrated)
    assert begun is not None
    assert before < begun <= datetime.now(UTC) + FIVE
    assert begun.timestamp() % 300 == 0
    assert stale(migrated) == {}
    insert_events([event(1)], database=migrated)
    roll_up_all(migrated)
    assert counts(migrated) == {NOON: 1, NOON + timedelta(minutes=1): 1}
    assert (kept(migrated), stale(migrated)) == ({}, {})


def test_minutes_of_a_time_that_is_still_to_come_are_marked(migrated: Database) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=12)
    upgraded(migrated, event(0), happened(ahead))
    start = datetime.fromtimestamp(ahead.timestamp() // 300 * 300, UTC)
    assert stale(migrated) == {start: False}


def test_what_an_older_version_writes_beside_this_one_is_marked(migrated: Database) -> None:
    now = datetime.now(UTC)
    upgraded(migrated, event(0))
    execute(migrated, "UPDATE fives_since SET since = :t", t=NOON + FIVE)
    insert_events([event(1), event(6), happened(now)], database=migrated)
    pass_of_an_older_version(migrated)
    execute(
        migrated,
        "INSERT INTO telemetry_buckets (event_name, bucket_type, bucket_start, count) VALUES ('a.b', 'minute', :t, 1)",
        t=NOON + 2 * FIVE,
    )
    assert list(stale(migrated))[:2] == [NOON + FIVE, NOON + 2 * FIVE]
    assert kept(migrated) == {}


def test_rows_of_any_other_kind_are_refused_as_before(migrated: Database) -> None:
    with pytest.raises(Exception, match="telemetry_buckets_type"), migrated.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO telemetry_buckets (event_name, bucket_type, bucket_start, count) "
                "VALUES ('a.b', 'second', :t, 1)"
            ),
            {"t": NOON},
        )


def test_the_way_back_leaves_buckets_as_they_are_and_no_fives(migrated: Database) -> None:
    insert_events([event(0), event(7)], database=migrated)
    run_pass(migrated)
    before = counts(migrated)
    migrate(migrated, "0018")
    assert execute(migrated, "SELECT to_regclass('stale_fives')").scalar_one() is None
    assert execute(migrated, "SELECT count(*) FROM pg_proc WHERE proname = 'fives_are_stale'").scalar_one() == 0
    assert (kept(migrated), counts(migrated)) == ({}, before)
    insert_events([event(1)], database=migrated)
    pass_of_an_older_version(migrated)
    migrate(migrated)
    forget_partitions(migrated)
    roll_up_all(migrated)
    assert counts(migrated, "day") == {NOON.replace(hour=0): 3}
    assert audit(migrated) == []
