"""The buckets of a window as arrays of their bounds, and those that they are compared with."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from metrics_dash.charts.timerange.parse import Comparison, TimeRange, midnight, shift
from metrics_dash.charts.timerange.windows import EPOCH, LENGTHS, Resolution, Window, floor_utc, offset_at

Milliseconds = NDArray[np.int64]
_COMPARED_DAYS: Mapping[Comparison, int] = {"day": 1, "week": 7}
NO_BUCKET = -1
"""Stands in an array of bucket edges for a bucket that does not exist."""
_MILLISECOND = timedelta(milliseconds=1)
_DAY = 86_400_000


def to_milliseconds(moment: datetime) -> int:
    """Return epoch milliseconds, rounded down."""
    return (moment - EPOCH) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """Return the aware UTC moment of epoch milliseconds."""
    return EPOCH + int(milliseconds) * _MILLISECOND


def bucket_edges(window: Window) -> Milliseconds:
    """Return the bounds of a window's buckets: int64 epoch ms, the starts of all n buckets and the end of the last, n +
    1.

    The array is shared and read-only.
    """
    return _edges(window.start, window.end, window.resolution, None if window.source == "day" else window.zone)


def bucket_starts(window: Window) -> Milliseconds:
    """Return the starts of a window's buckets: int64 epoch ms, ascending, from the one that ``start`` lies in, before
    ``end``.

    The array is shared and read-only.
    """
    return bucket_edges(window)[:-1]


@lru_cache(maxsize=256)
def _edges(start: datetime, end: datetime, resolution: Resolution, zone: ZoneInfo | None) -> Milliseconds:
    if resolution == "day" and zone is not None:
        edges = np.array([to_milliseconds(day) for day in _day_edges(start, end, zone)], dtype=np.int64)
    else:
        length = LENGTHS[resolution] // _MILLISECOND
        first = to_milliseconds(floor_utc(start, resolution))
        last = to_milliseconds(end - timedelta(microseconds=1))
        count = (last - first) // length + 1
        edges = first + length * np.arange(count + 1, dtype=np.int64)
    edges.flags.writeable = False
    return edges


def _day_edges(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    day, last = start.astimezone(zone).date(), None
    while last is None or last < end:
        edge = midnight(day, zone)
        # A day that a zone left out, as Samoa's 2011-12-30, has no length and no bucket.
        if edge != last:
            yield edge
        day, last = day + timedelta(days=1), edge


def comparison_edges(window: Window, comparison: Comparison) -> Milliseconds:
    """Return for each of a window's bucket edges the one that it is compared with: int64 epoch ms, same length.

    "period" is the time just before, of equal length in whole buckets (days in days). "day" and "week" compare the same
    wall-clock time of the zone: on the day after a change of the clocks 14:00 is compared with 14:00, though 23 or 25
    hours lie between. An hour that was skipped has nothing to compare with (``NO_BUCKET``); of one that came twice the
    first is taken. With days of UTC the clock is that of UTC.
    """
    edges = bucket_edges(window)
    length = LENGTHS[window.resolution]
    if window.resolution == "day":
        return _days_earlier(edges, _days_back(window, comparison), window.days_are_utc, window.zone)
    if comparison == "period":
        buckets = -(-window.span.length // length)
        return edges - buckets * (length // _MILLISECOND)
    return _clock_earlier(edges, _COMPARED_DAYS[comparison], window.zone)


def compared_span(window: Window, comparison: Comparison) -> TimeRange:
    """Return the time that a window is compared with. Days and weeks go by the wall clock of the zone, as its
    buckets do."""
    if window.resolution == "day" or comparison != "period":
        days = _days_back(window, comparison) if window.resolution == "day" else _COMPARED_DAYS[comparison]
        zone = ZoneInfo("UTC") if window.days_are_utc else window.zone
        return TimeRange(shift(window.start, -days, "d", zone), shift(window.end, -days, "d", zone))
    length = LENGTHS[window.resolution]
    back = -(-window.span.length // length) * length
    return TimeRange(window.start - back, window.end - back)


def _days_back(window: Window, comparison: Comparison) -> int:
    # Rounded: a range of 30 days may be an hour longer or shorter than 720 hours.
    return _COMPARED_DAYS.get(comparison) or max(1, round(window.span.length / LENGTHS["day"]))


def _days_earlier(edges: Milliseconds, days: int, utc: bool, zone: ZoneInfo) -> Milliseconds:
    """Return the starts of the days so many days earlier."""
    if utc:
        return edges - days * _DAY
    dates = (from_milliseconds(edge).astimezone(zone).date() for edge in edges)
    return np.array([to_milliseconds(midnight(day - timedelta(days=days), zone)) for day in dates], dtype=np.int64)


def _clock_earlier(edges: Milliseconds, days: int, zone: ZoneInfo) -> Milliseconds:
    """Return the same wall-clock times so many days earlier, bucket for bucket."""
    first, last = int(edges[0]) - (days + 1) * _DAY, int(edges[-1]) + 2 * _DAY
    offsets = {offset_at(from_milliseconds(probe), zone) for probe in range(first, last, _DAY)}
    if len(offsets) == 1:
        return edges - days * _DAY
    return np.array([_wall_earlier(from_milliseconds(edge), days, zone) for edge in edges], dtype=np.int64)


def _wall_earlier(moment: datetime, days: int, zone: ZoneInfo) -> int:
    earlier = shift(moment, -days, "d", zone)
    wall = moment.astimezone(zone).replace(tzinfo=None, fold=0) - timedelta(days=days)
    exists = earlier.astimezone(zone).replace(tzinfo=None, fold=0) == wall
    return to_milliseconds(earlier) if exists else NO_BUCKET
