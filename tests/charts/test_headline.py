"""The number above a chart, and what it is compared with."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from db.engine import Database
from metrics_dash.charts.headline import relative_change
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.timerange.steps import MINUTE
from tests.support.charts import (
    LOGIN,
    at,
    logins,
    players,
    purged_below,
    recorded_since,
    store,
    value_at,
    wait_behind,
)


def test_a_headline_compares_with_the_period_before(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 6), *logins(at("2026-03-10T11:00+00:00"), 4))
    recorded_since(database, at("2026-03-10T08:00+00:00"))
    headline = queries.chart("login-rate", queries.window("1h")).headline
    assert (headline.value, headline.label, headline.previous) == (6, "total", 4)
    assert headline.change == pytest.approx(0.5)


def test_a_headline_is_not_held_against_a_time_that_was_recorded_in_part(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 6), *logins(at("2026-03-10T11:00+00:00"), 4))
    for compare in (None, "period", "day"):
        headline = queries.chart("login-rate", queries.window("1h"), compare=compare).headline
        assert (headline.value, headline.previous, headline.change) == (6, None, None)


def test_a_rate_is_an_average_over_the_time_in_which_the_event_was_recorded(
    database: Database, queries: Queries
) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 60), *logins(at("2026-03-10T12:20+00:00"), 60))
    window = queries.window(start="2026-03-10T06:00:00Z", end="2026-03-10T12:30:00Z", step=MINUTE)
    assert queries.series(LOGIN, show="rate", window=window).headline.value == pytest.approx(120 / 1800)
    split = queries.series(LOGIN, show="rate", window=window, split_by="success")
    assert sum(one.total or 0 for one in split.series) == pytest.approx(120 / 1800)


@pytest.mark.parametrize(
    ("value", "previous", "change"),
    [
        (110, 100, 0.1),
        (50, 100, -0.5),
        (-50, 100, None),
        (0, 100, -1),
        (910, 0, None),
        (910, -90, None),
        (-45, -90, None),
    ],
)
def test_a_change_is_from_something(value: float, previous: float, change: float | None) -> None:
    """910 is no twelve times -90, and -50 no part of 100."""
    assert relative_change(value, previous) == (None if change is None else pytest.approx(change))


def test_a_headline_without_a_period_before_has_no_change(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 6))
    headline = queries.chart("login-rate", queries.window("1h")).headline
    assert (headline.previous, headline.change) == (None, None)


def test_an_unfinished_bucket_is_counted_but_not_compared(database: Database, queries: Queries) -> None:
    store(
        database,
        *logins(at("2026-03-10T12:00+00:00"), 6),
        *logins(at("2026-03-10T12:20+00:00"), 1),
        *logins(at("2026-03-10T11:00+00:00"), 6),
        *logins(at("2026-03-10T11:20+00:00"), 50),
    )
    wait_behind(database, at("2026-03-10T12:20:30+00:00"))
    recorded_since(database, at("2026-03-10T08:00+00:00"))
    headline = queries.chart("login-rate", queries.window("1h")).headline
    assert (headline.value, headline.comparable, headline.previous, headline.change) == (7, 6, 6, 0)


def test_a_gauge_shows_its_latest_sample(database: Database, queries: Queries) -> None:
    store(
        database,
        *players(at("2026-03-10T11:15+00:00"), 11, 10),
        *players(at("2026-03-10T12:20+00:00"), 999, 20),
    )
    wait_behind(database, at("2026-03-10T12:20:30+00:00"))
    headline = queries.chart("players-online", queries.window("1h")).headline
    assert (headline.value, headline.label, headline.previous, headline.change) == (20, "latest", 10, 1)


@pytest.mark.parametrize("length", ["1h", "24h", "7d", "30d"])
def test_a_gauge_shows_the_same_however_long_its_buckets_are(database: Database, queries: Queries, length: str) -> None:
    store(
        database,
        *players(at("2026-03-10T12:29+00:00"), 100),
        *players(at("2026-03-10T12:30+00:00"), 20),
        *players(at("2026-02-08T12:30+00:00"), 10),
    )
    headline = queries.chart("players-online", queries.window(length)).headline
    assert (headline.value, headline.label) == (20, "latest")
    if length == "30d":
        assert headline.previous == 10


@pytest.mark.parametrize("samples", [(10, 11), (11, 12.5), (12, 0)])
@pytest.mark.parametrize("length", ["1h", "30d"])
def test_there_are_no_ten_and_a_half_zones(
    database: Database, queries: Queries, samples: tuple[float, ...], length: str
) -> None:
    store(database, *players(at("2026-03-10T12:30+00:00"), *samples))
    assert queries.chart("players-online", queries.window(length)).headline.value == samples[-1]


@pytest.mark.parametrize("purged", ["minute", "hour"])
def test_a_gauge_of_the_past_shows_its_last_sample_too(database: Database, queries: Queries, purged: str) -> None:
    store(database, *players(at("2026-02-10T08:15+00:00"), 10), *players(at("2026-02-10T08:45+00:00"), 20))
    for level in ("minute", purged):
        purged_below(database, level, at("2026-03-01T00:00+00:00"))
    window = queries.window(start="2026-02-10T00:00:00Z", end="2026-02-11T00:00:00Z")
    assert queries.chart("players-online", window).headline.value == 20


@pytest.mark.parametrize(("samples", "value"), [((10, 11), 10), ((11, 12, 12), 12), ((10.5, 11), 10.75)])
def test_without_a_last_sample_the_last_bucket_is_shown(
    database: Database, queries: Queries, samples: tuple[float, ...], value: float
) -> None:
    store(database, *players(at("2026-03-10T12:30+00:00"), *samples))
    with database.begin() as connection:
        connection.execute(text("UPDATE telemetry_buckets SET last_values = '{}'"))
    assert queries.chart("players-online", queries.window("1h")).headline.value == value


def test_a_headline_is_held_against_what_the_charts_are_compared_with(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(
        database,
        *logins(moment, 6),
        *logins(moment - timedelta(hours=1), 5),
        *logins(moment - timedelta(days=1), 3),
        *logins(moment - timedelta(days=7), 12),
        *players(moment, 30),
        *players(moment - timedelta(days=7), 20),
    )
    recorded_since(database, moment - timedelta(days=30))
    window = queries.window("1h")
    for compare, previous in (("period", 5), ("day", 3), ("week", 12)):
        headline = queries.chart("login-rate", window, compare=compare).headline
        assert (headline.value, headline.previous, headline.against) == (6, previous, compare)
    online = queries.chart("players-online", window, compare="week").headline
    assert (online.value, online.previous, online.change) == (30, 20, 0.5)


def test_a_headline_is_not_held_against_a_time_that_is_no_longer_kept(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 6), *logins(moment - timedelta(days=7), 12))
    purged_below(database, "minute", moment - timedelta(days=3))
    headline = queries.chart("login-rate", queries.window("1h"), compare="week").headline
    assert (headline.previous, headline.change) == (None, None)


def test_a_split_is_compared_value_by_value(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    hour_ago = moment - timedelta(hours=1)
    store(
        database,
        *logins(moment, 3, success=True),
        *logins(moment, 1, success=False),
        *logins(hour_ago, 2, success=True),
    )
    data = queries.chart("login-results", queries.window("1h"), compare="period")
    assert [(one.name, value_at(one, moment)) for one in data.previous] == [("true", 2)]
