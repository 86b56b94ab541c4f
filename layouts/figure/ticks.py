"""Ticks: what of the axes depends on the data and on now, and is therefore sent with every refresh.

Plotly spaces ticks by the room that there is, but knows no zone and no Monday. So it places those of ranges up to nine
days; others are spelled out: where the clocks change, hours and days of the zone; in long ranges days, Mondays and the
first of months, as many as the narrowest graph has room for.
"""

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from layouts.figure.axes import clocks_change, on_axis
from layouts.figure.bounds import axis
from layouts.figure.labels import plain
from layouts.figure.room import labels_within
from layouts.figure.traces import FigureStyle, least_value, stacks
from layouts.numbers import THIN_SPACE, short_number
from layouts.units import display_unit, in_unit, round_values, unit_for
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
# Between the least and the greatest value of a logarithmic axis: below the first Plotly labels it as an even one, from
# the second on powers of ten are enough.
_LEAST_RATIO, _GREATEST_RATIO = 3, 100
_MOST_POWERS = 6


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
    shown = in_unit(chart, unit)
    suffix = f"{THIN_SPACE}{plain(unit.short)}" if unit.short else ""
    found = _decade_ticks(shown, suffix, unit.factor) if style.logarithmic else {"dtick": _whole_ticks(shown, style)}
    return {"ticksuffix": suffix, **found, **axis(chart, style)}


def _decade_ticks(chart: ChartData, suffix: str, factor: float) -> Ticks:
    """Return 1, 2 and 5 of each power of ten, spelled out, on a logarithmic axis of few: Plotly labels each of 1 to 9
    there, or writes 2 for 200. On one of many, powers of ten alone, each with its own unit: 100 and 1 M, where Plotly
    would write 100µ of a million."""
    parts = [series.v for series in chart.series] + ([] if chart.density is None else [chart.density.value])
    values = np.concatenate([part[np.isfinite(part) & (part > 0)] for part in parts] or [np.ones(1)])
    least, greatest = float(values.min(initial=least_value(chart))), float(values.max(initial=least_value(chart)))
    if greatest / least <= _LEAST_RATIO:
        return {"dtick": None, "tickmode": "auto", "tickvals": None, "ticktext": None}
    if greatest / least >= _GREATEST_RATIO:
        return _power_ticks(chart.chart.unit, least * factor, greatest * factor, factor)
    powers = range(math.floor(math.log10(least)), math.ceil(math.log10(greatest)) + 1)
    marks = [part * 10.0**power for power in powers for part in (1, 2, 5)]
    marks = [mark for mark in marks if least <= mark <= greatest]
    texts = [short_number(mark) for mark in marks]
    return {"dtick": None, "tickmode": "array", "tickvals": marks, "ticktext": [*texts[:-1], f"{texts[-1]}{suffix}"]}


def _power_ticks(unit: str, least: float, greatest: float, factor: float) -> Ticks:
    marks = round_values(unit, least, greatest, _MOST_POWERS)
    texts = [plain(unit_for(unit, mark).text(mark)) for mark in marks]
    return {"dtick": None, "tickmode": "array", "tickvals": [mark / factor for mark in marks], "ticktext": texts}


def _whole_ticks(chart: ChartData, style: FigureStyle) -> int | None:
    """Return ticks that are whole numbers; of more than a few Plotly's own are."""
    values = [np.nan_to_num(part) for one in chart.series for part in (one.low, one.high, one.v) if part is not None]
    if chart.chart.kind == "gauge":
        values = [np.nan_to_num(part) for one in chart.series for part in (one.low, one.high) if part is not None]
    if not values or not all((part == np.floor(part)).all() for part in values):
        return None
    stacked = np.sum(values, axis=0) if stacks(chart, style) else np.max(values, axis=0)
    return 1 if stacked.size and stacked.max() <= _FEW else None
