"""What programs show to send events, to query, to be scraped."""

from collections.abc import Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component

from layouts.pages.forms import Row, button, check, ended, field, form, moment, section, table
from metrics_dash.auth.overview import Token
from metrics_dash.auth.permissions import SCOPES
from metrics_dash.auth.tokens import BYTES_PER_SECOND, EVENTS_PER_SECOND
from metrics_dash.web.paths import TOKENS_PATH


def content(tokens: Sequence[Token], csrf: str, now: datetime) -> list[Component]:
    """Return the page's parts."""
    head = ("Name", "Id", "Scopes", "Events", "Rate", "Expires", "Last used", "State")
    rows = [_row(token, csrf, now) for token in tokens]
    return [section("Tokens", table("Tokens", head, rows, "No token yet.")), section("Make a token", _add(csrf))]


def _row(token: Token, csrf: str, now: datetime) -> Row:
    used = moment(token.last_used_at) + (f" from {token.last_used_from}" if token.last_used_from else "")
    state: Component | str = ended(token.revoked_at, token.expires_at, now)
    if not state:
        revoke = button("Revoke", of=f"the token {token.name}")
        state = form(TOKENS_PATH, csrf, "revoke", revoke, id=token.token_id)
    events = ", ".join(token.prefixes) or "all"
    return (token.name, html.Code(token.token_id), ", ".join(token.scopes), events, _rate(token),
            moment(token.expires_at), used, state)  # fmt: skip


def _rate(token: Token) -> str:
    parts = ((token.events_per_second, "events/s"), (token.bytes_per_second, "bytes/s"))
    return ", ".join(f"{number:,g} {unit}" for number, unit in parts if number is not None) or "–"


def _limit(name: str, label: str, bounds: tuple[float, float]) -> Component:
    return field(name, label, type="number", min=bounds[0], max=bounds[1], step="any", placeholder="no limit")


def _add(csrf: str) -> Component:
    scopes = [check(f"scope-{scope}", scope, value=scope == "ingest") for scope in SCOPES]
    return form(
        TOKENS_PATH,
        csrf,
        "add",
        field("name", "Name", required=True, maxlength=100),
        html.Fieldset([html.Legend("Scopes"), *scopes], className="field"),
        field("prefixes", "Events under (all, where nothing stands here)", placeholder="shop., game.auth."),
        _limit("rate", "Events a second", EVENTS_PER_SECOND),
        _limit("bytes", "Bytes a second", BYTES_PER_SECOND),
        field("expires", "Holds for", placeholder="for ever, or 90d"),
        button("Make", primary=True),
    )
