"""What charts draw of events that were really stored and rolled up."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from db.engine import Database
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.timerange.grid import from_milliseconds, to_milliseconds
from metrics_dash.charts.timerange.parse import TimeRange
from metrics_dash.charts.timerange.steps import find_step
from metrics_dash.charts.timerange.windows import RetainedSince, choose_window
from tests.support.charts import (
    LOGIN,
    NOW,
    at,
    logins,
    players,
    purged_below,
    recorded_since,
    store,
    value_at,
    wait_behind,
)


def test_a_count_is_zero_where_nothing_happened_and_a_gauge_has_a_gap(database: Database, queries: Queries) -> None:
    quiet, busy = at("2026-03-10T12:00+00:00"), at("2026-03-10T12:05+00:00")
    store(database, *logins(busy, 3), *players(busy, 10, 30))
    recorded_since(database, quiet)
    window = queries.window("1h")
    count = queries.chart("login-rate", window).series[0]
    gauge = queries.chart("players-online", window).series[0]
    assert (value_at(count, quiet), value_at(count, busy)) == (0, 3)
    assert np.isnan(value_at(gauge, quiet))
    assert value_at(gauge, busy) == 20


@pytest.mark.parametrize("length", ["1h", "24h", "7d", "30d"])
def test_time_before_an_event_was_first_recorded_is_blank(database: Database, queries: Queries, length: str) -> None:
    first = at("2026-03-10T12:05+00:00")
    store(database, *logins(first, 3, success=True), *logins(first + timedelta(minutes=10), 2))
    window = queries.window(length, step=find_step("5m" if length == "1h" else "1d" if length == "30d" else "1h"))
    for chart in ("login-rate", "login-results"):
        data = queries.chart(chart, window, compare="day")
        series = data.series[0]
        bucket = np.searchsorted(series.t, to_milliseconds(first), side="right") - 1
        assert np.isnan(series.v[:bucket]).all()
        assert np.isfinite(series.v[bucket : bucket + 2]).any()
        assert all(np.isnan(one.v[: bucket + 1]).all() for one in data.previous)
    assert data.headline.change is None


def test_a_finer_bucket_says_from_when_on_an_event_is_recorded(database: Database, queries: Queries) -> None:
    first = at("2026-03-10T09:20+00:00")
    store(database, *logins(first, 1), *logins(at("2026-03-10T12:05+00:00"), 3))
    window = queries.window(start="2026-03-10T09:00:00Z", end="2026-03-10T10:00:00Z")
    counts = queries.chart("login-rate", window).series[0]
    assert np.isnan(value_at(counts, first - timedelta(minutes=1)))
    assert value_at(counts, first + timedelta(minutes=1)) == 0
    purged_below(database, "minute", at("2026-03-10T11:00+00:00"))
    hours = queries.window(start="2026-03-10T08:00:00Z", end="2026-03-10T12:00:00Z", step=find_step("1h"))
    counts = queries.chart("login-rate", hours).series[0]
    assert [np.isnan(counts.v[0]), *counts.v[1:]] == [True, 1, 0, 0]


def test_a_gauge_has_a_band_of_its_extremes(database: Database, queries: Queries) -> None:
    store(database, *players(at("2026-03-10T12:05+00:00"), 10, 50, 30))
    series = queries.chart("players-online", queries.window("1h")).series[0]
    assert series.low is not None
    assert series.high is not None
    assert (np.nanmin(series.low), np.nanmax(series.v), np.nanmax(series.high)) == (10, 30, 50)


def test_a_split_adds_up_to_the_count(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 5, success=True), *logins(moment, 2, success=False), *logins(moment, 1))
    series = queries.chart("login-results", queries.window("1h")).series
    assert [one.name for one in series] == ["true", "false", "other"]
    assert [value_at(one, moment) for one in series] == [5, 2, 1]
    assert [value_at(one, moment + timedelta(minutes=3)) for one in series] == [0, 0, 0]


@pytest.mark.parametrize("length", ["1h", "24h", "7d", "30d"])
def test_a_split_keeps_the_most_frequent_values_and_counts_the_rest_as_other(
    database: Database, queries: Queries, length: str
) -> None:
    moment = at("2026-03-10T12:00+00:00")
    values = [f"zone-{number:02}" for number in range(12)]
    store(database, *(each for number, value in enumerate(values) for each in logins(moment, number + 1, zone=value)))
    data = queries.series(LOGIN, None, "count", queries.window(length), "zone")
    assert [one.name for one in data.series] == [*reversed(values[4:]), "other"]
    assert [np.nansum(one.v) for one in data.series] == [12, 11, 10, 9, 8, 7, 6, 5, 1 + 2 + 3 + 4]


def test_other_does_not_swallow_a_value_of_that_name(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 5, zone="other"), *logins(moment, 2))
    series = queries.series(LOGIN, None, "count", queries.window("1h"), "zone").series
    assert [one.name for one in series] == ["other", "all other"]


def test_what_may_still_come_is_a_gap_and_unfinished(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:10+00:00"), 3), *logins(at("2026-03-10T12:21:10+00:00"), 2))
    wait_behind(database, at("2026-03-10T12:20:30+00:00"))
    tab = queries.tab("auth", queries.window("1h"))
    series = tab.charts[0].series[0]
    assert tab.complete_through == at("2026-03-10T12:20:30+00:00")
    assert tab.charts[0].unfinished_from == series.t[45]
    assert from_milliseconds(series.t[45]) == at("2026-03-10T12:20+00:00")
    assert value_at(series, at("2026-03-10T12:19+00:00")) == 0
    assert np.isnan(value_at(series, at("2026-03-10T12:20+00:00")))
    assert value_at(series, at("2026-03-10T12:21+00:00")) == 2
    assert np.isnan(value_at(series, at("2026-03-10T12:30+00:00")))


def test_the_future_is_not_zero(database: Database, queries: Queries) -> None:
    soon = datetime.now(UTC) + timedelta(days=2)
    store(database, *logins(NOW, 1))
    window = choose_window(TimeRange(soon, soon + timedelta(hours=1)), ZoneInfo("UTC"), RetainedSince())
    data = queries.chart("login-rate", window)
    assert data.state == "none_in_range"
    assert np.isnan(data.series[0].v).all()
    assert data.unfinished_from == data.series[0].t[0]


def test_an_unfinished_rate_counts_the_part_that_has_passed(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:20+00:00")
    store(database, *logins(moment, 30))
    wait_behind(database, moment + timedelta(seconds=30))
    window = queries.window("1h")
    assert value_at(queries.series(LOGIN, None, "rate", window).series[0], moment) == 1


def test_an_event_that_was_never_seen_says_so(queries: Queries) -> None:
    data = queries.chart("login-rate", queries.window("1h"))
    assert (data.state, data.series, data.last_seen) == ("never_seen", (), None)
    assert data.headline.value is None


def test_an_empty_range_says_when_the_event_was_last_seen(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-09T08:15:20+00:00"), 1))
    data = queries.chart("login-rate", queries.window("1h"))
    assert data.state == "none_in_range"
    assert data.last_seen == at("2026-03-09T08:15+00:00")


def test_what_retention_dropped_is_told_from_what_never_was(database: Database, queries: Queries) -> None:
    kept = at("2026-03-01T00:00+00:00")
    store(database, *logins(at("2026-02-27T08:15+00:00"), 1), *logins(NOW, 1))
    for level in ("minute", "hour", "day"):
        purged_below(database, level, kept)
    recorded_since(database, at("2026-02-27T08:15+00:00"))
    data = queries.chart("login-rate", queries.window(start="2026-02-27T08:00:00Z", end="2026-02-27T09:00:00Z"))
    assert data.state == "past_retention"
    assert data.held_from == kept
    partly = queries.chart("login-rate", queries.window(start="2026-02-28T00:00:00Z", end="2026-03-03T00:00:00Z"))
    assert partly.state == "none_in_range"
    assert np.isnan(partly.series[0].v[0])
    assert partly.series[0].v[-1] == 0
