"""The number above a chart is that of the series that are switched on."""

from dataclasses import replace

import pytest

from db.declared import Declared, declare
from db.engine import Database
from db.rollups import lock
from metrics_dash.catalog import Tab
from metrics_dash.catalog_rules import Show
from metrics_dash.charts.ad_hoc import ad_hoc_chart
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.visible import count_visible
from tests.support.charts import LOGIN, at, logins, recorded_since, store

MOMENT = at("2026-03-10T12:10+00:00")
RESULTS = "login-results"


def test_a_number_counts_what_is_visible_and_says_of_how_many_series(database: Database, queries: Queries) -> None:
    store(database, *logins(MOMENT, 5, success=True), *logins(MOMENT, 2, success=False), *logins(MOMENT, 1))
    recorded_since(database, at("2026-01-01T00:00+00:00"))
    tab = queries.tab("auth", queries.window("1h"))
    whole = tab.chart(RESULTS).headline
    assert (whole.value, whole.counted) == (8, None)
    assert count_visible(tab, {}) == tab
    for hidden, value, shown in ((["true"], 3, 2), (["true", "other"], 2, 1), (["true", "false", "other"], None, 0)):
        seen = count_visible(tab, {RESULTS: hidden})
        assert (seen.chart(RESULTS).headline.value, seen.chart(RESULTS).headline.counted) == (value, (shown, 3))
        assert seen.chart(RESULTS).headline.change is None
        assert seen.chart("login-rate") == tab.chart("login-rate")
    assert count_visible(tab, {RESULTS: ["gone"]}) == tab


@pytest.mark.parametrize(
    ("show", "two", "one"),
    [("sum", 700, 500), ("max", 100, 100), ("min", 100, 100), ("avg", None, 100), ("p50", None, 100)],
)
def test_the_number_of_some_values_is_told_where_it_follows_from_theirs(
    database: Database, queries: Queries, show: Show, two: float | None, one: float
) -> None:
    with database.begin() as connection:
        lock(connection)
        declare(connection, Declared(split={LOGIN: ["success"]}))
    store(database, *logins(MOMENT, 5, success=True), *logins(MOMENT, 2, success=False), *logins(MOMENT, 1))
    chart = ad_hoc_chart(LOGIN, None, show, "success", queries._catalog)
    tab = queries.charts(Tab("tab", "Tab", (chart,)), queries.window("1h"))
    for hidden, value in ((["other"], two), (["other", "false"], one)):
        assert count_visible(tab, {chart.id: hidden}).charts[0].headline.value == value


@pytest.mark.parametrize("show", ["count", "rate"])
def test_the_series_of_a_split_add_up_to_the_whole(database: Database, queries: Queries, show: str) -> None:
    store(database, *logins(MOMENT, 5, success=True), *logins(MOMENT, 2, success=False))
    recorded_since(database, at("2026-01-01T00:00+00:00"))
    event = queries._catalog.chart(RESULTS).event
    data = queries.series(event, None, show, queries.window("1h"), "success")  # type: ignore[arg-type]
    assert sum(series.total or 0 for series in data.series) == pytest.approx(data.headline.value)


def test_in_a_table_nothing_is_hidden(database: Database, queries: Queries) -> None:
    store(database, *logins(MOMENT, 5, success=True), *logins(MOMENT, 2, success=False))
    results = replace(queries.tab("auth", queries.window("1h")).chart(RESULTS).chart, draw="top")
    tab = queries.charts(Tab("auth", "Auth", (results,)), queries.window("1h"))
    assert count_visible(tab, {RESULTS: ["true"]}) == tab
