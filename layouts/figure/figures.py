"""A chart's data as a Plotly figure: plain dicts, because building ``go.Figure`` costs ten times as much.

A refresh replaces ``traces()``, ``annotations_and_shapes()`` and the axes' ``ticks()`` only; the layout stands, and
with it zoom and hidden series.

Pointer and keys are no business of Plotly's: the crosshair's scripts read the values off all charts at once, from each
trace's ``meta`` (what its numbers are) and ``legendgroup`` (the series' key), and from the layout's ``meta``.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from layouts.figure import annotations as marks
from layouts.figure import bounds
from layouts.figure.annotations import Group
from layouts.figure.axes import compared_meta, font, on_axis, window_meta, x_axis, y_axis
from layouts.figure.labels import plain, series_meta
from layouts.figure.room import MARGIN_LEFT, MARGIN_RIGHT, plot_width
from layouts.figure.ticks import ticks
from layouts.figure.traces import FigureStyle, drawn_as, traces
from layouts.theme import TOKENS
from layouts.units import display_unit
from metrics_dash.charts.data import ChartData, Interval
from metrics_dash.web.address import Theme

Figure = dict[str, Any]
_NARROWEST_MARK = 0.004
# Parts of the window's length; and how many reasons are named where events were refused.
_ROOM_FOR_WORDS = 0.16
_REASONS_SHOWN = 2
_LONGEST_REASON = 32


def figure(chart: ChartData, refused: Sequence[Interval], style: FigureStyle, noted: Sequence[Group] = ()) -> Figure:
    """Return the whole figure of a chart. ``refused``: intervals in which events were refused, shaded; ``noted``: what
    somebody says of moments, marked."""
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
            "showlegend": several,
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
    """Return what the layout says about the data: shaded intervals of refused events with their count, marks of
    annotations, zeros that can't be drawn, and what the browser has to know to read values off the chart."""
    shapes = [*bounds.shapes(chart, style), *(_shade(interval, chart, style) for interval in refused)]
    notes = bounds.notes(chart, style)
    counted = list(_apart(refused, chart))
    notes += [_refusal(interval, chart, style) for interval in counted]
    shapes += marks.shapes(noted, chart.window, style.theme, style.width)
    taken = [_words(interval, chart, style) for interval in counted]
    notes += marks.labels(noted, chart.window, style.theme, style.width, taken)
    if style.logarithmic:
        notes += _note_of_zeros(chart, style)
    meta = window_meta(chart.window) | {
        "unit": display_unit(chart).full,
        "series": series_meta(chart),
        "draw": drawn_as(chart, style),
        "compared": compared_meta(chart.window, chart.compare),
    }
    return {"shapes": shapes, "annotations": notes, "meta": meta}


def _shade(interval: Interval, chart: ChartData, style: FigureStyle) -> dict[str, Any]:
    start, end = _wide_enough(interval, chart)
    edges = {"x0": start, "x1": end, "y0": 0, "y1": 1, "xref": "x", "yref": "paper"}
    return {
        "type": "rect",
        "fillcolor": TOKENS[style.theme]["bad-soft"],
        "line": {"width": 0},
        "layer": "below",
        **edges,
    }


def _apart(refused: Sequence[Interval], chart: ChartData) -> Iterator[Interval]:
    """Yield those whose words don't lie over another's; the footer counts all of them."""
    free_from = chart.window.start
    for interval in refused:
        if interval.start >= free_from or interval is refused[0]:
            yield interval
            free_from = interval.start + chart.window.span.length * _ROOM_FOR_WORDS


def _refusal(interval: Interval, chart: ChartData, style: FigureStyle) -> dict[str, Any]:
    """Return how many were refused, and why; towards the middle, so that it stays within the chart."""
    start, end = _wide_enough(interval, chart)
    side = (
        {"x": end, "xanchor": "right", "align": "right"}
        if _is_late(interval, chart)
        else {"x": start, "xanchor": "left", "align": "left"}
    )
    return {
        "showarrow": False,
        "text": "<br>".join([f"{interval.count:,} refused", *map(_short, interval.reasons[:_REASONS_SHOWN])]),
        "font": {"size": 11, "color": TOKENS[style.theme]["bad"]},
        "bgcolor": TOKENS[style.theme]["surface"],
        "opacity": 0.9,
        "xref": "x",
        "y": 1,
        "yref": "paper",
        "yanchor": "top",
        **side,
    }


def _words(interval: Interval, chart: ChartData, style: FigureStyle) -> tuple[float, float]:
    """Return where the words of refused events stand, in px of the plot."""
    room, length = plot_width(style.width), chart.window.span.length
    if _is_late(interval, chart):
        end = room * ((interval.end - chart.window.start) / length)
        return end - room * _ROOM_FOR_WORDS, end
    start = room * ((interval.start - chart.window.start) / length)
    return start, start + room * _ROOM_FOR_WORDS


def _is_late(interval: Interval, chart: ChartData) -> bool:
    return interval.start > chart.window.start + chart.window.span.length / 2


def _short(reason: str) -> str:
    """Return a reason as plain text: reasons quote what senders sent."""
    return plain(reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…")


def _note_of_zeros(chart: ChartData, style: FigureStyle) -> list[dict[str, Any]]:
    """Say how many values have no place on a logarithmic axis."""
    shown = [series.v for series in chart.series if series.name not in style.hidden]
    count = sum(int((values <= 0).sum()) for values in shown)
    if not count:
        return []
    tokens = TOKENS[style.theme]
    what = "not positive" if any((values < 0).any() for values in shown) else "zero"
    text = {"text": f"{count:,} × {what}, ticked below", "font": {"size": 11, "color": tokens["faint"]}}
    spot = {"x": 0, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top"}
    return [{"showarrow": False, "bgcolor": tokens["surface"], **text, **spot}]


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
