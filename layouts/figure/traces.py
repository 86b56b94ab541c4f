"""A chart's data as traces: what is drawn, series by series. A new shape is one function and one row of ``SHAPES``."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from layouts.figure.arrays import Values, packed
from layouts.figure.axes import on_axis, placed
from layouts.figure.fills import closed, filled
from layouts.figure.heat import cells
from layouts.figure.labels import TOTAL, plain, series_key
from layouts.figure.logarithms import log_axis
from layouts.figure.room import has_room_for_dots
from layouts.theme import (
    AREA_OPACITY,
    BAND_OPACITY,
    BEFORE_OPACITY,
    PALE_OPACITY,
    STACK_OPACITY,
    TOKENS,
    accent,
    split_colours,
    with_opacity,
)
from layouts.units import display_unit, in_unit
from metrics_dash.catalog_rules import ADDS_UP
from metrics_dash.charts.data import ChartData, Series
from metrics_dash.charts.timerange.grid import Milliseconds, from_milliseconds
from metrics_dash.charts.timerange.windows import FILLING, bucket_edges
from metrics_dash.web.address import Theme

Trace = dict[str, Any]
# Many points are drawn finer, so that a noisy series stays a line and doesn't become a wall: (points, width in px).
LINE_WIDTHS = ((400, 1.8), (900, 1.4), (10_000, 1.1))
# Plotly widens the time axis for markers, but not where they have a fill; this one can't be seen.
UNPADDED = {"fill": "tozeroy", "fillcolor": "rgba(0,0,0,0)"}
_BARS_WITH_GAPS = 72
OVER_CELLS = 1.4
# Of a comparison that has no room for dots.
PALER = 0.5


@dataclass(frozen=True, slots=True)
class FigureStyle:
    """How a figure is drawn. ``hidden``: series that are switched off; ``width``: of the narrowest graph (px), 0 where
    nobody has measured it; ``values``: of all splits of the tab, which share their colours."""

    theme: Theme = "light"
    logarithmic: bool = False
    hidden: Collection[str] = ()
    width: int = 0
    values: Collection[str] = ()


def traces(chart: ChartData, style: FigureStyle) -> list[Trace]:
    """Return everything that a tick brings anew: an anchor that spans the window, the period before, and every series;
    counted in the unit in which the chart is shown."""
    foot = log_axis(chart, style.hidden).foot if style.logarithmic else 0.0
    chart = in_unit(chart, display_unit(chart))
    shape = SHAPES[drawn_as(chart, style)]
    colours = series_colours(chart, style)
    drawn = [_anchor(chart, foot), *cells(chart, style.theme, logarithmic=style.logarithmic)]
    drawn += _period_before(chart, style, colours)
    for series in chart.series:
        line_style = LineStyle(colours[series.name], style, len(chart.series) > 1, _label(chart, series), foot)
        drawn += [_switched(trace, series, style) for trace in shape(chart, series, line_style)]
    return drawn


def stacks(chart: ChartData, style: FigureStyle) -> bool:
    """Return whether a chart's series stand on one another: bars, and the areas of a split."""
    return drawn_as(chart, style) == "bar" or (drawn_as(chart, style) == "area" and len(chart.series) > 1)


def split_values(charts: Iterable[ChartData]) -> list[str]:
    """Return the values that charts are split by. In a table none has a colour."""
    split = (chart for chart in charts if chart.chart.split_by is not None and not chart.chart.is_ranking)
    return [name for chart in split for name in (*(series.name for series in chart.series), *chart.beside)]


def drawn_as(chart: ChartData, style: FigureStyle) -> str:
    """Return the shape of a chart. Lengths of bars and areas mean nothing on a logarithmic axis, and neither does their
    stack, there or of values that do not add up, such as averages: lines. A tile is a line wherever it is drawn after
    all, so is a table, and a heatmap is one for each value that it is split by."""
    lengths = style.logarithmic and chart.chart.draw in ("bar", "area")
    apart = chart.chart.split_by is not None and chart.chart.show not in ADDS_UP
    return "line" if lengths or apart or not chart.chart.has_figure else chart.chart.draw


def series_colours(chart: ChartData, style: FigureStyle) -> Mapping[str, str]:
    """Return each series' colour by its name: one for all that stand alone, and those of a split's values."""
    if drawn_as(chart, style) == "heatmap":
        # Its cells have the accent, and the line stands out from them.
        return {series.name: TOKENS[style.theme]["text"] for series in (*chart.series, *chart.previous)}
    if chart.chart.split_by is None:
        return {series.name: accent(style.theme) for series in (*chart.series, *chart.previous)}
    rest = frozenset(series.name for series in chart.series if series.rest)
    return split_colours(style.theme, [series.name for series in chart.series], style.values, rest)


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How one series is drawn: its colour, whether its name is worth saying, and the value at the axis' foot."""

    colour: str
    style: FigureStyle
    named: bool
    name: str
    foot: float


def _line(chart: ChartData, series: Series, line_style: LineStyle) -> list[Trace]:
    """Return a line; the unfinished end dashed; the range from lowest to highest as a band; lone points as dots."""
    finished = _finished(chart, series)
    whole = _scatter(chart, series, slice(0, finished), line_style)
    end = _scatter(chart, series, slice(max(finished - 1, 0), None), line_style, dash="2px,3px")
    drawn = [*_band(chart, series, line_style), whole]
    if finished < len(series.t):
        drawn.append({**end, "showlegend": False})
    if line_style.style.logarithmic:
        drawn += _zeros(chart, series, line_style)
    return drawn + _lone_points(chart, series, line_style)


def _area(chart: ChartData, series: Series, line_style: LineStyle) -> list[Trace]:
    """Return a line over a tinted area; the unfinished end is not filled. Several stand on one another."""
    if line_style.named:
        return _stacked(chart, series, line_style)
    drawn = _line(chart, series, line_style)
    fill = with_opacity(line_style.colour, AREA_OPACITY[line_style.style.theme])
    position = next(place for place, trace in enumerate(drawn) if trace["meta"] == "value")
    whole = slice(0, _finished(chart, series))
    values = series.v[whole]
    shape = closed(chart.window, series.t[whole], np.where(np.isfinite(values), 0.0, np.nan), values)
    if shape is not None:
        return [filled(series, "area", fill, shape), *drawn]
    drawn[position] |= {"fill": "tozeroy", "fillcolor": fill}
    return drawn


def _stacked(chart: ChartData, series: Series, line_style: LineStyle) -> list[Trace]:
    """Return one area of a stack, which Plotly adds up, without those that are switched off; a gap is nothing to add.
    Unfinished ends stand on one another as well."""
    finished = _finished(chart, series)
    fill = with_opacity(line_style.colour, STACK_OPACITY)
    drawn = [_scatter(chart, series, slice(0, finished), line_style) | {"stackgroup": "finished", "fillcolor": fill}]
    if finished < len(series.t):
        end = _scatter(chart, series, slice(max(finished - 1, 0), None), line_style, dash="2px,3px")
        drawn.append(end | {"showlegend": False, "stackgroup": "unfinished", "fill": "none"})
    return drawn


def _bar(chart: ChartData, series: Series, line_style: LineStyle) -> list[Trace]:
    """Bars over their buckets, stacked; those of unfinished buckets pale and hatched."""
    finished, gap = _finished(chart, series), bar_gap(series)
    lengths = np.diff(bucket_edges(chart.window))
    drawn = []
    for part, unfinished in ((slice(0, finished), False), (slice(finished, None), True)):
        if unfinished and finished == len(series.t):
            break
        marker: dict[str, Any] = {"color": line_style.colour, "line": {"width": 0}}
        if unfinished:
            pale = with_opacity(line_style.colour, PALE_OPACITY)
            marker |= {
                "color": pale,
                "pattern": {"shape": "/", "size": 4, "solidity": 0.4, "fgcolor": line_style.colour},
            }
        drawn.append(
            {
                "type": "bar",
                "uid": f"{series_key(series.name)}-{'unfinished' if unfinished else 'bars'}",
                "meta": "value",
                "name": line_style.name,
                "legendgroup": series_key(series.name),
                "showlegend": not unfinished and line_style.named,
                "marker": marker,
                **_room(lengths, part, gap),
                **_points(chart, series.t[part], series.v[part]),
            }
        )
    return drawn


def bar_gap(series: Series) -> float:
    """Return which part of its bucket a bar leaves free. Gaps of less than a pixel are drawn at some bars and not at
    others, which looks like a step in the data."""
    return 0.14 if len(series.t) <= _BARS_WITH_GAPS else 0.0


def _over_cells(chart: ChartData, series: Series, line_style: LineStyle) -> list[Trace]:
    """Return a line over the cells of a heatmap, from side to side of each bucket."""
    starts = bucket_edges(chart.window)
    reached = Series(series.name, starts, np.append(series.v, series.v[-1:]))
    drawn = _line(chart, reached if len(series.t) + 1 == len(starts) else series, line_style)
    for trace in drawn:
        if trace["mode"] == "lines":
            trace["line"] |= {"shape": "hv", "width": OVER_CELLS}
    return drawn


SHAPES: Mapping[str, Callable[[ChartData, Series, LineStyle], list[Trace]]] = {
    "line": _line,
    "area": _area,
    "bar": _bar,
    "heatmap": _over_cells,
}


def _scatter(chart: ChartData, series: Series, part: slice, line_style: LineStyle, dash: str = "solid") -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"{series_key(series.name)}-{'line' if dash == 'solid' else 'unfinished'}",
        "meta": "value",
        "name": line_style.name,
        "legendgroup": series_key(series.name),
        "showlegend": line_style.named,
        "line": {"color": line_style.colour, "width": line_width(series), "dash": dash},
        **_points(chart, series.t[part], _drawable(series.v[part], line_style.style)),
    }


def _drawable(values: Values, style: FigureStyle) -> Values:
    """Return the values that the axis has a place for. Left to itself, Plotly draws a line to zero straight down."""
    return np.where(values > 0, values, np.nan) if style.logarithmic else values


def _points(chart: ChartData, starts: Milliseconds, values: Values) -> Trace:
    return {**placed(starts, chart.window), "y": packed(values)}


def _band(chart: ChartData, series: Series, line_style: LineStyle) -> list[Trace]:
    """Return a band from lowest to highest: two unseen lines with the room between them tinted."""
    if series.low is None or series.high is None:
        return []
    common: Trace = {
        "type": "scatter",
        "mode": "lines",
        "legendgroup": series_key(series.name),
        "showlegend": False,
        "line": {"width": 0, "color": line_style.colour},
    }
    edges = [_drawable(values, line_style.style) for values in (series.low, series.high)]
    low, high = ({**common, **_points(chart, series.t, values)} for values in edges)
    key = series_key(series.name)
    low |= {"uid": f"{key}-band-low", "meta": "low", "name": "min"}
    high |= {"uid": f"{key}-band-high", "meta": "high", "name": "max"}
    colour = with_opacity(line_style.colour, BAND_OPACITY[line_style.style.theme])
    shape = closed(chart.window, series.t, *edges)
    if shape is not None:
        return [low, high, filled(series, "band", colour, shape)]
    return [low, {**high, "fill": "tonexty", "fillcolor": colour}]


def _zeros(chart: ChartData, series: Series, line_style: LineStyle) -> list[Trace]:
    """Return ticks at the foot of a logarithmic axis where a value is not positive; the line has a gap there. What they
    stand for travels along where it isn't zero."""
    hidden = series.v <= 0
    if not hidden.any():
        return []
    real = {"customdata": packed(np.where(hidden, series.v, np.nan))} if (series.v < 0).any() else {}
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "uid": f"{series_key(series.name)}-zero",
            "meta": "zero",
            "name": line_style.name,
            "legendgroup": series_key(series.name),
            "showlegend": False,
            "marker": {"symbol": "line-ns-open", "size": 5, "color": line_style.colour, "opacity": 0.6},
            **UNPADDED,
            **_points(chart, series.t, np.where(hidden, line_style.foot, np.nan)),
            **real,
        }
    ]


def _lone_points(chart: ChartData, series: Series, line_style: LineStyle) -> list[Trace]:
    """Values with a gap on both sides: a line can't show them."""
    present = np.isfinite(_drawable(series.v, line_style.style))
    padded = np.concatenate(([False], present, [False]))
    lone = present & ~padded[:-2] & ~padded[2:]
    if not lone.any():
        return []
    x = [on_axis(from_milliseconds(start), chart.window) for start in series.t[lone]]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "uid": f"{series_key(series.name)}-lone",
            "meta": "value",
            "name": line_style.name,
            "legendgroup": series_key(series.name),
            "showlegend": False,
            "marker": {"color": line_style.colour, "size": 4},
            **UNPADDED,
            "x": x,
            "y": packed(series.v[lone]),
        }
    ]


def _anchor(chart: ChartData, foot: float) -> Trace:
    """Return two points that are not drawn: they hold the axes to the whole window, from their foot, which is zero but
    on a logarithmic one, with whatever data."""
    window = chart.window
    start = min([window.start] + [from_milliseconds(series.t[0]) for series in chart.series if len(series.t)])
    end = window.end
    return {
        "type": "scatter",
        "mode": "none",
        "uid": "anchor",
        "meta": "anchor",
        "showlegend": False,
        "x": [on_axis(start, window), on_axis(end, window)],
        "y": [foot, foot],
    }


def period_before(chart: ChartData, style: FigureStyle) -> tuple[Series, ...]:
    """Return what is drawn of the comparison: of a stack the total of what is shown, else every series of it."""
    if len(chart.previous) < 2 or not stacks(chart, style):
        return chart.previous
    shown = [series for series in chart.previous if series.name not in style.hidden] or chart.previous
    total = np.sum([np.nan_to_num(series.v) for series in shown], axis=0)
    known = np.any([np.isfinite(series.v) for series in shown], axis=0)
    return (Series(TOTAL, shown[0].t, np.where(known, total, np.nan)),)


def _period_before(chart: ChartData, style: FigureStyle, colours: Mapping[str, str]) -> list[Trace]:
    """Return the comparison, on the present window's time: pale, and dotted where there is room. Of a stack it is
    the total, of bars at their middle; of several lines each has the colour of its own."""
    ghost = TOKENS[style.theme]["ghost"]
    if len(chart.previous) > 1 and stacks(chart, style):
        return [_before(chart, series, ghost, "all", style) for series in period_before(chart, style)]
    drawn = []
    for series in chart.previous:
        own = len(chart.previous) > 1 and series.name in colours
        colour = with_opacity(colours[series.name], BEFORE_OPACITY) if own else ghost
        trace = _before(chart, series, colour, _label(chart, series), style)
        drawn.append(_switched(trace, series, style))
    return drawn


def _before(chart: ChartData, series: Series, colour: str, name: str, style: FigureStyle) -> Trace:
    middle = np.diff(bucket_edges(chart.window)) // 2 if drawn_as(chart, style) in FILLING else 0
    dotted = has_room_for_dots(style.width, len(series.t))
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"before-{series_key(series.name)}",
        "meta": "before",
        "name": name,
        "legendgroup": series_key(series.name),
        "showlegend": False,
        "line": {"color": colour, "width": 1.3, "dash": "2px,3px" if dotted else "solid"},
        "opacity": 1 if dotted else PALER,
        **_points(chart, series.t + middle, _drawable(series.v, style)),
    }


def _finished(chart: ChartData, series: Series) -> int:
    """Return how many of a series' buckets are finished."""
    if chart.unfinished_from is None:
        return len(series.t)
    return int(np.searchsorted(series.t, chart.unfinished_from))


def _label(chart: ChartData, series: Series) -> str:
    """Return what Plotly shows as a series' name."""
    return plain(chart.label(series.name))


def _switched(trace: Trace, series: Series, style: FigureStyle) -> Trace:
    return {**trace, "visible": "legendonly" if series.name in style.hidden else True}


def line_width(series: Series) -> float:
    """Return how wide the line of a series is, px."""
    return next((width for points, width in LINE_WIDTHS if len(series.t) <= points), 1.0)


def _room(lengths: Milliseconds, part: slice, gap: float) -> Trace:
    """Return width and offset (ms) of a part of the bars: one number where all are alike, as months and days need not
    be."""
    if (lengths == lengths[0]).all():
        return {"width": float(lengths[0]) * (1 - gap), "offset": float(lengths[0]) * gap / 2}
    return {"width": (lengths[part] * (1 - gap)).tolist(), "offset": (lengths[part] * gap / 2).tolist()}
