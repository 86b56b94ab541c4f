"""Every answer tells browsers to be careful."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from metrics_dash.web import headers, problems


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("headed")
    app.add_url_rule("/anything", view_func=lambda: "served")
    headers.install(app, lambda: ["'sha256-abc='"])
    problems.install(app)
    return app.test_client()


@pytest.mark.parametrize("path", ["/anything", "/missing"])
def test_every_answer_has_the_security_headers(client: FlaskClient, path: str) -> None:
    given = client.get(path).headers
    policy = given["Content-Security-Policy"]
    assert "script-src 'self' 'sha256-abc=';" in policy
    assert "frame-ancestors 'self'" in policy
    assert "worker-src 'self';" in policy
    assert "'unsafe-eval'" not in policy
    assert given["X-Content-Type-Options"] == "nosniff"
    assert given["Referrer-Policy"] == "same-origin"
    assert given["Cross-Origin-Resource-Policy"] == "same-origin"
    assert given["X-Frame-Options"] == "SAMEORIGIN"
    assert given["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_page_may_what_it_does_and_nothing_that_reaches_the_machine(client: FlaskClient) -> None:
    policy = client.get("/anything").headers["Permissions-Policy"]
    features = dict(each.split("=") for each in policy.split(", "))
    allowed = {feature for feature, who in features.items() if who == "(self)"}
    assert allowed == {"clipboard-write", "fullscreen", "screen-wake-lock"}
    denied = {feature for feature, who in features.items() if who == "()"}
    assert denied == features.keys() - allowed
    assert not features.keys() & {"bluetooth", "web-share"}
    devices = {"camera", "display-capture", "geolocation", "hid", "microphone", "midi", "serial", "usb"}
    assert denied >= devices | {"clipboard-read", "identity-credentials-get", "local-fonts", "payment"}


def test_what_comes_by_tls_is_to_come_by_tls_from_then_on(client: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/anything").headers
    assert "max-age=31536000" in client.get("/anything", base_url="https://there").headers["Strict-Transport-Security"]
