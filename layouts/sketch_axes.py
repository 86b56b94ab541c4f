"""The axes of a sketch: hairlines, and the labels of values and moments, where Plotly will draw its own.

Where the figure leaves ticks to Plotly, they are those of layouts/figure/moments.py, so that none moves once the chart
is drawn.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layouts.figure.axes import axis_offset
from layouts.figure.marks import by_plotly
from layouts.figure.moments import plain_ticks, said_once
from layouts.figure.room import MARGIN_LEFT, left_of, round_step
from layouts.figure.ticks import Ticks
from layouts.static import Html, as_text
from metrics_dash.charts.data import Values
from metrics_dash.charts.timerange.grid import Milliseconds, from_milliseconds
from metrics_dash.charts.timerange.windows import Window

WIDTH, HEIGHT = 1000, 400
"""Of a picture, in its own units."""
# Part of an axis by which a mark may lie beyond its end: what is rounded on the way.
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Scale:
    """Where moments (epoch ms) and values lie in the picture; ``low`` and ``high`` are powers of ten where it is
    ``logarithmic``."""

    start: int
    end: int
    low: float
    high: float
    logarithmic: bool

    def across(self, moments: Milliseconds) -> NDArray[np.int64]:
        return np.rint((moments - self.start) / (self.end - self.start) * WIDTH).astype(np.int64)

    def up(self, values: Values) -> Values:
        """Return heights from the upper edge, NaN for what has no place."""
        if self.logarithmic:
            values = np.log10(np.where(values > 0, values, np.nan))
        return np.rint((1 - (values - self.low) / (self.high - self.low)) * HEIGHT)


@dataclass(frozen=True, slots=True)
class Mark:
    """A tick: where it lies, 0 to 1 from the axis' begin, and its label; below that a second one, or nothing."""

    at: float
    label: str
    below: str = ""


def axes(told: dict[str, Ticks], window: Window, scale: Scale, width: int) -> Html:
    """Return the labels and hairlines of both axes. ``told``: what the figure says of its ticks. ``width``: of the
    graph, px."""
    values = value_marks(told["yaxis"], scale.low, scale.high, logarithmic=scale.logarithmic)
    moments = moment_marks(told["xaxis"], window, scale.start, scale.end, width)
    return Html("".join([*map(_value, values), *map(_moment, moments)]))


def left_room(told: Ticks, scale: Scale) -> int:
    """Return the room at the left of the plot, px: more than usual where Plotly measures how long the labels are."""
    if not told.get("automargin"):
        return MARGIN_LEFT
    return left_of(mark.label for mark in value_marks(told, scale.low, scale.high, logarithmic=scale.logarithmic))


def _value(mark: Mark) -> str:
    return f'<i style="bottom:{mark.at:.2%}"></i><b style="bottom:{mark.at:.2%}">{as_text(unescape(mark.label))}</b>'


def _moment(mark: Mark) -> str:
    below = f"<br>{as_text(mark.below)}" if mark.below else ""
    return f'<em style="left:{mark.at:.2%}">{as_text(unescape(mark.label))}{below}</em>'


def note(said: dict[str, Any], scale: Scale) -> str:
    """Return words that the figure has at the right end of a line, upon it."""
    at = (said["y"] - scale.low) / (scale.high - scale.low)
    return f'<span style="bottom:{at:.2%}">{as_text(unescape(said["text"]))}</span>'


# Values


def value_marks(told: Ticks, low: float, high: float, *, logarithmic: bool = False) -> list[Mark]:
    """Return the marks between ``low`` and ``high``; the topmost says the unit. A logarithmic axis has those that the
    figure spells out."""
    suffix = str(told.get("ticksuffix") or "")
    if told.get("tickvals") is not None:
        values = [math.log10(value) if logarithmic else value for value in told["tickvals"]]
        texts = list(told["ticktext"])
    else:
        factor, power = round_step(high - low)
        step = float(told.get("dtick") or f"{factor}e{power}")
        values = [step * number for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
        texts = [by_plotly(value) for value in values]
        texts[-1:] = [f"{text}{suffix}" for text in texts[-1:]]
    marks = [Mark((value - low) / (high - low), text) for value, text in zip(values, texts, strict=True)]
    return [mark for mark in marks if -_SLACK <= mark.at <= 1 + _SLACK]


# Moments


def moment_marks(told: Ticks, window: Window, start: int, end: int, width: int) -> list[Mark]:
    """Return the marks of a time axis from ``start`` to ``end`` (epoch ms), by the clock of ``window``, in a graph of
    ``width`` px."""
    first, length = from_milliseconds(start) + axis_offset(window), timedelta(milliseconds=end - start)
    if told.get("tickvals") is None:
        plain = said_once(plain_ticks(first, length, width))
        marks = [Mark(tick.at, tick.label, tick.below) for tick in plain]
    else:
        moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in told["tickvals"]]
        texts = [text.partition("<br>") for text in told["ticktext"]]
        labelled = zip(moments, texts, strict=True)
        marks = [Mark((moment - first) / length, label, below) for moment, (label, _, below) in labelled]
    return [mark for mark in marks if 0 <= mark.at < 1]
