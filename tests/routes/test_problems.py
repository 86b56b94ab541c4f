"""People read a page where one can't be shown, in the words that programs get as JSON."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from db.engine import Database
from metrics_dash.auth import links
from tests.support.outages import outage
from tests.support.visitors import House, csrf_of, house

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
AWAY = "the database can't be reached or did not answer"


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[House]:
    with house(database, tmp_path) as house_:
        yield house_


def test_a_page_that_an_outage_keeps_away_says_so_and_tries_again_without_a_script(opened: House) -> None:
    person = opened.person()
    with outage(opened.database):
        answer = person.get("/admin/metrics/?tab=auth", headers=BROWSER)
        told = person.get("/admin/metrics/", headers={"Accept": "*/*"})
        script = person.get("/admin/metrics/version", headers=BROWSER)
    assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (503, "text/html", "5")
    assert "The database can&#x27;t be reached or did not answer." in answer.text
    assert '<meta http-equiv="refresh" content="10">' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    for program in (told, script):
        assert (program.status_code, program.json) == (503, {"error": AWAY})


def test_a_login_that_meets_an_outage_says_so_on_a_page(opened: House) -> None:
    client = opened.stranger()
    form = {"csrf_token": csrf_of(client.get("/admin/login").text), "username": "ann", "password": "x" * 12}
    with outage(opened.database):
        answer = client.post("/admin/login", data=form, headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "refresh" in answer.text


def test_a_wall_whose_tab_went_from_the_catalog_says_so_and_does_not_try_again(opened: House) -> None:
    link = links.issue(opened.database, by="test", tabs=("gone",), known=("gone",))
    wall = opened.stranger()
    assert wall.get(f"/admin/link?key={link}", headers=BROWSER).status_code == 303
    answer = wall.get("/admin/metrics/?tab=gone&kiosk=1", headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert "The tabs of this link are no longer there" in answer.text
    assert "http-equiv" not in answer.text
