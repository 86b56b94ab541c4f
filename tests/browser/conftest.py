"""A real application on a real PostgreSQL with events rolled up, before a real Chromium.

Playwright drives what needs zones, themes, zoom or a phone; ``dash_duo`` the main flows. No wait has a fixed time.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from selenium.webdriver.chrome.options import Options
from werkzeug.serving import BaseWSGIServer, make_server

from app import create_app
from db.engine import Database
from db.events import insert_events
from metrics_dash.catalog import load_catalog
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.settings import Settings
from metrics_dash.web.paths import BASE_PATH
from tests.support.looking import wait_for_scripts

CATALOG = load_catalog()

# No connection leaves the machine, and pictures are the same everywhere.
FLAGS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]

# For the slowest machine: a wait ends with its condition, so only what fails takes this long.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)

Serve = Callable[..., str]


def _chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    found = [named, *map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))]
    return next((path for path in found if path and Path(path).exists()), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser; without one it is skipped, but never unnoticed on CI."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if _chromium() is None and os.environ.get("CI") != "true":
                item.add_marker(pytest.mark.skip(reason="no Chromium here; install it or set CHROMIUM to its path"))


def pytest_setup_options() -> Options:
    """What ``dash_duo`` starts Chromium with."""
    options = Options()
    options.binary_location = _chromium() or ""
    for flag in [*FLAGS, "--window-size=1440,900"]:
        options.add_argument(flag)
    return options


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = _chromium()
    assert path is not None, "CI has no Chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page in a context of its own; whatever Playwright's ``new_context`` takes may be given. One with a touch
    screen is touched, unless ``untouched``."""
    contexts: list[BrowserContext] = []

    def opened(url: str, *, untouched: bool = False, **options: Any) -> Page:
        options = {"viewport": {"width": 1440, "height": 900}, "timezone_id": "UTC", "color_scheme": "light", **options}
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        if untouched:
            return page
        if options.get("has_touch"):
            page.dispatch_event("body", "pointerdown")
        if options.get("java_script_enabled", True) and page.locator("#page-data").count():
            wait_for_scripts(page)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def settings() -> Settings:
    """Refreshes every second, so that a test need not wait for ten."""
    return Settings(refresh_interval=1)


@pytest.fixture
def serve(database: Database, settings: Settings) -> Iterator[Serve]:
    """Serves the application on a free port and gives its address; several in one test are fine."""
    servers: list[tuple[BaseWSGIServer, threading.Thread]] = []

    def served(**changes: Any) -> str:
        app = create_app(settings.model_copy(update=changes), database=database)
        server = make_server("127.0.0.1", 0, app.server, threaded=True)
        thread = threading.Thread(target=server.serve_forever, name="page under test", daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}{BASE_PATH}"

    yield served
    for server, thread in servers:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


@pytest.fixture
def history(database: Database) -> datetime:
    """Every tracked event: each minute of the last two hours, each hour of the last three days, each day of forty."""
    now = datetime.now(UTC)
    moments = [now - timedelta(minutes=number, seconds=5) for number in range(120)]
    moments += [now - timedelta(hours=number) for number in range(3, 72)]
    moments += [now - timedelta(days=number) for number in range(3, 40)]
    insert_events([event for number, moment in enumerate(moments) for event in _events(moment, number)])
    roll_up_all(database, declared=CATALOG.declared)
    return now


def _events(moment: datetime, number: int) -> Iterator[dict[str, Any]]:
    for event in CATALOG.events.values():
        yield {
            "event_name": event.name,
            "measurements": dict.fromkeys(event.measurements, 100 + 10 * (number % 7)),
            "metadata": {key: number % 4 != 0 if key == "success" else "a" for key in event.dimensions},
            "occurred_at": moment,
        }


@pytest.fixture
def page_url(history: datetime, serve: Serve) -> str:
    """The address of a page with data at every range."""
    return serve()
