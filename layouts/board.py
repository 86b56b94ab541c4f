"""Tabs and their grids of cards, all of it from the catalog."""

from collections.abc import Iterable, Mapping

from dash import html
from dash.development.base_component import Component

from layouts.cards import CardContent, card, skeleton_card
from layouts.controls import choice, menu
from layouts.icons import icon
from layouts.markup import attributes
from metrics_dash.catalog import Catalog, Chart, Size, Tab


def tabs(catalog: Catalog) -> html.Nav:
    """Return links to every tab; the present one carries ``aria-current="page"`` once the address is read."""
    links = [
        choice(tab.title, f"tab={tab.id}", id=f"tab-{tab.id}", **attributes(data_current="page", data_title=tab.title))
        for tab in catalog.tabs
    ]
    return html.Nav(links, className="tabs", id="tabs", **attributes(aria_label="Tabs"))


def more_tabs(catalog: Catalog) -> html.Details:
    """Return the menu of the tabs for which the row has no room; assets/page/tabbar.js says which those are."""
    links = [choice(tab.title, f"tab={tab.id}", id=f"more-{tab.id}") for tab in catalog.tabs]
    shown = [html.Span("more", id="more-tabs-count"), icon("down")]
    items = html.Nav(links, className="options", **attributes(aria_label="More tabs"))
    return menu("more-tabs", "Tabs", shown, [items], hidden=True)


def side_tabs(catalog: Catalog) -> html.Nav:
    """Return all tabs, for the sidebar; seen where the row has no room for them."""
    links = [
        choice(tab.title, f"tab={tab.id}", id=f"side-{tab.id}", className="entry", **attributes(data_current="page"))
        for tab in catalog.tabs
    ]
    return html.Nav(links, id="side-tabs", className="side-tabs", hidden=True, **attributes(aria_label="All tabs"))


def board(tab: Tab, contents: Mapping[str, CardContent]) -> list[Component]:
    """Return everything of a tab: what it says of itself, and its cards."""
    return described(tab, grid(tab, contents))


def empty_board(tab: Tab) -> list[Component]:
    """Return everything of a tab before the first data."""
    return described(tab, skeleton(tab))


def grid(tab: Tab, contents: Mapping[str, CardContent]) -> html.Div:
    """Return the cards of a tab with their contents by chart id."""
    cards = [card(chart, contents[chart.id], size=size) for chart, size in sized(tab)]
    return html.Div(cards, className="grid", id=f"grid-{tab.id}", **attributes(data_cards=str(len(cards))))


def skeleton(tab: Tab) -> html.Div:
    """Return the grid before the first data, in its final measures."""
    cards = [skeleton_card(chart, size=size) for chart, size in sized(tab)]
    return html.Div(cards, className="grid", **attributes(data_cards=str(len(cards))))


def unreadable(reason: str) -> html.Div:
    """Return what stands in place of the cards: a range that can't be drawn, and the way back."""
    way_back = choice("Show the last 24 hours", "range=24h&from=&to=", className="button primary")
    return html.Div(
        [html.Strong("This range can’t be shown"), html.P(reason), way_back], className="message page", role="alert"
    )


def sized(tab: Tab) -> Iterable[tuple[Chart, Size | None]]:
    """Return a tab's charts with the sizes of their cards."""
    return zip(tab.charts, tab.sizes(), strict=True)


def described(tab: Tab, cards: html.Div) -> list[Component]:
    """Return what a tab says of itself, and its cards."""
    return [html.P(tab.description, className="description"), cards] if tab.description else [cards]
