"""Late events: older than raw events are held, they are in every bucket that still is, once, whatever happens."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from db import rollups
from db.aggregates import Aggregate, encode_aggregates
from db.batches import Batch, Written, days_of
from db.bins import place_of
from db.buckets import purge_buckets_before
from db.declared import Declared
from db.engine import Database
from db.events import insert_events
from db.fold import VALUES_PER_KEY
from db.labels import OTHER
from db.ledger import write_batch_bisecting, write_batches
from db.levels import WIDTHS
from db.lowering import FloorKeptError, lower_floor
from db.migrate import migrate
from db.partitions import ensure_partitions, purge_events_before
from db.rows import DELTA, SAMPLE, More, Row, encode_row
from db.status import pipeline_status
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.repair import rebuild
from metrics_dash.jobs.retention import purge
from metrics_dash.jobs.rollup import roll_up, roll_up_all, run_pass
from tests.db.test_splits import assert_is, declare, grouped, splits
from tests.support.ledger import execute
from tests.support.locks import wait_for_a_lock_waiter
from tests.support.rollups import NOON, buckets, counts, event, marks, transaction, write_uncommitted

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 1, 10, tzinfo=UTC)
PERIODS = {"raw": 2 * DAY, "minute": 14 * DAY, "hour": 90 * DAY, "day": 200 * DAY}
# Of each age one, and the levels that hold it.
AGES = {1: 3, 5: 3, 30: 2, 120: 1}
Made = dict[str, Any]


def made(age: float, second: int = 0, *, name: str = "a.b", who: int = 0, **measurements: float) -> Made:
    return event(-age * 24 * 60 + second / 60, name, {"who": who, "k": second % 3}, **measurements)


def events(seed: int, ages: Iterable[float] = AGES) -> list[Made]:
    return [
        made(
            age, second * 7 % 4000, who=second + seed, ms=(second - 4 + seed) * 1.5, **({"x": 0} if second % 2 else {})
        )
        for age in ages
        for second in range(9)
    ]


def purged(database: Database, *stored: Made, unique: Any = None) -> None:
    """A store that has held events of every age for long, and is purged."""
    insert_events([*stored, event(-300 * 24 * 60, "long.ago")], database=database)
    with database.begin() as connection:
        connection.execute(text("UPDATE ingest_batches SET committed_at = committed_at - interval '1 hour'"))
    roll_up_all(database, declared=Declared(unique=unique or {}))
    report = purge(database, PERIODS, NOON)
    assert [level.outcome for level in report.levels] == ["purged"] * 4


def expected(accepted: Iterable[Made], level: str) -> dict[datetime, dict[str, Any]]:
    """The oracle: what a bucket of one event name holds, in plain Python."""
    epoch, width = datetime(1970, 1, 1, tzinfo=UTC), WIDTHS[level]
    grouped: dict[datetime, list[Made]] = {}
    for each in accepted:
        grouped.setdefault(epoch + (each["occurred_at"] - epoch) // width * width, []).append(each)
    return {start: _folded(those) for start, those in grouped.items()}


def _folded(those: list[Made]) -> dict[str, Any]:
    pairs = [(key, value, each["occurred_at"]) for each in those for key, value in each["measurements"].items()]
    values = {key: [value for name, value, _ in pairs if name == key] for key in {key for key, _, _ in pairs}}
    labels = [f"{key}:{json.dumps(value)}" for each in those for key, value in each["metadata"].items()]
    return {
        "count": len(those),
        "value_counts": {key: len(found) for key, found in values.items()},
        "sum_values": {key: sum(found) for key, found in values.items()},
        "min_values": {key: min(found) for key, found in values.items()},
        "max_values": {key: max(found) for key, found in values.items()},
        "last_values": {
            key: list(max((at.timestamp(), value) for name, value, at in pairs if name == key)) for key in values
        },
        "histograms": {
            key: {place: places.count(place) for place in places}
            for key, places in ((key, [place_of(value) for value in found]) for key, found in values.items())
        },
        "metadata_counts": {label: labels.count(label) for label in labels},
        "uniques": {"who": len({each["metadata"]["who"] for each in those})},
    }


def stored(database: Database, level: str, name: str = "a.b") -> dict[datetime, dict[str, Any]]:
    rows = buckets(database, level, name)
    ours = ("event_name", "bucket_type", "bucket_start", "inserted_at")
    return {row["bucket_start"]: {key: row[key] for key in row if key not in ours} for row in rows}


def held(accepted: Iterable[Made], level: str) -> list[Made]:
    return [each for each in accepted if each["occurred_at"] >= MIDNIGHT - PERIODS[level]]


def assert_exact(database: Database, accepted: Iterable[Made]) -> None:
    for level in ("minute", "hour", "day"):
        assert stored(database, level) == expected(held(accepted, level), level)
    assert audit(database) == []


def write(database: Database, batch: Batch, *, bisecting: bool = False) -> Written:
    ensure_partitions(database, days_of([batch]))
    with database.begin() as connection:
        if bisecting:
            return write_batch_bisecting(connection, batch)
        return write_batches(connection, [batch])[0]


def batch(*those: Made) -> Batch:
    return Batch(uuid4(), [rows_of(each) for each in those], digest=b"one")


def rows_of(each: Made, more: More | None = None) -> Row:
    row = encode_row(each["event_name"], each["measurements"], each["metadata"], each["occurred_at"])
    return (*row[:3], more) if more is not None else row


@pytest.mark.parametrize("bisecting", [False, True])
def test_an_event_of_any_age_is_in_every_bucket_that_is_held_of_its_time(database: Database, bisecting: bool) -> None:
    first, then = events(0), events(100)
    purged(database, *first, unique={"a.b": ["who"]})
    written = write(database, batch(*then), bisecting=bisecting)
    assert written.lost == {}
    assert run_pass(database).late == sum(age > 2 for age in AGES) * 9
    assert marks(database) == []
    assert_exact(database, [*first, *then])
    assert execute(database, "SELECT count(*) FROM late_events") == 0
    assert execute(database, "SELECT count(*) FROM late_buckets") == 0
    assert execute(database, "SELECT count(*) FROM telemetry_events") == 18


def test_a_late_event_makes_the_buckets_that_there_were_none_of(database: Database) -> None:
    purged(database)
    execute(database, "INSERT INTO event_keys (event_name, kind, key) VALUES ('a.b', 'unique', 'who')")
    late_ones = events(0)
    insert_events(late_ones, database=database)
    run_pass(database)
    assert_exact(database, late_ones)


def test_a_batch_that_comes_twice_is_merged_once(database: Database) -> None:
    first = events(0)
    purged(database, *first, unique={"a.b": ["who"]})
    sent = batch(*events(50))
    written = [write(database, sent)]
    run_pass(database)
    written += [write(database, sent), write(database, sent, bisecting=True)]
    run_pass(database)
    assert [each.replayed for each in written] == [False, True, True]
    assert_exact(database, [*first, *events(50)])


def test_late_events_in_many_batches_and_passes_add_up(database: Database) -> None:
    accepted = events(0, [5, 30])
    purged(database, *accepted, unique={"a.b": ["who"]})
    for seed in (100, 200, 300):
        insert_events(events(seed, [5, 30]), database=database)
        accepted += events(seed, [5, 30])
        run_pass(database, limit=1)
    roll_up_all(database, limit=3)
    assert_exact(database, accepted)


def test_what_is_older_than_days_are_held_is_too_old(database: Database) -> None:
    purged(database)
    oldest = event(-200 * 24 * 60 - 12 * 60)
    older = {**oldest, "occurred_at": oldest["occurred_at"] - timedelta(microseconds=1)}
    written = write(database, batch(older, oldest, event(0)))
    assert (written.too_old, written.lost) == ((0,), {"too_old": 1})
    assert written.refused == ((0, "too_old: buckets of that time have been purged"),)
    run_pass(database)
    assert counts(database, "day") == {MIDNIGHT - 200 * DAY: 1, MIDNIGHT: 1}


def test_a_row_may_hold_more_than_one_event(database: Database) -> None:
    """A weight, a sample, a delta and an aggregate, merged as they are folded from raw."""
    aggregate = More(7, aggregates=encode_aggregates({"ms": Aggregate(7, 70.0, 1.0, 20.0)}))
    kinds = [More(3), More(1, SAMPLE), More(1, DELTA), aggregate, None]
    rows = [rows_of(event(n / 60, ms=4.0 + n), more) for n, more in enumerate(kinds)]
    moved = [(name, maps, at - 5 * 86_400 * 10**9, *more) for name, maps, at, *more in rows]
    purged(database)
    write(database, Batch(uuid4(), rows))
    write(database, Batch(uuid4(), moved))  # type: ignore[arg-type]
    run_pass(database)
    recent, old = buckets(database)[-1], buckets(database)[0]
    for each in (recent, old):
        del each["bucket_start"], each["inserted_at"], each["last_values"]
    assert recent == old
    assert recent["count"] == 3 + 7 + 1


def test_a_rebuild_and_a_doubt_lose_nothing_that_came_late(database: Database) -> None:
    accepted = [*events(0), *events(100)]
    purged(database, *events(0), unique={"a.b": ["who"]})
    insert_events(events(100), database=database)
    run_pass(database)
    rebuild(database, MIDNIGHT - 200 * DAY, MIDNIGHT + DAY)
    assert_exact(database, accepted)


def test_a_later_purge_keeps_in_coarser_buckets_what_came_late(database: Database) -> None:
    accepted = [*events(0, [5, 30]), *events(100, [5, 30])]
    purged(database, *events(0, [5, 30]), unique={"a.b": ["who"]})
    insert_events(events(100, [5, 30]), database=database)
    execute(database, "UPDATE ingest_batches SET committed_at = committed_at - interval '1 hour'")
    periods = {"raw": 2 * DAY, "minute": 3 * DAY, "hour": 10 * DAY, "day": 200 * DAY}
    assert purge(database, periods, NOON).finished
    assert stored(database, "minute") == {}
    assert stored(database, "hour") == expected(
        [each for each in accepted if each["occurred_at"] > NOON - 10 * DAY], "hour"
    )
    assert stored(database, "day") == expected(accepted, "day")
    assert audit(database) == []
    insert_events(events(200, [5, 30]), database=database)
    run_pass(database)
    accepted += events(200, [5, 30])
    assert stored(database, "day") == expected(accepted, "day")
    assert audit(database) == []


def test_the_watermark_waits_for_late_events(database: Database) -> None:
    purged(database)
    insert_events([event(-5 * 24 * 60)], database=database)
    with database.reading() as connection:
        waiting = pipeline_status(connection)
    assert (waiting.dirty, waiting.complete_through) == (1, waiting.oldest_dirty_at)
    run_pass(database)
    with database.reading() as connection:
        done = pipeline_status(connection)
    assert (done.dirty, done.complete_through) == (0, done.now)


# Races, forced


def test_an_event_that_commits_after_a_pass_has_looked_is_merged_by_the_next(database: Database) -> None:
    purged(database)
    with transaction(database) as flush:
        write_uncommitted(flush, database, event(-5 * 24 * 60, ms=1))
        assert run_pass(database).late == 0
        flush.commit()
    assert run_pass(database).late == 1
    assert list(counts(database).values()) == [1]


def test_a_pass_that_dies_leaves_late_events_to_the_next(database: Database) -> None:
    purged(database)
    insert_events([event(-age * 24 * 60, ms=1) for age in (5, 30, 120)], database=database)
    with transaction(database) as worker:
        assert rollups.try_lock(worker)
        assert roll_up(worker).late == 3
        worker.rollback()
    assert run_pass(database).late == 3
    assert [len(counts(database, level)) for level in ("minute", "hour", "day")] == [1, 2, 3]


def test_between_the_two_floors_of_a_purge_an_event_becomes_a_raw_one(database: Database) -> None:
    """Its minute may still be computed from raw: merged into the bucket, it would be lost by that."""
    insert_events([event(-5 * 24 * 60, ms=1)], database=database)
    execute(database, "UPDATE retention_floors SET ingest_floor = :floor WHERE level = 'raw'", floor=MIDNIGHT - 2 * DAY)
    insert_events([event(-5 * 24 * 60, ms=2), event(-6 * 24 * 60, ms=3)], database=database)
    assert sorted(level for level, _ in marks(database)) == ["late", "late", "minute"]
    run_pass(database)
    assert execute(database, "SELECT count(*) FROM telemetry_events") == 3
    assert list(counts(database).values()) == [1, 2]
    rebuild(database, MIDNIGHT - 10 * DAY, MIDNIGHT)
    assert list(counts(database, "day").values()) == [1, 2]
    assert audit(database) == []


def test_events_that_come_while_a_purge_drains_are_neither_lost_nor_doubled(database: Database) -> None:
    insert_events([event(-5 * 24 * 60, ms=1), event(-4 * 24 * 60, ms=1)], database=database)

    def drain(connection: Any) -> None:
        while roll_up(connection).more:
            pass
        # What comes now was not drained, and its partition is about to go.
        insert_events([event(-5 * 24 * 60, ms=2), event(-6 * 24 * 60, ms=3)], database=database)

    purge_events_before(MIDNIGHT - 2 * DAY, database=database, drain=drain)
    roll_up_all(database)
    came = execute(database, "SELECT count(*) FROM ingest_batches") - 1
    assert came > 2
    assert list(counts(database, "day").values()) == [came, 1 + came, 1]
    assert audit(database) == []


def test_a_purge_of_minutes_between_an_insert_and_its_merge_leaves_it_to_hours(database: Database) -> None:
    purged(database, event(-5 * 24 * 60, ms=1))
    insert_events([event(-5 * 24 * 60, ms=2)], database=database)
    purge_buckets_before("minute", MIDNIGHT - 3 * DAY, database=database)
    run_pass(database)
    assert counts(database) == {}
    assert list(counts(database, "hour").values()) == list(counts(database, "day").values()) == [2]
    assert audit(database) == []


def test_a_purge_of_days_waits_for_late_events_in_flight_and_merges_them_first(database: Database) -> None:
    """Where days go, their sum is not kept: but nothing that was taken is set aside as too old."""
    purged(database, event(-150 * 24 * 60, ms=1))
    for level in ("minute", "hour"):
        purge_buckets_before(level, MIDNIGHT - DAY, database=database)
    seen: list[int] = []

    def drain(connection: Any) -> None:
        seen.append(roll_up(connection).late)

    purging = Thread(target=lambda: purge_buckets_before("day", MIDNIGHT - 100 * DAY, database=database, drain=drain))
    with transaction(database) as flush:
        write_uncommitted(flush, database, event(-150 * 24 * 60, ms=2))
        purging.start()
        wait_for_a_lock_waiter(database)
        flush.commit()
    purging.join()
    assert seen == [1]
    assert run_pass(database).lost == 0
    assert insert_events([event(-150 * 24 * 60)], database=database) == 0


def test_a_floor_that_rose_over_a_waiting_event_sets_it_aside_and_says_so(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    purged(database)
    insert_events([event(-150 * 24 * 60, ms=2)], database=database)
    execute(
        database,
        "UPDATE retention_floors SET ingest_floor = :floor, recompute_floor = :floor",
        floor=MIDNIGHT - 2 * DAY,
    )
    result = run_pass(database)
    assert (result.late, result.lost) == (0, 1)
    assert "1 late events could not be merged" in caplog.text
    assert execute(database, "SELECT reason FROM ingest_quarantine").startswith("too_old: ")
    payload = json.loads(execute(database, "SELECT payload FROM ingest_quarantine"))
    assert (payload["event_name"], payload["measurements"], payload["weight"]) == ("a.b", {"ms": 2}, 1)
    assert execute(database, "SELECT count(*) FROM late_events") == 0


def test_what_cant_be_added_up_costs_itself_alone(database: Database) -> None:
    purged(database, event(-5 * 24 * 60, ms=1), event(-5 * 24 * 60 + 1, ms=1))
    execute(
        database,
        "UPDATE telemetry_buckets SET sum_values = '{\"ms\": 1.7e308}' "
        "WHERE bucket_type = 'minute' AND bucket_start = :at",
        at=NOON - 5 * DAY,
    )
    for minute in (0, 1):
        write(
            database,
            Batch(uuid4(), [("a.b", b'{"ms":1.7e308}' + b',"",{}' if minute == 0 else b'{"ms":2},"",{}', _ns(minute))]),
        )
    result = run_pass(database)
    assert (result.late, result.lost) == (1, 1)
    assert [bucket["count"] for bucket in buckets(database)] == [1, 2]
    assert execute(database, "SELECT reason FROM ingest_quarantine").startswith("late: 22003")


def _ns(minute: int) -> int:
    return int((NOON - 5 * DAY + timedelta(minutes=minute)).timestamp()) * 10**9


# What a stored bucket does not know


def test_a_key_that_a_bucket_never_counted_is_not_counted_from_late_events_on(database: Database) -> None:
    purged(database, made(5, who=1), made(30, who=1))
    execute(database, "INSERT INTO event_keys (event_name, kind, key) VALUES ('a.b', 'unique', 'who')")
    insert_events([made(5, who=2), made(5, 90, who=2), made(30, who=2), made(40, who=2)], database=database)
    run_pass(database)
    assert [bucket["uniques"] for bucket in buckets(database)] == [{}, {}]
    assert [bucket["uniques"] for bucket in buckets(database, "hour")] == [{"who": 1}, {}, {}]
    assert [bucket["uniques"] for bucket in buckets(database, "day")] == [{"who": 1}, {}, {}]


def test_each_value_of_a_dimension_has_its_share_of_what_came_late(database: Database) -> None:
    declare(database, "k", unique=["who"])
    first, then = events(0), events(100)
    purged(database, *first, unique={"a.b": ["who"]})
    insert_events(then, database=database)
    run_pass(database)
    for level in ("minute", "hour", "day"):
        of_values = grouped(held([*first, *then], level), WIDTHS[level], lambda each: str(each["metadata"]["k"]))
        found = splits(database, level, "k")
        assert found.keys() == of_values.keys()
        for key, those in of_values.items():
            assert_is(found[key], those, unique=["who"])
    assert audit(database) == []
    assert execute(database, "SELECT count(*) FROM late_splits") == 0


def test_a_bucket_that_was_never_split_is_not_split_by_late_events_alone(database: Database) -> None:
    purged(database, made(5, who=1), made(30, who=1))
    declare(database, "k")
    insert_events([made(5, who=2), made(5, 90, who=2), made(30, who=2), made(40, who=2)], database=database)
    run_pass(database)
    assert [start for start, _ in splits(database, "minute", "k")] == [NOON - 5 * DAY + timedelta(minutes=1)]
    assert [start for start, _ in splits(database, "hour", "k")] == [made(40)["occurred_at"]]
    assert audit(database) == []


def test_a_bucket_of_a_version_before_histograms_stays_without(database: Database) -> None:
    purged(database, made(5, ms=1))
    execute(database, "UPDATE telemetry_buckets SET histograms = NULL, last_values = NULL WHERE bucket_type = 'minute'")
    insert_events([made(5, ms=2), made(5, 90, ms=3)], database=database)
    run_pass(database)
    assert [bucket["histograms"] is None for bucket in buckets(database)] == [True, False]
    assert [bucket["last_values"] is None for bucket in buckets(database)] == [True, False]
    assert [bucket["sum_values"] for bucket in buckets(database)] == [{"ms": 3.0}, {"ms": 3.0}]


def test_values_beyond_those_that_are_listed_are_counted_with_the_rest(database: Database) -> None:
    many = [made(5, n % 50, who=n) for n in range(VALUES_PER_KEY)]
    purged(database, *many)
    insert_events([made(5, n % 50, who=n + VALUES_PER_KEY) for n in range(VALUES_PER_KEY)], database=database)
    run_pass(database)
    (bucket,) = buckets(database)
    of_who = {label: count for label, count in bucket["metadata_counts"].items() if label.startswith("who:")}
    assert of_who == {f"who:{OTHER}": 2 * VALUES_PER_KEY}


# Floors that are lowered, and versions that go back


def test_a_floor_is_lowered_no_further_than_what_came_late(database: Database) -> None:
    purged(database)
    insert_events([event(-5 * 24 * 60)], database=database)
    run_pass(database)
    assert lower_floor(database, "raw") == NOON - 5 * DAY + timedelta(minutes=1)
    with pytest.raises(FloorKeptError):
        lower_floor(database, "raw")
    run_pass(database)
    assert list(counts(database).values()) == [1]


def test_what_waits_below_a_floor_that_is_lowered_becomes_raw(database: Database) -> None:
    purged(database)
    insert_events([event(-5 * 24 * 60, ms=1)], database=database)
    lower_floor(database, "raw")
    run_pass(database)
    assert execute(database, "SELECT count(*) FROM telemetry_events WHERE occurred_at = :at", at=NOON - 5 * DAY) == 1
    assert list(counts(database).values()) == [1]
    assert audit(database) == []


def test_a_version_before_late_events_finds_what_waited_in_quarantine(database: Database) -> None:
    purged(database)
    insert_events([event(-5 * 24 * 60, ms=1)], database=database)
    migrate(database, "0012")
    assert "this version merges no events" in execute(database, "SELECT reason FROM ingest_quarantine")
    assert marks(database) == []
    migrate(database)
