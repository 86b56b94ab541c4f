"""The logo's route: a picture to everybody, and nothing that could run."""

import pytest
from flask import Flask

from metrics_dash.logo import PNG, SVG, WEBP, Logo
from metrics_dash.web import doors
from metrics_dash.web.headers import install
from metrics_dash.web.paths import LOGO_PATH
from metrics_dash.web.problems import ProblemError
from routes.logo import register


def served(logo: Logo | None) -> Flask:
    server = Flask("test", static_folder=None)
    install(server, list)
    register(server, logo)
    server.testing = True
    return server


@pytest.mark.parametrize("kind", [PNG, WEBP, SVG])
def test_a_logo_is_served_as_a_picture_that_runs_nothing(kind: str) -> None:
    answer = served(Logo(kind, b"<svg/>")).test_client().get(LOGO_PATH)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, kind, b"<svg/>")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=86400"


def test_without_a_logo_there_is_no_picture() -> None:
    with pytest.raises(ProblemError, match="no logo") as raised:
        served(None).test_client().get(LOGO_PATH)
    assert raised.value.status == 404


def test_everybody_may_see_it() -> None:
    assert doors.DOORS[LOGO_PATH].everybody
