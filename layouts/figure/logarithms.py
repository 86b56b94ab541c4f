"""A logarithmic axis: how far it reaches, its foot, and its labels.

All labels are spelled out: Plotly labels each of 1 to 9 between two powers of ten, writes 2 for 200, and 100µ for what
is a hundred of a chart that is counted in millions. What is not above zero has no place on the axis, and is ticked at
its foot, below every value and every label.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from layouts.figure.heat import shaded
from layouts.figure.labels import plain
from layouts.figure.marks import even_marks, labelled, spelled_out
from layouts.units import display_unit, in_unit, round_values, unit_for
from metrics_dash.charts.data import ChartData, Values

# Between the least and the greatest value: up to the first there is one value, beside which the axis reaches one power
# of ten to each side; from the second on powers of ten are enough.
_ONE, _WIDE = 1.001, 100
# What is declared makes an axis narrower than that, but not so narrow that digits could hardly tell values apart.
_NARROWEST = 1 + 1e-7
_MOST, _FEW, _READ = 7, 3, 3
# Parts of the axis: what stays free at each end; and at its foot, where there are ticks for what has no place.
_ROOM, _FOOT = 0.05, 0.14
FOOT_AT = 0.045
"""Where these lie, from the axis' begin."""


@dataclass(frozen=True, slots=True)
class LogAxis:
    """Where an axis begins and ends, in powers of ten of values in the chart's display unit, and the least power that
    is labelled. ``only``: the one value there is, if there is but one; ``empty``: whether there is none at all."""

    low: float
    high: float
    labelled_from: float
    only: float | None
    empty: bool

    @property
    def foot(self) -> float:
        """The value at which the ticks lie for what has no place."""
        return float(10 ** (self.low + (self.high - self.low) * FOOT_AT))


def log_axis(chart: ChartData, hidden: Collection[str]) -> LogAxis:
    """Return the axis of a chart that is counted in the unit which is declared, with some series switched off. It
    reaches what is declared, and cuts nothing off."""
    unit = display_unit(chart)
    values = _positive(in_unit(chart, unit), hidden)
    declared = [value / unit.factor for value in chart.chart.bounds.shown() if value > 0]
    every = [*declared, *values] or [1.0]
    low, high, only = math.log10(min(every)), math.log10(max(every)), None
    if high - low < math.log10(_NARROWEST if declared else _ONE):
        low, high, only = low - 1, high + 1, max(every)
    unseen = any(bool((series.v <= 0).any()) for series in chart.series if series.name not in hidden)
    below = _FOOT if unseen else _ROOM
    whole = (high - low) / (1 - below - _ROOM)
    begin = low - whole * below
    return LogAxis(begin, high + whole * _ROOM, low if unseen else begin, only, not values)


def unseen_text(chart: ChartData, hidden: Collection[str]) -> str:
    """Return ``216 × zero, ticked below``: how many values have no place on the axis; nothing where all have one."""
    shown = [series.v for series in chart.series if series.name not in hidden]
    count = sum(int((values <= 0).sum()) for values in shown)
    what = "not positive" if any((values < 0).any() for values in shown) else "zero"
    return f"{count:,} × {what}, ticked below" if count else ""


def _positive(chart: ChartData, hidden: Collection[str]) -> list[float]:
    """Return the least and the greatest above zero of all that is shown, part by part; of everything where that is
    nothing."""
    for off in (hidden, ()):
        parts = [part[np.isfinite(part) & (part > 0)] for part in _drawn(chart, off)]
        if found := [float(end) for part in parts if part.size for end in (part.min(), part.max())]:
            return found
    return []


def _drawn(chart: ChartData, hidden: Collection[str]) -> Iterator[Values]:
    for series in (*chart.series, *chart.previous):
        if series.name not in hidden:
            yield from (part for part in (series.v, series.low, series.high) if part is not None)
    for cells in shaded(chart, logarithmic=True):
        yield from (cells.low, cells.high)


def log_ticks(chart: ChartData, hidden: Collection[str]) -> dict[str, Any]:
    """Return the ticks of the values' axis, counted in the chart's display unit; none where no value has a place.
    Where all are in one unit the topmost says it; where they are far apart each has its own: 100 and 1 M."""
    axis = log_axis(chart, hidden)
    if axis.empty:
        return spelled_out([], [])
    low, high = 10**axis.labelled_from, 10**axis.high
    if high / low >= _WIDE or axis.only is not None:
        return _far_apart(chart, low, high, axis.only)
    marks = _decades(low, high)
    marks = marks if len(marks) >= _FEW else even_marks(low, high)
    return spelled_out(marks, labelled(marks, display_unit(chart)))


def _far_apart(chart: ChartData, low: float, high: float, only: float | None) -> dict[str, Any]:
    """Return round values, each with its own unit, and the one value that there is."""
    name, factor = chart.chart.unit, display_unit(chart).factor
    marks = round_values(name, low * factor, high * factor, _MOST)
    if only is not None:
        value = _as_read(name, only * factor)
        marks = sorted([value, *(mark for mark in marks if not 2 / 3 < mark / value < 1.5)])
    texts = [plain(unit_for(name, mark).text(mark)) for mark in marks]
    return spelled_out([mark / factor for mark in marks], texts)


def _as_read(name: str, value: float) -> float:
    """Return a value with no more digits than its label has."""
    factor = unit_for(name, value).factor
    number = value / factor
    return float(f"{number:.{_READ if number >= 1 else _READ - 1}g}") * factor


def _decades(low: float, high: float) -> list[Decimal]:
    """Return 1, 2 and 5 of each power of ten."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marks = [Decimal(part).scaleb(power) for power in powers for part in (1, 2, 5)]
    return [mark for mark in marks if low <= mark <= high]
