"""Retention: nothing that is not rolled up is dropped, nothing half dropped is recomputed; races forced."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from db import rollups
from db.buckets import purge_buckets_before
from db.engine import Database
from db.events import insert_events, query_events
from db.floors import Floor, PurgeRefusedError, align, raise_ingest_floor, raise_recompute_floor, read_floors
from db.jobs import tidy
from db.partitions import attached_partitions, purge_events_before
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.retention import PurgeReport, purge
from metrics_dash.jobs.rollup import roll_up, run_pass
from metrics_dash.settings import load_settings
from tests.support.locks import wait_for_a_lock_waiter
from tests.support.rollups import FOREVER, NOON, counts, event, marks, transaction, write_uncommitted

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 1, 10, tzinfo=UTC)
PERIODS = {"raw": 2 * DAY, "minute": 4 * DAY, "hour": 6 * DAY, "day": 8 * DAY}


def insert_days(database: Database, days: int, *, arrived: bool = True) -> None:
    """An event at noon of each of the days before NOON's, which came in long ago unless ``arrived`` is False."""
    insert_events([event(-60 * 24 * n, ms=n) for n in range(days)], database=database)
    if arrived:
        age_the_ledger(database)


def age_the_ledger(database: Database, by: str = "1 hour") -> None:
    with database.begin() as connection:
        connection.execute(
            text("UPDATE ingest_batches SET committed_at = committed_at - CAST(:by AS interval)"), {"by": by}
        )


def floors(database: Database) -> dict[str, Floor]:
    with database.begin() as connection:
        return read_floors(connection)


def raw_moments(database: Database) -> list[datetime]:
    return [row["occurred_at"] for row in query_events("a.b", *FOREVER, database=database)]


def outcomes(report: PurgeReport) -> dict[str, str]:
    return {level.level: level.outcome for level in report.levels}


def test_each_level_keeps_its_period_in_whole_days(database: Database) -> None:
    insert_days(database, 12)
    report = purge(database, PERIODS, NOON)
    assert outcomes(report) == dict.fromkeys(PERIODS, "purged")
    assert min(raw_moments(database)) == NOON - 2 * DAY
    assert min(counts(database)) == NOON - 4 * DAY
    assert min(counts(database, "hour")) == NOON - 6 * DAY
    assert min(counts(database, "day")) == MIDNIGHT - 8 * DAY
    assert {level: floor.recompute for level, floor in floors(database).items()} == {
        level: MIDNIGHT - period for level, period in PERIODS.items()
    }
    assert audit(database) == []


def test_what_is_dirty_is_rolled_up_before_it_is_dropped(database: Database) -> None:
    insert_days(database, 5)
    assert len(marks(database)) == 5
    purge(database, PERIODS, NOON)
    assert len(counts(database, "day")) == 5
    assert len(raw_moments(database)) == 3


def test_a_second_purge_finds_nothing(database: Database) -> None:
    insert_days(database, 12)
    purge(database, PERIODS, NOON)
    assert outcomes(purge(database, PERIODS, NOON)) == dict.fromkeys(PERIODS, "nothing")


def test_a_dry_run_says_what_would_go_and_changes_nothing(database: Database) -> None:
    insert_days(database, 12)
    run_pass(database)
    report = purge(database, PERIODS, NOON, dry_run=True)
    raw = report.levels[0]
    assert report.dry_run
    assert (raw.level, raw.outcome, raw.removed, raw.before) == ("raw", "purged", 9, MIDNIGHT - 2 * DAY)
    assert len(raw_moments(database)) == len(counts(database)) == 12
    assert floors(database)["raw"] == Floor(None, None, None)


def test_a_fresh_store_takes_history_as_nothing_raised_its_floor(database: Database) -> None:
    insert_days(database, 1)
    assert outcomes(purge(database, PERIODS, NOON)) == dict.fromkeys(PERIODS, "nothing")
    assert floors(database)["raw"] == Floor(None, None, None)
    assert insert_events([event(-60 * 24 * 300)], database=database) == 1


def test_after_a_purge_what_is_older_is_taken_as_far_as_days_are_held(database: Database) -> None:
    insert_days(database, 5)
    purge(database, PERIODS, NOON)
    assert insert_events([event(-60 * 24 * 9), event(-60 * 24 * 3), event(0)], database=database) == 2


def test_floors_never_fall(database: Database) -> None:
    insert_days(database, 12)
    purge(database, PERIODS, NOON)
    before = floors(database)
    purge(database, {level: 10 * period for level, period in PERIODS.items()}, NOON)
    assert floors(database) == before


def test_periods_come_from_the_settings(database: Database) -> None:
    insert_days(database, 5)
    report = purge(database, load_settings({"METRICS_RAW_RETENTION": "24h"}), NOON)
    assert report.levels[0].before == MIDNIGHT - DAY
    assert report.summary().startswith("raw: purged 3")


def test_a_cutoff_in_another_zone_is_aligned_to_utc_midnight() -> None:
    assert align(datetime.fromisoformat("2026-01-10T03:00:00+05:45")) == MIDNIGHT - DAY


# An import of history


def test_while_history_arrives_the_purge_is_held(database: Database) -> None:
    insert_days(database, 12, arrived=False)
    report = purge(database, PERIODS, NOON)
    assert outcomes(report) == {"raw": "held", "minute": "nothing", "hour": "nothing", "day": "nothing"}
    assert floors(database)["raw"].held_since == NOON
    assert len(raw_moments(database)) == 12


def test_once_it_is_quiet_the_purge_goes_on(database: Database) -> None:
    insert_days(database, 12, arrived=False)
    purge(database, PERIODS, NOON)
    age_the_ledger(database, "11 minutes")
    assert outcomes(purge(database, PERIODS, NOON + timedelta(hours=1)))["raw"] == "purged"
    assert floors(database)["raw"].held_since is None


def test_a_purge_is_not_held_for_ever(database: Database) -> None:
    insert_days(database, 12, arrived=False)
    assert outcomes(purge(database, PERIODS, NOON))["raw"] == "held"
    assert outcomes(purge(database, PERIODS, NOON + timedelta(hours=5, minutes=59)))["raw"] == "held"
    assert outcomes(purge(database, PERIODS, NOON + timedelta(hours=6)))["raw"] == "purged"


def test_a_dry_run_tells_of_a_hold_without_beginning_one(database: Database) -> None:
    insert_days(database, 12, arrived=False)
    assert outcomes(purge(database, PERIODS, NOON, dry_run=True))["raw"] == "held"
    assert floors(database)["raw"].held_since is None


# The sealed protocol


def test_a_purge_by_hand_is_refused_while_something_below_is_dirty(database: Database) -> None:
    insert_days(database, 3)
    with pytest.raises(PurgeRefusedError, match="2 dirty buckets"):
        purge_events_before(MIDNIGHT, database=database)
    assert floors(database)["raw"] == Floor(None, None, None)
    run_pass(database)
    assert purge_events_before(MIDNIGHT, database=database) == 2
    assert raw_moments(database) == [NOON]


def test_buckets_are_not_purged_below_what_they_could_be_made_from_again(database: Database) -> None:
    insert_days(database, 5)
    run_pass(database)
    assert purge_buckets_before("minute", MIDNIGHT, database=database) == 0
    purge_events_before(MIDNIGHT - 2 * DAY, database=database)
    assert purge_buckets_before("minute", MIDNIGHT, database=database) == 2
    with pytest.raises(ValueError, match="'week' is not a bucket type"):
        purge_buckets_before("week", MIDNIGHT, database=database)


def test_a_bucket_purge_is_refused_while_something_below_is_dirty(database: Database) -> None:
    insert_days(database, 5)
    run_pass(database)
    purge_events_before(MIDNIGHT, database=database)
    with database.begin() as connection:
        connection.execute(
            text("INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES ('hour', 'a.b', :start)"),
            {"start": NOON - 2 * DAY},
        )
    with pytest.raises(PurgeRefusedError):
        purge_buckets_before("minute", MIDNIGHT, database=database)
    assert len(counts(database)) == 5


def test_a_mark_that_can_not_be_drained_aborts_the_purge(database: Database) -> None:
    insert_days(database, 3)
    with pytest.raises(PurgeRefusedError):
        purge_events_before(MIDNIGHT, database=database, drain=lambda connection: None)
    assert len(raw_moments(database)) == 3
    assert floors(database)["raw"].recompute is None


def test_a_purge_waits_for_the_flush_that_read_the_old_floor_and_rolls_its_events_up(database: Database) -> None:
    insert_days(database, 3)
    run_pass(database)
    done: list[PurgeReport] = []
    with transaction(database) as flush:
        write_uncommitted(flush, database, event(-60 * 24 * 2, ms=100))
        thread = threading.Thread(target=lambda: done.append(purge(database, {**PERIODS, "raw": DAY}, NOON)))
        thread.start()
        wait_for_a_lock_waiter(database)
        assert done == []
        flush.commit()
    thread.join(60)
    assert outcomes(done[0])["raw"] == "purged"
    assert counts(database, "day")[MIDNIGHT - 2 * DAY] == 2
    assert marks(database) == []


def test_a_flush_that_comes_while_the_floor_rises_obeys_the_new_one(database: Database) -> None:
    insert_days(database, 3)
    stored: list[int] = []
    with transaction(database) as purger:
        purger.execute(
            text("UPDATE retention_floors SET ingest_floor = :floor WHERE level = 'raw'"), {"floor": MIDNIGHT}
        )
        late = [event(-60 * 24 * 2), event(0)]
        thread = threading.Thread(target=lambda: stored.append(insert_events(late, database=database)))
        thread.start()
        wait_for_a_lock_waiter(database)
        purger.commit()
    thread.join(30)
    assert stored == [2]
    assert len(raw_moments(database)) == 4
    assert [level for level, _ in marks(database)].count("late") == 1


def test_a_pass_under_way_is_waited_for_and_never_sees_half_a_day(database: Database) -> None:
    """The pass holds the lock with marks taken; the purge may drop nothing before it has committed."""
    insert_days(database, 3)
    done: list[PurgeReport] = []
    with transaction(database) as worker:
        assert rollups.try_lock(worker)
        thread = threading.Thread(target=lambda: done.append(purge(database, {**PERIODS, "raw": DAY}, NOON)))
        thread.start()
        wait_for_a_lock_waiter(database)
        roll_up(worker)
        assert len(raw_moments(database)) == 3
        worker.commit()
    thread.join(60)
    assert outcomes(done[0])["raw"] == "purged"
    assert len(counts(database, "day")) == 3


def test_a_pass_that_waited_for_a_purge_recomputes_nothing_below_the_floor(database: Database) -> None:
    insert_days(database, 3)
    run_pass(database)
    with transaction(database) as purger:
        assert rollups.try_lock(purger)
        raise_recompute_floor(purger, "raw", MIDNIGHT)
        assert not run_pass(database).acted
        purger.execute(text("DELETE FROM telemetry_events WHERE occurred_at < :floor"), {"floor": MIDNIGHT})
        purger.execute(
            text("INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES ('minute', 'a.b', :start)"),
            {"start": NOON - DAY},
        )
        purger.commit()
    assert run_pass(database).refused == 1
    assert len(counts(database)) == len(counts(database, "hour")) == len(counts(database, "day")) == 3


def test_a_long_reader_only_delays_the_purge(database: Database) -> None:
    insert_days(database, 3)
    run_pass(database)
    done: list[int] = []
    with transaction(database) as reader:
        reader.execute(text("SELECT count(*) FROM telemetry_events"))
        thread = threading.Thread(target=lambda: done.append(purge_events_before(MIDNIGHT, database=database)))
        thread.start()
        wait_for_a_lock_waiter(database)
        # Inserts queue behind the drop for 300 ms at most.
        assert insert_events([event(1)], database=database) == 1
        assert done == []
        reader.rollback()
        thread.join(60)
    assert done == [2]
    with database.begin() as connection:
        assert len(attached_partitions(connection)) == 1


# The clock


def set_the_watch(database: Database, ago: str) -> None:
    """The last look at the clock found it ``ago`` earlier than it says now."""
    with database.begin() as connection:
        connection.execute(
            text(
                "UPDATE retention_clock SET (even_since, seen_at, trusted_at) = (SELECT t - interval '1 hour', t, t "
                "FROM (SELECT clock_timestamp() - CAST(:ago AS interval) AS t) AS look)"
            ),
            {"ago": ago},
        )


def insert_recent_days(database: Database, days: int) -> None:
    now = datetime.now(UTC)
    insert_events([{"event_name": "a.b", "occurred_at": now - n * DAY} for n in range(days)], database=database)
    age_the_ledger(database)


def test_a_leap_of_the_clock_drops_nothing_and_raises_no_floor(database: Database) -> None:
    """The clock said five days less a moment ago."""
    insert_recent_days(database, 5)
    run_pass(database)
    set_the_watch(database, "5 days")
    assert outcomes(purge(database, PERIODS)) == dict.fromkeys(PERIODS, "nothing")
    assert outcomes(purge(database, PERIODS)) == dict.fromkeys(PERIODS, "nothing")
    assert len(raw_moments(database)) == 5
    assert floors(database)["raw"] == Floor(None, None, None)


def test_what_was_due_before_the_leap_goes_during_it(database: Database) -> None:
    insert_recent_days(database, 5)
    set_the_watch(database, "1 day")
    purge(database, PERIODS)
    assert floors(database)["raw"].recompute == align(datetime.now(UTC) - 3 * DAY)


@pytest.mark.parametrize("days", [5, -5])
def test_while_the_clocks_disagree_nothing_is_purged_and_events_go_on(database: Database, days: int) -> None:
    insert_recent_days(database, 5)
    wrong = datetime.now(UTC) + timedelta(days=days)
    report = purge(database, PERIODS, host_clock=lambda: wrong)
    assert outcomes(report) == dict.fromkeys(PERIODS, "blocked")
    assert not report.finished
    assert "this machine's clock is 5 days" in report.summary()
    assert len(raw_moments(database)) == 5
    assert insert_events([{"event_name": "a.b"}], database=database) == 1


def test_the_database_decides_and_not_whoever_says_when_now_is(database: Database) -> None:
    insert_recent_days(database, 2)
    purge(database, PERIODS, datetime.now(UTC) + 100 * DAY)
    assert len(raw_moments(database)) == 2


def test_no_purge_by_hand_goes_past_the_present(database: Database) -> None:
    insert_recent_days(database, 2)
    run_pass(database)
    in_a_month = datetime.now(UTC) + 30 * DAY
    assert purge_events_before(in_a_month, database=database) == 1
    assert purge_buckets_before("minute", in_a_month, database=database) == 1
    assert floors(database)["raw"].recompute == floors(database)["minute"].recompute == align(datetime.now(UTC))


@pytest.mark.parametrize("raise_floor", [raise_ingest_floor, raise_recompute_floor])
def test_no_floor_rises_into_the_future(database: Database, raise_floor: Callable[..., None]) -> None:
    with database.begin() as connection, pytest.raises(PurgeRefusedError, match="trusted time"):
        raise_floor(connection, "raw", align(datetime.now(UTC) + 2 * DAY))


def test_housekeeping_does_not_follow_a_leap(database: Database) -> None:
    insert_days(database, 1, arrived=False)
    age_the_ledger(database, "8 days")
    set_the_watch(database, "5 days")
    with database.begin() as connection:
        raise_ingest_floor(connection, "raw", align(datetime.now(UTC) - 6 * DAY))
        assert tidy(connection)["ingest_batches"] == 0
    set_the_watch(database, "0 days")
    with database.begin() as connection:
        assert tidy(connection)["ingest_batches"] == 1


# Readers


def test_a_reader_who_stays_blocks_the_purge_and_no_pass(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.partitions.DROP_ATTEMPTS", 2)
    monkeypatch.setattr("db.partitions.DROP_PAUSE_SECONDS", 0.01)
    insert_days(database, 5)
    with transaction(database) as reader:
        reader.execute(text("SELECT count(*) FROM telemetry_events"))
        report = purge(database, PERIODS, NOON)
        assert outcomes(report)["raw"] == "blocked"
        assert not report.finished
        insert_events([event(1)], database=database)
        assert run_pass(database).acted
    assert outcomes(purge(database, PERIODS, NOON))["raw"] == "purged"
