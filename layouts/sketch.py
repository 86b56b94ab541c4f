"""A chart's picture before any script has run: its series as paths of an SVG, where Plotly will draw them.

Beside it stand its axes (``sketch_axes``) and the names of its series. A path has whole numbers only, and each point is
told by its distance from the one before, so that three hundred of them are one or two kilobytes. Colours are the
page's variables, as the server does not know the theme.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from layouts.figure import bounds
from layouts.figure.fills import runs
from layouts.figure.heat import shaded
from layouts.figure.logarithms import FOOT_AT, unseen_text
from layouts.figure.room import MARGIN_LEFT, MARGIN_RIGHT, has_room_for_dots
from layouts.figure.ticks import Ticks, ticks
from layouts.figure.traces import (
    OVER_CELLS,
    PALER,
    FigureStyle,
    bar_gap,
    drawn_as,
    line_width,
    period_before,
    series_colours,
    stacks,
)
from layouts.sketch_axes import HEIGHT, WIDTH, Scale, axes, left_room, note
from layouts.sketch_reach import reach
from layouts.static import Html, as_text
from layouts.theme import BEFORE_OPACITY, HEAT_OPACITIES, SERIES, TOKENS
from layouts.units import display_unit, in_unit
from metrics_dash.charts.data import ChartData, Series, Values
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.windows import FILLING, bucket_edges

_TOP_OF_SEVERAL, _TOP, _BOTTOM = 24, 8, 36
# Of a dot, px.
_DOT = 4
# What is hatched in the figure.
_UNFINISHED = 0.45
# Of a value that has no place, in units of the picture.
_TICK, _UNSEEN = 12, 0.6
_VARIABLES = {
    **{colour: f"var(--s{number})" for number, colour in enumerate(SERIES["light"], 1)},
    TOKENS["light"]["ghost"]: "var(--ghost)",
    TOKENS["light"]["text"]: "var(--text)",
}


def sketch(chart: ChartData, style: FigureStyle) -> Html:
    """Return a chart's series as an SVG over its plot, margins left free as ``figures`` has them; nothing for a chart
    that has none."""
    if not chart.chart.has_figure or not chart.series:
        return Html()
    told, declared = ticks(chart, style), chart
    # Counted in the unit in which it is drawn, of which bounds and ticks know nothing: they take the chart as declared.
    chart = in_unit(chart, display_unit(chart))
    scale = _scale(chart, style, told["yaxis"])
    drawn = _bars(chart, style, scale) if drawn_as(chart, style) == "bar" else _lines(chart, style, scale)
    paths = "".join([*_held_against(declared, style, scale), *_cells(chart, style, scale), *drawn])
    top = _TOP_OF_SEVERAL if len(chart.series) > 1 else _TOP
    left = left_room(told["yaxis"], scale)
    marks = axes(told, chart.window, scale, style.width and style.width - (left - MARGIN_LEFT))
    marks = Html(marks + "".join(note(said, scale) for said in bounds.notes(declared, style)))
    if style.logarithmic and (unseen := unseen_text(chart, style.hidden)):
        marks = Html(f"{marks}<small>{as_text(unseen)}</small>")
    return Html(
        f'<div class="sketch" aria-hidden="true" '
        f'style="--left:{left};--right:{MARGIN_RIGHT};--top:{top};--bottom:{_BOTTOM}">{marks}'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">{paths}</svg></div>{_legend(chart, style)}'
    )


def _legend(chart: ChartData, style: FigureStyle) -> str:
    """Return the names of several series beside their colours, as assets/chart/legend.js writes them."""
    if len(chart.series) < 2:
        return ""
    colours = _coloured(chart, style)
    entries = [
        f'<span class="named"{" data-off" if series.name in style.hidden else ""}>'
        f'<i style="background:{colours[series.name]}"></i><span>{as_text(chart.label(series.name))}</span></span>'
        for series in chart.series
    ]
    return f'<div class="legend">{"".join(entries)}</div>'


def _scale(chart: ChartData, style: FigureStyle, told: Ticks) -> Scale:
    """Return the scale of a chart in its display unit. ``told``: what the figure says of its values' axis."""
    window, logarithmic = chart.window, style.logarithmic
    start = min([to_milliseconds(window.start)] + [int(series.t[0]) for series in chart.series if len(series.t)])
    low, high = told.get("range") or reach(chart, style)
    return Scale(start, to_milliseconds(window.end), low, high if high > low else low + 1, logarithmic)


def _shown(chart: ChartData, style: FigureStyle) -> list[Series]:
    return [series for series in chart.series if series.name not in style.hidden]


def _coloured(chart: ChartData, style: FigureStyle) -> Mapping[str, str]:
    colours = series_colours(chart, style)
    return {name: _VARIABLES.get(colour, "var(--accent)") for name, colour in colours.items()}


def _held_against(declared: ChartData, style: FigureStyle, scale: Scale) -> Iterator[str]:
    """Yield the band that warns and the target's line, as the figure has them."""
    for shape in bounds.shapes(declared, style):
        foot, head = (f"{height:.0f}" for height in scale.up(np.array([shape["y0"], shape["y1"]])))
        if shape["type"] == "rect":
            yield _filled(f"M0 {foot}V{head}H{WIDTH}V{foot}", "var(--warn-soft)", 1)
        else:
            yield _stroked(f"M0 {foot}H{WIDTH}", "var(--ok)", shape["line"]["width"], dashes="6 4")


# What is compared with


def _before(chart: ChartData, style: FigureStyle, scale: Scale) -> Iterator[str]:
    colours = _coloured(chart, style)
    middle = np.diff(bucket_edges(chart.window)) // 2 if drawn_as(chart, style) in FILLING else 0
    for series in period_before(chart, style):
        if series.name in style.hidden:
            continue
        dotted = has_room_for_dots(style.width, len(series.t))
        own = len(chart.previous) > 1 and not stacks(chart, style) and series.name in colours
        colour, opacity = (colours[series.name], BEFORE_OPACITY) if own else ("var(--ghost)", 1.0)
        line = path(scale.across(series.t + middle), scale.up(series.v))
        yield _stroked(line, colour, 1.3, dashes="2 3" if dotted else "", opacity=opacity * (1 if dotted else PALER))


# Bars


def _bars(chart: ChartData, style: FigureStyle, scale: Scale) -> Iterator[str]:
    """Yield a path for each series' bars, standing on those before."""
    edges = scale.across(bucket_edges(chart.window))
    below = np.zeros(len(edges) - 1)
    colours = _coloured(chart, style)
    for series in _shown(chart, style):
        values = np.nan_to_num(series.v)
        if len(values) != len(below):
            continue
        feet, heads, colour = scale.up(below), scale.up(below + values), colours[series.name]
        finished = _finished(chart, series)
        gap = bar_gap(series)
        yield _filled(_columns(edges[: finished + 1], feet[:finished], heads[:finished], gap), colour, 1)
        yield _filled(_columns(edges[finished:], feet[finished:], heads[finished:], gap), colour, _UNFINISHED)
        below = below + values
    yield from _before(chart, style, scale)


def _columns(edges: NDArray[np.int64], feet: Values, heads: Values, gap: float) -> str:
    drawn = []
    for left, right, foot, head in zip(edges[:-1].tolist(), edges[1:].tolist(), feet, heads, strict=True):
        if head != foot:
            inset = round((right - left) * gap / 2)
            drawn.append(f"M{left + inset} {foot:.0f}V{head:.0f}H{right - inset}V{foot:.0f}")
    return "".join(drawn)


# Cells


def _cells(chart: ChartData, style: FigureStyle, scale: Scale) -> Iterator[str]:
    """Yield a path for each shade of a heatmap's cells."""
    edges = scale.across(bucket_edges(chart.window))
    for each in shaded(chart, logarithmic=style.logarithmic):
        sides = edges[each.first].tolist(), edges[each.after].tolist(), scale.up(each.low), scale.up(each.high)
        path = "".join(
            f"M{left} {foot:.0f}V{head:.0f}H{right}V{foot:.0f}" for left, right, foot, head in zip(*sides, strict=True)
        )
        yield _filled(path, "var(--accent)", HEAT_OPACITIES["light"][each.shade])


# Lines


def _lines(chart: ChartData, style: FigureStyle, scale: Scale) -> Iterator[str]:
    """Yield what is compared with, then each series: its band or area, and its line, whose unfinished end is dotted."""
    yield from _before(chart, style, scale)
    colours, stacked = _coloured(chart, style), stacks(chart, style)
    below = None
    for series in _shown(chart, style):
        values = series.v if below is None else np.nan_to_num(series.v) + below
        x, y = scale.across(series.t), scale.up(values)
        feet = scale.up(np.zeros(len(values)) if below is None else below)
        colour = colours[series.name]
        yield from _area(chart, style, scale, series, x, y, feet, colour)
        yield from _line(chart, scale, series, x, y, colour)
        if not stacked:
            yield _stroked(dots(x, y), colour, _DOT)
        if style.logarithmic:
            yield _stroked(_unseen(x[series.v <= 0]), colour, 1, opacity=_UNSEEN)
        below = np.nan_to_num(values) if stacked else None


def _area(
    chart: ChartData,
    style: FigureStyle,
    scale: Scale,
    series: Series,
    x: NDArray[np.int64],
    y: Values,
    feet: Values,
    colour: str,
) -> Iterator[str]:
    if drawn_as(chart, style) == "area":
        yield _filled(_between(x, feet, y), colour, 0.45 if stacks(chart, style) else 0.13)
    elif series.low is not None and series.high is not None:
        yield _filled(_between(x, scale.up(series.low), scale.up(series.high)), colour, 0.15)


def _line(
    chart: ChartData, scale: Scale, series: Series, x: NDArray[np.int64], y: Values, colour: str
) -> Iterator[str]:
    finished = _finished(chart, series)
    width = line_width(series)
    rest = max(finished - 1, 0)
    edges = scale.across(bucket_edges(chart.window))
    if chart.density is not None and len(y) + 1 == len(edges):
        (x, y), width = _steps(edges, y), OVER_CELLS
        finished, rest = 2 * finished, 2 * finished
    yield _stroked(path(x[:finished], y[:finished]), colour, width)
    if finished < len(x):
        yield _stroked(path(x[rest:], y[rest:]), colour, width, dashes="2 3")


def _steps(edges: NDArray[np.int64], y: Values) -> tuple[NDArray[np.int64], Values]:
    """Return a line from side to side of each bucket."""
    return np.repeat(edges, 2)[1:-1], np.repeat(y, 2)


def _finished(chart: ChartData, series: Series) -> int:
    """Return how many of a series' buckets are over."""
    if chart.unfinished_from is None:
        return len(series.t)
    return int(np.searchsorted(series.t, chart.unfinished_from))


def _unseen(x: NDArray[np.int64]) -> str:
    """Return ticks at the foot of a logarithmic axis for values that have no place on it."""
    top = round((1 - FOOT_AT) * HEIGHT - _TICK / 2)
    return "".join(f"M{at} {top}V{top + _TICK}" for at in x.tolist())


def path(x: NDArray[np.int64], y: Values) -> str:
    """Return a line through all points; it begins anew after a gap, and leaves out what stands alone (``dots``)."""
    return "".join(_run(x[part], y[part]) for part in runs(y) if part.stop - part.start > 1)


def dots(x: NDArray[np.int64], y: Values) -> str:
    """Return what stands alone, a gap on both sides, as dots of a line with round ends. None of them has no length at
    all: not everything that draws a path draws that."""
    return "".join(f"M{x[part.start]} {y[part.start]:.0f}h.01" for part in runs(y) if part.stop - part.start == 1)


def _run(x: NDArray[np.int64], y: Values) -> str:
    steps = zip(np.diff(x).tolist(), np.diff(y).astype(np.int64).tolist(), strict=True)
    return f"M{x[0]} {y[0]:.0f}l" + (" ".join(f"{across} {down}" for across, down in steps) or "0 0")


def _between(x: NDArray[np.int64], feet: Values, heads: Values) -> str:
    drawn = []
    for part in runs(feet + heads):
        there, back = _run(x[part], heads[part]), _run(x[part][::-1], feet[part][::-1])
        drawn.append(f"{there}L{back[1:]}z")
    return "".join(drawn)


def _filled(path: str, colour: str, opacity: float) -> str:
    return f'<path d="{path}" style="fill:{colour};opacity:{opacity:g}"/>' if path else ""


def _stroked(path: str, colour: str, width: float, *, dashes: str = "", opacity: float = 1) -> str:
    more = f";stroke-dasharray:{dashes}" if dashes else ""
    more += f";opacity:{opacity:g}" if opacity < 1 else ""
    return f'<path d="{path}" style="stroke:{colour};--width:{width:g}{more}"/>' if path else ""
