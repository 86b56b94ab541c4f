"""A change in words: true of the buckets that are compared, and both numbers named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from layouts.changes import change_words, compared_words, row_words
from metrics_dash.charts.data import ChartData, Headline
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.parse import Comparison, parse_range
from metrics_dash.charts.timerange.steps import find_step
from metrics_dash.charts.timerange.windows import bucket_starts, choose_window
from tests.support.figures import CATALOG, chart_data
from tests.support.times import EVERYTHING, UTC_ZONE

# A Saturday.
NOW = datetime(2026, 11, 28, 18, 57, tzinfo=UTC)
NUMBER = Headline(1545.0, "total", previous=576.0, comparable=575.0, change=-1 / 576)


def chart(range_: str | None = None, step: str = "auto", against: Comparison = "period", **more: Any) -> ChartData:
    """A count of a range up to now, through which its last minute is complete."""
    number, upto = more.pop("number", NUMBER), more.pop("upto", NOW)
    window = choose_window(parse_range(range_, now=NOW, zone=UTC_ZONE, **more), UTC_ZONE, EVERYTHING, find_step(step))
    starts = bucket_starts(window)
    ends = [*starts[1:].tolist(), to_milliseconds(window.end) + 1 if window.live else to_milliseconds(window.end)]
    unfinished = next((int(at) for at, end in zip(starts, ends, strict=True) if end > to_milliseconds(upto)), None)
    data = chart_data("quests-accepted", [575.0])
    return replace(data, window=window, headline=replace(number, against=against), unfinished_from=unfinished)


def text(words: str | None) -> str:
    return (words or "").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("asked", "against", "said"),
    [
        ({"start": "2026-11-26", "end": "now", "step": "1d"}, "period", "vs 2 of 3 d before"),
        ({"start": "2026-11-26", "end": "now", "step": "1d"}, "week", "in 2 d vs 7 d before"),
        ({"start": "2026-11-26T12:00:00Z", "end": "now", "step": "12h"}, "period", "vs 2 of 2.5 d before"),
        ({"range_": "today", "step": "6h"}, "period", "vs 18 of 24 h before"),
        ({"range_": "today", "step": "30m"}, "day", "vs day before"),
        ({"range_": "today", "step": "12h"}, "day", "in 12 h vs day before"),
        ({"start": "2026-11-28T18:00:00Z", "end": "now", "step": "15m"}, "period", "vs 0.75 of 1 h before"),
        ({"start": "2026-11-28T18:15:00Z", "end": "now", "step": "15m"}, "day", "in 30 min vs day before"),
        ({"range_": "this-month", "step": "1w"}, "period", "vs 28 of 35 d before"),
        ({"start": "2026-10-01", "end": "now", "step": "1M"}, "period", "vs 31 of 61 d before"),
        ({"start": "2026-11-26", "end": "now", "step": "1h"}, "period", "vs 2.79 d before"),
        ({"range_": "24h"}, "period", "vs day before"),
        ({"range_": "7d", "step": "1d"}, "period", "vs week before"),
        ({"range_": "yesterday", "step": "12h"}, "period", "vs day before"),
    ],
)
def test_the_words_name_what_is_compared_where_the_end_of_the_range_is_not(
    asked: dict[str, Any], against: Comparison, said: str
) -> None:
    assert text(change_words(chart(**asked, against=against))).partition(" % ")[2] == said


def test_where_the_pipeline_is_behind_less_is_compared() -> None:
    data = chart("6h", "5m", upto=NOW - timedelta(hours=2))
    assert text(change_words(data)) == "−0.2 % vs 3.92 of 6 h before"


def test_both_numbers_are_named_and_what_they_are_of() -> None:
    data = chart(start="2026-11-26", end="now", step="1d")
    assert text(compared_words(data)) == (
        "575 against 576 (Mon 23 Nov 00:00 → Wed 25 Nov 00:00), in complete days, without what came since Sat 28 Nov"
    )
    today = chart("today", "5m", against="day")
    assert text(compared_words(today)) == (
        "575 against 576 (Fri 27 Nov 00:00 → Fri 27 Nov 18:55), in complete 5-minute buckets, "
        "without what came since Sat 28 Nov 18:55"
    )


def test_of_a_range_that_is_complete_nothing_is_left_out() -> None:
    data = chart("yesterday", number=replace(NUMBER, value=575.0))
    assert text(compared_words(data)) == "575 against 576 (Thu 26 Nov 00:00 → Fri 27 Nov 00:00)"


def test_a_gauge_is_compared_by_its_latest_samples() -> None:
    data = chart("today", "12h", number=Headline(12.0, "latest", previous=10.0, comparable=12.0, change=0.2))
    data = replace(data, chart=CATALOG.chart("players-online"))
    assert text(change_words(data)) == "+20.0 % vs day before"
    assert text(compared_words(data)) == "12 against 10, the latest of each"


def test_without_a_change_nothing_is_compared() -> None:
    data = chart("24h", number=Headline(5.0, "total"))
    assert (change_words(data), compared_words(data)) == (None, "")


def test_a_row_names_both_of_its_numbers() -> None:
    data = chart("yesterday")
    row = replace(data.series[0], before=48.0, comparable=60.0, change=0.25)
    assert text(row_words(data, row)) == "60 against 48 (Thu 26 Nov 00:00 → Fri 27 Nov 00:00)"
    assert row_words(data, replace(row, change=None)) == ""
