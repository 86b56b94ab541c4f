"""From a range to the window that is drawn: its resolution, and the level of buckets that it is read from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, cast
from zoneinfo import ZoneInfo

from db.levels import BUCKET_TYPES, WIDTHS, BucketType
from metrics_dash.charts.timerange.parse import RangeError, TimeRange, midnight

Resolution = BucketType
RESOLUTIONS = BUCKET_TYPES
LENGTHS = WIDTHS
# Up to which length of range a resolution is chosen by itself; longer ones are drawn in days.
CHOSEN_UP_TO: Mapping[Resolution, timedelta] = {"minute": timedelta(hours=48), "hour": timedelta(days=14)}
MAX_POINTS = 5_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RetainedSince:
    """The moment from which each level is still complete, aware UTC; None where nothing was ever purged."""

    raw: datetime | None = None
    minute: datetime | None = None
    hour: datetime | None = None
    day: datetime | None = None

    def since(self, level: Resolution) -> datetime | None:
        """Return from when on buckets of ``level`` are held; None for as long as there have been any."""
        return cast(datetime | None, getattr(self, level))

    def holds(self, level: Resolution, moment: datetime) -> bool:
        """Return whether the buckets of ``level`` from ``moment`` on are all still there."""
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
    def span(self) -> TimeRange:
        return TimeRange(self.start, self.end, self.live)

    @property
    def days_are_utc(self) -> bool:
        """Whether the days drawn are UTC days although the zone has others: nothing finer is held any more."""
        return self.resolution == "day" and self.source == "day" and not _is_utc(self.zone, self.span)


def choose_resolution(
    span: TimeRange, zone: ZoneInfo, held: RetainedSince, resolution: Literal["auto"] | Resolution = "auto"
) -> Window:
    """Return the window for a span: resolution by length (48 h in minutes, 14 d in hours), and by what is still held.

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
        elif candidate != "day" and not held.holds(candidate, floor_utc(span.start, candidate)):
            reasons.append(f"{candidate}s are held only since {held.since(candidate):%Y-%m-%d %H:%M} UTC")
        else:
            break
    note = f"Shown in {candidate}s: {'; '.join(reasons)}." if reasons else None
    source = _source_of_days(span, zone, held) if candidate == "day" else candidate
    return Window(span.start, span.end, candidate, zone, span.live, source, note)


def _by_length(span: TimeRange) -> Resolution:
    return next((level for level, longest in CHOSEN_UP_TO.items() if span.length <= longest), "day")


def _source_of_days(span: TimeRange, zone: ZoneInfo, held: RetainedSince) -> Resolution:
    """Return the coarsest level from which the zone's days of a span can be added up exactly; UTC days as a last
    resort."""
    if _is_utc(zone, span):
        return "day"
    first = midnight(span.start.astimezone(zone).date(), zone)
    whole_hours = all(offset % timedelta(hours=1) == timedelta(0) for offset in _offsets(zone, span))
    if whole_hours and held.holds("hour", first):
        return "hour"
    return "minute" if held.holds("minute", first) else "day"


def _is_utc(zone: ZoneInfo, span: TimeRange) -> bool:
    return zone.key == "UTC" or all(offset == timedelta(0) for offset in _offsets(zone, span))


def _offsets(zone: ZoneInfo, span: TimeRange) -> Iterator[timedelta]:
    """Return the offsets from UTC in use on each day of a span, a day around it included."""
    first = span.start - LENGTHS["day"]
    days = (span.end - first) // LENGTHS["day"] + 2
    return (offset_at(first + number * LENGTHS["day"], zone) for number in range(days))


def offset_at(moment: datetime, zone: ZoneInfo) -> timedelta:
    return cast(timedelta, moment.astimezone(zone).utcoffset())


def snap(moment: datetime, tick: timedelta) -> datetime:
    """Return the last tick at or before ``moment``. Ranges are read at this time, so all viewers share one window a
    tick."""
    return moment.astimezone(UTC) - (moment - EPOCH) % tick


def floor_utc(moment: datetime, level: Resolution) -> datetime:
    return moment - (moment - EPOCH) % LENGTHS[level]
