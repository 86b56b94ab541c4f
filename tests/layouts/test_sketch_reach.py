"""A sketch's axis of values is the figure's: the range that it declares, else the one that plotly.js makes of its
traces (tests/browser/test_first.py has plotly.js itself say it)."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from layouts.figure.figures import figure
from layouts.figure.ticks import ticks
from layouts.figure.traces import FigureStyle
from layouts.numbers import THIN_SPACE
from layouts.sketch import _scale as scale_of
from layouts.sketch import sketch
from layouts.units import display_unit, in_unit
from metrics_dash.bounds import Bounds
from metrics_dash.charts.data import ChartData, Density
from tests.layouts.test_sketch import chart_of

NAN = float("nan")
VALUES = {
    "few": [5.0, 150.0, 40.0, 70.0],
    "far apart": [5.0, 150.0, 1e7, 40.0],
    "below zero": [-30.0, -12.0, 4.0],
    "all below zero": [-5000.0, -20.0],
    "nothing": [0.0],
    "unknown": [NAN],
    "even": [7.0],
    "with gaps": [3.0, 8.0, NAN, NAN, 4.0, 9.0],
}
BOUNDS = {
    "none": Bounds(),
    "target and warn": Bounds(target=200, warn=1000, judges=True),
    "warn": Bounds(warn=0.3, judges=True),
    "reach": Bounds(min=-10, max=2e6),
    "target that wants more": Bounds(target=3, warn=1, low_is_bad=True, judges=True),
}
KINDS: dict[str, tuple[str, int]] = {
    "line": ("line", 1),
    "lines": ("line", 2),
    "area": ("area", 1),
    "stacked areas": ("area", 2),
    "bars": ("bar", 1),
    "stacked bars": ("bar", 2),
    "heatmap": ("heatmap", 1),
}


Drawn = Mapping[str, tuple[ChartData, FigureStyle]]


def charts(kind: str) -> Drawn:
    """Charts of one kind, by what they are: of all values, bounds, and units."""
    every = product(VALUES, BOUNDS, ("ms", "°C"), (False, True))
    return {
        f"{values}, {bounds}, {unit}{', logarithmic' if logarithmic else ''}": (
            _chart(kind, VALUES[values], BOUNDS[bounds], unit),
            FigureStyle(logarithmic=logarithmic),
        )
        for values, bounds, unit, logarithmic in every
    }


def peculiar() -> Drawn:
    """Charts with a period before, hidden series, a band."""
    compared = replace(_chart("stacked bars", VALUES["few"], Bounds(), "ms"))
    more = tuple(replace(series, v=series.v * 5) for series in compared.series)
    banded = _chart("line", VALUES["below zero"], Bounds(), "°C")
    (series,) = banded.series
    wide = replace(series, low=series.v - 40, high=series.v + 40)
    return {
        "a stack with a higher one before": (replace(compared, previous=more), FigureStyle()),
        "one of two is hidden": (replace(compared, previous=more), FigureStyle(hidden={"b"})),
        "a band": (replace(banded, series=(wide,)), FigureStyle()),
        "a band, logarithmic": (replace(banded, series=(wide,)), FigureStyle(logarithmic=True)),
    }


def _chart(kind: str, values: list[float], bounds: Bounds, unit: str) -> ChartData:
    draw, many = KINDS[kind]
    series = [(name, values[:: 1 - 2 * at]) for at, name in enumerate(("a", "b")[:many])]
    chart = chart_of(draw, *series)
    if draw == "heatmap":
        held = np.resize(np.array(values), 60)
        spread = Density(np.arange(60), held * 1.7, np.arange(1, 61))
        chart = replace(chart, density=spread)
    return replace(chart, chart=replace(chart.chart, unit=unit, bounds=bounds))


def sketched(chart: ChartData, style: FigureStyle) -> tuple[float, float]:
    """The range of a sketch, as ``sketch`` has it; of a logarithmic axis in powers of ten."""
    scale = scale_of(in_unit(chart, display_unit(chart)), style, ticks(chart, style)["yaxis"])
    return scale.low, scale.high


def drawn(chart: ChartData, style: FigureStyle) -> tuple[float, float]:
    """The range of the figure."""
    made = figure(chart, [], style)
    told = made["layout"]["yaxis"].get("range")
    return tuple(told) if told is not None else _by_plotly(made["data"], logarithmic=style.logarithmic)


def _by_plotly(traces: list[dict[str, Any]], *, logarithmic: bool) -> tuple[float, float]:
    shown = [trace for trace in traces if trace.get("visible", True) is True]
    values = np.concatenate(list(_heights(shown)))
    values = values[np.isfinite(values)]
    if logarithmic:
        values = np.log10(values[values > 0])
    low, high = float(values.min()), float(values.max())
    if low == high:
        return (low - 1, high + 1) if logarithmic else (0.0, 1.0)
    below, above = (True, True) if logarithmic else (low < 0, high > 0)
    room = (high - low) / (1 - 0.05 * (below + above)) * 0.05
    return low - room * below, high + room * above


def _heights(shown: list[dict[str, Any]]) -> Iterator[Any]:
    """Yield where each trace lies: bars and parts of a stack upon those before."""
    below: dict[str, Any] = {}
    for trace in shown:
        values = _unpacked(trace["y"])
        group = trace.get("stackgroup") or (trace["uid"].rpartition("-")[2] if trace["type"] == "bar" else "")
        if group:
            values = below[group] = np.nan_to_num(values) + below.get(group, 0)
        yield values


def _unpacked(y: Any) -> Any:
    if not isinstance(y, dict):
        return np.array(y, dtype=float)
    return np.frombuffer(base64.b64decode(y["bdata"]), np.dtype(y["dtype"]).newbyteorder("<")).astype(float)


@pytest.mark.parametrize("kind", [*KINDS, "peculiar"])
def test_a_sketch_has_the_range_of_the_figure(kind: str) -> None:
    every = peculiar() if kind == "peculiar" else charts(kind)
    differing = {
        name: (sketched(chart, style), drawn(chart, style))
        for name, (chart, style) in every.items()
        if sketched(chart, style) != pytest.approx(drawn(chart, style), rel=1e-5, abs=1e-9)
    }
    assert not differing


def test_times_that_are_read_in_hours_stand_in_hours_beside_a_target_in_milliseconds() -> None:
    chart = _chart("line", VALUES["far apart"], BOUNDS["target and warn"], "ms")
    assert sketched(chart, FigureStyle())[1] == pytest.approx(1e7 / 3.6e6 * 1.06)
    made = sketch(chart, FigureStyle())
    assert re.search(f">2{THIN_SPACE}h</b>", made)
    assert "stroke:var(--ok)" in made
    assert "fill:var(--warn-soft)" in made
    assert re.search(rf'<span style="bottom:[\d.]+%">target 200{THIN_SPACE}ms', made)


def test_the_band_that_warns_begins_where_the_figure_has_it() -> None:
    chart = _chart("line", [0.0, 2000.0], Bounds(target=500, warn=1000, judges=True), "ms")
    made = sketch(chart, FigureStyle())
    (band,) = re.findall(r'd="([^"]+)" style="fill:var\(--warn-soft\)', made)
    (target,) = re.findall(r'd="([^"]+)" style="stroke:var\(--ok\)', made)
    assert band == f"M0 {400 - round(400 / 2.12)}V0H1000V{400 - round(400 / 2.12)}"
    assert target == f"M0 {400 - round(200 / 2.12)}H1000"


def test_a_heatmaps_lowest_cells_have_their_place() -> None:
    chart = _chart("heatmap", VALUES["below zero"], Bounds(), "°C")
    made = sketch(chart, FigureStyle())
    numbers = [int(number) for path in re.findall(r' d="([^"]+)"', made) for number in re.findall(r"V(\d+)", path)]
    assert max(numbers) <= 400
    assert min(numbers) >= 0


def test_what_is_compared_with_is_drawn_as_in_the_figure() -> None:
    chart = _chart("stacked bars", VALUES["few"], Bounds(), "ms")
    made = sketch(replace(chart, previous=chart.series), FigureStyle())
    assert made.count("stroke:var(--ghost)") == 1
    lines = _chart("lines", VALUES["few"], Bounds(), "ms")
    made = sketch(replace(lines, previous=lines.series), FigureStyle(width=500))
    assert made.count("opacity:") == 2
    assert len(set(re.findall(r"stroke:(var\(--s\d\))", made))) == 2


def test_the_test_knows_what_it_compares() -> None:
    chart = _chart("line", VALUES["few"], Bounds(), "ms")
    low, high = drawn(chart, FigureStyle())
    assert (low, high) == (0, pytest.approx(150 / 0.95))
