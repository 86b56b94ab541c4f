"""Ticks: what of the axes depends on the data and on now, and is therefore sent with every refresh.

Plotly spaces ticks by the room that there is, but knows no zone and no Monday. So it places those of ranges up to nine
days; others are spelled out: where the clocks change, hours and days of the zone; in long ranges days, Mondays and the
first of months, as many as the narrowest graph has room for.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from layouts.figure.axes import clocks_change, on_axis
from layouts.figure.bounds import axis, drawn_reach, value_range
from layouts.figure.logarithms import log_ticks
from layouts.figure.marks import even_marks, labelled, measured, spelled_out, suffix_of
from layouts.figure.room import labels_within
from layouts.figure.traces import FigureStyle, stacks
from layouts.units import DisplayUnit, display_unit, in_unit
from metrics_dash.charts.data import ChartData
from metrics_dash.charts.timerange.parse import midnight, round_down, shift
from metrics_dash.charts.timerange.windows import Window

Ticks = dict[str, Any]
_DAY = timedelta(days=1)
_LEFT_TO_PLOTLY = timedelta(days=9, hours=1)
_HOURS = ((6, 1), (12, 2), (30, 4), (60, 12))
# Days, Mondays and firsts of months, ever further apart.
_DISTANCES = (("d", (1, 2)), ("w", (1, 2)), ("M", (1, 2, 3, 6, 12, 24, 60)))
_CALENDAR = tuple((unit, every) for unit, distances in _DISTANCES for every in distances)
_A_MONDAY = date(1970, 1, 5)
_FEW = 4


def ticks(chart: ChartData, style: FigureStyle) -> dict[str, Ticks]:
    """Return both axes' ticks; None leaves something to Plotly."""
    return {"xaxis": time_ticks(chart.window, labels_within(style.width)), "yaxis": _value_ticks(chart, style)}


# Time


def time_ticks(window: Window, labels: int) -> Ticks:
    """Return the ticks of a window's time axis, at most ``labels`` where the range is long."""
    if window.span.length > _LEFT_TO_PLOTLY:
        return _spelled_out(window, _calendar_ticks(window, labels))
    if clocks_change(window):
        return _spelled_out(window, _clock_ticks(window))
    return {"tickmode": "auto", "tickvals": None, "ticktext": None}


def _spelled_out(window: Window, labelled: list[tuple[datetime, str, str]]) -> Ticks:
    """Return moments with their label and what stands below it where that changes."""
    values, texts, last = [], [], ""
    for moment, label, below in labelled:
        values.append(on_axis(moment, window))
        texts.append(f"{label}<br>{below}" if below != last else label)
        last = below
    return {"tickmode": "array", "tickvals": values, "ticktext": texts}


def _clock_ticks(window: Window) -> list[tuple[datetime, str, str]]:
    """Return round hours of the zone, or its days."""
    hours = window.span.length / timedelta(hours=1)
    step = next((step for longest, step in _HOURS if hours <= longest), 24)
    moment, found = round_down(window.start, "d", window.zone), []
    while moment < window.end:
        local = moment.astimezone(window.zone)
        if moment >= window.start and local.hour % step == 0:
            day = f"{local:%a} {local.day} {local:%b}"
            found.append((moment, f"{local:%H:%M}", day) if step < 24 else (moment, day, ""))
        moment = shift(moment, 1, "h" if step < 24 else "d", window.zone)
    return found


def _calendar_ticks(window: Window, labels: int) -> list[tuple[datetime, str, str]]:
    days = list(_days(window))
    for unit, every in _CALENDAR:
        chosen = [day for day in days if _is_ticked(day, unit, every)]
        if len(chosen) <= labels:
            break
    return [(midnight(day, window.calendar), *_label(day, unit)) for day in chosen]


def _days(window: Window) -> Iterator[date]:
    """Yield the days that begin in a window."""
    day = window.start.astimezone(window.calendar).date()
    last = window.end.astimezone(window.calendar).date()
    while day <= last:
        if window.start <= midnight(day, window.calendar) < window.end:
            yield day
        day += _DAY


def _is_ticked(day: date, unit: str, every: int) -> bool:
    """Return whether a day has a tick. Counted from fixed days, so that ticks stay where they are while a range moves
    on."""
    if unit == "M":
        return day.day == 1 and (12 * day.year + day.month - 1) % every == 0
    since = (day - _A_MONDAY).days
    return since % (7 * every if unit == "w" else every) == 0


def _label(day: date, unit: str) -> tuple[str, str]:
    if unit == "d":
        return f"{day:%a} {day.day}", f"{day:%b %Y}"
    return (f"{day.day} {day:%b}" if unit == "w" else f"{day:%b}"), f"{day.year}"


# Values


def _value_ticks(chart: ChartData, style: FigureStyle) -> Ticks:
    unit = display_unit(chart)
    found = log_ticks(chart, style.hidden) if style.logarithmic else _even_ticks(chart, style, unit)
    return {"ticksuffix": suffix_of(unit), **found, **axis(chart, style)}


def _even_ticks(chart: ChartData, style: FigureStyle, unit: DisplayUnit) -> Ticks:
    """Return the ticks of an even axis. They are spelled out where it is known how far it reaches: it may be narrow
    and far from zero then, and Plotly's labels have six digits. From zero on these are enough."""
    step, reach = _whole_ticks(in_unit(chart, unit), style), value_range(chart, style)
    if reach is not None:
        marks = even_marks(*reach, step)
        return spelled_out(marks, labelled(marks, unit))
    low, high = drawn_reach(chart, style)
    return {"dtick": step, **measured(labelled(even_marks(low, high), unit) if high > low else [])}


def _whole_ticks(chart: ChartData, style: FigureStyle) -> int | None:
    """Return ticks that are whole numbers; of more than a few Plotly's own are."""
    values = [np.nan_to_num(part) for one in chart.series for part in (one.low, one.high, one.v) if part is not None]
    if chart.chart.kind == "gauge":
        values = [np.nan_to_num(part) for one in chart.series for part in (one.low, one.high) if part is not None]
    if not values or not all((part == np.floor(part)).all() for part in values):
        return None
    stacked = np.sum(values, axis=0) if stacks(chart, style) else np.max(values, axis=0)
    return 1 if stacked.size and stacked.max() <= _FEW else None
