"""Where moments lie on the axis, in every zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from layouts.figure.axes import clocks_change, on_axis
from layouts.figure.figures import annotations_and_shapes
from layouts.figure.traces import FigureStyle, traces
from metrics_dash.charts.timerange.grid import to_milliseconds
from tests.support.figures import MINUTE, NOON, chart_data, named
from tests.support.times import window_by_hand


def test_evenly_spaced_buckets_need_no_x_array() -> None:
    drawn = traces(chart_data("quests-accepted", [1, 2, 3]), FigureStyle())
    line = named(drawn, "-line")[0]
    assert (line["x0"], line["dx"]) == ("2026-01-31 12:00:00", MINUTE)
    assert "x" not in line


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_the_axis_shows_the_wall_clock_of_the_window_s_zone(zone: str) -> None:
    window = window_by_hand(NOON, NOON + timedelta(hours=1), "minute", ZoneInfo(zone))
    assert on_axis(NOON, window) == f"{NOON.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def test_the_axis_runs_forward_through_the_hour_that_comes_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    window = window_by_hand(start, start + timedelta(hours=25), "hour", berlin)
    assert clocks_change(window)
    places = [on_axis(start + timedelta(hours=hour), window) for hour in range(25)]
    assert places == sorted(set(places))


def test_the_layout_tells_the_browser_where_the_buckets_are() -> None:
    grid = annotations_and_shapes(chart_data("players-online", [1, 2, 3]), [], FigureStyle())["meta"]["grid"]
    assert grid == {"first": to_milliseconds(NOON), "step": MINUTE, "count": 3}
