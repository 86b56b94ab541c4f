"""Signing in and out: forms with a token each, the same answers for everybody who is nobody, and a fresh session."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from db.engine import Database
from metrics_dash.auth import people
from metrics_dash.auth.login import OF_AN_ACCOUNT
from routes.login import WRONG, following_of
from tests.support.visitors import PASSWORD, House, csrf_of, house, log_in
from tests.support.web_client import page_client

PAGE = "/admin/metrics/version"


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[House]:
    people.add(database, "ann", role="viewer", by="test", password=PASSWORD)
    with house(database, tmp_path) as opened:
        yield opened


def without_token(answer: TestResponse) -> str:
    return answer.text.replace(csrf_of(answer.text), "")


def test_who_signs_in_is_led_to_where_they_wanted_to_go(opened: House) -> None:
    client = opened.stranger()
    answer = log_in(client, "ann", next="/admin/metrics/?tab=auth&range=1h")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/metrics/?tab=auth&range=1h")
    assert client.get(PAGE).status_code == 200
    assert client.get("/admin/login").status_code == 303


def test_a_wrong_password_and_a_missing_account_get_the_same_page(opened: House) -> None:
    pages = []
    for name, password in (("ann", "wrong password"), ("bob", PASSWORD)):
        answer = log_in(opened.stranger(), name, password)
        assert answer.status_code == 401
        assert WRONG in answer.text
        assert password not in answer.text
        pages.append(without_token(answer).replace(name, ""))
    assert pages[0] == pages[1]


def test_a_name_that_nobody_can_have_is_wrong_and_no_failure_of_the_store(opened: House) -> None:
    assert log_in(opened.stranger(), "ann\0").status_code == 401
    page = log_in(opened.stranger(), "ann", "\0" * 20)
    assert (page.status_code, WRONG in page.text) == (401, True)


def test_too_many_tries_have_to_wait_though_the_password_is_right(opened: House) -> None:
    client = opened.stranger()
    for _ in range(OF_AN_ACCOUNT.tries):
        log_in(client, "ann", "wrong password")
    answer = log_in(client, "ann")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Too many tries" in answer.text


@pytest.mark.parametrize("token", ["", "forged"])
def test_a_form_without_its_token_signs_nobody_in(opened: House, token: str) -> None:
    client = opened.stranger()
    client.get("/admin/login")
    form = {"csrf_token": token, "username": "ann", "password": PASSWORD}
    assert client.post("/admin/login", data=form).status_code == 400
    assert client.get(PAGE).status_code == 401


def test_a_token_of_another_browser_is_none(opened: House) -> None:
    token = csrf_of(opened.stranger().get("/admin/login").text)
    client = opened.stranger()
    client.get("/admin/login")
    form = {"csrf_token": token, "username": "ann", "password": PASSWORD}
    assert client.post("/admin/login", data=form).status_code == 400


def test_signing_in_gives_a_new_session_and_ends_the_one_before(opened: House) -> None:
    client = opened.stranger()
    log_in(client, "ann")
    before = client.get_cookie("metrics")
    assert before is not None
    client.set_cookie("metrics", before.value)
    people.add(opened.database, "eve", role="admin", by="test", password=PASSWORD)
    page = opened.stranger()
    page.set_cookie("metrics", "chosen by somebody else")
    assert log_in(page, "eve").status_code == 303
    after = page.get_cookie("metrics")
    assert after is not None
    assert after.value not in ("chosen by somebody else", before.value)


def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(opened: House) -> None:
    client = opened.stranger()
    log_in(client, "ann")
    cookie = client.get_cookie("metrics")
    assert cookie is not None
    copy = opened.stranger()
    copy.set_cookie("metrics", cookie.value)
    asked = client.get("/admin/logout")
    assert client.get(PAGE).status_code == copy.get(PAGE).status_code == 200
    assert client.post("/admin/logout", data={"csrf_token": "forged"}).status_code == 400
    left = client.post("/admin/logout", data={"csrf_token": csrf_of(asked.text)})
    assert (left.status_code, left.headers["Location"]) == (303, "/admin/login")
    assert client.get(PAGE).status_code == copy.get(PAGE).status_code == 401


@pytest.mark.parametrize(
    "wanted",
    ["", "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/admin/login",
     "/admin/metrics/../../evil", "/admin/metrics/\nSet-Cookie: a=b", "/api/v1/query", "http://["],
)  # fmt: skip
def test_a_login_leads_to_none_but_our_own_pages(wanted: str) -> None:
    assert following_of(wanted) == "/admin/metrics/"


def test_a_page_of_ours_is_led_to_with_its_query() -> None:
    assert following_of("/admin/metrics/?tab=auth") == "/admin/metrics/?tab=auth"
    assert following_of("/admin/users") == "/admin/users"


def test_where_nobody_has_a_password_the_form_is_not_there_and_is_not_taken(database: Database, tmp_path: Path) -> None:
    environment = {
        "METRICS_AUTH": "proxy",
        "METRICS_TRUSTED_PROXIES": "192.0.2.1",
        "METRICS_PROXY_HEADER": "X-User",
        "METRICS_PROXY_SECRET": "s" * 16,
        "SECRET_KEY": "k" * 32,
    }
    with house(database, tmp_path, **environment) as opened:
        client = opened.stranger()
        assert "<form" not in client.get("/admin/login").text
        assert client.post("/admin/login", data={"username": "ann", "password": PASSWORD}).status_code == 404


def test_no_page_of_it_is_kept_by_a_cache(opened: House) -> None:
    assert opened.stranger().get("/admin/login").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/admin/login", "/admin/logout", "/admin/link?key=x"])
def test_without_a_login_these_lead_to_the_page(database: Database, path: str) -> None:
    answer = page_client(database).get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/metrics/")
