"""The query route: what a chart shows, as data; and every bad parameter named."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from db.declared import Declared
from db.engine import Database
from db.events import insert_events
from db.whole import VALUES_AT_ONCE
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.charts import recorded_since
from tests.support.web_client import Site, site

PATH = "/api/v1/query"
LOGIN = "bezgelor.auth.login_complete"
PLAYERS = "bezgelor.server.players"
HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)


@pytest.fixture
def asked(database: Database) -> Iterator[Site]:
    """Three log-ins and two samples of players online, rolled up."""
    moments = (HOUR + timedelta(minutes=minute) for minute in (1, 1, 2))
    insert_events(
        [
            *(
                {
                    "event_name": LOGIN,
                    "measurements": {"duration_ms": ms},
                    "metadata": {"success": ok},
                    "occurred_at": at,
                }
                for (ms, ok), at in zip([(100, True), (300, False), (50, True)], moments, strict=True)
            ),
            {"event_name": PLAYERS, "measurements": {"online": 10}, "occurred_at": HOUR},
            {"event_name": PLAYERS, "measurements": {"online": 20}, "occurred_at": HOUR + timedelta(seconds=15)},
            {"event_name": "test.formula", "metadata": {"who": "=cmd()"}, "occurred_at": HOUR},
        ],
        database=database,
    )
    roll_up_all(database, declared=Declared(split={LOGIN: ["success"]}))
    recorded_since(database, HOUR)
    with site(database) as opened:
        yield opened


def ask(asked: Site, **parameters: str) -> Any:
    span = {"from": text(HOUR), "to": text(HOUR + timedelta(minutes=4))}
    names = {name.rstrip("_"): value for name, value in parameters.items()}
    return asked.client.get(PATH, query_string={**span, **names})


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_counts_are_zero_where_nothing_happened(asked: Site) -> None:
    answer = ask(asked, event_name=LOGIN, show="count").json
    assert answer["event_name"] == LOGIN
    assert answer["show"] == "count"
    assert answer["resolution"] == "minute"
    assert answer["from"] == text(HOUR)
    assert answer["to"] == text(HOUR + timedelta(minutes=4))
    assert datetime.fromisoformat(answer["complete_through"]).tzinfo is not None
    (series,) = answer["series"]
    assert series["t"] == [text(HOUR + timedelta(minutes=minute)) for minute in range(4)]
    assert series["v"] == [0, 2, 1, 0]


def test_a_gauge_is_an_average_and_a_gap_is_null(asked: Site) -> None:
    answer = ask(asked, event_name=PLAYERS).json
    assert answer["show"] == "avg"
    assert answer["unit"] == "players"
    assert answer["series"][0]["v"] == [15.0, None, None, None]


def test_a_measurement_that_is_alone_need_not_be_named(asked: Site) -> None:
    answer = ask(asked, event_name=LOGIN, show="max").json
    assert answer["measurement"] == "duration_ms"
    assert answer["series"][0]["v"][1] == 300


def test_a_split_has_a_series_for_each_value(asked: Site) -> None:
    answer = ask(asked, event_name=LOGIN, split_by="success").json
    assert {series["name"]: series["v"] for series in answer["series"]} == {
        "true": [0, 1, 1, 0],
        "false": [0, 1, 0, 0],
    }


@pytest.mark.parametrize(
    ("show", "true", "false"),
    [
        ("sum", [0, 100, 50, 0], [0, 300, 0, 0]),
        ("avg", [None, 100, 50, None], [None, 300, None, None]),
        ("max", [None, 100, 50, None], [None, 300, None, None]),
        ("p95", [None, 100, 50, None], [None, 300, None, None]),
    ],
)
def test_every_number_is_split_by_a_dimension_that_is_declared(
    asked: Site, show: str, true: list[float | None], false: list[float | None]
) -> None:
    answer = ask(asked, event_name=LOGIN, show=show, split_by="success").json
    assert {series["name"]: series["v"] for series in answer["series"]} == {"true": true, "false": false}
    assert answer["split_by"] == "success"
    rows = list(csv.reader(io.StringIO(ask(asked, event_name=LOGIN, show=show, split_by="success", format="csv").text)))
    assert sorted(rows[0]) == ["false", "time", "true"]
    written = [["" if value is None else str(value) for value in values] for values in (true, false)]
    assert [[row[rows[0].index(name)] for row in rows[1:]] for name in ("true", "false")] == written


def test_a_key_that_is_counted_as_a_whole_is_not_told_apart_and_it_is_said_since_when(asked: Site) -> None:
    def visit(minute: int, who: object) -> dict[str, Any]:
        return {"event_name": "test.visit", "metadata": {"who": who}, "occurred_at": HOUR + timedelta(minutes=minute)}

    def answer(**span: str) -> Any:
        return ask(asked, event_name="test.visit", split_by="who", show="count", **span).json

    insert_events([visit(0, "ann"), visit(0, "ann"), *(visit(0, n) for n in range(VALUES_AT_ONCE))])
    roll_up_all(asked.database)
    insert_events([visit(1, "ann"), visit(2, "bob")])
    roll_up_all(asked.database)
    recorded_since(asked.database, HOUR)
    since = text(HOUR + timedelta(minutes=1))
    note = f"who had too many values, and since {since} none of them is told apart"
    found = answer()
    assert (found["state"], found["note"]) == ("data", note)
    assert {each["name"]: each["v"] for each in found["series"]} == {"ann": [2, None, None, 0], "other": [200, 1, 1, 0]}
    found = answer(from_=since)
    assert (found["state"], found["note"], [each["name"] for each in found["series"]]) == ("unsplit", note, ["other"])
    found = answer(to=since)
    assert (found["state"], found["note"]) == ("data", None)
    found = ask(asked, event_name="test.visit", show="count", filter="who:ann").json
    assert (found["series"][0]["v"], found["note"]) == ([2, None, None, 0], note)


def test_what_a_filter_leaves_in_doubt_is_said(database: Database) -> None:
    crowd = [{"event_name": LOGIN, "metadata": {"success": f"v{place}"}, "occurred_at": HOUR} for place in range(60)]
    later = {"event_name": LOGIN, "metadata": {"success": "v7"}, "occurred_at": HOUR + timedelta(minutes=1)}
    insert_events([*crowd, later], database=database)
    roll_up_all(database, declared=Declared(split={LOGIN: ["success"]}))
    with site(database) as opened:
        span: Any = {"resolution": "hour", "to": text(HOUR + timedelta(hours=1)), "event_name": LOGIN}
        answer = ask(opened, **span, filter="success:v7").json
        assert answer["bound"] == {"is": "at least", "events": 60, "t": [text(HOUR)]}
        assert answer["series"][0]["v"] == [1]
        assert ask(opened, **span).json["bound"] is None
        assert "bound" in ask(opened, **span, filter="!success:v7", format="csv").text.splitlines()[0]


def test_several_filters_are_read_from_raw_events(asked: Site) -> None:
    answer = ask(asked, event_name=LOGIN, filter=["!success:true", "!success:null"]).json
    assert answer["filter"] == ["!success:true", "!success:null"]
    assert answer["series"][0]["v"] == [0, 1, 0, 0]
    answer = ask(asked, event_name=LOGIN, show="sum", filter=["!success:false", "!success:null"]).json
    assert answer["series"][0]["v"] == [0, 100, 50, 0]
    assert ask(asked, event_name=LOGIN, filter="success:true").json["filter"] == ["success:true"]
    assert ask(asked, event_name=LOGIN).json["filter"] == []


def test_the_hour_is_the_sum_of_its_minutes(asked: Site) -> None:
    answer = ask(asked, event_name=LOGIN, resolution="hour", to=text(HOUR + timedelta(hours=1))).json
    assert answer["resolution"] == "hour"
    assert answer["series"][0]["v"] == [3]


@pytest.mark.parametrize("resolution", ["5m", "30m", "2h", "12h", "1w", "1M"])
def test_any_step_may_be_asked_for_and_the_range_is_snapped_to_it(asked: Site, resolution: str) -> None:
    answer = ask(asked, event_name=LOGIN, resolution=resolution, tz="Europe/Berlin").json
    assert (answer["resolution"], answer["note"]) == (resolution, None)
    assert sum(value or 0 for value in answer["series"][0]["v"]) == 3
    assert answer["from"] <= text(HOUR)
    first = datetime.fromisoformat(answer["series"][0]["t"][0])
    assert first.astimezone(UTC) == datetime.fromisoformat(answer["from"])


def test_a_step_may_be_called_as_the_page_calls_it(asked: Site) -> None:
    assert ask(asked, event_name=LOGIN, res="5m").json["resolution"] == "5m"


def test_relative_times_reach_to_now(asked: Site) -> None:
    answer = asked.client.get(PATH, query_string={"event_name": LOGIN, "from": "now-6h", "to": "now"}).json
    assert answer is not None
    assert sum(value or 0 for value in answer["series"][0]["v"]) == 3


def test_a_plain_range_is_of_the_calendar_of_the_zone_that_was_asked_for(asked: Site) -> None:
    query = {"event_name": LOGIN, "range": "last-week", "tz": "Asia/Tokyo"}
    answer = asked.client.get(PATH, query_string=query).json
    assert answer is not None
    start, end = (datetime.fromisoformat(answer[name]).astimezone(ZoneInfo("Asia/Tokyo")) for name in ("from", "to"))
    assert (start.weekday(), start.hour, end - start) == (0, 0, timedelta(days=7))


def test_days_may_be_those_of_a_zone(asked: Site) -> None:
    answer = asked.client.get(
        PATH, query_string={"event_name": LOGIN, "from": "now-3d", "resolution": "day", "tz": "Asia/Tokyo"}
    ).json
    assert answer is not None
    assert all(moment.endswith("T00:00:00+09:00") for moment in answer["series"][0]["t"])


def test_csv_has_the_same_numbers(asked: Site) -> None:
    answer = ask(asked, event_name=LOGIN, split_by="success", format="csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.text)))
    names = rows[0]
    assert names[0] == "time"
    assert rows[2] == [text(HOUR + timedelta(minutes=1)), "1", "1"]


def test_no_cell_of_a_csv_is_a_formula(asked: Site) -> None:
    answer = ask(asked, event_name="test.formula", split_by="who", format="csv")
    assert "'=cmd()" in answer.text
    assert ",=cmd()" not in answer.text


@pytest.mark.parametrize(
    ("parameters", "named", "allowed"),
    [
        ({}, "event_name", "missing"),
        ({"event_name": "Not A Name"}, "event_name", "'Not A Name'"),
        ({"event_name": LOGIN, "show": "median"}, "show", "avg, count, max, min, p50, p90, p95, p99, rate, sum"),
        ({"event_name": LOGIN, "show": "unique"}, "show", "avg, count, max, min, p50, p90, p95, p99, rate, sum"),
        ({"event_name": PLAYERS, "show": "count"}, "show", "avg, max, min, p50, p90, p95, p99"),
        ({"event_name": LOGIN, "show": "avg", "measurement": "weight"}, "measurement", "duration_ms"),
        ({"event_name": LOGIN, "measurement": "duration_ms"}, "measurement", "takes no measurement"),
        ({"event_name": "test.other", "show": "sum"}, "measurement", "missing"),
        ({"event_name": LOGIN, "from": "tomorrow"}, "from", "now-6h"),
        ({"event_name": LOGIN, "to": "2026-13-01T00:00:00Z"}, "to", "2026-01-31T12:00:00Z"),
        ({"event_name": LOGIN, "from": "now", "to": "now-1h"}, "from", "not before"),
        ({"event_name": LOGIN, "range": "soon"}, "range", "24h"),
        ({"event_name": LOGIN, "range": "today", "from": "now-1h"}, "range", "one or the others"),
        ({"event_name": LOGIN, "resolution": "second"}, "resolution", "auto, minute, hour, day"),
        ({"event_name": LOGIN, "res": "second"}, "res", "auto, minute, hour, day"),
        ({"event_name": LOGIN, "res": "5m", "resolution": "5m"}, "res", "use one of the two"),
        ({"event_name": LOGIN, "split_by": "account_id"}, "split_by", "success"),
        ({"event_name": LOGIN, "filter": "success"}, "filter", "'success' is not a dimension and its value"),
        ({"event_name": LOGIN, "filter": "account_id:7"}, "filter", "use one of success"),
        ({"event_name": LOGIN, "filter": ["success:true", "success:false"]}, "filter", "can't hold beside"),
        ({"event_name": LOGIN, "filter": ["success:true", "zone:a"]}, "filter", "'zone' is not a dimension of"),
        (
            {"event_name": "test.other", "split_by": "a", "filter": ["a:b", "c:d"]},
            "filter",
            "split_by 'a' is not told apart through several filters at once",
        ),
        ({"event_name": "test.other", "filter": "zone:a\0"}, "filter", "NUL"),
        (
            {"event_name": "test.other", "show": "sum", "measurement": "x", "filter": "y:z"},
            "filter",
            "only, not by 'y'",
        ),
        ({"event_name": "test.other", "split_by": "a", "filter": "b:c"}, "filter", "one dimension at a time"),
        ({"event_name": "test.other", "split_by": "zone\0"}, "split_by", "NUL"),
        (
            {"event_name": "some.thing", "show": "avg", "measurement": "x", "split_by": "y"},
            "split_by",
            "only, not by 'y'",
        ),
        ({"event_name": [LOGIN, "test.other"]}, "event_name", "given 2 times"),
        ({"event_name": LOGIN, "tz": "Mars/Olympus"}, "tz", "'Mars/Olympus'"),
        ({"event_name": LOGIN, "format": "xml"}, "format", "json, csv"),
        ({"event_name": LOGIN, "aggregate": "avg"}, "aggregate", "event_name, measurement, show"),
    ],
)
def test_a_bad_parameter_is_named_with_what_it_may_be(
    asked: Site, parameters: dict[str, Any], named: str, allowed: str
) -> None:
    answer = asked.client.get(PATH, query_string=parameters)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["parameter"] == named
    assert answer.json["error"].startswith(f"{named}: ")
    assert answer.json["error"].count(f"{named}: ") == 1
    assert allowed in answer.json["error"]


def test_a_database_that_is_away_is_a_503_without_its_address() -> None:
    away = Database("postgresql://someone:secret@127.0.0.1:9/nowhere")
    with site(away) as opened:
        answer = opened.client.get(PATH, query_string={"event_name": LOGIN})
    assert answer.status_code == 503
    assert "secret" not in answer.text
