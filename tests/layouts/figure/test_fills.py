"""What is tinted where a line has gaps: the stretches alone, each as a shape of its own."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layouts.figure.fills import closed, runs
from layouts.figure.traces import FigureStyle, traces
from metrics_dash.charts.data import ChartData
from tests.support.figures import chart_data, named, unpacked

NAN = float("nan")
VALUES = st.lists(st.one_of(st.none(), st.floats(-9, 9)), max_size=30)


def gauge(values: list[float]) -> ChartData:
    data = chart_data("players-online", values)
    level = np.array(values)
    return replace(data, series=(replace(data.series[0], low=level - 1, high=level + 1),))


def drawn(trace: dict[str, Any]) -> list[tuple[str, float]]:
    return list(zip(trace["x"], unpacked(trace["y"]).tolist(), strict=True))


def test_a_band_with_a_gap_is_one_shape_for_each_stretch() -> None:
    made = traces(gauge([5, 6, NAN, 3, 4]), FigureStyle())
    low, high, fill = named(made, "-band")
    assert "fill" not in low
    assert "fill" not in high
    assert fill["fill"] == "toself"
    edges = [value for _, value in drawn(fill)]
    assert edges[:4] == [6, 7, 5, 4]
    assert np.isnan(edges[4])
    assert edges[5:9] == [4, 5, 3, 2]
    assert [when[11:16] for when, _ in drawn(fill)][:4] == ["12:00", "12:01", "12:01", "12:00"]
    assert fill["legendgroup"] == low["legendgroup"]


def test_an_area_with_a_gap_stands_on_zero_in_each_stretch() -> None:
    data = chart_data("damage-dealt", [5, 6, NAN, NAN, 3, 4])
    made = traces(replace(data, chart=replace(data.chart, draw="area")), FigureStyle())
    (fill,) = named(made, "-area")
    (line,) = named(made, "-line")
    assert "fill" not in line
    assert [value for _, value in drawn(fill)][:4] == [5, 6, 0, 0]
    assert [value for _, value in drawn(fill)][5:9] == [3, 4, 0, 0]


def test_what_has_no_gap_inside_is_left_to_plotly() -> None:
    made = traces(gauge([NAN, 5, 6, 3, NAN]), FigureStyle())
    assert len(named(made, "-band")) == 2
    assert named(made, "-band")[1]["fill"] == "tonexty"


def test_a_hidden_series_hides_its_fill() -> None:
    data = gauge([5, 6, NAN, 3, 4])
    made = traces(data, FigureStyle(hidden={data.series[0].name}))
    assert {trace["visible"] for trace in made if trace.get("meta") == "fill"} == {"legendonly"}


@given(VALUES)
def test_shapes_are_of_the_stretches_and_of_nothing_else(values: list[float | None]) -> None:
    level = np.array([NAN if value is None else value for value in values])
    assert np.isfinite(np.concatenate([level[part] for part in runs(level)] or [level[:0]])).all()
    assert sum(part.stop - part.start for part in runs(level)) == np.isfinite(level).sum()
    window = chart_data("players-online", [1]).window
    shape = closed(window, np.arange(len(level), dtype=np.int64) * 60_000, level, level + 1)
    if shape is None:
        assert len(runs(level)) < 2
        return
    heights = unpacked(shape["y"])
    assert len(shape["x"]) == len(heights)
    stretches = [heights[part] for part in runs(heights)]
    assert [len(each) for each in stretches] == [2 * (p.stop - p.start) for p in runs(level) if p.stop - p.start > 1]


@pytest.mark.parametrize("values", [[NAN], [NAN, NAN], [1.0]])
def test_few_values_have_no_shape(values: list[float]) -> None:
    level = np.array(values)
    assert (
        closed(chart_data("players-online", [1]).window, np.arange(len(values), dtype=np.int64), level, level) is None
    )
