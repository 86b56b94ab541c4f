"""Tables of charts hold the numbers of the picture, and nothing that a spreadsheet would run."""

import csv
import io
from datetime import datetime, timedelta

import pytest

from db.engine import Database
from db.filters import Filter
from metrics_dash.charts.exports import chart_table
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.tables import csv_safe, frame, tab_frame, to_csv
from metrics_dash.charts.timerange.grid import from_milliseconds
from metrics_dash.charts.timerange.steps import HOUR
from metrics_dash.charts.timerange.windows import bucket_starts
from tests.support.charts import BERLIN, LOGIN, SESSION, at, logins, players, recorded_since, store


def test_a_csv_has_the_numbers_of_the_picture(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 3, success=True), *logins(moment + timedelta(minutes=1), 2, success=False))
    recorded_since(database, moment - timedelta(hours=1))
    data = queries.chart("login-results", queries.window("1h", zone=BERLIN))
    header, *rows = csv.reader(io.StringIO(to_csv(frame(data))))
    assert header == ["time", "true", "false"]
    assert [datetime.fromisoformat(row[0]) for row in rows] == [
        from_milliseconds(t) for t in bucket_starts(data.window)
    ]
    assert all(row[0].endswith("+01:00") for row in rows)
    for column, series in enumerate(data.series, start=1):
        assert [float(row[column]) for row in rows] == series.v.tolist()


def test_columns_of_values_that_are_called_alike_are_all_there(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    values = ("", "(empty)", "(empty) (2)", "time")
    store(database, *(row for number, value in enumerate(values, 1) for row in logins(moment, number, success=value)))
    data = queries.chart("login-results", queries.window("1h"))
    table = chart_table(data)
    assert sorted(table.columns) == ["(empty)", "(empty) (2)", "(empty) (3)", "time", "time (2)"]
    assert sorted(table.drop(columns="time").sum()) == [1, 2, 3, 4]


def test_a_gap_is_an_empty_cell(database: Database, queries: Queries) -> None:
    store(database, *players(at("2026-03-10T12:00+00:00"), 3.5))
    rows = list(csv.reader(io.StringIO(to_csv(frame(queries.chart("players-online", queries.window("1h")))))))
    assert {row[1] for row in rows[1:]} == {"", "3.5"}


def test_the_repeated_hour_of_autumn_is_told_apart_by_its_offset(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2025-10-26T02:30+02:00"), 1), *logins(at("2025-10-26T02:30+01:00"), 2))
    window = queries.window(start="2025-10-26T00:00:00+02:00", end="2025-10-27T00:00:00+01:00", zone=BERLIN, step=HOUR)
    table = frame(queries.chart("login-rate", window))
    assert len(table) == 25
    values = dict(zip(table["time"], table["Login Rate"], strict=True))
    assert (values["2025-10-26T02:00:00+02:00"], values["2025-10-26T02:00:00+01:00"]) == (1, 2)


def test_a_tab_is_one_table(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T12:00+00:00")
    store(database, *logins(moment, 3, success=True), (SESSION, moment, {"duration_ms": 1}, {}))
    table = tab_frame(queries.tab("auth", queries.window("1h")))
    assert list(table.columns) == [
        "time",
        "Login Rate",
        "Login Success/Failure: true",
        "Login Success Rate",
        "Login Time p95",
        "Session Starts",
        "Unique Players",
    ]
    assert len(table) == 60


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1", "\n=1", "\nx", "＝1", "＋1"])
def test_text_that_looks_like_a_formula_is_made_harmless(cell: str) -> None:
    assert csv_safe(cell) == f"'{cell}"


def test_numbers_and_plain_text_stay_as_they_are() -> None:
    assert [csv_safe(cell) for cell in (-1.5, 3, "a=b", " a", "")] == [-1.5, 3, "a=b", " a", ""]


def test_a_formula_in_a_value_of_a_split_does_not_reach_a_spreadsheet(database: Database, queries: Queries) -> None:
    store(database, *logins(at("2026-03-10T12:00+00:00"), 1, zone='=cmd|"x"'))
    data = queries.series(LOGIN, None, "count", queries.window("1h"), "zone")
    assert next(csv.reader(io.StringIO(to_csv(frame(data))))) == ["time", '\'=cmd|"x"']


def test_a_last_column_says_which_numbers_through_a_filter_are_bounds(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T11:00+00:00")
    crowd = [each for place in range(60) for each in logins(moment, 1, success=f"v{place}")]
    store(database, *crowd, *logins(moment + timedelta(minutes=1), 2, success="v7"))
    where, window = Filter("success", "v7"), queries.window("6h", step=HOUR)
    table = frame(queries.chart("login-rate", window, where=where))
    assert dict(zip(table["bound"], table["Login Rate"], strict=True))["at least"] == 2
    assert "Login Rate: bound" in tab_frame(queries.tab("auth", window, where=where)).columns
    assert "bound" not in frame(queries.chart("login-rate", window)).columns


def test_a_column_of_a_chart_that_does_not_follow_a_filter_says_so(database: Database, queries: Queries) -> None:
    moment = at("2026-03-10T11:00+00:00")
    store(database, *logins(moment, 2, success=True), (SESSION, moment, {"duration_ms": 1}, {}))
    found = queries.tab("auth", queries.window("6h", step=HOUR), where=Filter("success", "true"))
    columns = list(tab_frame(found).columns)
    assert "Login Rate" in columns
    assert "Session Starts (not filtered: no success)" in columns
    (aside,) = (chart for chart in found.charts if chart.chart.id == "session-starts")
    assert list(frame(aside).columns) == ["time", "Session Starts (not filtered: no success)"]
