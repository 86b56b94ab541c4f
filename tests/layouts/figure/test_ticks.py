"""Ticks of both axes: round times of the zone, Mondays and months, and whole numbers of what is counted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from layouts.figure.moments import text_width
from layouts.figure.room import labels_within, plot_width
from layouts.figure.ticks import ticks, time_ticks
from layouts.figure.traces import FigureStyle
from layouts.sketch_axes import moment_marks
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.parse import TimeRange
from metrics_dash.charts.timerange.windows import choose_window
from tests.support.figures import chart_data
from tests.support.times import BERLIN, EVERYTHING, UTC_ZONE, moments, window_of, zones

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def labels(start: str, end: str, zone: ZoneInfo = UTC_ZONE, width: int = 560) -> list[str]:
    window = window_of(f"{start}+00:00", f"{end}+00:00", zone)
    return list(time_ticks(window, width)["ticktext"])


def test_a_short_range_is_left_to_plotly_which_knows_the_room() -> None:
    window = window_of("2026-01-01T00:00+00:00", "2026-01-08T00:00+00:00", UTC_ZONE)
    assert time_ticks(window, 560) == {"tickmode": "auto", "tickvals": None, "ticktext": None}


def test_a_month_has_its_mondays() -> None:
    assert labels("2026-03-01T00:00", "2026-03-31T00:00") == ["2 Mar<br>2026", "9 Mar", "16 Mar", "23 Mar", "30 Mar"]


def test_ninety_days_have_every_second_monday_and_a_year_its_months() -> None:
    assert labels("2026-01-01T00:00", "2026-04-01T00:00", BERLIN)[:3] == ["5 Jan<br>2026", "19 Jan", "2 Feb"]
    assert labels("2026-01-01T00:00", "2026-12-20T00:00", width=720) == ["Jan<br>2026", *MONTHS[1:]]
    assert labels("2026-01-01T00:00", "2026-12-20T00:00") == ["Jan<br>2026", "Mar", "May", "Jul", "Sep", "Nov"]


def test_two_weeks_have_days_with_their_month_below() -> None:
    assert labels("2026-02-20T00:00", "2026-03-06T00:00") == [
        "Fri 20<br>Feb 2026",
        "Sun 22",
        "Tue 24",
        "Thu 26",
        "Sat 28",
        "Mon 2<br>Mar 2026",
        "Wed 4",
    ]


def test_a_new_year_is_said_where_it_begins() -> None:
    assert "Jan<br>2027" in labels("2026-07-01T00:00", "2027-07-01T00:00", width=720)


def test_where_the_clocks_change_ticks_are_hours_of_the_zone() -> None:
    text = labels("2026-03-28T23:00", "2026-03-29T22:00", BERLIN)
    assert text == ["00:00<br>Sun 29 Mar", "04:00", "08:00", "12:00", "16:00", "20:00"]


@given(moments, st.timedeltas(timedelta(days=10), timedelta(days=4000)), zones, st.integers(228, 1700))
def test_no_more_labels_than_there_is_room_for_at_moments_that_are_in_sight(
    start: datetime, length: timedelta, zone: ZoneInfo, width: int
) -> None:
    window = choose_window(TimeRange(start, start + length), zone, EVERYTHING)
    found = time_ticks(window, width)
    assert 0 < len(found["ticktext"]) == len(found["tickvals"]) <= labels_within(width)
    assert found["tickvals"] == sorted(found["tickvals"])


@given(moments, st.timedeltas(timedelta(minutes=10), timedelta(days=800)), zones, st.integers(228, 1700))
@example(datetime(2026, 11, 27, 13, 5, tzinfo=UTC), timedelta(hours=24), UTC_ZONE, 268)
def test_no_label_of_a_time_axis_runs_into_the_next(
    start: datetime, length: timedelta, zone: ZoneInfo, width: int
) -> None:
    window = choose_window(TimeRange(start, start + length), zone, EVERYTHING)
    marks = moment_marks(
        time_ticks(window, width), window, to_milliseconds(window.start), to_milliseconds(window.end), width
    )
    assert marks
    for line in ("label", "below"):
        said = [(mark.at * plot_width(width), getattr(mark, line)) for mark in marks if getattr(mark, line)]
        for (at, text), (then, following) in pairwise(said):
            assert at + text_width(text) / 2 < then - text_width(following) / 2, (line, text, following)


def test_a_narrow_axis_shortens_its_dates_and_leaves_out_the_first_where_it_has_no_room() -> None:
    day = ("2026-11-27T13:00", "2026-11-28T13:00")
    assert labels(*day, width=300) == ["18:00<br>27 Nov", "00:00<br>28 Nov", "06:00", "12:00"]
    assert labels(*day, width=228) == ["18:00", "00:00<br>Sat 28 Nov", "06:00", "12:00"]
    wide = window_of(f"{day[0]}+00:00", f"{day[1]}+00:00", UTC_ZONE)
    assert time_ticks(wide, 560)["tickmode"] == "auto"


def values(chart: Any) -> dict[str, Any]:
    return ticks(chart, FigureStyle())["yaxis"]


@pytest.mark.parametrize(
    ("numbers", "distance"), [([0, 1, 2], 1), ([0, 0], 1), ([4], 1), ([0, 40], None), ([0.5, 1], None)]
)
def test_whole_numbers_have_no_ticks_between_them(numbers: list[float], distance: int | None) -> None:
    assert values(chart_data("quests-accepted", numbers))["dtick"] == distance


def test_of_a_stack_the_height_counts() -> None:
    assert values(chart_data("login-results", [2, 2], [3, 3], names=("true", "false")))["dtick"] is None


def test_a_gauge_of_whole_samples_has_whole_ticks_though_its_average_is_none() -> None:
    active = chart_data("active-zones", [1.5, 2.0])
    (series,) = active.series
    band = replace(series, low=np.array([1.0, 2.0]), high=np.array([2.0, 2.0]))
    assert values(replace(active, series=(band,)))["dtick"] == 1


def test_the_unit_stands_at_the_topmost_tick() -> None:
    chart = chart_data("players-online", [2976.0])
    timing = replace(chart, chart=replace(chart.chart, unit="ms"))
    assert values(timing)["ticksuffix"] == "\u202fs"
    assert values(chart)["ticksuffix"] == ""
