"""The body of a request: read once, whoever needs it first, and held no longer than the request takes."""

import gzip

import pytest
from flask import Flask

from metrics_dash.web import budget, received
from metrics_dash.web.problems import ProblemError

BODY = b"x" * 1000


@pytest.fixture
def app() -> Flask:
    asked = Flask("asked")
    received.install(asked)
    return asked


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/", {"Content-Encoding": "gzip"}), ("/?compression=gzip-js", {}), ("/?compression=gzip", {})],
)
def test_it_is_zipped_as_header_or_address_say(app: Flask, path: str, headers: dict[str, str]) -> None:
    zipped = gzip.compress(BODY)
    with app.test_request_context(path, method="POST", data=zipped, headers=headers), received.received() as (_, body):
        assert body == BODY


def test_what_was_read_ahead_is_what_its_route_finds(app: Flask) -> None:
    before = budget._held.held
    with app.test_request_context("/", method="POST", data=BODY):
        assert received.ahead() == received.ahead()
        assert budget._held.held == before + len(BODY)
        with received.received() as (_, body):
            assert body == BODY
        assert budget._held.held == before


def test_what_no_route_took_is_held_no_longer_than_the_request(app: Flask) -> None:
    before = budget._held.held
    with app.test_request_context("/", method="POST", data=BODY):
        received.ahead()
    assert budget._held.held == before


def test_what_cant_be_read_is_not_held(app: Flask) -> None:
    before = budget._held.held
    cut = gzip.compress(bytes(10**6))[:-9]
    with app.test_request_context("/", method="POST", data=cut, headers={"Content-Encoding": "gzip"}):
        with pytest.raises(ProblemError):
            received.ahead()
        assert budget._held.held == before
