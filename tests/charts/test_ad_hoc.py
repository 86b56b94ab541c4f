"""What may be asked: of the catalog's charts, split otherwise, and of any event."""

from dataclasses import replace
from typing import Any

import pytest

from db.engine import Database
from metrics_dash.charts.ad_hoc import NO_SPLIT, split_chart
from metrics_dash.charts.data import QueryError
from metrics_dash.charts.queries import Queries
from tests.support.charts import LOGIN, PLAYERS, at, logins, store, value_at


def test_a_tab_is_split_where_its_charts_have_the_dimension(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 2, success=True))
    window = queries.window("1h")
    tab = queries.tab("auth", window, split="success")
    assert [chart.chart.split_by for chart in tab.charts] == ["success", "success", None, "success", None, None]
    with pytest.raises(QueryError, match="'realm'"):
        queries.tab("auth", window, split={"login-rate": "realm"})


def test_a_split_that_is_declared_can_be_taken_back(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 3, success=True), *logins(moment, 2, success=False))
    whole = queries.chart("login-results", queries.window("1h"), split={"login-results": NO_SPLIT})
    assert [series.name for series in whole.series] == [whole.chart.title]
    assert value_at(whole.series[0], moment) == 5


def test_a_table_is_never_without_its_dimension(queries: Queries) -> None:
    table = replace(queries.chart("login-results", queries.window("1h")).chart, draw="top")
    assert split_chart(table, NO_SPLIT) == table
    assert split_chart(table, "realm") == table
    with pytest.raises(QueryError, match="'login-results' can't be split by '-'"):
        split_chart(table, {"login-results": NO_SPLIT})


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
        ((LOGIN, "duration_ms", "p42"), "'p42'"),
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
