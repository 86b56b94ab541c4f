"""What a window is compared with, in zones that make it hard."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metrics_dash.charts.timerange.compared import compared_buckets, compared_span, comparison_edges
from metrics_dash.charts.timerange.grid import NO_BUCKET, from_milliseconds, to_milliseconds
from metrics_dash.charts.timerange.parse import Comparison, TimeRange
from metrics_dash.charts.timerange.steps import HOUR, STEPS, Step, find_step
from metrics_dash.charts.timerange.windows import bucket_edges, choose_window
from tests.support.times import APIA, BERLIN, EVERYTHING, UTC_ZONE, at, moments, window_of, zones


def test_the_previous_period_is_as_long_and_ends_where_the_window_begins() -> None:
    window = window_of("2026-03-31T11:00+00:00", "2026-03-31T12:00+00:00", UTC_ZONE)
    edges = comparison_edges(window, "period")
    assert edges[-1] == bucket_edges(window)[0]
    assert len(edges) == 61


def test_the_period_before_a_range_that_ends_now_ends_where_its_first_bucket_begins() -> None:
    """The range has a little more than 27 hours, its buckets have 27."""
    asked = TimeRange(at("2026-03-30T09:29+00:00"), at("2026-03-31T12:29:30+00:00"), live=True)
    window = choose_window(asked, UTC_ZONE, EVERYTHING, find_step("30m"))
    edges = bucket_edges(window)
    assert from_milliseconds(edges[0]) == at("2026-03-30T09:30+00:00")
    assert comparison_edges(window, "period")[-1] == edges[0]


@pytest.mark.parametrize("compare", ["period", "day", "week"])
def test_the_compared_span_is_where_its_buckets_are(compare: Comparison) -> None:
    for window in (
        window_of("2026-03-30T14:00+02:00", "2026-03-30T15:00+02:00", BERLIN),
        window_of("2026-03-30T00:00+02:00", "2026-04-01T00:00+02:00", BERLIN, step=find_step("day")),
    ):
        edges = comparison_edges(window, compare)
        span = compared_span(window, compare)
        assert (span.start, span.end) == (from_milliseconds(edges[0]), from_milliseconds(edges[-1]))


def test_the_previous_days_are_the_zones_days() -> None:
    window = window_of("2026-03-30T00:00+02:00", "2026-04-01T00:00+02:00", BERLIN, step=find_step("day"))
    assert (np.diff(comparison_edges(window, "period")) / 3_600_000).tolist() == [24, 23]


def test_the_day_after_a_change_is_compared_at_the_same_wall_clock() -> None:
    window = window_of("2026-03-30T14:00+02:00", "2026-03-30T15:00+02:00", BERLIN)
    assert from_milliseconds(comparison_edges(window, "day")[0]) == at("2026-03-29T14:00+02:00")
    assert from_milliseconds(comparison_edges(window, "week")[0]) == at("2026-03-23T14:00+01:00")


def test_a_skipped_hour_has_nothing_to_compare_with() -> None:
    window = window_of("2026-03-30T00:00+02:00", "2026-03-31T00:00+02:00", BERLIN, step=find_step("hour"))
    compared = comparison_edges(window, "day")[:-1]
    assert np.flatnonzero(compared == NO_BUCKET).tolist() == [2]
    assert len(set(compared.tolist())) == 24


def test_a_repeated_hour_is_compared_with_the_first_of_that_name() -> None:
    window = window_of("2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", BERLIN, step=find_step("hour"))
    compared = comparison_edges(window, "day")[:-1]
    assert len(compared) == 25
    assert compared[2] == compared[3] == to_milliseconds(at("2026-10-24T02:00+02:00"))


@pytest.mark.parametrize(
    ("step", "start", "end", "compared"),
    [
        ("1M", "2026-03-01T00:00+01:00", "2026-05-01T00:00+02:00", "2026-01-01T00:00+01:00"),
        ("1w", "2026-03-16T00:00+01:00", "2026-04-06T00:00+02:00", "2026-02-23T00:00+01:00"),
        ("6h", "2026-03-29T00:00+01:00", "2026-03-31T00:00+02:00", "2026-03-27T00:00+01:00"),
    ],
)
def test_the_period_before_is_of_as_many_buckets_of_the_calendar(
    step: str, start: str, end: str, compared: str
) -> None:
    window = window_of(start, end, BERLIN, step=find_step(step))
    edges = comparison_edges(window, "period")
    assert from_milliseconds(edges[0]) == at(compared)
    assert edges[-1] == bucket_edges(window)[0]


def test_two_hours_of_which_one_was_skipped_are_compared_with_the_one_there_was() -> None:
    window = window_of("2026-03-30T00:00+02:00", "2026-03-30T06:00+02:00", BERLIN, step=find_step("2h"))
    starts, ends = compared_buckets(window, "day")
    assert ((ends - starts) / 3_600_000).tolist() == [2, 1, 2]


def test_a_day_that_was_left_out_is_compared_with_nothing() -> None:
    for step in ("1d", "6h", "1h", "30m"):
        window = window_of("2011-12-31T00:00+14:00", "2012-01-01T00:00+14:00", APIA, step=find_step(step))
        starts, ends = compared_buckets(window, "day")
        assert set(starts.tolist()) == set(ends.tolist()) == {NO_BUCKET}


@given(
    moments,
    st.timedeltas(timedelta(minutes=1), timedelta(days=40)),
    zones,
    st.sampled_from(["period", "day", "week"]),
    st.sampled_from([None, *STEPS[STEPS.index(HOUR) :]]),
    st.booleans(),
)
@example(at("2012-01-01T00:00+14:00"), timedelta(days=2), APIA, "week", find_step("6h"), False)
@example(at("2011-12-31T00:00+14:00"), timedelta(days=2), APIA, "day", find_step("12h"), False)
def test_a_comparison_lies_before_its_window(
    start: datetime, length: timedelta, zone: ZoneInfo, kind: Comparison, step: Step | None, live: bool
) -> None:
    window = choose_window(TimeRange(start, start + length, live), zone, EVERYTHING, step)
    edges, compared = bucket_edges(window), comparison_edges(window, kind)
    assert len(compared) == len(edges)
    exists = compared != NO_BUCKET
    assert (compared[exists] < edges[exists]).all()
    starts, ends = compared_buckets(window, kind)
    exists = starts != NO_BUCKET
    assert (starts[exists] < ends[exists]).all()
