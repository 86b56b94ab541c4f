"""Tokens: made once, checked without asking each time, and gone within seconds when revoked."""

import math
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.engine import Database
from db.tokens import list_tokens
from metrics_dash.auth import tokens
from metrics_dash.auth.permissions import Principal, Scope
from metrics_dash.auth.tokens import REMEMBERED_SECONDS, TokenError, Tokens
from tests.support.outages import outage


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_token_says_what_a_program_may_do(database: Database) -> None:
    shown = tokens.issue(database, "shop", by="ann", scopes=("ingest", "query"), prefixes=("shop.",))
    found = Tokens(database).find(str(shown), address="192.0.2.1")
    assert found == Principal(
        "token", "shop", scopes=frozenset({"ingest", "query"}), identity=shown.identity, prefixes=("shop.",)
    )


def test_its_secret_is_nowhere_in_the_database(database: Database) -> None:
    shown = tokens.issue(database, "shop", by="ann")
    with database.reading() as connection:
        for table in ("auth_tokens", "audit_log"):
            rows = connection.execute(text(f"SELECT string_agg(t::text, '') FROM {table} t")).scalar_one()
            assert shown.secret not in rows


def test_an_id_with_another_secret_is_nobody(database: Database) -> None:
    shown = tokens.issue(database, "shop", by="ann")
    forged = str(shown)[:-1] + ("0" if str(shown)[-1] != "0" else "1")
    assert Tokens(database).find(forged, address="") is None
    assert Tokens(database).find("anything", address="") is None


def test_a_token_is_looked_up_once_in_a_while_and_a_revoked_one_ends_within_that(database: Database) -> None:
    shown, clock = tokens.issue(database, "shop", by="ann"), Clock()
    checked = Tokens(database, clock=clock)
    assert checked.find(str(shown), address="") is not None
    tokens.revoke(database, shown.identity, by="ann")
    clock.now = REMEMBERED_SECONDS / 2
    assert checked.find(str(shown), address="") is not None
    clock.now = REMEMBERED_SECONDS + 0.01
    assert checked.find(str(shown), address="") is None


def test_one_that_is_none_is_not_looked_up_each_time_either(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = tokens.issue(database, "shop", by="ann", lifetime=timedelta(microseconds=1))
    checked = Tokens(database)
    assert checked.find(str(shown), address="") is None
    monkeypatch.setattr(Tokens, "_look", None)
    assert checked.find(str(shown), address="") is None


def test_its_use_is_shown(database: Database) -> None:
    shown = tokens.issue(database, "shop", by="ann")
    Tokens(database).find(str(shown), address="192.0.2.1")
    with database.reading() as connection:
        (token,) = list_tokens(connection)
    assert token.last_used_at is not None
    assert token.last_used_from == "192.0.2.1"


@pytest.mark.parametrize("wrong", [
    {"name": ""}, {"name": "a\nb"}, {"name": "x" * 101}, {"scopes": ()}, {"scopes": ("ingest", "manage")},
    {"prefixes": ("Shop",)}, {"prefixes": ("shop..",)}, {"prefixes": ("shop%",)}, {"prefixes": ("",)},
    {"events_per_second": 0.0}, {"bytes_per_second": -1.0}, {"events_per_second": 0.009}, {"events_per_second": 1.1e9},
    {"events_per_second": math.nan}, {"bytes_per_second": 0.9}, {"bytes_per_second": 1.1e12},
])  # fmt: skip
def test_what_can_not_be_a_token_is_refused_in_a_line(database: Database, wrong: dict[str, Any]) -> None:
    with pytest.raises(TokenError) as error:
        tokens.issue(database, **{"name": "shop", "by": "ann", **wrong})
    assert "\n" not in str(error.value)


def test_a_name_that_is_refused_is_told_why(database: Database) -> None:
    with pytest.raises(TokenError, match="a character that nobody can see, such as a line's end"):
        tokens.issue(database, "shop\nlog", by="ann")
    with pytest.raises(TokenError, match="1 to 100 characters"):
        tokens.issue(database, "x" * 101, by="ann")


def test_a_rate_that_is_refused_is_told_what_it_may_be(database: Database) -> None:
    with pytest.raises(TokenError, match=r"events a second: 1e-300 is not between 0\.01 and 1,000,000,000$"):
        tokens.issue(database, "shop", by="ann", events_per_second=1e-300)
    with pytest.raises(TokenError, match=r"bytes a second: 1e\+308 is not between 1 and 1,000,000,000,000$"):
        tokens.issue(database, "shop", by="ann", bytes_per_second=1e308)


def test_one_without_a_rate_costs_the_database_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")
    assert Tokens(away).spend(Principal("token", "shop"), events=10**9, size=10**9) is None


def test_only_one_that_holds_can_be_revoked(database: Database) -> None:
    shown = tokens.issue(database, "shop", by="ann")
    tokens.revoke(database, shown.identity, by="ann")
    for identity in (shown.identity, "000000000000"):
        with pytest.raises(TokenError, match="that holds"):
            tokens.revoke(database, identity, by="ann")


@pytest.mark.parametrize("opened", ["scrape", "ingest"])
def test_while_the_database_is_away_one_that_held_may_be_scraped_or_send_and_nothing_else(
    database: Database, opened: Scope
) -> None:
    shown, clock = (
        tokens.issue(database, "prometheus", by="ann", scopes=(opened, "query"), events_per_second=1),
        Clock(),
    )
    checked = Tokens(database, clock=clock)
    assert checked.find(str(shown), address="", scope=opened) is not None
    clock.now = REMEMBERED_SECONDS * 1000
    with outage(database):
        found = checked.find(str(shown), address="", scope=opened)
        assert found is not None
        assert found.scopes == {opened}
        assert checked.spend(found, events=1000, size=1) is None
        others: set[Scope | None] = {"scrape", "ingest", "query", "annotate", None}
        for scope in others - {opened}:
            with pytest.raises(DBAPIError):
                checked.find(str(shown), address="", scope=scope)
    # Nothing of it is remembered: it may do at once again what it may.
    assert checked.find(str(shown), address="", scope="query") is not None


@pytest.mark.parametrize("why", ["never seen", "another scope", "revoked", "ended"])
def test_while_the_database_is_away_one_that_did_not_hold_opens_nothing(database: Database, why: str) -> None:
    scopes: tuple[Scope, ...] = ("ingest",) if why == "another scope" else ("scrape",)
    lifetime = timedelta(seconds=2) if why == "ended" else None
    shown, clock = tokens.issue(database, "prometheus", by="ann", scopes=scopes, lifetime=lifetime), Clock()
    checked = Tokens(database, clock=clock)
    if why != "never seen":
        assert checked.find(str(shown), address="", scope="scrape") is not None
    clock.now = REMEMBERED_SECONDS * 2
    if why == "revoked":
        tokens.revoke(database, shown.identity, by="ann")
        assert checked.find(str(shown), address="", scope="scrape") is None
        clock.now = REMEMBERED_SECONDS * 4
    if why == "ended":
        time.sleep(2)
    with outage(database), pytest.raises(DBAPIError):
        checked.find(str(shown), address="", scope="scrape")
