"""Buckets that can't be computed: marked until they are, named meanwhile, and in nobody's way."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db import rollups
from db.declared import Declared
from db.engine import Database
from db.events import insert_events
from db.failures import FIRST_PAUSE, LONGEST_PAUSE, UncomputedBucket, uncomputed
from db.status import pipeline_status
from metrics_dash.jobs.audit import Difference, Uncomparable, audit
from metrics_dash.jobs.retention import purge
from metrics_dash.jobs.rollup import roll_up_all, run_pass
from tests.support.older import store_unchecked
from tests.support.rollups import (
    NOON,
    assert_every_level_is_a_group_by_over_raw,
    buckets,
    counts,
    event,
    marks,
    transaction,
    write_uncommitted,
)

DAY = timedelta(days=1)
HUGE = 1.7e308


def overflow(database: Database, minute: float = 0, name: str = "a.b", **options: Any) -> None:
    """Two measurements of an older version that no double can hold the sum of."""
    store_unchecked(database, [event(minute, name, ms=HUGE), event(minute, name, ms=HUGE)], **options)


def failing(database: Database) -> list[tuple[str, str, datetime]]:
    with database.begin() as connection:
        return [(each.level, each.event_name, each.bucket_start) for each in uncomputed(connection)]


def the_failure(database: Database) -> UncomputedBucket:
    with database.begin() as connection:
        (found,) = uncomputed(connection)
    return found


def execute(database: Database, statement: str, **parameters: Any) -> Any:
    with database.begin() as connection:
        return connection.execute(text(statement), parameters)


def cure(database: Database) -> None:
    execute(database, "DELETE FROM telemetry_events WHERE measurements @> '{\"ms\": 1.7e308}'")


def let_it_be_due(database: Database) -> None:
    execute(database, "UPDATE rollup_failures SET next_try_at = clock_timestamp() WHERE next_try_at < 'infinity'")


def test_a_bucket_that_cant_be_computed_is_kept_in_mind_and_holds_up_no_other(database: Database) -> None:
    overflow(database)
    insert_events([event(1, ms=1), event(2, ms=2)], database=database)
    assert run_pass(database).failed == 1
    assert counts(database) == {NOON + timedelta(minutes=1): 1, NOON + timedelta(minutes=2): 1}
    assert failing(database) == [("minute", "a.b", NOON)]
    assert the_failure(database).reason == "22003: value out of range: overflow"
    assert marks(database) == []


def test_it_keeps_the_state_that_it_had(database: Database) -> None:
    insert_events([event(ms=1)], database=database)
    run_pass(database)
    overflow(database)
    run_pass(database)
    assert counts(database) == {NOON: 1}
    assert counts(database, "day") == {NOON - timedelta(hours=12): 1}


def test_it_is_not_tried_before_its_time_whatever_comes_in(database: Database) -> None:
    overflow(database)
    run_pass(database)
    for _ in range(3):
        insert_events([event(0.5, ms=1), event(5, ms=1)], database=database)
        result = run_pass(database)
        assert result.failed == 0
        assert result.rebuilt["minute"] == 1
    assert the_failure(database).tries == 1
    assert marks(database) == []


def test_it_is_tried_again_ever_more_rarely(database: Database) -> None:
    overflow(database)
    pauses = []
    for _ in range(9):
        run_pass(database)
        pauses.append(
            execute(
                database, "SELECT round(extract(epoch FROM next_try_at - clock_timestamp())) FROM rollup_failures"
            ).scalar_one()
        )
        let_it_be_due(database)
    minutes = [round(float(pause) / 60) for pause in pauses]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert (timedelta(minutes=1), timedelta(hours=1)) == (FIRST_PAUSE, LONGEST_PAUSE)
    assert the_failure(database).tries == 9


def test_it_is_right_as_soon_as_it_can_be_computed_and_nothing_is_said_of_it_any_more(database: Database) -> None:
    overflow(database)
    insert_events([event(0.5, ms=3), event(30, ms=4)], database=database)
    run_pass(database)
    cure(database)
    run_pass(database)
    assert failing(database) == [("minute", "a.b", NOON)]
    let_it_be_due(database)
    result = run_pass(database)
    assert (result.failed, dict(result.rebuilt)) == (0, {"minute": 1, "hour": 1, "day": 1})
    assert failing(database) == []
    assert audit(database) == []
    assert_every_level_is_a_group_by_over_raw(database)


def test_a_command_tries_at_once(database: Database) -> None:
    overflow(database)
    roll_up_all(database)
    assert failing(database) == [("minute", "a.b", NOON)]
    cure(database)
    roll_up_all(database)
    assert failing(database) == []


def test_many_that_fail_are_all_kept_and_tried_a_few_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in range(12):
        overflow(database, minute)
    insert_events([event(minute, ms=1) for minute in range(20, 40)], database=database)
    assert run_pass(database).failed == 12
    assert len(counts(database)) == 20
    monkeypatch.setattr("db.failures.RETRIES_PER_PASS", 5)
    let_it_be_due(database)
    assert [run_pass(database).failed for _ in range(4)] == [5, 5, 2, 0]
    cure(database)
    roll_up_all(database)
    assert failing(database) == []
    assert_every_level_is_a_group_by_over_raw(database)


def test_a_pass_that_is_rolled_back_forgets_nothing(database: Database) -> None:
    overflow(database)
    with transaction(database) as worker:
        rollups.lock(worker)
        keys = rollups.take(worker, "minute", 10)
        assert len(keys) == 1
        worker.rollback()
    assert marks(database) == [("minute", NOON), ("minute", NOON)]
    run_pass(database)
    let_it_be_due(database)
    with database.engine.connect() as worker:
        from metrics_dash.jobs.rollup import roll_up

        rollups.lock(worker)
        roll_up(worker)
        worker.rollback()
    assert the_failure(database).tries == 1


def test_an_event_that_commits_while_its_bucket_is_tried_again_is_not_lost(database: Database) -> None:
    overflow(database)
    run_pass(database)
    cure(database)
    let_it_be_due(database)
    with transaction(database) as flush:
        write_uncommitted(flush, database, event(0.5, ms=1))
        run_pass(database)
        flush.commit()
    assert marks(database) == [("minute", NOON)]
    run_pass(database)
    assert counts(database) == {NOON: 1}


@pytest.mark.parametrize("level", ["hour", "day"])
def test_a_coarser_bucket_that_cant_be_computed_is_kept_in_mind_too(database: Database, level: str) -> None:
    apart = {"hour": 1, "day": 60}[level]
    store_unchecked(database, [event(0, ms=HUGE), event(apart, ms=HUGE), event(0, "c.d", ms=1)])
    run_pass(database)
    assert [(each[0], each[1]) for each in failing(database)] == (
        [("hour", "a.b")] if level == "hour" else [("day", "a.b")]
    )
    assert len(counts(database, level, "c.d")) == 1
    cure(database)
    execute(
        database,
        "INSERT INTO rollup_dirty (level, event_name, bucket_start) "
        "SELECT bucket_type, event_name, bucket_start FROM telemetry_buckets WHERE bucket_type = 'minute'",
    )
    let_it_be_due(database)
    run_pass(database)
    let_it_be_due(database)
    run_pass(database)
    assert failing(database) == []
    assert audit(database) == []


def test_a_bucket_too_large_for_a_map_is_one_that_cant_be_computed(database: Database) -> None:
    insert_events([event(0, ms=1), event(1, ms=2)], database=database)
    run_pass(database)
    execute(database, "UPDATE telemetry_buckets SET sum_values = '{\"ms\": \"much\"}' WHERE bucket_type = 'minute'")
    insert_events([event(0, "c.d"), event(2, ms=1)], database=database)
    assert run_pass(database).failed == 1
    assert failing(database) == [("hour", "a.b", NOON)]
    assert "22P02" in the_failure(database).reason
    assert len(counts(database, "hour", "c.d")) == 1


# What is said of it


def test_the_status_tells_of_it_and_the_watermark_goes_on(database: Database) -> None:
    overflow(database)
    run_pass(database)
    with database.begin() as connection:
        status = pipeline_status(connection)
    assert [str(each)[: len("minute 2026")] for each in status.uncomputed] == ["minute 2026"]
    assert status.oldest_dirty_at is None
    assert status.complete_through == status.now


def test_the_audit_names_it_and_goes_on(database: Database) -> None:
    overflow(database)
    insert_events([event(0, "c.d", ms=1), event(DAY / timedelta(minutes=1), "c.d", ms=2)], database=database)
    run_pass(database)
    execute(database, "UPDATE telemetry_buckets SET count = 7 WHERE event_name = 'c.d' AND bucket_type = 'minute'")
    found = audit(database)
    assert [type(each) for each in found] == [UncomputedBucket] + [Difference] * 4
    assert str(found[0]).startswith("minute 2026-01-10T12:00:00+00:00 a.b: can't be computed since ")


def test_the_audit_names_what_an_older_version_forgot(database: Database) -> None:
    overflow(database, marked=False)
    insert_events([event(0, "c.d", ms=1), event(59, ms=1)], database=database)
    run_pass(database)
    execute(database, "UPDATE telemetry_buckets SET count = 7 WHERE event_name = 'c.d' AND bucket_type = 'day'")
    first, second = audit(database)
    assert first == Uncomparable("minute", "a.b", NOON, "22003: value out of range: overflow")
    assert isinstance(second, Difference)
    assert second.stored == 7


def test_the_audit_compares_no_unique_values_of_what_is_known_not_to_be_computable(database: Database) -> None:
    insert_events([event(0, metadata={"who": "ann"})], database=database)
    run_pass(database, declared=Declared(unique={"a.b": ["who"]}))
    store_unchecked(database, [event(0, metadata={"who": "bob"}, ms=HUGE), event(0, ms=HUGE)])
    run_pass(database)
    assert [type(each) for each in audit(database)] == [UncomputedBucket]


def test_the_audit_says_once_what_is_wrong_beside_what_can_not_be_compared(database: Database) -> None:
    overflow(database, marked=False)
    insert_events([event(0, "c.d", {"who": "ann"}), event(0, "e.f")], database=database)
    run_pass(database, declared=Declared(unique={"c.d": ["who"]}))
    execute(
        database,
        "UPDATE telemetry_buckets SET uniques = jsonb_build_object('who', 'e1:') "
        "WHERE event_name = 'c.d' AND bucket_type = 'minute'",
    )
    wrong = [each for each in audit(database) if isinstance(each, Difference) and each.level == "minute"]
    assert [(each.event_name, each.what) for each in wrong] == [("c.d", "unique values of who")]


def test_the_audit_says_nothing_of_what_was_not_tried_yet(database: Database) -> None:
    overflow(database)
    assert audit(database) == []


@pytest.mark.parametrize("values", [[5e-324] * 3, [5e-324, -5e-324, 1e-310], [1e289, -1e289, 5e-324], [0.0, -0.0]])
def test_the_audit_can_compare_whatever_may_come_in(database: Database, values: list[float]) -> None:
    insert_events([event(n, ms=value) for n, value in enumerate([*values, *values])], database=database)
    run_pass(database)
    assert audit(database) == []
    (day,) = buckets(database, "day")
    assert (day["min_values"]["ms"], day["max_values"]["ms"]) == (min(values), max(values))
    assert day["sum_values"]["ms"] == pytest.approx(2 * sum(values))


# Purging


def test_it_holds_up_no_purge_and_is_said_to_be_lost_until_its_level_is_purged_too(database: Database) -> None:
    overflow(database)
    insert_events([event(24 * 60, ms=1)], database=database)
    run_pass(database)
    execute(database, "UPDATE ingest_batches SET committed_at = committed_at - interval '1 hour'")
    periods = {"raw": DAY, "minute": 2 * DAY, "hour": 3 * DAY, "day": 4 * DAY}
    assert not purge(database, periods, NOON + DAY + timedelta(hours=12)).refused
    run_pass(database)
    assert the_failure(database).lost
    roll_up_all(database)
    assert the_failure(database).lost
    assert [type(each) for each in audit(database)] == [UncomputedBucket]
    assert not purge(database, periods, NOON + 3 * DAY).refused
    assert failing(database) == []
