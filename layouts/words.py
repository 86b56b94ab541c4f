"""Ranges and steps in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from layouts.numbers import THIN_SPACE
from layouts.units import display_unit
from metrics_dash.catalog import Chart
from metrics_dash.charts.data import Bound, ChartData, Filter, Interval, TabData, Uncomputed
from metrics_dash.charts.timerange.compared import Shift, compared_span, comparison_shift
from metrics_dash.charts.timerange.parse import COMPARISONS, Comparison, TimeRange
from metrics_dash.charts.timerange.windows import Window

SIGNS: Mapping[Bound, str] = {"least": "≥", "most": "≤", "about": "≈"}
_LEVEL = 0.01


def range_text(window: Window) -> str:
    """Return ``Sat 21 Nov 14:32 → Sun 22 Nov 14:32, Europe/Berlin``; with years where they differ or days are many."""
    start, end = window.start.astimezone(window.zone), window.end.astimezone(window.zone)
    with_year = start.year != end.year
    return f"{_moment(start, with_year)} → {_moment(end, with_year)}, {window.zone.key}"


def summed_text(window: Window) -> str:
    """Return how much time a total is of: ``24 h`` as it was asked for, else that of its buckets; ``since 2 Mar``
    where a live range's first bucket begins before it."""
    if window.live and window.start < window.asked.start:
        start = window.start.astimezone(window.calendar)
        return f"since {start.day} {start:%b}" + (f" {start:%H:%M}" if (start.hour, start.minute) != (0, 0) else "")
    return length_text(window.length)


def length_text(length: timedelta) -> str:
    """Return ``24 h``, ``7 d``, ``45 min``: a length in the largest unit that says it."""
    minutes = max(1, round(length / timedelta(minutes=1)))
    if minutes < 120 and minutes % 60:
        return f"{minutes}{THIN_SPACE}min"
    hours = minutes / 60
    if hours <= 48:
        return f"{hours:.3g}{THIN_SPACE}h"
    return f"{hours / 24:.3g}{THIN_SPACE}d"


def before_text(window: Window, against: Comparison = "period") -> str:
    """Return ``day before``, ``week before``, ``6 h before``: what a window's numbers are compared with."""
    if against != "period":
        return f"{against} before"
    back = comparison_shift(window, against)
    if back.unit == "M":
        return "month before" if back.number == 1 else f"{back.number} months before"
    length = _length_of(back)
    whole = {timedelta(hours=24): "day before", timedelta(days=7): "week before"}
    return whole.get(length, f"{length_text(length)} before")


def _length_of(back: Shift) -> timedelta:
    return timedelta(days=back.number) if back.unit == "d" else timedelta(milliseconds=back.number)


def judgement(change: float, chart: Chart) -> str:
    """Return ``good`` or ``bad`` as the chart declares it, ``other`` where it doesn't; ``level`` below one percent."""
    if abs(change) < _LEVEL:
        return "level"
    if chart.good == "none":
        return "other"
    return "good" if (change > 0) == (chart.good == "up") else "bad"


def compared_text(window: Window, comparison: Comparison) -> str:
    """Return ``Pale: previous day, Fri 20 Nov 14:32 → Sat 21 Nov 14:32``."""
    return f"Pale: {COMPARISONS[comparison]}, {span_text(compared_span(window, comparison), window)}"


def span_text(span: TimeRange, window: Window) -> str:
    """Return ``Fri 20 Nov 14:32 → Sat 21 Nov 14:32``: an earlier time by a window's clock, with years where it is of
    another."""
    start, end = span.start.astimezone(window.zone), span.end.astimezone(window.zone)
    with_year = start.year != window.end.astimezone(window.zone).year
    return f"{_moment(start, with_year)} → {_moment(end, with_year)}"


def moment_text(moment: datetime, window: Window) -> str:
    """Return ``Sat 31 Jan 13:06``, of days ``Sat 31 Jan``: a moment by a window's clock, as finely as its buckets."""
    local = moment.astimezone(window.zone)
    return f"{local:%a} {local.day} {local:%b}" if window.step.is_of_days else _moment(local, False)


def refused_text(refused: Sequence[Interval]) -> str | None:
    """Return ``312 events refused: buffer_full, invalid_name``; None where none were."""
    count = sum(interval.count for interval in refused)
    if not count:
        return None
    reasons = sorted({reason for interval in refused for reason in interval.reasons})
    return f"{count:,} {'event' if count == 1 else 'events'} refused" + (f": {', '.join(reasons)}" if reasons else "")


def uncomputed_text(found: Uncomputed, zone: ZoneInfo) -> str:
    """Return ``2 buckets can’t be computed since Sat 10 Jan 12:00``."""
    plural = "bucket" if found.buckets == 1 else "buckets"
    return f"{found.buckets:,} {plural} can’t be computed since {_moment(found.since.astimezone(zone), False)}"


def verdict_text(data: ChartData) -> list[str]:
    """Return ``above 200 ms`` where the chart warns of its number, ``target met`` where it has reached that; else
    nothing."""
    bounds, unit = data.chart.bounds, display_unit(data)
    verdict = bounds.verdict(data.headline.value)
    if verdict == "warned" and bounds.warn is not None:
        return [f"{'below' if bounds.low_is_bad else 'above'} {unit.text(bounds.warn)}"]
    return ["target met"] if verdict == "met" else []


def filter_text(where: Filter) -> str:
    """Return ``zone: north``, or ``not zone: north, realm: 3``: what a chart is of through a filter."""
    said = (f"{'not ' if one.without else ''}{one.dimension}: {one.value or '(empty)'}" for one in where.all())
    return ", ".join(said)


def untold_text(chart: Chart) -> tuple[str, str]:
    """Return the dimension, and the value of it, that a filter or a part of a ratio counts alone; empty for none."""
    counted = () if chart.ratio is None else (chart.ratio.numerator.only, chart.ratio.denominator.only)
    alone = (chart.where.dimension, chart.where.value) if chart.where is not None else None
    dimension, value = next((each for each in (alone, *counted) if each is not None), ("", ""))
    return dimension, value or "(empty)"


def aside_text(data: ChartData) -> str | None:
    """Return why a chart does not follow a filter, or not everywhere; None where there is nothing to say."""
    chart = data.chart
    partly = f"gaps where {untold_text(chart)[1]} is not told apart" if data.partly else ""
    return "; ".join(text for text in (chart.aside, partly, doubt_text(data), raw_text(data)) if text) or None


def raw_text(data: ChartData) -> str:
    """Return that a chart is drawn from raw events, and from when on there are any; nothing where it is not."""
    if not data.chart.reads_raw:
        return ""
    if data.held_from is None or data.held_from <= data.window.start:
        return "from raw events"
    return f"from raw events, kept since {_moment(data.held_from.astimezone(data.window.zone), False)}"


def doubt_text(data: ChartData) -> str:
    """Return how many events more, or less, a number that is in doubt may be of; nothing where it is certain."""
    if data.doubt is None:
        return ""
    direction = "fewer" if data.chart.where is not None and data.chart.where.without else "more"
    events = f"up to {data.doubt.events:,} {direction}" if data.doubt.events else direction
    return f"{events} among rarer values"


def sign_of(data: ChartData) -> str:
    """Return what stands before a number that is in doubt: ``≥``."""
    return "" if data.doubt is None else f"{SIGNS[data.doubt.bound]}{THIN_SPACE}"


def counted_text(shown: int, series: int) -> str:
    """Return ``2 of 5 series``: how many of a chart's series are visible."""
    return f"{shown} of {series} series"


def step_text(window: Window) -> str:
    """Return ``5-minute buckets``; that days are UTC's where the zone has others but only those are held."""
    text = f"{window.step.adjective} buckets"
    return f"{text}, UTC days (nothing finer is held)" if window.days_are_utc else text


def steps_text(data: TabData) -> str:
    """Return a tab's steps: ``5-minute buckets``, or ``5-minute buckets, bars 15-minute`` where bars have their own."""
    others = dict.fromkeys(chart.window.step for chart in data.charts if chart.window.step != data.window.step)
    return ", bars ".join([step_text(data.window), *(step.adjective for step in others)])


def _moment(local: datetime, with_year: bool) -> str:
    year = f" {local.year}" if with_year else ""
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"
