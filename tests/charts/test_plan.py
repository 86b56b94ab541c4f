"""Which buckets are read for a chart: in zones, across changes of the clocks, and for comparisons."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from db.engine import Database
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.tables import frame
from metrics_dash.charts.timerange.steps import DAY, HOUR, MINUTE
from tests.support.charts import (
    BERLIN,
    LOGIN,
    NOW,
    at,
    days_of,
    logins,
    players,
    purged_below,
    recorded_since,
    store,
    value_at,
)
from tests.support.times import window_by_hand


def test_an_hour_of_last_month_is_drawn_from_hours(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-02-10T08:15+00:00"), 4))
    purged_below(database, "minute", at("2026-03-01T00:00+00:00"))
    window = queries.window(start="2026-02-10T08:00:00Z", end="2026-02-10T09:00:00Z")
    data = queries.chart("login-rate", window)
    assert window.step == HOUR
    assert data.series[0].v.tolist() == [4]


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
    recorded_since(database, at(start))
    data = days_of(queries, zone, start, end)
    assert data.series[0].v.tolist() == expected
    assert data.headline.value == len(moments)
    split = queries.chart("login-results", data.window)
    assert split.series[0].v.tolist() == expected


def test_a_days_rate_divides_by_the_hours_it_has(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-29T12:00+02:00"), 23))
    window = queries.window(start="2026-03-29T00:00:00+01:00", end="2026-03-30T00:00:00+02:00", zone=BERLIN, step=DAY)
    rate = queries.series(LOGIN, None, "rate", window).series[0]
    assert rate.v.tolist() == [23 / (23 * 3600)]


def test_a_gauge_over_a_zones_day_keeps_its_extremes(database: Database, queries: Queries) -> None:
    store(database, *players(at("2026-03-29T01:00+01:00"), 10), *players(at("2026-03-29T22:00+02:00"), 30, 50))
    data = queries.chart(
        "players-online",
        queries.window(start="2026-03-29T00:00:00+01:00", end="2026-03-30T00:00:00+02:00", zone=BERLIN, step=DAY),
    )
    series = data.series[0]
    assert series.low is not None
    assert series.high is not None
    assert (series.low.tolist(), series.v.tolist(), series.high.tolist()) == ([10], [30], [50])


def test_utc_days_are_what_is_left_in_the_end(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-02-01T23:30+00:00"), 2))
    for level in ("minute", "hour"):
        purged_below(database, level, at("2026-03-01T00:00+00:00"))
    recorded_since(database, at("2026-01-01T00:00+00:00"))
    window = queries.window(start="2026-02-01T00:00:00+01:00", end="2026-02-04T00:00:00+01:00", zone=BERLIN)
    data = queries.chart("login-rate", window)
    assert window.days_are_utc
    assert frame(data)["time"].tolist() == [f"2026-0{day}T00:00:00Z" for day in ("1-31", "2-01", "2-02", "2-03")]
    assert data.series[0].v.tolist() == [0, 2, 0, 0]


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
    window = queries.window(start="2026-03-30T00:00:00+02:00", end="2026-03-31T00:00:00+02:00", zone=BERLIN, step=HOUR)
    previous = queries.chart("login-rate", window, compare="day").previous[0]
    assert value_at(previous, monday) == 2
    assert value_at(previous, at("2026-03-30T01:00+02:00")) == 9
    assert np.isnan(value_at(previous, at("2026-03-30T02:00+02:00")))


def test_days_are_compared_with_days(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-30T14:00+02:00"), 3), *logins(at("2026-03-28T14:00+01:00"), 2))
    recorded_since(database, at("2026-03-01T00:00+01:00"))
    data = queries.chart(
        "login-rate",
        queries.window(start="2026-03-29T00:00:00+01:00", end="2026-03-31T00:00:00+02:00", zone=BERLIN, step=DAY),
        compare="period",
    )
    assert data.series[0].v.tolist() == [0, 3]
    assert data.previous[0].v.tolist() == [0, 2]


def test_a_window_can_be_made_by_hand(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 3))
    recorded_since(database, NOW - timedelta(days=1))
    window = window_by_hand(NOW - timedelta(hours=1), NOW, "hour", BERLIN, source="hour")
    assert queries.chart("login-rate", window).series[0].v.tolist() == [0, 3]
    assert queries.chart("login-rate", replace(window, step=MINUTE, source="minute")).headline.value == 3
