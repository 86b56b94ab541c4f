"""Ratios: sums are divided and ratios never averaged, over whatever buckets, in every number that is shown."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from db.engine import Database
from layouts.cards import shown
from layouts.words import aside_text
from metrics_dash.catalog import Catalog, Chart, parse_catalog
from metrics_dash.charts.cache import SharedCache
from metrics_dash.charts.exports import chart_csv
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.timerange.steps import HOUR, MINUTE, find_step
from metrics_dash.settings import load_settings
from tests.support.charts import (
    KILLED,
    LOGIN,
    SESSION,
    ByteStore,
    Clock,
    assert_same,
    at,
    logins,
    recorded_since,
    statements,
    store,
    value_at,
)

CHART = "login-success-rate"
EVENTS = """
[events."bezgelor.auth.login_complete"]
kind = "counter"
[events."bezgelor.realm.session_start"]
kind = "counter"
[events."bezgelor.creature.killed"]
kind = "counter"
measurements.xp_reward = { unit = "XP" }
[[tabs]]
id = "one"
title = "One"
[[tabs.charts]]
id = "one"
title = "One"
show = "ratio"
"""


def sessions(moment: datetime, number: int) -> list[tuple[str, datetime, dict[str, float], dict[str, str]]]:
    return [(SESSION, moment + timedelta(milliseconds=each), {}, {}) for each in range(number)]


def attempts(moment: datetime, good: int, bad: int) -> list[tuple[str, datetime, dict[str, float], dict[str, bool]]]:
    return [*logins(moment, good, success=True), *logins(moment + timedelta(seconds=1), bad, success=False)]


def ratio_of(declared: str) -> Chart:
    catalog: Catalog = parse_catalog(EVENTS + declared)
    return catalog.chart("one")


@pytest.fixture
def unequal(database: Database) -> Database:
    """A minute in which one of one succeeded, and one in which one of nine did: the averages would be 55.6 %."""
    recorded = attempts(at("2026-03-10T12:10+00:00"), 1, 0) + attempts(at("2026-03-10T12:11+00:00"), 1, 8)
    store(database, *recorded)
    recorded_since(database, at("2026-01-01T00:00+00:00"))
    return database


def test_sums_are_divided_and_ratios_are_never_averaged(unequal: Database, queries: Queries) -> None:
    data = queries.chart(CHART, queries.window("1h"))
    (series,) = data.series
    assert value_at(series, at("2026-03-10T12:10+00:00")) == 100
    assert value_at(series, at("2026-03-10T12:11+00:00")) == pytest.approx(100 / 9)
    assert (data.headline.value, data.headline.label) == (20, "overall")


def test_nothing_divided_by_nothing_is_a_gap_and_nothing_of_something_is_zero(
    database: Database, queries: Queries
) -> None:
    store(database, *attempts(at("2026-03-10T12:10+00:00"), 0, 3))
    recorded_since(database, at("2026-01-01T00:00+00:00"))
    (series,) = queries.chart(CHART, queries.window("1h")).series
    assert value_at(series, at("2026-03-10T12:10+00:00")) == 0
    assert np.isnan(value_at(series, at("2026-03-10T12:09+00:00")))


@pytest.mark.parametrize("step", ["1m", "5m", "1h", "1d", "1M"])
def test_longer_buckets_divide_what_they_add_up(unequal: Database, queries: Queries, step: str) -> None:
    window = queries.window(start="2026-03-10T12:00:00Z", end="2026-03-10T13:00:00Z", step=find_step(step, "res"))
    values = queries.chart(CHART, window).series[0].v
    expected = [100, 100 / 9] if step == "1m" else [20]
    np.testing.assert_allclose(values[np.isfinite(values)], expected)


def test_a_ratio_is_held_against_that_of_the_period_before(unequal: Database, queries: Queries) -> None:
    store(unequal, *attempts(at("2026-03-10T10:40+00:00"), 1, 0), *attempts(at("2026-03-10T11:10+00:00"), 3, 7))
    window = queries.window(start="2026-03-10T11:30:00Z", end="2026-03-10T12:30:00Z")
    headline = queries.chart(CHART, window).headline
    assert headline.previous == pytest.approx(400 / 11)
    assert headline.change == pytest.approx(20 / (400 / 11) - 1)
    compared = queries.chart(CHART, window, compare="period")
    assert compared.headline == headline
    assert value_at(compared.previous[0], at("2026-03-10T12:10+00:00")) == 30


def test_a_table_has_what_the_picture_shows(unequal: Database, queries: Queries) -> None:
    window = queries.window(start="2026-03-10T12:00:00Z", end="2026-03-10T13:00:00Z", step=HOUR)
    assert chart_csv(queries.chart(CHART, window)) == "time,Login Success Rate\r\n2026-03-10T12:00:00Z,20\r\n"


def test_a_tab_with_a_ratio_is_one_statement(unequal: Database, queries: Queries) -> None:
    window = queries.window("24h")
    with statements(unequal) as sent:
        queries.tab("auth", window, compare="day", bars=60)
    assert len([statement for statement in sent if "telemetry_buckets" in statement]) == 1


def test_two_events_are_divided_from_when_on_both_are_recorded(database: Database, queries: Queries) -> None:
    chart = ratio_of(f'numerator = {{ event = "{SESSION}" }}\ndenominator = {{ event = "{LOGIN}" }}')
    store(database, *logins(at("2026-03-10T12:00+00:00"), 4), *logins(at("2026-03-10T12:10+00:00"), 4))
    assert queries.one(chart, queries.window("1h")).state == "never_seen"
    store(database, *sessions(at("2026-03-10T12:10+00:00"), 3), *sessions(at("2026-03-10T12:12+00:00"), 1))
    queries.cache = SharedCache(None, timeout=1)
    data = queries.one(chart, queries.window("1h"))
    (series,) = data.series
    assert np.isnan(value_at(series, at("2026-03-10T12:00+00:00"))), "sessions were not counted yet"
    assert value_at(series, at("2026-03-10T12:10+00:00")) == 75
    assert np.isnan(value_at(series, at("2026-03-10T12:12+00:00"))), "one of none"
    assert data.headline.value == 100, "what had no denominator of its own counts in the whole"


def test_a_sum_is_divided_by_a_count(database: Database, queries: Queries) -> None:
    chart = ratio_of(f'event = "{KILLED}"\nnumerator = {{ show = "sum" }}\ndenominator = {{}}')
    moment = at("2026-03-10T12:10+00:00")
    store(database, (KILLED, moment, {"xp_reward": 30.0}, {}), (KILLED, moment, {}, {}))
    data = queries.one(chart, queries.window("1h"))
    assert (data.headline.value, chart.unit) == (15, "XP")


def test_a_value_that_a_bucket_counts_among_the_rest_is_unknown_there(unequal: Database, queries: Queries) -> None:
    with unequal.begin() as connection:
        connection.execute(
            text(
                "UPDATE telemetry_buckets SET metadata_counts = '{\"success:__other__\": 9}' "
                "WHERE bucket_type = 'minute' AND bucket_start = '2026-03-10 12:11+00'"
            )
        )
    data = queries.chart(CHART, queries.window("1h"))
    assert value_at(data.series[0], at("2026-03-10T12:10+00:00")) == 100
    assert np.isnan(value_at(data.series[0], at("2026-03-10T12:11+00:00")))
    assert (data.state, data.partly, data.headline.value) == ("data", True, None), "it is no number of the range"
    alone = queries.chart(CHART, queries.window(start="2026-03-10T12:11:00Z", end="2026-03-10T12:12:00Z", step=MINUTE))
    assert (alone.state, alone.headline.value) == ("among_others", None), "there are events"
    assert aside_text(data) == "gaps where true is not told apart"
    assert "success: true is none of the most frequent" in str(shown(alone))


def test_a_ratio_is_cached_as_it_is(unequal: Database, queries: Queries, clock: Clock) -> None:
    cached = Queries(unequal, queries._catalog, load_settings({}), ByteStore(), clock=clock)
    window = cached.window("1h")
    first = cached.chart(CHART, window)
    assert_same(cached.chart(CHART, window), first)
    assert first.chart.ratio == replace(first.chart).ratio is not None
