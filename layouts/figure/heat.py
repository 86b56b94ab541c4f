"""A heatmap's cells: in each bucket, how many values lie in which row.

Rows have round bounds and don't depend on where the range begins, so that cells stay where they are from tick to tick.
All cells of one shade are one trace, which is one path for the browser, however many there are.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layouts.figure.arrays import Values, packed
from layouts.figure.axes import on_axis
from layouts.theme import HEAT_OPACITIES, accent, with_opacity
from metrics_dash.charts.data import ChartData
from metrics_dash.charts.timerange.grid import from_milliseconds
from metrics_dash.charts.timerange.windows import bucket_edges
from metrics_dash.web.address import Theme

MOST_ROWS = 24
SHADES = len(HEAT_OPACITIES["light"])
# A place among the stored values is known to 2.2 %: a row is no lower than that.
_FINEST = 0.022
# Rows of a logarithmic axis, for each power of two or for several.
_PER_OCTAVE = (8.0, 4.0, 2.0, 1.0)
_ROUND = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Cells:
    """Cells of one shade (0 is the palest), those that lie side by side as one: of each the place of its first bucket
    in the window and of the one after its last, and from where to where it reaches, in the unit in which the chart is
    drawn."""

    shade: int
    first: NDArray[np.int64]
    after: NDArray[np.int64]
    low: Values
    high: Values


def shaded(chart: ChartData, *, logarithmic: bool) -> list[Cells]:
    """Return the cells of a chart, shade by shade; none of what is no heatmap. What is not above zero has no place on a
    logarithmic axis."""
    density = chart.density
    if density is None:
        return []
    drawn = density.value > 0 if logarithmic else np.isfinite(density.value)
    value, bucket, count = density.value[drawn], density.bucket[drawn], density.count[drawn]
    if not len(value):
        return []
    scale = _octaves(value) if logarithmic else _even(value)
    keys, where = np.unique(np.stack([bucket, scale.row(value)]), axis=1, return_inverse=True)
    counts = np.bincount(where.reshape(-1), count)
    # The root, because a few hold most: what is rare is seen as well.
    shade = np.ceil(np.sqrt(counts / counts.max()) * SHADES).astype(np.int64) - 1
    found = []
    for number in np.unique(shade).tolist():
        first, after, row = _side_by_side(*keys[:, shade == number])
        found.append(Cells(number, first, after, scale.bound(row), scale.bound(row + 1)))
    return found


def _side_by_side(
    bucket: NDArray[np.int64], row: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return stretches of buckets that follow one another in a row: their first, the one after their last, and the
    row."""
    order = np.lexsort((bucket, row))
    bucket, row = bucket[order], row[order]
    begins = np.flatnonzero(np.concatenate(([True], (np.diff(row) != 0) | (np.diff(bucket) != 1))))
    ends = np.append(begins[1:], len(bucket)) - 1
    return bucket[begins], bucket[ends] + 1, row[begins]


def cells(chart: ChartData, theme: Theme, *, logarithmic: bool) -> list[dict[str, Any]]:
    """Return a trace for each shade of a chart's cells; none of what is no heatmap."""
    if chart.density is None:
        return []
    # As strings: numbers are moments to Plotly, which it draws in the browser's own zone.
    edges = np.array([on_axis(from_milliseconds(edge), chart.window) for edge in bucket_edges(chart.window)])
    colour = accent(theme)
    return [
        {
            "type": "scatter",
            # No lines: one around each cell would be an element of its own that nobody sees.
            "mode": "none",
            "uid": f"heat-{each.shade}",
            "meta": "cells",
            "showlegend": False,
            "hoverinfo": "skip",
            "fill": "toself",
            "fillcolor": with_opacity(colour, HEAT_OPACITIES[theme][each.shade]),
            **_outlines(edges, each),
        }
        for each in shaded(chart, logarithmic=logarithmic)
    ]


def _outlines(edges: NDArray[np.str_], each: Cells) -> dict[str, Any]:
    """Return all cells as one line with a gap after each."""
    left, right = edges[each.first], edges[each.after]
    gap = np.full(len(left), np.nan)
    x = np.stack([left, left, right, right, right], axis=1).reshape(-1)
    y = np.stack([each.low, each.high, each.high, each.low, gap], axis=1).reshape(-1)
    return {"x": x.tolist(), "y": packed(y)}


@dataclass(frozen=True)
class _Even:
    height: float

    def row(self, value: Values) -> NDArray[np.int64]:
        return np.floor(value / self.height * (1 + 1e-12)).astype(np.int64)

    def bound(self, row: NDArray[np.int64]) -> Values:
        return np.asarray(row * self.height, dtype=np.float64)


@dataclass(frozen=True)
class _Octaves:
    per_octave: float

    def row(self, value: Values) -> NDArray[np.int64]:
        return np.floor(np.log2(value) * self.per_octave + 1e-9).astype(np.int64)

    def bound(self, row: NDArray[np.int64]) -> Values:
        return np.asarray(np.exp2(row / self.per_octave), dtype=np.float64)


def _even(value: Values) -> _Even:
    """Return rows of one round height, as many as there may be."""
    least, most = float(value.min()), float(value.max())
    return _Even(_rounded_up(max((most - least) / (MOST_ROWS - 1), _FINEST * max(abs(least), abs(most))) or 1.0))


def _rounded_up(height: float) -> float:
    power = 10.0 ** math.floor(math.log10(height))
    return next(step * power for step in _ROUND if step * power >= height * (1 - 1e-9))


def _octaves(value: Values) -> _Octaves:
    octaves = math.log2(float(value.max()) / float(value.min()))
    fitting = (per for per in _PER_OCTAVE if octaves * per <= MOST_ROWS - 1)
    return _Octaves(next(fitting, 1 / math.ceil(octaves / (MOST_ROWS - 1) or 1)))
