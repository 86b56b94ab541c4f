"""Fives are what their minutes are together, and where they are not, they are marked: whoever writes, and whatever."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from db import fives, rollups
from db.audit import waits
from db.batches import Batch
from db.buckets import purge_buckets_before
from db.declared import Declared
from db.engine import Database
from db.events import insert_events
from db.fold import VALUES_PER_KEY
from db.ledger import write_batches
from db.levels import FIVE as FIVE_LEVEL
from db.levels import LEVELS
from db.names import forget_names
from db.partitions import ensure_partitions
from db.repairs import mark_between
from metrics_dash.ingest.event import check_event
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.repair import rebuild
from metrics_dash.jobs.rollup import roll_up_all, run_pass
from tests.db.test_buckets import purged_raw
from tests.db.test_late import made, purged
from tests.db.test_slices import execute, pass_of_an_older_version
from tests.support.older import store_unchecked
from tests.support.rollups import NOON, counts, event
from tests.support.twins import declare_twins, nasty

MINUTE = timedelta(minutes=1)
FIVE = 5 * MINUTE


def kept(database: Database, name: str = "a.b") -> dict[datetime, int]:
    """The fives that stand, and how many events each has."""
    found = execute(
        database,
        "SELECT bucket_start, count FROM telemetry_buckets WHERE event_name = :name AND bucket_type = 'five' "
        "ORDER BY 1",
        name=name,
    )
    return {start.astimezone(UTC): count for start, count in found}


def stale(database: Database, name: str = "a.b") -> dict[datetime, bool]:
    """Those that are marked, and whether they can't be folded."""
    found = execute(
        database, "SELECT bucket_start, unfoldable FROM stale_fives WHERE event_name = :name ORDER BY 1", name=name
    )
    return {start.astimezone(UTC): unfoldable for start, unfoldable in found}


_MAPS = {"value_counts": "sum", "sum_values": "sum", "min_values": "min", "max_values": "max", "metadata_counts": "sum"}
# What is compared: by what it is told apart, what it is, and where it stands.
_COMPARED = (
    ("''", "sum(count)", "telemetry_buckets AS made"),
    *(
        ("key", f"{how}(value::float8)", f"telemetry_buckets AS made CROSS JOIN jsonb_each_text({column})")
        for column, how in _MAPS.items()
    ),
    ("dimension || ' ' || value", "sum(count)", "telemetry_splits AS made"),
    *(
        (
            "dimension || ' ' || made.value || ' ' || key",
            f"{how}((part ->> {place})::float8)",
            "telemetry_splits AS made CROSS JOIN jsonb_each(measurements) AS entry (key, part)",
        )
        for place, how in enumerate(("sum", "sum", "min", "max"))
    ),
)


def assert_fives_are_their_minutes(database: Database) -> None:
    """The oracle: statements as plain as can be, of what is not marked."""
    for key, what, source in _COMPARED:
        stored, expected = (
            execute(
                database,
                f"SELECT event_name, date_bin('5 minutes', bucket_start, 'epoch'), {key}, "
                f"coalesce({what}, 'NaN')::float8 "
                f"FROM {source} WHERE bucket_type = :level AND NOT EXISTS (SELECT FROM stale_fives AS stale WHERE "
                "(stale.event_name, stale.bucket_start) = "
                "(made.event_name, date_bin('5 minutes', made.bucket_start, 'epoch'))) "
                "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
                level=level,
            ).fetchall()
            for level in ("five", "minute")
        )
        assert [row[:-1] for row in stored] == [row[:-1] for row in expected]
        assert [row[-1] for row in stored] == pytest.approx(
            [row[-1] for row in expected], rel=1e-9, abs=1e-3, nan_ok=True
        )


def send(database: Database, *events: dict[str, Any]) -> None:
    insert_events(events, database=database)


# What a five is


@pytest.mark.parametrize("seed", range(4))
def test_a_five_is_in_all_that_it_holds_what_its_minutes_are(database: Database, seed: int) -> None:
    random, ids = Random(seed), iter(range(10**9))
    declare_twins(database, "a.b")
    ensure_partitions(database, {NOON.date()})
    for turn in range(3):
        rows = [
            check_event(
                nasty(random, ids, wide=turn == 2, long=False)._replace(
                    occurred_at=NOON + timedelta(seconds=random.random() * 1500)
                ),
                NOON + timedelta(days=1),
                timedelta(days=9000),
            )
            for _ in range(random.choice([300, 1500]))
        ]
        with database.begin() as connection:
            write_batches(connection, [Batch(uuid4(), rows)])
        run_pass(database)
        assert stale(database) == {}
        assert_fives_are_their_minutes(database)
    assert len(kept(database)) == 5
    assert audit(database) == []
    undeclared = "bucket_type = 'minute' AND date_part('minute', bucket_start)::int % 7 = 3"
    for change in (
        "UPDATE telemetry_splits SET uniques = '{}' WHERE",
        "DELETE FROM telemetry_splits WHERE dimension = 'few' AND",
        "UPDATE telemetry_buckets SET uniques = '{}' WHERE",
    ):
        execute(database, f"{change} {undeclared}")
    run_pass(database)
    assert_fives_are_their_minutes(database)
    wrong = audit(database)
    assert wrong
    assert [each for each in wrong if each.level == "five"] == []


def test_a_five_knows_different_values_where_all_of_its_minutes_do_that_have_events(database: Database) -> None:
    send(database, *(event(minute, metadata={"k": minute % 3}) for minute in (0, 1, 2, 5, 6)))
    run_pass(database, declared=Declared(unique={"a.b": ["k"]}))
    send(database, event(10))
    change = (
        "UPDATE telemetry_buckets SET uniques = '{}', count = :count WHERE bucket_type = 'minute' AND bucket_start = :t"
    )
    execute(database, change, count=0, t=NOON + MINUTE)
    execute(database, change, count=1, t=NOON + 6 * MINUTE)
    run_pass(database)
    found = execute(
        database,
        "SELECT bucket_start, jsonb_exists(uniques, 'k') FROM telemetry_buckets WHERE bucket_type = 'five' ORDER BY 1",
    )
    assert [(start.astimezone(UTC), known) for start, known in found] == [
        (NOON, True), (NOON + FIVE, False), (NOON + 2 * FIVE, True)
    ]  # fmt: skip


def test_a_five_lists_every_value_that_its_minutes_list(database: Database) -> None:
    """An hour would list none of these: they are too many, and none is more frequent than another."""
    send(
        database,
        *(event(minute, metadata={"k": f"{minute}-{n}"}) for minute in range(5) for n in range(VALUES_PER_KEY)),
    )
    run_pass(database, declared=Declared(split={"a.b": ["k"]}))
    (labels,) = execute(database, "SELECT metadata_counts FROM telemetry_buckets WHERE bucket_type = 'five'").scalars()
    assert len(labels) == 5 * VALUES_PER_KEY
    assert execute(database, "SELECT count(*) FROM telemetry_splits WHERE bucket_type = 'five'").scalar_one() == 250
    assert_fives_are_their_minutes(database)


def test_a_five_is_split_as_far_as_its_minutes_are(database: Database) -> None:
    send(database, event(0, metadata={"k": 1}), event(1, metadata={"k": 2}))
    run_pass(database, declared=Declared(split={"a.b": ["k"]}))
    execute(database, "DELETE FROM telemetry_splits WHERE bucket_start = :t AND bucket_type = 'minute'", t=NOON)
    execute(database, "UPDATE telemetry_buckets SET sliced = false")
    run_pass(database)
    assert execute(
        database, "SELECT value, count FROM telemetry_splits WHERE bucket_type = 'five'"
    ).fetchall() == [("2", 1)]  # fmt: skip


# Who marks


def test_fives_are_folded_by_the_pass_that_folds_their_minutes(database: Database) -> None:
    send(database, event(0), event(4), event(5), event(12))
    run_pass(database)
    assert kept(database) == {NOON: 2, NOON + FIVE: 1, NOON + 2 * FIVE: 1}
    assert stale(database) == {}


def test_a_five_that_is_not_over_is_marked_and_not_folded(database: Database) -> None:
    now = datetime.now(UTC)
    send(database, {**event(), "occurred_at": now}, {**event(), "occurred_at": now + 6 * MINUTE})
    run_pass(database)
    assert kept(database) == {}
    assert len(stale(database)) == 2


def test_what_comes_late_is_in_its_five_after_the_pass(database: Database) -> None:
    send(database, event(0), event(7))
    run_pass(database)
    send(database, event(1))
    run_pass(database)
    assert kept(database) == {NOON: 2, NOON + FIVE: 1}
    assert_fives_are_their_minutes(database)


def test_late_events_whose_raw_ones_are_gone_are_in_their_five(database: Database) -> None:
    purged(database, made(5), made(5, 70))
    before = kept(database)
    send(database, made(5, 30), made(1))
    run_pass(database)
    assert sum(kept(database).values()) == sum(before.values()) + 2
    assert stale(database) == {}
    assert_fives_are_their_minutes(database)


def test_a_version_that_knows_no_fives_marks_what_it_writes(database: Database) -> None:
    send(database, event(0), event(7))
    run_pass(database)
    send(database, event(1))
    pass_of_an_older_version(database)
    assert kept(database) == {NOON: 1, NOON + FIVE: 1}
    assert stale(database) == {NOON: False}
    run_pass(database)
    assert kept(database) == {NOON: 2, NOON + FIVE: 1}


def test_rows_that_are_inserted_or_changed_by_hand_are_marked(database: Database) -> None:
    send(database, event(0), event(7))
    run_pass(database)
    execute(
        database,
        "INSERT INTO telemetry_buckets (event_name, bucket_type, bucket_start, count, last_values, histograms) "
        "VALUES ('a.b', 'minute', :t, 3, '{}', '{}')",
        t=NOON + MINUTE,
    )
    assert stale(database) == {NOON: False}
    run_pass(database)
    assert kept(database) == {NOON: 4, NOON + FIVE: 1}
    execute(database, "UPDATE telemetry_buckets SET count = 9 WHERE bucket_type = 'minute' AND count = 3")
    assert stale(database) == {NOON: False}
    run_pass(database)
    assert kept(database) == {NOON: 10, NOON + FIVE: 1}


@pytest.mark.parametrize("level", ["hour", "day"])
def test_buckets_of_levels_that_are_coarser_mark_nothing(database: Database, level: str) -> None:
    send(database, event(0))
    run_pass(database)
    execute(database, "UPDATE telemetry_buckets SET count = 9 WHERE bucket_type = :level", level=level)
    assert stale(database) == {}


def test_a_minute_that_is_computed_again_from_nothing_goes_with_its_five(database: Database) -> None:
    send(database, event(0), event(1), event(7))
    run_pass(database)
    execute(database, "DELETE FROM telemetry_events WHERE occurred_at < :t", t=NOON + MINUTE)
    rebuild(database, NOON, NOON + FIVE)
    assert kept(database) == {NOON: 1, NOON + FIVE: 1}
    execute(database, "DELETE FROM telemetry_events")
    rebuild(database, NOON, NOON + 2 * FIVE)
    assert (kept(database), stale(database)) == ({}, {})


def test_fives_that_are_deleted_by_hand_are_made_again(database: Database) -> None:
    send(database, event(0), event(7))
    run_pass(database)
    execute(database, "DELETE FROM telemetry_buckets WHERE bucket_type = 'five'")
    assert stale(database) == {NOON: False, NOON + FIVE: False}
    run_pass(database)
    assert kept(database) == {NOON: 1, NOON + FIVE: 1}


def test_what_is_declared_later_is_told_apart_in_fives_too(database: Database) -> None:
    send(database, event(0, metadata={"k": 1}))
    run_pass(database)
    run_pass(database, declared=Declared(split={"a.b": ["k"]}))
    assert_fives_are_their_minutes(database)
    assert execute(database, "SELECT count(*) FROM telemetry_splits WHERE bucket_type = 'five'").scalar_one() == 1


def test_nothing_is_kept_of_the_time_before_there_were_fives(database: Database) -> None:
    execute(database, "UPDATE fives_since SET since = :t", t=NOON + FIVE)
    send(database, event(4), event(5))
    run_pass(database)
    assert (kept(database), stale(database)) == ({NOON + FIVE: 1}, {})


# As many as there is room for


def test_a_pass_folds_no_more_fives_than_its_limit_and_asks_for_another(database: Database) -> None:
    send(database, *(event(5 * n) for n in range(5)))
    with database.begin() as connection:
        rollups.lock(connection)
        rollups.prepare(connection)
        keys = rollups.take(connection, "minute", 100)
        assert rollups.rebuild(connection, LEVELS[0], keys) == []
        assert fives.fold(connection, 2)
    assert list(kept(database)) == [NOON + 3 * FIVE, NOON + 4 * FIVE]
    roll_up_all(database, limit=2)
    assert len(kept(database)) == 5


def test_a_pass_that_leaves_fives_for_the_next_says_so(database: Database) -> None:
    send(database, event(0), event(5), event(10))
    execute(database, "UPDATE fives_since SET since = 'infinity'")
    run_pass(database)
    execute(database, "UPDATE fives_since SET since = '-infinity'")
    execute(database, "UPDATE telemetry_buckets SET sliced = NULL WHERE bucket_type = 'minute'")
    assert run_pass(database, limit=2).more
    assert not run_pass(database, limit=2).more
    assert len(kept(database)) == 3


# What can't be added up


def huge(database: Database, *minutes: int) -> None:
    store_unchecked(database, [event(minute, "too.large", v=1.7e308) for minute in minutes])
    run_pass(database)


def test_a_five_that_cant_be_folded_holds_up_no_other_and_is_no_failure(database: Database) -> None:
    send(database, event(0))
    huge(database, 0, 1, 7)
    assert kept(database) == {NOON: 1}
    assert kept(database, "too.large") == {NOON + FIVE: 1}
    assert stale(database, "too.large") == {NOON: True}
    assert not run_pass(database).more
    execute(
        database, "DELETE FROM telemetry_events WHERE measurements @> '{\"v\": 1.7e308}' AND occurred_at = :t", t=NOON
    )
    rebuild(database, NOON, NOON + MINUTE)
    assert kept(database, "too.large") == {NOON: 1, NOON + FIVE: 1}
    assert stale(database, "too.large") == {}


def test_a_five_that_cant_be_folded_any_more_keeps_its_mark(database: Database) -> None:
    huge(database, 0)
    assert stale(database, "too.large") == {}
    huge(database, 1)
    assert stale(database, "too.large") == {NOON: True}


# Purges


def test_a_purge_of_minutes_takes_their_fives_and_marks_and_leaves_no_mark(database: Database) -> None:
    yesterday = -24 * 60
    send(database, event(yesterday, metadata={"k": 1}), event(0, metadata={"k": 1}))
    run_pass(database, declared=Declared(split={"a.b": ["k"]}))
    execute(database, "UPDATE telemetry_buckets SET sliced = NULL WHERE bucket_type = 'minute'")
    assert len(stale(database)) == 2
    purged_raw(database, NOON.replace(hour=0))
    assert purge_buckets_before("minute", NOON, database=database) == 1
    assert list(kept(database)) == [NOON]
    assert list(stale(database)) == [NOON]
    left = execute(database, "SELECT bucket_start FROM telemetry_splits WHERE bucket_type = 'five'").scalars()
    assert [start.astimezone(UTC) for start in left] == [NOON]


def test_a_purge_by_a_version_that_knows_no_fives_marks_nothing(database: Database) -> None:
    send(database, event(0))
    run_pass(database)
    with database.begin() as connection:
        connection.execute(
            text("UPDATE retention_floors SET recompute_floor = :t WHERE level = 'minute'"), {"t": NOON + FIVE}
        )
        connection.execute(text("DELETE FROM telemetry_buckets WHERE bucket_type = 'minute'"))
    assert stale(database) == {}


def test_a_name_of_which_fives_alone_are_held_is_forgotten_with_its_minutes(database: Database) -> None:
    send(database, event(0))
    run_pass(database)
    day = NOON.replace(hour=0) + timedelta(days=1)
    for level in ("minute", "hour", "day"):
        purged_raw(database, day) if level == "minute" else None
        purge_buckets_before(level, day, database=database)
    execute(database, "DELETE FROM telemetry_events")
    assert kept(database) == {}
    assert forget_names(database) == 1


# Nobody else notices


@pytest.mark.parametrize("ask", [audit, lambda database: counts(database) and []], ids=["audit", "buckets"])
def test_fives_are_no_level(database: Database, ask: Callable[[Database], list[Any]]) -> None:
    send(database, event(0), event(7))
    run_pass(database)
    assert ask(database) == []
    with database.begin() as connection:
        assert mark_between(connection, LEVELS[1], NOON, NOON + timedelta(hours=1)) == 1


def test_a_five_has_more_places_than_a_level_keeps_as_its_minutes_have_together(database: Database) -> None:
    start = NOON - 180 * MINUTE
    declared = Declared(split={"a.b": ["zone"]})
    placed = [
        (minute, place, 2 ** ((minute * 600 + place + 0.5) / 32 - 40)) for minute in range(5) for place in range(600)
    ]
    send(
        database,
        *(event(minute - 180, metadata={"zone": "x"}, v=value) for minute, _, value in placed),
    )
    roll_up_all(database, declared=declared)
    assert kept(database) == {start: 3000}
    for table in ("telemetry_buckets", "telemetry_splits WHERE value = 'x' AND"):
        sizes = "SELECT DISTINCT array_length(string_to_array(histograms ->> 'v', ' '), 1) FROM "
        by = "WHERE" if table == "telemetry_buckets" else ""
        assert execute(database, f"{sizes}{table} {by} bucket_type = 'five'").scalars().all() == [3000]
    assert audit(database) == []
    # Of the least, which a level would count together.
    execute(
        database,
        "UPDATE telemetry_buckets SET "
        "histograms = jsonb_build_object('v', regexp_replace(histograms ->> 'v', :one, :two))"
        " WHERE bucket_type = 'five'",
        one=":1 ",
        two=":2 ",
    )
    execute(database, "DELETE FROM stale_fives")
    assert [each.what for each in audit(database)] == ["histogram of v"]  # type: ignore[union-attr]


def test_the_audit_says_nothing_of_minutes_from_before_there_were_fives(database: Database) -> None:
    with database.begin() as connection:
        assert connection.execute(text("UPDATE fives_since SET since = :noon"), {"noon": NOON}).rowcount == 1
        assert waits(connection, FIVE_LEVEL, NOON - FIVE, "a.b")
        assert not waits(connection, FIVE_LEVEL, NOON, "a.b")
