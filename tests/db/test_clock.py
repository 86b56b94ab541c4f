"""The clock that retention goes by: it follows the database's, and no leap of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from db.clock import (
    CLOCKS_MAY_DIFFER,
    EVEN_FOR,
    ClockWatch,
    clock_offset,
    disagreement,
    look,
    offset_between,
    trusted_time,
    watch_clock,
)
from db.engine import Database

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAYS = timedelta(days=5)


def watched(*moments: datetime, watch: ClockWatch | None = None) -> ClockWatch:
    """What is known after looks that found these moments."""
    for moment in moments:
        watch = look(watch, moment)
    assert watch is not None
    return watch


def every_minute(start: datetime, count: int) -> list[datetime]:
    return [start + n * MINUTE for n in range(count)]


EVEN = watched(*every_minute(NOON, 20))
"""A clock that was looked at every minute from noon to 12:19."""


def test_the_first_clock_that_is_seen_is_believed() -> None:
    assert watched(NOON).trusted_at == NOON


def test_a_clock_that_runs_evenly_is_trusted_from_then_on() -> None:
    assert watched(*every_minute(NOON, 5)).trusted_at == NOON
    assert watched(*every_minute(NOON, 11)).trusted_at == NOON + 10 * MINUTE
    assert EVEN.trusted_at == NOON + 19 * MINUTE


def test_a_leap_of_eight_seconds_moves_nothing() -> None:
    before = EVEN.seen_at
    leapt = watched(before + DAYS, before + DAYS + timedelta(seconds=5), watch=EVEN)
    assert leapt.trusted_at == before
    back = watched(before + timedelta(seconds=8), watch=leapt)
    assert back.trusted_at == before
    assert watched(*every_minute(before + MINUTE, 15), watch=back).trusted_at == before + 15 * MINUTE


def test_a_leap_that_lasts_is_followed_when_the_clock_went_on_evenly() -> None:
    after = EVEN.seen_at + DAYS
    assert watched(*every_minute(after, 10), watch=EVEN).trusted_at == EVEN.seen_at
    assert watched(*every_minute(after, 11), watch=EVEN).trusted_at == after + 10 * MINUTE


def test_after_a_night_without_looks_the_last_one_is_certain_and_the_rest_follows() -> None:
    morning = EVEN.seen_at + timedelta(hours=8)
    assert watched(morning, watch=EVEN).trusted_at == EVEN.seen_at
    assert watched(morning, morning + timedelta(days=1), watch=EVEN).trusted_at == morning
    assert watched(*every_minute(morning, 11), watch=EVEN).trusted_at == morning + EVEN_FOR


def test_a_clock_that_is_set_back_takes_the_trusted_time_with_it() -> None:
    assert watched(NOON - DAYS, watch=EVEN).trusted_at == NOON - DAYS


def test_looks_of_two_processes_that_come_out_of_turn_are_no_leap() -> None:
    assert watched(EVEN.seen_at - timedelta(seconds=2), watch=EVEN) == EVEN


@given(st.lists(st.integers(1, 7 * 86400), min_size=1, max_size=30), st.integers(0, 8))
def test_whatever_leaps_for_seconds_the_trusted_time_never_is_later_than_the_true_one(
    steps: list[int], seconds: int
) -> None:
    """Between two true looks, however far apart, the clock leaps once and comes back."""
    true, watch = NOON, look(None, NOON)
    for step in steps:
        leapt = true + timedelta(seconds=step)
        watch = watched(leapt, leapt + timedelta(seconds=seconds), watch=watch)
        assert watch.trusted_at <= true + OUT_OF_A_LEAP
        true += timedelta(seconds=60)
        watch = look(watch, true)
        assert watch.trusted_at <= true


# A leap so short that it looks like time that passed.
OUT_OF_A_LEAP = timedelta(minutes=5, seconds=8)


def test_looking_is_remembered_and_asking_is_not(database: Database) -> None:
    def seen() -> object:
        with database.begin() as connection:
            return connection.execute(text("SELECT seen_at FROM retention_clock")).scalar_one()

    with database.begin() as connection:
        assert abs(trusted_time(connection) - datetime.now(UTC)) < timedelta(minutes=5)
    assert seen() is None
    with database.begin() as connection:
        watch_clock(connection)
    first = seen()
    with database.begin() as connection:
        trusted_time(connection)
    assert seen() == first is not None


def test_a_leap_of_the_database_is_not_trusted(database: Database) -> None:
    """The look before was five days ago by the clock, and eight seconds ago in truth."""
    with database.begin() as connection:
        connection.execute(
            text(
                "UPDATE retention_clock SET (even_since, seen_at, trusted_at) = (SELECT d, d, d FROM "
                "(SELECT clock_timestamp() - interval '5 days' AS d) AS past)"
            )
        )
        before = connection.execute(text("SELECT seen_at FROM retention_clock")).scalar_one()
        assert trusted_time(connection) == before
        assert watch_clock(connection).trusted_at == before


@pytest.mark.parametrize("days", [-5, 0, 5])
def test_how_far_the_clocks_differ_is_measured(database: Database, days: int) -> None:
    with database.begin() as connection:
        offset = clock_offset(connection, datetime.now(UTC) - timedelta(days=days))
    assert abs(offset - timedelta(days=days)) < timedelta(minutes=5)


def test_the_time_that_the_question_took_is_no_difference() -> None:
    assert offset_between(NOON, NOON + MINUTE, NOON + 2 * MINUTE) == timedelta(0)
    assert offset_between(NOON, NOON - MINUTE, NOON + 2 * MINUTE) == -MINUTE
    assert offset_between(NOON, NOON + 5 * MINUTE, NOON + 2 * MINUTE) == 3 * MINUTE


def test_a_difference_is_said_in_words_with_its_consequence() -> None:
    assert disagreement(CLOCKS_MAY_DIFFER) is None
    assert disagreement(-CLOCKS_MAY_DIFFER) is None
    assert disagreement(-DAYS) == (
        "this machine's clock is 5 days ahead of the database's: events that name no time get a wrong one, and nothing "
        "is purged until the clocks agree"
    )
    assert str(disagreement(timedelta(seconds=90))).startswith("this machine's clock is 90 s behind the database's")
