"""A heatmap's cells: each value lies in one, rows are round and stay where they are, and a shade is one path."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layouts.figure.axes import on_axis
from layouts.figure.figures import figure
from layouts.figure.heat import MOST_ROWS, SHADES, cells, shaded
from layouts.figure.traces import FigureStyle, traces
from layouts.theme import TOKENS, recolouring
from metrics_dash.charts.data import ChartData, Density
from metrics_dash.charts.timerange.grid import from_milliseconds
from metrics_dash.charts.timerange.windows import bucket_starts
from tests.support.figures import chart_data, named, unpacked

CHART = "login-time-p95"


def heatmap(*held: tuple[int, float, int], buckets: int = 4, line: float = 1.0) -> ChartData:
    bucket, value, count = (np.array(part) for part in zip(*held, strict=True))
    density = Density(bucket.astype(np.int64), value.astype(np.float64), count.astype(np.int64))
    return chart_data(CHART, [line] * buckets, density=density)


def holding(chart: ChartData, *, logarithmic: bool = False) -> list[tuple[int, float, float, int]]:
    return [
        (bucket, float(low), float(high), each.shade)
        for each in shaded(chart, logarithmic=logarithmic)
        for first, after, low, high in zip(each.first, each.after, each.low, each.high, strict=True)
        for bucket in range(int(first), int(after))
    ]


values = st.floats(-1e12, 1e12).filter(lambda value: value == 0 or abs(value) > 1e-6)


@given(st.lists(st.tuples(st.integers(0, 3), values, st.integers(1, 10**9)), min_size=1, max_size=40))
def test_every_value_lies_in_one_cell_of_its_bucket(held: list[tuple[int, float, int]]) -> None:
    found = holding(heatmap(*held))
    assert len({(bucket, low) for bucket, low, _, _ in found}) == len(found)
    assert len({low for _, low, _, _ in found}) <= MOST_ROWS + 1
    slack = 1e-9 * max(abs(value) for _, value, _ in held)
    for bucket, value, _ in held:
        assert any(b == bucket and low - slack <= value <= high + slack for b, low, high, _ in found)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(1e-9, 1e15), st.integers(1, 9)), min_size=1, max_size=40))
def test_on_a_logarithmic_axis_too(held: list[tuple[int, float, int]]) -> None:
    found = holding(heatmap(*held), logarithmic=True)
    assert len({low for _, low, _, _ in found}) <= MOST_ROWS + 1
    for bucket, value, _ in held:
        assert any(b == bucket and low * (1 - 1e-6) <= value <= high * (1 + 1e-6) for b, low, high, _ in found)


def test_the_more_values_the_darker_and_what_is_rare_is_seen() -> None:
    found = holding(heatmap((0, 1.0, 1), (1, 50.0, 250), (2, 100.0, 1000)))
    assert [(bucket, shade) for bucket, _, _, shade in found] == [(0, 0), (1, SHADES // 2 - 1), (2, SHADES - 1)]


def test_rows_stay_where_they_are_when_the_range_moves_on() -> None:
    before = holding(heatmap((0, 103.0, 1), (1, 480.0, 5), (2, 90.0, 7)))
    after = holding(heatmap((0, 480.0, 5), (1, 90.0, 7), (2, 470.0, 1)))
    assert [cell[1:3] for cell in before if cell[0] in (1, 2)] == [cell[1:3] for cell in after if cell[0] in (0, 1)]


def test_what_is_not_above_zero_has_no_place_on_a_logarithmic_axis() -> None:
    assert holding(heatmap((0, -4.0, 1), (1, 0.0, 1)), logarithmic=True) == []
    assert [bucket for bucket, *_ in holding(heatmap((0, -4.0, 1), (1, 8.0, 1)), logarithmic=True)] == [1]


def test_a_chart_without_a_density_has_no_cells() -> None:
    assert cells(chart_data(CHART, [1, 2]), "light", logarithmic=False) == []


def outlines(trace: dict[str, Any]) -> list[tuple[list[str], list[float]]]:
    """The corners of each cell, in turn: where on the time axis, and how high."""
    x, y = trace["x"], unpacked(trace["y"]).tolist()
    return [(x[at : at + 5], y[at : at + 5]) for at in range(0, len(x), 5)]


def test_all_cells_of_a_shade_are_one_trace_that_goes_around_each() -> None:
    chart = heatmap((0, 5.0, 9), (2, 5.0, 9), (3, 100.0, 1))
    drawn = named(traces(chart, FigureStyle()), "heat-")
    assert [len(outlines(trace)) for trace in drawn] == [1, 2]
    (across, up), (then, _) = outlines(drawn[1])
    places = [on_axis(from_milliseconds(start), chart.window) for start in bucket_starts(chart.window)]
    assert across[:4] == [places[0], places[0], places[1], places[1]]
    assert then[:4] == [places[2], places[2], places[3], places[3]]
    low, high = up[:2]
    assert low <= 5 <= high
    assert up[:4] == [low, high, high, low]
    assert np.isnan(up[4])


def test_cells_side_by_side_of_one_shade_are_one() -> None:
    chart = heatmap((0, 5.0, 9), (1, 5.0, 9), (2, 5.0, 9), (3, 100.0, 9))
    (only,) = named(traces(chart, FigureStyle()), "heat-")
    assert [len({*across}) for across, _ in outlines(only)] == [2, 2]
    assert len(holding(chart)) == 4


def test_cells_lie_below_the_line_which_reaches_over_the_last_bucket() -> None:
    drawn = traces(heatmap((0, 5.0, 9), line=3.0), FigureStyle())
    kinds = [trace["meta"] for trace in drawn]
    assert kinds.index("cells") < kinds.index("value")
    line = named(drawn, "-line")[0]
    assert unpacked(line["y"]).tolist() == [3] * 5
    assert line["line"]["shape"] == "hv"


def test_cells_are_counted_in_the_unit_of_the_axis() -> None:
    (only,) = named(traces(heatmap((0, 61_000.0, 9), line=45_000.0), FigureStyle()), "heat-")
    ((_, up),) = outlines(only)
    assert up[0] <= 61 / 60 <= up[1]


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_heatmap_is_drawn_in_colours_that_both_themes_have(theme: Any, logarithmic: bool) -> None:
    style = FigureStyle(theme=theme, logarithmic=logarithmic)
    drawn = figure(heatmap(*((n % 4, 3.0 * n + 1, 4**n) for n in range(12))), (), style)
    known = set(recolouring()[theme].values())
    used = {trace["fillcolor"] for trace in drawn["data"] if trace["meta"] == "cells"}
    assert len(used) > 2
    assert used <= known
    assert {trace["line"]["color"] for trace in named(drawn["data"], "-line")} == {TOKENS[theme]["text"]}
    assert drawn["layout"]["meta"]["draw"] == "heatmap"
