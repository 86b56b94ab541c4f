"""The labels of a logarithmic axis."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from layouts.figure.ticks import ticks
from layouts.figure.traces import FigureStyle
from layouts.numbers import THIN_SPACE
from layouts.units import display_unit, unit_for
from metrics_dash.charts.data import ChartData
from tests.support.figures import chart_data


def labels(chart: ChartData) -> dict[str, Any]:
    return ticks(chart, FigureStyle(logarithmic=True))["yaxis"]


def test_a_logarithmic_axis_of_little_more_than_a_decade_spells_out_what_it_is_at() -> None:
    moving = labels(chart_data("damage-dealt", [60, 100, 640]))
    assert moving["tickvals"] == [100, 200, 500]
    assert moving["ticktext"] == ["100", "200", "500"]
    assert moving["tickmode"] == "array"


def test_its_topmost_label_has_the_unit() -> None:
    moving = labels(chart_data("login-time-p95", [60, 100, 640]))
    assert moving["ticktext"][-1] == f"500{THIN_SPACE}ms"


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([100, 120], ["100", "105", "110", "115", "120"]),
        ([0.9, 2.6], ["1", "1.5", "2", "2.5"]),
        ([1000, 1001.5], ["1,000", "1,000.5", "1,001", "1,001.5"]),
        ([420, 420], ["100", "420", "1,000"]),
        ([950, 950], ["100", "950", "10,000"]),
        ([4e-4, 4.0000001e-4], ["0.0001", "0.0004", "0.001"]),
        ([0.0, 0.0], []),
        ([np.nan, -4.0], []),
    ],
)
def test_one_of_about_one_value_is_labelled_evenly_or_at_that_value(values: list[float], texts: list[str]) -> None:
    assert labels(chart_data("damage-dealt", values))["ticktext"] == texts


def test_one_that_reaches_to_what_is_declared_is_labelled_as_far() -> None:
    data = chart_data("damage-dealt", [2.0, 3.0])
    bounds = replace(data.chart.bounds, target=4000.0)
    assert labels(replace(data, chart=replace(data.chart, bounds=bounds)))["ticktext"] == ["10", "100", "1,000"]


@pytest.mark.parametrize(
    ("unit", "values", "texts"),
    [
        ("", [1.0, 25e6], ["1", "100", "10,000", "1 M"]),
        ("", [0.5, 120.0], ["1", "10", "100"]),
        ("", [1e-9, 1e15], ["1e−8", "0.0001", "1", "10,000", "100 M", "1 T", "10 P"]),
        ("ms", [0.3, 4e7], ["10 ms", "1 s", "1 min", "1 h", "1 d"]),
        ("s", [40, 90 * 86_400], ["1 min", "10 min", "1 h", "10 h", "1 d", "10 d", "100 d"]),
        ("B", [800, 3e8], ["1 kB", "10 kB", "100 kB", "1 MB", "10 MB", "100 MB"]),
        ("KiB", [8, 3e5], ["10 KiB", "100 KiB", "1 MiB", "10 MiB", "100 MiB"]),
    ],
)
def test_each_label_of_a_wider_one_is_a_number_with_its_own_unit(
    unit: str, values: list[float], texts: list[str]
) -> None:
    data = chart_data("damage-dealt", values)
    chart = replace(data, chart=replace(data.chart, unit=unit))
    moving = labels(chart)
    assert [text.replace(THIN_SPACE, " ") for text in moving["ticktext"]] == texts
    read = [unit_for(unit, value).text(value) for value in np.array(moving["tickvals"]) * display_unit(chart).factor]
    assert moving["ticktext"] == read


def test_the_labels_of_a_wide_one_are_some_of_those_of_a_narrower_one() -> None:
    def labelled(greatest: float) -> set[str]:
        return set(labels(chart_data("damage-dealt", [1.0, greatest]))["ticktext"])

    assert labelled(2e9) & labelled(2e4) == {"1", "100", "10,000"}
