"""The buckets of a step as arrays of their bounds. Pure functions; moments are aware UTC, arrays int64 epoch ms."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from metrics_dash.charts.timerange.parse import midnight
from metrics_dash.charts.timerange.steps import Step

Milliseconds = NDArray[np.int64]
NO_BUCKET = -1
"""Stands in an array of bucket starts for a bucket that does not exist."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND, _MICROSECOND = timedelta(milliseconds=1), timedelta(microseconds=1)


def to_milliseconds(moment: datetime) -> int:
    """Return epoch milliseconds, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """Return the aware UTC moment of epoch milliseconds."""
    return _EPOCH + int(milliseconds) * _MILLISECOND


def places_in(starts: Milliseconds, at: Milliseconds) -> Milliseconds | None:
    """Return where in ``starts`` each of ``at`` stands, -1 for one that does not: by arithmetic, without a search.
    None where they do not follow one another evenly."""
    if len(starts) == 0:
        return np.full(len(at), -1)
    width = int(starts[1] - starts[0]) if len(starts) > 1 else 1
    if width <= 0 or not (starts[1:] - starts[:-1] == width).all():
        return None
    place = (at - starts[0]) // width
    stands = (starts[0] + place * width == at) & (place >= 0) & (place < len(starts))
    return np.where(stands, place, -1)


def among(at: Milliseconds, starts: Milliseconds) -> NDArray[np.bool_]:
    """Return of each of ``at`` whether it is one of ``starts``."""
    if np.array_equal(at, starts):
        return np.ones(len(at), dtype=np.bool_)
    place = places_in(starts, at)
    return np.isin(at, starts) if place is None else np.asarray(place >= 0)


@lru_cache(maxsize=256)
def edges_between(start: datetime, end: datetime, step: Step, zone: ZoneInfo) -> Milliseconds:
    """Return the bounds of the buckets that ``start`` to ``end`` (excluded) touches: n starts and the end of the last.

    The array is shared and read-only.
    """
    edges = _even(start, end, step, zone) if step.is_even else _by_calendar(start, end, step, zone)
    edges.flags.writeable = False
    return edges


def _even(start: datetime, end: datetime, step: Step, zone: ZoneInfo) -> Milliseconds:
    """Return bounds at round times of the zone, as its clock stood at the first of them, and evenly from there."""
    length = step.length // _MILLISECOND
    first = _round_down(to_milliseconds(start), length, zone)
    # Clocks that change by half an hour may have done so in between.
    first = _round_down(first, length, zone)
    count = (to_milliseconds(end - _MICROSECOND) - first) // length + 1
    return first + length * np.arange(count + 1, dtype=np.int64)


def _round_down(milliseconds: int, length: int, zone: ZoneInfo) -> int:
    offset = from_milliseconds(milliseconds).astimezone(zone).utcoffset() or timedelta(0)
    return milliseconds - (milliseconds + offset // _MILLISECOND) % length


def _by_calendar(start: datetime, end: datetime, step: Step, zone: ZoneInfo) -> Milliseconds:
    edges: list[datetime] = []
    for edge in _starts(start, step, zone):
        # A day that a zone left out, as Samoa's 2011-12-30, has no length and no bucket; nor has a skipped hour.
        if edges and edge <= edges[-1]:
            continue
        if edge <= start:
            edges.clear()
        edges.append(edge)
        if edge >= end:
            break
    return np.array([to_milliseconds(edge) for edge in edges], dtype=np.int64)


def _starts(start: datetime, step: Step, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moments at which the zone's buckets begin, from one at or before ``start`` on, without end."""
    day = start.astimezone(zone).date()
    if step.unit == "h":
        # A day earlier too: where midnight is skipped, the day's first bucket begins after it.
        yield from _hours(day - timedelta(days=1), step.number, zone)
    if step.unit == "w":
        day -= timedelta(days=day.weekday())
    if step.unit == "M":
        day = day.replace(day=1)
    while True:
        yield midnight(day, zone)
        day = _next(day, step)


def _hours(day: date, number: int, zone: ZoneInfo) -> Iterator[datetime]:
    while True:
        yield midnight(day, zone)
        for hour in range(number, 24, number):
            yield datetime.combine(day, time(hour), zone).astimezone(UTC)
        day += timedelta(days=1)


def _next(day: date, step: Step) -> date:
    if step.unit == "M":
        return date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return day + step.length
