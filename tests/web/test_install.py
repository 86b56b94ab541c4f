"""All routes of the machine's side are there, and the guard stands before each of them."""

from flask import Flask

from metrics_dash.web import annotations, ingest, metrics, openapi, otlp, query, senders
from tests.support.web_client import Site

STRANGER = {"REMOTE_ADDR": "192.0.2.1"}
SENDERS = {
    *(path for door in senders.DOORS for path in door.paths),
    *(signal.path for signal in otlp.SIGNALS),
    "/flags/",
    "/ping",
    "/health",
    "/ready",
    "/query",
}
PATHS = {ingest.PATH, query.PATH, openapi.PATH, metrics.PATH, "/healthz", "/readyz", *SENDERS, annotations.PATH}


def routes(server: Flask) -> set[str]:
    return {rule.rule for rule in server.url_map.iter_rules() if rule.endpoint != "static"}


def test_every_route_is_installed(open_site: Site) -> None:
    assert routes(open_site.client.application) == PATHS


def test_a_stranger_is_refused_at_every_one_of_them(open_site: Site) -> None:
    for path in PATHS:
        for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
            answer = open_site.client.open(path, method=method, environ_base=STRANGER)
            assert answer.status_code == 403, (method, path)
    assert open_site.stored() == []


def test_a_refused_stranger_is_counted_like_any_request(open_site: Site) -> None:
    open_site.client.get("/healthz", environ_base=STRANGER)
    figures = open_site.client.get(metrics.PATH).text
    assert 'metrics_dash_http_requests_total{method="GET",route="/healthz",status="403"} 1.0' in figures
