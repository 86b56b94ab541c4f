"""The page of tokens: what each may do and when it was last used; one that holds no longer can't be revoked."""

from datetime import UTC, datetime, timedelta

import dash_bootstrap_components as dbc

from layouts.pages.tokens import content
from metrics_dash.auth.overview import Token
from tests.support.components import attribute, every, words

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def token(revoked: datetime | None = None, expires: datetime | None = None) -> Token:
    rates, seen = (5000.0, 1e6), (NOW, "192.0.2.1")
    return Token("0123", "shop", b"secret digest", ["ingest"], ["shop."], *rates, "ann", NOW, expires, revoked, *seen)


def revocable(one: Token) -> bool:
    return any(attribute(part, "className") == "form revoke" for part in every(content([one], "t", NOW), dbc.Form))


def test_a_token_is_shown_with_what_it_may_and_without_what_is_kept_of_it() -> None:
    shown = words(content([token()], "t", NOW))
    for part in ("shop", "0123", "ingest", "shop.", "5,000 events/s", "1e+06 bytes/s", "192.0.2.1"):
        assert part in shown
    assert "digest" not in shown


def test_one_that_holds_can_be_revoked_and_no_other() -> None:
    assert revocable(token())
    assert not revocable(token(revoked=NOW))
    assert not revocable(token(expires=NOW - timedelta(days=1)))
