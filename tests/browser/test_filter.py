"""A filter over the tab in Chromium: from a chart's values to the address, the numbers, and back."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import CATALOG
from tests.browser.test_touch import PHONE
from tests.support.looking import drawn, text, wait_for_tab

Open = Callable[..., Page]
NUMBER = "#card-login-results .number"


def opened(open_page: Open, url: str, more: str = "", **options: Any) -> Page:
    page = open_page(f"{url}?tab=auth&range=1h&refresh=off{more}", **options)
    wait_for_tab(page, "auth")
    drawn(page, "login-results")
    return page


def filtered(page: Page, spelled: str) -> None:
    """Until the picture is of a filter, which the page says."""
    page.wait_for_function(
        "(one) => metrics.filters.all(metrics.url.of(metrics.shown.address())).join(' ') === one", arg=spelled
    )
    expect(page.locator("#filter")).to_be_visible(visible=bool(spelled))


def line_of(page: Page, value: str) -> Locator:
    return page.locator("#card-login-results .choices").filter(has_text=value)


def choose(page: Page, value: str, what: str) -> None:
    page.click("#card-login-results .card-tools summary")
    line_of(page, value).get_by_text(what, exact=True).click()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_a_value_filters_the_whole_tab_until_it_is_cleared_and_the_way_back_leads_there(
    open_page: Open, page_url: str, options: dict[str, Any]
) -> None:
    page = opened(open_page, page_url, **options)
    whole = int(text(page, NUMBER))
    expect(page.locator("#filter")).to_be_hidden()
    choose(page, "success: true", "only")
    filtered(page, "success:true")
    assert "filter=success:true" in page.url
    expect(page.locator(".filter-text")).to_have_text("success: true")
    expect(page).to_have_title("Auth · success: true · Metrics")
    only = int(text(page, NUMBER))
    assert 0 < only < whole
    page.go_back()
    filtered(page, "")
    assert int(text(page, NUMBER)) == whole
    choose(page, "success: true", "exclude")
    filtered(page, "!success:true")
    expect(page.locator(".filter-text")).to_have_text("not success: true")
    assert int(text(page, NUMBER)) == whole - only
    page.locator("#filter a").click()
    filtered(page, "")
    assert "filter" not in page.url
    assert int(text(page, NUMBER)) == whole


def test_charts_without_the_dimension_say_that_they_are_not_filtered(open_page: Open, page_url: str) -> None:
    page = opened(open_page, page_url, "&filter=success:true")
    for chart in CATALOG.tab("auth").charts:
        aside = page.locator(f"#card-{chart.id} .aside")
        if "success" in CATALOG.events[chart.event].dimensions:
            expect(aside).to_have_count(0)
        else:
            expect(aside).to_have_text("not filtered: no success")


def test_the_legend_leads_to_the_filters_by_key_and_by_the_other_button(open_page: Open, page_url: str) -> None:
    page = opened(open_page, page_url)
    page.locator("#legend-login-results button").first.click(button="right")
    focused = page.locator("#card-login-results .choices a:focus")
    expect(focused).to_have_text("only")
    page.keyboard.press("Enter")
    filtered(page, "success:true")
    page.locator("#filter a").focus()
    page.keyboard.press("Enter")
    filtered(page, "")


def test_a_raw_event_s_value_filters_the_tab(open_page: Open, page_url: str) -> None:
    page = opened(open_page, page_url)
    page.focus("#reader-login-results")
    for key in ("End", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    page.locator("#details .filter-link").first.click()
    expect(page.locator("#details")).to_be_hidden()
    page.wait_for_function("() => metrics.filters.all(metrics.url.of(metrics.shown.address())).length")
    assert "filter=success:" in page.url


def test_a_wall_is_filtered_and_says_so(open_page: Open, page_url: str) -> None:
    page = opened(open_page, page_url, "&kiosk=1&filter=success:true", viewport={"width": 1920, "height": 1080})
    expect(page.locator("#filter")).to_be_visible()
    expect(page.locator("#filter a")).to_be_hidden()


def test_a_filter_that_can_not_be_read_is_said_and_nothing_is_filtered(open_page: Open, page_url: str) -> None:
    page = opened(open_page, page_url, "&filter=colour:red")
    expect(page.locator("#unread")).to_contain_text("filter: 'colour' is not a dimension of these charts; use one of")
    expect(page.locator("#filter")).to_be_hidden()
