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
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from db import rollups
from db.engine import Database
from db.events import insert_events
from db.floors import align
from db.levels import LEVELS
from db.partitions import forget_partitions
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.retention import purge
from metrics_dash.jobs.rollup import PassResult, RollupJob, roll_up, roll_up_all, run_pass
from tests.db.test_rollups import (
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


def test_a_pass_that_is_slow_makes_the_open_minute_wait_and_a_quick_one_lets_it_in_again(database: Database) -> None:
    asked, run = passes(result(0.1), result(3), result(0.1, total=0), result(0.1))
    roller = RollupJob(database, 5, run=run)
    assert [roller(NOON) for _ in range(4)] == [False] * 4
    assert [options["before"] is None for options in asked] == [True, True, False, True]
    assert asked[2]["before"].second == 0


def test_passes_that_take_too_long_take_less_and_quick_ones_more_again(database: Database) -> None:
    asked, run = passes(result(6, more=True), result(6, more=True), result(0.1), result(0.1), result(0.1))
    roller = RollupJob(database, 5, run=run, limit=1000)
    for _ in range(5):
        roller(NOON)
    assert [options["limit"] for options in asked] == [1000, 500, 250, 500, 1000]


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
VALUES = st.integers(-1000, 1000) | st.floats(-1e6, 1e6)
EVENTS = st.lists(
    st.tuples(
        NAMES,
        st.dictionaries(st.sampled_from("xyzw"), VALUES, max_size=4),
        st.dictionaries(st.sampled_from("kl"), st.sampled_from([True, 1, "v", None]), max_size=2),
        st.integers(-4 * 24 * 60, 0),
    ),
    min_size=1,
    max_size=8,
)


class Shadow(RuleBasedStateMachine):
    """Inserts, late inserts, passes, crashes and purges, against a list of what was accepted."""

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
            connection.execute(text("TRUNCATE telemetry_buckets, rollup_dirty, ingest_batches"))
        forget_partitions(self.database)
        self.accepted: list[dict[str, Any]] = []
        self.floor: datetime | None = None
        self.now = NOON

    @rule(events=EVENTS, seconds=st.integers(0, 59))
    def insert(self, events: list[tuple[str, dict[str, float], dict[str, Any], int]], seconds: int) -> None:
        batch = [event(minute + seconds / 60, name, tags, **values) for name, values, tags, minute in events]
        kept = [each for each in batch if self.floor is None or each["occurred_at"] >= self.floor]
        assert insert_events(batch, database=self.database) == len(kept)
        self.accepted += kept

    @rule(limit=st.integers(1, 20))
    def roll_up(self, limit: int) -> None:
        assert run_pass(self.database, limit=limit).refused == 0

    @rule(limit=st.integers(1, 20))
    def crash_in_a_pass(self, limit: int) -> None:
        with transaction(self.database) as worker:
            assert rollups.try_lock(worker)
            roll_up(worker, limit=limit)
            worker.rollback()

    @rule(minute=st.integers(-3 * 24 * 60, 0), limit=st.integers(1, 20))
    def commit_an_insert_after_a_pass_that_did_not_see_it(self, minute: int, limit: int) -> None:
        late = event(minute, x=1)
        if self.floor is not None and late["occurred_at"] < self.floor:
            return
        with transaction(self.database) as flush:
            write_uncommitted(flush, self.database, late)
            run_pass(self.database, limit=limit)
            flush.commit()
        self.accepted.append(late)

    @precondition(lambda self: self.accepted)
    @rule(days=st.integers(1, 4))
    def purge_raw(self, days: int) -> None:
        with self.database.begin() as connection:
            connection.execute(text("UPDATE ingest_batches SET committed_at = committed_at - interval '1 hour'"))
        periods = {"raw": days * DAY, **dict.fromkeys(("minute", "hour", "day"), 1000 * DAY)}
        report = purge(self.database, periods, self.now)
        assert not report.refused
        if report.levels[0].removed:
            self.floor = max(align(self.now - days * DAY), self.floor or align(self.now - 1000 * DAY))

    @invariant()
    def what_differs_is_dirty(self) -> None:
        assert audit(self.database) == []

    def teardown(self) -> None:
        roll_up_all(self.database)
        assert audit(self.database) == []
        for level in LEVELS:
            expected = _group(self.accepted, level.width)
            stored = {
                (name, bucket["bucket_start"]): bucket
                for name in ("a.b", "c.d")
                for bucket in buckets(self.database, level.name, name)
            }
            assert stored.keys() == expected.keys()
            for key, events in expected.items():
                _assert_folded(stored[key], events)


def _group(events: list[dict[str, Any]], width: timedelta) -> dict[tuple[str, datetime], list[dict[str, Any]]]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    grouped: dict[tuple[str, datetime], list[dict[str, Any]]] = {}
    for each in events:
        start = epoch + (each["occurred_at"] - epoch) // width * width
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
    labels = [f"{key}:{value if isinstance(value, str) else json.dumps(value)}" for key, value in tags]
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
    yield
    del Shadow.database
