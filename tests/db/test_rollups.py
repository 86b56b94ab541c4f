"""The roll_up, against plain GROUP BYs over raw, and every race that could lose or overwrite a bucket, forced."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from db import rollups
from db.engine import Database
from db.events import insert_events
from db.levels import LEVELS
from metrics_dash.jobs.rollup import roll_up, roll_up_all, run_pass
from tests.support.locks import wait_for_a_lock_waiter
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

# What a bucket holds


def test_a_bucket_holds_count_sum_min_max_and_number_of_each_measurement(database: Database) -> None:
    insert_events([event(0, ms=3.5), event(0.5, ms=-1), event(0.9, ms=10, hp=7), event(0.99)], database=database)
    run_pass(database)
    (bucket,) = buckets(database)
    assert bucket["bucket_start"] == NOON
    assert bucket["count"] == 4
    assert bucket["sum_values"] == {"ms": 12.5, "hp": 7}
    assert bucket["min_values"] == {"ms": -1, "hp": 7}
    assert bucket["max_values"] == {"ms": 10, "hp": 7}
    assert bucket["value_counts"] == {"ms": 3, "hp": 1}


def test_hours_and_days_are_folded_from_the_finer_level(database: Database) -> None:
    insert_events([event(0, ms=1), event(1, ms=2), event(61, ms=4), event(60 * 12, ms=8)], database=database)
    run_pass(database)
    assert counts(database, "hour") == {
        NOON: 2,
        NOON + timedelta(hours=1): 1,
        NOON + timedelta(hours=12): 1,
    }
    midnight = NOON - timedelta(hours=12)
    days = {bucket["bucket_start"]: bucket for bucket in buckets(database, "day")}
    assert {start: bucket["count"] for start, bucket in days.items()} == {midnight: 3, midnight + timedelta(days=1): 1}
    assert days[midnight]["sum_values"] == {"ms": 7}
    assert days[midnight]["min_values"] == {"ms": 1}
    assert days[midnight]["max_values"] == {"ms": 4}
    assert days[midnight]["value_counts"] == {"ms": 3}


def test_events_on_a_boundary_belong_to_the_bucket_that_it_begins(database: Database) -> None:
    tick = timedelta(microseconds=1)
    moments = [NOON - tick, NOON, NOON + timedelta(minutes=1) - tick, NOON + timedelta(minutes=1)]
    insert_events([{"event_name": "a.b", "occurred_at": moment} for moment in moments], database=database)
    run_pass(database)
    minute = timedelta(minutes=1)
    assert counts(database) == {NOON - minute: 1, NOON: 2, NOON + minute: 1}
    assert counts(database, "hour") == {NOON - timedelta(hours=1): 1, NOON: 3}


def test_an_event_without_measurements_is_only_counted(database: Database) -> None:
    insert_events([event(), event()], database=database)
    run_pass(database)
    (bucket,) = buckets(database)
    empty = {"sum_values", "min_values", "max_values", "value_counts", "metadata_counts"}
    assert bucket["count"] == 2
    assert {key for key in empty if bucket[key] == {}} == empty


def test_many_measurements_in_one_event_are_all_folded(database: Database) -> None:
    wide = {f"m{n}": n + 0.5 for n in range(64)}
    insert_events([event(0, **wide), event(0, m3=1), event(0, m9=100), event(0)], database=database)
    run_pass(database)
    (bucket,) = buckets(database)
    assert bucket["sum_values"] == {**wide, "m3": 4.5, "m9": 109.5}
    assert bucket["min_values"] == {**wide, "m3": 1}
    assert bucket["max_values"] == {**wide, "m9": 100}
    assert bucket["value_counts"] == {**dict.fromkeys(wide, 1), "m3": 2, "m9": 2}


def test_measurements_that_differ_from_event_to_event_are_all_folded(database: Database) -> None:
    insert_events([event(n / 60, **{f"m{n % 5}": n}) for n in range(50)], database=database)
    insert_events([event(n / 60, m0=n, m1=n, m2=n) for n in range(5)], database=database)
    run_pass(database)
    (bucket,) = buckets(database)
    expected = {f"m{k}": sum(n for n in range(50) if n % 5 == k) + (10 if k < 3 else 0) for k in range(5)}
    assert bucket["sum_values"] == expected
    assert bucket["value_counts"] == {f"m{k}": 15 if k < 3 else 10 for k in range(5)}


def test_metadata_is_counted_by_key_and_value_each_by_itself(database: Database) -> None:
    with_all = {"success": True, "zone": "north", "level": 7, "ratio": 1.5, "guild": None}
    insert_events([event(metadata=with_all), event(metadata={"success": False}), event(metadata={"success": True})])
    run_pass(database)
    (bucket,) = buckets(database)
    assert bucket["metadata_counts"] == {
        "success:true": 2,
        "success:false": 1,
        "zone:north": 1,
        "level:7": 1,
        "ratio:1.5": 1,
        "guild:null": 1,
    }


@pytest.mark.parametrize("level", ["minute", "hour", "day"])
def test_of_a_keys_values_the_fifty_most_frequent_stay_and_the_rest_is_counted_together(
    database: Database, level: str
) -> None:
    players = [player for player in range(60) for _ in range(60 - player)]
    insert_events([event(metadata={"player": player, "ok": True}) for player in players], database=database)
    run_pass(database)
    (bucket,) = buckets(database, level)
    found = bucket["metadata_counts"]
    assert found.pop("ok:true") == len(players)
    assert found.pop("player:__other__") == sum(range(1, 11))
    assert found == {f"player:{player}": 60 - player for player in range(50)}


@pytest.mark.parametrize("level", ["minute", "hour", "day"])
def test_values_that_tie_for_the_last_places_are_all_counted_together(database: Database, level: str) -> None:
    players = [*range(49), *range(60)]
    insert_events([event(metadata={"player": player, "id": n}) for n, player in enumerate(players)], database=database)
    run_pass(database)
    (bucket,) = buckets(database, level)
    assert bucket["metadata_counts"] == {
        **{f"player:{player}": 2 for player in range(49)},
        "player:__other__": 11,
        "id:__other__": 109,
    }


@pytest.mark.parametrize("size", [49, 50])
def test_up_to_fifty_values_all_stay_even_if_they_tie(database: Database, size: int) -> None:
    insert_events([event(metadata={"player": player}) for player in range(size)], database=database)
    run_pass(database)
    (bucket,) = buckets(database)
    assert bucket["metadata_counts"] == {f"player:{player}": 1 for player in range(size)}


def test_the_rest_of_the_finer_level_stays_the_rest_and_the_total_is_kept(database: Database) -> None:
    insert_events(
        [event(m, metadata={"p": n if n < 5 else f"{m}-{n}"}) for m in range(3) for n in [*range(5), *range(60)]],
        database=database,
    )
    run_pass(database)
    (hour,) = buckets(database, "hour")
    assert hour["metadata_counts"] == {**{f"p:{n}": 6 for n in range(5)}, "p:__other__": 165}


def test_a_value_with_the_name_of_the_rest_counts_with_the_rest(database: Database) -> None:
    values = ["__other__", "__other__", *range(60), 1]
    insert_events([event(metadata={"p": value}) for value in values], database=database)
    run_pass(database)
    for level in ("minute", "hour", "day"):
        (bucket,) = buckets(database, level)
        assert bucket["metadata_counts"] == {"p:1": 2, "p:__other__": 61}


def test_a_keys_value_may_hold_colons_quotes_and_percent_signs(database: Database) -> None:
    insert_events([event(metadata={"url": 'http://x/?a="%s":\\1', "ü": "é"})], database=database)
    run_pass(database)
    (bucket,) = buckets(database)
    assert bucket["metadata_counts"] == {'url:http://x/?a="%s":\\1': 1, "ü:é": 1}


def test_extreme_numbers_are_exact(database: Database) -> None:
    values = [1e289, -1e289, 5e-324, 2.2e-308, -0.1, 2**53, 1e-7]
    insert_events([event(**{f"m{n}": value}) for n, value in enumerate(values)], database=database)
    run_pass(database)
    (bucket,) = buckets(database)
    assert bucket["min_values"] == {f"m{n}": value for n, value in enumerate(values)}
    assert bucket["sum_values"] == bucket["min_values"] == bucket["max_values"]


@pytest.mark.parametrize("minutes", [1, 200])
def test_scanning_and_probing_find_the_same(database: Database, minutes: int) -> None:
    kinds = [event(m + n / 9, f"n.x{n}", {"k": n}, v=m * n, w=n) for m in range(minutes) for n in range(4)]
    insert_events([*kinds, *kinds, *kinds[:7]], database=database)
    run_pass(database)
    assert_every_level_is_a_group_by_over_raw(database)


# When it is computed


def test_a_late_event_reaches_its_minute_hour_and_day_in_one_pass(database: Database) -> None:
    insert_events([event(0, ms=1), event(180, ms=1)], database=database)
    run_pass(database)
    insert_events([event(0.5, ms=5)], database=database)
    result = run_pass(database)
    assert dict(result.rebuilt) == {"minute": 1, "hour": 1, "day": 1}
    assert counts(database)[NOON] == counts(database, "hour")[NOON] == 2
    assert buckets(database, "day")[0]["sum_values"] == {"ms": 7}


def test_a_pass_without_dirty_buckets_changes_nothing(database: Database) -> None:
    insert_events([event(ms=1)], database=database)
    run_pass(database)
    before = [buckets(database, level.name) for level in LEVELS]
    assert run_pass(database).total == 0
    assert [buckets(database, level.name) for level in LEVELS] == before


def test_marking_a_bucket_again_changes_nothing_but_its_stamp(database: Database) -> None:
    insert_events([event(n / 7, ms=n) for n in range(100)], database=database)
    run_pass(database)
    before = [buckets(database, level.name) for level in LEVELS]
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rollup_dirty (level, event_name, bucket_start) "
                "SELECT bucket_type, event_name, bucket_start FROM telemetry_buckets WHERE bucket_type <> 'five'"
            )
        )
    run_pass(database)
    after = [buckets(database, level.name) for level in LEVELS]
    for one, other in zip(before, after, strict=True):
        assert [{**b, "inserted_at": None} for b in one] == [{**b, "inserted_at": None} for b in other]


def test_a_bucket_whose_events_are_gone_goes_too(database: Database) -> None:
    insert_events([event(0), event(1)], database=database)
    run_pass(database)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM telemetry_events WHERE occurred_at = :noon"), {"noon": NOON})
        connection.execute(
            text("INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES ('minute', 'a.b', :noon)"),
            {"noon": NOON},
        )
    run_pass(database)
    assert counts(database) == {NOON + timedelta(minutes=1): 1}
    assert counts(database, "day") == {NOON - timedelta(hours=12): 1}


def test_many_marks_of_one_bucket_cost_one_recompute(database: Database) -> None:
    for _ in range(5):
        insert_events([event()], database=database)
    assert run_pass(database, limit=1).rebuilt["minute"] == 1
    assert marks(database) == []
    assert counts(database) == {NOON: 5}


def test_the_newest_buckets_come_first(database: Database) -> None:
    insert_events([event(minute) for minute in range(5)], database=database)
    assert run_pass(database, limit=2).more
    assert list(counts(database)) == [NOON + timedelta(minutes=3), NOON + timedelta(minutes=4)]


def test_coarser_marks_are_as_old_as_the_oldest_they_come_from(database: Database) -> None:
    insert_events([event(0), event(1)], database=database)
    oldest = NOON + timedelta(hours=1)
    with database.begin() as connection:
        connection.execute(
            text("UPDATE rollup_dirty SET marked_at = CASE WHEN bucket_start = :noon THEN :oldest ELSE now() END"),
            {"noon": NOON, "oldest": oldest},
        )
    minute, hour, _ = LEVELS
    with database.begin() as connection:
        rollups.mark_dirty(connection, hour, rollups.take(connection, minute.name, 10))
        rows = connection.execute(text("SELECT level, bucket_start, marked_at FROM rollup_dirty")).fetchall()
    assert rows == [("hour", NOON, oldest)]


def test_the_sessions_time_zone_moves_no_bucket(database: Database) -> None:
    insert_events([event(0), event(60 * 11.5), event(60 * 12.5)], database=database)
    with database.begin() as connection:
        connection.execute(text("SET LOCAL TimeZone = 'Asia/Kathmandu'"))
        roll_up(connection)
    assert_every_level_is_a_group_by_over_raw(database)
    midnight = NOON - timedelta(hours=12)
    assert counts(database, "day") == {midnight: 2, midnight + timedelta(days=1): 1}


def test_what_lies_below_the_recompute_floor_is_dropped_counted_and_left_as_it_is(database: Database) -> None:
    insert_events([event(0), event(0), event(24 * 60)], database=database)
    run_pass(database)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM telemetry_events WHERE occurred_at = :noon"), {"noon": NOON})
        connection.execute(
            text("UPDATE retention_floors SET recompute_floor = :floor WHERE level = 'raw'"),
            {"floor": NOON + timedelta(hours=12)},
        )
        connection.execute(
            text("INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES ('minute', 'a.b', :noon)"),
            {"noon": NOON},
        )
    result = run_pass(database)
    assert (result.refused, result.total) == (1, 0)
    assert counts(database)[NOON] == 2
    assert marks(database) == []


# Races, forced


def test_an_insert_that_commits_after_a_pass_is_left_for_the_next_one(database: Database) -> None:
    insert_events([event(0, ms=1)], database=database)
    with transaction(database) as flush:
        write_uncommitted(flush, database, event(0, ms=10))
        assert run_pass(database).rebuilt["minute"] == 1
        assert counts(database) == {NOON: 1}
        flush.commit()
    assert marks(database) == [("minute", NOON)]
    run_pass(database)
    assert_every_level_is_a_group_by_over_raw(database)


def test_an_insert_that_commits_between_taking_and_folding_is_folded_now_or_marked(database: Database) -> None:
    insert_events([event(0)], database=database)
    with transaction(database) as flush, transaction(database) as worker:
        write_uncommitted(flush, database, event(0))
        assert rollups.try_lock(worker)
        keys = rollups.take(worker, "minute", 10)
        flush.commit()
        rollups.rebuild(worker, LEVELS[0], keys)
        worker.commit()
    assert counts(database) == {NOON: 2}
    assert marks(database) == [("minute", NOON)]


def test_a_second_worker_leaves_at_once_and_loses_nothing(database: Database) -> None:
    insert_events([event(0)], database=database)
    with transaction(database) as worker:
        assert rollups.try_lock(worker)
        assert not run_pass(database).acted
        assert len(marks(database)) == 1
    assert run_pass(database).total == 3


def test_a_worker_that_waited_for_the_lock_sees_what_the_first_one_did(database: Database) -> None:
    """Without the lock as a statement of its own, the waiting one would overwrite newer buckets with older."""
    insert_events([event(0)], database=database)
    second_is_done = threading.Event()

    def second() -> None:
        roll_up_all(database)
        second_is_done.set()

    with transaction(database) as first:
        assert rollups.try_lock(first)
        thread = threading.Thread(target=second)
        thread.start()
        wait_for_a_lock_waiter(database)
        insert_events([event(0)], database=database)
        roll_up(first)
        first.commit()
    thread.join(30)
    assert second_is_done.is_set()
    assert_every_level_is_a_group_by_over_raw(database)


def test_a_pass_that_is_rolled_back_leaves_every_mark_and_bucket(database: Database) -> None:
    insert_events([event(0)], database=database)
    run_pass(database)
    insert_events([event(0), event(1)], database=database)
    before = marks(database)
    with transaction(database) as worker:
        assert rollups.try_lock(worker)
        roll_up(worker)
        worker.rollback()
    assert marks(database) == before
    assert counts(database) == {NOON: 1}
    run_pass(database)
    assert_every_level_is_a_group_by_over_raw(database)


def test_the_lock_of_a_killed_worker_is_free_and_its_work_undone(database: Database) -> None:
    insert_events([event(0)], database=database)
    with database.engine.connect() as worker:
        worker.begin()
        assert rollups.try_lock(worker)
        roll_up(worker)
        pid = worker.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with database.begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 30000)"), {"pid": pid})
        assert run_pass(database).total == 3
        worker.invalidate()
    assert_every_level_is_a_group_by_over_raw(database)


def test_a_frozen_worker_loses_the_lock_by_a_time_out_of_the_server(database: Database) -> None:
    with transaction(database) as worker:
        rollups.try_lock(worker)
        rollups.prepare(worker)
        assert worker.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "1min"
