"""What the doctor says of the doors: who manages them, by what key, behind which proxy, and which tokens end."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database
from metrics_dash.auth import links, people, tokens
from metrics_dash.auth.secret_key import FILE, secret_key
from metrics_dash.ops.doctor import examine
from metrics_dash.ops.finding import Finding, Verdict
from metrics_dash.settings import load_settings
from tests.support.visitors import PASSWORD

Examine = Callable[..., dict[str, Finding]]
DOORS = {"login", "names", "secret key", "proxy", "tokens", "links"}
KEY = "k" * 32
PROXY = {"METRICS_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8", "SECRET_KEY": KEY}
VOUCHING = {**PROXY, "METRICS_PROXY_HEADER": "X-Remote-User", "METRICS_PROXY_SECRET": "s" * 16}
OIDC = {
    "METRICS_OIDC_ISSUER": "https://id.example.org",
    "METRICS_OIDC_CLIENT_ID": "metrics",
    "METRICS_OIDC_CLIENT_SECRET": "of the client",
}


@pytest.fixture
def found(database: Database, tmp_path: Path) -> Examine:
    """What the doctor finds of the doors, by subject; with a login by password where nothing else is said."""

    def look(**environment: str) -> dict[str, Finding]:
        given = {"METRICS_AUTH": "password", "METRICS_DATA_DIR": str(tmp_path), **environment}
        settings = load_settings({name: value for name, value in given.items() if value})
        return {each.subject: each for each in examine(settings, database) if each.subject in DOORS}

    return look


def add(database: Database, name: str = "ann", role: str = "admin", source: str = "password") -> None:
    password = PASSWORD if source == "password" else None
    people.add(database, name, role=role, by="test", password=password, source=source)


def test_without_a_login_it_says_whom_that_serves_and_no_more(found: Examine) -> None:
    assert found(METRICS_AUTH="") == {"login": Finding("login", Verdict.GOOD, "none, so this machine alone is served")}


def test_a_login_that_nobody_manages_yet_comes_with_the_command(database: Database, found: Examine) -> None:
    add(database, "vera", "viewer")
    login = found()["login"]
    assert login.verdict is Verdict.WORTH_A_LOOK
    assert login.text == "by password: 1 person, 0 of them admin, so nobody can manage it"
    assert login.remedy == "run python -m metrics_dash users add NAME --role admin"


def test_a_login_with_an_admin_is_good(database: Database, found: Examine) -> None:
    add(database, "vera", "viewer")
    add(database)
    assert found()["login"] == Finding("login", Verdict.GOOD, "by password: 2 people, 1 of them admin")


def test_names_that_can_not_be_told_apart_are_told(database: Database, found: Examine) -> None:
    add(database)
    assert "names" not in found()
    with database.begin() as connection:
        connection.execute(text("INSERT INTO auth_users (name, source, role) VALUES ('ANN', 'proxy', 'viewer')"))
    names = found()["names"]
    assert (names.verdict, set(names.text.partition(":")[0].split(" and "))) == (Verdict.WORTH_A_LOOK, {"ann", "ANN"})
    people.set_disabled(database, "ANN", True, by="test")
    assert "names" not in found()


def test_an_admin_who_may_come_in_no_longer_is_none(database: Database, found: Examine) -> None:
    add(database)
    people.set_disabled(database, "ann", True, by="test")
    assert found()["login"].verdict is Verdict.WORTH_A_LOOK


def test_an_admin_by_a_login_that_is_off_is_none(database: Database, found: Examine) -> None:
    add(database)
    login = found(METRICS_AUTH="proxy", **VOUCHING)["login"]
    assert login.verdict is Verdict.WORTH_A_LOOK
    assert login.remedy.endswith("--role admin --source proxy")
    add(database, "pat", source="proxy")
    assert found(METRICS_AUTH="proxy", **VOUCHING)["login"].verdict is Verdict.GOOD


@pytest.mark.parametrize(("roles", "verdict"), [("ops=admin", Verdict.GOOD), ("*=viewer", Verdict.WORTH_A_LOOK)])
def test_a_group_of_the_provider_may_be_the_admins(found: Examine, roles: str, verdict: Verdict) -> None:
    login = found(METRICS_AUTH="oidc", METRICS_OIDC_ROLES=roles, **OIDC)["login"]
    assert login.verdict is verdict


def test_where_the_key_is_from_is_told_and_never_the_key(found: Examine) -> None:
    assert found(SECRET_KEY=KEY)["secret key"] == Finding("secret key", Verdict.GOOD, "given by SECRET_KEY")


def test_the_doctor_makes_no_key(found: Examine, tmp_path: Path) -> None:
    assert found()["secret key"].text == f"made at the first start, in {tmp_path / FILE}"
    assert not (tmp_path / FILE).exists()
    made = secret_key(load_settings({"METRICS_DATA_DIR": str(tmp_path)}))
    told = found()["secret key"]
    assert (told.verdict, told.text) == (Verdict.GOOD, f"kept in {tmp_path / FILE}")
    assert made not in told.text


def test_a_key_that_others_read_is_bad(found: Examine, tmp_path: Path) -> None:
    secret_key(load_settings({"METRICS_DATA_DIR": str(tmp_path)}))
    (tmp_path / FILE).chmod(0o644)
    told = found()["secret key"]
    assert (told.verdict, "chmod 600" in told.text) == (Verdict.BAD, True)


def test_a_proxy_that_is_trusted_without_a_secret_is_worth_a_look(found: Examine) -> None:
    told = found(**PROXY)["proxy"]
    assert told.verdict is Verdict.WORTH_A_LOOK
    assert told.text.startswith("trusted at 127.0.0.1, 10.0.0.0/8 without a secret")
    assert "METRICS_PROXY_SECRET" in told.remedy
    told = found(**VOUCHING)["proxy"]
    assert told == Finding("proxy", Verdict.GOOD, "trusted at 127.0.0.1, 10.0.0.0/8, and by its secret")
    assert "proxy" not in found()


def issue(database: Database, name: str, lifetime: timedelta | None, **options: Any) -> str:
    return tokens.issue(database, name, by="test", lifetime=lifetime, **options).identity


def test_a_token_that_ends_within_seven_days_is_named(database: Database, found: Examine) -> None:
    issue(database, "shop", None)
    issue(database, "desk", timedelta(days=7, minutes=5))
    assert found()["tokens"] == Finding("tokens", Verdict.GOOD, "2 hold, none ends within 7 days")
    identity = issue(database, "till", timedelta(days=6, hours=23))
    told = found()["tokens"]
    assert told.verdict is Verdict.WORTH_A_LOOK
    assert told.text.startswith(f"till ({identity}) on ")
    assert "shop" not in told.text
    assert "tokens add" in told.remedy


def test_a_token_that_is_revoked_or_has_ended_is_no_news(database: Database, found: Examine) -> None:
    tokens.revoke(database, issue(database, "till", timedelta(days=1)), by="test")
    issue(database, "past", timedelta(microseconds=1))
    assert found()["tokens"] == Finding("tokens", Verdict.GOOD, "0 hold, none ends within 7 days")


def test_those_that_end_first_are_named_and_the_rest_counted(database: Database, found: Examine) -> None:
    for day in (5, 4, 3, 2, 1):
        issue(database, f"till {day}", timedelta(days=day))
    told = found()["tokens"].text
    assert told.index("till 1") < told.index("till 2") < told.index("till 3")
    assert "and 2 more" in told


def test_a_link_whose_tab_the_catalog_no_longer_has_is_named(found: Examine, database: Database) -> None:
    links.issue(database, by="test", tabs=("auth",), known=("auth",))
    assert found()["links"] == Finding("links", Verdict.GOOD, "1 holds")
    link = links.issue(database, by="test", tabs=("auth", "shop"), known=("auth", "shop"))
    seen = found()["links"]
    assert seen.verdict is Verdict.WORTH_A_LOOK
    assert seen.text == f"{link.identity} shows shop: tabs that the catalog no longer has"
    assert "links add" in seen.remedy
    links.revoke(database, link.identity, by="test")
    assert found()["links"].verdict is Verdict.GOOD
