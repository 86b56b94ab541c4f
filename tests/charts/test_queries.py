"""What charts show of events that were really stored and rolled up."""

import csv
import io
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import event, text

from db.engine import Database
from db.events import insert_events
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.ad_hoc import NO_SPLIT
from metrics_dash.charts.aggregates import AGGREGATES
from metrics_dash.charts.data import ChartData, QueriesUnavailableError, QueryError, Series, TabData
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.tables import csv_safe, frame, tab_frame, to_csv
from metrics_dash.charts.timerange.grid import bucket_starts, from_milliseconds
from metrics_dash.charts.timerange.parse import TimeRange
from metrics_dash.charts.timerange.windows import RetainedSince, Window, choose_resolution
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.settings import load_settings

LOGIN = "bezgelor.auth.login_complete"
SESSION = "bezgelor.realm.session_start"
PLAYERS = "bezgelor.server.players"
KILLED = "bezgelor.creature.killed"
REFUSED = "metrics_dash.collector.refused"

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 10, 12, 34, 56, tzinfo=UTC)
TICK = datetime(2026, 3, 10, 12, 34, 50, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queries(database: Database, clock: Clock) -> Queries:
    catalog = load_catalog()
    # Logins may be split by a zone, too.
    login = catalog.events[LOGIN].model_copy(update={"dimensions": ("success", "zone")})
    catalog = replace(catalog, events={**catalog.events, LOGIN: login})
    return Queries(database, catalog, load_settings({}), clock=clock)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def store(database: Database, *events: tuple[str, datetime, dict[str, float], dict[str, Any]]) -> None:
    """Store events and roll them up."""
    insert_events([(name, numbers, data, moment) for name, moment, numbers, data in events], database=database)
    roll_up_all(database)


def logins(moment: datetime, number: int, **data: Any) -> list[tuple[str, datetime, dict[str, float], dict[str, Any]]]:
    return [(LOGIN, moment + timedelta(milliseconds=each), {"duration_ms": 100.0}, data) for each in range(number)]


def players(moment: datetime, *samples: float) -> list[tuple[str, datetime, dict[str, float], dict[str, Any]]]:
    return [(PLAYERS, moment + timedelta(seconds=each), {"online": value}, {}) for each, value in enumerate(samples)]


def wait_behind(database: Database, moment: datetime) -> None:
    """Make the pipeline complete through ``moment`` only: something that arrived then waits to be rolled up."""
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rollup_dirty (level, event_name, bucket_start, marked_at) VALUES ('minute', 'x', :t, :t)"
            ),
            {"t": moment},
        )


def purged_below(database: Database, level: str, moment: datetime) -> None:
    with database.begin() as connection:
        connection.execute(
            text("DELETE FROM telemetry_buckets WHERE bucket_type = :level AND bucket_start < :moment"),
            {"level": level, "moment": moment},
        )
        connection.execute(
            text("UPDATE retention_floors SET ingest_floor = :moment, recompute_floor = :moment WHERE level = :level"),
            {"level": level, "moment": moment},
        )


def break_bucket(database: Database, name: str) -> None:
    """Put a text where a number belongs."""
    with database.begin() as connection:
        connection.execute(
            text('UPDATE telemetry_buckets SET sum_values = \'{"xp_reward": "much"}\' WHERE event_name = :name'),
            {"name": name},
        )


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that a block sends."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.engine, "before_cursor_execute", note)


def value_at(series: Series, moment: datetime) -> float:
    return float(series.v[[from_milliseconds(t) for t in series.t].index(moment)])


def assert_same(one: ChartData, other: ChartData) -> None:
    assert (one.state, one.headline, one.unfinished_from) == (other.state, other.headline, other.unfinished_from)
    for mine, theirs in zip(one.series, other.series, strict=True):
        assert mine.name == theirs.name
        np.testing.assert_array_equal(mine.t, theirs.t)
        np.testing.assert_array_equal(mine.v, theirs.v)


# Values


def test_a_count_is_zero_where_nothing_happened_and_a_gauge_has_a_gap(database: Database, queries: Queries) -> None:
    quiet, busy = at("2026-03-10T12:00+00:00"), at("2026-03-10T12:05+00:00")
    store(database, *logins(busy, 3), *players(busy, 10, 30))
    window = queries.window("1h")
    count = queries.chart("login-rate", window).series[0]
    gauge = queries.chart("players-online", window).series[0]
    assert (value_at(count, quiet), value_at(count, busy)) == (0, 3)
    assert np.isnan(value_at(gauge, quiet))
    assert value_at(gauge, busy) == 20


def test_a_gauge_has_a_band_of_its_extremes(database: Database, queries: Queries) -> None:
    store(database, *players(at("2026-03-10T12:05+00:00"), 10, 50, 30))
    series = queries.chart("players-online", queries.window("1h")).series[0]
    assert series.low is not None
    assert series.high is not None
    assert (np.nanmin(series.low), np.nanmax(series.v), np.nanmax(series.high)) == (10, 30, 50)


@pytest.mark.parametrize("length", ["1h", "24h", "7d", "30d"])
def test_a_total_is_the_same_at_every_resolution(database: Database, queries: Queries, length: str) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 3), *logins(at("2026-03-10T12:07:30+00:00"), 4))
    data = queries.chart("login-rate", queries.window(length))
    assert np.nansum(data.series[0].v) == 7
    assert data.headline.value == 7


def test_an_average_weighs_by_the_events_that_carry_the_measurement(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(
        database,
        (LOGIN, moment, {"duration_ms": 10}, {}),
        (LOGIN, moment, {"duration_ms": 20}, {}),
        (LOGIN, moment, {}, {}),
        (LOGIN, moment + timedelta(minutes=5), {"duration_ms": 60}, {}),
    )
    data = queries.series(LOGIN, "duration_ms", "avg", queries.window("1h"))
    assert value_at(data.series[0], moment) == 15
    assert data.headline.value == 30
    assert data.headline.label == "average"


def test_every_aggregate_can_be_shown(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *((KILLED, moment, {"xp_reward": xp}, {}) for xp in (1.0, 2.0, 6.0)))
    window = queries.window("1h")
    expected = {"count": 3, "sum": 9, "rate": 3 / 60, "avg": 3, "min": 1, "max": 6}
    assert set(expected) == set(AGGREGATES)
    for show, value in expected.items():
        measurement = None if show in ("count", "rate") else "xp_reward"
        data = queries.series(KILLED, measurement, show, window)
        assert value_at(data.series[0], moment) == pytest.approx(value)


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


def test_a_tab_is_split_where_its_charts_have_the_dimension(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 2, success=True))
    window = queries.window("1h")
    tab = queries.tab("auth", window, split="success")
    assert [chart.chart.split_by for chart in tab.charts] == ["success", "success", None]
    with pytest.raises(QueryError, match="'realm'"):
        queries.tab("auth", window, split={"login-rate": "realm"})


# What is not finished, not held, or not there


def test_what_may_still_come_is_a_gap_and_unfinished(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:10+00:00"), 3), *logins(at("2026-03-10T12:21:10+00:00"), 2))
    wait_behind(database, at("2026-03-10T12:20:30+00:00"))
    tab = queries.tab("auth", queries.window("1h"))
    series = tab.charts[0].series[0]
    assert tab.complete_through == at("2026-03-10T12:20:30+00:00")
    assert tab.charts[0].unfinished_from == series.t[46]
    assert from_milliseconds(series.t[46]) == at("2026-03-10T12:20+00:00")
    assert value_at(series, at("2026-03-10T12:19+00:00")) == 0
    assert np.isnan(value_at(series, at("2026-03-10T12:20+00:00")))
    assert value_at(series, at("2026-03-10T12:21+00:00")) == 2
    assert np.isnan(value_at(series, at("2026-03-10T12:30+00:00")))


def test_the_future_is_not_zero(database: Database, queries: Queries) -> None:
    soon = datetime.now(UTC) + timedelta(days=2)
    store(database, *logins(NOW, 1))
    window = choose_resolution(TimeRange(soon, soon + timedelta(hours=1)), ZoneInfo("UTC"), RetainedSince())
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
    data = queries.chart("login-rate", queries.window(start="2026-02-27T08:00:00Z", end="2026-02-27T09:00:00Z"))
    assert data.state == "past_retention"
    assert data.held_from == kept
    partly = queries.chart("login-rate", queries.window(start="2026-02-28T00:00:00Z", end="2026-03-03T00:00:00Z"))
    assert partly.state == "none_in_range"
    assert np.isnan(partly.series[0].v[0])
    assert partly.series[0].v[-1] == 0


def test_an_hour_of_last_month_is_drawn_from_hours(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-02-10T08:15+00:00"), 4))
    purged_below(database, "minute", at("2026-03-01T00:00+00:00"))
    window = queries.window(start="2026-02-10T08:00:00Z", end="2026-02-10T09:00:00Z")
    data = queries.chart("login-rate", window)
    assert window.resolution == "hour"
    assert data.series[0].v.tolist() == [4]


# Zones


def days_of(queries: Queries, zone: str, start: str, end: str) -> ChartData:
    window = queries.window(start=start, end=end, zone=ZoneInfo(zone), resolution="day")
    assert not window.days_are_utc
    return queries.chart("login-rate", window)


@pytest.mark.parametrize(
    ("zone", "start", "end", "moments", "expected"),
    [
        # The last and the first minute of days on both sides of a change of the clocks.
        (
            "Europe/Berlin",
            "2026-03-28T00:00:00+01:00",
            "2026-03-31T00:00:00+02:00",
            ["2026-03-28T23:59+01:00", "2026-03-29T00:00+01:00", "2026-03-29T23:59+02:00", "2026-03-30T00:00+02:00"],
            [1, 2, 1],
        ),
        (
            "Europe/Berlin",
            "2025-10-25T00:00:00+02:00",
            "2025-10-28T00:00:00+01:00",
            ["2025-10-26T00:00+02:00", "2025-10-26T02:30+02:00", "2025-10-26T02:30+01:00", "2025-10-26T23:59:59+01:00"],
            [0, 4, 0],
        ),
        (
            "Asia/Kathmandu",
            "2026-03-01T00:00:00+05:45",
            "2026-03-03T00:00:00+05:45",
            ["2026-03-01T23:59:59+05:45", "2026-03-02T00:00+05:45", "2026-03-02T23:59:59+05:45"],
            [1, 2],
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-04T00:00:00+11:00",
            "2026-04-07T00:00:00+10:30",
            ["2026-04-04T23:59+11:00", "2026-04-05T00:00+11:00", "2026-04-05T23:59+10:30", "2026-04-06T00:00+10:30"],
            [1, 2, 1],
        ),
    ],
)  # fmt: skip
def test_days_are_the_zones_days(
    database: Database, queries: Queries, zone: str, start: str, end: str, moments: list[str], expected: list[int]
) -> None:
    store(database, *(each for moment in moments for each in logins(at(moment), 1, success=True)))
    data = days_of(queries, zone, start, end)
    assert data.series[0].v.tolist() == expected
    assert data.headline.value == len(moments)
    split = queries.chart("login-results", data.window)
    assert split.series[0].v.tolist() == expected


def test_a_days_rate_divides_by_the_hours_it_has(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-29T12:00+02:00"), 23))
    window = queries.window(
        start="2026-03-29T00:00:00+01:00", end="2026-03-30T00:00:00+02:00", zone=BERLIN, resolution="day"
    )
    rate = queries.series(LOGIN, None, "rate", window).series[0]
    assert rate.v.tolist() == [23 / (23 * 3600)]


def test_a_gauge_over_a_zones_day_keeps_its_extremes(database: Database, queries: Queries) -> None:
    store(database, *players(at("2026-03-29T01:00+01:00"), 10), *players(at("2026-03-29T22:00+02:00"), 30, 50))
    data = queries.chart(
        "players-online",
        queries.window(
            start="2026-03-29T00:00:00+01:00", end="2026-03-30T00:00:00+02:00", zone=BERLIN, resolution="day"
        ),
    )
    series = data.series[0]
    assert series.low is not None
    assert series.high is not None
    assert (series.low.tolist(), series.v.tolist(), series.high.tolist()) == ([10], [30], [50])


def test_utc_days_are_what_is_left_in_the_end(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-02-01T23:30+00:00"), 2))
    for level in ("minute", "hour"):
        purged_below(database, level, at("2026-03-01T00:00+00:00"))
    window = queries.window(start="2026-02-01T00:00:00+01:00", end="2026-02-04T00:00:00+01:00", zone=BERLIN)
    data = queries.chart("login-rate", window)
    assert window.days_are_utc
    assert frame(data)["time"].tolist() == [f"2026-0{day}T00:00:00Z" for day in ("1-31", "2-01", "2-02", "2-03")]
    assert data.series[0].v.tolist() == [0, 2, 0, 0]


# Headlines and comparisons


def test_a_headline_compares_with_the_period_before(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 6), *logins(at("2026-03-10T11:00+00:00"), 4))
    headline = queries.chart("login-rate", queries.window("1h")).headline
    assert (headline.value, headline.label, headline.previous) == (6, "total", 4)
    assert headline.change == pytest.approx(0.5)


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
    headline = queries.chart("login-rate", queries.window("1h")).headline
    assert (headline.value, headline.previous, headline.change) == (7, 6, 0)


def test_a_gauge_shows_its_latest_complete_bucket(database: Database, queries: Queries) -> None:
    store(
        database,
        *players(at("2026-03-10T11:15+00:00"), 10),
        *players(at("2026-03-10T12:15+00:00"), 20),
        *players(at("2026-03-10T12:20+00:00"), 999),
    )
    wait_behind(database, at("2026-03-10T12:20:30+00:00"))
    headline = queries.chart("players-online", queries.window("1h")).headline
    assert (headline.value, headline.label, headline.previous, headline.change) == (20, "latest", 10, 1)


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


def test_a_split_that_is_declared_can_be_taken_back(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 3, success=True), *logins(moment, 2, success=False))
    whole = queries.chart("login-results", queries.window("1h"), split={"login-results": NO_SPLIT})
    assert [series.name for series in whole.series] == [whole.chart.title]
    assert value_at(whole.series[0], moment) == 5


@pytest.mark.parametrize(("compare", "hours"), [("period", 1), ("day", 24), ("week", 168)])
def test_a_comparison_lies_over_the_window(database: Database, queries: Queries, compare: Any, hours: int) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 3), *logins(moment - timedelta(hours=hours), 2))
    data = queries.chart("login-rate", queries.window("1h"), compare=compare)
    assert np.array_equal(data.previous[0].t, data.series[0].t)
    assert (value_at(data.series[0], moment), value_at(data.previous[0], moment)) == (3, 2)


def test_the_day_after_a_change_of_the_clocks_is_compared_at_the_same_hour(
    database: Database, queries: Queries
) -> None:
    monday = at("2026-03-30T14:00+02:00")
    store(
        database, *logins(monday, 3), *logins(at("2026-03-29T14:00+02:00"), 2), *logins(at("2026-03-29T01:30+01:00"), 9)
    )
    window = queries.window(
        start="2026-03-30T00:00:00+02:00", end="2026-03-31T00:00:00+02:00", zone=BERLIN, resolution="hour"
    )
    previous = queries.chart("login-rate", window, compare="day").previous[0]
    assert value_at(previous, monday) == 2
    assert value_at(previous, at("2026-03-30T01:00+02:00")) == 9
    assert np.isnan(value_at(previous, at("2026-03-30T02:00+02:00")))


def test_days_are_compared_with_days(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-30T14:00+02:00"), 3), *logins(at("2026-03-28T14:00+01:00"), 2))
    data = queries.chart(
        "login-rate",
        queries.window(
            start="2026-03-29T00:00:00+01:00", end="2026-03-31T00:00:00+02:00", zone=BERLIN, resolution="day"
        ),
        compare="period",
    )
    assert data.series[0].v.tolist() == [0, 3]
    assert data.previous[0].v.tolist() == [0, 2]


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


# Refused events


def test_refused_events_are_intervals_with_count_and_reasons(database: Database, queries: Queries) -> None:
    first = at("2026-03-10T12:00:10+00:00")
    store(
        database,
        (REFUSED, first, {"events": 40}, {"reason": "buffer_full"}),
        (REFUSED, first + timedelta(minutes=1), {"events": 2}, {"reason": "too_old"}),
        (REFUSED, first + timedelta(minutes=10), {"events": 1}, {"reason": "buffer_full"}),
    )
    intervals = queries.tab("auth", queries.window("1h")).refused
    assert [(one.start.minute, one.end.minute, one.count, one.reasons) for one in intervals] == [
        (0, 2, 42, ("buffer_full", "too_old")),
        (10, 11, 1, ("buffer_full",)),
    ]


# Errors


def test_a_chart_that_fails_leaves_its_neighbours_standing(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(
        database, (KILLED, moment, {"xp_reward": 5}, {}), ("bezgelor.combat.damage", moment, {"damage_amount": 7}, {})
    )
    break_bucket(database, KILLED)
    charts = {chart.chart.id: chart for chart in queries.tab("combat", queries.window("1h")).charts}
    assert {name: chart.state for name, chart in charts.items()} == {
        "damage-dealt": "data",
        "creatures-killed": "data",
        "xp-awarded": "failing",
    }
    assert charts["xp-awarded"].error
    assert value_at(charts["damage-dealt"].series[0], moment) == 7


def test_a_database_that_is_not_there_raises_without_its_address(clock: Clock) -> None:
    nowhere = Database("postgresql://someone:secret-word@127.0.0.1:1/nothing")
    queries = Queries(nowhere, load_catalog(), load_settings({}), clock=clock)
    window = choose_resolution(TimeRange(NOW - timedelta(hours=1), NOW), ZoneInfo("UTC"), RetainedSince())
    with pytest.raises(QueriesUnavailableError) as error:
        queries.tab("auth", window)
    assert "secret-word" not in str(error.value)
    assert "someone" not in str(error.value)


def test_unknown_tabs_and_charts_are_named(queries: Queries) -> None:
    window = queries.window("1h")
    with pytest.raises(KeyError, match="nowhere"):
        queries.tab("nowhere", window)
    with pytest.raises(KeyError, match="nothing"):
        queries.chart("nothing", window)


@pytest.mark.parametrize(
    ("arguments", "quoted"),
    [
        ((LOGIN, None, "median"), "'median'"),
        ((LOGIN, "duration_ms", "p95"), "'p95'"),
        ((PLAYERS, "online", "sum"), "'sum'"),
        (("a.b", None, "avg"), "'avg'"),
        ((LOGIN, None, "count", None, "account_id"), "'account_id'"),
        ((LOGIN, "duration_ms", "count"), "'duration_ms'"),
        (("Not A Name", None, "count"), "'Not A Name'"),
    ],
)
def test_a_question_without_an_answer_is_quoted(queries: Queries, arguments: Any, quoted: str) -> None:
    name, measurement, show, *rest = arguments
    with pytest.raises(QueryError, match=quoted):
        queries.series(name, measurement, show, queries.window("1h"), *rest[1:])


def test_an_undeclared_event_can_be_asked_for(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, ("some.other.event", moment, {"size": 4}, {}), ("some.other.event", moment, {"size": 8}, {}))
    data = queries.series("some.other.event", "size", "avg", queries.window("1h"))
    assert (data.headline.value, data.chart.unit) == (6, "")


# One question a tick


def test_a_tick_costs_the_same_for_one_viewer_and_for_a_hundred(database: Database, clock: Clock) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 3))

    def ask(viewers: int) -> int:
        queries = Queries(database, load_catalog(), load_settings({}), clock=clock)
        threads = min(viewers, 20)
        together = threading.Barrier(threads)

        def view(_: int) -> TabData:
            together.wait()
            return queries.tab("auth", queries.window("24h"), compare="period")

        with statements(database) as sent, ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(view, range(viewers)))
        assert all(answer.charts[0].headline.value == 3 for answer in answers)
        return len(sent)

    assert ask(1) == ask(100)


def test_a_tab_is_one_statement_beside_the_status(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 3))
    window = queries.window("24h")
    with statements(database) as sent:
        queries.tab("auth", window, compare="week")
        queries.tab("auth", window, compare="week")
        queries.chart("login-rate", window, compare="week")
    assert len(sent) == 1


def test_the_next_tick_asks_again(database: Database, queries: Queries, clock: Clock) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 3))
    fixed = queries.window(start="2026-03-10T11:00:00Z", end="2026-03-10T12:30:00Z")
    assert queries.chart("login-rate", fixed).headline.value == 3
    store(database, *logins(moment, 2))
    assert queries.chart("login-rate", fixed).headline.value == 3
    clock.now += timedelta(seconds=10)
    assert queries.chart("login-rate", fixed).headline.value == 5


class PickledStore:
    """A cache that keeps bytes, as Redis does."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, key: str) -> Any:
        return pickle.loads(self.kept[key]) if key in self.kept else None

    def set(self, key: str, value: Any, timeout: int | None = None) -> None:
        self.kept[key] = pickle.dumps(value)


def test_what_comes_from_a_cache_equals_what_was_asked(database: Database, clock: Clock) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 3, success=True), *players(NOW, 5))
    cached = PickledStore()
    first = Queries(database, load_catalog(), load_settings({}), cached, clock=clock)
    second = Queries(database, load_catalog(), load_settings({}), cached, clock=clock)
    for tab in ("auth", "server"):
        asked = first.tab(tab, first.window("24h"), compare="day")
        with statements(database) as sent:
            found = second.tab(tab, second.window("24h"), compare="day")
        assert not sent
        for one, other in zip(asked.charts, found.charts, strict=True):
            assert_same(one, other)


class BrokenStore:
    """A cache that is down."""

    def get(self, key: str) -> Any:
        raise ConnectionError(key)

    def set(self, key: str, value: Any, timeout: int | None = None) -> None:
        raise ConnectionError(key)


def test_a_cache_that_is_down_costs_speed_only(database: Database, clock: Clock) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 3))
    queries = Queries(database, load_catalog(), load_settings({}), BrokenStore(), clock=clock)
    assert queries.chart("login-rate", queries.window("1h")).headline.value == 3


def test_answers_are_read_only(database: Database, queries: Queries) -> None:
    store(database, *players(at("2026-03-10T12:00+00:00"), 3))
    series = queries.chart("players-online", queries.window("1h")).series[0]
    for array in (series.t, series.v, series.low, series.high):
        assert array is not None
        assert not array.flags.writeable


# Windows


def test_viewers_of_one_tick_share_one_window(queries: Queries, clock: Clock) -> None:
    first = queries.window("24h")
    clock.now += timedelta(seconds=3)
    assert queries.window("24h") == first
    assert (first.end, first.live) == (TICK, True)
    clock.now += timedelta(seconds=1)
    assert queries.window("24h").end == TICK + timedelta(seconds=10)


# Tables


def test_a_csv_has_the_numbers_of_the_picture(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 3, success=True), *logins(moment + timedelta(minutes=1), 2, success=False))
    data = queries.chart("login-results", queries.window("1h", zone=BERLIN))
    header, *rows = csv.reader(io.StringIO(to_csv(frame(data))))
    assert header == ["time", "true", "false"]
    assert [datetime.fromisoformat(row[0]) for row in rows] == [
        from_milliseconds(t) for t in bucket_starts(data.window)
    ]
    assert all(row[0].endswith("+01:00") for row in rows)
    for column, series in enumerate(data.series, start=1):
        assert [float(row[column]) for row in rows] == series.v.tolist()


def test_a_gap_is_an_empty_cell(database: Database, queries: Queries) -> None:
    store(database, *players(at("2026-03-10T12:00+00:00"), 3.5))
    rows = list(csv.reader(io.StringIO(to_csv(frame(queries.chart("players-online", queries.window("1h")))))))
    assert {row[1] for row in rows[1:]} == {"", "3.5"}


def test_the_repeated_hour_of_autumn_is_told_apart_by_its_offset(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2025-10-26T02:30+02:00"), 1), *logins(at("2025-10-26T02:30+01:00"), 2))
    window = queries.window(
        start="2025-10-26T00:00:00+02:00", end="2025-10-27T00:00:00+01:00", zone=BERLIN, resolution="hour"
    )
    table = frame(queries.chart("login-rate", window))
    assert len(table) == 25
    values = dict(zip(table["time"], table["Login Rate"], strict=True))
    assert (values["2025-10-26T02:00:00+02:00"], values["2025-10-26T02:00:00+01:00"]) == (1, 2)


def test_a_tab_is_one_table(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 3, success=True), (SESSION, moment, {"duration_ms": 1}, {}))
    table = tab_frame(queries.tab("auth", queries.window("1h")))
    assert list(table.columns) == ["time", "Login Rate", "Login Success/Failure: true", "Session Starts"]
    assert len(table) == 61


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_text_that_looks_like_a_formula_is_made_harmless(cell: str) -> None:
    assert csv_safe(cell) == f"'{cell}"


def test_numbers_and_plain_text_stay_as_they_are() -> None:
    assert [csv_safe(cell) for cell in (-1.5, 3, "a=b", "")] == [-1.5, 3, "a=b", ""]


def test_a_formula_in_a_value_of_a_split_does_not_reach_a_spreadsheet(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 1, zone='=cmd|"x"'))
    data = queries.series(LOGIN, None, "count", queries.window("1h"), "zone")
    assert next(csv.reader(io.StringIO(to_csv(frame(data))))) == ["time", '\'=cmd|"x"']


# Raw events


def test_the_raw_events_behind_a_point_are_there_while_raw_is(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 3, success=True), *logins(moment + timedelta(minutes=1), 1))
    raw = queries.raw_events("login-rate", moment, moment + timedelta(minutes=1))
    carried = [(list(each["measurements"]), each["metadata"]) for each in raw]
    assert carried == [(["duration_ms"], {"success": True})] * 3
    assert len(queries.raw_events("login-rate", moment, moment + timedelta(minutes=1), limit=2)) == 2
    assert queries.raw_events("players-online", moment, moment + timedelta(minutes=1)) == []


def test_a_window_can_be_made_by_hand(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 3))
    window = Window(NOW - timedelta(hours=1), NOW, "hour", BERLIN, source="hour")
    assert queries.chart("login-rate", window).series[0].v.tolist() == [0, 3]
    assert queries.chart("login-rate", replace(window, resolution="minute", source="minute")).headline.value == 3
