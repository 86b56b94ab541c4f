"""From a range to its window: resolutions by length and by what is held."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.parse import RangeError, TimeRange, parse_range
from metrics_dash.charts.timerange.steps import HOUR, MINUTE, STEPS, Step, find_step
from metrics_dash.charts.timerange.windows import (
    LINE_POINTS,
    MAX_POINTS,
    RetainedSince,
    allowed_steps,
    bucket_starts,
    choose_window,
    fit_bars,
    snap,
)
from tests.support.times import (
    BERLIN,
    EVERYTHING,
    KATHMANDU,
    NOW,
    UTC_ZONE,
    at,
    hours_of_days,
    moments,
    window_of,
    zones,
)


@given(moments, st.integers(1, 3600))
def test_all_who_ask_within_a_tick_get_the_same_moment(moment: datetime, seconds: int) -> None:
    tick = timedelta(seconds=seconds)
    snapped = snap(moment, tick)
    assert snapped <= moment < snapped + tick
    assert snap(snapped, tick) == snapped


@pytest.mark.parametrize(
    ("length", "step"),
    [
        ("1h", "1m"),
        ("4h", "1m"),
        ("6h", "2m"),
        ("24h", "5m"),
        ("48h", "10m"),
        ("7d", "1h"),
        ("14d", "2h"),
        ("30d", "3h"),
        ("90d", "12h"),
        ("290d", "1d"),
        ("365d", "1w"),
        ("4000d", "1M"),
    ],
)
def test_a_line_has_at_most_300_points(length: str, step: str) -> None:
    window = choose_window(parse_range(length, now=NOW, zone=UTC_ZONE), UTC_ZONE, EVERYTHING)
    assert window.step.key == step
    assert len(bucket_starts(window)) <= LINE_POINTS
    assert window.note is None


@given(moments, st.timedeltas(timedelta(seconds=1), timedelta(days=4000)), zones, st.integers(24, 300), st.booleans())
def test_by_itself_no_window_has_more_buckets_than_there_is_room_for(
    start: datetime, length: timedelta, zone: ZoneInfo, points: int, live: bool
) -> None:
    window = choose_window(TimeRange(start, start + length, live), zone, EVERYTHING, points=points)
    assert window.step is STEPS[-1] or len(bucket_starts(window)) <= points


def test_bars_are_fewer_than_points_unless_somebody_chose_the_step() -> None:
    day = TimeRange(NOW - timedelta(days=1), NOW, live=True)
    lines, bars = fit_bars(choose_window(day, UTC_ZONE, EVERYTHING), EVERYTHING, 120)
    assert (lines.step.key, bars.step.key) == ("5m", "15m")
    chosen = choose_window(day, UTC_ZONE, EVERYTHING, MINUTE)
    assert fit_bars(chosen, EVERYTHING, 120) == (chosen, chosen)


def test_bars_that_are_no_whole_points_of_the_lines_give_these_their_step() -> None:
    lines, bars = fit_bars(
        choose_window(parse_range("6h", now=NOW, zone=UTC_ZONE), UTC_ZONE, EVERYTHING), EVERYTHING, 120
    )
    assert (lines.step.key, bars.step.key) == ("5m", "5m")


@given(moments, st.timedeltas(timedelta(seconds=1), timedelta(days=4000)), zones, st.integers(24, 300), st.booleans())
def test_lines_and_bars_of_a_tab_count_the_same_events(
    start: datetime, length: timedelta, zone: ZoneInfo, bars: int, live: bool
) -> None:
    lines, fewer = fit_bars(choose_window(TimeRange(start, start + length, live), zone, EVERYTHING), EVERYTHING, bars)
    assert (lines.start, lines.end) == (fewer.start, fewer.end)
    assert bucket_starts(lines)[0] == bucket_starts(fewer)[0] == to_milliseconds(lines.start)
    assert set(bucket_starts(fewer).tolist()) <= set(bucket_starts(lines).tolist())
    assert fewer.step is STEPS[-1] or len(bucket_starts(fewer)) <= bars


def _keys(steps: list[Step]) -> str:
    return " ".join(step.key for step in steps)


def test_the_steps_that_may_be_chosen_are_held_and_fit_the_range() -> None:
    hour = TimeRange(NOW - timedelta(hours=1), NOW, live=True)
    assert [step.key for step in allowed_steps(hour, UTC_ZONE, EVERYTHING)] == [
        "1m",
        "2m",
        "5m",
        "10m",
        "15m",
        "30m",
        "1h",
    ]
    held = RetainedSince(minute=NOW - timedelta(days=14), hour=NOW - timedelta(days=90))
    month = TimeRange(NOW - timedelta(days=40), NOW, live=True)
    assert [step.key for step in allowed_steps(month, UTC_ZONE, held)] == [
        "1h",
        "2h",
        "3h",
        "6h",
        "12h",
        "1d",
        "1w",
        "1M",
    ]
    # Hours of Kathmandu are made of minutes, which are gone; its days are not UTC's.
    assert _keys(allowed_steps(month, KATHMANDU, held)) == "1d 1w 1M"
    for step in allowed_steps(month, BERLIN, held):
        assert choose_window(month, BERLIN, held, step).step == step


def test_a_window_names_the_buckets_that_are_really_summed() -> None:
    asked = TimeRange(at("2026-03-10T10:07+00:00"), at("2026-03-10T11:03+00:00"))
    window = choose_window(asked, UTC_ZONE, EVERYTHING, find_step("15m"))
    assert (window.start, window.end) == (at("2026-03-10T10:00+00:00"), at("2026-03-10T11:15+00:00"))
    assert window.asked == asked
    live = choose_window(TimeRange(asked.start, asked.end, live=True), UTC_ZONE, EVERYTHING, find_step("15m"))
    assert (live.start, live.end) == (window.start, asked.end), "of few buckets none is left out"
    minutes = choose_window(TimeRange(asked.start + timedelta(seconds=9), asked.end, live=True), UTC_ZONE, EVERYTHING)
    assert minutes.start == at("2026-03-10T10:08+00:00"), "a minute that lies in the range in part only"


def test_an_hour_of_last_month_is_drawn_from_hours() -> None:
    held = RetainedSince(minute=NOW - timedelta(days=14), hour=NOW - timedelta(days=90))
    month_ago = NOW - timedelta(days=30)
    window = choose_window(TimeRange(month_ago, month_ago + timedelta(hours=1)), UTC_ZONE, held)
    assert window.step == HOUR
    assert window.note is not None
    assert "held only since" in window.note
    assert len(bucket_starts(window)) == 2


def test_a_step_that_was_asked_for_is_honoured() -> None:
    span = TimeRange(NOW - timedelta(hours=6), NOW)
    for step in STEPS:
        assert choose_window(span, UTC_ZONE, EVERYTHING, step).step == step
    assert choose_window(TimeRange(NOW - timedelta(days=3), NOW), UTC_ZONE, EVERYTHING, MINUTE).step == MINUTE


def test_too_many_points_fall_back_and_say_so() -> None:
    window = choose_window(TimeRange(NOW - timedelta(days=30), NOW), UTC_ZONE, EVERYTHING, MINUTE)
    assert window.step.key == "10m"
    assert window.note is not None
    assert window.note.startswith("Shown in 10-minute buckets: minutes would be more than 5,000 points")


def test_a_range_of_too_many_days_is_refused() -> None:
    with pytest.raises(RangeError, match=f"{MAX_POINTS:,}"):
        choose_window(TimeRange(NOW - timedelta(days=MAX_POINTS + 1), NOW), UTC_ZONE, EVERYTHING)


def test_kathmandus_days_are_added_up_from_minutes() -> None:
    window = window_of("2026-03-01T00:00+05:45", "2026-03-04T00:00+05:45", KATHMANDU, step=find_step("day"))
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
