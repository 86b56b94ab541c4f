"""Ranges, resolutions and bucket grids, in zones that make them hard."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metrics_dash.charts.timerange.grid import (
    NO_BUCKET,
    bucket_edges,
    bucket_starts,
    compared_span,
    comparison_edges,
    from_milliseconds,
    to_milliseconds,
)
from metrics_dash.charts.timerange.parse import (
    PRESETS,
    Comparison,
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
from metrics_dash.charts.timerange.windows import (
    LENGTHS,
    MAX_POINTS,
    RESOLUTIONS,
    RetainedSince,
    Window,
    choose_resolution,
    snap,
)

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
CAIRO = ZoneInfo("Africa/Cairo")
ZONES = [UTC_ZONE, BERLIN, KATHMANDU, LORD_HOWE, CAIRO, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")]

NOW = datetime(2026, 3, 31, 12, 34, 56, 789000, tzinfo=UTC)
EVERYTHING = RetainedSince()

moments = st.integers(631_152_000_000, 2_114_380_800_000).map(from_milliseconds)  # 1990 to 2037
zones = st.sampled_from(ZONES)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def window_of(
    start: str, end: str, zone: ZoneInfo, held: RetainedSince = EVERYTHING, resolution: str = "auto"
) -> Window:
    return choose_resolution(TimeRange(at(start), at(end)), zone, held, resolution)


def hours_of_days(window: Window) -> list[float]:
    return (np.diff(bucket_edges(window)) / 3_600_000).tolist()


# Moments


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


# Ranges


def test_every_preset_is_a_live_range_up_to_now() -> None:
    for preset in PRESETS:
        span = parse_range(preset.key, now=NOW, zone=UTC_ZONE)
        assert span.live
        assert span.end == NOW
    assert [preset.key for preset in PRESETS] == ["1h", "6h", "24h", "7d", "30d"]


def test_a_range_with_a_fixed_end_is_not_live() -> None:
    assert not parse_range(start="now-7d/d", end="now/d", now=NOW, zone=BERLIN).live
    assert not parse_range(start="2026-03-01T00:00:00Z", end="now", now=NOW, zone=BERLIN).live
    assert parse_range(start="now/d", end="now", now=NOW, zone=BERLIN).live


def test_from_and_to_win_over_a_length() -> None:
    span = parse_range("1h", start="now-2h", now=NOW, zone=BERLIN)
    assert span.length == timedelta(hours=2)


@pytest.mark.parametrize(
    ("length", "start", "end", "quoted"),
    [("24", None, None, "'24'"), (None, "now", "now-1h", "'now-1h'"), (None, "never", None, "'never'")],
)
def test_an_unusable_range_is_quoted(length: str | None, start: str | None, end: str | None, quoted: str) -> None:
    with pytest.raises(RangeError, match=quoted):
        parse_range(length, start=start, end=end, now=NOW, zone=UTC_ZONE)


@given(moments, st.integers(1, 3600))
def test_all_who_ask_within_a_tick_get_the_same_moment(moment: datetime, seconds: int) -> None:
    tick = timedelta(seconds=seconds)
    snapped = snap(moment, tick)
    assert snapped <= moment < snapped + tick
    assert snap(snapped, tick) == snapped


# Resolution


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


@given(
    moments,
    st.timedeltas(timedelta(seconds=1), timedelta(days=4000)),
    zones,
    st.sampled_from(["auto", *RESOLUTIONS]),
)
def test_a_grid_covers_its_window_and_no_more(
    start: datetime, length: timedelta, zone: ZoneInfo, resolution: str
) -> None:
    window = choose_resolution(TimeRange(start, start + length), zone, EVERYTHING, resolution)
    edges = bucket_edges(window)
    starts = bucket_starts(window)
    assert len(starts) <= MAX_POINTS + 2
    assert edges.dtype == np.int64
    assert (np.diff(edges) > 0).all()
    assert edges[0] <= to_milliseconds(window.start) < edges[1]
    assert from_milliseconds(starts[-1]) < window.end <= from_milliseconds(edges[-1])


# Days


def test_berlin_has_a_day_of_23_and_one_of_25_hours() -> None:
    spring = window_of("2026-03-27T00:00+01:00", "2026-03-31T00:00+02:00", BERLIN, resolution="day")
    autumn = window_of("2026-10-24T00:00+02:00", "2026-10-27T00:00+01:00", BERLIN, resolution="day")
    assert hours_of_days(spring) == [24, 24, 23, 24]
    assert hours_of_days(autumn) == [24, 25, 24]
    assert spring.source == autumn.source == "hour"


def test_the_minutes_and_hours_of_a_changing_day_are_all_there() -> None:
    spring = window_of("2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", BERLIN)
    autumn = window_of("2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", BERLIN, resolution="hour")
    assert len(bucket_starts(spring)) == 23 * 60
    assert len(bucket_starts(autumn)) == 25


def test_kathmandus_days_are_added_up_from_minutes() -> None:
    window = window_of("2026-03-01T00:00+05:45", "2026-03-04T00:00+05:45", KATHMANDU, resolution="day")
    assert window.source == "minute"
    assert hours_of_days(window) == [24, 24, 24]
    assert bucket_starts(window)[0] == to_milliseconds(at("2026-02-28T18:15+00:00"))


def test_lord_howes_clocks_change_by_half_an_hour() -> None:
    autumn = window_of("2026-04-04T00:00+11:00", "2026-04-07T00:00+10:30", LORD_HOWE, resolution="day")
    spring = window_of("2026-10-03T00:00+10:30", "2026-10-06T00:00+11:00", LORD_HOWE, resolution="day")
    assert hours_of_days(autumn) == [24, 24.5, 24]
    assert hours_of_days(spring) == [24, 23.5, 24]
    assert autumn.source == spring.source == "minute"


def test_an_hour_bucket_of_kathmandu_starts_at_a_quarter_to() -> None:
    window = window_of("2026-03-01T00:00+05:45", "2026-03-02T00:00+05:45", KATHMANDU, resolution="hour")
    starts = [from_milliseconds(each).astimezone(KATHMANDU) for each in bucket_starts(window)]
    assert len(starts) == 25
    assert {start.minute for start in starts} == {45}


def test_days_are_utc_where_nothing_finer_is_left() -> None:
    held = RetainedSince(minute=at("2026-03-17T00:00+00:00"), hour=at("2026-01-01T00:00+00:00"))
    long_ago = ("2025-11-01T00:00+01:00", "2025-12-01T00:00+01:00")
    assert window_of(*long_ago, BERLIN, held).days_are_utc
    assert not window_of(*long_ago, UTC_ZONE, held).days_are_utc
    assert not window_of("2026-02-01T00:00+01:00", "2026-03-01T00:00+01:00", BERLIN, held).days_are_utc
    assert window_of("2026-02-01T00:00+05:45", "2026-03-01T00:00+05:45", KATHMANDU, held).days_are_utc
    utc_days = bucket_starts(window_of(*long_ago, BERLIN, held))
    assert (utc_days % 86_400_000 == 0).all()


@given(st.dates(date(1990, 1, 1), date(2036, 1, 1)), zones)
@example(date(2023, 4, 28), CAIRO)
def test_the_days_of_a_zone_follow_one_another(day: date, zone: ZoneInfo) -> None:
    edges = [midnight(day + timedelta(days=number), zone) for number in range(4)]
    for first, second in pairwise(edges):
        assert timedelta(hours=0) <= second - first <= timedelta(hours=25)


def test_a_day_that_was_left_out_has_no_bucket() -> None:
    window = window_of("2011-12-29T00:00-10:00", "2012-01-01T00:00+14:00", ZoneInfo("Pacific/Apia"), resolution="day")
    assert hours_of_days(window) == [24, 24]


# Comparisons


def test_the_previous_period_is_as_long_and_ends_where_the_window_begins() -> None:
    window = window_of("2026-03-31T11:00+00:00", "2026-03-31T12:00+00:00", UTC_ZONE)
    edges = comparison_edges(window, "period")
    assert edges[-1] == bucket_edges(window)[0]
    assert len(edges) == 61


@pytest.mark.parametrize("compare", ["period", "day", "week"])
def test_the_compared_span_is_where_its_buckets_are(compare: Comparison) -> None:
    for window in (
        window_of("2026-03-30T14:00+02:00", "2026-03-30T15:00+02:00", BERLIN),
        window_of("2026-03-30T00:00+02:00", "2026-04-01T00:00+02:00", BERLIN, resolution="day"),
    ):
        edges = comparison_edges(window, compare)
        span = compared_span(window, compare)
        assert (span.start, span.end) == (from_milliseconds(edges[0]), from_milliseconds(edges[-1]))


def test_the_previous_days_are_the_zones_days() -> None:
    window = window_of("2026-03-30T00:00+02:00", "2026-04-01T00:00+02:00", BERLIN, resolution="day")
    assert (np.diff(comparison_edges(window, "period")) / 3_600_000).tolist() == [24, 23]


def test_the_day_after_a_change_is_compared_at_the_same_wall_clock() -> None:
    window = window_of("2026-03-30T14:00+02:00", "2026-03-30T15:00+02:00", BERLIN)
    assert from_milliseconds(comparison_edges(window, "day")[0]) == at("2026-03-29T14:00+02:00")
    assert from_milliseconds(comparison_edges(window, "week")[0]) == at("2026-03-23T14:00+01:00")


def test_a_skipped_hour_has_nothing_to_compare_with() -> None:
    window = window_of("2026-03-30T00:00+02:00", "2026-03-31T00:00+02:00", BERLIN, resolution="hour")
    compared = comparison_edges(window, "day")[:-1]
    assert np.flatnonzero(compared == NO_BUCKET).tolist() == [2]
    assert len(set(compared.tolist())) == 24


def test_a_repeated_hour_is_compared_with_the_first_of_that_name() -> None:
    window = window_of("2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", BERLIN, resolution="hour")
    compared = comparison_edges(window, "day")[:-1]
    assert len(compared) == 25
    assert compared[2] == compared[3] == to_milliseconds(at("2026-10-24T02:00+02:00"))


@given(
    moments, st.timedeltas(timedelta(minutes=1), timedelta(days=40)), zones, st.sampled_from(["period", "day", "week"])
)
def test_a_comparison_lies_before_its_window(start: datetime, length: timedelta, zone: ZoneInfo, kind: str) -> None:
    window = choose_resolution(TimeRange(start, start + length), zone, EVERYTHING)
    edges = bucket_edges(window)
    compared = comparison_edges(window, kind)
    assert len(compared) == len(edges)
    exists = compared != NO_BUCKET
    assert (compared[exists] < edges[exists]).all()


# Going from span to span


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


def test_lengths_are_those_of_their_names() -> None:
    assert [LENGTHS[name] for name in RESOLUTIONS] == [timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)]
