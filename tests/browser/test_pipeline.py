"""The pipeline page in a real browser: for whom it is, in both themes, on a phone, and made anew by itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from db.collectors import INGEST_EVENT
from db.engine import Database
from metrics_dash.auth import people
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event, check_event
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.web.paths import BASE_PATH, PIPELINE_PATH
from tests.browser.conftest import Serve
from tests.browser.test_access import PASSWORD, problems, sign_in
from tests.support.outages import outage

Open = Callable[..., Page]


def send(database: Database, sender: str, events: int) -> None:
    """What a process says of a sender, rolled up."""
    collector, now = Collector(database, flush_interval=0.01), datetime.now(UTC)
    collector.start()
    told = {"sender": sender, "format": "json", "way": f"json {sender}"}
    collector.submit([check_event(Event(INGEST_EVENT, {}, told, weight=events), now, own=True)]).wait(30)
    collector.stop()
    roll_up_all(database)


def at(address: str) -> str:
    return address.replace(BASE_PATH, PIPELINE_PATH)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_without_a_login_it_is_for_whoever_sits_here(
    open_page: Open, serve: Serve, database: Database, scheme: str, width: int
) -> None:
    send(database, "<b>shop</b>", 4321)
    page = open_page(at(serve()), color_scheme=scheme, viewport={"width": width, "height": 800})
    expect(page.get_by_role("heading", name="Pipeline")).to_be_visible()
    expect(page.get_by_role("region", name="Senders")).to_contain_text("<b>shop</b>")
    expect(page.get_by_role("region", name="Senders")).to_contain_text("4,321")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert Axe().run(page).response["violations"] == []


def test_during_an_outage_it_keeps_what_it_showed_and_says_how_old_that_is(
    open_page: Open, serve: Serve, database: Database
) -> None:
    send(database, "shop", 4321)
    page = open_page(at(serve()))
    expect(page.get_by_role("region", name="Senders")).to_contain_text("4,321")
    age = page.locator("#age")
    expect(age).to_be_hidden()
    with outage(database):
        expect(age).to_contain_text("ago — the database does not answer; trying again")
        expect(page.get_by_role("region", name="Senders")).to_contain_text("4,321")
    expect(age).to_be_hidden()
    page.route("**/_dash-update-component*", lambda route: route.abort())
    expect(age).to_contain_text("the server does not answer")


def test_it_is_made_anew_by_itself(open_page: Open, serve: Serve, database: Database) -> None:
    page = open_page(at(serve()))
    found = problems(page)
    expect(page.locator("#pipeline")).to_contain_text("Nothing has come in the last 24 hours.")
    send(database, "late", 12)
    expect(page.get_by_role("region", name="Senders")).to_contain_text("late")
    assert found == []


def test_the_dashboards_sidebar_leads_to_it(open_page: Open, serve: Serve) -> None:
    page = open_page(serve())
    page.get_by_role("link", name="Pipeline").click()
    expect(page.locator(".tile")).to_have_count(8)
    page.get_by_role("link", name="Metrics").click()
    expect(page.locator("#board")).to_be_visible()


def test_with_a_login_it_is_for_who_manages(open_page: Open, serve: Serve, database: Database, tmp_path: Path) -> None:
    for name, role in (("ann", "admin"), ("bob", "viewer")):
        people.add(database, name, role=role, by="test", password=PASSWORD)
    address = serve(auth=("password",), data_dir=tmp_path)
    page = open_page(at(address))
    sign_in(page, "ann")
    expect(page.locator(".tile")).to_have_count(8)
    other = open_page(address)
    sign_in(other, "bob")
    expect(other.locator("#board")).to_be_visible()
    expect(other.get_by_role("link", name="Pipeline")).to_have_count(0)
    answer = other.goto(at(address))
    assert answer is not None
    assert answer.status == 403
