"""A filter over charts: of one value of a dimension, or of all others, whatever a chart shows of its event."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import text

from db import declared
from db.engine import Database
from db.filters import Filter
from db.rollups import lock
from db.series_raw import MOST_EVENTS
from layouts.figure.traces import FigureStyle, series_colours, split_values
from metrics_dash.catalog import load_catalog, parse_catalog
from metrics_dash.charts.data import ChartData, QueryError
from metrics_dash.charts.filtering import filter_chart
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.ranking import part_of_whole
from metrics_dash.charts.timerange.grid import from_milliseconds
from metrics_dash.charts.timerange.steps import find_step
from metrics_dash.settings import load_settings
from tests.charts.test_apart import ZONES, Events, expected, kills
from tests.support.charts import KILLED, LOGIN, NOW, SESSION, Clock, at, logins, recorded_since, statements, store

LENGTHS = {"1h": 55, "24h": 1400, "7d": 7 * 1400, "30d": 29 * 1400}
FILTERS = [Filter("zone", ZONES[3]), Filter("zone", ZONES[3], without=True), Filter("zone", ZONES[0], without=True)]


def declare(database: Database) -> None:
    with database.begin() as connection:
        lock(connection)
        split = {KILLED: ["zone"], SESSION: ["realm"], LOGIN: ["success"]}
        declared.declare(connection, declared.Declared(unique={SESSION: ["account_id"]}, split=split))


def left(events: Events, where: Filter) -> Events:
    """Return the events that a filter leaves."""
    return [each for each in events if (str(each[3].get(where.dimension)) == where.value) != where.without]


def between(events: Events, start: datetime, end: datetime) -> Events:
    return [each for each in events if start <= each[1] < end]


def number(show: str, events: Events) -> float:
    return float(len(events)) if show == "count" else expected(show, events)


def assert_each_bucket(data: ChartData, show: str, events: Events) -> None:
    (series,) = data.series
    starts = [from_milliseconds(int(t)) for t in series.t]
    for start, end, value in zip(starts, [*starts[1:], data.window.end], series.v.tolist(), strict=True):
        here = between(events, start, end)
        if here:
            assert value == pytest.approx(number(show, here)), (show, start)
        else:
            assert np.isnan(value) or (show in ("count", "sum") and value == 0), (show, start)


@pytest.mark.parametrize("where", FILTERS, ids=Filter.spelled)
@pytest.mark.parametrize("length", LENGTHS)
def test_every_number_is_of_the_events_that_the_filter_leaves(
    database: Database, queries: Queries, length: str, where: Filter
) -> None:
    declare(database)
    events = kills(400, LENGTHS[length])
    store(database, *events)
    window = queries.window(length)
    for show in ("count", "sum", "avg", "min", "max", "p50", "p95"):
        measured: Any = None if show == "count" else "xp_reward"
        data = queries.series(KILLED, measured, show, window, where=where)  # type: ignore[arg-type]
        assert (data.state, data.partly) == ("data", False)
        mine = left(between(events, window.start, window.end), where)
        assert_each_bucket(data, show, mine)
        assert data.headline.value == pytest.approx(number(show, mine)), show


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
@pytest.mark.parametrize("step", ["1h", "1d", "1w"])
def test_longer_steps_and_other_zones_add_up_the_same(
    database: Database, queries: Queries, zone: str, step: str
) -> None:
    declare(database)
    events = kills(300, 20 * 1400, seed=4)
    store(database, *events)
    window = queries.window("30d", zone=ZoneInfo(zone), step=find_step(step))
    for where in FILTERS:
        for show in ("sum", "p95"):
            data = queries.series(KILLED, "xp_reward", show, window, where=where)  # type: ignore[arg-type]
            assert_each_bucket(data, show, left(events, where))


def test_a_value_and_all_others_are_all(database: Database, queries: Queries) -> None:
    declare(database)
    store(database, *kills(300, 50, seed=2))
    window = queries.window("1h")
    for measured, show in ((None, "count"), ("xp_reward", "sum")):
        parts = [queries.series(KILLED, measured, show, window, where=each) for each in FILTERS[:2]]  # type: ignore[arg-type]
        whole = queries.series(KILLED, measured, show, window)  # type: ignore[arg-type]
        np.testing.assert_allclose(sum(part.series[0].v for part in parts), whole.series[0].v)
        assert sum(part.headline.value or 0 for part in parts) == pytest.approx(whole.headline.value)


def test_what_it_is_compared_with_is_filtered_too(database: Database, queries: Queries) -> None:
    declare(database)
    now, then = kills(200, 50), kills(120, 50, seed=9)
    earlier = [(name, moment - timedelta(days=1), numbers, data) for name, moment, numbers, data in then]
    hour = [(name, moment - timedelta(hours=1), numbers, data) for name, moment, numbers, data in then]
    store(database, *now, *earlier, *hour)
    recorded_since(database, NOW - timedelta(days=9))
    window = queries.window("1h")
    for where in FILTERS:
        data = queries.series(KILLED, "xp_reward", "sum", window, compare="day", where=where)
        mine = sum(each[2]["xp_reward"] for each in left(earlier, where))
        assert np.nansum(data.previous[0].v) == pytest.approx(mine)
        assert data.headline.previous == pytest.approx(mine)
        before = queries.series(KILLED, None, "count", window, where=where)
        assert before.headline.previous == len(left(hour, where))


def test_unique_counts_are_filtered(database: Database, queries: Queries) -> None:
    declare(database)
    moment = NOW - timedelta(minutes=30)
    sessions = [
        (SESSION, moment + timedelta(minutes=part), {}, {"account_id": who, "realm": realm})
        for realm in range(3)
        for who in range(10 * (realm + 1))
        for part in (0, 7)
    ]
    store(database, *sessions, (SESSION, moment, {}, {"account_id": 99}))
    for length in ("1h", "24h", "30d"):
        window = queries.window(length)
        one = queries.series(SESSION, "account_id", "unique", window, where=Filter("realm", "1"))
        others = queries.series(SESSION, "account_id", "unique", window, where=Filter("realm", "2", without=True))
        assert (one.headline.value, others.headline.value) == (20, 21)


def test_a_chart_that_is_split_by_the_dimension_has_no_line_for_what_is_left_out(
    database: Database, queries: Queries
) -> None:
    declare(database)
    events = kills(400, 50)
    store(database, *events)
    window, where = queries.window("1h"), Filter("zone", ZONES[0], without=True)
    for measured, show in ((None, "count"), ("xp_reward", "sum")):
        data = queries.series(KILLED, measured, show, window, "zone", where=where)  # type: ignore[arg-type]
        assert len(data.series) == 9
        assert ZONES[0] not in {series.name for series in data.series}
        total = sum(series.total or 0 for series in data.series)
        assert total == pytest.approx(number(show, left(events, where)))
        assert data.headline.value == pytest.approx(total)


def test_a_chart_that_is_split_by_the_dimension_is_of_the_value_that_is_left_beside_the_others(
    database: Database, queries: Queries
) -> None:
    declare(database)
    events = kills(400, 50)
    store(database, *events)
    window, where = queries.window("1h"), Filter("zone", ZONES[0])
    for measured, show in ((None, "count"), ("xp_reward", "sum"), ("xp_reward", "p95")):
        split = queries.series(KILLED, measured, show, window, "zone")  # type: ignore[arg-type]
        data = queries.series(KILLED, measured, show, window, "zone", where=where)  # type: ignore[arg-type]
        assert [(series.name, series.total) for series in data.series] == [(ZONES[0], data.headline.value)]
        assert data.headline.value == pytest.approx(number(show, left(events, where)))
        assert data.only == ZONES[0]
        assert set(data.beside) == {series.name for series in split.series if not series.rest}


def test_a_value_keeps_its_colour_through_a_filter(database: Database, queries: Queries) -> None:
    declare(database)
    store(database, *kills(400, 50))
    window = queries.window("1h")
    split = queries.series(KILLED, None, "count", window, "zone")
    colours = series_colours(split, FigureStyle(values=split_values([split])))
    for zone in (series.name for series in split.series if not series.rest):
        data = queries.series(KILLED, None, "count", window, "zone", where=Filter("zone", zone))
        assert series_colours(data, FigureStyle(values=split_values([data]))) == {zone: colours[zone]}


def test_a_heatmap_has_the_cells_of_what_is_left(database: Database, queries: Queries) -> None:
    declare(database)
    events = kills(400, 1400)
    store(database, *events)
    window = queries.window("24h")
    heatmap = replace(queries.series(KILLED, "xp_reward", "p95", window).chart, draw="heatmap")
    for where in FILTERS[:2]:
        data = queries.one(filter_chart(heatmap, where, load_catalog().events), window)
        mine = left(events, where)
        assert data.density is not None
        assert int(data.density.count.sum()) == len(mine)
        for start, count in zip(data.series[0].t, np.bincount(data.density.bucket, data.density.count), strict=False):
            end = from_milliseconds(int(start)) + timedelta(minutes=5)
            assert count == len(between(mine, from_milliseconds(int(start)), end))
        split = filter_chart(replace(heatmap, split_by="zone"), where, load_catalog().events)
        assert split.shows_density is not where.without


def test_a_table_of_values_lists_what_is_left_of_its_own_dimension(database: Database, queries: Queries) -> None:
    declare(database)
    events = kills(400, 50)
    before = [(name, moment - timedelta(hours=1), numbers, data) for name, moment, numbers, data in kills(300, 50, 7)]
    store(database, *events, *before)
    recorded_since(database, NOW - timedelta(days=9))
    window = queries.window("1h")
    for measured, show in ((None, "count"), ("xp_reward", "sum")):
        counted: Any = queries.series(KILLED, measured, show, window, "zone")  # type: ignore[arg-type]
        top = replace(counted.chart, draw="top")
        only = queries.one(filter_chart(top, Filter("zone", ZONES[0]), load_catalog().events), window)
        (row,) = only.series
        then = number(show, left(before, Filter("zone", ZONES[0])))
        assert (row.name, row.total) == (ZONES[0], only.headline.value)
        assert row.before == pytest.approx(then)
        assert row.change == only.headline.change is not None
        assert part_of_whole(only) == [1]
        others = queries.one(filter_chart(top, Filter("zone", ZONES[0], without=True), load_catalog().events), window)
        mine = left(events, Filter("zone", ZONES[0], without=True))
        assert sum(one.total or 0 for one in others.series) == pytest.approx(number(show, mine))
        assert ZONES[0] not in {one.name for one in others.series}
        past = left(before, Filter("zone", ZONES[0], without=True))
        assert sum(one.before or 0 for one in others.series) == pytest.approx(number(show, past))


def test_a_value_without_events_is_zero_and_nothing_is_said_of_other_values(
    database: Database, queries: Queries
) -> None:
    declare(database)
    store(database, *kills(20, 50))
    data = queries.series(KILLED, None, "count", queries.window("1h"), where=Filter("zone", "nowhere"))
    assert (data.state, data.headline.value, data.last_seen) == ("none_in_range", 0, None)


def test_a_value_that_may_be_among_the_others_is_no_zero(database: Database, queries: Queries, clock: Clock) -> None:
    declare(database)
    early, late = at("2026-03-10T12:00+00:00"), at("2026-03-10T12:20+00:00")
    crowd: Events = [
        (KILLED, early, {"xp_reward": 1.0}, {"zone": f"z{each}"}) for each in range(60) for _ in range(2 if each else 1)
    ]
    store(database, *crowd)
    window, where = queries.window("1h"), Filter("zone", "z0")
    for measured, show in ((None, "count"), ("xp_reward", "sum"), ("xp_reward", "p95")):
        data = queries.series(KILLED, measured, show, window, where=where)  # type: ignore[arg-type]
        assert (data.state, data.series, data.headline.value, data.doubt) == ("among_others", (), None, None)
    store(database, (KILLED, late, {"xp_reward": 7.0}, {"zone": "z0"}))
    clock.now += timedelta(minutes=1)
    window = queries.window("1h")
    for measured, show in ((None, "count"), ("xp_reward", "sum")):
        data = queries.series(KILLED, measured, show, window, where=where)  # type: ignore[arg-type]
        values = {from_milliseconds(int(t)): v for t, v in zip(data.series[0].t, data.series[0].v, strict=True)}
        assert (data.state, data.partly, data.headline.value) == ("data", True, 1 if show == "count" else 7)
        assert data.doubt is not None
        assert (data.doubt.bound, data.doubt.starts.tolist(), data.doubt.events) == ("least", [], 119)
        assert np.isnan(values[early])
        assert values[late] == (1 if show == "count" else 7)
        assert values[late - timedelta(minutes=5)] == 0


def crowds(minutes: int, seed: int) -> Events:
    """Kills in pairs of minutes before now, some of them in more zones than a bucket lists, others in few, some in
    none."""
    random = Random(seed)
    made: Events = []
    for place in range(24):
        moment = NOW - timedelta(minutes=4 + place // 2 * minutes // 12 - place % 2)
        zones = random.choice((8, 30, 90))
        for zone in random.sample(range(100), zones):
            for _ in range(random.randint(1, 4)):
                made.append((KILLED, moment, {"xp_reward": float(random.randint(0, 50))}, {"zone": f"z{zone}"}))
        made += [(KILLED, moment, {"xp_reward": 3.0}, {})] * random.randint(0, 3)
    return made


def assert_bound(bound: str, told: float, real: float) -> None:
    if bound == "least":
        assert told <= real + 1e-9
    elif bound == "most":
        assert told >= real - 1e-9


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("without", [False, True], ids=["only", "without"])
def test_of_more_values_than_a_bucket_lists_each_number_is_right_or_the_bound_that_it_says(
    database: Database, queries: Queries, length: str, without: bool
) -> None:
    declare(database)
    events = crowds(LENGTHS[length], seed=len(length) + LENGTHS[length])
    store(database, *events)
    window, short = queries.window(length), 0
    for zone in ("z1", "z7", "z23", "z42", "z77", "z99"):
        where = Filter("zone", zone, without)
        mine = left(between(events, window.start, window.end), where)
        for show in ("count", "sum", "min", "max", "avg"):
            data = queries.series(KILLED, None if show == "count" else "xp_reward", show, window, where=where)  # type: ignore[arg-type]
            if data.state != "data":
                assert data.state == "among_others" or not mine
                continue
            (series,), doubt = data.series, data.doubt
            starts = [from_milliseconds(int(t)) for t in series.t]
            in_doubt = set() if doubt is None else {from_milliseconds(int(t)) for t in doubt.starts}
            for start, end, value in zip(starts, [*starts[1:], window.end], series.v.tolist(), strict=True):
                here = between(mine, start, end)
                if np.isnan(value):
                    continue
                if start in in_doubt:
                    assert doubt is not None
                    assert here or without or doubt.bound == "least"
                    if here:
                        assert_bound(doubt.bound, value, number(show, here))
                        short += value != number(show, here)
                else:
                    assert value == pytest.approx(number(show, here) if here else 0), (show, zone, start)
            value = data.headline.value
            assert value is not None
            short += doubt is not None
            if doubt is None:
                assert value == pytest.approx(number(show, mine))
            else:
                assert_bound(doubt.bound, value, number(show, mine))
                assert doubt.bound == ("about" if show == "avg" else "most" if (show == "min") != without else "least")
                if show == "count":
                    assert abs(number(show, mine) - value) <= doubt.events
                assert (data.headline.previous, data.headline.change) == (None, None)
    assert short


def test_a_sum_of_what_may_be_below_zero_is_no_bound(database: Database, queries: Queries) -> None:
    declare(database)
    moment = NOW - timedelta(minutes=9)
    crowd: Events = [
        (KILLED, moment, {"xp_reward": -1.0}, {"zone": f"z{each}"})
        for each in range(60)
        for _ in range(2 if each else 1)
    ]
    store(database, *crowd, (KILLED, moment + timedelta(minutes=4), {"xp_reward": 5.0}, {"zone": "z0"}))
    data = queries.series(KILLED, "xp_reward", "sum", queries.window("1h"), where=Filter("zone", "z0"))
    assert data.doubt is not None
    assert (data.doubt.bound, data.headline.value) == ("about", 5)


def test_a_value_with_samples_in_a_bucket_that_counts_nothing_is_in_doubt_without_a_number(
    database: Database, queries: Queries
) -> None:
    declare(database)
    moment = NOW - timedelta(minutes=9)
    store(database, (KILLED, moment, {"xp_reward": 2.0}, {"zone": "north"}), (KILLED, moment, {"xp_reward": 2.0}, {}))
    with database.begin() as connection:
        connection.execute(text("UPDATE telemetry_splits SET count = 0"))
    data = queries.series(KILLED, "xp_reward", "sum", queries.window("1h"), where=Filter("zone", "north"))
    assert (data.state, data.doubt) == ("data", None)


def test_before_the_declaration_events_are_counted_and_nothing_else_is_known(
    database: Database, queries: Queries
) -> None:
    early = NOW - timedelta(minutes=30)
    store(database, (KILLED, early, {"xp_reward": 5.0}, {"zone": "forest"}))
    window = queries.window("1h")
    assert queries.series(KILLED, None, "count", window, where=Filter("zone", "forest")).headline.value == 1
    for without in (False, True):
        data = queries.series(KILLED, "xp_reward", "sum", window, where=Filter("zone", "forest", without))
        assert (data.state, data.headline.value) == ("unsplit", None)


@pytest.mark.parametrize("value", ["", "a:b", "!x", "a, b/c", "true", "null", "ä\\:ö"])
def test_any_value_can_be_filtered_by(database: Database, queries: Queries, value: str) -> None:
    declare(database)
    moment = NOW - timedelta(minutes=9)
    data = {"true": True, "null": None}.get(value, value)
    store(database, (KILLED, moment, {"xp_reward": 2.0}, {"zone": data}), (KILLED, moment, {"xp_reward": 3.0}, {}))
    window = queries.window("1h")
    for without, total in ((False, 2), (True, 3)):
        where = Filter("zone", value, without)
        assert queries.series(KILLED, "xp_reward", "sum", window, where=where).headline.value == total
        assert queries.series(KILLED, None, "count", window, where=where).headline.value == 1


RATES = """
[events."bezgelor.auth.login_complete"]
kind = "timing"
measurements.duration_ms = { unit = "ms" }
dimensions = ["success", "zone"]
[events."bezgelor.creature.killed"]
kind = "counter"
measurements.xp_reward = { unit = "XP" }
dimensions = ["zone"]
[[tabs]]
id = "rates"
title = "Rates"
[[tabs.charts]]
id = "success"
title = "Success"
event = "bezgelor.auth.login_complete"
show = "ratio"
numerator.where = { success = true }
denominator = {}
[[tabs.charts]]
id = "xp"
title = "XP for each login"
show = "ratio"
numerator = { event = "bezgelor.creature.killed", show = "sum" }
denominator.event = "bezgelor.auth.login_complete"
"""


def test_a_ratio_is_filtered_where_both_sides_have_the_dimension(database: Database, clock: Clock) -> None:
    catalog = parse_catalog(RATES)
    queries = Queries(database, catalog, load_settings({}), clock=clock)
    with database.begin() as connection:
        lock(connection)
        declared.declare(connection, catalog.declared)
    moment = NOW - timedelta(minutes=9)
    killed = [(KILLED, moment, {"xp_reward": xp}, {"zone": zone}) for xp, zone in ((5.0, "north"), (6.0, "south"))]
    logged_in = [*logins(moment, 30, success=True, zone="north"), *logins(moment, 10, success=False, zone="south")]
    store(database, *killed, *logged_in)
    window = queries.window("1h")

    def rate(chart: str, *asked: Any) -> tuple[float | None, str]:
        data = queries.chart(chart, window, where=Filter(*asked) if asked else None)
        return data.headline.value, data.chart.aside

    assert rate("success") == (75, "")
    assert rate("success", "success", "true") == (100, "")
    assert rate("success", "success", "false") == (0, "")
    assert rate("success", "success", "false", True) == (100, "")
    assert rate("success", "zone", "north") == (75, "not filtered: counts by success, one dimension at a time")
    assert rate("xp", "zone", "north") == (pytest.approx(5 / 30), "")
    assert rate("xp", "zone", "north", True) == (pytest.approx(6 / 10), "")
    assert rate("xp", "success", "true") == (pytest.approx(11 / 40), "not filtered: no success")
    both = (Filter("success", "null", without=True),)
    assert rate("success", "zone", "north", False, both) == (100, "")
    assert rate("success", "zone", "south", False, both) == (0, "")
    assert rate("success", "zone", "south", True, both) == (100, "")


def test_charts_without_the_dimension_stay_as_they_are_and_say_so(database: Database, queries: Queries) -> None:
    declare(database)
    store(database, *logins(NOW - timedelta(minutes=9), 5, success=True))
    window = queries.window("1h")
    plain, filtered = queries.tab("auth", window), queries.tab("auth", window, where=Filter("creature_tier", "elite"))
    for one, other in zip(plain.charts, filtered.charts, strict=True):
        assert other.chart.aside == "not filtered: no creature_tier"
        assert (one.state, one.headline) == (other.state, other.headline)


def test_a_chart_that_is_split_by_another_dimension_shows_what_the_filter_leaves_and_says_so() -> None:
    catalog = load_catalog()
    chart = next(each for each in catalog.charts() if {"zone", "creature_tier"} <= set(each.dimensions))
    found = filter_chart(replace(chart, split_by="creature_tier"), FILTERS[0], catalog.events)
    assert (found.split_by, found.where) == (None, FILTERS[0])
    assert found.aside == "not split by creature_tier: one dimension at a time"
    table = filter_chart(replace(chart, split_by="creature_tier", draw="top"), FILTERS[0], catalog.events)
    assert (table.split_by, table.where) == ("creature_tier", None)
    assert table.aside == "not filtered: lists creature_tier, one dimension at a time"


SEVERAL = [
    Filter("zone", ZONES[0], also=(Filter("creature_tier", "elite"),)),
    Filter("creature_tier", "boss", without=True, also=(Filter("zone", ZONES[1], without=True),)),
]


def tiered(events: Events) -> Events:
    tiers = ("normal", "elite", "boss")
    return [(n, at, m, data | {"creature_tier": tiers[place % 3]}) for place, (n, at, m, data) in enumerate(events)]


def declare_tiers(database: Database) -> None:
    with database.begin() as connection:
        lock(connection)
        declared.declare(connection, declared.Declared(split={KILLED: ["zone", "creature_tier"]}))


@pytest.mark.parametrize("where", SEVERAL, ids=["only", "without"])
@pytest.mark.parametrize("length", LENGTHS)
def test_several_filters_at_once_leave_what_each_of_them_leaves(
    database: Database, queries: Queries, length: str, where: Filter
) -> None:
    declare_tiers(database)
    events = tiered(kills(400, LENGTHS[length]))
    store(database, *events)
    window = queries.window(length)
    mine = between(events, window.start, window.end)
    for each in where.all():
        mine = left(mine, each)
    chart = queries.series(KILLED, None, "count", window).chart
    for show in ("count", "sum", "avg", "min", "max", "p50", "p95"):
        asked = replace(chart, show=show, measurement=None if show == "count" else "xp_reward")
        data = queries.one(replace(asked, where=where), window)
        assert (data.state, data.doubt) == ("data", None)
        assert_each_bucket(data, show, mine)
        assert data.headline.value == pytest.approx(number(show, mine)), show


def test_several_filters_are_compared_with_what_is_held_and_say_from_when_on(
    database: Database, queries: Queries, clock: Clock
) -> None:
    declare_tiers(database)
    now, then = tiered(kills(200, 50)), tiered(kills(120, 50, seed=9))
    earlier = [(name, moment - timedelta(days=1), numbers, data) for name, moment, numbers, data in then]
    store(database, *now, *earlier)
    recorded_since(database, NOW - timedelta(days=9))
    chart = replace(queries.series(KILLED, None, "count", queries.window("1h")).chart, where=SEVERAL[1])
    mine = [left(left(events, SEVERAL[1]), SEVERAL[1].also[0]) for events in (now, earlier)]
    data = queries.one(chart, queries.window("1h"), compare="day")
    assert data.headline.value == len(mine[0])
    assert data.headline.previous == np.nansum(data.previous[0].v) == len(mine[1])
    floor = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    with database.begin() as connection:
        connection.execute(
            text("UPDATE retention_floors SET ingest_floor = :at, recompute_floor = :at WHERE level = 'raw'"),
            {"at": floor},
        )
        connection.execute(text("DELETE FROM telemetry_events WHERE occurred_at < :at"), {"at": floor})
    clock.now += timedelta(minutes=1)
    day = queries.window("24h", step=find_step("6h"), zone=ZoneInfo("Asia/Kathmandu"))
    data = queries.one(chart, day)
    held = [v for t, v in zip(data.series[0].t, data.series[0].v, strict=True) if from_milliseconds(int(t)) < floor]
    assert data.held_from == floor
    assert np.isnan(held).all()
    assert data.headline.change is None
    gone = queries.one(chart, queries.window(start="2026-03-09T01:00:00Z", end="2026-03-09T02:00:00Z"), compare="day")
    assert (gone.state, gone.headline.value) == ("past_retention", None)


def test_a_chart_follows_those_filters_whose_dimension_it_has_and_names_the_others() -> None:
    catalog = load_catalog()
    chart = next(each for each in catalog.charts() if {"zone", "creature_tier"} <= set(each.dimensions))
    plain = replace(chart, split_by=None, draw="line")
    where = Filter("zone", "a", also=(Filter("realm", "b"),))
    found = filter_chart(plain, where, catalog.events)
    assert (found.where, found.aside) == (Filter("zone", "a"), "not filtered by realm")
    neither = filter_chart(plain, Filter("realm", "b", also=(Filter("success", "c"),)), catalog.events)
    assert (neither.where, neither.aside) == (None, "not filtered: no realm, success")
    several = Filter("zone", "a", also=(Filter("creature_tier", "b", without=True),))
    of_its_own = filter_chart(replace(plain, split_by="zone"), several, catalog.events)
    assert (of_its_own.only, of_its_own.aside) == ("a", "")
    other = filter_chart(replace(plain, split_by="creature_tier"), several, catalog.events)
    assert (other.split_by, other.aside) == (None, "not split by creature_tier: several filters at once")
    table = filter_chart(replace(plain, split_by="zone", draw="top"), several, catalog.events)
    assert (table.where, table.aside) == (None, "not filtered: lists zone, not by several filters at once")


def test_more_raw_events_than_are_read_make_a_chart_say_so(database: Database, queries: Queries) -> None:
    declare_tiers(database)
    store(database, *tiered(kills(40, 50)))
    with database.begin() as connection:
        connection.execute(text(f"UPDATE telemetry_buckets SET count = {MOST_EVENTS + 1} WHERE bucket_type = 'hour'"))
    chart = queries.series(KILLED, None, "count", queries.window("1h")).chart
    data = queries.one(replace(chart, where=SEVERAL[0]), queries.window("1h"))
    assert (data.state, data.series, data.headline.value) == ("too_many", (), None)


def test_a_filtered_tab_is_one_statement(database: Database, queries: Queries) -> None:
    declare(database)
    store(database, *kills(50, 50))
    window, moment = queries.window("1h"), queries.moment()
    for where in (FILTERS[0], SEVERAL[0]):
        with statements(database) as sent:
            queries.tab("combat", window, where=where, moment=moment)
        assert len(sent) == 1


def test_events_are_filtered_by_what_they_have(database: Database, queries: Queries) -> None:
    window = queries.window("1h")
    with pytest.raises(QueryError, match=r"'realm' is not a dimension of 'bezgelor.creature.killed'; use one of zone"):
        queries.series(KILLED, None, "count", window, where=Filter("realm", "1"))
    with pytest.raises(
        QueryError, match=r"show 'sum' can be filtered by dimensions that the catalog declares .* not by 'zone'"
    ):
        queries.series("my.event", "x", "sum", window, where=Filter("zone", "1"))
    with pytest.raises(QueryError, match="split_by 'creature_tier' can't be filtered by 'zone', too"):
        queries.series(KILLED, None, "count", window, "creature_tier", where=Filter("zone", "1"))


def test_one_statement_reads_what_is_stored_of_a_gauge(database: Database, queries: Queries) -> None:
    """A row of samples counts no events, so a value without a row may be in the rest."""
    declare(database)
    moment = NOW - timedelta(minutes=9)
    store(database, (KILLED, moment, {"xp_reward": 2.0}, {"zone": "north"}), (KILLED, moment, {"xp_reward": 2.0}, {}))
    with database.begin() as connection:
        connection.execute(text("UPDATE telemetry_splits SET count = 0"))
    data = queries.series(KILLED, "xp_reward", "sum", queries.window("1h"), where=Filter("zone", "south"))
    assert data.state == "among_others"
