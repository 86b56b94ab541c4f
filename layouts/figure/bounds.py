"""What a chart is held against, as it is drawn: an axis that reaches so far, a target line, and a band that warns.

All of it is sent with every refresh: where the axis ends depends on the data, as it never cuts any off, and so does the
band, which ends there.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from layouts.figure.labels import plain
from layouts.figure.logarithms import log_axis
from layouts.figure.traces import FigureStyle, stacks
from layouts.theme import TOKENS
from layouts.units import display_unit, in_unit
from metrics_dash.charts.data import ChartData, Series, Values

# Parts of the axis, beyond values that reach further than what is declared.
_ROOM = 0.06
# Of the greatest size on an axis: nothing makes it narrower than that, where digits could hardly tell values apart.
_NARROWEST = 1e-7


def value_range(chart: ChartData, style: FigureStyle) -> tuple[float, float] | None:
    """Return how far the values' axis reaches, in the chart's display unit; None leaves an even one to Plotly."""
    if style.logarithmic:
        reach = log_axis(chart, style.hidden)
        return 10**reach.low, 10**reach.high
    bounds, unit = chart.chart.bounds, display_unit(chart)
    if not bounds:
        return None
    values = [*_values(in_unit(chart, unit), style), *(value / unit.factor for value in bounds.shown())]
    floor = 0.0 if bounds.min is None else bounds.min / unit.factor
    low, high = min([floor, *values]), max([floor, *values])
    room = (high - low or abs(high) or 1.0) * _ROOM
    low, high = low - (room if low < floor else 0), high + (room if high * unit.factor != bounds.max else 0)
    return low, max(high, low + max(abs(low), abs(high)) * _NARROWEST)


def drawn_reach(chart: ChartData, style: FigureStyle) -> tuple[float, float]:
    """Return about how far an even axis reaches that is left to Plotly: from zero over everything."""
    values = [0.0, *_values(in_unit(chart, display_unit(chart)), style)]
    return min(values), max(values) / (1 - _ROOM)


def axis(chart: ChartData, style: FigureStyle) -> dict[str, Any]:
    """Return the part of the values' axis that what is declared decides; nothing where nothing is."""
    reach = value_range(chart, style)
    if reach is None:
        return {}
    return {"autorange": False, "range": [math.log10(end) for end in reach] if style.logarithmic else list(reach)}


def shapes(chart: ChartData, style: FigureStyle) -> list[dict[str, Any]]:
    """Return the band beyond ``warn``, as far as the axis reaches into it, and the target's line."""
    return [*_band(chart, style), *_target_line(chart, style)]


def notes(chart: ChartData, style: FigureStyle) -> list[dict[str, Any]]:
    """Return the target's words, on its line."""
    target, unit = chart.chart.bounds.target, display_unit(chart)
    if target is None or (style.logarithmic and target <= 0):
        return []
    at = target / unit.factor
    return [
        {
            "text": plain(f"target {unit.text(target)}"),
            "font": {"size": 11, "color": TOKENS[style.theme]["ok"]},
            "showarrow": False,
            "xref": "paper",
            "x": 1,
            "xanchor": "right",
            # Notes count a logarithmic axis in powers of ten, shapes do not.
            "y": math.log10(at) if style.logarithmic else at,
            "yref": "y",
            "yanchor": "bottom",
            "borderpad": 0,
        }
    ]


def _band(chart: ChartData, style: FigureStyle) -> Iterator[dict[str, Any]]:
    bounds, reach = chart.chart.bounds, value_range(chart, style)
    if bounds.warn is None or reach is None:
        return
    warn, (low, high) = bounds.warn / display_unit(chart).factor, reach
    start, end = (low, min(warn, high)) if bounds.low_is_bad else (max(warn, low), high)
    if start < end:
        colour = TOKENS[style.theme]["warn-soft"]
        yield _across(start, end) | {"type": "rect", "fillcolor": colour, "line": {"width": 0}, "layer": "below"}


def _target_line(chart: ChartData, style: FigureStyle) -> Iterator[dict[str, Any]]:
    target = chart.chart.bounds.target
    if target is None or (style.logarithmic and target <= 0):
        return
    at = target / display_unit(chart).factor
    line = {"width": 1.2, "dash": "6px,4px", "color": TOKENS[style.theme]["ok"]}
    # Over the grid, whose line may lie there as well, and under the data.
    yield _across(at, at) | {"type": "line", "line": line, "layer": "between"}


def _across(start: float, end: float) -> dict[str, Any]:
    return {"xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": start, "y1": end}


def _values(chart: ChartData, style: FigureStyle) -> Iterator[float]:
    """Yield the least and the greatest of everything that is drawn."""
    for many in (chart.series, chart.previous):
        shown = [series for series in many if series.name not in style.hidden]
        for part in _drawn(shown, stacked=stacks(chart, style)):
            finite = part[np.isfinite(part)]
            if finite.size:
                yield from (float(finite.min()), float(finite.max()))


def _drawn(shown: Sequence[Series], *, stacked: bool) -> Iterator[Values]:
    if stacked and shown:
        yield np.sum([np.nan_to_num(series.v) for series in shown], axis=0)
        return
    for series in shown:
        yield from (part for part in (series.v, series.low, series.high) if part is not None)
