"""A range as the button that opens the times names it: ``Last 24 hours``, ``Yesterday``, ``18–20 Nov``."""

from datetime import datetime, timedelta

from layouts.words import length_text
from metrics_dash.charts.timerange.parse import PERIODS, PRESETS
from metrics_dash.charts.timerange.windows import Window
from metrics_dash.web.address import PageState

_MIDNIGHT = (0, 0)


def range_name(window: Window, said: PageState, now: datetime) -> str:
    """Return what was asked for, in the words of who asked; two moments by the calendar of the window's zone."""
    if not said.from_ and not said.to:
        known = {preset.key: preset.title for preset in PRESETS} | {key: title for key, (title, *_) in PERIODS.items()}
        name = known.get("-".join(said.range.lower().split()))
        if name is not None:
            return name
    asked = window.asked
    start, end = (moment.astimezone(window.zone) for moment in (asked.start, asked.end))
    if asked.live:
        # From the start of a day, or the like: it grows, and is no length.
        return _since(start, now) if _is_rounded(said.from_ or "") else f"Last {length_text(asked.length)}"
    return _between(start, end, now.astimezone(window.zone))


def _is_rounded(text: str) -> bool:
    return bool(text) and ("/" in text or not text.startswith("now"))


def _since(start: datetime, now: datetime) -> str:
    return f"Since {_moment(start, now.astimezone(start.tzinfo))}"


def _between(start: datetime, end: datetime, now: datetime) -> str:
    if (start.hour, start.minute) == (end.hour, end.minute) == _MIDNIGHT:
        return _days(start, end - timedelta(minutes=1), now)
    if start.date() == end.date():
        return f"{_moment(start, now)} – {end:%H:%M}"
    return f"{_moment(start, now)} – {_moment(end, now)}"


def _days(first: datetime, last: datetime, now: datetime) -> str:
    """Return ``18 Nov``, ``18–20 Nov``, ``30 Oct – 2 Nov``; with the year where that is another."""
    if first.date() == last.date():
        return _day(last, now)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{_day(last, now)}"
    if first.year == last.year:
        return f"{first.day} {first:%b} – {_day(last, now)}"
    return f"{first.day} {first:%b} {first.year} – {last.day} {last:%b} {last.year}"


def _day(local: datetime, now: datetime) -> str:
    return f"{local.day} {local:%b}" + (f" {local.year}" if local.year != now.year else "")


def _moment(local: datetime, now: datetime) -> str:
    return _day(local, now) + (f" {local:%H:%M}" if (local.hour, local.minute) != _MIDNIGHT else "")
