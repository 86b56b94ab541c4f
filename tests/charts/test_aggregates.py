"""Every aggregate says the same at every resolution."""

from datetime import timedelta

import numpy as np
import pytest

from db.engine import Database
from metrics_dash.charts.aggregates import AGGREGATES
from metrics_dash.charts.queries import Queries
from tests.support.charts import KILLED, LOGIN, at, logins, store, value_at


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
