"""Tabs and grids follow the catalog; a range that can't be drawn leaves a way back."""

from dataclasses import replace
from typing import Any

import pytest
from dash import dcc, html
from dash.development.base_component import Component

from layouts.board import board, empty_board, grid, skeleton, tabs, unreadable
from layouts.cards import CardContent
from metrics_dash.catalog import Tab
from metrics_dash.web.address import read_state
from tests.support.components import attribute, carrying, every, ids, with_id, words
from tests.support.figures import CATALOG


def contents(tab: Tab) -> dict[str, CardContent]:
    return {chart.id: CardContent({"data": []}, [html.Span(f"number of {chart.id}")], []) for chart in tab.charts}


def titles(part: html.Div) -> list[str]:
    return [words(one) for one in every(part, html.H2)]


def sizes(part: html.Div) -> list[str]:
    return [attribute(one, "className").removeprefix("card").strip() for one in every(part, html.Section)]


def test_every_tab_of_the_catalog_is_a_link_that_leads_to_it() -> None:
    bar = tabs(CATALOG)
    links = list(every(bar, html.A))
    assert [words(link) for link in links] == [tab.title for tab in CATALOG.tabs]
    assert [read_state(attribute(link, "href"), CATALOG).tab for link in links] == [tab.id for tab in CATALOG.tabs]
    assert attribute(bar, "aria-label") == "Tabs"


def test_a_grid_has_each_chart_of_its_tab_with_what_was_brought_for_it() -> None:
    for tab in CATALOG.tabs:
        drawn = grid(tab, contents(tab))
        assert titles(drawn) == [chart.title for chart in tab.charts]
        for chart in tab.charts:
            assert f"number of {chart.id}" in words(with_id(drawn, f"card-{chart.id}"))


def test_twelve_cards_are_few_components_whatever_can_be_done_to_them() -> None:
    charts = tuple(replace(chart, dimensions=("zone", "class")) for chart in tuple(CATALOG.charts())[:12])
    assert len(charts) == 12
    tab = replace(CATALOG.tabs[0], charts=charts)
    components: Any = grid(tab, contents(tab))
    assert sum(isinstance(one, Component) for one in components._traverse()) <= 12 * 12


@pytest.mark.parametrize(("number", "expected"), [(1, ["full"]), (2, ["", ""]), (3, ["full", "", ""])])
def test_an_odd_number_of_cards_begins_with_a_full_one(number: int, expected: list[str]) -> None:
    charts = tuple(CATALOG.charts())[:number]
    tab = replace(CATALOG.tabs[0], charts=charts)
    drawn = grid(tab, contents(tab))
    assert sizes(drawn) == sizes(skeleton(tab)) == expected
    assert attribute(drawn, "data-cards") == str(number)


def test_cards_are_as_large_as_they_are_declared() -> None:
    small, tile, half = tuple(CATALOG.charts())[:3]
    charts = (replace(small, size="small"), replace(tile, draw="stat", size="wide"), half)
    tab = replace(CATALOG.tabs[0], charts=charts)
    assert sizes(grid(tab, contents(tab))) == sizes(skeleton(tab)) == ["small", "wide tile", ""]


def test_a_tab_says_above_its_cards_what_it_is_about() -> None:
    tab = replace(CATALOG.tabs[0], description="What the <b>server</b> does.")
    for drawn in (board(tab, contents(tab)), empty_board(tab)):
        said, cards = drawn
        assert words(said) == "What the <b>server</b> does."
        assert attribute(cards, "className") == "grid"
    assert len(board(CATALOG.tabs[0], contents(CATALOG.tabs[0]))) == 1


def test_a_skeleton_stands_where_the_cards_will_and_claims_nothing() -> None:
    tab = CATALOG.tab("auth")
    empty = skeleton(tab)
    assert titles(empty) == titles(grid(tab, contents(tab)))
    assert list(every(empty, dcc.Graph)) == []
    assert len(carrying(empty, "aria-busy")) == len(tab.charts)
    assert ids(empty) == []


def test_a_range_that_can_not_be_drawn_is_said_aloud_and_leaves_a_way_back() -> None:
    said = unreadable("'soon' is not a range such as 24h or 7d")
    assert "'soon' is not a range" in words(said)
    assert attribute(said, "role") == "alert"
    (way_back,) = every(said, html.A)
    state = read_state(attribute(way_back, "href"), CATALOG)
    assert (state.range, state.from_, state.to) == ("24h", None, None)
