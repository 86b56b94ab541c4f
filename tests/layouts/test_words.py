"""Ranges and steps in words, by the wall clock of the window's zone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from layouts.words import (
    before_text,
    compared_text,
    doubt_text,
    length_text,
    range_text,
    refused_text,
    sign_of,
    step_text,
    steps_text,
    summed_text,
)
from metrics_dash.charts.data import Doubt, Filter, Interval
from metrics_dash.charts.timerange.parse import TimeRange, parse_range
from metrics_dash.charts.timerange.steps import find_step
from metrics_dash.charts.timerange.windows import Window, choose_window
from tests.support.figures import chart_data
from tests.support.pictures import auth_tab
from tests.support.times import EVERYTHING, NOW, UTC_ZONE, at, window_by_hand

BERLIN = ZoneInfo("Europe/Berlin")


def window(start: str, end: str, zone: ZoneInfo = BERLIN, **more: Any) -> Window:
    return window_by_hand(at(start), at(end), more.pop("step", "1m"), zone, **more)


def long(**length: float) -> Window:
    end = datetime(2026, 11, 22, 13, 32, tzinfo=UTC)
    return window_by_hand(end - timedelta(**length), end, "1m", BERLIN)


def test_a_range_is_said_in_its_zone_with_days_of_the_week() -> None:
    day = window("2026-11-21T13:32:00Z", "2026-11-22T13:32:00Z")
    assert range_text(day) == "Sat 21 Nov 14:32 → Sun 22 Nov 14:32, Europe/Berlin"


def test_years_are_said_where_they_differ_in_the_zone() -> None:
    sylvester = window("2025-12-31T22:30:00Z", "2025-12-31T23:30:00Z")
    assert range_text(sylvester) == "Wed 31 Dec 2025 23:30 → Thu 1 Jan 2026 00:30, Europe/Berlin"
    assert range_text(window("2025-12-31T22:30:00Z", "2025-12-31T23:30:00Z", ZoneInfo("UTC"))).count("2025") == 0


@pytest.mark.parametrize(
    ("length", "text"),
    [
        ({"minutes": 45}, "45 min"),
        ({"minutes": 90}, "90 min"),
        ({"minutes": 60}, "1 h"),
        ({"hours": 24}, "24 h"),
        ({"hours": 48}, "48 h"),
        ({"hours": 49}, "2.04 d"),
        ({"days": 7}, "7 d"),
        ({"seconds": 10}, "1 min"),
    ],
)
def test_a_length_is_said_in_the_largest_unit_that_says_it(length: dict[str, float], text: str) -> None:
    assert length_text(timedelta(**length)).replace("\u202f", " ") == text


@pytest.mark.parametrize(
    ("length", "step", "text"),
    [
        ("24h", None, "24 h"),
        ("24h", "1h", "24 h"),
        ("6h", "2h", "since 31 Mar 06:00"),
        ("7d", "1d", "since 24 Mar"),
        ("7d", "1M", "since 1 Mar"),
        ("30d", "1d", "30 d"),
    ],
)
def test_a_total_is_said_to_be_of_the_time_that_it_counts(length: str, step: str | None, text: str) -> None:
    span = parse_range(length, now=NOW, zone=UTC_ZONE)
    shown = choose_window(span, UTC_ZONE, EVERYTHING, find_step(step or "auto"))
    assert summed_text(shown).replace("\u202f", " ") == text
    if not text.startswith("since"):
        assert shown.span.length <= span.length


@pytest.mark.parametrize(
    ("start", "step", "text"),
    [
        # NOW is Tuesday, 12:34:56; the first half-hour that lies in the range whole begins at 10:30.
        ("2026-03-30T10:17:00Z", "30m", "26.1 h"),
        ("2026-03-31T10:17:00Z", "5m", "2.25 h"),
        ("now/d", "15m", "12.6 h"),
        ("2026-03-31T10:17:00Z", "30m", "since 31 Mar 10:00"),
        ("now-26h", "30m", "26 h"),
    ],
)
def test_from_a_moment_until_now_is_as_long_as_what_is_counted(start: str, step: str, text: str) -> None:
    span = parse_range(start=start, end="now", now=NOW, zone=UTC_ZONE)
    shown = choose_window(span, UTC_ZONE, EVERYTHING, find_step(step))
    assert summed_text(shown).replace("\u202f", " ") == text


def test_a_fixed_range_is_as_long_as_its_buckets() -> None:
    span = TimeRange(at("2026-03-10T10:07Z"), at("2026-03-10T11:03Z"))
    shown = choose_window(span, UTC_ZONE, EVERYTHING, find_step("15m"))
    assert summed_text(shown).replace("\u202f", " ") == "75 min"


@pytest.mark.parametrize(
    ("length", "against", "text"),
    [
        ({"hours": 24}, "period", "day before"),
        ({"days": 7}, "period", "week before"),
        ({"hours": 6}, "period", "6 h before"),
        ({"hours": 6}, "day", "day before"),
        ({"hours": 24}, "week", "week before"),
    ],
)
def test_what_came_before_is_named_as_people_would(length: dict[str, float], against: Any, text: str) -> None:
    assert before_text(long(**length), against).replace("\u202f", " ") == text


def test_a_comparison_says_which_time_is_pale() -> None:
    day = window("2026-11-21T13:32:00Z", "2026-11-22T13:32:00Z")
    assert compared_text(day, "week") == "Pale: previous week, Sat 14 Nov 14:32 → Sun 15 Nov 14:32"
    january = window("2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z")
    assert compared_text(january, "day") == "Pale: previous day, Wed 31 Dec 2025 12:00 → Wed 31 Dec 2025 13:00"


def test_refused_events_are_added_up_and_each_reason_named_once() -> None:
    start = at("2026-11-21T13:32:00Z")
    some = [
        Interval(start, start + timedelta(minutes=1), 1300, ("invalid", "buffer_full")),
        Interval(start, start + timedelta(minutes=1), 12, ("buffer_full",)),
    ]
    assert refused_text(some) == "1,312 events refused: buffer_full, invalid"
    assert refused_text([Interval(start, start, 1)]) == "1 event refused"
    assert refused_text([]) is None


@pytest.mark.parametrize(
    ("step", "text"), [("1m", "1-minute buckets"), ("5m", "5-minute buckets"), ("1d", "1-day buckets")]
)
def test_a_step_is_said_as_buckets(step: str, text: str) -> None:
    assert step_text(window("2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z", step=step)) == text


def test_bars_of_another_step_are_told() -> None:
    tab = auth_tab()
    assert steps_text(tab) == "1-minute buckets"
    rate, results, starts = tab.charts
    bars = replace(results, window=replace(results.window, step=find_step("15m")))
    assert steps_text(replace(tab, charts=(rate, bars, starts))) == "1-minute buckets, bars 15-minute"


def test_months_are_compared_with_months() -> None:
    quarter = window("2026-03-31T22:00:00Z", "2026-06-30T22:00:00Z", step="1M")
    assert before_text(quarter) == "3 months before"
    assert compared_text(quarter, "period") == "Pale: previous period, Thu 1 Jan 00:00 → Wed 1 Apr 00:00"


def test_days_that_are_utcs_where_the_zone_has_others_are_told() -> None:
    utc_days = window("2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z", step="1d", source="day")
    assert step_text(utc_days) == "1-day buckets, UTC days (nothing finer is held)"


@pytest.mark.parametrize(
    ("without", "bound", "events", "sign", "words"),
    [
        (False, "least", 1312, "≥", "up to 1,312 more among rarer values"),
        (True, "most", 7, "≤", "up to 7 fewer among rarer values"),
        (False, "about", 0, "≈", "more among rarer values"),
    ],
)
def test_a_number_in_doubt_has_a_sign_and_says_by_how_many_events(
    without: bool, bound: Any, events: int, sign: str, words: str
) -> None:
    data = chart_data("login-rate", [1.0])
    assert (sign_of(data), doubt_text(data)) == ("", "")
    chart = replace(data.chart, where=Filter("success", "true", without))
    data = replace(data, chart=chart, doubt=Doubt(bound, np.array([], dtype=np.int64), events))
    assert (sign_of(data).strip(), doubt_text(data)) == (sign, words)
