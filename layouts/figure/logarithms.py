"""The labels of a logarithmic axis, all of them spelled out: Plotly labels each of 1 to 9 between two powers of ten,
writes 2 for 200, and 100µ for what is a hundred of a chart that is counted in millions."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from layouts.figure.bounds import value_range
from layouts.figure.labels import plain
from layouts.figure.room import round_step
from layouts.figure.traces import FigureStyle
from layouts.numbers import short_number
from layouts.units import display_unit, in_unit, round_values, unit_for
from metrics_dash.charts.data import ChartData, Values

# Between the least and the greatest value: up to the first there is one value, up to the second the axis is nearly an
# even one, from the third on powers of ten are enough.
_ONE, _EVEN, _WIDE = 1.001, 3, 100
_MOST = 6


def log_ticks(chart: ChartData, style: FigureStyle, suffix: str) -> dict[str, Any]:
    """Return the ticks of the values' axis, counted in the chart's display unit; none where no value has a place.
    ``suffix``: of the topmost, where all are in one unit. Where they are far apart each has its own: 100 and 1 M."""
    reach = _reach(chart, style)
    if reach is None:
        return _spelled_out([], [])
    least, greatest = reach
    if greatest / least >= _WIDE:
        return _wide(chart, least, greatest)
    if greatest / least < _ONE:
        marks = _around(greatest)
    else:
        marks = _even(least, greatest) if greatest / least <= _EVEN else _decades(least, greatest)
    texts = [_number(mark) for mark in marks]
    texts[-1:] = [f"{text}{suffix}" for text in texts[-1:]]
    return _spelled_out(marks, texts)


def _spelled_out(marks: Sequence[float], texts: Sequence[str]) -> dict[str, Any]:
    return {"dtick": None, "tickmode": "array", "tickvals": list(marks), "ticktext": list(texts), "automargin": False}


def _number(value: float) -> str:
    return f"{value:,.6g}" if 1e-4 <= value < 1e6 else short_number(value)


def _wide(chart: ChartData, least: float, greatest: float) -> dict[str, Any]:
    name, factor = chart.chart.unit, display_unit(chart).factor
    marks = round_values(name, least * factor, greatest * factor, _MOST)
    texts = [plain(unit_for(name, mark).text(mark)) for mark in marks]
    return _spelled_out([mark / factor for mark in marks], texts)


def _decades(least: float, greatest: float) -> list[float]:
    """Return 1, 2 and 5 of each power of ten."""
    powers = range(math.floor(math.log10(least)), math.ceil(math.log10(greatest)) + 1)
    marks = [float(f"{part}e{power}") for power in powers for part in (1, 2, 5)]
    return [mark for mark in marks if least <= mark <= greatest]


def _even(least: float, greatest: float) -> list[float]:
    """Return a few round values at equal distances."""
    factor, power = round_step(greatest - least)
    step = float(f"{factor}e{power}")
    places = range(math.ceil(least / step - 1e-9), math.floor(greatest / step + 1e-9) + 1)
    return [float(f"{place * step:.9g}") for place in places]


def _around(value: float) -> list[float]:
    """Return the one value that there is, and the powers of ten around it, of which Plotly shows one on each side."""
    power = math.floor(math.log10(value))
    around = [float(f"1e{each}") for each in (power, power + 1)]
    return sorted({float(f"{value:.4g}"), *(mark for mark in around if not 2 / 3 < mark / value < 1.5)})


def _reach(chart: ChartData, style: FigureStyle) -> tuple[float, float] | None:
    """Return how far the axis reaches, or what is drawn does where that is Plotly's to decide; None where no value is
    above zero."""
    values = [part[np.isfinite(part) & (part > 0)] for part in _drawn(in_unit(chart, display_unit(chart)))]
    found = np.concatenate(values or [np.empty(0)])
    if not found.size:
        return None
    return value_range(chart, style) or (float(found.min()), float(found.max()))


def _drawn(chart: ChartData) -> Iterator[Values]:
    for series in (*chart.series, *chart.previous):
        yield from (part for part in (series.v, series.low, series.high) if part is not None)
    if chart.density is not None:
        yield chart.density.value
