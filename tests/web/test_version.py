"""Which version serves, and whether it can: an answer in either case, as pages that were cut off ask for it."""

import pytest
from flask import Flask

from metrics_dash.web.paths import BASE_PATH
from metrics_dash.web.version import PATH, install


@pytest.mark.parametrize(("problems", "ready"), [([], True), (["the scheduler is not running"], False)])
def test_the_answer_says_version_and_readiness_and_nothing_else(problems: list[str], ready: bool) -> None:
    server = Flask("versioned")
    install(server, "0123456789abcdef", lambda: problems)
    answer = server.test_client().get(f"{BASE_PATH}version")
    assert (answer.status_code, answer.json) == (200, {"version": "0123456789abcdef", "ready": ready})
    assert answer.headers["Cache-Control"] == "no-store"


def test_readiness_is_asked_for_anew_each_time() -> None:
    server, problems = Flask("versioned"), ["not yet"]
    install(server, "1", lambda: iter(problems))
    client = server.test_client()
    assert client.get(PATH).json == {"version": "1", "ready": False}
    problems.clear()
    assert client.get(PATH).json == {"version": "1", "ready": True}
