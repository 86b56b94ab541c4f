"""The page as the server sends it: the parts of the page itself, numbers on its cards, and nothing of others."""

import re
from dataclasses import replace

import pytest
from dash import html

from layouts.first import FirstPages, SketchedCard, SketchedTab
from layouts.freshness import Labels
from layouts.static import Html
from metrics_dash.auth.permissions import LOCAL, Principal
from metrics_dash.catalog import Catalog, load_catalog
from metrics_dash.charts.data import Filter
from metrics_dash.settings import Settings

CATALOG = load_catalog()
TAB = CATALOG.tabs[1]
PERSON = Principal("user", "Ada", permissions=frozenset({"server.view_logs"}))


def sketched(search: str = "tab=auth") -> SketchedTab:
    cards = {
        chart.id: SketchedCard([html.Span(f"{number}")], [Html("<svg></svg>")])
        for number, chart in enumerate(TAB.charts)
    }
    return SketchedTab(TAB, search, cards, [html.Span("the footer")])


def page(
    found: SketchedTab | None = None, viewer: Principal = LOCAL, csrf: str | None = None, catalog: Catalog = CATALOG
) -> str:
    return FirstPages(Settings()).page(catalog, catalog.tabs[1], viewer, csrf, {"tab-auth", "range-24h"}, found)


def test_it_has_the_numbers_and_the_sketches_of_its_tab() -> None:
    text = page(sketched())
    assert text.count("<svg></svg>") == len(TAB.charts)
    assert f'<h1 id="title">{TAB.title}</h1>' in text
    assert "<span>the footer</span>" in text
    assert 'data-search="tab=auth"' in text


def test_the_place_where_dash_builds_its_own_stands_beside_the_first_board_within_the_page() -> None:
    text = FirstPages(Settings()).page(CATALOG, TAB, LOCAL, None, (), sketched(), '<div id="entry"></div>')
    before, _, after = text.partition('<div id="entry"></div>')
    assert before.index("<main>") < before.index('<div id="first">') < before.index('class="board sketched"')
    assert before.endswith("</footer></div>")
    assert after.startswith("</main>")
    assert '<dialog id="details"' in after


def test_every_word_is_in_all_its_places() -> None:
    words = Labels(tone="bad", freshness="Behind by <2 min> & more", refresh="10 s")
    text = page(replace(sketched(), labels=words))
    assert "\0" not in text
    assert text.count("Behind by &lt;2 min&gt; &amp; more") == 2
    assert "\0" not in page()


def test_without_numbers_its_cards_are_empty() -> None:
    text = page()
    assert text.count('class="skeleton number"') == len(TAB.charts)
    assert "data-search" not in text


def test_the_links_that_hold_are_marked() -> None:
    text = page(sketched())
    assert re.findall(r'id="([\w-]+)" aria-current="(\w+)"', text) == [("range-24h", "true"), ("tab-auth", "page")]


def test_a_range_of_one_s_own_and_a_comparison_are_marked_and_a_range_that_stands_still_has_its_way_back() -> None:
    def marks(labels: Labels) -> tuple[list[str], bool]:
        text = page(replace(sketched(), labels=labels))
        return re.findall(r'<details id="([\w-]+)" class="menu"><summary data-on=""', text), bool(
            re.search(r'<button id="go-live"[^>]* hidden', text)
        )

    assert marks(Labels()) == ([], True)
    assert marks(Labels(span="Last week", compare="Compare: week")) == (["custom-range", "compare"], True)
    assert marks(Labels(span="26 Nov", refresh="Paused")) == (["custom-range"], False)


def test_what_is_made_once_is_of_one_viewer_and_no_other() -> None:
    pages = FirstPages(Settings())
    one = pages.page(CATALOG, TAB, PERSON, "a token", (), None)
    other = pages.page(CATALOG, TAB, replace(PERSON, name="Bob"), "another", (), None)
    again = pages.page(CATALOG, TAB, PERSON, "a newer token", (), None)
    assert "Ada" in one
    assert "Bob" not in one
    assert "Bob" in other
    assert "Ada" not in other
    assert "another" in other
    assert "a newer token" in again
    assert 'value="a token"' not in again


def test_a_viewer_of_one_tab_is_told_of_no_other() -> None:
    own = replace(CATALOG, tabs=(CATALOG.tabs[1],))
    pages = FirstPages(Settings())
    pages.page(CATALOG, TAB, LOCAL, None, (), None)
    text = pages.page(own, TAB, LOCAL, None, (), None)
    assert CATALOG.tabs[0].title not in text


@pytest.mark.parametrize("text", ['"><script>evil()</script>', "{%config%}", "\0board\0"])
def test_an_address_is_text(text: str) -> None:
    said = page(sketched(text))
    assert "<script" not in said
    assert "{%" not in said
    assert said.count("<svg></svg>") == len(TAB.charts)


def test_what_it_is_filtered_by_stands_there_from_the_first_moment_on() -> None:
    pages = FirstPages(Settings())
    assert '<p id="filter" class="filter" hidden role="status">' in pages.page(CATALOG, TAB, LOCAL, None, (), None)
    where = Filter("zone", "<b>", also=(Filter("success", "true", without=True),))
    text = pages.page(CATALOG, TAB, LOCAL, None, (), None, where=where)
    assert '<p id="filter" class="filter" role="status"><span' in text
    assert ">zone: &lt;b&gt;</span>" in text
    for said in ('data-unfilter="!success:true"', 'aria-label="Clear the filter not success: true"'):
        assert said in text
