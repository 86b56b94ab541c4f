"""From a range to the window that is drawn: its step, and the level of buckets that it is read from."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

import numpy as np

from db.levels import BucketType
from metrics_dash.charts.timerange.grid import Milliseconds, edges_between, from_milliseconds
from metrics_dash.charts.timerange.parse import RangeError, TimeRange
from metrics_dash.charts.timerange.steps import STEPS, Step

LINE_POINTS = 300
"""What a line has at most where nobody chose a step."""
MAX_POINTS = 5_000
"""What may be asked for by hand."""
FEW_BUCKETS = 20
"""Of a live window with no more, the first is drawn although only a part of it was asked for."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UTC = ZoneInfo("UTC")
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RetainedSince:
    """The moment from which each level is still complete, aware UTC; None where nothing was ever purged."""

    raw: datetime | None = None
    minute: datetime | None = None
    hour: datetime | None = None
    day: datetime | None = None

    def since(self, level: BucketType) -> datetime | None:
        """Return from when on buckets of ``level`` are held; None for as long as there have been any."""
        return cast(datetime | None, getattr(self, level))

    def holds(self, level: BucketType, moment: datetime) -> bool:
        """Return whether the buckets of ``level`` from ``moment`` on are all still there."""
        since = self.since(level)
        return since is None or since <= moment


@dataclass(frozen=True, slots=True)
class Window:
    """What a chart shows: whole buckets of ``step`` from ``start`` to ``end`` (excluded, aware UTC), in ``zone``.

    ``asked``: the range that was asked for. A fixed one is widened to whole buckets. A ``live`` one ends now, and
    begins with the first bucket that lies in it whole; with the one that its start lies in, where it has few buckets.
    So start and end name exactly what a total counts.
    ``source``: the level of the buckets that it is read from. ``chosen``: the step was asked for, and is kept. ``note``
    says in a sentence why the step is not the one that was asked for.
    """

    start: datetime
    end: datetime
    step: Step
    zone: ZoneInfo
    asked: TimeRange
    source: BucketType = "minute"
    chosen: bool = False
    note: str | None = None

    @property
    def live(self) -> bool:
        """Whether its end is now, and moves on."""
        return self.asked.live

    @property
    def span(self) -> TimeRange:
        """The window as a range."""
        return TimeRange(self.start, self.end, self.live)

    @property
    def length(self) -> timedelta:
        """How much time it is of: as it was asked for, where that was by length; else that of its buckets."""
        return (self.asked if self.asked.by_length else self.span).length

    @property
    def days_are_utc(self) -> bool:
        """Whether the days drawn are UTC days although the zone has others: nothing finer is held any more."""
        return self.step.is_of_days and self.source == "day" and not _is_utc(self.zone, self.span)

    @property
    def calendar(self) -> ZoneInfo:
        """The zone whose calendar its buckets follow."""
        return _calendar(self.source, self.zone)


def choose_window(
    asked: TimeRange, zone: ZoneInfo, held: RetainedSince, step: Step | None = None, points: int = LINE_POINTS
) -> Window:
    """Return the window for a range: by itself the finest step that gives at most ``points`` buckets and is held.

    A step that was asked for is kept where it is held and gives at most ``MAX_POINTS`` buckets; else the next coarser
    one is taken, and the window's ``note`` says why. Where even days are held only in part, days are drawn. Raises
    ``RangeError`` for a range of more than ``MAX_POINTS`` days.
    """
    if asked.length > MAX_POINTS * _DAY:
        raise RangeError(f"the range has {asked.length.days:,} days; at most {MAX_POINTS:,} can be drawn")
    reason: str | None = None
    window: Window | None = None
    for candidate in STEPS[0 if step is None else STEPS.index(step) :]:
        if _has_room(candidate, asked, step, points):
            window = _held_window(candidate, asked, zone, held)
            if window is not None:
                break
            reason = reason or f"{candidate.plural} are held only since {_held_since(candidate, asked, zone, held)}"
        elif step is not None:
            reason = reason or f"{candidate.plural} would be more than {MAX_POINTS:,} points"
    # There is always room for months, and of those what is held is drawn.
    assert window is not None
    return replace(window, chosen=step is not None, note=_note(window, reason, held))


def allowed_steps(asked: TimeRange, zone: ZoneInfo, held: RetainedSince) -> list[Step]:
    """Return the steps that may be chosen for a range: no longer than it, of at most ``MAX_POINTS`` buckets, held."""
    return [
        step
        for step in STEPS
        if step.length <= asked.length
        and _has_room(step, asked, step, MAX_POINTS)
        and _held_window(step, asked, zone, held) is not None
    ]


# Shapes that fill their buckets from side to side, so that each has to be wide enough to be seen.
FILLING = frozenset({"bar", "heatmap"})


class TabWindows(NamedTuple):
    """The windows of a tab: of one range, which ``lines`` name; and ``bars``, of what fills its buckets."""

    lines: Window
    bars: Window

    def of(self, shape: str) -> Window:
        """Return the window of a chart that is drawn as ``shape``."""
        return self.bars if shape in FILLING else self.lines


def fit_bars(window: Window, held: RetainedSince, bars: int) -> TabWindows:
    """Return the windows of a tab with at most ``bars`` bars.

    Both count the same events, so the lines' range is that of the longer bars. Where these are not made of whole
    buckets of the lines, all have the bars' step. A step that somebody chose is kept for both.
    """
    if window.chosen or window.asked.length <= (bars - 1) * window.step.length:
        return TabWindows(window, window)
    fewer = choose_window(window.asked, window.zone, held, points=bars)
    lines = replace(window, start=fewer.start, end=fewer.end)
    nested = bool(np.isin(bucket_starts(fewer), bucket_starts(lines)).all()) and held.holds(lines.source, lines.start)
    return TabWindows(lines if nested else fewer, fewer)


def bucket_edges(window: Window) -> Milliseconds:
    """Return the bounds of a window's buckets: int64 epoch ms, the starts of all n and the end of the last, n + 1.

    The array is shared and read-only.
    """
    return edges_between(window.start, window.end, window.step, window.calendar)


def bucket_starts(window: Window) -> Milliseconds:
    """Return the starts of a window's buckets: int64 epoch ms, ascending. The array is shared and read-only."""
    return bucket_edges(window)[:-1]


def snap(moment: datetime, tick: timedelta) -> datetime:
    """Return the last tick at or before ``moment``. Ranges are read at this time, so all viewers share one window."""
    return moment.astimezone(UTC) - (moment - _EPOCH) % tick


def _note(window: Window, reason: str | None, held: RetainedSince) -> str | None:
    since = held.since(window.source)
    if since is not None and window.start < since < window.end:
        return f"Nothing is held of the time before {since:%Y-%m-%d %H:%M} UTC."
    return None if reason is None else f"Shown in {window.step.plural}: {reason}."


def _has_room(candidate: Step, asked: TimeRange, step: Step | None, points: int) -> bool:
    """Return whether a range has no more buckets than there may be. The first and the last may lie in it in part."""
    most = points - 1 if step is None else MAX_POINTS
    return candidate is STEPS[-1] or asked.length <= most * candidate.length


def _held_window(step: Step, asked: TimeRange, zone: ZoneInfo, held: RetainedSince) -> Window | None:
    """Return a step's window, read from the coarsest level that is held and from which its buckets can be added up
    exactly; None where nothing fine enough is held. Days as a last resort are those of UTC."""
    for level in _sources(step, asked, zone):
        window = _snapped(asked, step, zone, level)
        if held.holds(level, window.start):
            return window
    return _snapped(asked, step, zone, "day") if step.is_of_days else None


def _snapped(asked: TimeRange, step: Step, zone: ZoneInfo, source: BucketType) -> Window:
    calendar = _calendar(source, zone)
    edges = edges_between(asked.start, asked.end, step, calendar)
    start, end = from_milliseconds(edges[0]), from_milliseconds(edges[-1])
    if not asked.live:
        return Window(start, end, step, zone, asked, source)
    inside = from_milliseconds(edges[1])
    if start < asked.start and len(edges) - 1 > FEW_BUCKETS and _is_edge(inside, asked.end, step, calendar):
        start = inside
    return Window(start, asked.end, step, zone, asked, source)


def _is_edge(moment: datetime, end: datetime, step: Step, calendar: ZoneInfo) -> bool:
    """Return whether buckets counted from ``moment`` on begin there: not where clocks just changed by half an hour."""
    return from_milliseconds(edges_between(moment, end, step, calendar)[0]) == moment


def _calendar(source: BucketType, zone: ZoneInfo) -> ZoneInfo:
    return _UTC if source == "day" else zone


def _sources(step: Step, asked: TimeRange, zone: ZoneInfo) -> list[BucketType]:
    """Return the levels from which a step's buckets can be added up exactly, the coarsest first."""
    edges = edges_between(asked.start, asked.end, step, zone)
    span = TimeRange(from_milliseconds(edges[0]), from_milliseconds(edges[-1]))
    # Also what it may be compared with.
    around = TimeRange(span.start - max(span.length, 7 * _DAY), span.end)
    levels: list[BucketType] = ["minute"]
    if step.length >= _HOUR and _whole_hours(zone, around):
        levels.insert(0, "hour")
    if step.is_of_days and _is_utc(zone, around):
        levels.insert(0, "day")
    return levels


def _held_since(step: Step, asked: TimeRange, zone: ZoneInfo, held: RetainedSince) -> str:
    """Return from when on a step's buckets can be added up, of levels that are not held for ever."""
    moments = [held.since(level) or _EPOCH for level in _sources(step, asked, zone)]
    return f"{min(moments):%Y-%m-%d %H:%M} UTC"


def _whole_hours(zone: ZoneInfo, span: TimeRange) -> bool:
    return zone.key == "UTC" or all(not offset % _HOUR for offset in _offsets(zone, span))


def _is_utc(zone: ZoneInfo, span: TimeRange) -> bool:
    return zone.key == "UTC" or not any(_offsets(zone, span))


def _offsets(zone: ZoneInfo, span: TimeRange) -> frozenset[timedelta]:
    """Return the offsets from UTC in use in a range, and on a day around it."""
    return _offsets_of_days(zone, (span.start - _EPOCH) // _DAY - 1, (span.end - _EPOCH) // _DAY + 2)


@lru_cache(maxsize=256)
def _offsets_of_days(zone: ZoneInfo, first: int, last: int) -> frozenset[timedelta]:
    """Return the offsets from UTC at the beginning of each day of UTC, as numbers since the epoch."""
    moments = (_EPOCH + day * _DAY for day in range(first, last + 1))
    return frozenset(cast(timedelta, moment.astimezone(zone).utcoffset()) for moment in moments)
