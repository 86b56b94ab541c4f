"""No route shows something else than it was asked for: what it can't read is 400, in one line that quotes it."""

import pytest
from flask.testing import FlaskClient

PAGE = "/admin/metrics/"
ROUTES = (
    "export/auth.csv",
    "chart/login-rate.csv",
    "chart/login-rate.png",
    "chart/login-rate.json",
    "chart/login-rate/events.json?at=1769860800000",
    "range.json",
)
UNREADABLE = (
    ("tab", "nowhere"),
    ("tz", "Mars/Olympus"),
    ("compare", "year"),
    ("res", "7m"),
    ("theme", "pink"),
    ("refresh", "often"),
    ("log", "yes"),
    ("split", "login-rate:colour"),
    ("hidden", "nope:true"),
    ("from", "soon"),
)


@pytest.mark.parametrize(("name", "value"), UNREADABLE, ids=lambda text: text)
@pytest.mark.parametrize("route", ROUTES)
def test_what_a_route_can_not_read_is_refused(client: FlaskClient, route: str, name: str, value: str) -> None:
    path, _, more = route.partition("?")
    answer = client.get(PAGE + path, query_string=f"{more}&{name}={value}")
    assert answer.status_code == 400, answer.text
    assert repr(value) in answer.text
    assert name in answer.text


def test_the_query_api_refuses_an_unknown_zone(client: FlaskClient) -> None:
    query = {"event_name": "bezgelor.auth.login_complete", "tz": "Mars/Olympus"}
    answer = client.get("/api/v1/query", query_string=query)
    assert (answer.status_code, answer.json["parameter"]) == (400, "tz")
