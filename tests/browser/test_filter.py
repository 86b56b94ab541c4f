"""A filter over the tab in Chromium: from a chart's values to the address, the numbers, and back."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from db.engine import Database
from db.events import insert_events
from metrics_dash.jobs.rollup import roll_up_all
from tests.browser.conftest import CATALOG
from tests.browser.test_touch import PHONE
from tests.support.looking import drawn, text, wait_for_tab

Open = Callable[..., Page]
NUMBER = "#card-login-results .number"


def opened(open_page: Open, url: str, more: str = "", **options: Any) -> Page:
    # Events of the history lie at whole hours before now: none leaves the range between two looks.
    page = open_page(f"{url}?tab=auth&from=now-330m&to=now&refresh=off{more}", **options)
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
    expect(page.locator(NUMBER)).not_to_have_text(str(whole))
    only = int(text(page, NUMBER))
    assert 0 < only < whole
    page.go_back()
    filtered(page, "")
    expect(page.locator(NUMBER)).to_have_text(str(whole))
    choose(page, "success: true", "exclude")
    filtered(page, "!success:true")
    expect(page.locator(".filter-text")).to_have_text("not success: true")
    expect(page.locator(NUMBER)).to_have_text(str(whole - only))
    page.locator("#filter a").click()
    filtered(page, "")
    assert "filter" not in page.url
    expect(page.locator(NUMBER)).to_have_text(str(whole))


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


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_several_filters_have_a_way_out_each_by_mouse_keys_and_touch(
    open_page: Open, page_url: str, options: dict[str, Any]
) -> None:
    page = open_page(f"{page_url}?tab=combat&range=1h&refresh=off&filter=zone:a&filter=!creature_tier:b", **options)
    wait_for_tab(page, "combat")
    filtered(page, "zone:a !creature_tier:b")
    expect(page.locator(".filter-text")).to_have_text(["zone: a", "not creature_tier: b"])
    expect(page.locator("#card-creatures-killed .aside")).to_have_text("from raw events")
    expect(page).to_have_title("Combat · zone: a · not creature_tier: b · Metrics")
    second = page.get_by_role("link", name="Clear the filter not creature_tier: b")
    if options:
        second.tap()
    else:
        second.focus()
        page.keyboard.press("Enter")
    filtered(page, "zone:a")
    expect(page.locator("#card-creatures-killed .aside")).to_have_count(0)
    page.get_by_role("link", name="Clear the filter zone: a").click()
    filtered(page, "")
    page.go_back()
    filtered(page, "zone:a")


def test_nothing_moves_for_a_filter_that_the_address_names(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off&filter=success:true", java_script_enabled=False)
    expect(page.locator(".filter-text")).to_have_text("success: true")
    before = page.locator("#filter").bounding_box()
    scripted = opened(open_page, page_url, "&filter=success:true")
    assert scripted.locator("#filter").bounding_box() == before


def test_a_number_in_doubt_says_so_on_its_card_and_at_its_bucket(
    open_page: Open, page_url: str, history: datetime, database: Database
) -> None:
    hour = (history - timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    name = CATALOG.chart("creatures-killed").event
    crowd = [{"event_name": name, "metadata": {"zone": f"z{n}"}, "occurred_at": hour} for n in range(60)]
    later = {"event_name": name, "metadata": {"zone": "z7"}, "occurred_at": hour + timedelta(minutes=1)}
    insert_events([*crowd, later])
    roll_up_all(database, declared=CATALOG.declared)
    page = open_page(f"{page_url}?tab=combat&range=6h&res=1h&refresh=off&filter=zone:z7")
    wait_for_tab(page, "combat")
    drawn(page, "creatures-killed")
    expect(page.locator("#card-creatures-killed .number")).to_have_text(re.compile("^≥.1$"))
    expect(page.locator("#card-creatures-killed .aside")).to_contain_text("more among rarer values")
    reader = page.locator("#reader-creatures-killed")
    reader.focus()
    said = []
    for _ in range(5):
        before = reader.get_attribute("aria-valuetext") or ""
        page.keyboard.press("ArrowLeft")
        # It is said with the next frame.
        expect(reader).not_to_have_attribute("aria-valuetext", before)
        said.append(reader.get_attribute("aria-valuetext") or "")
    assert sum("≥" in each for each in said) == 1
