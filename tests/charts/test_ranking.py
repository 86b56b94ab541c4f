"""Tables of the values of a split: each row against the events themselves."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from db import declared
from db.engine import Database
from db.rollups import lock
from metrics_dash.catalog import Chart
from metrics_dash.charts.data import ChartData
from metrics_dash.charts.plan import LISTED_VALUES
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.timerange.grid import from_milliseconds
from metrics_dash.charts.timerange.steps import HOUR
from tests.charts.test_apart import Events, expected
from tests.support.charts import BERLIN, KILLED, NOW, PLAYERS, SESSION, at, recorded_since, statements, store

ZONES = [f"zone {number}" for number in range(30)]
WINDOWS = {"1h": 55, "24h": 1400, "7d": 7 * 1400}
SHOWS = ("count", "rate", "sum", "avg", "min", "max", "p50", "p95")


def declare(database: Database) -> None:
    with database.begin() as connection:
        lock(connection)
        split = {KILLED: ["zone"], SESSION: ["realm"], PLAYERS: ["realm"]}
        declared.declare(connection, declared.Declared(unique={SESSION: ["account_id"]}, split=split))


def top(show: Any, event: str = KILLED, key: str = "zone", kind: Any = "counter") -> Chart:
    measurement = {KILLED: "xp_reward", SESSION: "duration_ms", PLAYERS: "online"}[event]
    measurement = "account_id" if show == "unique" else measurement
    needs = show not in ("count", "rate")
    return Chart("top", "Top", event, show, kind, "top", measurement=measurement if needs else None, split_by=key)


def kills(number: int, minutes: float, seed: int = 1) -> Events:
    """Kills of twice a time before now, in thirty zones and in none, of which the later are fewer and give more."""
    random = Random(seed)
    made = []
    for _ in range(number):
        zone = int(30 * random.random() ** 2)
        place = {"zone": ZONES[zone]} if random.random() < 0.9 else {}
        moment = NOW - timedelta(minutes=1 + random.random() * 2 * minutes)
        made.append((KILLED, moment, {"xp_reward": round(random.expovariate(1 / (1 + zone)), 3)}, place))
    return made


def within(events: Events, start: datetime, end: datetime) -> Events:
    return [each for each in events if start <= each[1] < end]


def of(events: Events, names: set[str], name: str | None) -> Events:
    """Return the events of a value; of None those of all that are not listed."""
    if name is not None:
        return [each for each in events if each[3].get("zone") == name]
    return [each for each in events if each[3].get("zone") not in names]


def told(show: str, events: Events, seconds: float) -> float | None:
    if show == "count":
        return len(events)
    if show == "rate":
        return len(events) / seconds
    return expected(show, events) if events else None


def checked(data: ChartData, events: Events) -> None:
    """Hold every row against the events: its number, what it was before, its change."""
    show, window = data.chart.show, data.window
    starts = data.series[0].t.tolist()
    step = starts[1] - starts[0]
    finished = [each for each in starts if data.unfinished_from is None or each < data.unfinished_from]
    start, opposite = from_milliseconds(starts[0]), from_milliseconds(finished[-1] + step)
    length = opposite - start
    now, complete = within(events, start, window.end), within(events, start, opposite)
    before = within(events, start - length, start)
    names = {one.name for one in data.series if not one.rest}
    for one in data.series:
        name = None if one.rest else one.name
        if show != "rate":  # whose seconds are those that are complete
            assert one.total == pytest.approx(told(show, of(now, names, name), 0)), (show, name)
        then = told(show, of(before, names, name), length.total_seconds())
        here = told(show, of(complete, names, name), length.total_seconds())
        if not then:
            assert one.change is None
        else:
            assert one.before == pytest.approx(then), (show, name)
            assert one.change == pytest.approx(None if here is None else (here - then) / then, abs=1e-9), (show, name)


@pytest.mark.parametrize("length", WINDOWS)
def test_each_row_has_what_its_events_say_and_how_that_has_changed(
    database: Database, queries: Queries, length: str
) -> None:
    declare(database)
    events = kills(1200, WINDOWS[length])
    store(database, *events)
    recorded_since(database, NOW - timedelta(days=30))
    window = queries.window(length)
    for show in SHOWS:
        data = queries.one(top(show), window)
        assert data.state == "data"
        assert [one.rest for one in data.series] == [False] * LISTED_VALUES + [True]
        checked(data, events)


@pytest.mark.parametrize("show", SHOWS)
def test_the_row_with_the_most_is_first_and_all_others_last(database: Database, queries: Queries, show: str) -> None:
    declare(database)
    store(database, *kills(400, 55))
    *rows, rest = queries.one(top(show), queries.window("1h")).series
    totals = [one.total or 0 for one in rows]
    assert totals == sorted(totals, reverse=True)
    assert (rest.rest, rest.name) == (True, "other")


@pytest.mark.parametrize("show", ["count", "sum", "rate"])
def test_rows_add_up_to_the_headline_and_to_what_it_was_before(database: Database, queries: Queries, show: str) -> None:
    declare(database)
    store(database, *kills(700, 1400))
    recorded_since(database, NOW - timedelta(days=30))
    data = queries.one(top(show), queries.window("24h"))
    assert sum(one.total or 0 for one in data.series) == pytest.approx(data.headline.value)
    assert sum(one.before or 0 for one in data.series) == pytest.approx(data.headline.previous)


def test_zones_and_steps_change_where_the_period_before_begins(database: Database, queries: Queries) -> None:
    declare(database)
    events = kills(900, 3 * 1440)
    store(database, *events)
    recorded_since(database, NOW - timedelta(days=30))
    for window in (
        queries.window(start="2026-03-08T23:00:00Z", end="2026-03-09T23:00:00Z", zone=BERLIN, step=HOUR),
        queries.window(start="2026-03-08", end="2026-03-09", zone=BERLIN),
        queries.window("3d", zone=BERLIN),
        queries.window("24h", step=HOUR),
    ):
        for show in ("count", "sum", "p50"):
            checked(queries.one(top(show), window), events)


@pytest.mark.parametrize("compare", ["day", "week"])
def test_a_comparison_is_what_rows_are_held_against(database: Database, queries: Queries, compare: Any) -> None:
    declare(database)
    back = timedelta(days={"day": 1, "week": 7}[compare])
    now = kills(200, 25)
    store(database, *now, *((name, moment - back, numbers, key) for name, moment, numbers, key in now))
    recorded_since(database, NOW - timedelta(days=30))
    for show in ("count", "sum", "p95"):
        data = queries.one(top(show), queries.window("1h"), compare=compare)
        assert data.headline.against == compare
        assert [one.change for one in data.series] == pytest.approx([0] * len(data.series), abs=1e-9)
        assert data.previous == ()


def test_of_an_hour_that_came_twice_nothing_is_said_of_before(database: Database, queries: Queries) -> None:
    declare(database)
    moment = at("2025-10-26T22:30+00:00")
    store(database, *((KILLED, moment - timedelta(days=day), {"xp_reward": 1.0}, {"zone": "a"}) for day in (0, 1)))
    recorded_since(database, moment - timedelta(days=90))

    def changes(compare: Any) -> list[float | None]:
        window = queries.window(start="2025-10-26T11:00:00Z", end="2025-10-27T11:00:00Z", zone=BERLIN, step=HOUR)
        return [one.change for one in queries.one(top("count"), window, compare=compare).series]

    assert changes("day") == [None]
    assert changes("week") == [None]


def test_a_value_that_is_in_front_now_need_not_have_been(database: Database, queries: Queries) -> None:
    declare(database)
    early = NOW - timedelta(hours=1, minutes=30)
    then: Events = [(KILLED, early, {"xp_reward": 1.0}, {"zone": zone}) for zone in ZONES for _ in range(3)]
    then += [(KILLED, early, {"xp_reward": 1.0}, {"zone": "late"})] * 2
    now: Events = [(KILLED, NOW - timedelta(minutes=20), {"xp_reward": 1.0}, {"zone": "late"})] * 5
    now += [(KILLED, NOW - timedelta(minutes=20), {"xp_reward": 1.0}, {"zone": "new"})]
    store(database, *then, *now)
    recorded_since(database, NOW - timedelta(days=1))
    for show in ("count", "sum"):
        late, new = queries.one(top(show), queries.window("1h")).series
        assert (late.name, late.before, late.change) == ("late", 2, 1.5)
        assert (new.name, new.before, new.change) == ("new", None, None)


def test_before_the_event_was_recorded_there_is_no_change(database: Database, queries: Queries) -> None:
    declare(database)
    store(database, (KILLED, NOW - timedelta(minutes=70), {"xp_reward": 1.0}, {"zone": "a"}), *kills(50, 20))
    for show in ("count", "sum"):
        assert {one.change for one in queries.one(top(show), queries.window("1h")).series} == {None}


def test_a_range_that_is_not_told_apart_as_a_whole_says_so(database: Database, queries: Queries) -> None:
    early, late = at("2026-03-10T12:00+00:00"), at("2026-03-10T12:20+00:00")
    store(database, (KILLED, early, {"xp_reward": 5.0}, {"zone": "forest"}))
    with database.begin() as connection:
        connection.execute(text("DELETE FROM telemetry_events"))
        connection.execute(text("UPDATE retention_floors SET recompute_floor = :at WHERE level = 'raw'"), {"at": late})
    declare(database)
    store(database, (KILLED, late, {"xp_reward": 7.0}, {"zone": "forest"}))
    data = queries.one(top("sum"), queries.window("1h"))
    assert (data.state, [one.total for one in data.series]) == ("unsplit", [None])
    assert [one.total for one in queries.one(top("count"), queries.window("1h")).series] == [2]


def test_different_values_are_listed_and_so_are_levels(database: Database, queries: Queries) -> None:
    declare(database)
    moments = [NOW - timedelta(minutes=30), NOW - timedelta(minutes=90)]
    people = [(who, realm) for realm in range(3) for who in range(realm + 1)]
    store(
        database,
        *((SESSION, m, {"duration_ms": 1.0}, {"account_id": w, "realm": r}) for m in moments for w, r in people),
        *(
            (PLAYERS, m, {"online": 10.0 * realm + late}, {"realm": realm})
            for realm in (1, 2)
            for late, m in enumerate(moments)
        ),
    )
    recorded_since(database, NOW - timedelta(days=1))
    window = queries.window("1h")
    different = queries.one(top("unique", SESSION, "realm"), window)
    assert [(one.name, one.total, one.change) for one in different.series] == [("2", 3, 0), ("1", 2, 0), ("0", 1, 0)]
    levels = queries.one(top("avg", PLAYERS, "realm", "gauge"), window)
    assert [(one.name, one.total, one.before) for one in levels.series] == [("2", 20, 21), ("1", 10, 11)]


def test_a_table_is_part_of_the_one_statement_of_its_tab(database: Database, queries: Queries) -> None:
    declare(database)
    store(database, *kills(50, 50))
    window, moment = queries.window("1h"), queries.moment()
    with statements(database) as sent:
        queries.one(top("count"), window, moment=moment)
        queries.one(top("p95"), window, compare="week", moment=moment)
    assert len(sent) == 2


def test_without_events_there_are_no_rows(database: Database, queries: Queries) -> None:
    declare(database)
    for show in ("count", "sum"):
        data = queries.one(top(show), queries.window("1h"))
        assert (data.state, data.series) == ("never_seen", ())
