"""What a figure draws: gaps, bands, unfinished ends, zones, and arrays that are small but exact."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from layouts.figure.arrays import packed
from layouts.figure.axes import clocks_change, on_axis
from layouts.figure.figures import annotations_and_shapes, figure
from layouts.figure.traces import FigureStyle, traces
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.data import ChartData, Interval, Series
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.windows import Window

CATALOG = load_catalog()
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MINUTE = 60_000
TYPES = {"u1": "<u1", "u2": "<u2", "i4": "<i4", "f4": "<f4", "f8": "<f8"}


def unpacked(array: dict[str, str]) -> np.ndarray[Any, Any]:
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype=TYPES[array["dtype"]])


def chart_data(chart_id: str, *values: list[float], names: tuple[str, ...] = ("",), **more: Any) -> ChartData:
    """A chart with minutes from noon on."""
    window = Window(NOON, NOON + timedelta(minutes=len(values[0])), "minute", ZoneInfo("UTC"))
    starts = to_milliseconds(NOON) + MINUTE * np.arange(len(values[0]), dtype=np.int64)
    series = tuple(Series(name, starts, np.array(row, dtype=float)) for name, row in zip(names, values, strict=True))
    return ChartData(CATALOG.chart(chart_id), window, series, "data", **more)


def named(drawn: list[dict[str, Any]], part: str) -> list[dict[str, Any]]:
    return [trace for trace in drawn if part in trace["uid"]]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 255], "u1"),
        ([0, 256], "u2"),
        ([-1, 70_000], "i4"),
        ([0.5, 2], "f4"),
        ([1, np.nan], "f4"),
        ([1, 2**33], "f8"),
    ],
)
def test_arrays_take_the_narrowest_type_that_keeps_them(values: list[float], kind: str) -> None:
    array = packed(np.array(values, dtype=float))
    assert array["dtype"] == kind
    np.testing.assert_array_equal(unpacked(array).astype(float), values)


def test_large_sums_keep_every_digit() -> None:
    values = np.array([16_777_217.5, 123_456_789.25])
    np.testing.assert_array_equal(unpacked(packed(values)), values)


def test_a_gap_stays_a_gap_and_a_zero_a_zero() -> None:
    drawn = traces(chart_data("players-online", [5, np.nan, 0, 3]), FigureStyle())
    np.testing.assert_array_equal(unpacked(named(drawn, "-line")[0]["y"]), [5, np.nan, 0, 3])
    assert named(drawn, "-line")[0].get("connectgaps", False) is False


def test_a_value_between_gaps_is_a_dot() -> None:
    drawn = traces(chart_data("players-online", [1, 2, np.nan, 7, np.nan]), FigureStyle())
    assert unpacked(named(drawn, "-lone")[0]["y"]).tolist() == [7]


def test_the_unfinished_end_of_a_line_is_dashed_and_joined_to_the_rest() -> None:
    data = chart_data("quests-accepted", [1, 2, 3, 4], unfinished_from=to_milliseconds(NOON) + 3 * MINUTE)
    drawn = traces(data, FigureStyle())
    assert unpacked(named(drawn, "-line")[0]["y"]).tolist() == [1, 2, 3]
    end = named(drawn, "-unfinished")[0]
    assert unpacked(end["y"]).tolist() == [3, 4]
    assert end["line"]["dash"] != "solid"


def test_unfinished_bars_are_hatched() -> None:
    data = chart_data(
        "login-results", [1, 2], [3, 4], names=("true", "false"), unfinished_from=to_milliseconds(NOON) + MINUTE
    )
    pale = named(traces(data, FigureStyle()), "unfinished")
    assert len(pale) == 2
    assert all(trace["marker"]["pattern"]["shape"] for trace in pale)


def test_a_gauge_carries_its_extremes_as_a_band() -> None:
    data = chart_data("players-online", [5, 6])
    series = replace(data.series[0], low=np.array([1.0, 2.0]), high=np.array([9.0, 8.0]))
    low, high = named(traces(replace(data, series=(series,)), FigureStyle()), "-band")
    assert unpacked(low["y"]).tolist() == [1, 2]
    assert unpacked(high["y"]).tolist() == [9, 8]
    assert high["fill"] == "tonexty"


def test_hidden_series_are_drawn_switched_off() -> None:
    data = chart_data("login-results", [1], [2], names=("true", "false"))
    drawn = traces(data, FigureStyle(hidden={"false"}))
    assert {trace["legendgroup"]: trace["visible"] for trace in drawn if "legendgroup" in trace} == {
        "true": True,
        "false": "legendonly",
    }


def test_a_chart_without_data_still_spans_its_window_from_zero() -> None:
    data = replace(chart_data("quests-accepted", [1]), series=())
    anchor = traces(data, FigureStyle())[0]
    assert anchor["x"] == ["2026-01-31 12:00:00", "2026-01-31 12:01:00"]
    assert anchor["y"] == [0, 0]


def test_refused_events_are_shaded_and_counted() -> None:
    start = NOON + timedelta(minutes=1)
    interval = Interval(start, start + timedelta(minutes=1), 1312)
    marked = annotations_and_shapes(chart_data("quests-accepted", [1] * 60), [interval], FigureStyle())
    assert marked["shapes"][0]["x0"] == "2026-01-31 12:01:00"
    assert "1,312" in marked["annotations"][0]["text"]


def test_evenly_spaced_buckets_need_no_x_array() -> None:
    drawn = traces(chart_data("quests-accepted", [1, 2, 3]), FigureStyle())
    line = named(drawn, "-line")[0]
    assert (line["x0"], line["dx"]) == ("2026-01-31 12:00:00", MINUTE)
    assert "x" not in line


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_the_axis_shows_the_wall_clock_of_the_window_s_zone(zone: str) -> None:
    window = Window(NOON, NOON + timedelta(hours=1), "minute", ZoneInfo(zone))
    assert on_axis(NOON, window) == f"{NOON.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def test_the_axis_runs_forward_through_the_hour_that_comes_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    window = Window(start, start + timedelta(hours=25), "hour", berlin)
    assert clocks_change(window)
    places = [on_axis(start + timedelta(hours=hour), window) for hour in range(25)]
    assert places == sorted(set(places))


def test_a_day_of_minutes_is_small() -> None:
    """The tick's budget is 30 KB on the wire for three charts; this is one of them before compression."""
    generator = np.random.default_rng(1)
    data = chart_data("players-online", list(generator.normal(300, 20, 1440)))
    series = replace(data.series[0], low=data.series[0].v - 5, high=data.series[0].v + 5)
    patch = json.dumps(traces(replace(data, series=(series,)), FigureStyle()))
    assert len(patch) < 30_000


def test_both_themes_draw_the_same_but_for_colour() -> None:
    data = chart_data("login-results", [1], [2], names=("true", "false"))
    light, dark = (figure(data, [], FigureStyle(theme=theme)) for theme in ("light", "dark"))
    assert [trace["y"] for trace in light["data"]] == [trace["y"] for trace in dark["data"]]
    assert light != dark


def test_a_value_of_a_split_keeps_its_colour_when_others_overtake_it() -> None:
    names = ("desert", "forest", "sea", "other")
    rows = [[3.0], [2.0], [1.0], [1.0]]
    split = replace(CATALOG.chart("creatures-killed"), split_by="zone")
    first = replace(chart_data("creatures-killed", *rows, names=names), chart=split)
    later = replace(first, series=(first.series[2], first.series[0], first.series[1], first.series[3]))
    colours = [
        {trace["legendgroup"]: trace["line"]["color"] for trace in named(traces(data, FigureStyle()), "-line")}
        for data in (first, later)
    ]
    assert colours[0] == colours[1]
    assert len(set(colours[0].values())) == 4


def test_zero_on_a_logarithmic_axis_is_a_gap_with_a_tick_and_a_count() -> None:
    data = chart_data("damage-dealt", [10, 0, 1000, 0])
    style = FigureStyle(logarithmic=True)
    drawn = traces(data, style)
    np.testing.assert_array_equal(unpacked(named(drawn, "-line")[0]["y"]), [10, np.nan, 1000, np.nan])
    ticks = next(trace for trace in drawn if trace["meta"] == "zero")
    np.testing.assert_array_equal(unpacked(ticks["y"]), [np.nan, 10, np.nan, 10])
    assert [note["text"] for note in annotations_and_shapes(data, [], style)["annotations"]] == [
        "2 × zero, ticked below"
    ]
    assert figure(data, [], style)["layout"]["yaxis"]["type"] == "log"


def test_bars_are_lines_on_a_logarithmic_axis_because_their_lengths_would_mislead() -> None:
    data = chart_data("login-results", [1, 2], [3, 4], names=("true", "false"))
    assert {trace["type"] for trace in traces(data, FigureStyle(logarithmic=True))} == {"scatter"}


def test_stacked_bars_are_compared_by_their_total_and_lines_each_by_its_own() -> None:
    bars = chart_data("login-results", [1, 2], [3, 4], names=("true", "false"))
    bars = replace(bars, previous=(bars.series[0], bars.series[1]))
    before = [trace for trace in traces(bars, FigureStyle()) if trace["meta"] == "before"]
    assert [unpacked(trace["y"]).tolist() for trace in before] == [[4, 6]]
    lines = replace(bars, chart=replace(bars.chart, draw="line"))
    before = [trace for trace in traces(lines, FigureStyle()) if trace["meta"] == "before"]
    assert [unpacked(trace["y"]).tolist() for trace in before] == [[1, 2], [3, 4]]


def test_the_layout_tells_the_browser_where_the_buckets_are() -> None:
    grid = annotations_and_shapes(chart_data("players-online", [1, 2, 3]), [], FigureStyle())["meta"]["grid"]
    assert grid == {"first": to_milliseconds(NOON), "step": MINUTE, "count": 3}
