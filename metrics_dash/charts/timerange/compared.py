"""What a window is compared with: for each of its buckets another one, earlier."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from metrics_dash.charts.timerange.grid import NO_BUCKET, Milliseconds, from_milliseconds, to_milliseconds
from metrics_dash.charts.timerange.parse import Comparison, TimeRange, midnight, shift
from metrics_dash.charts.timerange.windows import Window, bucket_edges

COMPARED_DAYS: Mapping[Comparison, int] = {"day": 1, "week": 7}
_UTC = ZoneInfo("UTC")
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_MONTH = timedelta(days=30.44)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = _DAY // _MILLISECOND


@dataclass(frozen=True, slots=True)
class Shift:
    """How far back something is compared: a number of milliseconds, or of the calendar's days or months."""

    number: int
    unit: Literal["ms", "d", "M"]


def comparison_shift(window: Window, comparison: Comparison) -> Shift:
    """Return how far back a window is compared.

    "day" and "week" keep the wall clock of its calendar. "period" is the time just before, of equal length in whole
    buckets: days in days, months in months, and so are ranges of whole days in buckets of several hours.
    """
    if comparison != "period":
        return Shift(COMPARED_DAYS[comparison], "d")
    step, length = window.step, window.length
    if step.unit == "M":
        return Shift(max(1, round(length / _MONTH)), "M")
    if step.unit == "w":
        return Shift(7 * max(1, round(length / (7 * _DAY))), "d")
    # Rounded: a range of 30 days may be an hour longer or shorter than 720 hours.
    days = round(length / _DAY)
    if step.unit == "d" or (not step.is_even and days and abs(length - days * _DAY) <= _HOUR):
        return Shift(max(1, days), "d")
    return Shift(-(-length // step.length) * (step.length // _MILLISECOND), "ms")


@lru_cache(maxsize=256)
def comparison_edges(window: Window, comparison: Comparison) -> Milliseconds:
    """Return for each of a window's bucket edges the one that it is compared with: int64 epoch ms, same length.

    By the wall clock, 14:00 on the day after a change of the clocks is compared with 14:00, though 23 or 25 hours lie
    between. An hour or a day that was skipped has nothing to compare with (``NO_BUCKET``); of an hour that came twice
    the first is taken. With days of UTC the clock is that of UTC. The array is shared and read-only.
    """
    earlier = _edges_earlier(window, comparison)
    earlier.flags.writeable = False
    return earlier


def _edges_earlier(window: Window, comparison: Comparison) -> Milliseconds:
    edges, back = bucket_edges(window), comparison_shift(window, comparison)
    if back.unit == "ms":
        return edges - back.number
    if window.step.is_of_days:
        return np.array([_day_earlier(edge, back, window.calendar) for edge in edges], dtype=np.int64)
    if _clock_is_steady(edges, back, window.calendar):
        return edges - back.number * _DAY_MS
    earlier = _wall_earlier if window.step.is_even else _edge_earlier
    return np.array([earlier(from_milliseconds(edge), back, window.calendar) for edge in edges], dtype=np.int64)


def compared_span(window: Window, comparison: Comparison) -> TimeRange:
    """Return the time that a window is compared with. Days and weeks go by the wall clock, as its buckets do."""
    back = comparison_shift(window, comparison)
    return TimeRange(_moment_earlier(window.start, back, window), _moment_earlier(window.end, back, window))


def compared_moment(moment: datetime, window: Window, comparison: Comparison) -> datetime:
    """Return the time that a moment of a window is compared with."""
    return _moment_earlier(moment, comparison_shift(window, comparison), window)


def compared_buckets(window: Window, comparison: Comparison) -> tuple[Milliseconds, Milliseconds]:
    """Return starts and ends (int64 epoch ms) of the buckets that a window's are compared with, one for each."""
    edges = comparison_edges(window, comparison)
    starts = edges[:-1]
    if window.step.is_even:
        length = window.step.length // _MILLISECOND
        return starts, np.where(starts == NO_BUCKET, NO_BUCKET, starts + length)
    known = np.unique(edges[edges != NO_BUCKET])
    place = np.minimum(np.searchsorted(known, starts, side="right"), len(known) - 1)
    return starts, np.where(starts == NO_BUCKET, NO_BUCKET, known[place])


def _moment_earlier(moment: datetime, back: Shift, window: Window) -> datetime:
    if back.unit == "ms":
        return moment - back.number * _MILLISECOND
    return shift(moment, -back.number, back.unit, window.calendar)


def _clock_is_steady(edges: Milliseconds, back: Shift, zone: ZoneInfo) -> bool:
    first, last = int(edges[0]) - (back.number + 1) * _DAY_MS, int(edges[-1]) + 2 * _DAY_MS
    return len({from_milliseconds(probe).astimezone(zone).utcoffset() for probe in range(first, last, _DAY_MS)}) == 1


def _day_earlier(edge: int, back: Shift, zone: ZoneInfo) -> int:
    """Return the start of the day so many days or months before the one that begins at ``edge``."""
    of_edge = from_milliseconds(edge).astimezone(zone).date()
    day = shift(datetime.combine(of_edge, time(), UTC), -back.number, back.unit, _UTC).date()
    start = midnight(day, zone)
    # As Samoa's 2011-12-30, which was left out.
    return NO_BUCKET if start == midnight(day + _DAY, zone) else to_milliseconds(start)


def _edge_earlier(moment: datetime, back: Shift, zone: ZoneInfo) -> int:
    """Return the same wall-clock time earlier; where it was skipped, the moment at which the clocks changed."""
    earlier = shift(moment, -back.number, "d", zone)
    wall = moment.astimezone(zone).replace(tzinfo=None) - back.number * _DAY
    day_exists = abs(earlier.astimezone(zone).replace(tzinfo=None) - wall) < _DAY
    return to_milliseconds(earlier) if day_exists else NO_BUCKET


def _wall_earlier(moment: datetime, back: Shift, zone: ZoneInfo) -> int:
    earlier = shift(moment, -back.number, "d", zone)
    wall = moment.astimezone(zone).replace(tzinfo=None, fold=0) - timedelta(days=back.number)
    exists = earlier.astimezone(zone).replace(tzinfo=None, fold=0) == wall
    return to_milliseconds(earlier) if exists else NO_BUCKET
