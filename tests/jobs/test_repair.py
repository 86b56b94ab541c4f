"""The audit that runs all the time: what differs is computed again, counted, and right afterwards."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from db.declared import Declared
from db.engine import Database
from db.events import insert_events
from db.floors import Floor
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.repair import BUDGET_SECONDS, DAY, RepairJob, rebuild, slices
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.older import store_unchecked
from tests.support.rollups import NOON, event

NO_FLOOR = Floor(None, None, None)
MIDNIGHT = NOON.replace(hour=0)


@pytest.fixture
def rolled_up(database: Database) -> Database:
    insert_events([event(n, f"n.x{n % 3}", {"p": n}, ms=n) for n in range(90)], database=database)
    roll_up_all(database)
    return database


def execute(database: Database, statement: str) -> None:
    with database.begin() as connection:
        connection.execute(text(statement))


def ticking(seconds: float) -> Callable[[], float]:
    """A clock that goes on by so much at each look."""
    now = iter(range(10**6))
    return lambda: next(now) * seconds


def job(
    database: Database, repaired: Counter[str] | None = None, *, seconds: float = 0.0, start: float = 0
) -> RepairJob:
    told = Counter[str]() if repaired is None else repaired

    def count(level: str, buckets: int) -> None:
        told[level] += buckets

    return RepairJob(database, count, clock=ticking(seconds), start=lambda: start)


@pytest.mark.parametrize("level", ["minute", "hour", "day"])
def test_a_bucket_that_differs_is_repaired_and_counted(rolled_up: Database, level: str) -> None:
    execute(rolled_up, f"UPDATE telemetry_buckets SET count = count + 7 WHERE bucket_type = '{level}'")
    wrong, repaired = audit(rolled_up), Counter[str]()
    assert wrong
    repair = job(rolled_up, repaired)
    for _ in range(3):  # what was made of it is found wrong once it is right
        repair()
        roll_up_all(rolled_up)
    assert audit(rolled_up) == []
    assert repaired[level] == len({(each.event_name, each.bucket_start) for each in wrong if each.level == level})


def test_a_bucket_that_is_missing_or_made_of_nothing_is_repaired(rolled_up: Database) -> None:
    execute(rolled_up, "DELETE FROM telemetry_buckets WHERE bucket_type = 'minute' AND event_name = 'n.x0'")
    execute(rolled_up, "UPDATE telemetry_buckets SET event_name = 'n.made_up' WHERE event_name = 'n.x1'")
    for _ in range(3):
        job(rolled_up)()
        roll_up_all(rolled_up)
    assert audit(rolled_up) == []
    execute(
        rolled_up,
        "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM telemetry_buckets WHERE event_name = 'n.made_up'); END $$",
    )


FALSIFIED = {
    "a count": "UPDATE telemetry_buckets SET count = count + 7 WHERE bucket_type = 'five' AND bucket_start = '{at}'",
    "a split": "UPDATE telemetry_splits SET count = count + 7 WHERE bucket_type = 'five' AND bucket_start = '{at}'",
    "one that is missing": "DELETE FROM telemetry_buckets WHERE bucket_type = 'five' AND bucket_start = '{at}'",
    "one of nothing": "DELETE FROM telemetry_buckets WHERE bucket_type = 'minute' AND bucket_start >= '{at}' "
    "AND bucket_start < CAST('{at}' AS timestamptz) + interval '5 minutes'",
}


@pytest.mark.parametrize("how", FALSIFIED)
def test_a_five_that_differs_is_repaired_and_counted(database: Database, how: str) -> None:
    """By whatever means: no trigger saw it."""
    insert_events([event(n, metadata={"p": n % 2}, ms=n) for n in range(20)], database=database)
    roll_up_all(database, declared=Declared(split={"a.b": ["p"]}))
    untouched = "SET LOCAL session_replication_role = replica; "
    execute(database, untouched + FALSIFIED[how].format(at=at(5)))
    wrong = [each for each in audit(database) if each.level == "five"]
    assert {each.bucket_start for each in wrong} == {at(5)}
    if how == "one of nothing":
        return
    repaired = Counter[str]()
    job(database, repaired)()
    roll_up_all(database)
    assert audit(database) == []
    assert repaired == {"five": 1}


@pytest.mark.parametrize(
    "reason",
    [
        "INSERT INTO stale_fives (event_name, bucket_start, unfoldable) VALUES ('a.b', '{at}', true)",
        "UPDATE fives_since SET since = CAST('{at}' AS timestamptz) + interval '5 minutes'",
    ],
    ids=["marked", "before there were any"],
)
def test_a_five_that_nobody_reads_is_not_compared(database: Database, reason: str) -> None:
    insert_events([event(n) for n in range(20)], database=database)
    roll_up_all(database)
    execute(database, f"SET LOCAL session_replication_role = replica; {FALSIFIED['a count'].format(at=at(5))}")
    assert audit(database) != []
    execute(database, reason.format(at=at(5)))
    assert audit(database) == []


def test_a_five_that_cant_be_folded_is_no_problem(database: Database) -> None:
    store_unchecked(database, [event(n, "too.large", v=1.7e308) for n in (0, 1)])
    insert_events([event(0)], database=database)
    roll_up_all(database)
    assert {each.level for each in audit(database)} == {"hour"}


def test_what_agrees_is_left_alone(rolled_up: Database) -> None:
    repaired = Counter[str]()
    assert job(rolled_up, repaired)().endswith(" of 147 slices: all agree")
    assert repaired == {}
    execute(rolled_up, "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM rollup_dirty); END $$")


def test_an_empty_store_has_nothing_to_compare(database: Database) -> None:
    assert job(database)() == "nothing is stored"


def test_each_run_goes_on_where_the_last_one_ended_until_all_had_their_turn(rolled_up: Database) -> None:
    execute(rolled_up, "UPDATE telemetry_buckets SET count = count + 7 WHERE bucket_type = 'day'")
    repaired = Counter[str]()
    repair = job(rolled_up, repaired, seconds=BUDGET_SECONDS / 10, start=0.5)
    runs = 0
    while not repaired:
        assert "of 147 slices" in repair()
        runs += 1
        assert runs < 100
    assert runs > 3
    assert repaired == {"day": 3}


def test_a_run_compares_one_slice_however_long_that_takes(rolled_up: Database) -> None:
    assert job(rolled_up, seconds=2 * BUDGET_SECONDS)().startswith("1 of ")


def test_slices_reach_as_far_down_as_what_buckets_are_made_of() -> None:
    floors = {"raw": Floor(MIDNIGHT, MIDNIGHT, None), "minute": NO_FLOOR, "hour": Floor(None, MIDNIGHT + DAY, None)}
    found = [(level.name, start) for level, start, _ in slices([MIDNIGHT - DAY, MIDNIGHT], floors)]
    assert Counter(found) == Counter(
        [(level, start) for level in ("hour", "five") for start in (MIDNIGHT - DAY, MIDNIGHT)]
        + [("minute", MIDNIGHT + timedelta(minutes=10 * n)) for n in range(144)]
    )
    assert found[0][1] == MIDNIGHT


def test_a_bucket_whose_events_are_purged_keeps_its_state(rolled_up: Database) -> None:
    execute(rolled_up, "UPDATE telemetry_buckets SET count = count + 7 WHERE bucket_type = 'minute'")
    execute(rolled_up, f"UPDATE retention_floors SET recompute_floor = '{MIDNIGHT + DAY}' WHERE level = 'raw'")
    repaired = Counter[str]()
    repair = job(rolled_up, repaired)
    repair()
    assert repaired["minute"] == 0


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_a_span_is_rebuilt_and_nothing_outside_it(rolled_up: Database) -> None:
    execute(rolled_up, "UPDATE telemetry_buckets SET count = count + 7 WHERE bucket_type = 'minute'")
    assert rebuild(rolled_up, at(10), at(20)) > 0
    minutes = {each.bucket_start for each in audit(rolled_up) if each.level == "minute"}
    assert minutes == {at(n) for n in range(90) if not 10 <= n < 20}


def test_a_span_is_widened_to_whole_buckets(rolled_up: Database) -> None:
    execute(rolled_up, "UPDATE telemetry_buckets SET count = count + 7 WHERE bucket_type = 'minute'")
    rebuild(rolled_up, at(10.5), at(11.5))
    minutes = {each.bucket_start for each in audit(rolled_up) if each.level == "minute"}
    assert minutes == {at(n) for n in range(90) if n not in (10, 11)}
