"""Moments and ranges as people write them, and going from one range to another. Pure functions, aware UTC."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from metrics_dash.setting_values import UNITS

Comparison = Literal["period", "day", "week"]
COMPARISONS: Mapping[Comparison, str] = {"period": "previous period", "day": "previous day", "week": "previous week"}
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class RangeError(ValueError):
    """A moment or a range that can't be used. The message quotes it.

    ``parameter``: ``range``, ``from`` or ``to``, where one of them is to blame.
    """

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


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
# Plain words for a range: title, the calendar's unit, and how many of them back it begins. What has not ended ends now.
PERIODS: Mapping[str, tuple[str, str, int]] = {
    "today": ("Today", "d", 0),
    "yesterday": ("Yesterday", "d", 1),
    "this-week": ("This week", "w", 0),
    "last-week": ("Last week", "w", 1),
    "this-month": ("This month", "M", 0),
    "last-month": ("Last month", "M", 1),
}


@dataclass(frozen=True, slots=True)
class TimeRange:
    """``start`` to ``end`` (excluded), aware UTC. ``live``: the end is now, and moves on. ``by_length``: it was asked
    for as so much time up to now, and is called by that."""

    start: datetime
    end: datetime
    live: bool = False
    by_length: bool = False

    @property
    def length(self) -> timedelta:
        return self.end - self.start


_UNIT = "min|[smhdwMy]"
_RELATIVE = re.compile(rf"now(?:([+-])(\d{{1,6}})({_UNIT}))?(?:/({_UNIT}))?", re.ASCII)
_DURATION = re.compile(rf"\d{{1,6}}(?:{_UNIT})", re.ASCII)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# A period that began this very moment is not empty.
_LEAST_PERIOD = timedelta(minutes=1)
_EXACT_UNITS = {name: UNITS[name] for name in ("s", "m", "min", "h")}
_MONTHS = {"M": 1, "y": 12}
_DAYS = {"d": 1, "w": 7}


def parse_moment(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Read an RFC 3339 moment or an expression such as ``now-6h`` or ``now-7d/d``; aware UTC.

    Units are ``s m h d w M y``; ``min`` is ``m``, too. Seconds, minutes and hours are exact; days and longer keep
    the wall clock of ``zone``. ``/unit`` rounds down to the start of the unit in ``zone`` (a week starts on Monday).
    Raises ``RangeError``.
    """
    stripped = text.strip()
    if "T" in stripped:
        # In a query string that was not encoded, the plus of an offset arrives as a space.
        stripped = stripped.replace(" ", "+")
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
) -> TimeRange:
    """Read a range: its ``length`` up to now (``24h``), one of ``PERIODS`` or a date, such as ``yesterday`` or
    ``2026-01-31``; or ``start`` and ``end``, each a moment as ``parse_moment`` reads it or the start of such a period
    and the end of one.

    ``end`` is now by default, and ``start`` 24 hours before the end; they win over ``length``. Periods are the
    calendar's of ``zone``, weeks from Monday. The span is live when its end is ``now``.
    Raises ``RangeError`` quoting what is wrong, also where the start is not before the end.
    """
    if length and not start and not end:
        if not _DURATION.fullmatch(length.strip()):
            period = parse_period(length, now, zone)
            if period is None:
                raise RangeError(f"{length!r} is not a range such as 24h or 7d", "range")
            return period
        start = f"now-{length.strip()}"
    end = end or "now"
    last = _bound("to", end, now, zone)
    first = _bound("from", start, now, zone) if start else last - timedelta(hours=24)
    if first >= last:
        raise RangeError(f"the range from {start!r} to {end!r} is empty: its start is not before its end", "from")
    live = end.strip() == "now"
    return TimeRange(first, last, live=live, by_length=live and (not start or _is_length(start)))


def _is_length(start: str) -> bool:
    """Return whether a range from then to now is a length, as from ``now-24h``; from ``now/d`` it grows."""
    found = _RELATIVE.fullmatch(start.strip())
    return found is not None and found[4] is None


def parse_period(text: str, now: datetime, zone: ZoneInfo) -> TimeRange | None:
    """Return a range that plain words name: one of ``PERIODS``, also with spaces, or a date; None where it is neither.

    What has not ended yet ends now and is live; a date stands still.
    """
    words = "-".join(text.lower().split())
    if words in PERIODS:
        _, unit, back = PERIODS[words]
        start = round_down(now, unit, zone)
        if back == 0:
            return TimeRange(start, max(now, start + _LEAST_PERIOD), live=True)
        return TimeRange(shift(start, -back, unit, zone), start)
    if not _DATE.fullmatch(text.strip()):
        return None
    try:
        day = date.fromisoformat(text.strip())
        start, end = (_checked(midnight(each, zone), text) for each in (day, day + timedelta(days=1)))
    except (ValueError, OverflowError):
        return None
    return TimeRange(start, end)


def _bound(parameter: Literal["from", "to"], text: str, now: datetime, zone: ZoneInfo) -> datetime:
    period = parse_period(text, now, zone)
    if period is not None:
        return period.start if parameter == "from" else period.end
    try:
        return parse_moment(text, now, zone)
    except RangeError as error:
        raise RangeError(str(error), parameter) from None


def shift(moment: datetime, number: int, unit: str, zone: ZoneInfo) -> datetime:
    """Return ``moment`` plus ``number`` units; days, weeks, months and years keep the wall clock of ``zone``; aware
    UTC.

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
    """Return the start of the second, minute, hour, day, week (Monday), month or year that ``moment`` lies in; aware
    UTC.

    Hours are the wall clock's: at +5:45 an hour starts 45 minutes into an hour of UTC.
    """
    local = moment.astimezone(zone)
    if unit in _EXACT_UNITS:
        since_the_hour = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return moment.astimezone(UTC) - since_the_hour % _EXACT_UNITS[unit]
    day = local.date()
    starts = {
        "d": day,
        "w": day - timedelta(days=day.weekday()),
        "M": day.replace(day=1),
        "y": day.replace(month=1, day=1),
    }
    return midnight(starts[unit], zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which ``day`` begins in ``zone``, aware UTC; where 0:00 is skipped, the moment of the
    change."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def step(span: TimeRange, steps: int, now: datetime, zone: ZoneInfo) -> TimeRange:
    """Return the span moved by ``steps`` of its own lengths (negative: back). One that would reach past now ends now,
    live.

    A span of whole days of ``zone`` moves by days, so that it stays whole across a change of the clocks.
    """
    if steps == 0:
        return span
    days = _whole_days(span, zone)
    if days:
        moved = TimeRange(shift(span.start, steps * days, "d", zone), shift(span.end, steps * days, "d", zone))
    else:
        moved = TimeRange(span.start + steps * span.length, span.end + steps * span.length)
    return moved if moved.end < now else TimeRange(now - span.length, now, live=True)


def zoom_out(span: TimeRange, now: datetime) -> TimeRange:
    """Return twice the span around its middle; one that would reach past now ends now, and a live one stays live."""
    half = span.length / 2
    end = span.end + half
    if span.live or end >= now:
        end = max(now, span.end)
    return TimeRange(max(end - 2 * span.length, _EARLIEST), end, live=span.live)


def _whole_days(span: TimeRange, zone: ZoneInfo) -> int:
    """Return how many of the zone's days a span consists of, 0 where it does not begin and end at midnight."""
    first, last = span.start.astimezone(zone).date(), span.end.astimezone(zone).date()
    whole = midnight(first, zone) == span.start and midnight(last, zone) == span.end
    return (last - first).days if whole else 0
