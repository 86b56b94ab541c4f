"""Where a token stands: in the ways of a door and nowhere else, whatever stands beside it."""

import json
from base64 import b64encode

import pytest
from flask import Flask

from metrics_dash.web import received
from metrics_dash.web.credentials import shown
from metrics_dash.web.doors import INFLUX, POSTHOG, SEGMENT, Door, Way

# Always the same: they are parameters, and tests have to be called alike in every process that runs some of them.
SECRET = f"mdt_0123456789ab_{'5f' * 32}"
OTHER = f"mdt_ba9876543210_{'a0' * 32}"
BEARER = Door().ways


def basic(user: str, password: str = "") -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def seen(ways: tuple[Way, ...], *, authorization: str | None = None, path: str = "/", body: bytes = b"") -> str | None:
    headers = {} if authorization is None else {"Authorization": authorization}
    app = Flask("asked")
    received.install(app)
    with app.test_request_context(path, method="POST", headers=headers, data=body):
        return shown(ways)


@pytest.mark.parametrize(
    ("ways", "authorization", "found"),
    [
        (BEARER, f"Bearer {SECRET}", SECRET),
        (BEARER, f"bearer   {SECRET} ", SECRET),
        (BEARER, "Bearer nonsense", "nonsense"),
        (BEARER, "Bearer a=b", ""),
        (BEARER, f"Token {SECRET}", ""),
        (BEARER, SECRET, ""),
        (BEARER, None, None),
        (INFLUX.ways, f"Token {SECRET}", SECRET),
        (INFLUX.ways, basic("telegraf", SECRET), SECRET),
        (INFLUX.ways, basic(SECRET), SECRET),
        (SEGMENT.ways, basic(SECRET), SECRET),
        (SEGMENT.ways, f"Bearer {SECRET}", SECRET),
        (SEGMENT.ways, f"Token {SECRET}", ""),
    ],
)
def test_each_scheme_is_read_where_it_is_taken(ways: tuple[Way, ...], authorization: str, found: str | None) -> None:
    assert seen(ways, authorization=authorization) == found


@pytest.mark.parametrize("authorization", [basic("ann", "her password"), "Basic ?", "Basic", basic(SECRET)])
def test_what_a_proxy_asked_for_claims_nothing_where_it_is_not_taken(authorization: str) -> None:
    assert seen(BEARER, authorization=authorization) is None


@pytest.mark.parametrize("authorization", [basic("ann", "her password"), basic("\0", "\ud7ff"), "Basic ?"])
def test_names_and_passwords_that_are_no_token_are_nobodys(authorization: str) -> None:
    assert seen(INFLUX.ways, authorization=authorization) is None


def test_an_address_is_looked_at_for_influxdbs_first_version_alone() -> None:
    for path in (f"/?u=telegraf&p={SECRET}", f"/?u={SECRET}", f"/?u={OTHER[:-1]}&p={SECRET}"):
        assert seen(INFLUX.ways, path=path) == SECRET
        assert seen(SEGMENT.ways, path=path) is None
        assert seen(BEARER, path=path) is None


def in_body(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (in_body({"batch": [{"event": "a"}] * 600, "sent_at": "now", "api_key": SECRET}), SECRET),
        (in_body({"token": SECRET, "distinct_id": "x"}), SECRET),
        (in_body({"api_key": 7, "token": SECRET}), SECRET),
        (in_body({"api_key": SECRET, "token": OTHER}), SECRET),
        # Whatever an event says is its own matter.
        (in_body({"batch": [{"properties": {"api_key": SECRET}}], "properties": {"token": SECRET}}), None),
        (in_body({"event": f'"api_key": "{SECRET}"'}), None),
        (in_body([{"api_key": SECRET}]), None),
        (in_body({"api_key": "phc_key"}), None),
        (b"{}", None),
        (b"", None),
        (b"{" * 1000, None),
        (b"\xff\x00", None),
    ],
)
def test_a_body_is_looked_at_for_its_own_key_and_no_deeper(body: bytes, found: str | None) -> None:
    assert seen(POSTHOG.ways, body=body) == found


def test_a_header_goes_before_the_body_which_is_then_not_read() -> None:
    assert seen(POSTHOG.ways, authorization=f"Bearer {OTHER}", body=in_body({"api_key": SECRET})) == OTHER
