"""Moments and ranges as people write them, and steps from one to the next."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_dash.charts.timerange.parse import (
    PERIODS,
    PRESETS,
    RangeError,
    TimeRange,
    midnight,
    parse_moment,
    parse_range,
    round_down,
    shift,
    step,
    zoom_out,
)
from tests.support.times import BERLIN, CAIRO, NOW, UTC_ZONE, ZONES, at, moments, zones


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", "2026-03-31T12:34:56.789+00:00"),
        ("now-6h", "2026-03-31T06:34:56.789+00:00"),
        ("now+90s", "2026-03-31T12:36:26.789+00:00"),
        ("now/m", "2026-03-31T12:34+00:00"),
        ("now/d", "2026-03-31T00:00+02:00"),
        ("now-7d/d", "2026-03-24T00:00+01:00"),
        ("now-7d", "2026-03-24T14:34:56.789+01:00"),
        ("now-1w/w", "2026-03-23T00:00+01:00"),
        ("now-1M", "2026-02-28T14:34:56.789+01:00"),
        ("now/M", "2026-03-01T00:00+01:00"),
        ("now-1y/y", "2025-01-01T00:00+01:00"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00+00:00"),
        ("2026-01-31t12:00:00.5+05:45", "2026-01-31T06:15:00.5+00:00"),
    ],
)
def test_a_moment_is_read_in_the_zone(text: str, moment: str) -> None:
    assert parse_moment(text, NOW, BERLIN) == at(moment)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "now-", "now-6", "now-6q", "now - 6h", "2026-01-31", "2026-01-31T12:00:00", "now-9999y",
     "2026-02-30T00:00:00Z", "1969-01-01T00:00:00Z", "now-6h/5m"],
)  # fmt: skip
def test_what_is_not_a_moment_is_quoted(text: str) -> None:
    with pytest.raises(RangeError) as error:
        parse_moment(text, NOW, BERLIN)
    assert repr(text) in str(error.value)


@given(moments, zones, st.sampled_from("smhdwMy"))
def test_rounding_down_is_idempotent_and_never_goes_up(moment: datetime, zone: ZoneInfo, unit: str) -> None:
    rounded = round_down(moment, unit, zone)
    assert rounded <= moment
    assert round_down(rounded, unit, zone) == rounded


@given(moments, zones, st.integers(-400, 400))
def test_days_keep_the_wall_clock(moment: datetime, zone: ZoneInfo, days: int) -> None:
    wall = moment.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(days=days)
    moved = shift(moment, days, "d", zone).astimezone(zone).replace(tzinfo=None, fold=0)
    skipped = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) != wall
    assert moved == wall or skipped


def test_a_day_begins_where_midnight_is_skipped() -> None:
    # In Cairo the clocks went from 0:00 to 1:00 on 2023-04-28.
    assert midnight(date(2023, 4, 28), CAIRO) == at("2023-04-27T22:00+00:00")
    assert midnight(date(2023, 4, 28), CAIRO).astimezone(CAIRO).hour == 1


def test_every_preset_is_a_live_range_up_to_now() -> None:
    for preset in PRESETS:
        span = parse_range(preset.key, now=NOW, zone=UTC_ZONE)
        assert span.live
        assert span.end == NOW
    assert [preset.key for preset in PRESETS] == ["1h", "6h", "24h", "7d", "30d"]


def test_a_range_with_a_fixed_end_is_not_live() -> None:
    assert not parse_range(start="now-7d/d", end="now/d", now=NOW, zone=BERLIN).live
    assert not parse_range(start="2026-03-01T00:00:00Z", end="2026-03-02", now=NOW, zone=BERLIN).live


@pytest.mark.parametrize("start", ["now/d", "2026-03-01T00:00:00Z", "2026-03-01"])
def test_a_range_that_ends_now_is_live_wherever_it_begins(start: str) -> None:
    span = parse_range(start=start, end="now", now=NOW, zone=BERLIN)
    assert (span.live, span.end) == (True, NOW)


@pytest.mark.parametrize(
    ("range_", "start", "end", "by_length"),
    [
        ("24h", None, None, True),
        (None, None, "now", True),
        (None, "now-26h", " now ", True),
        (None, "now-2d/d", "now", False),
        (None, "now/d", "now", False),
        (None, "2026-03-01T00:00:00Z", "now", False),
        (None, "2026-03-01", "now", False),
        (None, "now-26h", "now-2h", False),
        ("today", None, None, False),
        ("yesterday", None, None, False),
    ],
)
def test_a_length_up_to_now_is_called_by_it(
    range_: str | None, start: str | None, end: str | None, by_length: bool
) -> None:
    assert parse_range(range_, start=start, end=end, now=NOW, zone=UTC_ZONE).by_length is by_length


def test_from_and_to_win_over_a_length() -> None:
    span = parse_range("1h", start="now-2h", now=NOW, zone=BERLIN)
    assert span.length == timedelta(hours=2)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        # NOW is a Tuesday, two days after the clocks of Berlin went forward.
        ("today", "2026-03-31T00:00+02:00", NOW.isoformat()),
        ("yesterday", "2026-03-30T00:00+02:00", "2026-03-31T00:00+02:00"),
        ("this week", "2026-03-30T00:00+02:00", NOW.isoformat()),
        ("last-week", "2026-03-23T00:00+01:00", "2026-03-30T00:00+02:00"),
        (" This  Month ", "2026-03-01T00:00+01:00", NOW.isoformat()),
        ("last month", "2026-02-01T00:00+01:00", "2026-03-01T00:00+01:00"),
        ("2026-03-29", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"),
        ("2025-10-26", "2025-10-26T00:00+02:00", "2025-10-27T00:00+01:00"),
    ],
)
def test_plain_words_and_dates_are_ranges_of_the_zones_calendar(text: str, start: str, end: str) -> None:
    span = parse_range(text, now=NOW, zone=BERLIN)
    assert (span.start, span.end) == (at(start), at(end))
    assert span.live == (end == NOW.isoformat())


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", PERIODS)
def test_a_period_that_begins_this_very_moment_is_not_empty(text: str, zone: ZoneInfo) -> None:
    now = midnight(date(2026, 6, 1), zone)  # a Monday, the first of a month
    span = parse_range(text, now=now, zone=zone)
    assert span.length > timedelta(0)
    assert span.live == text.startswith(("to", "this"))


@given(moments, zones)
def test_what_was_before_ends_where_what_is_now_begins(now: datetime, zone: ZoneInfo) -> None:
    for past, present in (("yesterday", "today"), ("last-week", "this-week"), ("last-month", "this-month")):
        before, since = (parse_range(text, now=now, zone=zone) for text in (past, present))
        assert before.end == since.start <= now
    assert parse_range("this-week", now=now, zone=zone).start.astimezone(zone).weekday() == 0


def test_a_period_bounds_a_range_from_its_start_to_its_end() -> None:
    span = parse_range(start="2026-03-18", end="2026-03-20", now=NOW, zone=BERLIN)
    assert (span.start, span.end) == (at("2026-03-18T00:00+01:00"), at("2026-03-21T00:00+01:00"))
    assert not span.live
    span = parse_range(start="last week", end="yesterday", now=NOW, zone=BERLIN)
    assert (span.start, span.end) == (at("2026-03-23T00:00+01:00"), at("2026-03-31T00:00+02:00"))
    assert parse_range(start="yesterday", now=NOW, zone=BERLIN).live
    assert parse_range(start="2026-03-30", now=NOW, zone=BERLIN).live


@pytest.mark.parametrize(
    "text", ["tomorrow", "-today", "2026-02-30", "0000-01-01", "9999-12-31", "2026-1-1", "last", "２０２６-01-01"]
)
def test_what_is_no_period_is_quoted(text: str) -> None:
    with pytest.raises(RangeError, match=re.escape(repr(text))):
        parse_range(text, now=NOW, zone=BERLIN)


@pytest.mark.parametrize(
    ("length", "start", "end", "quoted"),
    [("24", None, None, "'24'"), (None, "now", "now-1h", "'now-1h'"), (None, "never", None, "'never'")],
)
def test_an_unusable_range_is_quoted(length: str | None, start: str | None, end: str | None, quoted: str) -> None:
    with pytest.raises(RangeError, match=quoted):
        parse_range(length, start=start, end=end, now=NOW, zone=UTC_ZONE)


def test_stepping_back_and_forward_comes_home() -> None:
    span = TimeRange(NOW - timedelta(hours=30), NOW - timedelta(hours=24))
    there = step(span, -3, NOW, BERLIN)
    assert there == TimeRange(span.start - timedelta(hours=18), span.end - timedelta(hours=18))
    assert step(there, 3, NOW, BERLIN) == span


def test_stepping_past_now_is_live() -> None:
    span = TimeRange(NOW - timedelta(hours=3), NOW - timedelta(hours=1))
    assert step(span, 1, NOW, BERLIN) == TimeRange(NOW - timedelta(hours=2), NOW, live=True)


def test_a_whole_day_steps_to_a_whole_day_across_a_change() -> None:
    monday = TimeRange(at("2026-03-30T00:00+02:00"), at("2026-03-31T00:00+02:00"))
    sunday = step(monday, -1, NOW, BERLIN)
    assert sunday == TimeRange(at("2026-03-29T00:00+01:00"), at("2026-03-30T00:00+02:00"))


def test_zooming_out_doubles_and_never_reaches_past_now() -> None:
    past = TimeRange(NOW - timedelta(hours=10), NOW - timedelta(hours=8))
    assert zoom_out(past, NOW) == TimeRange(NOW - timedelta(hours=11), NOW - timedelta(hours=7))
    live = zoom_out(TimeRange(NOW - timedelta(hours=1), NOW, live=True), NOW)
    assert live == TimeRange(NOW - timedelta(hours=2), NOW, live=True)
