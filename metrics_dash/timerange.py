"""Time arithmetic of the dashboard: ranges, resolutions, bucket grids, comparisons. Pure functions, aware UTC.

A *span* is what somebody asked for: two moments, and whether its end moves with the clock. A *window* is what will be
drawn: a span with the resolution, and the level of buckets that it is read from.

- A bucket belongs to a window when it starts at or after the window's start rounded down to a bucket, and before its
  end. So the first bucket is drawn whole although it may be visible only in part.
- Minute and hour buckets are those of UTC. In a zone whose offset is not a whole hour (Kathmandu) an hour bucket
  therefore starts at a quarter or half past, and is labelled so.
- Day buckets are the zone's days, of 23 or 25 hours where the clocks change. They are added up from hour buckets, or
  from minute buckets in a zone whose offset is not a whole hour. Where retention has left only day buckets, days are
  UTC days and the window says so (``days_are_utc``).
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, cast
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Resolution = Literal["minute", "hour", "day"]
Comparison = Literal["period", "day", "week"]
Milliseconds = NDArray[np.int64]

RESOLUTIONS: tuple[Resolution, ...] = ("minute", "hour", "day")
LENGTHS: Mapping[Resolution, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
# Up to which length of range a resolution is chosen by itself; longer ones are drawn in days.
CHOSEN_UP_TO: Mapping[Resolution, timedelta] = {"minute": timedelta(hours=48), "hour": timedelta(days=14)}
COMPARISONS: Mapping[Comparison, str] = {"period": "previous period", "day": "previous day", "week": "previous week"}
_COMPARED_DAYS: Mapping[Comparison, int] = {"day": 1, "week": 7}
MAX_POINTS = 5_000
NO_BUCKET = -1
"""Stands in an array of bucket edges for a bucket that does not exist."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY = 86_400_000
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class RangeError(ValueError):
    """A moment or a range that can't be used. The message quotes it."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One button of the range: ``key`` stands in the URL."""

    key: str
    title: str


PRESETS: tuple[Preset, ...] = (
    Preset("1h", "Last hour"),
    Preset("6h", "Last 6 hours"),
    Preset("24h", "Last 24 hours"),
    Preset("7d", "Last 7 days"),
    Preset("30d", "Last 30 days"),
)
DEFAULT_RANGE = "24h"


@dataclass(frozen=True, slots=True)
class Span:
    """``start`` to ``end`` (excluded), aware UTC. ``live``: the end is now, and moves on."""

    start: datetime
    end: datetime
    live: bool = False

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Held:
    """The moment from which each level is still complete, aware UTC; None where nothing was ever purged."""

    raw: datetime | None = None
    minute: datetime | None = None
    hour: datetime | None = None
    day: datetime | None = None

    def since(self, level: Resolution) -> datetime | None:
        """From when on buckets of ``level`` are held; None for as long as there have been any."""
        return cast(datetime | None, getattr(self, level))

    def holds(self, level: Resolution, moment: datetime) -> bool:
        """Whether the buckets of ``level`` from ``moment`` on are all still there."""
        since = self.since(level)
        return since is None or since <= moment


@dataclass(frozen=True, slots=True)
class Window:
    """What a chart shows: ``start`` to ``end`` (excluded, aware UTC) in buckets of ``resolution``, days of ``zone``.

    ``source`` is the level of the buckets that it is read from: finer than ``resolution`` where a zone's days are added
    up. ``note`` says in a sentence why the resolution is not the one that was asked for.
    """

    start: datetime
    end: datetime
    resolution: Resolution
    zone: ZoneInfo
    live: bool = False
    source: Resolution = "minute"
    note: str | None = None

    @property
    def span(self) -> Span:
        return Span(self.start, self.end, self.live)

    @property
    def days_are_utc(self) -> bool:
        """Whether the days drawn are UTC days although the zone has others: nothing finer is held any more."""
        return self.resolution == "day" and self.source == "day" and not _is_utc(self.zone, self.span)


# Moments and ranges as people write them


_RELATIVE = re.compile(r"now(?:([+-])(\d{1,6})([smhdwMy]))?(?:/([smhdwMy]))?")
_DURATION = re.compile(r"\d{1,6}[smhdwMy]")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)")
_EXACT_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_MONTHS = {"M": 1, "y": 12}
_DAYS = {"d": 1, "w": 7}


def parse_moment(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Read an RFC 3339 moment or an expression such as ``now-6h`` or ``now-7d/d``; aware UTC.

    Units are ``s m h d w M y``. Seconds, minutes and hours are exact; days and longer keep the wall clock of ``zone``.
    ``/unit`` rounds down to the start of the unit in ``zone`` (a week starts on Monday). Raises ``RangeError``.
    """
    stripped = text.strip()
    relative = _RELATIVE.fullmatch(stripped)
    try:
        if relative is not None:
            return _checked(_relative(relative, now, zone), text)
        if _RFC3339.fullmatch(stripped):
            return _checked(datetime.fromisoformat(stripped.upper()).astimezone(UTC), text)
    except (ValueError, OverflowError):
        pass
    raise RangeError(f"{text!r} is not a moment such as 2026-01-31T12:00:00Z, now-6h or now-7d/d")


def _relative(match: re.Match[str], now: datetime, zone: ZoneInfo) -> datetime:
    sign, number, unit, rounding = match.groups()
    moment = now.astimezone(UTC)
    if sign is not None:
        moment = shift(moment, int(sign + number), unit, zone)
    return round_down(moment, rounding, zone) if rounding is not None else moment


def _checked(moment: datetime, text: str) -> datetime:
    if not _EARLIEST <= moment <= _LATEST:
        raise RangeError(f"{text!r} lies outside {_EARLIEST.year} to {_LATEST.year}")
    return moment


def parse_range(
    length: str | None = None,
    *,
    start: str | None = None,
    end: str | None = None,
    now: datetime,
    zone: ZoneInfo,
) -> Span:
    """Read a range: its ``length`` up to now (``24h``), or ``start`` and ``end`` as ``parse_moment`` reads them.

    ``end`` is now by default, and ``start`` 24 hours before the end; they win over ``length``. The span is live when
    its end is ``now`` and its start is relative too. Raises ``RangeError`` quoting what is wrong, also where the start
    is not before the end.
    """
    if length and not start and not end:
        if not _DURATION.fullmatch(length.strip()):
            raise RangeError(f"{length!r} is not a range such as 24h or 7d")
        start = f"now-{length.strip()}"
    end = end or "now"
    last = parse_moment(end, now, zone)
    first = parse_moment(start, now, zone) if start else last - timedelta(hours=24)
    if first >= last:
        raise RangeError(f"the range from {start!r} to {end!r} is empty: its start is not before its end")
    live = end.strip() == "now" and (not start or start.strip().startswith("now"))
    return Span(first, last, live)


def shift(moment: datetime, number: int, unit: str, zone: ZoneInfo) -> datetime:
    """``moment`` plus ``number`` units; days, weeks, months and years keep the wall clock of ``zone``; aware UTC.

    A wall-clock time that the zone skips is read with the offset from before, the first of two that repeat.
    The 31st becomes the last day of a shorter month.
    """
    if unit in _EXACT_UNITS:
        return moment + number * _EXACT_UNITS[unit]
    local = moment.astimezone(zone)
    fold = local.fold
    wall = local.replace(tzinfo=None, fold=0)
    moved = wall + timedelta(days=number * _DAYS[unit]) if unit in _DAYS else _add_months(wall, number * _MONTHS[unit])
    return moved.replace(tzinfo=zone, fold=fold if moved == wall else 0).astimezone(UTC)


def _add_months(wall: datetime, months: int) -> datetime:
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    last_day = monthrange(year, month + 1)[1]
    return wall.replace(year=year, month=month + 1, day=min(wall.day, last_day))


def round_down(moment: datetime, unit: str, zone: ZoneInfo) -> datetime:
    """The start of the second, minute, hour, day, week (Monday), month or year that ``moment`` lies in; aware UTC.

    Hours are the wall clock's: at +5:45 an hour starts 45 minutes into an hour of UTC.
    """
    local = moment.astimezone(zone)
    if unit in _EXACT_UNITS:
        beyond = {
            "s": timedelta(microseconds=local.microsecond),
            "m": timedelta(seconds=local.second, microseconds=local.microsecond),
            "h": timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond),
        }
        return moment.astimezone(UTC) - beyond[unit]
    day = local.date()
    starts = {
        "d": day,
        "w": day - timedelta(days=day.weekday()),
        "M": day.replace(day=1),
        "y": day.replace(month=1, day=1),
    }
    return midnight(starts[unit], zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which ``day`` begins in ``zone``, aware UTC; where 0:00 is skipped, the moment of the change."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


# From a span to a window


def choose_resolution(
    span: Span, zone: ZoneInfo, held: Held, resolution: Literal["auto"] | Resolution = "auto"
) -> Window:
    """The window for a span: resolution by length (48 h in minutes, 14 d in hours), and by what is still held.

    A resolution that was asked for is kept where it is held and gives at most ``MAX_POINTS`` buckets; else the next
    coarser one is taken, and the window's ``note`` says why. Where even days are held only in part, days are drawn.
    Raises ``RangeError`` for a range of more than ``MAX_POINTS`` days.
    """
    wanted = _by_length(span) if resolution == "auto" else resolution
    if span.length > MAX_POINTS * LENGTHS["day"]:
        raise RangeError(f"the range has {span.length.days:,} days; at most {MAX_POINTS:,} can be drawn")
    reasons: list[str] = []
    for candidate in RESOLUTIONS[RESOLUTIONS.index(wanted) :]:
        if span.length > MAX_POINTS * LENGTHS[candidate]:
            reasons.append(f"{candidate}s would be more than {MAX_POINTS:,} points")
        elif candidate != "day" and not held.holds(candidate, _floor_utc(span.start, candidate)):
            reasons.append(f"{candidate}s are held only since {held.since(candidate):%Y-%m-%d %H:%M} UTC")
        else:
            break
    note = f"Shown in {candidate}s: {'; '.join(reasons)}." if reasons else None
    source = _source_of_days(span, zone, held) if candidate == "day" else candidate
    return Window(span.start, span.end, candidate, zone, span.live, source, note)


def _by_length(span: Span) -> Resolution:
    return next((level for level, longest in CHOSEN_UP_TO.items() if span.length <= longest), "day")


def _source_of_days(span: Span, zone: ZoneInfo, held: Held) -> Resolution:
    """The coarsest level from which the zone's days of a span can be added up exactly; UTC days as a last resort."""
    if _is_utc(zone, span):
        return "day"
    first = midnight(span.start.astimezone(zone).date(), zone)
    whole_hours = all(offset % timedelta(hours=1) == timedelta(0) for offset in _offsets(zone, span))
    if whole_hours and held.holds("hour", first):
        return "hour"
    return "minute" if held.holds("minute", first) else "day"


def _is_utc(zone: ZoneInfo, span: Span) -> bool:
    return zone.key == "UTC" or all(offset == timedelta(0) for offset in _offsets(zone, span))


def _offsets(zone: ZoneInfo, span: Span) -> Iterator[timedelta]:
    """The offsets from UTC in use on each day of a span, a day around it included."""
    first = span.start - LENGTHS["day"]
    days = (span.end - first) // LENGTHS["day"] + 2
    return (_offset(first + number * LENGTHS["day"], zone) for number in range(days))


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return cast(timedelta, moment.astimezone(zone).utcoffset())


def snap(moment: datetime, tick: timedelta) -> datetime:
    """The last tick at or before ``moment``. Ranges are read at this time, so all viewers share one window a tick."""
    return moment.astimezone(UTC) - (moment - _EPOCH) % tick


# Going from one span to another


def step(span: Span, steps: int, now: datetime, zone: ZoneInfo) -> Span:
    """The span moved by ``steps`` of its own lengths (negative: back). One that would reach past now ends now, live.

    A span of whole days of ``zone`` moves by days, so that it stays whole across a change of the clocks.
    """
    if steps == 0:
        return span
    days = _whole_days(span, zone)
    if days:
        moved = Span(shift(span.start, steps * days, "d", zone), shift(span.end, steps * days, "d", zone))
    else:
        moved = Span(span.start + steps * span.length, span.end + steps * span.length)
    return moved if moved.end < now else Span(now - span.length, now, live=True)


def zoom_out(span: Span, now: datetime) -> Span:
    """Twice the span around its middle; one that would reach past now ends now, and a live one stays live."""
    half = span.length / 2
    end = span.end + half
    if span.live or end >= now:
        end = max(now, span.end)
    return Span(max(end - 2 * span.length, _EARLIEST), end, live=span.live)


def _whole_days(span: Span, zone: ZoneInfo) -> int:
    """How many of the zone's days a span consists of, 0 where it does not begin and end at midnight."""
    first, last = span.start.astimezone(zone).date(), span.end.astimezone(zone).date()
    whole = midnight(first, zone) == span.start and midnight(last, zone) == span.end
    return (last - first).days if whole else 0


# Bucket grids


def to_milliseconds(moment: datetime) -> int:
    """Epoch milliseconds, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """The aware UTC moment of epoch milliseconds."""
    return _EPOCH + int(milliseconds) * _MILLISECOND


def _floor_utc(moment: datetime, level: Resolution) -> datetime:
    return moment - (moment - _EPOCH) % LENGTHS[level]


def bucket_edges(window: Window) -> Milliseconds:
    """The bounds of a window's buckets: int64 epoch ms, the starts of all n buckets and the end of the last, n + 1.

    The array is shared and read-only.
    """
    return _edges(window.start, window.end, window.resolution, None if window.source == "day" else window.zone)


def bucket_starts(window: Window) -> Milliseconds:
    """The starts of a window's buckets: int64 epoch ms, ascending, from the one that ``start`` lies in, before ``end``.

    The array is shared and read-only.
    """
    return bucket_edges(window)[:-1]


@lru_cache(maxsize=256)
def _edges(start: datetime, end: datetime, resolution: Resolution, zone: ZoneInfo | None) -> Milliseconds:
    if resolution == "day" and zone is not None:
        edges = np.array([to_milliseconds(day) for day in _day_edges(start, end, zone)], dtype=np.int64)
    else:
        length = LENGTHS[resolution] // _MILLISECOND
        first = to_milliseconds(_floor_utc(start, resolution))
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


# Comparisons


def comparison_edges(window: Window, comparison: Comparison) -> Milliseconds:
    """For each of a window's bucket edges the one that it is compared with: int64 epoch ms, same length.

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


def compared_span(window: Window, comparison: Comparison) -> Span:
    """The time that a window is compared with. Days and weeks go by the wall clock of the zone, as its buckets do."""
    if window.resolution == "day" or comparison != "period":
        days = _days_back(window, comparison) if window.resolution == "day" else _COMPARED_DAYS[comparison]
        zone = ZoneInfo("UTC") if window.days_are_utc else window.zone
        return Span(shift(window.start, -days, "d", zone), shift(window.end, -days, "d", zone))
    length = LENGTHS[window.resolution]
    back = -(-window.span.length // length) * length
    return Span(window.start - back, window.end - back)


def _days_back(window: Window, comparison: Comparison) -> int:
    # Rounded: a range of 30 days may be an hour longer or shorter than 720 hours.
    return _COMPARED_DAYS.get(comparison) or max(1, round(window.span.length / LENGTHS["day"]))


def _days_earlier(edges: Milliseconds, days: int, utc: bool, zone: ZoneInfo) -> Milliseconds:
    """The starts of the days so many days earlier."""
    if utc:
        return edges - days * _DAY
    dates = (from_milliseconds(edge).astimezone(zone).date() for edge in edges)
    return np.array([to_milliseconds(midnight(day - timedelta(days=days), zone)) for day in dates], dtype=np.int64)


def _clock_earlier(edges: Milliseconds, days: int, zone: ZoneInfo) -> Milliseconds:
    """The same wall-clock times so many days earlier, bucket for bucket."""
    first, last = int(edges[0]) - (days + 1) * _DAY, int(edges[-1]) + 2 * _DAY
    offsets = {_offset(from_milliseconds(probe), zone) for probe in range(first, last, _DAY)}
    if len(offsets) == 1:
        return edges - days * _DAY
    return np.array([_wall_earlier(from_milliseconds(edge), days, zone) for edge in edges], dtype=np.int64)


def _wall_earlier(moment: datetime, days: int, zone: ZoneInfo) -> int:
    earlier = shift(moment, -days, "d", zone)
    wall = moment.astimezone(zone).replace(tzinfo=None, fold=0) - timedelta(days=days)
    exists = earlier.astimezone(zone).replace(tzinfo=None, fold=0) == wall
    return to_milliseconds(earlier) if exists else NO_BUCKET
