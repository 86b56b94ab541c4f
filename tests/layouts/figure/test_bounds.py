"""What a chart is held against, as it is drawn: in its own unit, on both scales, and never cutting anything off."""

from dataclasses import replace
from math import log10
from typing import Any

import numpy as np
import pytest

from layouts.figure import bounds
from layouts.figure.figures import figure
from layouts.figure.ticks import ticks
from layouts.figure.traces import FigureStyle
from layouts.theme import TOKENS
from metrics_dash.bounds import Bounds
from metrics_dash.charts.data import ChartData
from tests.support.figures import chart_data

PLAIN, LOGARITHMIC = FigureStyle(), FigureStyle(logarithmic=True)


def chart(values: list[float], unit: str = "", draw: Any = "line", **declared: Any) -> ChartData:
    data = chart_data("players-online", values)
    return replace(data, chart=replace(data.chart, unit=unit, draw=draw, bounds=Bounds(**declared)))


def test_a_chart_that_declares_nothing_leaves_its_axis_to_plotly() -> None:
    assert bounds.value_range(chart([1, 2]), PLAIN) is None
    assert "range" not in ticks(chart([1, 2]), PLAIN)["yaxis"]
    assert figure(chart([1, 2]), (), PLAIN)["layout"]["shapes"] == []


def test_the_axis_reaches_from_the_least_to_the_most_that_is_declared() -> None:
    axis = ticks(chart([92.0, 97.0], min=90, max=100), PLAIN)["yaxis"]
    assert (axis["range"], axis["autorange"]) == ([90, 100], False)


@pytest.mark.parametrize("values", [[85.0, 97.0], [92.0, 120.0]])
def test_values_beyond_are_not_cut_off(values: list[float]) -> None:
    reach = bounds.value_range(chart(values, min=90, max=100), PLAIN)
    assert reach is not None
    assert reach[0] < min(values) or min(values) >= 90 == reach[0]
    assert reach[1] > max(values) or max(values) <= 100 == reach[1]


def test_without_a_least_value_the_axis_begins_at_zero_or_below() -> None:
    reach = bounds.value_range(chart([5, 6], target=8), PLAIN)
    assert reach is not None
    assert reach[0] == 0 < 8 < reach[1]
    below = bounds.value_range(chart([-5, 6], target=8), PLAIN)
    assert below is not None
    assert below[0] < -5


def test_an_axis_without_any_value_is_no_point() -> None:
    for data in (chart([np.nan], target=0), chart([0.0], min=0), chart([np.nan], max=-1)):
        for style in (PLAIN, LOGARITHMIC):
            low, high = bounds.value_range(data, style) or (0, 0)
            assert low < high


def test_stacked_bars_are_as_high_as_their_sum_and_what_is_hidden_has_no_height() -> None:
    data = chart_data("login-results", [6.0], [7.0], names=("true", "false"))
    data = replace(data, chart=replace(data.chart, bounds=Bounds(max=10)))
    assert bounds.value_range(data, FigureStyle(hidden=["true"])) == (0, 10)
    reach = bounds.value_range(data, PLAIN)
    assert reach is not None
    assert reach[1] > 13


def test_the_period_before_is_not_cut_off_either() -> None:
    data = chart([5.0, 5.0], max=10)
    before = replace(data.series[0], v=np.array([30.0, 30.0]))
    reach = bounds.value_range(replace(data, previous=(before,)), PLAIN)
    assert reach is not None
    assert reach[1] > 30


def test_the_target_is_a_line_with_its_words_in_the_charts_unit() -> None:
    layout = figure(chart([2400.0], unit="ms", target=1500), (), PLAIN)["layout"]
    (line,) = layout["shapes"]
    assert (line["type"], line["y0"], line["y1"], line["yref"]) == ("line", 1.5, 1.5, "y")
    (note,) = layout["annotations"]
    assert (note["text"], note["y"]) == ("target 1.50\u202fs", 1.5)
    assert layout["yaxis"]["range"][1] > 2.4


def test_an_axis_that_reaches_up_to_the_target_speaks_its_unit() -> None:
    (note,) = figure(chart([240.0], unit="ms", target=1500), (), PLAIN)["layout"]["annotations"]
    assert note["text"] == "target 1.50\u202fs"


@pytest.mark.parametrize(("low_is_bad", "band"), [(False, (80, 100)), (True, (0, 80))])
def test_the_band_lies_beyond_the_warning_as_far_as_the_axis_reaches(
    low_is_bad: bool, band: tuple[float, float]
) -> None:
    (shape,) = bounds.shapes(chart([50.0], max=100, warn=80, low_is_bad=low_is_bad), PLAIN)
    assert (shape["type"], shape["y0"], shape["y1"]) == ("rect", *band)
    assert shape["fillcolor"] == TOKENS["light"]["warn-soft"]


def test_a_band_that_is_out_of_sight_is_not_drawn_and_stretches_nothing() -> None:
    data = chart([50.0], warn=1000)
    assert bounds.shapes(data, PLAIN) == []
    reach = bounds.value_range(data, PLAIN)
    assert reach is not None
    assert reach[1] < 60


def test_on_a_logarithmic_scale_the_axis_and_words_count_powers_of_ten_and_shapes_values() -> None:
    data = chart([1.0, 100.0], target=10, warn=50)
    low, high = bounds.axis(data, LOGARITHMIC)["range"]
    assert low < 0 < log10(100) < high
    band, line = bounds.shapes(data, LOGARITHMIC)
    assert (line["y0"], band["y0"]) == (10, 50)
    (note,) = bounds.notes(data, LOGARITHMIC)
    assert note["y"] == 1


def test_a_logarithmic_scale_has_no_place_for_a_target_of_zero() -> None:
    data = chart([1.0, 100.0], target=0, min=0)
    assert bounds.shapes(data, LOGARITHMIC) == bounds.notes(data, LOGARITHMIC) == []
