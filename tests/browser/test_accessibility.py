"""axe-core finds nothing serious on any tab, in any state, in either theme; and what it can't see."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy.exc import OperationalError

from db.engine import Database
from db.events import insert_events
from metrics_dash.catalog import Tab
from metrics_dash.jobs.rollup import roll_up_all
from tests.browser.conftest import CATALOG, Serve
from tests.support.looking import open_popover, wait_for_tab, wait_for_ticks

Open = Callable[..., Page]

SERIOUS = ("serious", "critical")
themes = pytest.mark.parametrize("theme", ["light", "dark"])
axe = Axe()


def check(page: Page) -> None:
    """Nothing serious or critical, by all of axe-core's rules."""
    # A chart fades while it waits; what is faded is on its way, and has no contrast yet.
    page.wait_for_function(
        """() => document.getElementById('board').getAnimations({ subtree: true })
        .every((one) => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)"""
    )
    found = axe.run(page).response["violations"]
    serious = [
        (each["id"], [(node["target"], node["failureSummary"]) for node in each["nodes"]])
        for each in found
        if each["impact"] in SERIOUS
    ]
    assert serious == []


@themes
@pytest.mark.parametrize("tab", CATALOG.tabs, ids=lambda tab: tab.id)
def test_every_tab(open_page: Open, page_url: str, tab: Tab, theme: str) -> None:
    page = open_page(f"{page_url}?tab={tab.id}&theme={theme}&refresh=off&range=6h")
    wait_for_tab(page, tab.id)
    check(page)


OPENERS = {
    "times": "#custom-range > summary",
    "comparison": "#compare > summary",
    "refresh": "#refresh > summary",
    "export": "#share-tab > summary",
    "menu of a card": "#share-login-results > summary",
    "keys": "#keys-open",
}


@themes
@pytest.mark.parametrize("opener", OPENERS.values(), ids=OPENERS.keys())
def test_what_opens(open_page: Open, page_url: str, opener: str, theme: str) -> None:
    page = open_page(f"{page_url}?tab=auth&theme={theme}&refresh=off&range=6h")
    wait_for_tab(page, "auth")
    page.click(opener)
    check(page)


@themes
def test_a_range_that_was_refused_where_it_was_typed(open_page: Open, page_url: str, theme: str) -> None:
    page = open_page(f"{page_url}?tab=auth&theme={theme}&refresh=off")
    wait_for_tab(page, "auth")
    open_popover(page)
    page.fill("#relative-from", "tomorrow")
    page.click("#relative-apply")
    expect(page.locator("#relative-problem")).to_contain_text("tomorrow")
    check(page)


@themes
def test_the_table_of_a_chart_and_its_full_screen(open_page: Open, page_url: str, theme: str) -> None:
    page = open_page(f"{page_url}?tab=auth&theme={theme}&refresh=off&range=1h")
    wait_for_tab(page, "auth")
    page.click("#share-login-rate > summary")
    page.click("#card-login-rate [data-open=table]")
    expect(page.locator("#details-body table")).to_be_visible()
    check(page)
    page.keyboard.press("Escape")
    page.click("#share-login-rate > summary")
    page.click("#card-login-rate [data-open=full]")
    expect(page.locator("#card-login-rate")).to_have_attribute("data-full", "")
    check(page)


@themes
def test_a_wall(open_page: Open, page_url: str, theme: str) -> None:
    page = open_page(f"{page_url}?tab=auth&kiosk=1&rotate=600&theme={theme}", viewport={"width": 1920, "height": 1080})
    wait_for_tab(page, "auth")
    check(page)


@themes
def test_a_phone(open_page: Open, page_url: str, theme: str) -> None:
    page = open_page(f"{page_url}?tab=combat&theme={theme}&refresh=off", viewport={"width": 390, "height": 844})
    wait_for_tab(page, "combat")
    page.click("#custom-range > summary")
    check(page)


@themes
def test_a_paused_page_with_a_comparison_and_refused_events(
    open_page: Open, page_url: str, database: Database, theme: str
) -> None:
    refused = {"event_name": "metrics_dash.collector.refused", "measurements": {"events": 312}}
    insert_events(
        [{**refused, "metadata": {"reason": "buffer_full"}, "occurred_at": datetime.now(UTC)}], database=database
    )
    roll_up_all(database)
    page = open_page(f"{page_url}?tab=combat&theme={theme}&from=now-3h&to=now%2B1m&compare=day")
    wait_for_tab(page, "combat")
    expect(page.locator("#footer")).to_contain_text("312 events refused: buffer_full")
    check(page)


@themes
def test_empty_charts(open_page: Open, page_url: str, theme: str) -> None:
    page = open_page(f"{page_url}?tab=combat&theme={theme}&from=now-300d&to=now-290d")
    expect(page.locator("#card-damage-dealt .message")).to_contain_text("No data")
    check(page)


@themes
def test_a_store_without_any_event(open_page: Open, serve: Serve, theme: str) -> None:
    page = open_page(f"{serve()}?tab=auth&theme={theme}&refresh=off")
    wait_for_tab(page, "auth")
    check(page)


@themes
def test_a_range_that_cannot_be_read(open_page: Open, page_url: str, theme: str) -> None:
    page = open_page(f"{page_url}?from=tomorrow&theme={theme}")
    expect(page.locator(".message.page")).to_contain_text("tomorrow")
    check(page)


@themes
def test_a_database_that_is_gone(
    open_page: Open, page_url: str, database: Database, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, ConnectionError("gone"))

    monkeypatch.setattr(database, "reading", fails)
    page = open_page(f"{page_url}?tab=combat&theme={theme}")
    expect(page.locator("#freshness")).to_have_attribute("data-tone", "bad")
    check(page)


# What axe-core can't see


def test_every_chart_is_a_picture_with_a_name_and_a_summary_that_follows_the_data(
    open_page: Open, page_url: str, database: Database
) -> None:
    page = open_page(f"{page_url}?tab=gameplay&range=1h")
    wait_for_tab(page, "gameplay")
    picture = page.get_by_role("img", name="Quests Accepted")
    expect(picture).to_have_attribute("aria-describedby", "summary-quests-accepted")
    summary = page.locator("#summary-quests-accepted")
    before = summary.text_content() or ""
    assert "Quests Accepted, 1 h up to now, 1-minute buckets." in before
    compared = r"vs 1 h before: [\d,]+ against [\d,]+ \(.*?\), in complete minutes, .*?\. Latest 1, total"
    assert re.search(compared, before.replace("\u202f", " ")), "what the card compares, too"
    insert_events([{"event_name": "bezgelor.quest.accepted", "occurred_at": datetime.now(UTC)}] * 40, database=database)
    roll_up_all(database)
    page.wait_for_function(
        "(before) => document.getElementById('summary-quests-accepted').textContent !== before", arg=before
    )


def test_ticks_say_nothing_aloud(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h")
    wait_for_tab(page, "auth")
    page.evaluate(
        """() => {
          window.spoken = [];
          for (const region of document.querySelectorAll('[role=status], [role=alert], [aria-live]')) {
            const watch = new MutationObserver(() => window.spoken.push(region.id || region.className));
            watch.observe(region, { childList: true, characterData: true, subtree: true });
          }
        }"""
    )
    wait_for_ticks(page, 3)
    assert page.evaluate("window.spoken") == []


def test_where_less_motion_is_wanted_nothing_moves(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h", reduced_motion="reduce")
    wait_for_tab(page, "auth")
    page.click("#tab-combat")
    wait_for_tab(page, "combat")
    assert page.evaluate("document.getAnimations().length") == 0


def test_the_reader_s_own_colours_leave_icons_choices_and_charts_to_be_seen(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=6h", forced_colors="active")
    wait_for_tab(page, "auth")
    style = "(selector) => { const s = getComputedStyle(document.querySelector(selector)); return {...s}; }"
    icon = page.evaluate(f"(s) => {{ const {{ backgroundColor }} = ({style})(s); return backgroundColor; }}", ".icon")
    assert icon not in ("rgba(0, 0, 0, 0)", page.evaluate("getComputedStyle(document.body).backgroundColor"))
    chosen = page.evaluate("getComputedStyle(document.querySelector('#range-6h')).outlineStyle")
    assert chosen == "solid"
    assert page.evaluate("getComputedStyle(document.querySelector('.chart')).backgroundColor") == "rgb(255, 255, 255)"


def test_a_page_zoomed_to_400_percent_loses_nothing_sideways(open_page: Open, page_url: str) -> None:
    """WCAG 1.4.10: 1280 px at 400 % are 320."""
    page = open_page(f"{page_url}?tab=auth&range=6h", viewport={"width": 320, "height": 640})
    wait_for_tab(page, "auth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.click("#custom-range > summary")
    assert page.evaluate("document.querySelector('#custom-range .sheet').getBoundingClientRect().left") >= 0
