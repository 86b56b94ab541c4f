"""Ticks of a sketch: those that plotly.js will draw (tests/browser/test_glance.py compares them)."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from layouts.sketch_axes import Scale, axes, moment_marks, value_marks
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.parse import parse_range
from metrics_dash.charts.timerange.windows import RetainedSince, Window, choose_window

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HELD = RetainedSince(minute=None, hour=None, day=None)
AUTO: dict[str, Any] = {"tickmode": "auto", "tickvals": None, "ticktext": None}


def labels_of(low: float, high: float, **more: Any) -> list[str]:
    return [mark.label for mark in value_marks(more, low, high)]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 280, ["0", "100", "200"]),
        (0, 100, ["0", "50", "100"]),
        (0, 0.35, ["0", "0.1", "0.2", "0.3"]),
        (-12, 30, ["−10", "0", "10", "20", "30"]),
        (0, 445_000, ["0", "100,000", "200,000", "300,000", "400,000"]),
    ],
)
def test_values_are_round_and_few(low: float, high: float, labels: list[str]) -> None:
    assert labels_of(low, high) == labels


def test_the_topmost_value_says_the_unit_as_text() -> None:
    assert labels_of(0, 280, ticksuffix="&#37;") == ["0", "100", "200&#37;"]
    window, scale = window_of("1h"), Scale(0, 1, 0.0, 280.0, False)
    drawn = axes({"yaxis": {"ticksuffix": "&#37;<b>"}, "xaxis": AUTO}, window, scale, 400)
    assert ">200%&lt;b&gt;</b>" in drawn


def test_ticks_that_the_figure_spells_out_are_those() -> None:
    assert labels_of(0, 3.2, dtick=1) == ["0", "1", "2", "3"]
    told = {"tickvals": [20, 50, 100], "ticktext": ["20", "50", "100 ms"], "ticksuffix": " ms"}
    marks = value_marks(told, 1.0, 2.0, logarithmic=True)
    assert [(round(mark.at, 3), mark.label) for mark in marks] == [(0.301, "20"), (0.699, "50"), (1.0, "100 ms")]


def window_of(length: str, zone: str = "UTC") -> Window:
    return choose_window(parse_range(length, now=NOON, zone=ZoneInfo(zone)), ZoneInfo(zone), HELD)


def moments(length: str, width: int, zone: str = "UTC") -> list[str]:
    window = window_of(length, zone)
    marks = moment_marks(AUTO, window, to_milliseconds(window.start), to_milliseconds(window.end), width)
    # At the very end Plotly draws none: nothing begins there.
    assert all(0 <= mark.at < 1 for mark in marks)
    return [f"{mark.label} {mark.below}".strip() for mark in marks]


def test_moments_are_round_by_the_clock_of_the_zone() -> None:
    assert moments("24h", 330) == ["12:00 Mon 9 Mar", "18:00", "00:00 Tue 10 Mar", "06:00"]
    assert moments("24h", 330, "Asia/Kolkata")[0] == "18:00 Mon 9 Mar"


def test_a_wide_graph_has_more_of_them() -> None:
    assert len(moments("24h", 330)) < len(moments("24h", 700))


def test_days_say_their_month_once() -> None:
    assert moments("7d", 1100)[:2] == ["Wed 4 Mar 2026", "Thu 5"]
