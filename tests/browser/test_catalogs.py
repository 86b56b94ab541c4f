"""Title, tabs and cards of a page are of one catalog, also when the server begins to serve another while it is open."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from app import create_app
from db.engine import Database
from metrics_dash.settings import Settings
from metrics_dash.web.paths import BASE_PATH
from tests.browser.conftest import CATALOG
from tests.support.looking import wait_for_tab

Open = Callable[..., Page]

OTHER = """
[events."of.another"]
kind = "gauge"
measurements.size = { unit = "B" }

[[tabs]]
id = "one"
title = "One"

[[tabs.charts]]
id = "size"
title = "Size"
event = "of.another"
measurement = "size"
show = "avg"

[[tabs]]
id = "two"
title = "Two"

[[tabs.charts]]
id = "sizes"
title = "Sizes"
event = "of.another"
measurement = "size"
show = "max"
"""
# Title, chosen tab, all tabs and first card, whenever the page may be painted.
WATCH = """
(() => {
  const text = (one) => one?.textContent ?? "";
  const look = () => {
    const [title, current] = ["#title", "#tabs [aria-current]"].map((one) => text(document.querySelector(one)));
    const cards = [...document.querySelectorAll("#board .card[id]")].map((card) => card.id);
    if (title && cards.length) console.log(JSON.stringify(["seen", title, current, cards[0]]));
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()
"""
FIRST_CARDS = {tab.title: f"card-{tab.charts[0].id}" for tab in CATALOG.tabs} | {
    "One": "card-size",
    "Two": "card-sizes",
}


class Served:
    """One address behind which stand servers of two catalogs: which of them a page comes from, and which answers it."""

    def __init__(self, apps: dict[str, Flask]) -> None:
        self._apps = apps
        self.pages = self.answers = "first"
        self.server = make_server("127.0.0.1", 0, self, threaded=True)
        self.address = f"http://127.0.0.1:{self.server.server_port}{BASE_PATH}"

    def switch(self, catalog: str) -> None:
        """Serve this one alone."""
        self.pages = self.answers = catalog

    def __call__(self, environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
        asks = environ["PATH_INFO"].endswith(("_dash-update-component", "/version"))
        return self._apps[self.answers if asks else self.pages](environ, respond)


@pytest.fixture
def served(
    history: datetime, database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    # Nothing collects events here, and walls wait for a server that is ready for all of its work.
    monkeypatch.setattr("app.problems", lambda *_: ())
    path = tmp_path / "other.toml"
    path.write_text(OTHER, encoding="utf-8")
    of = {"first": settings, "other": settings.model_copy(update={"catalog": path})}
    serving = Served({name: create_app(each, database=database).server for name, each in of.items()})
    thread = threading.Thread(target=serving.server.serve_forever, name="servers of two catalogs", daemon=True)
    thread.start()
    yield serving
    serving.server.shutdown()
    thread.join(timeout=10)
    serving.server.server_close()


def opened(open_page: Open, served: Served, query: str, tab: str) -> Page:
    page = open_page("about:blank")
    # No two walls reload in the same moment; a test need not wait for its turn.
    page.add_init_script("Math.random = () => 0;")
    page.goto(served.address + query)
    wait_for_tab(page, tab)
    page.evaluate("document.documentElement.dataset.marked = ''")
    return page


@pytest.fixture
def seen() -> Iterator[list[list[str]]]:
    """What a page that is watched shows at once; it was all of one catalog."""
    found: list[list[str]] = []
    yield found
    assert found
    for _, title, current, card in found:
        assert (title, FIRST_CARDS[title]) == (current, card)


def watch(page: Page, seen: list[list[str]]) -> None:
    page.on("console", lambda said: seen.append(json.loads(said.text)) if said.text.startswith('["seen"') else None)
    page.add_init_script(WATCH)
    page.evaluate(WATCH)


def shows(page: Page, title: str, tabs: list[str]) -> None:
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator("#tabs > a")).to_have_text(tabs)
    expect(page.locator("#board .card").first).to_have_id(FIRST_CARDS[title])


TITLES = {"first": [tab.title for tab in CATALOG.tabs], "other": ["One", "Two"]}


@pytest.mark.parametrize(
    "query",
    ["?tab=auth&range=1h", "?tab=auth&range=1h&kiosk=1"],
    ids=["a page that is refreshed", "a wall"],
)
def test_a_page_is_loaded_anew_by_the_first_answer_of_another_catalog(
    open_page: Open, served: Served, seen: list[list[str]], query: str
) -> None:
    page = opened(open_page, served, query, "auth")
    watch(page, seen)
    served.switch("other")
    expect(page.locator("html:not([data-marked])")).to_have_count(1)
    shows(page, "One", TITLES["other"])
    page.evaluate("metrics.url.go({ tab: 'two' })")
    shows(page, "Two", TITLES["other"])
    served.switch("first")
    shows(page, "Server", TITLES["first"])


@pytest.mark.parametrize("query", ["&range=2026-01-01", "&range=1h&refresh=off"], ids=["paused", "refresh off"])
def test_of_a_page_that_asks_for_nothing_the_next_click_leads_to_the_catalog_that_is_served(
    open_page: Open, served: Served, seen: list[list[str]], query: str
) -> None:
    page = opened(open_page, served, f"?tab=auth{query}", "auth")
    watch(page, seen)
    served.switch("other")
    page.click("#tab-combat")
    shows(page, "One", TITLES["other"])
    expect(page.locator("#unread")).to_contain_text("'combat' is not known")


def test_a_page_that_asks_for_nothing_hears_of_it_while_somebody_looks(open_page: Open, served: Served) -> None:
    page = open_page("about:blank")
    page.clock.install()
    page.goto(f"{served.address}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    served.switch("other")
    page.clock.fast_forward(70_000)
    shows(page, "One", TITLES["other"])


def test_where_servers_of_two_catalogs_take_turns_no_loop_follows_and_nothing_is_mixed(
    open_page: Open, served: Served, seen: list[list[str]]
) -> None:
    page = opened(open_page, served, "?tab=auth&range=1h", "auth")
    loads: list[str] = []
    page.on("domcontentloaded", lambda one: loads.append(one.url))
    watch(page, seen)
    served.answers = "other"
    page.wait_for_event("domcontentloaded")
    page.wait_for_function("() => window.metrics")
    expect(page.locator("#freshness-text")).to_contain_text("server has another catalog, retrying")
    expect(page.locator("#release-note")).to_be_visible()
    for _ in range(3):
        with page.expect_response("**/_dash-update-component*"):
            pass
    assert len(loads) == 1
    served.answers = "first"
    shows(page, "Auth", TITLES["first"])
    expect(page.locator("#freshness-text")).to_contain_text("Live")


def test_what_is_half_typed_is_not_lost(open_page: Open, served: Served) -> None:
    page = opened(open_page, served, "?tab=auth&range=1h", "auth")
    page.click("#custom-range > summary")
    page.fill("#relative-from", "now-3")
    served.switch("other")
    expect(page.locator("#release-note")).to_be_visible()
    expect(page.locator("#freshness-text")).to_contain_text("server has another catalog, retrying")
    expect(page.locator("#relative-from")).to_have_value("now-3")
    shows(page, "Auth", TITLES["first"])
    page.keyboard.press("Escape")
    shows(page, "One", TITLES["other"])
