"""How far a sketch's values reach where the figure leaves an even axis to Plotly: what plotly.js makes of the same
traces (``getAutoRange`` and ``calcAxisExpansion``), so that nothing moves once the chart is drawn.

Dots need some pixels more there, which nobody knows here.
"""

from collections.abc import Iterator

import numpy as np

from layouts.figure.heat import shaded
from layouts.figure.traces import FigureStyle, drawn_as, period_before, stacks
from metrics_dash.charts.data import ChartData, Values

# Parts of the axis that stay free at each end which is not zero.
_ROOM = 0.05


def reach(chart: ChartData, style: FigureStyle) -> tuple[float, float]:
    """Return where the axis of a chart in its display unit begins and ends."""
    values = np.concatenate([part[np.isfinite(part)] for part in _drawn(chart, style)])
    low, high = float(values.min()), float(values.max())
    return _roomy(low, high, _ROOM if low < 0 else 0, _ROOM if high > 0 else 0) if high > low else (0.0, 1.0)


def _roomy(low: float, high: float, below: float, above: float) -> tuple[float, float]:
    whole = (high - low) / (1 - below - above)
    return low - whole * below, high + whole * above


def _drawn(chart: ChartData, style: FigureStyle) -> Iterator[Values]:
    """Yield everything that has a place on the axis, where it has it: what stands on others, on top of them."""
    yield np.zeros(1)
    shown = [series for series in chart.series if series.name not in style.hidden]
    if stacks(chart, style) and shown:
        yield np.cumsum([np.nan_to_num(series.v) for series in shown], axis=0).reshape(-1)
    else:
        banded = drawn_as(chart, style) != "bar"
        for series in shown:
            yield from (part for part in (series.v, *((series.low, series.high) if banded else ())) if part is not None)
    for series in period_before(chart, style):
        if series.name not in style.hidden:
            yield series.v
    for cells in shaded(chart, logarithmic=False):
        yield from (cells.low, cells.high)
