"""Bucket grids and comparisons, in zones that make them hard."""

from datetime import date, datetime, timedelta
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
from metrics_dash.charts.timerange.parse import Comparison, TimeRange, midnight
from metrics_dash.charts.timerange.windows import MAX_POINTS, RESOLUTIONS, choose_resolution
from tests.support.times import (
    BERLIN,
    CAIRO,
    EVERYTHING,
    KATHMANDU,
    LORD_HOWE,
    UTC_ZONE,
    at,
    hours_of_days,
    moments,
    window_of,
    zones,
)


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


@given(st.dates(date(1990, 1, 1), date(2036, 1, 1)), zones)
@example(date(2023, 4, 28), CAIRO)
def test_the_days_of_a_zone_follow_one_another(day: date, zone: ZoneInfo) -> None:
    edges = [midnight(day + timedelta(days=number), zone) for number in range(4)]
    for first, second in pairwise(edges):
        assert timedelta(hours=0) <= second - first <= timedelta(hours=25)


def test_a_day_that_was_left_out_has_no_bucket() -> None:
    window = window_of("2011-12-29T00:00-10:00", "2012-01-01T00:00+14:00", ZoneInfo("Pacific/Apia"), resolution="day")
    assert hours_of_days(window) == [24, 24]


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
