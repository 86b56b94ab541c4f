"""``floors`` shows every level's floor, and lowers one as far as nothing was lost by it."""

from datetime import UTC, datetime, timedelta

from db.engine import Database
from db.floors import align
from tests.commands.conftest import Run
from tests.db.test_lowering import rise

TOMORROW = align(datetime.now(UTC)) + timedelta(days=1)


def test_every_levels_floors_are_shown_and_how_far_they_may_rise(on: Run, database: Database) -> None:
    rise(database, "minute", TOMORROW)
    ended = on("floors")
    assert ended.code == 0
    lines = {line.split()[0]: line for line in ended.out.splitlines() if line.split()}
    assert lines["minute"].count(f"{TOMORROW:%Y-%m-%d} 00:00:00 UTC") == 2
    assert lines["raw"].split() == ["raw", "-", "-", "-"]
    assert lines.keys() >= {"raw", "minute", "hour", "day"}
    assert "floors may rise as far as the retention periods before" in ended.out


def test_one_is_lowered(on: Run, database: Database) -> None:
    rise(database, "raw", TOMORROW)
    yesterday = f"{TOMORROW - timedelta(days=2):%Y-%m-%d}"
    ended = on("floors", "lower", "raw", "--to", yesterday)
    assert (ended.code, ended.out) == (0, f"raw: the floor is {yesterday} 00:00:00 UTC now\n")
    assert on("floors", "lower", "raw").out == "raw: there is no floor any more\n"


def test_one_that_can_not_be_lowered_is_one_line(on: Run) -> None:
    ended = on("floors", "lower", "raw")
    assert (ended.code, ended.err) == (1, "metrics_dash: raw has no floor\n")


def test_a_level_or_a_time_that_is_none_is_bad_usage(on: Run) -> None:
    assert on("floors", "lower", "week").code == 2
    ended = on("floors", "lower", "raw", "--to", "yesterday")
    assert ended.code == 2
    assert "2026-01-31" in ended.err
