"""Files that people take away: CSV of a chart and of a tab."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from db.engine import Database
from db.events import insert_events
from metrics_dash.catalog import Chart, load_catalog
from metrics_dash.jobs.rollup import roll_up_all

CATALOG = load_catalog()
LOGIN = "bezgelor.auth.login_complete"
PAGE = "/admin/metrics/"
# What is hard about ranges: an hour skipped, an hour that comes twice, zones off by quarters, a change of half an hour.
RANGES = {
    "a day of UTC in minutes": ("2026-02-01T00:00:00Z", "2026-02-01T06:00:00Z", "minute", "UTC"),
    "Berlin's 23-hour day": ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "hour", "Europe/Berlin"),
    "Berlin's 25-hour day": ("2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z", "hour", "Europe/Berlin"),
    "Berlin's days around the change": ("2025-10-24T22:00:00Z", "2025-10-28T23:00:00Z", "day", "Europe/Berlin"),
    "Kathmandu's days": ("2026-01-31T18:15:00Z", "2026-02-03T18:15:00Z", "day", "Asia/Kathmandu"),
    "Lord Howe's change of half an hour": (
        "2026-04-04T00:00:00Z",
        "2026-04-06T00:00:00Z",
        "hour",
        "Australia/Lord_Howe",
    ),
}


def store(database: Database, start: str, end: str, step: timedelta = timedelta(minutes=23)) -> None:
    """Every tracked event from ``start`` to ``end``, with numbers that tell the moments apart."""
    insert_events(list(_events(datetime.fromisoformat(start), datetime.fromisoformat(end), step)), database=database)
    roll_up_all(database, declared=CATALOG.declared)


def _events(start: datetime, end: datetime, step: timedelta) -> Iterator[dict[str, Any]]:
    number, moment = 0, start
    while moment < end:
        for event in CATALOG.events.values():
            yield {
                "event_name": event.name,
                "measurements": dict.fromkeys(event.measurements, 1.25 * (number % 17) + 1),
                "metadata": {
                    **{key: number % 3 != 0 if key == "success" else "a" for key in event.dimensions},
                    **dict.fromkeys(event.unique, number % 5),
                },
                "occurred_at": moment,
            }
        number, moment = number + 1, moment + step


def table(client: FlaskClient, path: str, query: dict[str, Any]) -> list[list[str]]:
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))


def moments(rows: list[list[str]]) -> list[datetime]:
    return [datetime.fromisoformat(row[0]).astimezone(UTC) for row in rows[1:]]


def asked(chart: Chart, start: str, end: str, resolution: str, zone: str) -> dict[str, str | None]:
    """A chart as a question to the query API."""
    return {
        "event_name": chart.event,
        "measurement": chart.measurement,
        "show": chart.show,
        "split_by": chart.split_by,
        "from": start,
        "to": end,
        "resolution": resolution,
        "tz": zone,
        "format": "csv",
    }


@pytest.mark.parametrize("name", RANGES)
def test_a_charts_csv_holds_what_the_query_api_answers(database: Database, client: FlaskClient, name: str) -> None:
    start, end, resolution, zone = RANGES[name]
    store(database, start, end)
    # A ratio is of two things, and the API asks for one.
    for chart in (each for each in CATALOG.charts() if each.show != "ratio"):
        exported = table(
            client, f"{PAGE}chart/{chart.id}.csv", {"from": start, "to": end, "res": resolution, "tz": zone}
        )
        queried = table(client, "/api/v1/query", asked(chart, start, end, resolution, zone))
        assert moments(exported) == moments(queried)
        assert [row[1:] for row in exported[1:]] == [row[1:] for row in queried[1:]]
        assert any(cell not in ("", "0") for row in exported[1:] for cell in row[1:])


def test_a_tabs_csv_holds_all_its_charts_side_by_side(database: Database, client: FlaskClient) -> None:
    start, end, resolution, zone = RANGES["Berlin's 25-hour day"]
    store(database, start, end)
    query = {"from": start, "to": end, "res": resolution, "tz": zone}
    for tab in CATALOG.tabs:
        whole = table(client, f"{PAGE}export/{tab.id}.csv", query)
        parts = [table(client, f"{PAGE}chart/{chart.id}.csv", query) for chart in tab.charts]
        assert [row[0] for row in whole] == [row[0] for row in parts[0]]
        assert [row[1:] for row in whole[1:]] == [
            [cell for part in parts for cell in part[number][1:]] for number in range(1, len(whole))
        ]
        assert len(set(whole[0])) == len(whole[0])


def test_an_hour_that_comes_twice_is_told_apart_by_its_offset(database: Database, client: FlaskClient) -> None:
    start, end, resolution, zone = RANGES["Berlin's 25-hour day"]
    store(database, start, end)
    query = {"from": start, "to": end, "res": resolution, "tz": zone}
    times = [row[0] for row in table(client, f"{PAGE}chart/login-rate.csv", query)[1:]]
    assert len(times) == 25
    assert times[2:4] == ["2025-10-26T02:00:00+02:00", "2025-10-26T02:00:00+01:00"]


def test_series_that_are_hidden_in_the_picture_are_not_in_its_csv(database: Database, client: FlaskClient) -> None:
    start, end, _, _ = RANGES["a day of UTC in minutes"]
    store(database, start, end)
    query = {"from": start, "to": end, "hidden": "login-results:false"}
    everything = table(client, f"{PAGE}chart/login-results.csv", query | {"hidden": ""})
    assert everything[0] == ["time", "success: true", "success: false"]
    assert table(client, f"{PAGE}chart/login-results.csv", query) == [row[:2] for row in everything]
    header = table(client, f"{PAGE}export/auth.csv", query)[0]
    assert header == [
        "time",
        "Login Rate",
        "Login Success/Failure: success: true",
        "Login Success Rate",
        "Login Time p95",
        "Session Starts",
        "Unique Players",
    ]


def test_a_comparison_is_a_column_beside_each_series(database: Database, client: FlaskClient) -> None:
    store(database, "2026-02-01T00:00:00Z", "2026-02-01T12:00:00Z")
    now = {"from": "2026-02-01T06:00:00Z", "to": "2026-02-01T12:00:00Z"}
    before = {"from": "2026-02-01T00:00:00Z", "to": "2026-02-01T06:00:00Z"}
    compared = table(client, f"{PAGE}chart/login-rate.csv", now | {"compare": "period"})
    assert compared[0] == ["time", "Login Rate", "previous period"]
    then = table(client, f"{PAGE}chart/login-rate.csv", before)
    assert [row[2] for row in compared[1:]] == [row[1] for row in then[1:]]
    split = table(client, f"{PAGE}chart/login-results.csv", now | {"compare": "period"})
    names = ["success: true", "success: false"]
    assert split[0] == ["time", *(each for name in names for each in (name, f"{name} (previous period)"))]


def test_a_split_is_that_of_the_address(database: Database, client: FlaskClient) -> None:
    start, end, _, _ = RANGES["a day of UTC in minutes"]
    store(database, start, end)
    query = {"from": start, "to": end, "split": "login-rate:success"}
    assert table(client, f"{PAGE}chart/login-rate.csv", query)[0] == ["time", "success: true", "success: false"]


def test_no_cell_is_a_formula(database: Database, client: FlaskClient) -> None:
    moment = datetime(2026, 2, 1, 3, tzinfo=UTC)
    event = {"event_name": LOGIN, "metadata": {"success": "=1+1"}, "occurred_at": moment}
    insert_events([event], database=database)
    roll_up_all(database)
    query = {"from": "2026-02-01T02:00:00Z", "to": "2026-02-01T04:00:00Z"}
    assert table(client, f"{PAGE}chart/login-results.csv", query)[0] == ["time", "'=1+1"]
    assert table(client, f"{PAGE}export/auth.csv", query)[0][2] == "Login Success/Failure: =1+1"


@pytest.mark.parametrize(
    ("path", "query", "status", "said"),
    [
        ("chart/nope.csv", {}, 404, "'nope'"),
        ("export/nope.csv", {}, 404, "'nope'; there are server, auth, gameplay, combat"),
        ("chart/login-rate.csv", {"range": "soon"}, 400, "'soon'"),
        ("chart/login-rate.csv", {"from": "now", "to": "now-1h"}, 400, "its start is not before its end"),
        ("export/auth.csv", {"tz": "Mars/Olympus"}, 400, "tz: 'Mars/Olympus'"),
        ("export/auth.csv", {"res": "second"}, 400, "res: 'second'"),
        ("export/auth.csv", {"rnage": "7d"}, 400, "'rnage' is not a parameter; use one of tab, range,"),
        ("chart/login-rate.csv", {"resolution": "1h"}, 400, "'resolution' is not a parameter"),
        ("chart/login-rate.csv", {"width": "900"}, 400, "'width' is not a parameter"),
        ("chart/login-rate.png", {"widht": "900"}, 400, "'widht' is not a parameter"),
        ("export/auth.csv", {"range": ["1h", "7d"]}, 400, "range: it is there more than once"),
        ("export/auth.csv", {"compare": "year"}, 400, "compare: 'year'"),
        ("export/auth.csv", {"split": "login-rate:colour"}, 400, "split: 'login-rate:colour'"),
        ("export/auth.csv", {"hidden": "nope:true"}, 400, "hidden: 'nope:true'"),
    ],
)
def test_what_can_not_be_read_is_refused_in_one_line_that_quotes_it(
    client: FlaskClient, path: str, query: dict[str, Any], status: int, said: str
) -> None:
    answer = client.get(PAGE + path, query_string=query)
    assert answer.status_code == status
    assert answer.mimetype == "text/plain"
    assert said in answer.text
    assert answer.text.count("\n") == 1


def test_a_file_is_named_after_what_it_holds(client: FlaskClient) -> None:
    query = {"from": "2026-01-30T12:00:00Z", "to": "2026-01-31T12:00:00Z", "tz": "Europe/Berlin"}
    for path, name in (
        ("chart/login-rate.csv", "auth_login-rate_2026-01-31T13-00_24h.csv"),
        ("export/auth.csv", "auth_2026-01-31T13-00_24h.csv"),
    ):
        answer = client.get(PAGE + path, query_string=query)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer.mimetype == "text/csv"
