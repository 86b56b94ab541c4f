"""Cookies: behind TLS under a name that nobody else can set, and never for scripts or other sites."""

import pytest
from flask import Flask, session
from flask.testing import FlaskClient

from metrics_dash.web import cookies


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("cookies")
    app.secret_key = "k" * 32
    app.session_interface = cookies.FormSession()

    @app.get("/write")
    def write() -> object:
        session["form"] = "kept"
        answer = app.make_response("")
        cookies.write(answer, cookies.SESSION, "value", None)
        return answer

    @app.get("/read")
    def read() -> str:
        return f"{cookies.read(cookies.SESSION)} {session.get('form')}"

    @app.get("/drop")
    def drop() -> object:
        answer = app.make_response("")
        cookies.drop(answer, cookies.SESSION)
        return answer

    return app.test_client()


def test_behind_tls_a_cookie_is_of_this_host_alone(client: FlaskClient) -> None:
    for given in client.get("/write", base_url="https://localhost").headers.getlist("Set-Cookie"):
        assert given.startswith("__Host-")
        for rule in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert rule in given
        assert "Domain" not in given


def test_without_tls_it_has_the_other_rules(client: FlaskClient) -> None:
    for given in client.get("/write").headers.getlist("Set-Cookie"):
        assert not given.startswith("__Host-")
        assert "Secure" not in given
        assert "HttpOnly" in given


def test_what_was_written_is_read_by_the_way_it_came_alone(client: FlaskClient) -> None:
    client.get("/write", base_url="https://localhost")
    assert client.get("/read", base_url="https://localhost").text == "value kept"
    assert client.get("/read").text == "None None"


def test_one_that_plain_http_set_is_not_believed_behind_tls(client: FlaskClient) -> None:
    client.set_cookie("metrics", "forged")
    assert client.get("/read", base_url="https://localhost").text == "None None"


def test_it_is_taken_back(client: FlaskClient) -> None:
    client.get("/write")
    client.get("/drop")
    assert client.get("/read").text.startswith("None")
