"""What leaves the screen by the browser's own print: light, without what is for hands, one tab a page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.looking import drawn, wait_for_tab, wait_for_ticks

Open = Callable[..., Page]

COLOURS = "[...document.querySelectorAll('.js-plotly-plot')].map((graph) => graph.layout.font.color)"


@pytest.mark.parametrize("tab", ["auth", "server"])
def test_a_dark_tab_is_printed_light_on_one_page_and_dark_again_after_it(
    open_page: Open, page_url: str, tab: str
) -> None:
    page = open_page(f"{page_url}?tab={tab}&range=1h&theme=dark")
    wait_for_tab(page, tab)
    for chart in page.locator("#board .card").evaluate_all("(cards) => cards.map((card) => card.id.slice(5))"):
        drawn(page, chart)
    dark = page.evaluate(COLOURS)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    assert set(page.evaluate(COLOURS)) == {page.evaluate("metrics.page.colours.light.faint")}
    for hidden in (".sidebar", "#tabs", ".controls"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    # 297 × 210 mm without the margins, at 96 px an inch.
    assert page.evaluate("document.querySelector('main').scrollWidth") <= 1055
    assert page.evaluate("document.querySelector('.app').getBoundingClientRect().height") <= 725
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert page.evaluate(COLOURS) == dark
    wait_for_ticks(page, 2)
    assert page.evaluate(COLOURS) == dark


def test_the_browser_makes_one_page_of_a_tab(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=1h&refresh=off")
    wait_for_tab(page, "combat")
    drawn(page, "damage-dealt")
    paper = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
