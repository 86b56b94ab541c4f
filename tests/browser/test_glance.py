"""A phone at a glance: the server's page is enough until it is touched, and what was pressed before is done then."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from callbacks import first
from metrics_dash.catalog import DEFAULT_PATH
from tests.browser.conftest import Serve
from tests.browser.test_narrow import shop as shop
from tests.browser.test_ranking import zones as zones
from tests.support.looking import drawn, wait_for_tab

Open = Callable[..., Page]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# Which the server draws without having been told.
UTC = {"timezone_id": "UTC"}
TICKS = """
() => Array.from(document.querySelectorAll(".board:not(.sketched) .card"), (card) => [
  ...Array.from(card.querySelectorAll(".xtick text"), (tick) => tick.textContent),
  ...Array.from(card.querySelectorAll(".ytick text"), (tick) => tick.textContent),
])
"""
# How fresh it is but for the moment itself, and what the controls say.
SAID = """
() => [
  document.getElementById("freshness").dataset.tone,
  document.getElementById("freshness-text").textContent.split(" · ")[0],
  ...["refresh-label", "compare-label"].map((id) => document.getElementById(id).textContent),
]
"""
SKETCHED_TICKS = """
() => Array.from(document.querySelectorAll("#first .card"), (card) => [
  ...Array.from(card.querySelectorAll(".sketch em"), (tick) => tick.textContent),
  ...Array.from(card.querySelectorAll(".sketch b"), (tick) => tick.textContent),
])
"""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine gets all the time that it needs for the first answer."""
    monkeypatch.setattr(first, "WITHIN_SECONDS", 60.0)


def glance(open_page: Open, address: str, **more: Any) -> Page:
    """A page on a phone that nobody has touched, once all that it is going to fetch has been asked for."""
    page = open_page(address, untouched=True, **{**PHONE, **UTC, **more})
    page.wait_for_selector("link[rel=prefetch][as=script]", state="attached")
    return page


def has_scripts(page: Page) -> bool:
    return bool(page.evaluate("() => window.metrics !== undefined"))


def test_until_it_is_touched_no_script_runs_and_the_page_says_all_there_is(open_page: Open, page_url: str) -> None:
    page = glance(open_page, f"{page_url}?tab=auth&range=6h&refresh=off")
    expect(page.locator(".card .number").first).to_be_visible()
    expect(page.locator("#freshness-text")).to_contain_text("Refresh is off · complete through")
    expect(page.locator("#refresh-label")).to_have_text("Off")
    expect(page.locator("#compare-label")).to_have_text("Compare")
    expect(page.locator("#card-login-rate, .card .sketch em").first).to_be_visible()
    assert not has_scripts(page)
    page.touchscreen.tap(200, 60)
    wait_for_tab(page, "auth")
    assert has_scripts(page)


def test_the_first_refresh_begins_it_untouched(open_page: Open, page_url: str) -> None:
    page = glance(open_page, f"{page_url}?tab=auth&range=6h&refresh=1")
    wait_for_tab(page, "auth")


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("kiosk=1", {}),
        ("refresh=off", {"timezone_id": "Asia/Tokyo"}),
        ("refresh=off", {"has_touch": False, "is_mobile": False}),
        ("from=never", {}),
    ],
    ids=["a wall", "another zone than was drawn", "a mouse", "nothing drawn"],
)
def test_where_that_is_not_enough_the_scripts_run_at_once(
    open_page: Open, page_url: str, query: str, more: dict[str, Any]
) -> None:
    page = open_page(f"{page_url}?tab=auth&{query}", untouched=True, **{**PHONE, **UTC, **more})
    page.wait_for_function("() => window.metrics?.answer")


def test_once_the_server_knows_the_zone_a_glance_is_enough_there_too(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=6h&refresh=off", untouched=True, **PHONE, timezone_id="Asia/Tokyo")
    page.wait_for_function("() => window.metrics?.answer")
    page.reload()
    page.wait_for_selector("link[rel=prefetch][as=script]", state="attached")
    assert not has_scripts(page)
    expect(page.locator("footer").first).to_contain_text("Asia/Tokyo")


def test_a_tab_that_is_tapped_at_once_keeps_the_range(open_page: Open, page_url: str) -> None:
    page = glance(open_page, f"{page_url}?tab=auth&range=6h&refresh=off&compare=week")
    page.locator("#tab-combat").tap()
    expect(page.locator("h1")).to_have_text("Combat")
    page.wait_for_url(re.compile("tab=combat"))
    for kept in ("range=6h", "refresh=off", "compare=week"):
        assert kept in page.url


def test_a_button_that_is_tapped_at_once_is_pressed_once_its_script_is_there(open_page: Open, page_url: str) -> None:
    page = glance(open_page, f"{page_url}?tab=auth&range=6h&refresh=off", color_scheme="light")
    page.locator("#theme-toggle").tap()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("#theme-toggle")).not_to_have_attribute("data-pending", "")


def test_a_filter_that_is_cleared_at_once_leaves_the_rest_of_the_address(open_page: Open, page_url: str) -> None:
    page = glance(open_page, f"{page_url}?tab=auth&range=6h&refresh=off&filter=success:true")
    expect(page.locator("#filter .filter-text")).to_have_text("success: true")
    page.locator("#filter a").tap()
    expect(page.locator("#filter")).to_be_hidden()
    wait_for_tab(page, "auth")
    assert "filter" not in page.url
    assert "tab=auth&range=6h" in page.url


def test_a_row_that_is_tapped_at_once_filters_the_tab_and_leaves_the_rest_of_the_address(
    open_page: Open, zones: str
) -> None:
    page = glance(open_page, f"{zones}&refresh=off")
    page.locator(".ranking a[data-filter='zone:forest']").tap()
    expect(page.locator("#filter .filter-text")).to_have_text("zone: forest")
    for kept in ("tab=zones", "range=1h", "filter=zone:forest"):
        assert kept in page.url


def test_a_menu_that_is_tapped_at_once_opens_filled(open_page: Open, page_url: str) -> None:
    page = glance(open_page, f"{page_url}?tab=auth&range=6h&refresh=off")
    page.locator("#custom-range > summary").tap()
    expect(page.locator("#relative-from")).to_be_visible()
    expect(page.locator("#relative-from")).not_to_have_value("")


@pytest.mark.parametrize(
    "query", ["range=6h", "range=6h&refresh=off&compare=week", "range=yesterday", "range=2026-01-01"]
)
def test_the_servers_words_are_those_of_the_scripts(open_page: Open, page_url: str, query: str) -> None:
    page = glance(open_page, f"{page_url}?tab=auth&{query}" + ("" if "refresh" in query else "&refresh=60"))
    before = page.evaluate(SAID)
    page.dispatch_event("body", "pointerdown")
    page.wait_for_function("() => window.metrics?.answer")
    page.wait_for_function(f"(said) => JSON.stringify(({SAID.strip()})()) === JSON.stringify(said)", arg=before)


@pytest.mark.parametrize("length", ["1h", "6h", "24h", "7d", "30d"])
def test_no_label_changes_when_the_charts_are_drawn(open_page: Open, page_url: str, length: str) -> None:
    address = f"{page_url}?tab=combat&range={length}&refresh=off&tz=UTC"
    page = open_page(address, **PHONE, **UTC)
    drawn(page, "damage-dealt")
    # Now the server knows how wide the graphs are.
    page = glance_again(page)
    before = page.evaluate(SKETCHED_TICKS)
    page.dispatch_event("body", "pointerdown")
    for chart in ("damage-dealt", "creatures-killed", "xp-awarded"):
        drawn(page, chart)
    assert page.evaluate(TICKS) == before


def glance_again(page: Page) -> Page:
    """The same page on a phone that has its cookies."""
    cookies = page.context.cookies()
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(**PHONE, **UTC, color_scheme="light")
    context.add_cookies(cookies)  # type: ignore[arg-type]
    again = context.new_page()
    again.goto(page.url)
    return again


CROSSED = """
() => {
  const graph = metrics.graphs.drawing("login-rate"), { xaxis } = graph._fullLayout;
  const line = document.querySelector("#reader-login-rate .cross-line");
  const x = new DOMMatrix(getComputedStyle(line).transform).m41;
  return graph.getBoundingClientRect().left + x;
}
"""


def middle(page: Page, card: int) -> tuple[float, float]:
    """A place on the chart of a card that the server drew, right of its middle."""
    box = page.locator(".sketched .card .chart").nth(card).bounding_box()
    assert box is not None
    return box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5


def test_a_chart_that_is_tapped_at_once_is_read_there_once_it_is_drawn(open_page: Open, page_url: str) -> None:
    page = glance(open_page, f"{page_url}?tab=auth&range=6h&refresh=off")
    x, y = middle(page, 0)
    page.touchscreen.tap(x, y)
    page.wait_for_selector("#reader-login-rate[data-on]")
    # At the bucket there, which is at most a few px away.
    page.wait_for_function(f"(x) => Math.abs(({CROSSED.strip()})() - x) < 6", arg=x)


@pytest.mark.parametrize("then", ["a button", "a place beside"])
def test_a_chart_is_not_read_where_something_else_is_asked_for_after_the_tap(
    open_page: Open, page_url: str, then: str
) -> None:
    page = glance(open_page, f"{page_url}?tab=auth&range=6h&refresh=off", color_scheme="light")
    page.touchscreen.tap(*middle(page, 0))
    if then == "a button":
        page.locator("#theme-toggle").tap()
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    else:
        page.locator("h1").tap()
    expect(page.locator(".stage[data-sketched]")).to_have_count(0)
    drawn(page, "login-rate")
    assert page.locator(".reader[data-on]").count() == 0


# What stands in each legend, and where.
LEGENDS = """
(board) => Array.from(document.querySelectorAll(`${board} .legend`), (legend) => Array.from(legend.children, (one) => [
  one.matches("details") ? one.querySelector("summary").textContent : one.textContent,
  Math.round(one.getBoundingClientRect().left),
])).filter((legend) => legend.length)
"""


@pytest.mark.parametrize("width", [320, 390])
def test_a_legend_has_whole_names_from_the_first_moment_on(open_page: Open, shop: str, width: int) -> None:
    page = glance(open_page, shop, viewport={"width": width, "height": 844})
    page.wait_for_selector(".sketched .legend .more")
    before = page.evaluate(LEGENDS, ".sketched")
    assert [legend[-1][0][0] for legend in before] == ["+", "+"]
    assert not has_scripts(page)
    expect(page.locator("#freshness-text")).to_contain_text("complete through")
    assert page.locator("#freshness-text").evaluate("(one) => one.scrollHeight <= one.clientHeight")
    page.dispatch_event("body", "pointerdown")
    for chart in ("places", "bars"):
        drawn(page, chart)
    page.wait_for_function("() => document.querySelectorAll('#board .legend summary').length === 2")
    assert page.evaluate(LEGENDS, "#board") == before


# Taps in one moment, before any script can be there, and how many of them wait then.
TAPS = """
(taps) => {
  for (const one of taps) document.querySelector(one).click();
  return document.querySelectorAll("[data-pending]").length;
}
"""


def test_all_that_is_tapped_at_once_is_done_in_its_order(open_page: Open, page_url: str) -> None:
    page = glance(open_page, f"{page_url}?tab=auth&range=6h&refresh=off&filter=success:true", color_scheme="light")
    assert page.evaluate(TAPS, ["#theme-toggle", "#custom-range > summary", "#filter a", "#compare > summary"]) == 3
    expect(page.locator("#compare")).to_have_attribute("open", "")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("#filter")).to_be_hidden()
    # Of menus one is open at a time.
    expect(page.locator("#custom-range[open]")).to_have_count(0)
    expect(page.locator("[data-pending]")).to_have_count(0)


def test_a_tab_that_is_tapped_after_a_button_loses_neither(open_page: Open, page_url: str) -> None:
    page = glance(open_page, f"{page_url}?tab=auth&range=6h&refresh=off", color_scheme="light")
    page.evaluate(TAPS, ["#theme-toggle", "#tab-combat"])
    wait_for_tab(page, "combat")
    expect(page.locator("h1")).to_have_text("Combat")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert "theme=dark" in page.url


TAB = """
[[tabs]]
id = "tab-{number}"
title = "Another {number}"

[[tabs.charts]]
id = "logins-{number}"
title = "Logins"
event = "bezgelor.auth.login_complete"
show = "count"
"""
ROW = """
() => Array.from(document.querySelectorAll("#tabs > a:not([hidden])"), (tab) =>
  [tab.id, tab.getBoundingClientRect().left])
"""
CUT = "() => { const row = document.getElementById('tabs'); return row.scrollWidth > row.clientWidth; }"


@pytest.mark.parametrize("tab", ["server", "tab-7"])
def test_no_tab_moves_under_the_finger_when_scripts_come(
    open_page: Open, serve: Serve, history: datetime, tmp_path: Path, tab: str
) -> None:
    path = tmp_path / "many.toml"
    more = "".join(TAB.format(number=number) for number in range(8))
    path.write_text(DEFAULT_PATH.read_text(encoding="utf-8") + more, encoding="utf-8")
    page = glance(open_page, f"{serve(catalog=path)}?tab={tab}&range=6h&refresh=off")
    before = page.evaluate(ROW)
    assert not page.evaluate(CUT)
    words = page.locator("#more-tabs-count").inner_text()
    page.touchscreen.tap(200, 60)
    wait_for_tab(page, tab)
    assert page.evaluate(ROW) == before
    assert page.locator("#more-tabs-count").inner_text() == words
