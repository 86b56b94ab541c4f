"""A page of another site, which another port of this machine is, can neither store events nor read anything here."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from flask import Response, request
from playwright.sync_api import Page
from sqlalchemy import text
from werkzeug.serving import make_server

from app import create_app
from db.engine import Database
from metrics_dash.settings import Settings
from tests.support.processes import eventually

EVENT = '{"event_name": "forged.event"}'

FETCH = "(to) => fetch(to, { method: 'POST', mode: 'no-cors', body: '%s' }).then(() => true)" % EVENT  # noqa: UP031
BEACON = "(to) => navigator.sendBeacon(to, '%s')" % EVENT  # noqa: UP031
FORM = """(to) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action: to, enctype: "text/plain" });
  form.append(Object.assign(document.createElement("input"), { name: '{"event_name": "forged.event", "metadata": {"a', value: '": 1}}' }));
  document.body.append(form);
  form.submit();
}"""  # noqa: E501
IMAGE = "(to) => { new Image().src = to; }"


class _Elsewhere(BaseHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>Elsewhere</title><body>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a page on another port of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever, name="elsewhere", daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


@dataclass(frozen=True)
class Ours:
    """This application, by the name by which the other page is open too, and what it answered."""

    url: str
    answers: list[tuple[str, int]]

    def answer_to(self, page: Page, script: str, path: str) -> int:
        """What the server answers to what a script on the page does; the browser doesn't show that to the script."""
        before = len(self.answers)
        page.evaluate(f"(to) => {{ Promise.resolve(({script})(to)).catch(() => null); return null; }}", self.url + path)
        eventually(lambda: len(self.answers) > before, "the page's request arrives")
        seen, status = self.answers[before]
        assert seen == urlsplit(path).path
        return status


@pytest.fixture
def ours(database: Database) -> Iterator[Ours]:
    server = create_app(Settings(), database=database).server
    answers: list[tuple[str, int]] = []

    @server.after_request
    def remember(response: Response) -> Response:
        answers.append((request.path, response.status_code))
        return response

    listening = make_server("127.0.0.1", 0, server, threaded=True)
    thread = threading.Thread(target=listening.serve_forever, name="page under test", daemon=True)
    thread.start()
    yield Ours(f"http://localhost:{listening.server_port}", answers)
    listening.shutdown()
    thread.join()
    listening.server_close()


def stored(database: Database) -> int:
    with database.reading() as connection:
        return int(
            connection.execute(
                text("SELECT count(*) FROM telemetry_events WHERE event_name NOT LIKE 'metrics_dash.%'")
            ).scalar_one()
        )


@pytest.mark.parametrize("script", [FETCH, BEACON, FORM], ids=["fetch", "beacon", "form"])
def test_a_page_on_another_port_can_not_store_events(
    open_page: Callable[..., Page], elsewhere: str, ours: Ours, database: Database, script: str
) -> None:
    assert ours.answer_to(open_page(elsewhere), script, "/api/v1/events") == 403
    assert stored(database) == 0


def test_a_page_on_another_port_is_not_allowed_to_send_json(
    open_page: Callable[..., Page], elsewhere: str, ours: Ours, database: Database
) -> None:
    refused = "(to) => fetch(to, %s).then(() => 'sent', () => 'refused')"  # the preflight, by the browser itself
    options = "{ method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }"
    assert open_page(elsewhere).evaluate(refused % options, f"{ours.url}/api/v1/events") == "refused"
    assert stored(database) == 0


@pytest.mark.parametrize(
    "path", ["/api/v1/query?event_name=a.b", "/admin/metrics/export/auth.csv", "/metrics", "/admin/metrics/"]
)
def test_a_page_on_another_port_can_read_nothing(
    open_page: Callable[..., Page], elsewhere: str, ours: Ours, path: str
) -> None:
    page = open_page(elsewhere)
    assert ours.answer_to(page, "(to) => fetch(to, { mode: 'no-cors' })", path) == 403
    assert ours.answer_to(page, IMAGE, path) == 403


def test_a_link_on_another_site_opens_the_page(open_page: Callable[..., Page], elsewhere: str, ours: Ours) -> None:
    page = open_page(elsewhere)
    page.evaluate("(to) => { location.href = to; }", f"{ours.url}/admin/metrics/?tab=auth")
    page.wait_for_selector("#tab-auth")


def test_our_own_page_stores_events(open_page: Callable[..., Page], ours: Ours) -> None:
    page = open_page(f"{ours.url}/admin/metrics/")
    status = page.evaluate("() => fetch('/api/v1/events', { method: 'POST', body: 'no event' }).then((a) => a.status)")
    assert status == 400
