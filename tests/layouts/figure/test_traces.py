"""What is drawn: gaps, bands, unfinished ends, splits and comparisons."""

from dataclasses import replace

import numpy as np
import pytest

from layouts.figure.figures import annotations_and_shapes, figure
from layouts.figure.labels import series_key
from layouts.figure.traces import FigureStyle, drawn_as, split_values, stacks, traces
from layouts.theme import accent
from metrics_dash.charts.data import Series
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.steps import find_step
from metrics_dash.charts.timerange.windows import bucket_starts
from tests.support.figures import CATALOG, MINUTE, NOON, chart_data, named, unpacked
from tests.support.times import UTC_ZONE, window_of


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
        series_key("true"): True,
        series_key("false"): "legendonly",
    }


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
    assert np.isfinite(unpacked(ticks["y"])).tolist() == [False, True, False, True]
    assert np.nanmax(unpacked(ticks["y"])) < 10, "they lie below every value"
    assert [note["text"] for note in annotations_and_shapes(data, [], style)["annotations"]] == [
        "2 × zero, ticked below"
    ]
    assert figure(data, [], style)["layout"]["yaxis"]["type"] == "log"


def test_what_is_below_zero_is_not_positive_on_a_logarithmic_axis_and_travels_along() -> None:
    data = chart_data("players-online", [10, -5, 1000, 0])
    style = FigureStyle(logarithmic=True)
    (unseen,) = (trace for trace in traces(data, style) if trace["meta"] == "zero")
    np.testing.assert_array_equal(unpacked(unseen["customdata"]), [np.nan, -5, np.nan, 0])
    (note,) = annotations_and_shapes(data, [], style)["annotations"]
    assert note["text"] == "2 × not positive, ticked below"


def test_bars_are_as_wide_as_their_months() -> None:
    window = window_of("2026-01-01T00:00+00:00", "2026-04-01T00:00+00:00", UTC_ZONE, step=find_step("1M"))
    series = (Series("all", bucket_starts(window), np.array([1.0, 2.0, 3.0])),)
    months = replace(chart_data("login-results", [0]), window=window, series=series)
    (bars,) = named(traces(months, FigureStyle()), "-bars")
    assert [round(width / 86_400_000 / 0.86) for width in bars["width"]] == [31, 28, 31]
    assert bars["x"] == ["2026-01-01 00:00:00", "2026-02-01 00:00:00", "2026-03-01 00:00:00"]


def test_bars_are_lines_on_a_logarithmic_axis_because_their_lengths_would_mislead() -> None:
    data = chart_data("login-results", [1, 2], [3, 4], names=("true", "false"))
    assert {trace["type"] for trace in traces(data, FigureStyle(logarithmic=True))} == {"scatter"}


def test_a_comparison_is_dotted_where_there_is_room() -> None:
    few = chart_data("quests-accepted", [1.0, 2.0])
    many = chart_data("quests-accepted", [1.0] * 288)
    for data, dash in ((few, "2px,3px"), (many, "solid")):
        (before,) = named(traces(replace(data, previous=data.series), FigureStyle(width=560)), "before-")
        assert before["line"]["dash"] == dash


def test_stacked_bars_are_compared_by_their_total_and_lines_each_by_its_own() -> None:
    bars = chart_data("login-results", [1, 2], [3, 4], names=("true", "false"))
    bars = replace(bars, previous=(bars.series[0], bars.series[1]))
    before = [trace for trace in traces(bars, FigureStyle()) if trace["meta"] == "before"]
    assert [unpacked(trace["y"]).tolist() for trace in before] == [[4, 6]]
    lines = replace(bars, chart=replace(bars.chart, draw="line"))
    before = [trace for trace in traces(lines, FigureStyle()) if trace["meta"] == "before"]
    assert [unpacked(trace["y"]).tolist() for trace in before] == [[1, 2], [3, 4]]


def test_every_chart_of_one_series_has_the_accent_and_charts_side_by_side_share_colours() -> None:
    for chart in ("quests-accepted", "players-online", "session-starts"):
        drawn = named(traces(chart_data(chart, [1, 2]), FigureStyle(theme="dark")), "-line")
        assert [trace["line"]["color"] for trace in drawn] == [accent("dark")]
    split = replace(CATALOG.chart("creatures-killed"), split_by="zone")
    data = replace(chart_data("creatures-killed", [1.0], [2.0], names=("sea", "forest")), chart=split)
    assert split_values([data, chart_data("quests-accepted", [1.0])]) == ["sea", "forest"]


@pytest.mark.parametrize("draw", ["area", "bar"])
def test_averages_of_values_do_not_stand_on_one_another_and_sums_do(draw: str) -> None:
    data = chart_data("login-results", [1, 2], [3, 4], names=("true", "false"))
    for show, stacked in (("sum", True), ("avg", False), ("p95", False), ("unique", False), ("max", False)):
        chart = replace(data.chart, show=show, draw=draw)  # type: ignore[arg-type]
        assert stacks(replace(data, chart=chart), FigureStyle()) is stacked
        assert drawn_as(replace(data, chart=chart), FigureStyle()) == (draw if stacked else "line")


def test_a_split_area_is_stacked_and_so_is_its_unfinished_end() -> None:
    split = replace(CATALOG.chart("login-rate"), split_by="success")
    unfinished = to_milliseconds(NOON) + 2 * MINUTE
    data = chart_data("login-rate", [1, 2, 3], [4, 5, 6], names=("true", "false"), unfinished_from=unfinished)
    data = replace(data, chart=split)
    drawn = traces(data, FigureStyle())
    assert [trace["stackgroup"] for trace in named(drawn, "-line")] == ["finished"] * 2
    assert [(trace["stackgroup"], trace["fill"]) for trace in named(drawn, "-unfinished")] == [
        ("unfinished", "none")
    ] * 2
    (before,) = named(traces(replace(data, previous=data.series), FigureStyle()), "before-")
    assert unpacked(before["y"]).tolist() == [5, 7, 9]
    assert stacks(data, FigureStyle())
    assert not stacks(data, FigureStyle(logarithmic=True))
    assert not stacks(chart_data("login-rate", [1, 2]), FigureStyle())
