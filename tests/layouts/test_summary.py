"""A chart in words: the same numbers as the picture, and what is not whole about it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from layouts import cards
from layouts.summary import summary, trend
from metrics_dash.bounds import Bounds
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.data import Annotation, ChartData, Headline, Interval, Series, State
from metrics_dash.charts.timerange.grid import to_milliseconds
from tests.support.components import words
from tests.support.times import window_by_hand

CATALOG = load_catalog()
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def chart(chart_id: str, *values: list[float], names: tuple[str, ...] = ("",), live: bool = False) -> ChartData:
    window = window_by_hand(NOON, NOON + timedelta(minutes=len(values[0])), "minute", BERLIN, live=live)
    starts = to_milliseconds(NOON) + 60_000 * np.arange(len(values[0]), dtype=np.int64)
    series = tuple(Series(name, starts, np.array(row, dtype=float)) for name, row in zip(names, values, strict=True))
    return ChartData(CATALOG.chart(chart_id), window, series, "data")


def test_a_count_says_its_latest_total_extremes_and_trend_in_the_zone() -> None:
    said = summary(chart("quests-accepted", [4, 1, 9, 2, 8, 12]))
    assert said.startswith("Quests Accepted, 6 min up to Sat 31 Jan 13:06, 1-minute buckets.")
    assert "Latest 12, total 36, lowest 1 at Sat 31 Jan 13:01, highest 12 at Sat 31 Jan 13:05, rising" in said


def test_a_gauge_has_no_total() -> None:
    said = summary(chart("players-online", [4, 5, 6]))
    assert "total" not in said


def test_the_target_is_said_and_whether_the_number_has_met_it_or_is_warned_of() -> None:
    data = chart("players-online", [4, 5, 6])
    declared = replace(data.chart, bounds=Bounds(target=9, warn=5, low_is_bad=True, judges=True))
    for value, said in ((9.0, "has met it"), (4.0, "is below 5, which is a warning")):
        spoken = summary(replace(data, chart=declared, headline=Headline(value, "latest")))
        assert f"The target is 9. The number {said}." in spoken
    assert "target" not in summary(data)


def test_a_listener_hears_the_comparison_of_the_card() -> None:
    headline = Headline(7.0, "total", previous=4.0, change=0.5, against="day", comparable=6.0)
    data = replace(chart("quests-accepted", [1, 2, 3]), headline=headline)
    (card,) = (part for part in cards.headline(data) if "change" in str(part.className))
    assert f"{words(card)}: 6 against 4 (" in summary(data)
    assert "+50" in words(card)


def test_every_series_of_a_split_is_named() -> None:
    said = summary(chart("login-results", [1, 2, 3], [3, 2, 1], names=("true", "false")))
    assert "Success: true: latest 3" in said
    assert "Success: false: latest 1" in said


def test_gaps_and_unfinished_buckets_and_refusals_are_said() -> None:
    data = chart("players-online", [4, np.nan, 6, 2], live=True)
    data = replace(data, unfinished_from=to_milliseconds(NOON + timedelta(minutes=3)))
    said = summary(data, [Interval(NOON, NOON + timedelta(minutes=1), 312, ("buffer_full",))])
    assert "up to now" in said
    assert "latest 6" in said.lower()
    assert "1 bucket has no value." in said
    assert "Not finished from Sat 31 Jan 13:03 on." in said
    assert "312 events were refused in this range." in said


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("never_seen", "has ever been seen"),
        ("none_in_range", "No data in this range"),
        ("past_retention", "beyond what is kept"),
        ("failing", "can’t be drawn"),
    ],
)
def test_an_empty_chart_says_why_and_no_numbers(state: State, words: str) -> None:
    said = summary(replace(chart("players-online", [np.nan]), series=(), state=state))
    assert words in said
    assert "latest" not in said.lower()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, 1, 1], "steady"),
        ([100, 0, 102], "steady"),
        ([10, 7, 15], "rising by 50.0"),
        ([10, 7, 5], "falling by 50.0"),
        ([0, 0, 5], "rising from zero"),
        ([1, 2], ""),
    ],
)
def test_a_trend_compares_the_last_third_with_the_first(values: list[float], words: str) -> None:
    assert trend(np.array(values, dtype=float)).startswith(words)


def test_what_was_said_of_this_time_is_said_last() -> None:
    said = summary(chart("players-online", [4, 5, 6]), (), [Annotation("a", NOON, NOON, "1.8.0 is out")])
    assert said.endswith(" 1 annotation: Sat 31 Jan 13:00 1.8.0 is out.")
