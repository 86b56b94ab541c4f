"""One question a tick, whoever asks; and what is said when the database can't be asked."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from db.annotations import put_annotations
from db.engine import Database
from metrics_dash.catalog import load_catalog
from metrics_dash.charts import records
from metrics_dash.charts.data import ANNOTATIONS_AT_MOST, Annotation, QueriesUnavailableError, TabData
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.timerange.parse import TimeRange
from metrics_dash.charts.timerange.windows import RetainedSince, choose_window
from metrics_dash.settings import load_settings
from tests.support.charts import (
    KILLED,
    NOW,
    TICK,
    BrokenStore,
    ByteStore,
    Clock,
    assert_same,
    at,
    break_bucket,
    logins,
    players,
    statements,
    store,
    value_at,
)


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
    window = choose_window(TimeRange(NOW - timedelta(hours=1), NOW), ZoneInfo("UTC"), RetainedSince())
    with pytest.raises(QueriesUnavailableError) as error:
        queries.tab("auth", window)
    assert "secret-word" not in str(error.value)
    assert "someone" not in str(error.value)


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


def test_what_is_said_of_a_tabs_time_comes_with_it_in_the_same_statement(
    database: Database, queries: Queries, clock: Clock
) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 3))
    said = Annotation(
        "a", at("2026-03-10T12:10+00:00"), at("2026-03-10T12:20+00:00"), "1.8.0", "<b>", ("x",), None, "ci"
    )
    other = replace(said, id="b", start=at("2026-03-09T11:00+00:00"), end=at("2026-03-09T11:00+00:00"))
    with database.begin() as connection:
        put_annotations(connection, [said, other])
    window = queries.window("1h")
    with statements(database) as sent:
        found = queries.tab("auth", window)
    assert found.annotations == (said,)
    assert len(sent) == 1
    assert records.load(records.dump(found)).annotations == (said,)


def test_of_very_many_annotations_the_newest_come_with_their_beginning(database: Database, queries: Queries) -> None:
    start = at("2026-03-10T12:00+00:00")
    moments = [start + timedelta(seconds=number) for number in range(ANNOTATIONS_AT_MOST + 5)]
    with database.begin() as connection:
        put_annotations(connection, [Annotation(str(n), each, each, "", "x" * 4096) for n, each in enumerate(moments)])
    found = queries.tab("auth", queries.window("1h")).annotations
    assert [found[0].start, found[-1].start] == [moments[5], moments[-1]]
    assert {len(each.text) for each in found} == {300}


def test_the_next_tick_asks_again(database: Database, queries: Queries, clock: Clock) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 3))
    fixed = queries.window(start="2026-03-10T11:00:00Z", end="2026-03-10T12:30:00Z")
    assert queries.chart("login-rate", fixed).headline.value == 3
    store(database, *logins(moment, 2))
    assert queries.chart("login-rate", fixed).headline.value == 3
    clock.now += timedelta(seconds=10)
    assert queries.chart("login-rate", fixed).headline.value == 5


def test_what_comes_from_a_cache_equals_what_was_asked(database: Database, clock: Clock) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 3, success=True), *players(NOW, 5))
    cached = ByteStore()
    first = Queries(database, load_catalog(), load_settings({}), cached, clock=clock)
    second = Queries(database, load_catalog(), load_settings({}), cached, clock=clock)
    for tab in ("auth", "server"):
        asked = first.tab(tab, first.window("24h"), compare="day")
        with statements(database) as sent:
            found = second.tab(tab, second.window("24h"), compare="day")
        assert not sent
        for one, other in zip(asked.charts, found.charts, strict=True):
            assert_same(one, other)


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


def test_viewers_of_one_tick_share_one_window(queries: Queries, clock: Clock) -> None:
    first = queries.window("24h")
    clock.now += timedelta(seconds=3)
    assert queries.window("24h") == first
    assert (first.end, first.live) == (TICK, True)
    clock.now += timedelta(seconds=1)
    assert queries.window("24h").end == TICK + timedelta(seconds=10)


def test_the_raw_events_behind_a_point_are_there_while_raw_is(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 3, success=True), *logins(moment + timedelta(minutes=1), 1))
    raw = queries.raw_events("login-rate", moment, moment + timedelta(minutes=1))
    carried = [(list(each["measurements"]), each["metadata"]) for each in raw]
    assert carried == [(["duration_ms"], {"success": True})] * 3
    assert len(queries.raw_events("login-rate", moment, moment + timedelta(minutes=1), limit=2)) == 2
    assert queries.raw_events("players-online", moment, moment + timedelta(minutes=1)) == []
