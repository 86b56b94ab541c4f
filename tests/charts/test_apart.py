"""Splits of charts that do not only count: each value has what its events say, and all of them add up."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from db import declared
from db.bins import place_of, values_of
from db.engine import Database
from db.rollups import lock
from metrics_dash.charts.data import ChartData
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.timerange.grid import from_milliseconds
from tests.support.charts import KILLED, NOW, SESSION, at, recorded_since, statements, store

Events = list[tuple[str, datetime, dict[str, float], dict[str, Any]]]
ZONES = [f"zone {number}" for number in range(12)]
LENGTHS = {"1h": 55, "24h": 1400, "7d": 7 * 1400, "30d": 29 * 1400}


def declare(database: Database) -> None:
    with database.begin() as connection:
        lock(connection)
        split = {KILLED: ["zone"], SESSION: ["realm"]}
        declared.declare(connection, declared.Declared(unique={SESSION: ["account_id"]}, split=split))


def kills(number: int, minutes: float, seed: int = 1) -> Events:
    """Kills before now, in twelve zones and in none; those of the later zones are fewer and give more."""
    random = Random(seed)
    made = []
    for _ in range(number):
        zone = int(12 * random.random() ** 2)
        place = {"zone": ZONES[zone]} if random.random() < 0.9 else {}
        moment = NOW - timedelta(minutes=1 + random.random() * minutes)
        made.append((KILLED, moment, {"xp_reward": round(random.expovariate(1 / 10**zone), 3)}, place))
    return made


def split(queries: Queries, show: Any, length: str, key: str = "zone", event: str = KILLED) -> ChartData:
    measurement = {KILLED: "xp_reward", SESSION: "account_id" if show == "unique" else "duration_ms"}[event]
    return queries.series(event, measurement, show, queries.window(length), key)


def of_series(events: Events, data: ChartData) -> dict[str, Events]:
    named = {series.name for series in data.series if not series.rest}
    first = from_milliseconds(int(data.series[0].t[0]))
    found: dict[str, Events] = {}
    for each in events:
        if each[1] >= first:
            zone = each[3].get("zone")
            found.setdefault(zone if zone in named else "other", []).append(each)
    return found


def expected(show: str, events: Events) -> float:
    numbers = sorted(each[2]["xp_reward"] for each in events)
    if show.startswith("p"):
        rank = -(-len(numbers) * int(show[1:]) // 100)
        value = float(values_of(np.array([place_of(numbers[rank - 1])]))[0])
        return min(max(value, numbers[0]), numbers[-1])
    return {"sum": sum(numbers), "avg": sum(numbers) / len(numbers), "min": numbers[0], "max": numbers[-1]}[show]


@pytest.mark.parametrize("length", LENGTHS)
def test_each_value_has_what_its_events_say_and_the_rest_has_what_is_left(
    database: Database, queries: Queries, length: str
) -> None:
    declare(database)
    events = kills(400, LENGTHS[length])
    store(database, *events)
    for show in ("sum", "avg", "min", "max", "p50", "p95"):
        data = split(queries, show, length)
        assert data.state == "data"
        assert len(data.series) == 9
        assert [series.rest for series in data.series] == [False] * 8 + [True]
        groups = of_series(events, data)
        for series in data.series:
            assert series.total == pytest.approx(expected(show, groups[series.name])), (show, series.name)
        for position, start in enumerate(data.series[0].t.tolist()):
            end = start + (data.series[0].t[1] - data.series[0].t[0])
            for series in data.series:
                here = [e for e in groups[series.name] if start <= e[1].timestamp() * 1000 < end]
                if here:
                    assert series.v[position] == pytest.approx(expected(show, here)), (show, series.name)
                else:
                    assert np.isnan(series.v[position]) or (show == "sum" and series.v[position] == 0)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_sum_that_is_split_adds_up_to_the_sum(database: Database, queries: Queries, length: str) -> None:
    declare(database)
    store(database, *kills(300, LENGTHS[length], seed=2))
    whole = queries.series(KILLED, "xp_reward", "sum", queries.window(length))
    data = split(queries, "sum", length)
    total = np.nansum([series.v for series in data.series], axis=0)
    np.testing.assert_allclose(total, np.nan_to_num(whole.series[0].v))
    assert sum(series.total or 0 for series in data.series) == pytest.approx(whole.headline.value)
    assert data.headline == whole.headline


def test_of_a_sum_the_values_with_the_greatest_are_shown_and_of_the_rest_those_with_the_most_events(
    database: Database, queries: Queries
) -> None:
    declare(database)
    events: Events = [
        (KILLED, NOW - timedelta(minutes=5), {"xp_reward": 10.0**zone}, {"zone": ZONES[zone]})
        for zone in range(12)
        for _ in range(12 - zone)
    ]
    store(database, *events)
    assert [series.name for series in split(queries, "sum", "1h").series[:-1]] == ZONES[:3:-1]
    assert [series.name for series in split(queries, "max", "1h").series[:-1]] == ZONES[:8]


@pytest.mark.parametrize("length", ["1h", "24h", "30d"])
def test_unique_counts_are_split(database: Database, queries: Queries, length: str) -> None:
    declare(database)
    people = [(who, realm) for realm in range(10) for who in range(realm + 1)]
    moment = NOW - timedelta(minutes=30)
    sessions = [
        (SESSION, moment + timedelta(minutes=5 * part), {}, {"account_id": who, "realm": realm})
        for who, realm in people
        for part in (0, 1)
    ]
    store(database, *sessions, (SESSION, moment, {}, {"account_id": 99}))
    data = split(queries, "unique", length, "realm", SESSION)
    assert {series.name: series.total for series in data.series} == {
        **{str(realm): realm + 1 for realm in range(2, 10)},
        "other": 3,  # 0 of realm 0, 0 and 1 of realm 1, and 99 of none
    }
    assert data.headline.value == 11


def test_a_tab_with_splits_is_one_statement(database: Database, queries: Queries) -> None:
    declare(database)
    store(database, *kills(50, 50))
    window, moment = queries.window("1h"), queries.moment()
    with statements(database) as sent:
        queries.tab("combat", window, split="zone", moment=moment)
    assert len(sent) == 1


def test_before_the_declaration_there_is_a_gap_and_no_total(database: Database, queries: Queries) -> None:
    early, late = at("2026-03-10T12:00+00:00"), at("2026-03-10T12:20+00:00")
    zone = {"zone": "forest"}
    store(database, (KILLED, early, {"xp_reward": 5.0}, zone))
    recorded_since(database, early - timedelta(days=2))
    with database.begin() as connection:
        # The raw events of that time are gone.
        connection.execute(text("DELETE FROM telemetry_events"))
        connection.execute(text("UPDATE retention_floors SET recompute_floor = :at WHERE level = 'raw'"), {"at": late})
    declare(database)
    store(database, (KILLED, late, {"xp_reward": 7.0}, zone))
    data = split(queries, "sum", "1h")
    (series,) = data.series
    values = {from_milliseconds(int(t)): v for t, v in zip(series.t, series.v, strict=True)}
    assert np.isnan(values[early])
    assert values[late] == 7
    assert values[late - timedelta(minutes=5)] == 0
    assert series.total is None
    assert data.headline.value == 12


def test_events_of_a_time_before_the_declaration_are_said_not_to_be_told_apart(
    database: Database, queries: Queries
) -> None:
    store(database, (KILLED, NOW - timedelta(minutes=5), {"xp_reward": 5.0}, {"zone": "forest"}))
    for show in ("sum", "avg", "p95"):
        data = split(queries, show, "1h")
        assert (data.state, data.series) == ("unsplit", ())
    assert split(queries, "sum", "1h").headline.value == 5


def test_what_it_is_compared_with_is_of_the_same_values(database: Database, queries: Queries) -> None:
    declare(database)
    now = kills(300, 50)
    store(database, *now, *((name, moment - timedelta(days=1), numbers, data) for name, moment, numbers, data in now))
    window = queries.window("1h")
    data = queries.series(KILLED, "xp_reward", "sum", window, "zone", compare="day")
    assert [series.name for series in data.previous] == [series.name for series in data.series]
    for here, then in zip(data.series, data.previous, strict=True):
        assert np.nansum(here.v) == pytest.approx(np.nansum(then.v))
        assert here.total == pytest.approx(then.total)
