"""From a range to its window: resolutions by length and by what is held."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_dash.charts.timerange.grid import bucket_starts, to_milliseconds
from metrics_dash.charts.timerange.parse import RangeError, TimeRange
from metrics_dash.charts.timerange.windows import (
    LENGTHS,
    MAX_POINTS,
    RESOLUTIONS,
    RetainedSince,
    choose_resolution,
    snap,
)
from tests.support.times import BERLIN, EVERYTHING, KATHMANDU, NOW, UTC_ZONE, at, hours_of_days, moments, window_of


@given(moments, st.integers(1, 3600))
def test_all_who_ask_within_a_tick_get_the_same_moment(moment: datetime, seconds: int) -> None:
    tick = timedelta(seconds=seconds)
    snapped = snap(moment, tick)
    assert snapped <= moment < snapped + tick
    assert snap(snapped, tick) == snapped


@pytest.mark.parametrize(
    ("hours", "resolution"), [(1, "minute"), (48, "minute"), (48.1, "hour"), (14 * 24, "hour"), (14 * 24 + 1, "day")]
)
def test_the_resolution_follows_the_length(hours: float, resolution: str) -> None:
    span = TimeRange(NOW - timedelta(hours=hours), NOW)
    assert choose_resolution(span, UTC_ZONE, EVERYTHING).resolution == resolution


def test_an_hour_of_last_month_is_drawn_from_hours() -> None:
    held = RetainedSince(minute=NOW - timedelta(days=14), hour=NOW - timedelta(days=90))
    month_ago = NOW - timedelta(days=30)
    window = choose_resolution(TimeRange(month_ago, month_ago + timedelta(hours=1)), UTC_ZONE, held)
    assert window.resolution == "hour"
    assert window.note is not None
    assert "held only since" in window.note
    assert len(bucket_starts(window)) == 2


def test_a_resolution_that_was_asked_for_is_honoured() -> None:
    span = TimeRange(NOW - timedelta(hours=6), NOW)
    assert choose_resolution(span, UTC_ZONE, EVERYTHING, "day").resolution == "day"
    assert (
        choose_resolution(TimeRange(NOW - timedelta(days=3), NOW), UTC_ZONE, EVERYTHING, "minute").resolution
        == "minute"
    )


def test_too_many_points_fall_back_and_say_so() -> None:
    window = choose_resolution(TimeRange(NOW - timedelta(days=30), NOW), UTC_ZONE, EVERYTHING, "minute")
    assert window.resolution == "hour"
    assert window.note == "Shown in hours: minutes would be more than 5,000 points."


def test_a_range_of_too_many_days_is_refused() -> None:
    with pytest.raises(RangeError, match=f"{MAX_POINTS:,}"):
        choose_resolution(TimeRange(NOW - timedelta(days=MAX_POINTS + 1), NOW), UTC_ZONE, EVERYTHING)


def test_kathmandus_days_are_added_up_from_minutes() -> None:
    window = window_of("2026-03-01T00:00+05:45", "2026-03-04T00:00+05:45", KATHMANDU, resolution="day")
    assert window.source == "minute"
    assert hours_of_days(window) == [24, 24, 24]
    assert bucket_starts(window)[0] == to_milliseconds(at("2026-02-28T18:15+00:00"))


def test_days_are_utc_where_nothing_finer_is_left() -> None:
    held = RetainedSince(minute=at("2026-03-17T00:00+00:00"), hour=at("2026-01-01T00:00+00:00"))
    long_ago = ("2025-11-01T00:00+01:00", "2025-12-01T00:00+01:00")
    assert window_of(*long_ago, BERLIN, held).days_are_utc
    assert not window_of(*long_ago, UTC_ZONE, held).days_are_utc
    assert not window_of("2026-02-01T00:00+01:00", "2026-03-01T00:00+01:00", BERLIN, held).days_are_utc
    assert window_of("2026-02-01T00:00+05:45", "2026-03-01T00:00+05:45", KATHMANDU, held).days_are_utc
    utc_days = bucket_starts(window_of(*long_ago, BERLIN, held))
    assert (utc_days % 86_400_000 == 0).all()


def test_lengths_are_those_of_their_names() -> None:
    assert [LENGTHS[name] for name in RESOLUTIONS] == [timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)]
