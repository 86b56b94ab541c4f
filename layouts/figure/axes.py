"""Axes: where moments lie on the x axis, and how quiet both axes are.

plotly.js draws date strings as they stand, so the axis shows wall-clock time. One offset from UTC holds for the whole
axis, that of the window's start: so the axis is even and never runs backwards, also on the day when an hour comes
twice. Where the clocks change within the window, ticks are spelled out in the zone's own time, as
assets/chart/reading.js does wherever it names a moment.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layouts.figure.room import STANDOFF
from layouts.theme import FONT, TOKENS
from metrics_dash.charts.timerange.compared import comparison_shift
from metrics_dash.charts.timerange.grid import from_milliseconds, to_milliseconds
from metrics_dash.charts.timerange.parse import Comparison
from metrics_dash.charts.timerange.windows import Window, bucket_edges
from metrics_dash.web.address import Theme

Milliseconds = NDArray[np.int64]
# Plotly picks the distance of ticks (ms) and with it the first format whose range holds it. What follows a line break
# is written only where it changes.
TICK_FORMATS = [
    {"dtickrange": [None, 1000], "value": "%H:%M:%S.%L\n%a %-d %b"},
    {"dtickrange": [1000, 60_000], "value": "%H:%M:%S\n%a %-d %b"},
    {"dtickrange": [60_000, 86_399_999], "value": "%H:%M\n%a %-d %b"},
    {"dtickrange": [86_400_000, 604_800_000], "value": "%a %-d\n%b %Y"},
    {"dtickrange": [604_800_000, "M1"], "value": "%-d %b\n%Y"},
    {"dtickrange": ["M1", "M12"], "value": "%b\n%Y"},
    {"dtickrange": ["M12", None], "value": "%Y"},
]


def axis_offset(window: Window) -> timedelta:
    """Return what is added to UTC for the whole axis: the zone's offset at the window's start."""
    return window.start.astimezone(window.zone).utcoffset() or timedelta(0)


@lru_cache(maxsize=64)
def clocks_change(window: Window) -> bool:
    """Return whether the zone's offset differs somewhere in the window (looked at every hour, and at its end)."""
    offset = axis_offset(window)
    hours = int(window.span.length / timedelta(hours=1))
    steps = range(0, hours + 1, max(1, hours // 400))
    moments = [window.start + timedelta(hours=step) for step in steps] + [window.end]
    return any(moment.astimezone(window.zone).utcoffset() != offset for moment in moments)


def on_axis(moment: datetime, window: Window) -> str:
    """Return a moment as the date string that the x axis draws."""
    shifted = moment.astimezone(UTC) + axis_offset(window)
    return shifted.replace(tzinfo=None).isoformat(
        sep=" ", timespec="milliseconds" if shifted.microsecond else "seconds"
    )


def placed(starts: Milliseconds, window: Window) -> dict[str, Any]:
    """Return the x of a trace for bucket starts (epoch ms): ``x0`` and ``dx`` where they are even, else every date
    string."""
    steps = np.diff(starts)
    if steps.size and not bool((steps == steps[0]).all()):
        return {"x": [on_axis(from_milliseconds(start), window) for start in starts]}
    if not starts.size:
        return {"x": []}
    return {"x0": on_axis(from_milliseconds(starts[0]), window), "dx": int(steps[0]) if steps.size else 0}


def x_axis(theme: Theme) -> dict[str, Any]:
    """Return a quiet time axis. Its range follows from the traces, so that a refresh never undoes a zoom."""
    tokens = TOKENS[theme]
    return {
        "type": "date",
        "showgrid": False,
        "zeroline": False,
        "showline": True,
        "linecolor": tokens["line"],
        "ticks": "",
        "fixedrange": True,
        "tickformatstops": TICK_FORMATS,
        "tickangle": 0,
        "automargin": False,
    }


def y_axis(theme: Theme, *, logarithmic: bool = False) -> dict[str, Any]:
    """Return an axis from zero up, with few hairlines; a logarithmic one from the least value up. The unit stands at
    the topmost tick."""
    tokens = TOKENS[theme]
    scale = (
        {"type": "log", "rangemode": "normal", "exponentformat": "SI", "minexponent": 3}
        if logarithmic
        else {"type": "linear", "rangemode": "tozero", "tickformat": ",~g"}
    )
    return {
        **scale,
        "gridcolor": tokens["line-soft"],
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "nticks": 5,
        "showticksuffix": "last",
        "fixedrange": True,
        "ticklabelstandoff": STANDOFF,
        # The margins mostly have room for them. Plotly would measure every label several times.
        "ticklabeloverflow": "allow",
        "automargin": False,
    }


def font(theme: Theme, size: int = 11) -> dict[str, Any]:
    """Return the figures' font: the page's own."""
    return {"family": FONT, "size": size, "color": TOKENS[theme]["faint"]}


def window_meta(window: Window) -> dict[str, Any]:
    """Return, for the browser, what it needs to turn a point of the axis back into a moment: offset (ms), start and end
    (epoch ms); and the buckets' starts and the end of the last (epoch ms), as ``first``, ``step`` and ``count`` where
    they are even."""
    edges = bucket_edges(window)
    steps = np.diff(edges)
    even = bool((steps == steps[0]).all())
    grid = {"first": int(edges[0]), "step": int(steps[0]), "count": len(steps)} if even else {"edges": edges.tolist()}
    return {
        "offset": axis_offset(window) // timedelta(milliseconds=1),
        "start": to_milliseconds(window.start),
        "end": to_milliseconds(window.end),
        "zone": "UTC" if window.days_are_utc else window.zone.key,
        "grid": grid,
        "step": window.step.key,
    }


def compared_meta(window: Window, comparison: Comparison | None) -> dict[str, Any] | None:
    """Return what the browser needs to name what a bucket is compared with: how far back it lies (``unit`` ``ms``, or
    ``d`` and ``M`` of the calendar); None without a comparison."""
    if comparison is None:
        return None
    back = comparison_shift(window, comparison)
    return {"number": back.number, "unit": back.unit}
