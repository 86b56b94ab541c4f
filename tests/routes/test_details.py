"""A chart's table and the raw events behind a point: the picture's numbers, and honest words where there are none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from db.engine import Database
from db.events import insert_events
from metrics_dash.charts.queries import Queries
from metrics_dash.jobs.rollup import roll_up_all
from routes.details import event_columns, ranking_columns
from tests.support.figures import chart_data
from tests.support.web_client import page_client

PAGE = "/admin/metrics/chart/"
LOGIN, PLAYERS = "bezgelor.auth.login_complete", "bezgelor.server.players"
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
QUERY = {"from": "2026-02-01T12:00:00Z", "to": "2026-02-01T13:00:00Z", "tz": "UTC", "res": "minute"}


def store(database: Database, name: str, number: int, moment: datetime = NOON, **more: Any) -> None:
    events = [{"event_name": name, "occurred_at": moment + timedelta(milliseconds=n), **more} for n in range(number)]
    insert_events(events, database=database)
    roll_up_all(database)


def table(client: FlaskClient, chart: str, **query: str) -> dict[str, list[Any]]:
    answer = client.get(f"{PAGE}{chart}.json", query_string={**QUERY, **query})
    assert answer.status_code == 200, answer.text
    return {column["name"]: column["values"] for column in answer.json["columns"]}


def events(client: FlaskClient, chart: str, moment: datetime, **query: str) -> dict[str, Any]:
    at = str(round(moment.timestamp() * 1000))
    answer = client.get(f"{PAGE}{chart}/events.json", query_string={**QUERY, **query, "at": at})
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def test_a_table_has_every_bucket_with_its_extremes_and_what_it_is_compared_with(
    database: Database, client: FlaskClient
) -> None:
    store(database, PLAYERS, 2, measurements={"online": 10})
    store(database, PLAYERS, 1, measurements={"online": 40})
    store(database, PLAYERS, 1, NOON - timedelta(days=1), measurements={"online": 7})
    columns = table(client, "players-online", compare="day")
    assert list(columns) == ["Time", "Players Online", "Min", "Max", "Previous day"]
    assert [len(values) for values in columns.values()] == [60] * 5
    first = [values[0] for values in columns.values()]
    assert first == [round(NOON.timestamp() * 1000), 20, 10, 40, 7]
    assert columns["Players Online"][1] is None


def test_a_table_follows_the_split_and_leaves_out_what_is_hidden(database: Database, client: FlaskClient) -> None:
    store(database, LOGIN, 3, metadata={"success": True})
    store(database, LOGIN, 2, metadata={"success": False})
    assert list(table(client, "login-results")) == ["Time", "success: true", "success: false"]
    assert list(table(client, "login-results", hidden="login-results:true")) == ["Time", "success: false"]
    assert table(client, "login-results", split="login-results:-")["Login Success/Failure"][0] == 5


def test_a_table_and_the_events_are_what_a_filter_leaves(database: Database, client: FlaskClient) -> None:
    store(database, LOGIN, 3, metadata={"success": True})
    store(database, LOGIN, 2, metadata={"success": False})
    store(database, LOGIN, 1)
    for spelled, number in (("success:true", 3), ("!success:true", 3), ("success:false", 2), ("!success:false", 4)):
        assert table(client, "login-rate", filter=spelled)["Login Rate"][0] == number
        assert events(client, "login-rate", NOON, filter=spelled)["count"] == number
    assert events(client, "login-rate", NOON, filter="zone:north")["count"] == 6
    columns = {column["name"]: column.get("filter") for column in events(client, "login-rate", NOON)["columns"]}
    assert columns == {"Time": None, "success": "success"}


def test_a_table_says_of_which_numbers_through_a_filter_there_may_be_more(
    database: Database, client: FlaskClient
) -> None:
    for place in range(60):
        store(database, LOGIN, 1, metadata={"success": f"v{place}"})
    store(database, LOGIN, 2, NOON + timedelta(minutes=1), metadata={"success": "v7"})
    assert list(table(client, "login-rate", filter="success:v7")) == ["Time", "Login Rate"]
    columns = table(client, "login-rate", filter="success:v7", res="1h")
    assert (columns["Login Rate"], columns["bound"]) == ([2], ["at least"])
    columns = table(client, "login-rate", filter="!success:v7", res="1h")
    assert (columns["Login Rate"], columns["bound"]) == ([60], ["at most"])


def test_the_events_of_a_bucket_are_those_that_it_counts(database: Database, client: FlaskClient) -> None:
    store(database, LOGIN, 3, measurements={"duration_ms": 150}, metadata={"success": True, "account_id": 5436})
    store(database, LOGIN, 1, NOON + timedelta(minutes=1))
    answer = events(client, "login-rate", NOON + timedelta(seconds=30))
    assert (answer["count"], answer["more"], answer["gone"]) == (3, False, False)
    columns = {column["name"]: (column["kind"], column["values"]) for column in answer["columns"]}
    assert columns["duration_ms"] == ("number", [150, 150, 150])
    assert columns["success"] == ("text", ["true"] * 3)
    assert columns["account_id"] == ("text", ["5436"] * 3)
    assert columns["Time"][1] == [round(NOON.timestamp() * 1000) + n for n in range(3)]


def test_keys_of_the_same_name_are_told_apart_by_where_they_come_from(database: Database, client: FlaskClient) -> None:
    odd = {"occurred_at": "noon", "Time": 3, "duration_ms": "long", "id": 7, "values": None, "": True, "name": 1e300}
    store(database, LOGIN, 2, measurements={"duration_ms": 150, "occurred_at": 1.5, "Time": 2.0}, metadata=odd)
    answer = events(client, "login-rate", NOON)
    columns = {column["name"]: (column["kind"], column["values"][0]) for column in answer["columns"]}
    assert len(columns) == len(answer["columns"]) == 1 + 3 + len(odd)
    assert columns["Time"] == ("time", round(NOON.timestamp() * 1000))
    assert columns["Time (measurements)"] == ("text", "2")
    assert columns["Time (metadata)"] == ("text", "3")
    assert columns["duration_ms (measurements)"] == ("number", 150)
    assert columns["duration_ms (metadata)"] == ("text", "long")
    assert columns["occurred_at (metadata)"] == ("text", "noon")
    assert (columns["id"], columns["values"], columns[""]) == (("text", "7"), ("text", None), ("text", "true"))
    assert columns["name"] == ("text", "1e+300")


def test_events_of_thousands_of_keys_are_answered_in_some_columns_and_the_rest_is_counted(
    database: Database, client: FlaskClient
) -> None:
    for number in range(30):
        rare = {f"{number}_{key}": 1 for key in range(60)}
        moment = NOON + timedelta(seconds=number)
        insert_events([(LOGIN, {"duration_ms": 1}, {**rare, "common": number}, moment)], database=database)
    answer = events(client, "login-rate", NOON)
    assert len(answer["columns"]) == 1 + 64
    assert answer["columnsLeftOut"] == 30 * 60 + 2 - 64
    names = [column["name"] for column in answer["columns"]]
    assert {"Time", "duration_ms", "common"} <= set(names)
    assert [len(column["values"]) for column in answer["columns"]] == [30] * 65


def test_an_hour_is_one_bucket_and_shows_a_hundred_events_at_most(database: Database, client: FlaskClient) -> None:
    store(database, LOGIN, 101)
    answer = events(client, "login-rate", NOON, res="hour")
    assert (answer["count"], answer["more"]) == (100, True)
    assert answer["end"] - answer["start"] == 3_600_000


def test_no_more_events_are_read_than_are_shown_and_one(
    database: Database, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[int] = []
    read = Queries.raw_events

    def watched(queries: Queries, chart_id: str, start: datetime, end: datetime, limit: int, **more: Any) -> Any:
        limits.append(limit)
        return read(queries, chart_id, start, end, limit, **more)

    monkeypatch.setattr(Queries, "raw_events", watched)
    store(database, LOGIN, 3)
    events(client, "login-rate", NOON)
    assert limits == [101]


def test_a_key_that_is_called_like_the_column_of_times_is_told_from_it(database: Database, client: FlaskClient) -> None:
    store(database, LOGIN, 1, metadata={"Time": "noon"})
    columns = [column["name"] for column in events(client, "login-rate", NOON)["columns"]]
    assert columns == ["Time", "Time (metadata)"]


def test_events_that_retention_dropped_are_told_from_none(database: Database, client: FlaskClient) -> None:
    store(database, LOGIN, 1)
    assert events(client, "login-rate", NOON + timedelta(minutes=5))["gone"] is False
    with database.begin() as connection:
        connection.execute(text("UPDATE retention_floors SET recompute_floor = '2026-02-02Z' WHERE level = 'raw'"))
    answer = events(page_client(database), "login-rate", NOON)
    assert answer["gone"] is True
    assert answer["heldFrom"] == round(datetime(2026, 2, 2, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("path", "query", "status", "words"),
    [
        ("nonsense.json", {}, 404, "nonsense"),
        ("login-rate.json", {"from": "yesterday"}, 400, "yesterday"),
        ("login-rate/events.json", {"at": "noon"}, 400, "noon"),
        ("login-rate/events.json", {"at": "0"}, 400, "outside"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(
    client: FlaskClient, path: str, query: dict[str, str], status: int, words: str
) -> None:
    answer = client.get(PAGE + path, query_string={**QUERY, **query})
    assert answer.status_code == status
    assert words in answer.json["error"]


def test_rows_that_are_more_than_one_event_say_so() -> None:
    usual: dict[str, Any] = {"occurred_at": NOON, "measurements": {"ms": 1}, "metadata": {}}
    usual |= {"aggregates": {}, "weight": 1, "kind": "event"}
    assert [column["name"] for column in event_columns([usual], {"ms"})[0]] == ["Time", "ms"]
    point = {**usual, "measurements": {}, "aggregates": {"ms": {"count": 9, "sum": 4}}, "weight": 9, "kind": "delta"}
    shown = {column["name"]: column["values"] for column in event_columns([usual, point], {"ms"})[0]}
    assert shown["Weight"] == ["1", "9"]
    assert shown["Kind"] == ["event", "delta"]
    assert shown["ms (aggregates)"] == [None, '{"count":9,"sum":4}']


def test_raw_events_are_as_many_as_are_asked_for(database: Database, client: FlaskClient) -> None:
    store(database, LOGIN, 120, metadata={"success": True}, measurements={"duration_ms": 5})
    first = events(client, "login-rate", NOON)
    assert (first["count"], first["more"], first["atMost"]) == (100, True, 5000)
    every = events(client, "login-rate", NOON, limit="5000")
    assert (every["count"], every["more"]) == (120, False)
    assert {column["name"]: column["adds"] for column in every["columns"]} == {
        "Time": False,
        "duration_ms": True,
        "success": False,
    }
    refused = client.get(
        f"{PAGE}login-rate/events.json",
        query_string={**QUERY, "at": str(round(NOON.timestamp() * 1000)), "limit": "5001"},
    )
    assert refused.status_code == 400
    assert "limit: '5001'" in refused.json["error"]


def test_a_table_of_values_has_a_row_for_each_and_its_parts_in_percent() -> None:
    data = chart_data("creatures-killed", [1.0], [1.0], names=("", "true"))
    rows = (replace(data.series[0], total=30.0, before=20.0, change=0.5), replace(data.series[1], total=10.0))
    data = replace(data, chart=replace(data.chart, draw="top", split_by="zone"), series=rows)
    columns = ranking_columns(data)
    assert [(column["name"].replace("\u202f", " "), column["values"], column["adds"]) for column in columns] == [
        ("zone", ["(empty)", "zone: true"], False),
        ("total", [30.0, 10.0], True),
        ("share, %", [75.0, 25.0], True),
        ("before", [20.0, None], True),
        ("vs 1 min before, %", [50.0, None], False),
    ]
    assert ranking_columns(replace(data, series=())) == []
    averages = ranking_columns(replace(data, chart=replace(data.chart, show="p95")))
    assert [column["adds"] for column in averages] == [False] * 4
