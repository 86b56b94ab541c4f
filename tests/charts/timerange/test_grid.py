"""Bucket grids, in zones that make them hard."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.levels import WIDTHS
from metrics_dash.charts.timerange.compared import compared_buckets
from metrics_dash.charts.timerange.grid import NO_BUCKET, among, from_milliseconds, places_in, to_milliseconds
from metrics_dash.charts.timerange.parse import COMPARISONS, TimeRange, midnight
from metrics_dash.charts.timerange.steps import HOUR, MINUTE, STEPS, Step, find_step
from metrics_dash.charts.timerange.windows import (
    FEW_BUCKETS,
    MAX_POINTS,
    bucket_edges,
    bucket_starts,
    choose_window,
)
from tests.support.times import (
    APIA,
    BERLIN,
    CAIRO,
    EVERYTHING,
    KATHMANDU,
    LORD_HOWE,
    NEW_YORK,
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
    st.sampled_from([None, *STEPS]),
)
def test_a_grid_covers_its_window_and_no_more(
    start: datetime, length: timedelta, zone: ZoneInfo, step: Step | None
) -> None:
    window = choose_window(TimeRange(start, start + length), zone, EVERYTHING, step)
    edges = bucket_edges(window)
    starts = bucket_starts(window)
    assert len(starts) <= MAX_POINTS + 2
    assert edges.dtype == np.int64
    assert (np.diff(edges) > 0).all()
    assert (from_milliseconds(edges[0]), from_milliseconds(edges[-1])) == (window.start, window.end)
    assert window.start <= from_milliseconds(to_milliseconds(start))
    assert window.end >= start + length


@given(
    moments,
    st.timedeltas(timedelta(seconds=1), timedelta(days=4000)),
    zones,
    st.sampled_from([None, *STEPS]),
)
def test_a_live_window_ends_now_and_begins_with_a_whole_bucket(
    start: datetime, length: timedelta, zone: ZoneInfo, step: Step | None
) -> None:
    window = choose_window(TimeRange(start, start + length, live=True), zone, EVERYTHING, step)
    edges = bucket_edges(window)
    assert from_milliseconds(edges[0]) == window.start
    assert window.end == start + length
    assert from_milliseconds(edges[-2]) < window.end <= from_milliseconds(edges[-1])
    # What a total counts lies within the range, or the window says since when it is.
    assert window.start >= start or len(edges) - 1 <= FEW_BUCKETS


DAYS_OF_CHANGE = [
    (BERLIN, "2026-03-29T00:00+01:00"),
    (BERLIN, "2026-10-25T00:00+02:00"),
    (NEW_YORK, "2026-03-08T00:00-05:00"),
    (NEW_YORK, "2026-11-01T00:00-04:00"),
    (LORD_HOWE, "2026-04-05T00:00+11:00"),
    (LORD_HOWE, "2026-10-04T00:00+10:30"),
    (CAIRO, "2026-04-24T01:00+03:00"),
    (CAIRO, "2026-10-29T00:00+03:00"),
    (APIA, "2011-12-29T00:00-10:00"),
    (KATHMANDU, "2026-03-01T00:00+05:45"),
]


@given(
    st.sampled_from(DAYS_OF_CHANGE),
    st.timedeltas(timedelta(days=-2), timedelta(days=2)),
    st.timedeltas(timedelta(minutes=1), timedelta(days=70)),
    st.sampled_from([None, *STEPS]),
    st.booleans(),
)
def test_every_event_is_counted_in_exactly_one_bucket_around_a_change_of_the_clocks(
    day: tuple[ZoneInfo, str], shifted: timedelta, length: timedelta, step: Step | None, live: bool
) -> None:
    start = at(day[1]) + shifted
    window = choose_window(TimeRange(start, start + length, live), day[0], EVERYTHING, step)
    edges = bucket_edges(window)
    # Buckets follow one another without a gap, and each of the level that is read lies in one of them as a whole.
    assert (np.diff(edges) > 0).all()
    assert not (edges % (WIDTHS[window.source] // timedelta(milliseconds=1))).any()
    for comparison in COMPARISONS:
        starts, ends = compared_buckets(window, comparison)
        bounds = np.concatenate([starts[starts != NO_BUCKET], ends[starts != NO_BUCKET]])
        assert not (bounds % (WIDTHS[window.source] // timedelta(milliseconds=1))).any()


def test_berlin_has_a_day_of_23_and_one_of_25_hours() -> None:
    spring = window_of("2026-03-27T00:00+01:00", "2026-03-31T00:00+02:00", BERLIN, step=find_step("day"))
    autumn = window_of("2026-10-24T00:00+02:00", "2026-10-27T00:00+01:00", BERLIN, step=find_step("day"))
    assert hours_of_days(spring) == [24, 24, 23, 24]
    assert hours_of_days(autumn) == [24, 25, 24]
    assert spring.source == autumn.source == "hour"


def test_the_minutes_and_hours_of_a_changing_day_are_all_there() -> None:
    spring = window_of("2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", BERLIN, step=MINUTE)
    autumn = window_of("2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", BERLIN, step=find_step("hour"))
    assert len(bucket_starts(spring)) == 23 * 60
    assert len(bucket_starts(autumn)) == 25


def test_lord_howes_clocks_change_by_half_an_hour() -> None:
    autumn = window_of("2026-04-04T00:00+11:00", "2026-04-07T00:00+10:30", LORD_HOWE, step=find_step("day"))
    spring = window_of("2026-10-03T00:00+10:30", "2026-10-06T00:00+11:00", LORD_HOWE, step=find_step("day"))
    assert hours_of_days(autumn) == [24, 24.5, 24]
    assert hours_of_days(spring) == [24, 23.5, 24]
    assert autumn.source == spring.source == "minute"


def test_an_hour_of_kathmandu_is_an_hour_of_its_clock() -> None:
    window = window_of("2026-03-01T00:00+05:45", "2026-03-02T00:00+05:45", KATHMANDU, step=HOUR)
    starts = [from_milliseconds(each).astimezone(KATHMANDU) for each in bucket_starts(window)]
    assert [(start.hour, start.minute) for start in starts] == [(hour, 0) for hour in range(24)]
    assert window.source == "minute"


@pytest.mark.parametrize(
    ("zone", "day", "lengths"),
    [
        # Six hours of the clock: the night of a change has five or seven, on Lord Howe half an hour less or more.
        (BERLIN, "2026-03-29T00:00+01:00", [5, 6, 6, 6]),
        (BERLIN, "2026-10-25T00:00+02:00", [7, 6, 6, 6]),
        (NEW_YORK, "2026-03-08T00:00-05:00", [5, 6, 6, 6]),
        (NEW_YORK, "2026-11-01T00:00-04:00", [7, 6, 6, 6]),
        (LORD_HOWE, "2026-10-04T00:00+10:30", [5.5, 6, 6, 6]),
        (LORD_HOWE, "2026-04-05T00:00+11:00", [6.5, 6, 6, 6]),
        # Cairo skips midnight: the day begins at 1:00.
        (CAIRO, "2026-04-24T01:00+03:00", [5, 6, 6, 6]),
        (KATHMANDU, "2026-03-01T00:00+05:45", [6, 6, 6, 6]),
    ],
)
def test_six_hours_begin_at_0_6_12_and_18_also_when_the_clocks_change(
    zone: ZoneInfo, day: str, lengths: list[float]
) -> None:
    start = at(day)
    end = midnight(start.astimezone(zone).date() + timedelta(days=1), zone)
    window = choose_window(TimeRange(start, end), zone, EVERYTHING, find_step("6h"))
    assert (window.start, window.end) == (start, end)
    assert hours_of_days(window) == lengths


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    weeks = window_of("2026-03-04T12:00+01:00", "2026-04-02T00:00+02:00", BERLIN, step=find_step("1w"))
    starts = [from_milliseconds(each).astimezone(BERLIN) for each in bucket_edges(weeks)]
    assert {(each.weekday(), each.hour) for each in starts} == {(0, 0)}
    assert (starts[0].day, starts[-1].day) == (2, 6)
    months = window_of("2026-01-31T12:00+01:00", "2026-04-02T00:00+02:00", BERLIN, step=find_step("1M"))
    assert hours_of_days(months) == [31 * 24, 28 * 24, 31 * 24 - 1, 30 * 24]


@given(st.dates(date(1990, 1, 1), date(2036, 1, 1)), zones)
@example(date(2023, 4, 28), CAIRO)
def test_the_days_of_a_zone_follow_one_another(day: date, zone: ZoneInfo) -> None:
    edges = [midnight(day + timedelta(days=number), zone) for number in range(4)]
    for first, second in pairwise(edges):
        assert timedelta(hours=0) <= second - first <= timedelta(hours=25)


def test_a_day_that_was_left_out_has_no_bucket() -> None:
    window = window_of("2011-12-29T00:00-10:00", "2012-01-01T00:00+14:00", APIA, step=find_step("day"))
    assert hours_of_days(window) == [24, 24]


def test_where_moments_stand_among_even_starts_needs_no_search() -> None:
    starts = np.array([100, 150, 200])
    found = places_in(starts, np.array([200, 100, 99, 125, 250, -1]))
    assert found is not None
    assert found.tolist() == [2, 0, -1, -1, -1, -1]
    one = places_in(starts[:1], np.array([100, 101, 99]))
    assert one is not None
    assert one.tolist() == [0, -1, -1]
    none = places_in(starts[:0], np.array([100]))
    assert none is not None
    assert none.tolist() == [-1]


@pytest.mark.parametrize("starts", [(100, 150, 250), (100, 100, 100), (100, NO_BUCKET, 200), (200, 100, 0)])
def test_starts_that_do_not_follow_one_another_evenly_have_to_be_searched(starts: tuple[int, ...]) -> None:
    assert places_in(np.array(starts), np.array([100])) is None


@given(
    at=st.lists(st.integers(0, 12)),
    starts=st.builds(lambda first, width: [*range(first, 13, width)], st.integers(0, 12), st.integers(1, 4))
    | st.lists(st.integers(0, 12)),
)
@example(at=[], starts=[])
@example(at=[3, 3, 9], starts=[3])
def test_what_is_among_starts_is_the_same_by_arithmetic_as_by_a_search(at: list[int], starts: list[int]) -> None:
    found = among(np.array(at, dtype=np.int64), np.array(starts, dtype=np.int64))

    assert found.tolist() == [moment in starts for moment in at]
