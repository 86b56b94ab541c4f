"""Where requests come from: without a login only from this machine, and never from another site's page."""

import pytest
from flask import Flask

from metrics_dash.web import gate, problems


@pytest.fixture
def server() -> Flask:
    app = Flask("guarded")
    app.add_url_rule("/anything", view_func=lambda: "served", methods=["GET", "POST"])
    gate.install(app, None)
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
    ("host", "origin"),
    [
        ("localhost:8050", "http://localhost:8050"),
        ("127.0.0.1:8050", "http://127.0.0.1:8050"),
        ("[::1]:8050", "http://[::1]:8050"),
        ("localhost", "http://localhost"),
        ("localhost", "http://localhost:80"),
        ("LOCALHOST:8050", "http://localhost:8050"),
    ],
)
def test_our_own_page_can_post(server: Flask, host: str, origin: str) -> None:
    headers = {"Host": host, "Origin": origin, "Sec-Fetch-Site": "same-origin"}
    assert server.test_client().post("/anything", headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:9999",
        "http://localhost",
        "https://localhost:8050",
        "http://127.0.0.1:8050",
        "http://[::1]:8050",
        "http://evil.localhost:8050",
        "http://localhost:8050.evil.example",
        "http://localhost:8050@evil.example",
        "https://evil.example",
        "null",
        "http://[",
        "http://localhost:port",
        "localhost:8050",
        "file://",
        "",
    ],
)
def test_another_sites_page_is_refused_though_it_is_on_this_machine(server: Flask, origin: str, method: str) -> None:
    headers = {"Host": "localhost:8050", "Origin": origin}
    assert server.test_client().open("/anything", method=method, headers=headers).status_code == 403


def test_one_of_two_origins_must_not_be_another_site(server: Flask) -> None:
    headers = [("Host", "localhost:8050"), ("Origin", "http://localhost:8050"), ("Origin", "http://evil.example")]
    assert server.test_client().post("/anything", headers=headers).status_code == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "SAME-ORIGIN", "unknown", ""])
def test_what_another_sites_page_caused_is_refused_without_an_origin_too(server: Flask, site: str, method: str) -> None:
    for mode in ("no-cors", "navigate"):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
        assert server.test_client().open("/anything", method=method, headers=headers).status_code == 403


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_our_page_or_a_person_caused_is_served(server: Flask, site: str) -> None:
    assert server.test_client().post("/anything", headers={"Sec-Fetch-Site": site}).status_code == 200


def test_a_link_on_another_site_shows_the_page_and_nothing_else(server: Flask) -> None:
    server.add_url_rule("/admin/metrics/", endpoint="page", view_func=lambda: "page", methods=["GET", "POST"])
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    client = server.test_client()
    assert client.get("/admin/metrics/?tab=auth", headers=link).status_code == 200
    assert client.post("/admin/metrics/", headers=link).status_code == 403
    assert client.get("/admin/metrics/", headers={**link, "Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert client.get("/admin/metrics/", headers={**link, "Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert client.get("/anything", headers=link).status_code == 403


@pytest.mark.parametrize(
    "header",
    [
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Anything",
        "X-Forwarded",
        "Via",
        "X-Real-IP",
        "X-Client-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Original-URL",
        "Proxy-Authorization",
    ],
)
def test_what_a_proxy_forwarded_is_refused_in_one_line(server: Flask, header: str) -> None:
    answer = server.test_client().get("/anything", headers={header: "127.0.0.1"})
    assert answer.status_code == 403
    assert "proxy" in answer.json["error"]
    assert "\n" not in answer.json["error"]
