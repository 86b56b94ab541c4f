"""The page of links: each with its tabs, and the walls that came by them."""

from datetime import UTC, datetime, timedelta

import dash_bootstrap_components as dbc

from layouts.pages.links import content
from metrics_dash.auth.overview import Link, Wall
from metrics_dash.catalog import load_catalog
from tests.support.components import attribute, every, words

NOW = datetime(2026, 1, 31, tzinfo=UTC)
LINK = Link("0123", b"secret digest", ["auth"], timedelta(hours=6), True, "ann", NOW, None, None)
WALL = Wall("0123", "192.0.2.7", "auth", "1-abc", NOW, NOW)


def test_links_and_walls_are_shown_without_what_is_kept_of_them() -> None:
    shown = words(content([LINK], [WALL], load_catalog(), "t", NOW))
    for part in ("0123", "auth", "6 h", "192.0.2.7", "1-abc"):
        assert part in shown
    assert "digest" not in shown


def test_a_link_is_made_of_the_tabs_that_there_are() -> None:
    catalog = load_catalog()
    boxes = [attribute(box, "name") for box in every(content([], [], catalog, "t", NOW), dbc.Checkbox)]
    assert boxes == [*(f"tab-{tab.id}" for tab in catalog.tabs), "kiosk"]
