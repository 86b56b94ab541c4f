"""Ranges and resolutions in words."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from layouts.numbers import THIN_SPACE
from metrics_dash.charts.data import Interval, Uncomputed
from metrics_dash.charts.timerange.grid import compared_span
from metrics_dash.charts.timerange.parse import COMPARISONS, Comparison
from metrics_dash.charts.timerange.windows import Window

_RESOLUTIONS = {"minute": "1-minute buckets", "hour": "1-hour buckets", "day": "1-day buckets"}


def range_text(window: Window) -> str:
    """Return ``Sat 21 Nov 14:32 → Sun 22 Nov 14:32, Europe/Berlin``; with years where they differ or days are many."""
    start, end = window.start.astimezone(window.zone), window.end.astimezone(window.zone)
    with_year = start.year != end.year
    return f"{_moment(start, with_year)} → {_moment(end, with_year)}, {window.zone.key}"


def length_text(window: Window) -> str:
    """Return ``24 h``, ``7 d``, ``45 min``: the range's length in the largest unit that says it."""
    minutes = max(1, round(window.span.length / timedelta(minutes=1)))
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
    whole = {timedelta(hours=24): "day before", timedelta(days=7): "week before"}
    return whole.get(window.span.length, f"{length_text(window)} before")


def compared_text(window: Window, comparison: Comparison) -> str:
    """Return ``Dotted: previous day, Fri 20 Nov 14:32 → Sat 21 Nov 14:32``."""
    span = compared_span(window, comparison)
    start, end = span.start.astimezone(window.zone), span.end.astimezone(window.zone)
    with_year = start.year != window.end.astimezone(window.zone).year
    return f"Dotted: {COMPARISONS[comparison]}, {_moment(start, with_year)} → {_moment(end, with_year)}"


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


def resolution_text(window: Window) -> str:
    """Return ``1-minute buckets``; that days are UTC's where the zone has others but only those are held."""
    text = _RESOLUTIONS[window.resolution]
    return f"{text}, UTC days (nothing finer is held)" if window.days_are_utc else text


def _moment(local: datetime, with_year: bool) -> str:
    year = f" {local.year}" if with_year else ""
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"
