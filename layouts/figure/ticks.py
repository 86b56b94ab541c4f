"""Ticks: what of the axes depends on the data and on now, and is therefore sent with every refresh.

Plotly spaces ticks by the room that there is, but knows no zone and no Monday, and not how wide a label is. So it
places those of ranges up to nine days; others are spelled out: where the clocks change, hours and days of the zone; in
long ranges days, Mondays and the first of months, as many as the narrowest graph has room for; and where labels would
run into one another there (layouts/figure/moments.py).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from layouts.figure.axes import axis_offset, clocks_change, on_axis
from layouts.figure.bounds import axis, drawn_reach, value_range
from layouts.figure.logarithms import log_ticks
from layouts.figure.marks import even_marks, labelled, measured, spelled_out, suffix_of
from layouts.figure.moments import TimeTick, are_apart, coarser_ticks, fitting, plain_ticks, said_once, tick_at
from layouts.figure.room import labels_within, plot_width
from layouts.figure.traces import FigureStyle, stacks
from layouts.units import DisplayUnit, display_unit, in_unit
from metrics_dash.charts.data import ChartData
from metrics_dash.charts.timerange.parse import midnight, round_down, shift
from metrics_dash.charts.timerange.windows import Window

Ticks = dict[str, Any]
_DAY = timedelta(days=1)
_LEFT_TO_PLOTLY = timedelta(days=9, hours=1)
_HOURS = ((6, 1), (12, 2), (30, 4), (60, 12))
_CLOCK = (1, 2, 4, 12, 24, 48, 72, 96)
# A range has no fewer bars, so that one of them is no larger part of it.
_LEAST_BUCKETS = 24
# Days, Mondays and firsts of months, ever further apart.
_DISTANCES = (("d", (1, 2)), ("w", (1, 2)), ("M", (1, 2, 3, 6, 12, 24, 60)))
_CALENDAR = tuple((unit, every) for unit, distances in _DISTANCES for every in distances)
_A_MONDAY = date(1970, 1, 5)
_FEW = 4


def ticks(chart: ChartData, style: FigureStyle) -> dict[str, Ticks]:
    """Return both axes' ticks; None leaves something to Plotly."""
    return {"xaxis": time_ticks(chart.window, style.width), "yaxis": _value_ticks(chart, style)}


# Time


def time_ticks(window: Window, width: int) -> Ticks:
    """Return the ticks of a window's time axis in a graph of ``width`` px."""
    return dict(_time_ticks(window, width))


@lru_cache(maxsize=64)
def _time_ticks(window: Window, width: int) -> Ticks:
    # All charts of a tab have the same.
    room = plot_width(width)
    if window.span.length > _LEFT_TO_PLOTLY:
        return _spelled_out(fitting(iter([_calendar_ticks(window, labels_within(width))]), room))
    if clocks_change(window):
        return _spelled_out(fitting(_clock_ticks(window), room))
    start, length = window.start.astimezone(UTC) + axis_offset(window), window.span.length
    if all(are_apart(said_once(each), room) for each in _may_be_drawn(start, length, width)):
        return {"tickmode": "auto", "tickvals": None, "ticktext": None}
    return _spelled_out(fitting(coarser_ticks(start, length, width), room))


def _may_be_drawn(start: datetime, length: timedelta, width: int) -> Iterator[list[TimeTick]]:
    """Yield the ticks that Plotly chooses of that range, or of a little more: of bars the axis has room for the whole
    of each."""
    more = length / _LEAST_BUCKETS
    yield plain_ticks(start, length, width)
    yield plain_ticks(start - more / 2, length + more, width)


def _spelled_out(chosen: list[TimeTick]) -> Ticks:
    """Return ticks with their labels and what stands below those."""
    texts = [f"{tick.label}<br>{tick.below}" if tick.below else tick.label for tick in chosen]
    return {"tickmode": "array", "tickvals": [tick.value for tick in chosen], "ticktext": texts}


def _clock_ticks(window: Window) -> Iterator[list[TimeTick]]:
    """Yield round hours of the zone, or its days, ever further apart."""
    hours = window.span.length / timedelta(hours=1)
    finest = next((step for longest, step in _HOURS if hours <= longest), 24)
    moments = list(_hours(window))
    for step in (step for step in _CLOCK if step >= finest):
        yield [
            tick_at(_at(moment, window), on_axis(moment, window), local, timedelta(hours=step))
            for moment, local in moments
            if _is_round(local, step)
        ]


def _hours(window: Window) -> Iterator[tuple[datetime, datetime]]:
    """Yield the hours of a window, also by its clock."""
    moment = round_down(window.start, "d", window.zone)
    while moment < window.end:
        if moment >= window.start:
            yield moment, moment.astimezone(window.zone)
        moment = shift(moment, 1, "h", window.zone)


def _is_round(local: datetime, hours: int) -> bool:
    if hours < 24:
        return local.hour % hours == 0
    return local.hour == 0 and (local.date() - _A_MONDAY).days % (hours // 24) == 0


def _at(moment: datetime, window: Window) -> float:
    return (moment - window.start) / window.span.length


def _calendar_ticks(window: Window, labels: int) -> list[TimeTick]:
    days = list(_days(window))
    for unit, every in _CALENDAR:
        chosen = [day for day in days if _is_ticked(day, unit, every)]
        if len(chosen) <= labels:
            break
    return [_day(midnight(day, window.calendar), window, *_label(day, unit)) for day in chosen]


def _day(moment: datetime, window: Window, *words: str) -> TimeTick:
    return TimeTick(_at(moment, window), on_axis(moment, window), *words)


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


def _label(day: date, unit: str) -> tuple[str, str, str]:
    """Return a day's label, and what stands below it, whole and shortened."""
    if unit == "d":
        return f"{day:%a} {day.day}", f"{day:%b %Y}", f"{day:%b}"
    return (f"{day.day} {day:%b}" if unit == "w" else f"{day:%b}"), f"{day.year}", f"{day.year}"


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
