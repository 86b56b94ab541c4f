"""A tab on a wall that rotates by a dimension: what each turn shows is cut from the split of the charts that follow."""

from dataclasses import replace

import pytest

from db.declared import Declared, declare
from db.engine import Database
from db.rollups import lock
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.rotation import Rotation, rotated, split_for
from tests.support.charts import LOGIN, at, logins, recorded_since, store

MOMENT = at("2026-03-10T12:10+00:00")
FOLLOWING = ["login-rate", "login-results", "login-time-p95"]


@pytest.fixture
def stored(database: Database) -> None:
    with database.begin() as connection:
        lock(connection)
        declare(connection, Declared(split={LOGIN: ["success"]}))
    store(database, *logins(MOMENT, 5, success=True), *logins(MOMENT, 2, success=False), *logins(MOMENT, 1))
    recorded_since(database, at("2026-01-01T00:00+00:00"))


def test_the_charts_that_have_the_dimension_are_split_by_it_and_others_as_they_were(queries: Queries) -> None:
    tab = queries._catalog.tab("auth")
    asked = {"session-starts": "realm", "login-rate": "-"}
    found = split_for(tab, "success", asked)
    assert found == {"session-starts": "realm", **dict.fromkeys(FOLLOWING, "success")}
    assert split_for(tab, "zone", asked) == split_for(tab, None, asked) == asked


def test_a_table_of_values_has_all_of_them_in_one_turn_and_keeps_its_own_dimension(queries: Queries) -> None:
    tab = queries._catalog.tab("auth")
    table = replace(tab.charts[0], draw="top", split_by="success", dimensions=("success", "realm"))
    assert table.id not in split_for(replace(tab, charts=(table, *tab.charts[1:])), "success", {})


@pytest.mark.usefixtures("stored")
def test_all_of_the_tab_comes_first_and_names_the_values_without_the_rest(queries: Queries) -> None:
    tab = queries.tab("auth", queries.window("1h"), split="success")
    whole, rotation = rotated(tab, "success", "")
    assert whole == tab
    assert rotation == Rotation("success", "", ("true", "false"))


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(("value", "total"), [("true", 5), ("false", 2)])
def test_a_value_shows_itself_alone_in_the_charts_that_follow(queries: Queries, value: str, total: int) -> None:
    tab = queries.tab("auth", queries.window("1h"), compare="period", split="success")
    turn, rotation = rotated(tab, "success", value)
    assert rotation == Rotation("success", value, ("true", "false"))
    assert [chart.id for chart in turn.tab.charts] == [data.chart.id for data in turn.charts] == FOLLOWING
    for data in turn.charts:
        assert [series.name for series in data.series] == [value]
        assert {series.name for series in data.previous} <= {value}
        assert (data.headline.value, data.headline.change) == (pytest.approx(data.series[0].total), None)
    assert turn.chart("login-results").headline.value == total


@pytest.mark.usefixtures("stored")
def test_a_value_that_is_not_told_apart_may_be_among_the_others(queries: Queries) -> None:
    tab = queries.tab("auth", queries.window("1h"), split="success")
    turn, _ = rotated(tab, "success", "maybe")
    assert {(data.state, data.only, data.headline.value) for data in turn.charts} == {("among_others", "maybe", None)}
    told = tuple(replace(data, series=tuple(each for each in data.series if not each.rest)) for data in tab.charts)
    turn, _ = rotated(replace(tab, charts=told), "success", "maybe")
    assert {data.state for data in turn.charts} == {"none_in_range"}


@pytest.mark.usefixtures("stored")
def test_a_value_that_is_called_other_is_not_the_rest(queries: Queries, database: Database) -> None:
    store(database, *logins(MOMENT, 3, success="other"))
    tab = queries.tab("auth", queries.window("1h"), split="success")
    turn, rotation = rotated(tab, "success", "other")
    assert rotation.values == ("true", "other", "false")
    assert turn.chart("login-results").headline.value == 3


@pytest.mark.usefixtures("stored")
def test_a_tab_without_the_dimension_is_shown_once_and_whole(queries: Queries) -> None:
    tab = queries.tab("auth", queries.window("1h"))
    assert rotated(tab, "zone", "north") == (tab, Rotation("zone", "", ()))
