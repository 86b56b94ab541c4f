"""Moments of a time axis: as Plotly places them, and which of their labels stay where there is little room."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layouts.figure.moments import (
    are_apart,
    coarser_ticks,
    fitting,
    plain_ticks,
    said_once,
    text_width,
    tick_at,
)
from tests.support.times import moments

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("length", "width", "expected"),
    [
        (timedelta(hours=1), 560, ["12:00", "12:10", "12:20", "12:30", "12:40", "12:50", "13:00"]),
        (DAY, 560, ["12:00", "18:00", "00:00", "06:00", "12:00"]),
        (7 * DAY, 560, ["Sat 28", "Sun 29", "Mon 30", "Tue 1", "Wed 2", "Thu 3", "Fri 4"]),
    ],
)
def test_ticks_stand_at_the_round_moments_that_plotly_chooses(
    length: timedelta, width: int, expected: list[str]
) -> None:
    assert [tick.label for tick in plain_ticks(NOON, length, width)] == expected


def test_what_stands_below_is_said_where_it_changes() -> None:
    ticks = said_once(plain_ticks(NOON, DAY, 560))
    assert [tick.below for tick in ticks] == ["Fri 27 Nov", "", "Sat 28 Nov", "", ""]


def test_a_tick_of_days_has_its_month_below() -> None:
    tick = tick_at(0.5, "there", NOON, DAY)
    assert (tick.label, tick.below, tick.shorter) == ("Fri 27", "Nov 2026", "Nov")


def test_coarser_ticks_are_ever_fewer() -> None:
    counts = [len(ticks) for ticks in coarser_ticks(NOON, DAY, 560)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 5


def test_dates_are_shortened_before_one_is_left_out() -> None:
    def below(room: int) -> list[str]:
        return [tick.below for tick in fitting(coarser_ticks(NOON + timedelta(hours=5), DAY, 228), room) if tick.below]

    assert [below(room) for room in (500, 220, 170)] == [
        ["Fri 27 Nov", "Sat 28 Nov"],
        ["27 Nov", "28 Nov"],
        ["Sat 28 Nov"],
    ]


@given(moments, st.integers(10, 12_000), st.integers(120, 1700))
def test_what_fits_is_apart(start: datetime, minutes: int, room: int) -> None:
    assert are_apart(fitting(coarser_ticks(start, timedelta(minutes=minutes), room + 60), room), room)


def test_wide_letters_are_wider() -> None:
    assert text_width("Wed") > text_width("Fri") > 0
