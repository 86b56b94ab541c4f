"""Read-only links: exchanged once for a cookie, out of the address at once, and on the list with what they show."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from db.engine import Database
from db.links import list_walls
from metrics_dash.auth import links
from tests.support.visitors import CALLBACK, House, house, question

TABS = ("auth", "combat")


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[House]:
    with house(database, tmp_path) as opened:
        yield opened


def test_the_first_request_gets_a_cookie_and_an_address_without_the_secret(opened: House) -> None:
    link = links.issue(opened.database, by="test", tabs=("auth",), known=TABS, kiosk=True, lifetime=timedelta(days=30))
    client = opened.stranger()
    answer = client.get(f"/admin/link?key={link}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/metrics/?tab=auth&kiosk=1")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert link.secret not in cookie
    assert "HttpOnly" in cookie
    assert client.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize(("tabs", "kiosk", "page"), [
    ((), False, ""), ((), True, "?kiosk=1&rotate=30"), (TABS, True, "?tab=auth&kiosk=1&rotate=30"),
    (("combat",), False, "?tab=combat"),
])  # fmt: skip
def test_it_leads_to_the_page_that_it_was_made_for(
    opened: House, tabs: tuple[str, ...], kiosk: bool, page: str
) -> None:
    link = links.issue(opened.database, by="test", tabs=tabs, known=TABS, kiosk=kiosk)
    assert opened.stranger().get(f"/admin/link?key={link}").headers["Location"] == f"/admin/metrics/{page}"


def test_filters_of_its_address_go_on_to_the_page_and_nothing_else_does(opened: House) -> None:
    link = links.issue(opened.database, by="test", tabs=("auth",), known=TABS)
    query = {"key": str(link), "filter": ["success:true", "!zone:a b&tab=combat"], "tab": "combat", "x": "y"}
    answer = opened.stranger().get("/admin/link", query_string=query)
    page = "/admin/metrics/?tab=auth&filter=success%3Atrue&filter=%21zone%3Aa+b%26tab%3Dcombat"
    assert answer.headers["Location"] == page


def test_a_link_that_is_revoked_acts_on_the_next_tick(opened: House) -> None:
    link = links.issue(opened.database, by="test", tabs=("auth",), known=TABS)
    wall = opened.stranger()
    wall.get(f"/admin/link?key={link}")
    assert wall.post(CALLBACK, json=question()).status_code == 200
    links.revoke(opened.database, link.identity, by="test")
    assert wall.post(CALLBACK, json=question()).status_code == 401


@pytest.mark.parametrize("key", ["", "anything", "mdl_000000000000_" + "0" * 64])
def test_what_is_no_link_is_told_so_and_gets_no_cookie(opened: House, key: str) -> None:
    answer = opened.stranger().get("/admin/link", query_string={"key": key})
    assert answer.status_code == 404
    assert "expired, or was revoked" in answer.text
    assert answer.headers.getlist("Set-Cookie") == []


def test_a_wall_that_reports_in_is_listed_with_its_tab_and_its_version(opened: House) -> None:
    link = links.issue(opened.database, by="test", tabs=TABS, known=TABS)
    wall = opened.stranger(REMOTE_ADDR="192.0.2.7")
    wall.get(wall.get(f"/admin/link?key={link}").headers["Location"])
    wall.post(CALLBACK, json=question("?tab=combat"))
    version = wall.get("/admin/metrics/version").json["version"]
    with opened.database.reading() as connection:
        (listed,) = list_walls(connection)
    assert (listed.link_id, listed.tab, listed.version) == (link.identity, "combat", version)
    assert listed.address == "192.0.2.7"


def test_whoever_is_signed_in_is_no_wall(opened: House) -> None:
    person = opened.person()
    person.get("/admin/metrics/")
    with opened.database.reading() as connection:
        assert list_walls(connection) == []
