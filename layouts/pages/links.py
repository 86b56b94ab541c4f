"""Read-only links, and the walls that came by them."""

from collections.abc import Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component

from layouts.pages.forms import Row, button, check, ended, field, form, moment, section, table
from metrics_dash.auth.overview import Link, Wall
from metrics_dash.catalog import Catalog
from metrics_dash.web.paths import LINKS_PATH


def content(
    links: Sequence[Link], walls: Sequence[Wall], catalog: Catalog, csrf: str, now: datetime
) -> list[Component]:
    """Return the page's parts."""
    head = ("Id", "Tabs", "Longest range", "Expires", "Made by", "State")
    seen = [
        (html.Code(wall.link_id), wall.address, wall.tab or "–", wall.version or "–", moment(wall.seen_at))
        for wall in walls
    ]
    return [
        section("Links", table("Links", head, [_row(link, csrf, now) for link in links], "No link yet.")),
        section("Walls", table("Walls", ("Link", "At", "Tab", "Version", "Last seen"), seen, "No wall has come yet.")),
        section("Make a link", _add(catalog, csrf)),
    ]


def _row(link: Link, csrf: str, now: datetime) -> Row:
    state: Component | str = ended(link.revoked_at, link.expires_at, now)
    if not state:
        revoke = button("Revoke", of=f"the link {link.link_id}")
        state = form(LINKS_PATH, csrf, "revoke", revoke, id=link.link_id)
    longest = "–" if link.longest is None else f"{link.longest.total_seconds() / 3600:g} h"
    tabs = ", ".join(link.tabs) or "all"
    return html.Code(link.link_id), tabs, longest, moment(link.expires_at), link.created_by, state


def _add(catalog: Catalog, csrf: str) -> Component:
    tabs = [check(f"tab-{tab.id}", tab.title) for tab in catalog.tabs]
    return form(
        LINKS_PATH,
        csrf,
        "add",
        html.Fieldset([html.Legend("Tabs (all, where none is ticked)"), *tabs], className="field"),
        check("kiosk", "Open as a wall"),
        field("longest", "Longest range", placeholder="any, or 7d"),
        field("expires", "Holds for", placeholder="for ever, or 30d"),
        button("Make", primary=True),
    )
