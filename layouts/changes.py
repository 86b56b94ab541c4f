"""A change in words: how much it is, what it is held against, and which two numbers are compared.

What is unfinished is in the number above a chart and not in its change, so it is said what is compared.
"""

from datetime import datetime, timedelta

from layouts.numbers import THIN_SPACE, change_text
from layouts.units import display_unit
from layouts.words import before_text, moment_text, span_text
from metrics_dash.charts.data import ChartData, Series
from metrics_dash.charts.timerange.compared import compared_moment
from metrics_dash.charts.timerange.grid import from_milliseconds
from metrics_dash.charts.timerange.parse import TimeRange
from metrics_dash.charts.timerange.windows import Window

# The part of a range from which on it is said beside a number that its end is not compared.
_NOTICEABLE = 1 / 20
_HOURS_UP_TO = timedelta(hours=48)


def change_words(data: ChartData) -> str | None:
    """Return ``+12 % vs day before``: a headline's change and what it is held against; None where it has none."""
    number = data.headline
    return None if number.change is None else f"{change_text(number.change)} {_against(data)}"


def compared_words(data: ChartData) -> str:
    """Return ``575 against 576 (Mon 23 Nov 00:00 → Wed 25 Nov 00:00), in complete days, without what came since Sat 28
    Nov``: the two numbers that a headline's change is of; nothing where it has none."""
    number = data.headline
    if number.change is None:
        return ""
    numbers = _numbers(data, number.comparable, number.previous)
    return f"{numbers}, the latest of each" if numbers and _is_of_samples(data) else _in_complete(data, numbers)


def row_words(data: ChartData, one: Series) -> str:
    """Return the same of a row in a table of values."""
    return "" if one.change is None else _in_complete(data, _numbers(data, one.comparable, one.before))


def _numbers(data: ChartData, now: float | None, before: float | None) -> str:
    unit = display_unit(data)
    return "" if now is None or before is None else f"{unit.text(now)} against {unit.text(before)}"


def _in_complete(data: ChartData, numbers: str) -> str:
    if not numbers:
        return ""
    window, against = data.window, data.headline.against
    start, end = (compared_moment(moment, window, against) for moment in (window.start, _complete_upto(data)))
    said = f"{numbers} ({span_text(TimeRange(start, end), window)})"
    if data.unfinished_from is None:
        return said
    since = moment_text(from_milliseconds(data.unfinished_from), window)
    return f"{said}, in complete {window.step.plural}, without what came since {since}"


def _against(data: ChartData) -> str:
    """Return ``vs day before``; where a noticeable part of the range is not compared ``vs 18 of 24 h before``, and of
    the same time of another day or week ``in 18 h vs day before``: small cards have no room for more."""
    window, against = data.window, data.headline.against
    compared = _complete_upto(data) - window.start
    left_out = window.span.length - compared
    if _is_of_samples(data) or left_out <= _NOTICEABLE * window.span.length:
        return f"vs {before_text(window, against)}"
    back = window.start - compared_moment(window.start, window, against)
    if against != "period":
        return f"in {_amount(compared, *_unit(compared, window))} vs {'7 d' if against == 'week' else 'day'} before"
    # Buckets of days are held against as many days as are nearest: of two and a bit, two.
    if compared >= back:
        return f"vs {before_text(window, against)}"
    unit, name = _unit(back, window)
    return f"vs {compared / unit:.3g} of {_amount(back, unit, name)} before"


def _unit(length: timedelta, window: Window) -> tuple[timedelta, str]:
    if window.step.is_of_days or length > _HOURS_UP_TO:
        return timedelta(days=1), "d"
    return (timedelta(hours=1), "h") if length >= timedelta(hours=1) else (timedelta(minutes=1), "min")


def _amount(length: timedelta, unit: timedelta, name: str) -> str:
    return f"{length / unit:.3g}{THIN_SPACE}{name}"


def _complete_upto(data: ChartData) -> datetime:
    return data.window.end if data.unfinished_from is None else from_milliseconds(data.unfinished_from)


def _is_of_samples(data: ChartData) -> bool:
    return data.chart.kind == "gauge"
