"""A chart's data as a Plotly figure: plain dicts, because building ``go.Figure`` costs ten times as much.

A refresh replaces ``traces()``, ``annotations_and_shapes()`` and the axes' ``ticks()`` only; the layout stands, and
with it zoom and hidden series.

Pointer and keys are no business of Plotly's: the crosshair's scripts read the values off all charts at once, from each
trace's ``meta`` (what its numbers are) and ``legendgroup`` (the series' key), and from the layout's ``meta``.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from layouts.figure import annotations as marks
from layouts.figure import bounds
from layouts.figure.annotations import Group
from layouts.figure.axes import compared_meta, font, on_axis, window_meta, x_axis, y_axis
from layouts.figure.labels import series_meta, split_meta
from layouts.figure.logarithms import unseen_text
from layouts.figure.room import MARGIN_LEFT, MARGIN_RIGHT
from layouts.figure.ticks import ticks
from layouts.figure.traces import FigureStyle, drawn_as, stacks, traces
from layouts.theme import TOKENS
from layouts.units import display_unit
from layouts.words import SIGNS, refused_text
from metrics_dash.charts.data import ChartData, Interval
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.web.address import Theme

Figure = dict[str, Any]

EMPTY_FIGURE: Figure = {"data": [], "layout": {}}
"""Of a card that shows no chart."""

_NARROWEST_MARK = 0.004
# Of refused events, px.
_MARK = 4


def figure(chart: ChartData, refused: Sequence[Interval], style: FigureStyle, noted: Sequence[Group] = ()) -> Figure:
    """Return the whole figure of a chart. ``refused``: intervals in which events were refused, and ``noted``: what
    somebody says of moments; both are marked."""
    several, moving = len(chart.series) > 1, ticks(chart, style)
    return {
        "data": traces(chart, style),
        "layout": {
            "uirevision": f"{chart.window.step.key}-{style.logarithmic}",
            "margin": {"l": MARGIN_LEFT, "r": MARGIN_RIGHT, "t": 24 if several else 8, "b": 36},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": font(style.theme),
            "xaxis": x_axis(style.theme) | moving["xaxis"],
            "yaxis": y_axis(style.theme, logarithmic=style.logarithmic) | moving["yaxis"],
            "showlegend": False,
            "legend": _legend(style.theme),
            "hovermode": False,
            "dragmode": False,
            "barmode": "stack",
            "bargap": 0.12,
            "separators": ".,",
            **annotations_and_shapes(chart, refused, style, noted),
        },
    }


def annotations_and_shapes(
    chart: ChartData, refused: Sequence[Interval], style: FigureStyle, noted: Sequence[Group] = ()
) -> dict[str, Any]:
    """Return what the layout says about the data: a thin mark where events were refused, marks of annotations, values
    that can't be drawn, and what the browser has to know to read values off the chart."""
    meta = window_meta(chart.window) | {
        **display_unit(chart).meta(),
        "series": series_meta(chart),
        "split": split_meta(chart),
        "draw": drawn_as(chart, style),
        "stacked": stacks(chart, style),
        "compared": compared_meta(chart.window, chart.compare),
        "refused": [_refusal(interval) for interval in refused],
        "refusedInAll": refused_text(refused) or "",
        "doubt": _doubt(chart),
    }
    shapes = [*bounds.shapes(chart, style), *(_mark(interval, chart, style) for interval in refused)]
    shapes += marks.shapes(noted, chart.window, style.theme, style.width)
    notes = bounds.notes(chart, style) + (_note_of_zeros(chart, style) if style.logarithmic else [])
    notes += marks.labels(noted, chart.window, style.theme, style.width)
    return {"shapes": shapes, "annotations": notes, "meta": meta}


def _doubt(chart: ChartData) -> dict[str, Any] | None:
    """Return, for the crosshair, the places of the buckets whose number is in doubt, and the sign before it."""
    if chart.doubt is None or not chart.series:
        return None
    places = np.flatnonzero(np.isin(chart.series[0].t, chart.doubt.starts))
    return {"sign": SIGNS[chart.doubt.bound], "at": places.tolist()}


def _mark(interval: Interval, chart: ChartData, style: FigureStyle) -> dict[str, Any]:
    """Return a thin mark that hangs from the time axis, so that it lies over no data."""
    start, end = _wide_enough(interval, chart)
    return {
        "type": "rect",
        "fillcolor": TOKENS[style.theme]["bad"],
        "line": {"width": 0},
        "layer": "above",
        "xref": "x",
        "x0": start,
        "x1": end,
        "yref": "paper",
        "ysizemode": "pixel",
        "yanchor": 0,
        "y0": 0,
        "y1": -_MARK,
    }


def _refusal(interval: Interval) -> dict[str, Any]:
    """Return, for the crosshair, when events were refused (epoch ms), how many, and why."""
    span = {"start": to_milliseconds(interval.start), "end": to_milliseconds(interval.end)}
    return span | {"text": refused_text([interval])}


def _note_of_zeros(chart: ChartData, style: FigureStyle) -> list[dict[str, Any]]:
    """Say how many values have no place on a logarithmic axis."""
    said = unseen_text(chart, style.hidden)
    if not said:
        return []
    text = {"text": said, "font": {"size": 11, "color": TOKENS[style.theme]["muted"]}}
    spot = {"x": 0, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top"}
    # Without a background: it would lie over the highest values.
    return [{"showarrow": False, **text, **spot}]


def _legend(theme: Theme) -> dict[str, Any]:
    return {
        "orientation": "h",
        "x": 1,
        "xanchor": "right",
        "y": 1.02,
        "yanchor": "bottom",
        "font": {"size": 12, "color": TOKENS[theme]["muted"]},
        "itemdoubleclick": "toggleothers",
        "bgcolor": "rgba(0,0,0,0)",
    }


def _wide_enough(interval: Interval, chart: ChartData) -> tuple[str, str]:
    """Return the interval on the axis, widened so that even a short one can be seen."""
    window = chart.window
    end = max(interval.end, interval.start + window.span.length * _NARROWEST_MARK)
    return on_axis(interval.start, window), on_axis(min(end, window.end), window)
