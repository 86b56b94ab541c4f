"""Every aggregate says the same at every step."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.engine import Database
from db.series_reads import Rows
from metrics_dash.catalog_rules import Show
from metrics_dash.charts.aggregates import AGGREGATES
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.rows import aggregate, together
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.parse import TimeRange
from metrics_dash.charts.timerange.steps import STEPS, find_step
from metrics_dash.charts.timerange.windows import Window, bucket_edges, choose_window
from tests.support.charts import KILLED, LOGIN, at, logins, players, recorded_since, store, value_at
from tests.support.times import EVERYTHING


@pytest.mark.parametrize("length", ["1h", "24h", "7d", "30d"])
def test_a_total_is_the_same_in_every_range(database: Database, queries: Queries, length: str) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 3), *logins(at("2026-03-10T12:07:30+00:00"), 4))
    data = queries.chart("login-rate", queries.window(length))
    assert np.nansum(data.series[0].v) == 7
    assert data.headline.value == 7


CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00+00:00"),
    ("Europe/Berlin", "2025-10-26T01:00+00:00"),
    ("America/New_York", "2026-03-08T07:00+00:00"),
    ("America/New_York", "2025-11-02T06:00+00:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00+00:00"),
    ("Australia/Lord_Howe", "2025-10-04T15:30+00:00"),
    ("Asia/Kathmandu", "2026-03-08T18:15+00:00"),
    ("Africa/Cairo", "2025-04-24T22:00+00:00"),
    ("Pacific/Apia", "2011-12-30T10:00+00:00"),
]
FOLDS: dict[Show, Callable[[list[float]], float]] = {
    "count": len,
    "sum": sum,
    "avg": lambda numbers: sum(numbers) / len(numbers),
    "min": min,
    "max": max,
    "p50": lambda numbers: sorted(numbers)[(len(numbers) + 1) // 2 - 1],
    "p99": lambda numbers: sorted(numbers)[-(-99 * len(numbers) // 100) - 1],
}

# Percentiles are within 1.1 % of the exact ones.
WITHIN: dict[Show, float] = {"p50": 0.011, "p99": 0.011}


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_every_step_adds_up_the_events_of_its_buckets_around_a_change_of_the_clocks(
    database: Database, queries: Queries, zone: str, change: str
) -> None:
    events = [(at(change) + number * timedelta(minutes=7), float(number % 97)) for number in range(-300, 300)]
    store(database, *((LOGIN, moment, {"duration_ms": value}, {}) for moment, value in events))
    span = TimeRange(at(change) - timedelta(hours=30), at(change) + timedelta(hours=30))
    for step in STEPS:
        window = choose_window(span, ZoneInfo(zone), EVERYTHING, step)
        expected = folded(events, window)
        for show, fold in FOLDS.items():
            data = queries.series(LOGIN, None if show == "count" else "duration_ms", show, window)
            drawn = dict(enumerate(data.series[0].v.tolist()))
            for place, values in expected.items():
                assert drawn[place] == pytest.approx(fold(values), rel=WITHIN.get(show)), (step.key, show)
            assert sum(value > 0 for place, value in drawn.items() if place not in expected) == 0
            everything = [value for values in expected.values() for value in values]
            assert data.headline.value == pytest.approx(fold(everything), rel=WITHIN.get(show)), (step.key, show)


def folded(events: Sequence[tuple[datetime, float]], window: Window) -> dict[int, list[float]]:
    """The values of the events of a window, by the number of the bucket that each lies in."""
    edges, buckets = bucket_edges(window), defaultdict[int, list[float]](list)
    for moment, value in events:
        if window.start <= moment < window.end:
            buckets[int(np.searchsorted(edges, to_milliseconds(moment), side="right")) - 1].append(value)
    return buckets


def test_a_rate_is_of_the_seconds_that_its_bucket_has(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-01T12:00+00:00"), 23))
    recorded_since(database, at("2026-01-01T00:00Z"))
    for step in STEPS:
        window = choose_window(
            TimeRange(at("2026-03-01T00:00Z"), at("2026-03-02T00:00Z")), ZoneInfo("UTC"), EVERYTHING, step
        )
        series = queries.series(LOGIN, None, "rate", window).series[0]
        seconds = np.diff(bucket_edges(window)) / 1000
        assert np.nansum(series.v * seconds) == pytest.approx(23), step.key
        assert queries.series(LOGIN, None, "rate", window).headline.value == pytest.approx(23 / seconds.sum())


def test_a_gauge_in_longer_buckets_keeps_its_extremes_and_weighs_by_its_samples(
    database: Database, queries: Queries
) -> None:
    noon = at("2026-03-09T12:00+00:00")
    store(database, *players(noon, 10), *players(noon + timedelta(minutes=3), 40, 40, 70))
    window = queries.window(start="2026-03-09T12:00:00Z", end="2026-03-09T13:00:00Z", step=find_step("5m"))
    series = queries.chart("players-online", window).series[0]
    assert series.low is not None
    assert series.high is not None
    assert (series.low[0], series.v[0], series.high[0]) == (10, 40, 70)


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


def test_the_average_of_a_gauge_that_is_always_the_same_is_that(database: Database, queries: Queries) -> None:
    """Added up and divided, ten times 1234567.891 is 1234567.8909999998."""
    moment = at("2026-03-10T12:00+00:00")
    same = [1234567.891] * 10
    store(database, *players(moment, *same))
    data = queries.chart("players-online", queries.window("1h"))
    assert value_at(data.series[0], moment) == same[0]
    assert data.headline.value == same[0]


def measured(values: list[float]) -> Rows:
    """A bucket of these values, added up one by one."""
    total = 0.0
    for value in values:
        total += value
    number, *parts = (np.array([part]) for part in (float(len(values)), total, min(values), max(values)))
    return Rows(np.zeros(1, dtype=np.int64), number, parts[0], parts[1], parts[2], number)


_VALUES = st.floats(-1e289, 1e289)
_BUCKETS = st.lists(
    st.lists(_VALUES, min_size=1, max_size=30)
    | st.builds(lambda value, number: [value] * number, _VALUES, st.integers(1, 300)),
    min_size=1,
    max_size=6,
)


@given(_BUCKETS)
def test_an_average_lies_between_minimum_and_maximum_however_buckets_are_put_together(
    buckets: list[list[float]],
) -> None:
    average, none = AGGREGATES["avg"].value, np.zeros(1)
    whole = together([measured(values) for values in buckets])
    for rows, values in ((whole, [*chain.from_iterable(buckets)]), *((measured(each), each) for each in buckets)):
        assert min(values) <= average(rows, none)[0] <= max(values)
    assert average(aggregate(whole, 1), none)[0] == average(whole, none)[0]


def test_an_average_is_not_drawn_to_extremes_that_are_not_of_all_its_values() -> None:
    """Of what else is in the sum, as an aggregate of another system, they may not be known."""
    rows = measured([1.0, 2.0])
    many = replace(rows, sum=np.array([300.0]), values=np.array([102.0]))
    assert AGGREGATES["avg"].value(many, np.zeros(1)).tolist() == [pytest.approx(300 / 102)]
    unknown = replace(many, min=np.full(1, np.nan), max=None)
    assert AGGREGATES["avg"].value(unknown, np.zeros(1)).tolist() == [pytest.approx(300 / 102)]
    assert AGGREGATES["avg"].value(replace(many, min=np.full(1, np.nan)), np.zeros(1)).tolist() == [300 / 102]


def test_every_aggregate_can_be_shown(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *((KILLED, moment, {"xp_reward": xp}, {}) for xp in (1.0, 2.0, 6.0)))
    window = queries.window("1h")
    expected = {"count": 3, "sum": 9, "rate": 3 / 60, "avg": 3, "min": 1, "max": 6}
    expected |= {"p50": 2, "p90": 6, "p95": 6, "p99": 6}
    assert {*expected, "ratio", "unique"} == set(AGGREGATES)
    for show, value in expected.items():
        measurement = None if show in ("count", "rate") else "xp_reward"
        data = queries.series(KILLED, measurement, show, window)
        assert value_at(data.series[0], moment) == pytest.approx(value, rel=0.011 if show[1:].isdigit() else None)
