"""A chart's data as a Plotly figure: plain dicts, because building ``go.Figure`` costs ten times as much.

A new shape is one function here and one row of ``SHAPES``. A tick replaces ``traces()`` and ``marks()`` only; the
layout stands, and with it zoom, hidden series and the axes.

Pointer and keys are no business of Plotly's: assets/chart/crosshair.js reads the values off all charts at once, from
each trace's ``meta`` (what its numbers are), ``legendgroup`` (the series) and ``name``, and from the layout's ``meta``.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layouts.arrays import Values, packed
from layouts.axes import font, on_axis, placed, window_meta, x_axis, y_axis
from layouts.theme import (
    AREA_OPACITY,
    BAND_OPACITY,
    BEFORE_OPACITY,
    PALE_OPACITY,
    TOKENS,
    Theme,
    series_colour,
    split_colours,
    with_opacity,
)
from metrics_dash.chartdata import ChartData, Interval, Series
from metrics_dash.timerange import Milliseconds, from_milliseconds

Trace = dict[str, Any]
Figure = dict[str, Any]

# Many points are drawn finer, so that a noisy series stays a line and doesn't become a wall: (points, width in px).
LINE_WIDTHS = ((400, 1.8), (900, 1.4), (10_000, 1.1))
_NARROWEST_MARK = 0.004
# Plotly widens the time axis for markers, but not where they have a fill; this one can't be seen.
UNPADDED = {"fill": "tozeroy", "fillcolor": "rgba(0,0,0,0)"}
# Parts of the window's length; and how many reasons are named where events were refused.
_ROOM_FOR_WORDS = 0.16
_REASONS_SHOWN = 2
_BARS_WITH_GAPS = 72
_LONGEST_REASON = 32


@dataclass(frozen=True, slots=True)
class Look:
    """How a figure is drawn. ``place``: of the chart in its tab; ``hidden``: series that are switched off."""

    theme: Theme = "light"
    place: int = 0
    logarithmic: bool = False
    hidden: Collection[str] = ()


def figure(chart: ChartData, refused: Sequence[Interval], look: Look) -> Figure:
    """The whole figure of a chart. ``refused``: intervals in which events were refused, shaded."""
    several = len(chart.series) > 1
    return {
        "data": traces(chart, look),
        "layout": {
            "uirevision": f"{chart.window.resolution}-{look.logarithmic}",
            "margin": {"l": 46, "r": 6, "t": 24 if several else 8, "b": 36},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": font(look.theme),
            "xaxis": x_axis(chart.window, look.theme),
            "yaxis": y_axis(look.theme, logarithmic=look.logarithmic) | _few_ticks(chart, look),
            "showlegend": several,
            "legend": _legend(look.theme),
            "hovermode": False,
            "dragmode": False,
            "barmode": "stack",
            "bargap": 0.12,
            "separators": ".,",
            **marks(chart, refused, look),
        },
    }


def traces(chart: ChartData, look: Look) -> list[Trace]:
    """Everything that a tick brings anew: an anchor that spans the window, the period before, and every series."""
    shape = SHAPES[_drawn_as(chart, look)]
    colours = _colours(chart, look)
    drawn = [_anchor(chart, look), *_period_before(chart, look, colours)]
    for series in chart.series:
        style = Style(colours[series.name], look, len(chart.series) > 1, _spoken(chart, series))
        drawn += [_switched(trace, series, look) for trace in shape(chart, series, style)]
    return drawn


def _drawn_as(chart: ChartData, look: Look) -> str:
    """Lengths of bars and areas mean nothing on a logarithmic axis, and neither does their stack: lines there."""
    return "line" if look.logarithmic else chart.chart.draw


def _colours(chart: ChartData, look: Look) -> Mapping[str, str]:
    """Each series' colour by its name: that of the chart's place, or of the split's values."""
    if chart.chart.split_by is None:
        return {series.name: series_colour(look.theme, look.place) for series in (*chart.series, *chart.previous)}
    return split_colours(look.theme, [series.name for series in chart.series])


def marks(chart: ChartData, refused: Sequence[Interval], look: Look) -> dict[str, Any]:
    """What the layout says about the data: shaded intervals of refused events with their count, zeros that can't be
    drawn, and what the browser has to know to read values off the chart."""
    shapes = [_shade(interval, chart, look) for interval in refused]
    notes = [_refusal(interval, chart, look) for interval in _apart(refused, chart)]
    if look.logarithmic:
        notes += _note_of_zeros(chart, look)
    meta = window_meta(chart.window) | {"unit": chart.chart.unit, "draw": _drawn_as(chart, look)}
    return {"shapes": shapes, "annotations": notes, "meta": meta}


def _shade(interval: Interval, chart: ChartData, look: Look) -> dict[str, Any]:
    start, end = _wide_enough(interval, chart)
    edges = {"x0": start, "x1": end, "y0": 0, "y1": 1, "xref": "x", "yref": "paper"}
    return {
        "type": "rect",
        "fillcolor": TOKENS[look.theme]["bad-soft"],
        "line": {"width": 0},
        "layer": "below",
        **edges,
    }


def _apart(refused: Sequence[Interval], chart: ChartData) -> Iterator[Interval]:
    """Those whose words don't lie over another's; the footer counts all of them."""
    free_from = chart.window.start
    for interval in refused:
        if interval.start >= free_from or interval is refused[0]:
            yield interval
            free_from = interval.start + chart.window.span.length * _ROOM_FOR_WORDS


def _refusal(interval: Interval, chart: ChartData, look: Look) -> dict[str, Any]:
    """How many were refused, and why; towards the middle, so that it stays within the chart."""
    start, end = _wide_enough(interval, chart)
    late = interval.start > chart.window.start + chart.window.span.length / 2
    side = (
        {"x": end, "xanchor": "right", "align": "right"} if late else {"x": start, "xanchor": "left", "align": "left"}
    )
    return {
        "showarrow": False,
        "text": "<br>".join([f"{interval.count:,} refused", *map(_short, interval.reasons[:_REASONS_SHOWN])]),
        "font": {"size": 11, "color": TOKENS[look.theme]["bad"]},
        "bgcolor": TOKENS[look.theme]["surface"],
        "opacity": 0.9,
        "xref": "x",
        "y": 1,
        "yref": "paper",
        "yanchor": "top",
        **side,
    }


def _short(reason: str) -> str:
    """A reason as plain text: Plotly reads some HTML, and reasons quote what senders sent."""
    text = reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _few_ticks(chart: ChartData, look: Look) -> dict[str, Any]:
    """Left to itself, Plotly labels each of 1 to 9 on a logarithmic axis of little more than a decade."""
    greatest = max((float(np.nanmax(series.v)) for series in chart.series if np.isfinite(series.v).any()), default=1.0)
    return {"dtick": "D2"} if look.logarithmic and 3 < greatest / _least(chart) < 100 else {}


def _note_of_zeros(chart: ChartData, look: Look) -> list[dict[str, Any]]:
    """Zero has no place on a logarithmic axis: how many there are is said."""
    count = sum(int((series.v <= 0).sum()) for series in chart.series if series.name not in look.hidden)
    if not count:
        return []
    tokens = TOKENS[look.theme]
    text = {"text": f"{count:,} × zero, ticked below", "font": {"size": 11, "color": tokens["faint"]}}
    spot = {"x": 0, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top"}
    return [{"showarrow": False, "bgcolor": tokens["surface"], **text, **spot}]


# Shapes


@dataclass(frozen=True, slots=True)
class Style:
    """How one series is drawn: its colour, and whether its name is worth saying."""

    colour: str
    look: Look
    named: bool
    name: str


def _line(chart: ChartData, series: Series, style: Style) -> list[Trace]:
    """A line; the unfinished end dashed; the range from lowest to highest as a band; lone points as dots."""
    finished = _finished(chart, series)
    whole = _scatter(chart, series, slice(0, finished), style)
    end = _scatter(chart, series, slice(max(finished - 1, 0), None), style, dash="2px,3px")
    drawn = [*_band(chart, series, style), whole]
    if finished < len(series.t):
        drawn.append({**end, "showlegend": False})
    if style.look.logarithmic:
        drawn += _zeros(chart, series, style)
    return drawn + _lone_points(chart, series, style)


def _area(chart: ChartData, series: Series, style: Style) -> list[Trace]:
    """A line over a tinted area; the unfinished end is not filled, and neither are several series over one another."""
    drawn = _line(chart, series, style)
    if style.named:
        return drawn
    fill = with_opacity(style.colour, AREA_OPACITY[style.look.theme])
    position = next(place for place, trace in enumerate(drawn) if trace["meta"] == "value")
    drawn[position] |= {"fill": "tozeroy", "fillcolor": fill}
    return drawn


def _bar(chart: ChartData, series: Series, style: Style) -> list[Trace]:
    """Bars over their buckets, stacked; those of unfinished buckets pale and hatched."""
    finished = _finished(chart, series)
    # Gaps of less than a pixel are drawn at some bars and not at others, which looks like a step in the data.
    gap = 0.14 if len(series.t) <= _BARS_WITH_GAPS else 0.0
    drawn = []
    for part, unfinished in ((slice(0, finished), False), (slice(finished, None), True)):
        if unfinished and finished == len(series.t):
            break
        marker: dict[str, Any] = {"color": style.colour, "line": {"width": 0}}
        if unfinished:
            pale = with_opacity(style.colour, PALE_OPACITY)
            marker |= {"color": pale, "pattern": {"shape": "/", "size": 4, "solidity": 0.4, "fgcolor": style.colour}}
        drawn.append(
            {
                "type": "bar",
                "uid": f"{series.name}-{'unfinished' if unfinished else 'bars'}",
                "meta": "value",
                "name": style.name,
                "legendgroup": series.name,
                "showlegend": not unfinished and style.named,
                "marker": marker,
                "width": _widths(series) * (1 - gap),
                "offset": _widths(series) * gap / 2,
                **_points(chart, series.t[part], series.v[part]),
            }
        )
    return drawn


SHAPES: Mapping[str, Callable[[ChartData, Series, Style], list[Trace]]] = {"line": _line, "area": _area, "bar": _bar}


# Parts


def _scatter(chart: ChartData, series: Series, part: slice, style: Style, dash: str = "solid") -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"{series.name}-{'line' if dash == 'solid' else 'unfinished'}",
        "meta": "value",
        "name": style.name,
        "legendgroup": series.name,
        "showlegend": style.named,
        "line": {"color": style.colour, "width": _line_width(series), "dash": dash},
        **_points(chart, series.t[part], _drawable(series.v[part], style.look)),
    }


def _drawable(values: Values, look: Look) -> Values:
    """The values that the axis has a place for. Left to itself, Plotly draws a line to zero straight down."""
    return np.where(values > 0, values, np.nan) if look.logarithmic else values


def _points(chart: ChartData, starts: Milliseconds, values: Values) -> Trace:
    return {**placed(starts, chart.window), "y": packed(values)}


def _band(chart: ChartData, series: Series, style: Style) -> list[Trace]:
    """From lowest to highest: two unseen lines with the room between them tinted."""
    if series.low is None or series.high is None:
        return []
    common: Trace = {
        "type": "scatter",
        "mode": "lines",
        "legendgroup": series.name,
        "showlegend": False,
        "line": {"width": 0, "color": style.colour},
    }
    low = _points(chart, series.t, _drawable(series.low, style.look)) | {"meta": "low"}
    high = _points(chart, series.t, _drawable(series.high, style.look)) | {"meta": "high"}
    fill = {"fill": "tonexty", "fillcolor": with_opacity(style.colour, BAND_OPACITY[style.look.theme])}
    return [
        {**common, "uid": f"{series.name}-band-low", "name": "min", **low},
        {**common, "uid": f"{series.name}-band-high", "name": "max", **fill, **high},
    ]


def _zeros(chart: ChartData, series: Series, style: Style) -> list[Trace]:
    """Ticks at the foot of a logarithmic axis where a value is zero; the line has a gap there."""
    zero = series.v <= 0
    if not zero.any():
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "uid": f"{series.name}-zero",
            "meta": "zero",
            "name": style.name,
            "legendgroup": series.name,
            "showlegend": False,
            "marker": {"symbol": "line-ns-open", "size": 5, "color": style.colour, "opacity": 0.6},
            **UNPADDED,
            **_points(chart, series.t, np.where(zero, _least(chart), np.nan)),
        }
    ]


def _lone_points(chart: ChartData, series: Series, style: Style) -> list[Trace]:
    """Values with a gap on both sides: a line can't show them."""
    present = np.isfinite(_drawable(series.v, style.look))
    padded = np.concatenate(([False], present, [False]))
    lone = present & ~padded[:-2] & ~padded[2:]
    if not lone.any():
        return []
    x = [on_axis(from_milliseconds(start), chart.window) for start in series.t[lone]]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "uid": f"{series.name}-lone",
            "meta": "value",
            "name": style.name,
            "legendgroup": series.name,
            "showlegend": False,
            "marker": {"color": style.colour, "size": 4},
            **UNPADDED,
            "x": x,
            "y": packed(series.v[lone]),
        }
    ]


def _anchor(chart: ChartData, look: Look) -> Trace:
    """An unseen line over the whole window: it holds the axes to the window, from zero, with whatever data."""
    window = chart.window
    start = min([window.start] + [from_milliseconds(series.t[0]) for series in chart.series if len(series.t)])
    end = window.end
    base = _least(chart) if look.logarithmic else 0
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": "anchor",
        "meta": "anchor",
        "showlegend": False,
        "line": {"width": 0},
        "x": [on_axis(start, window), on_axis(end, window)],
        "y": [base, base],
    }


def _least(chart: ChartData) -> float:
    """The least value above zero; one where there is none."""
    values = [part[part > 0] for series in chart.series for part in (series.v, series.low) if part is not None]
    return float(min((part.min() for part in values if part.size), default=1.0))


def _period_before(chart: ChartData, look: Look, colours: Mapping[str, str]) -> list[Trace]:
    """The comparison, on the present window's time: pale and dotted. Of stacked bars it is their total, at their
    middle; of several lines each has the colour of its own."""
    ghost = TOKENS[look.theme]["ghost"]
    if len(chart.previous) > 1 and _drawn_as(chart, look) == "bar":
        shown = [series for series in chart.previous if series.name not in look.hidden] or chart.previous
        total = np.sum([np.nan_to_num(series.v) for series in shown], axis=0)
        known = np.any([np.isfinite(series.v) for series in shown], axis=0)
        return [_before(chart, Series("", shown[0].t, np.where(known, total, np.nan)), ghost, "all", look)]
    drawn = []
    for series in chart.previous:
        own = len(chart.previous) > 1 and series.name in colours
        colour = with_opacity(colours[series.name], BEFORE_OPACITY) if own else ghost
        trace = _before(chart, series, colour, _spoken(chart, series), look)
        drawn.append(_switched(trace, series, look))
    return drawn


def _before(chart: ChartData, series: Series, colour: str, name: str, look: Look) -> Trace:
    middle = int(_widths(series) / 2) if _drawn_as(chart, look) == "bar" else 0
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"before-{series.name}",
        "meta": "before",
        "name": name,
        "legendgroup": series.name,
        "showlegend": False,
        "line": {"color": colour, "width": 1.3, "dash": "2px,3px"},
        **_points(chart, series.t + middle, _drawable(series.v, look)),
    }


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


def _finished(chart: ChartData, series: Series) -> int:
    """How many of a series' buckets are finished."""
    if chart.unfinished_from is None:
        return len(series.t)
    return int(np.searchsorted(series.t, chart.unfinished_from))


def _spoken(chart: ChartData, series: Series) -> str:
    """A series' name for people: a bare ``true`` says nothing without what it is about."""
    if series.name in ("true", "false", "null") and chart.chart.split_by:
        return f"{chart.chart.split_by}: {series.name}"
    return series.name


def _switched(trace: Trace, series: Series, look: Look) -> Trace:
    return {**trace, "visible": "legendonly" if series.name in look.hidden else True}


def _line_width(series: Series) -> float:
    return next((width for points, width in LINE_WIDTHS if len(series.t) <= points), 1.0)


def _widths(series: Series) -> float:
    """The length of a bucket in ms: the shortest there is, so that bars never overlap."""
    return float(np.diff(series.t).min()) if len(series.t) > 1 else 60_000.0


def _wide_enough(interval: Interval, chart: ChartData) -> tuple[str, str]:
    """The interval on the axis, widened so that even a short one can be seen."""
    window = chart.window
    end = max(interval.end, interval.start + window.span.length * _NARROWEST_MARK)
    return on_axis(interval.start, window), on_axis(min(end, window.end), window)
