"""Signing in, being signed out while looking, managing, and a wall that came by a link: in a real browser."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from db import sessions
from db.engine import Database
from metrics_dash.auth import links, people
from tests.browser.conftest import Serve

PASSWORD = "correct horse battery staple"


@pytest.fixture
def address(serve: Serve, database: Database, tmp_path: Path) -> str:
    """A dashboard with a login and two people: ann is an admin, bob a viewer."""
    for name, role in (("ann", "admin"), ("bob", "viewer")):
        people.add(database, name, role=role, by="test", password=PASSWORD)
    return serve(auth=("password",), data_dir=tmp_path)


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def problems(page: Page) -> list[str]:
    """What breaks the content security policy, or fails in a script."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda line: found.append(line.text) if "Content Security Policy" in line.text else None)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_the_login_page_is_for_everybody(address: str, open_page: Callable[..., Page], scheme: str, width: int) -> None:
    page = open_page(address, color_scheme=scheme, viewport={"width": width, "height": 740})
    expect(page.get_by_label("Name")).to_be_focused()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert Axe().run(page).response["violations"] == []


def test_who_signs_in_comes_to_the_page_that_they_wanted(address: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{address}?tab=combat")
    found = problems(page)
    page.get_by_label("Name").fill("bob")
    page.get_by_label("Password").fill("something else")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    sign_in(page, "bob")
    expect(page.locator("#grid-combat")).to_be_visible()
    expect(page.locator(".account .name")).to_have_text("bob")
    expect(page.locator(".entries .entry[href]")).to_have_count(1)
    assert found == []


def test_a_page_whose_session_ends_keeps_its_picture_and_leads_back(
    address: str, open_page: Callable[..., Page], database: Database
) -> None:
    page = open_page(f"{address}?tab=auth")
    sign_in(page, "bob")
    expect(page.locator("#grid-auth .card").first).to_be_visible()
    with database.begin() as connection:
        sessions.close_sessions_of(connection, "bob")
    expect(page.locator("#freshness-text")).to_contain_text("signed out")
    expect(page.locator("#grid-auth .card").first).to_be_visible()
    page.get_by_role("link", name="Sign in again").click()
    sign_in(page, "bob")
    expect(page.locator("#grid-auth .card").first).to_be_visible()
    expect(page.locator("#sign-in")).to_be_hidden()


def test_somebody_signs_out(address: str, open_page: Callable[..., Page]) -> None:
    page = open_page(address)
    sign_in(page, "bob")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(address)
    expect(page.get_by_label("Password")).to_be_visible()


def test_an_admin_manages_without_leaving_the_shell(address: str, open_page: Callable[..., Page]) -> None:
    page = open_page(address)
    found = problems(page)
    sign_in(page, "ann")
    for entry, title in (("Users", "Add a person"), ("Tokens", "Make a token"), ("Links", "Make a link")):
        page.locator(".sidebar").get_by_role("link", name=entry).click()
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        assert Axe().run(page).response["violations"] == []
    page.locator(".sidebar").get_by_role("link", name="Users").click()
    page.locator("#field-username").fill("eve")
    page.locator("#field-password").fill(PASSWORD)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("eve was added.")
    page.locator(".sidebar").get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("cell", name="user.add").first).to_be_visible()
    assert found == []


@pytest.mark.parametrize("width", [320, 390, 800])
def test_all_of_an_admins_pages_are_reached_on_a_phone(
    address: str, open_page: Callable[..., Page], width: int
) -> None:
    page = open_page(address, viewport={"width": width, "height": 740})
    sign_in(page, "ann")
    for entry in ("Pipeline", "Users", "Tokens", "Links", "Audit log", "Metrics"):
        page.locator(".sidebar").get_by_role("link", name=entry).click()
        current = page.locator(".sidebar").get_by_role("link", name=entry)
        expect(current).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_wall_comes_by_its_link_and_ends_with_it(
    address: str, open_page: Callable[..., Page], database: Database
) -> None:
    link = links.issue(database, by="test", tabs=("auth",), known=("auth",), kiosk=True)
    page = open_page(f"{address.removesuffix('/admin/metrics/')}/admin/link?key={link}")
    expect(page.locator("#grid-auth .card").first).to_be_visible()
    assert link.secret not in page.url
    assert page.evaluate("document.documentElement.dataset.kiosk") == ""
    expect(page.locator("#tabs a")).to_have_count(1)
    links.revoke(database, link.identity, by="test")
    expect(page.locator("#freshness-text")).to_contain_text("signed out")
    expect(page.locator("#grid-auth .card").first).to_be_visible()
