"""A minute that is folded from its slices is what it would be from raw, whatever comes in between and whoever folds
it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from db import failures, rollups, slices
from db.batches import Batch
from db.declared import Declared, declare
from db.engine import Database
from db.events import insert_events
from db.fold import EVENTS
from db.ledger import write_batches
from db.levels import LEVELS
from db.partitions import ensure_partitions
from db.repairs import mark_between
from db.rows import SAMPLE
from db.whole import VALUES_AT_ONCE
from metrics_dash.ingest.event import Event, check_event
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up, roll_up_all, run_pass
from tests.support.older import store_unchecked
from tests.support.rollups import NOON, buckets, counts, event, marks, transaction, write_uncommitted
from tests.support.twins import assert_twins, declare_twins, everything, nasty

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _any_time_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes of whatever time are taken for open ones."""
    monkeypatch.setattr(slices, "KEPT", timedelta(days=9000))
    monkeypatch.setattr(slices, "OPEN_FOR", timedelta(days=9000))


def at(second: float, name: str = "a.b", metadata: dict[str, Any] | None = None, **values: float) -> dict[str, Any]:
    return event(second / 60, name, metadata, **values)


def send(database: Database, *events: dict[str, Any]) -> None:
    insert_events(events, database=database)


def execute(database: Database, statement: str, **values: Any) -> Any:
    with database.begin() as connection:
        return connection.execute(text(statement), values)


def sliced(database: Database, name: str = "a.b") -> list[bool]:
    """Of each minute, whether it was folded from slices."""
    with database.reading() as connection:
        found = connection.execute(
            text(
                "SELECT sliced IS TRUE FROM telemetry_buckets WHERE bucket_type = 'minute' AND event_name = :name "
                "ORDER BY bucket_start"
            ),
            {"name": name},
        )
        return list(found.scalars())


def kept(database: Database, name: str = "a.b") -> dict[float, int]:
    """The slices that stand: how many events each has, by its second."""
    with database.reading() as connection:
        found = connection.execute(
            text("SELECT bucket_start, count FROM slice_buckets WHERE event_name = :name ORDER BY 1"), {"name": name}
        )
        return {(start.astimezone(UTC) - NOON) / SECOND: count for start, count in found}


# The same from slices as from raw. Two events have the same of everything, and of one every mark is a whole minute's.


TWINS = ("by.slices", "by.raw")


def twins(database: Database, made: Iterable[Event]) -> None:
    made = list(made)
    batch = [
        check_event(Event(name, *each[1:]), NOON + timedelta(days=1), timedelta(days=9000))
        for name in TWINS
        for each in made
    ]
    ensure_partitions(database, {NOON.date()})
    with database.begin() as connection:
        write_batches(connection, [Batch(uuid4(), batch)])
        connection.execute(text("UPDATE rollup_dirty SET slices = NULL WHERE event_name = 'by.raw'"))
    run_pass(database)


@pytest.mark.parametrize("seed", range(6))
def test_a_minute_from_slices_is_in_all_that_it_holds_what_it_is_from_raw(database: Database, seed: int) -> None:
    random, ids = Random(seed), iter(range(10**9))
    declare_twins(database, *TWINS)
    for turn in range(5):
        made = [nasty(random, ids, wide=turn >= 2, long=seed % 3 == 2) for _ in range(random.choice([30, 150, 400]))]
        twins(database, made)
        assert_twins(database, *TWINS)
    assert seed % 3 == 2 or sliced(database, "by.slices") == [True, True]
    assert audit(database) == []


def test_values_that_no_slice_but_their_minute_has_too_many_of_are_cut_as_from_raw(database: Database) -> None:
    for second in range(0, 60, 10):
        twins(
            database, (Event("a.b", {}, {"k": f"v{(second * 3 + n) % 200}"}, NOON + second * SECOND) for n in range(40))
        )
        assert_twins(database, *TWINS)
    assert sliced(database, "by.slices") == [True]


def test_more_values_than_a_slice_tells_apart_make_its_minute_be_folded_from_raw(database: Database) -> None:
    many = [Event("a.b", {}, {"k": n}, NOON) for n in range(VALUES_AT_ONCE + 1)]
    twins(database, many[:-1])
    assert sliced(database, "by.slices") == [True]
    twins(database, many[-1:])
    assert sliced(database, "by.slices") == [False]
    assert kept(database, "by.slices") == {}
    assert_twins(database, *TWINS)
    twins(database, [Event("a.b", {}, {"k": 1}, NOON + 61 * SECOND)])
    assert sliced(database, "by.slices") == [False, True]
    assert_twins(database, *TWINS)


def test_a_key_that_is_wide_over_several_slices_is_found_to_be_so(database: Database) -> None:
    for second in (0, 10, 20):
        twins(database, (Event("a.b", {}, {"a:k": f"{second}-{n}"}, NOON + second * SECOND) for n in range(90)))
        assert_twins(database, *TWINS)
    assert sliced(database, "by.slices") == [True]
    _, _, whole, _ = everything(database, "by.slices")
    assert whole == [("a:k", NOON + MINUTE)]


def test_split_values_that_tie_in_events_are_told_by_their_samples_as_from_raw(database: Database) -> None:
    with database.begin() as connection:
        rollups.lock(connection)
        declare(connection, Declared(split={"by.slices": ["land"], "by.raw": ["land"]}))
    for second in (0, 30):
        made = [Event("a.b", {}, {"land": n}, NOON + second * SECOND) for n in range(70)]
        more = [Event("a.b", {"x": 1.0} if n % 2 else {}, {"land": n}, NOON, kind=SAMPLE) for n in range(0, 70, 3)]
        twins(database, made + more)
        assert_twins(database, *TWINS)
    assert sliced(database, "by.slices") == [True]


def test_what_is_found_to_be_wide_begins_after_every_minute_that_is_still_folded_from_slices(
    database: Database,
) -> None:
    """The first of two fresh minutes is cut, so it is folded in another statement than the second."""
    send(database, *(at(0, metadata={"k": n}) for n in range(300)), at(60, metadata={"k": "x"}))
    run_pass(database)
    with database.reading() as connection:
        (since,) = connection.execute(text("SELECT since FROM whole_keys")).scalars()
    assert since == NOON + 2 * MINUTE
    before = [each["metadata_counts"] for each in buckets(database)]
    with database.begin() as connection:
        mark_between(connection, LEVELS[0], NOON, NOON + 2 * MINUTE)
    run_pass(database)
    assert [each["metadata_counts"] for each in buckets(database)] == before
    assert before[1] == {"k:x": 1}


# Only what is dirty is folded from raw


def test_only_slices_that_are_dirty_are_folded_from_raw(database: Database) -> None:
    send(database, at(1, x=1), at(11, x=2))
    run_pass(database)
    execute(database, "DELETE FROM telemetry_events WHERE occurred_at < :t", t=NOON + 10 * SECOND)
    send(database, at(12, x=3))
    run_pass(database)
    assert counts(database) == {NOON: 3}
    assert kept(database) == {0: 1, 10: 2}


def test_a_flush_marks_a_minute_once_with_all_slices_that_it_has_events_of(database: Database) -> None:
    send(database, at(1), at(11), at(12), at(59.9), at(60))
    found = execute(database, "SELECT bucket_start, slices FROM rollup_dirty ORDER BY 1")
    assert [(start.astimezone(UTC), bits) for start, bits in found] == [(NOON, 0b100011), (NOON + MINUTE, 1)]


def test_a_minute_that_is_over_and_of_which_nothing_is_stored_is_folded_once_from_raw(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "OPEN_FOR", MINUTE)
    send(database, at(1))
    run_pass(database)
    assert (sliced(database), kept(database)) == ([False], {})


def test_slices_go_a_while_after_their_minute_and_what_comes_then_is_folded_from_raw(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(database, at(1), at(50))
    run_pass(database)
    monkeypatch.setattr(slices, "KEPT", timedelta(minutes=10))
    run_pass(database)
    assert kept(database) == {}
    send(database, at(20))
    run_pass(database)
    assert counts(database) == {NOON: 3}


# What else is folded, and in between


def test_slices_that_were_lost_are_not_missed(database: Database) -> None:
    send(database, at(1), at(11))
    run_pass(database)
    execute(database, "TRUNCATE slice_buckets, slice_splits")
    send(database, at(21))
    run_pass(database)
    assert counts(database) == {NOON: 3}
    assert sliced(database) == [False]


def test_slices_of_a_minute_that_is_not_stored_are_nobodys(database: Database) -> None:
    send(database, at(1), at(11))
    run_pass(database)
    execute(database, "DELETE FROM telemetry_events")
    execute(database, "DELETE FROM telemetry_buckets")
    send(database, at(21))
    run_pass(database)
    assert counts(database) == {NOON: 1}


def flush_of_an_older_version(connection: Connection, database: Database, *events: dict[str, Any]) -> None:
    write_uncommitted(connection, database, *events)
    connection.execute(text("UPDATE rollup_dirty SET slices = NULL WHERE xmin = pg_current_xact_id()::xid"))


def pass_of_an_older_version(database: Database) -> None:
    """It takes marks and folds minutes from raw, and knows nothing of slices."""
    with database.begin() as connection:
        rollups.lock(connection)
        rollups.prepare(connection)
        keys = rollups.take(connection, "minute", 1000)
        assert keys.earliest is not None
        assert keys.latest is not None
        values = {"level": "minute", "width": MINUTE, **keys.parameters()}
        names, latest, _ = connection.execute(rollups.DELETE_MINUTES, values).one()
        held = {"held_names": names, "held_latest": latest}
        connection.execute(EVENTS.full, {**values, **held, "earliest": keys.earliest, "end": keys.latest + MINUTE})
        rollups.mark_dirty(connection, LEVELS[1], keys)


def test_what_an_older_version_stored_and_folded_is_not_lost_by_slices(database: Database) -> None:
    send(database, at(1))
    run_pass(database)
    with transaction(database) as older:
        flush_of_an_older_version(older, database, at(21))
        older.commit()
    pass_of_an_older_version(database)
    assert kept(database) == {0: 1}
    send(database, at(2))
    run_pass(database)
    assert counts(database) == {NOON: 3}
    assert sliced(database) == [False]
    assert audit(database) == []


def test_an_older_version_folds_what_this_one_marked(database: Database) -> None:
    send(database, at(1), at(21))
    pass_of_an_older_version(database)
    send(database, at(31))
    run_pass(database)
    assert counts(database) == {NOON: 3}
    pass_of_an_older_version_after(database, at(41))
    assert counts(database) == {NOON: 4}


def pass_of_an_older_version_after(database: Database, *events: dict[str, Any]) -> None:
    send(database, *events)
    pass_of_an_older_version(database)


def test_an_older_version_whose_flush_began_before_a_pass_and_ended_after_it(database: Database) -> None:
    send(database, at(1))
    with transaction(database) as older:
        flush_of_an_older_version(older, database, at(2), at(21))
        run_pass(database)
        assert sliced(database) == [True]
        older.commit()
    send(database, at(3))
    run_pass(database)
    assert counts(database) == {NOON: 4}
    assert sliced(database) == [False]


@pytest.mark.parametrize("flush", [write_uncommitted, flush_of_an_older_version])
@pytest.mark.parametrize("second", [2, 21])
@pytest.mark.parametrize("point", ["make", "fold"])
def test_a_flush_that_ends_while_a_pass_is_under_way(
    database: Database, monkeypatch: pytest.MonkeyPatch, flush: Callable[..., None], second: int, point: str
) -> None:
    """After marks were taken, and after slices were folded: in one that is folded, and in another."""
    send(database, at(11))
    run_pass(database)
    send(database, at(1))
    step = getattr(slices, point)

    def interrupted(*arguments: Any) -> Any:
        other.commit()
        return step(*arguments)

    with transaction(database) as other, monkeypatch.context() as patch:
        flush(other, database, at(second))
        patch.setattr(slices, point, interrupted)
        run_pass(database)
    assert marks(database) == [("minute", NOON)]
    roll_up_all(database)
    assert counts(database) == {NOON: 3}
    assert audit(database) == []


def test_a_pass_that_is_rolled_back_leaves_slices_and_marks_as_they_were(database: Database) -> None:
    send(database, at(1))
    run_pass(database)
    send(database, at(11))
    with transaction(database) as killed:
        rollups.lock(killed)
        roll_up(killed)
        killed.rollback()
    assert kept(database) == {0: 1}
    run_pass(database)
    assert counts(database) == {NOON: 2}
    assert sliced(database) == [True]


def test_what_is_marked_for_another_reason_is_folded_from_raw_and_from_then_on(database: Database) -> None:
    send(database, at(1, metadata={"k": 1}))
    run_pass(database)
    run_pass(database, declared=Declared(split={"a.b": ["k"]}))
    assert (sliced(database), kept(database)) == ([False], {})
    send(database, at(11, metadata={"k": 1}))
    run_pass(database)
    assert sliced(database) == [False]
    assert audit(database) == []


def test_a_pass_that_leaves_the_open_minute_leaves_its_slices_too(database: Database) -> None:
    send(database, at(1), at(61))
    run_pass(database, before=NOON + MINUTE)
    assert (counts(database), kept(database)) == ({NOON: 1}, {0: 1})


def test_what_waits_in_slices_is_unfinished_and_no_difference(database: Database) -> None:
    send(database, at(1))
    run_pass(database)
    send(database, at(31))
    assert audit(database) == []


# What can't be folded


def store_huge(database: Database, second: float) -> None:
    store_unchecked(database, [at(second, "too.large", v=1.7e308)] * 2)
    execute(database, "UPDATE rollup_dirty SET slices = 1 << :place WHERE slices IS NULL", place=int(second) // 10)


def test_a_slice_that_cant_be_folded_fails_as_its_minute_which_keeps_its_state(database: Database) -> None:
    send(database, at(1, "too.large", v=1), at(1))
    run_pass(database)
    store_huge(database, 12)
    send(database, at(11))
    assert run_pass(database).failed == 1
    assert counts(database) == {NOON: 2}
    assert counts(database, name="too.large") == {NOON: 1}
    with database.reading() as connection:
        (failed,) = failures.uncomputed(connection)
    assert (failed.level, failed.event_name, failed.bucket_start) == ("minute", "too.large", NOON)
    send(database, at(21, "too.large", v=1))
    run_pass(database)
    assert counts(database, name="too.large") == {NOON: 1}
    execute(database, "DELETE FROM telemetry_events WHERE measurements @> '{\"v\": 1.7e308}'")
    roll_up_all(database)
    assert counts(database, name="too.large") == {NOON: 2}
    assert audit(database) == []


def test_a_minute_whose_slices_can_be_folded_and_it_cant(database: Database) -> None:
    """Each of two slices holds a number, and both together none."""
    for second in (1, 11):
        store_unchecked(database, [at(second, "too.large", v=1.7e308)])
        execute(database, "UPDATE rollup_dirty SET slices = 1 << :place WHERE slices IS NULL", place=second // 10)
    send(database, at(1), at(61, "too.large", v=1))
    assert run_pass(database).failed == 1
    assert counts(database) == {NOON: 1}
    assert counts(database, name="too.large") == {NOON + MINUTE: 1}
    execute(
        database, "DELETE FROM telemetry_events WHERE event_name = 'too.large' AND occurred_at = :t", t=NOON + SECOND
    )
    roll_up_all(database)
    assert counts(database, name="too.large") == {NOON: 1, NOON + MINUTE: 1}


# What slices cost nobody


def test_retention_below_which_nothing_is_computed_takes_marks_of_slices_too(database: Database) -> None:
    send(database, at(1))
    with database.begin() as connection:
        connection.execute(
            text("UPDATE retention_floors SET recompute_floor = :t WHERE level = 'raw'"),
            {"t": datetime(2026, 1, 11, tzinfo=UTC)},
        )
    assert run_pass(database).refused == 1
    assert kept(database) == {}
