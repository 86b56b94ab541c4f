"""A hand-made callback body is answered 400 in one line; a page's own is answered as ever."""

import copy
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from dash import ALL, Dash, Input, Output, html
from flask.testing import FlaskClient

from app import create_app
from db.engine import Database
from metrics_dash.settings import Settings
from metrics_dash.web.callback_guard import MAX_BODY, PATH, CallbackGuard

OUTPUTS = [
    {"id": "answer", "property": "data"},
    {"id": "board", "property": "children"},
    [{"id": {"type": "graph", "chart": "login-rate"}, "property": "figure"}],
    [{"id": {"type": "headline", "chart": "login-rate"}, "property": "children"}],
    [{"id": {"type": "state", "chart": "login-rate"}, "property": "children"}],
    {"id": "footer", "property": "children"},
    {"id": "stamp", "property": "children"},
]
ASKED = {"search": "?tab=auth", "reason": "navigate", "zone": "UTC", "theme": "light", "at": 1767225600000}
BODY = {
    "output": '..answer.data...board.children...{"chart":["ALL"],"type":"graph"}.figure...'
    '{"chart":["ALL"],"type":"headline"}.children...{"chart":["ALL"],"type":"state"}.children...footer.children...stamp.children..',
    "outputs": OUTPUTS,
    "inputs": [{"id": "request", "property": "data", "value": ASKED}],
    "changedPropIds": ["request.data"],
    "parsedChangedPropsIds": ["request.data"],
}


@pytest.fixture
def browser(database: Database) -> FlaskClient:
    return create_app(Settings(), database=database).server.test_client()


def changed(path: str, value: object) -> dict[str, Any]:
    """The page's body with one thing changed, by its path of keys and numbers; ``...`` takes it away."""
    body: Any = copy.deepcopy(BODY)
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    place = body
    for part in way:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return dict(body)


def test_the_pages_own_question_is_answered(browser: FlaskClient) -> None:
    answer = browser.post(PATH, json=BODY)
    assert answer.status_code == 200
    assert answer.json["response"]["answer"]["data"]["tab"] == "auth"


def test_a_page_that_shows_no_card_yet_is_answered(browser: FlaskClient) -> None:
    empty = {**BODY, "outputs": [*OUTPUTS[:2], [], [], [], *OUTPUTS[5:]]}
    assert browser.post(PATH, json=empty).status_code == 200


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("output", ...),
        ("output", None),
        ("output", 7),
        ("output", "no.such"),
        ("output", "request.data"),
        ("output", "..tick.interval...tick.disabled.."),
        ("outputs", ...),
        ("outputs", []),
        ("outputs", {}),
        ("outputs", "answer.data"),
        ("outputs", [OUTPUTS]),
        ("outputs/0", {"id": "tick", "property": "disabled"}),
        ("outputs/0/property", "figure"),
        ("outputs/0", [OUTPUTS[0]]),
        ("outputs/2", OUTPUTS[2][0]),  # type: ignore[index]
        ("outputs/2", [{"id": {"type": "graph"}, "property": "figure"}]),
        ("outputs/2/0/id/chart", 1),
        ("outputs/2/0/id/chart", ["ALL"]),
        ("outputs/2/0/id/chart", "another"),
        ("outputs/2/0/id/type", "state"),
        ("outputs/3", []),
        ("outputs/5", None),
        ("inputs", ...),
        ("inputs", None),
        ("inputs", []),
        ("inputs", {"id": "request", "property": "data"}),
        ("inputs/0/id", "url"),
        ("inputs/0/id", {"type": "graph", "chart": "x"}),
        ("inputs/0/property", 3),
        ("inputs/0", [BODY["inputs"]]),
        ("inputs/0/value", ...),
        ("inputs/0/value", None),
        ("inputs/0/value", "?tab=auth"),
        ("inputs/0/value", []),
        ("inputs/0/value/search", ...),
        ("inputs/0/value/search", None),
        ("inputs/0/value/search", 7),
        ("inputs/0/value/search", ["?"]),
        ("inputs/0/value/search", "?" * 20_000),
        ("inputs/0/value/reason", "because"),
        ("inputs/0/value/reason", {}),
        ("inputs/0/value/zone", ...),
        ("inputs/0/value/zone", 1),
        ("inputs/0/value/theme", "blue"),
        ("inputs/0/value/theme", {"a": 1}),
        ("inputs/0/value/at", "now"),
        ("inputs/0/value/more", 1),
        ("state", [{"id": "busy", "property": "data", "value": True}]),
        ("state", {}),
        ("changedPropIds", ...),
        ("changedPropIds", None),
        ("changedPropIds", [1]),
        ("changedPropIds", ["url.search"]),
        ("changedPropIds", {"request.data": 1}),
        ("parsedChangedPropsIds", ["url.search"]),
        ("parsedChangedPropsIds", [{}]),
        ("more", 1),
    ],
)
def test_a_hand_made_body_is_a_bad_request_in_one_line(browser: FlaskClient, path: str, value: object) -> None:
    answer = browser.post(PATH, json=changed(path, value))
    assert answer.status_code == 400
    assert set(answer.json) == {"error"}
    assert "\n" not in answer.json["error"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b'"text"', b"7", b"NaN", b"\xff\xfe", b"[" * 100_000, b'{"output":' * 9_000,
     b'{"output": "\\ud800"}', orjson.dumps(BODY).replace(b"1767225600000", b"1e999")],
    ids=lambda raw: repr(raw[:20]),
)  # fmt: skip
def test_what_is_no_body_of_a_callback_is_a_bad_request(browser: FlaskClient, raw: bytes) -> None:
    answer = browser.post(PATH, data=raw, content_type="application/json")
    assert (answer.status_code, set(answer.json)) == (400, {"error"})


def test_another_type_of_body_and_a_larger_one_are_refused(browser: FlaskClient) -> None:
    assert browser.post(PATH, data=orjson.dumps(BODY), content_type="text/plain").status_code == 400
    large = orjson.dumps(BODY) + b" " * MAX_BODY
    assert browser.post(PATH, data=large, content_type="application/json").status_code == 413


def test_nothing_of_what_was_sent_comes_back(browser: FlaskClient) -> None:
    answer = browser.post(PATH, json=changed("inputs/0/value/reason", "<script>secret</script>"))
    assert "secret" not in answer.text


Register = Callable[[Dash], None]


def test_an_input_without_a_declared_type_stops_the_start() -> None:
    app = Dash("undeclared", enable_mcp=False)
    app.layout = html.Div()
    app.callback(Output("b", "children"), Input("a", "value"))(lambda value: value)
    with pytest.raises(TypeError, match=r"a\.value"):
        CallbackGuard(app.callback_map, {})


def test_an_input_with_a_wildcard_stops_the_start() -> None:
    app = Dash("wild", enable_mcp=False)
    app.callback(Output("b", "children"), Input({"type": "x", "n": ALL}, "value"))(lambda value: value)
    name = '{"n":["ALL"],"type":"x"}.value'
    with pytest.raises(TypeError, match="wildcards"):
        CallbackGuard(app.callback_map, {name: str})
