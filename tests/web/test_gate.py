"""The guard: only this machine is served, and every answer tells browsers to be careful."""

import pytest
from flask import Flask

from metrics_dash.web import gate, problems


@pytest.fixture
def server() -> Flask:
    app = Flask("guarded")
    app.add_url_rule("/anything", view_func=lambda: "served", methods=["GET", "POST"])
    gate.install(app, lambda: ["'sha256-abc='"])
    problems.install(app)
    return app


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_served(server: Flask, address: str) -> None:
    answer = server.test_client().get("/anything", environ_base={"REMOTE_ADDR": address})
    assert answer.text == "served"


@pytest.mark.parametrize("address", ["192.168.1.7", "8.8.8.8", "fe80::1", "::ffff:10.0.0.1", ""])
def test_others_are_refused_in_json(server: Flask, address: str) -> None:
    answer = server.test_client().get("/anything", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 403
    assert answer.json is not None
    assert "only clients on this machine" in answer.json["error"]


def test_a_claim_to_come_from_elsewhere_changes_nothing(server: Flask) -> None:
    answer = server.test_client().get(
        "/anything", environ_base={"REMOTE_ADDR": "10.0.0.1"}, headers={"X-Forwarded-For": "127.0.0.1"}
    )
    assert answer.status_code == 403


def test_a_name_that_was_rebound_to_this_machine_is_refused(server: Flask) -> None:
    assert server.test_client().get("/anything", headers={"Host": "evil.example:8050"}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8050", "127.0.0.1:8050", "[::1]:8050", "metrics.localhost"])
def test_names_of_this_machine_are_served(server: Flask, host: str) -> None:
    assert server.test_client().get("/anything", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://localhost:8050", 200), ("https://evil.example", 403), ("null", 403), ("http://[", 403)],
)
def test_another_sites_page_can_not_post(server: Flask, origin: str, status: int) -> None:
    assert server.test_client().post("/anything", headers={"Origin": origin}).status_code == status


def test_every_answer_has_the_security_headers(server: Flask) -> None:
    for path in ("/anything", "/missing"):
        headers = server.test_client().get(path).headers
        assert "script-src 'self' 'sha256-abc='" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
