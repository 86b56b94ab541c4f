"""The rollup as a whole: any history of inserts, passes, crashes and purges ends in GROUP BY over raw."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from db import failures, rollups, slices
from db.declared import Declared, declare
from db.engine import Database
from db.events import insert_events
from db.failures import UncomputedBucket
from db.floors import read_floors
from db.fold import KEYS_PER_EVENT
from db.labels import OTHER, escape
from db.levels import LEVELS, RollupLevel
from db.partitions import forget_partitions
from db.whole import VALUES_AT_ONCE, whole_keys
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.retention import purge
from metrics_dash.jobs.rollup import PassResult, RollupJob, roll_up, roll_up_all, run_pass
from tests.db.test_splits import assert_is, label, splits
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
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_the_levels_lead_from_raw_to_day_and_each_width_divides_the_next() -> None:
    assert [level.source for level in LEVELS] == ["raw", *(level.name for level in LEVELS[:-1])]
    assert LEVELS[-1].name == "day"
    assert all(coarse.width % fine.width == timedelta(0) for fine, coarse in itertools.pairwise(LEVELS))


def test_after_an_outage_one_call_catches_up(database: Database) -> None:
    insert_events([event(minute, ms=minute) for minute in range(60)], database=database)
    assert roll_up_all(database, limit=7) >= 60
    assert marks(database) == []
    assert_every_level_is_a_group_by_over_raw(database)


def test_two_processes_at_once_end_in_the_same_buckets(database: Database) -> None:
    insert_events([event(n / 5, f"n.x{n % 4}", {"k": n % 3}, v=n) for n in range(2000)], database=database)
    program = (
        "import sys; from db.engine import Database; from metrics_dash.jobs.rollup import roll_up_all; "
        "roll_up_all(Database(sys.argv[1]), limit=50)"
    )
    command = [sys.executable, "-c", program, database.dsn()]
    processes = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(2)]
    for n in range(20):
        insert_events([event(n * 15, f"n.x{n % 4}", v=1)], database=database)
    assert [process.wait(120) for process in processes] == [0, 0]
    roll_up_all(database)
    assert_every_level_is_a_group_by_over_raw(database)


# How passes follow one another


def passes(*results: PassResult) -> tuple[list[dict[str, Any]], Any]:
    """What a roller asked for, and a pass that answers with these results."""
    asked: list[dict[str, Any]] = []
    waiting = list(results)

    def run(database: Database, **options: Any) -> PassResult:
        asked.append(options)
        return waiting.pop(0)

    return asked, run


def result(seconds: float, *, more: bool = False, total: int = 1) -> PassResult:
    return PassResult(acted=True, rebuilt={"minute": total}, more=more, seconds=seconds)


def test_passes_follow_one_another_while_more_is_dirty(database: Database) -> None:
    insert_events([event(minute) for minute in range(25)], database=database)
    roller = RollupJob(database, 5, limit=10)
    assert [roller(NOON) for _ in range(3)] == [True, True, False]
    assert_every_level_is_a_group_by_over_raw(database)


def test_a_pass_that_is_slow_makes_the_open_minute_wait_until_no_closed_one_is_dirty(database: Database) -> None:
    asked, run = passes(result(0.1), result(3), result(0.1, total=0), result(0.1))
    roller = RollupJob(database, 5, run=run)
    assert [roller(NOON) for _ in range(4)] == [False, False, True, False]
    assert [options["before"] is None for options in asked] == [True, True, False, True]
    assert asked[2]["before"].second == 0


def test_passes_that_take_too_long_take_less_and_quick_ones_more_again(database: Database) -> None:
    asked, run = passes(result(6, more=True), result(6, more=True), result(0.1), result(0.1), result(0.1))
    roller = RollupJob(database, 5, run=run, limit=1000)
    for _ in range(5):
        roller(NOON)
    assert [options["limit"] for options in asked] == [1000, 500, 250, 500, 1000]


def test_a_roller_declares_what_is_counted_once_and_a_pass_by_hand_keeps_to_it(database: Database) -> None:
    insert_events([event(0, metadata={"who": 1}), event(0, metadata={"who": 2})], database=database)
    RollupJob(database, 5, declared=Declared(unique={"a.b": ["who"]}))(NOON)
    assert [bucket["uniques"] for bucket in buckets(database)] == [{"who": 2}]
    insert_events([event(0, metadata={"who": 3})], database=database)
    roll_up_all(database)
    assert [bucket["uniques"] for bucket in buckets(database, "day")] == [{"who": 3}]


def test_a_roller_declares_what_is_told_apart_and_so_does_a_history_that_is_rolled_up_by_hand(
    database: Database,
) -> None:
    insert_events([event(n, name, {"k": n % 2}) for name in ("a.b", "c.d") for n in range(4)], database=database)
    RollupJob(database, 5, declared=Declared(split={"a.b": ["k"]}))(NOON)
    roll_up_all(database, declared=Declared(split={"c.d": ["k"]}))
    for name in ("a.b", "c.d"):
        found = {value: row["count"] for (_, value), row in splits(database, "hour", "k", name).items()}
        assert found == {"0": 2, "1": 2}


def test_a_history_that_is_rolled_up_by_hand_is_counted_as_the_catalog_declares(database: Database) -> None:
    insert_events([event(n, metadata={"who": n % 3}) for n in range(9)], database=database)
    roll_up_all(database, declared=Declared(unique={"a.b": ["who"]}))
    assert [bucket["uniques"] for bucket in buckets(database, "hour")] == [{"who": 3}]


def test_a_roller_tells_how_many_late_events_it_merged_and_how_many_it_set_aside(database: Database) -> None:
    told: list[tuple[int, int]] = []
    one = PassResult(acted=True, late=3, lost=1)
    _, run = passes(one, PassResult(acted=False))
    roller = RollupJob(database, 5, run=run, merged=lambda events, lost: told.append((events, lost)))
    for _ in range(2):
        roller(NOON)
    assert told == [(3, 1)]


def test_a_roller_that_finds_another_at_work_leaves_it_to_it(database: Database) -> None:
    insert_events([event()], database=database)
    with transaction(database) as other:
        rollups.try_lock(other)
        assert RollupJob(database, 5)(NOON) is False
    assert len(marks(database)) == 1


def test_the_open_minute_can_wait(database: Database) -> None:
    insert_events([event(0), event(1)], database=database)
    run_pass(database, before=NOON + timedelta(minutes=1))
    assert counts(database) == {NOON: 1}
    assert marks(database) == [("minute", NOON + timedelta(minutes=1))]


# Any history at all

NAMES = st.sampled_from(["a.b", "c.d"])
SPLIT = ["k", "a:b"]
VALUES = st.integers(-1000, 1000) | st.floats(-1e6, 1e6)
EVENTS = st.lists(
    st.tuples(
        NAMES,
        st.dictionaries(st.sampled_from("xyzw"), VALUES, max_size=4),
        st.dictionaries(
            st.sampled_from(["k", "l", "a", "a:b", "a\\", ":", ""]),
            st.sampled_from([True, 1, "1", "v", None, "b:x", "x", ":b:x", OTHER]),
            max_size=3,
        ),
        st.integers(-4 * 24 * 60, 0),
    ),
    min_size=1,
    max_size=8,
)


class Shadow(RuleBasedStateMachine):
    """Inserts, late inserts, passes, crashes and purges, against a list of what was accepted.

    Beside the events that are followed, one names more and more, one has buckets that can't be computed, and one a key
    that is counted as a whole once it was wide.
    """

    database: Database

    def __init__(self) -> None:
        super().__init__()
        with self.database.begin() as connection:
            for name in connection.execute(
                text("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'telemetry_events'::regclass")
            ).scalars():
                connection.execute(text(f"DROP TABLE {name}"))
            connection.execute(
                text("UPDATE retention_floors SET ingest_floor = '-infinity', recompute_floor = '-infinity'")
            )
            connection.execute(
                text(
                    "TRUNCATE telemetry_buckets, telemetry_splits, rollup_dirty, ingest_batches, rollup_failures, "
                    "event_keys, whole_keys, late_events, ingest_quarantine, slice_buckets, slice_splits"
                )
            )
            declare(connection, Declared(split={"a.b": SPLIT}))
        forget_partitions(self.database)
        self.accepted: list[dict[str, Any]] = []
        # Below it the level holds nothing; raw's decides what is late, days' what is too old.
        self.floors: dict[str, datetime | None] = dict.fromkeys(("raw", "minute", "hour", "day"))
        self.now = NOON
        # Of an event with a key that is wide at times: how many events there were in each minute, and whether its
        # bucket counts the key as a whole.
        self.shown: dict[datetime, int] = {}
        self.whole: dict[datetime, bool] = {}
        self.ids = itertools.count()

    @property
    def floor(self) -> datetime | None:
        return self.floors["raw"]

    def is_taken(self, each: dict[str, Any]) -> bool:
        return self.floors["day"] is None or each["occurred_at"] >= self.floors["day"]

    @initialize(sliced=st.booleans())
    def take_every_minute_for_an_open_one(self, sliced: bool) -> None:
        slices.KEPT = slices.OPEN_FOR = 9000 * DAY if sliced else timedelta(0)

    @rule(events=EVENTS, seconds=st.integers(0, 59))
    def insert(self, events: list[tuple[str, dict[str, float], dict[str, Any], int]], seconds: int) -> None:
        batch = [event(minute + seconds / 60, name, tags, **values) for name, values, tags, minute in events]
        kept = [each for each in batch if self.is_taken(each)]
        assert insert_events(batch, database=self.database) == len(kept)
        self.accepted += kept

    @rule(limit=st.integers(1, 20))
    def roll_up(self, limit: int) -> None:
        assert run_pass(self.database, limit=limit).refused == 0

    @rule(limit=st.integers(1, 20))
    def roll_up_with_a_catalog_that_declares_more(self, limit: int) -> None:
        assert run_pass(self.database, limit=limit, declared=Declared(split={"c.d": SPLIT})).refused == 0

    @rule(limit=st.integers(1, 20))
    def crash_in_a_pass(self, limit: int) -> None:
        with transaction(self.database) as worker:
            assert rollups.try_lock(worker)
            roll_up(worker, limit=limit)
            worker.rollback()

    @rule(minute=st.integers(-3 * 24 * 60, 0), limit=st.integers(1, 20))
    def commit_an_insert_after_a_pass_that_did_not_see_it(self, minute: int, limit: int) -> None:
        late = event(minute, x=1)
        if not self.is_taken(late):
            return
        with transaction(self.database) as flush:
            write_uncommitted(flush, self.database, late)
            run_pass(self.database, limit=limit)
            flush.commit()
        self.accepted.append(late)

    @precondition(lambda self: self.accepted)
    @rule(days=st.lists(st.integers(1, 4), min_size=4, max_size=4).map(sorted))
    def purge(self, days: list[int]) -> None:
        with self.database.begin() as connection:
            connection.execute(text("UPDATE ingest_batches SET committed_at = committed_at - interval '1 hour'"))
        periods = {level: each * DAY for level, each in zip(self.floors, days, strict=True)}
        report = purge(self.database, periods, self.now)
        assert not report.refused
        with self.database.begin() as connection:
            self.floors = {level: floor.recompute for level, floor in read_floors(connection).items()}

    @rule(minute=st.integers(-4 * 24 * 60, 0), first=st.integers(0, 500), limit=st.integers(1, 20))
    def name_many(self, minute: int, first: int, limit: int) -> None:
        names = [f"x{number}" for number in range(first, first + 128)]
        halves = (dict.fromkeys(names[:64], 1), dict.fromkeys(names[64:], 1))
        insert_events([event(minute, "many.names", half, **half) for half in halves], database=self.database)
        run_pass(self.database, limit=limit)

    @rule(minute=st.integers(-4 * 24 * 60, 0), wide=st.booleans(), limit=st.integers(1, 20))
    def show_values(self, minute: int, wide: bool, limit: int) -> None:
        at, number = NOON + timedelta(minutes=minute), VALUES_AT_ONCE if wide else 1
        values = [*(f"id-{next(self.ids)}" for _ in range(number)), "often", "often"]
        batch = [event(minute, "wide.key", {"who": value}) for value in values]
        taken = insert_events(batch, database=self.database)
        assert taken == (len(batch) if self.is_taken(batch[0]) else 0)
        self.shown[at] = self.shown.get(at, 0) + taken
        run_pass(self.database, limit=limit)

    @rule(limit=st.integers(1, 20))
    def declare_what_is_wide(self, limit: int) -> None:
        self.whole.clear()
        run_pass(self.database, limit=limit, declared=Declared(split={"wide.key": ["who"]}))

    @rule(minute=st.integers(-4 * 24 * 60, 0), more=st.booleans())
    def store_what_cant_be_added_up(self, minute: int, more: bool) -> None:
        huge = event(minute, "too.large", v=1.7e308)
        if self.floor is None or huge["occurred_at"] >= self.floor:
            store_unchecked(self.database, [huge, huge])
            if more:
                insert_events([event(minute, "too.large", v=1)], database=self.database)

    @rule()
    def mark_as_an_older_version_does(self) -> None:
        """Whole minutes, of which it says no slices."""
        with self.database.begin() as connection:
            connection.execute(text("UPDATE rollup_dirty SET slices = NULL"))

    @rule()
    def fold_as_an_older_version_does(self) -> None:
        """What it writes says nothing of slices, and these stand."""
        with self.database.begin() as connection:
            rollups.lock(connection)
            held = connection.execute(text("SELECT to_jsonb(slice) FROM slice_buckets AS slice")).scalars().all()
            roll_up(connection)
            connection.execute(text("TRUNCATE slice_buckets"))
            connection.execute(
                text(
                    "INSERT INTO slice_buckets SELECT slice.* FROM jsonb_array_elements(CAST(:held AS jsonb)) AS each, "
                    "jsonb_populate_record(NULL::slice_buckets, each) AS slice"
                ),
                {"held": json.dumps(held)},
            )
            connection.execute(text("UPDATE telemetry_buckets SET sliced = NULL"))

    @rule()
    def let_failures_be_due(self) -> None:
        with self.database.begin() as connection:
            failures.try_all_now(connection)

    @rule()
    def remove_what_cant_be_added_up(self) -> None:
        with self.database.begin() as connection:
            connection.execute(text("DELETE FROM telemetry_events WHERE measurements @> '{\"v\": 1.7e308}'"))

    @invariant()
    def nothing_that_was_taken_is_set_aside(self) -> None:
        with self.database.begin() as connection:
            assert connection.execute(text("SELECT count(*) FROM ingest_quarantine")).scalar_one() == 0

    @invariant()
    def what_differs_is_dirty_or_known_not_to_be_computable(self) -> None:
        for problem in audit(self.database):
            assert isinstance(problem, UncomputedBucket), problem
            assert problem.event_name == "too.large"

    @invariant()
    def a_bucket_once_counted_as_a_whole_stays_so_and_the_others_stay_told_apart(self) -> None:
        stored = buckets(self.database, name="wide.key")
        whole = {each["bucket_start"]: "who:often" not in each["metadata_counts"] for each in stored}
        assert {at: was for at, was in self.whole.items() if at in whole}.items() <= whole.items()
        with self.database.begin() as connection:
            since = {each.event_name: each.since for each in whole_keys(connection)}.get("wide.key")
            declared = connection.execute(text("SELECT count(until) FROM whole_keys")).scalar_one()
        if not declared:
            assert whole == {at: since is not None and at >= since for at in whole}
            self.whole = whole

    @invariant()
    def what_cant_be_computed_is_marked(self) -> None:
        with self.database.begin() as connection:
            forgotten = connection.execute(
                text(
                    "SELECT event_name, date_bin('1 minute', occurred_at, 'epoch') FROM telemetry_events "
                    "WHERE measurements @> '{\"v\": 1.7e308}' EXCEPT SELECT event_name, bucket_start FROM rollup_dirty "
                    "EXCEPT SELECT event_name, bucket_start FROM rollup_failures"
                )
            ).fetchall()
        assert forgotten == []

    @invariant()
    def no_bucket_names_too_much(self) -> None:
        with self.database.begin() as connection:
            widest = connection.execute(
                text(
                    "SELECT max((SELECT count(*) FROM jsonb_object_keys(value_counts || metadata_counts))) "
                    "FROM telemetry_buckets"
                )
            ).scalar_one()
        assert (widest or 0) <= 2 * (KEYS_PER_EVENT + 1)

    def teardown(self) -> None:
        self.remove_what_cant_be_added_up()
        roll_up_all(self.database)
        for problem in audit(self.database):
            assert isinstance(problem, UncomputedBucket), problem
            assert problem.lost
            assert self.floor is not None
            assert problem.bucket_start < self.floor
        for level in LEVELS:
            floor = self.floors[level.name]
            expected = {
                key: events
                for key, events in _group(self.accepted, level.width).items()
                if floor is None or key[1] >= floor
            }
            stored = {
                (name, bucket["bucket_start"]): bucket
                for name in ("a.b", "c.d")
                for bucket in buckets(self.database, level.name, name)
            }
            assert stored.keys() == expected.keys()
            self._assert_shown(level)
            for key, events in expected.items():
                _assert_folded(stored[key], events)
                for dimension in SPLIT:
                    self._assert_split(level.name, *key, dimension, events)

    def _assert_shown(self, level: RollupLevel) -> None:
        """Each event is counted once, as a whole or told apart."""
        floor = self.floors[level.name]
        expected: dict[datetime, int] = {}
        for at, number in self.shown.items():
            start = EPOCH + (at - EPOCH) // level.width * level.width
            if number and (floor is None or start >= floor):
                expected[start] = expected.get(start, 0) + number
        stored = buckets(self.database, level.name, "wide.key")
        assert {each["bucket_start"]: sum(each["metadata_counts"].values()) for each in stored} == expected

    def _assert_split(
        self, level: str, name: str, start: datetime, dimension: str, events: list[dict[str, Any]]
    ) -> None:
        """Of what was declared later, buckets that could not be computed again have none."""
        rows = {value: row for (at, value), row in splits(self.database, level, dimension, name).items() if at == start}
        if name == "c.d" and not rows:
            return
        by_value: dict[str, list[dict[str, Any]]] = {}
        for each in events:
            by_value.setdefault(label(each["metadata"], dimension), []).append(each)
        assert rows.keys() == by_value.keys()
        for value, those in by_value.items():
            assert_is(rows[value], those)


def _group(events: list[dict[str, Any]], width: timedelta) -> dict[tuple[str, datetime], list[dict[str, Any]]]:
    grouped: dict[tuple[str, datetime], list[dict[str, Any]]] = {}
    for each in events:
        start = EPOCH + (each["occurred_at"] - EPOCH) // width * width
        grouped.setdefault((each["event_name"], start), []).append(each)
    return grouped


def _assert_folded(bucket: Mapping[str, Any], events: list[dict[str, Any]]) -> None:
    values: dict[str, list[float]] = {}
    for each in events:
        for key, value in each["measurements"].items():
            values.setdefault(key, []).append(value)
    assert bucket["count"] == len(events)
    assert bucket["value_counts"] == {key: len(found) for key, found in values.items()}
    assert bucket["min_values"] == {key: min(found) for key, found in values.items()}
    assert bucket["max_values"] == {key: max(found) for key, found in values.items()}
    assert bucket["sum_values"].keys() == values.keys()
    for key, found in values.items():
        assert abs(bucket["sum_values"][key] - sum(found)) <= 1e-9 * max(1.0, sum(map(abs, found)))
    tags = [(key, value) for each in events for key, value in each["metadata"].items()]
    labels = [f"{escape(key)}:{value if isinstance(value, str) else json.dumps(value)}" for key, value in tags]
    assert bucket["metadata_counts"] == {label: labels.count(label) for label in labels}


def test_any_history_leaves_every_level_equal_to_a_group_by_over_all_that_was_accepted(database: Database) -> None:
    with _on(database):
        run_state_machine_as_test(
            Shadow,
            settings=settings(
                max_examples=12,
                stateful_step_count=12,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )


@contextmanager
def _on(database: Database) -> Iterator[None]:
    Shadow.database = database
    before = slices.KEPT, slices.OPEN_FOR
    yield
    slices.KEPT, slices.OPEN_FOR = before
    del Shadow.database
