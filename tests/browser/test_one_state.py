"""The page is in one state: what it says is what it shows, in whatever order questions are asked and answered."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy.exc import OperationalError

from db.engine import Database
from tests.support.looking import text, wait_for_tab

Open = Callable[..., Page]

CALLBACK = "**/_dash-update-component*"
ASKS = {
    "tick": "metrics.events.announce('ask', { reason: 'tick' })",
    "navigate": "metrics.url.go({ split: metrics.url.get('split') ? [] : ['login-rate:success'] })",
}
# What a chart's traces, its legend and the address say of its split.
SPLIT = """
() => {
  const graph = document.querySelector("#card-login-rate .js-plotly-plot");
  const groups = new Set(graph._fullData.map((one) => one.legendgroup).filter(Boolean));
  const legend = document.querySelectorAll("#card-login-rate .legend button");
  const asked = location.search.includes("split=login-rate");
  return [groups.size > 1, graph._fullLayout.meta.stacked, legend.length > 1, asked];
}
"""


# What a legend, its chart, the address and the number say of a series that was switched off.
OFF = """
(chart) => {
  const graph = document.querySelector(`#card-${chart} .js-plotly-plot`);
  const off = graph.data.filter((one) => one.visible === "legendonly" && one.legendgroup);
  return [
    document.querySelector(`#legend-${chart} button`).getAttribute("aria-pressed") === "false",
    new Set(off.map((one) => one.legendgroup)).size === 1,
    new URLSearchParams(location.search).getAll("hidden").filter((one) => one.startsWith(`${chart}:`)).length === 1,
    document.querySelector(`#card-${chart} .headline`).textContent.includes("1 of 2 series"),
  ];
}
"""
PRESS = "document.querySelector('#legend-login-results button').click()"


class Held:
    """Requests of Dash's that wait until a test lets them go on."""

    def __init__(self, page: Page) -> None:
        self.page, self.routes = page, list[Route]()
        page.route(CALLBACK, lambda route: self.routes.append(route))

    def ask(self, script: str) -> None:
        """Run what asks something, until its request is here."""
        before = len(self.routes)
        self.page.evaluate(f"() => {{ {script}; }}")
        give_up = time.monotonic() + 60
        while len(self.routes) == before:
            assert time.monotonic() < give_up, f"nothing was asked upon {script}"
            self.page.evaluate("1")

    def release(self, place: int) -> None:
        """Let a request go on, until the page has its answer."""
        with self.page.expect_response(CALLBACK):
            self.routes[place].continue_()


def settled(page: Page) -> None:
    page.unroute(CALLBACK)
    page.wait_for_function(
        "() => !metrics.questions.isOpen() && !metrics.questions.isOwed() && !metrics.shown.isPending()"
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["answered in turn", "the second first"])
@pytest.mark.parametrize(
    "asked", [("tick", "navigate"), ("navigate", "tick"), ("tick", "tick"), ("navigate", "navigate")], ids=" and ".join
)
def test_of_two_questions_the_newest_is_shown_whichever_is_answered_first(
    open_page: Open, page_url: str, asked: Sequence[str], order: Sequence[int]
) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    held = Held(page)
    for reason in asked:
        held.ask(ASKS[reason])
    for place in order:
        held.release(place)
    settled(page)
    page.wait_for_function(f"() => new Set(({SPLIT})()).size === 1")
    assert page.evaluate(SPLIT)[3] is (asked.count("navigate") == 1)


@pytest.mark.parametrize("other", ["tick", "navigate", "range"])
@pytest.mark.parametrize("pressed_first", [False, True])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["answered in turn", "the second first"])
def test_a_series_is_as_its_legend_was_pressed_whatever_is_answered_meanwhile(
    open_page: Open, page_url: str, other: str, pressed_first: bool, order: Sequence[int]
) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    expect(page.locator("#legend-login-results button")).to_have_count(2)
    held = Held(page)
    asks = [{**ASKS, "range": "metrics.url.go({ range: '6h' })"}[other], PRESS]
    for ask in reversed(asks) if pressed_first else asks:
        held.ask(ask)
    for place in order:
        held.release(place)
    settled(page)
    page.wait_for_function(f"() => ({OFF})('login-results').every(Boolean)")
    page.evaluate(PRESS)
    settled(page)
    page.wait_for_function(f"() => !({OFF})('login-results').some(Boolean)")


def test_two_legends_that_are_pressed_in_one_moment_are_both_heard(open_page: Open, page_url: str) -> None:
    charts = ("login-results", "login-rate")
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off&split=login-rate:success")
    wait_for_tab(page, "auth")
    for chart in charts:
        expect(page.locator(f"#legend-{chart} button")).to_have_count(2)
    page.evaluate("charts => charts.forEach(one => document.querySelector(`#legend-${one} button`).click())", charts)
    for chart in charts:
        page.wait_for_function(f"(chart) => ({OFF})(chart).every(Boolean)", arg=chart)


def test_new_traces_never_meet_a_figure_that_they_were_not_made_for(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    held = Held(page)
    held.ask(ASKS["tick"])
    page.click("#theme-toggle")
    held.release(0)
    settled(page)
    graph = "document.querySelector('#card-login-rate .js-plotly-plot')"
    colour = page.evaluate(f"{graph}._fullData.find((one) => one.meta === 'value').line.color")
    assert colour in page.evaluate("Object.values(metrics.page.colours.dark)")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def stands(page: Page, tab: str, title: str) -> None:
    """What the page says is what it shows."""
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator("#tabs [aria-current]")).to_have_id(f"tab-{tab}")
    expect(page.locator(f"#grid-{tab}")).to_be_attached()


def test_with_the_server_gone_the_old_picture_stands_and_the_choice_is_pending(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    title = text(page, "h1")
    page.route(CALLBACK, lambda route: route.abort())
    page.click("#tab-combat")
    expect(page.locator("#freshness-text")).to_contain_text("not reachable, retrying; the charts are of before")
    stands(page, "auth", title)
    expect(page.locator("#tab-combat")).to_have_attribute("data-pending", "")
    expect(page.locator("#board")).to_have_attribute("data-waiting", "")
    expect(page.locator("#card-login-rate .chart")).to_have_css("opacity", "0.45")
    page.unroute(CALLBACK)
    stands(page, "combat", "Combat")
    expect(page.locator("[data-pending]")).to_have_count(0)
    expect(page.locator("[data-waiting]")).to_have_count(0)


def test_with_the_database_gone_the_old_range_stays_lit_until_the_new_one_is_drawn(
    open_page: Open, page_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(f"{page_url}?tab=auth&range=24h&refresh=off")
    wait_for_tab(page, "auth")
    about = text(page, "#footer")

    def fails(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT 1", {}, ConnectionError("gone"))

    monkeypatch.setattr(database, "reading", fails)
    page.click("#range-6h")
    expect(page.locator("#freshness-text")).to_contain_text("database unavailable, retrying; the charts are of before")
    expect(page.locator("#ranges > [aria-current]")).to_have_text("24h")
    expect(page.locator("#range-6h")).to_have_attribute("data-pending", "")
    page.click("#tab-combat")
    expect(page.locator("#tab-combat")).to_have_attribute("data-pending", "")
    stands(page, "auth", "Auth")
    assert text(page, "#footer") == about
    monkeypatch.undo()
    # The clock is off, and still it is asked again.
    stands(page, "combat", "Combat")
    expect(page.locator("#ranges > [aria-current]")).to_have_text("6h")
    expect(page.locator("[data-pending]")).to_have_count(0)


def test_an_answer_that_lets_one_wait_is_said_to_come(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    held = Held(page)
    held.ask(ASKS["navigate"])
    expect(page.locator("#freshness-text")).to_have_text("Loading… the charts are of before")
    held.release(0)
    expect(page.locator("#freshness-text")).to_contain_text("complete through")


def test_what_of_the_address_can_not_be_read_is_said_and_everything_else_works(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=nowhere&tz=Mars/Olympus&compare=year&hidden=no:x&range=1h&refresh=off")
    wait_for_tab(page, "server")
    said = page.locator("#unread")
    for words in ("tab: 'nowhere' is not known", "tz: 'Mars/Olympus' is not a time zone", "compare: 'year'", "'no:x'"):
        expect(said).to_contain_text(words)
    stands(page, "server", "Server")
    # Nothing of it is still to come.
    expect(page.locator("[data-pending]")).to_have_count(0)
    page.click("#card-players-online .card-tools summary")
    page.locator("#card-players-online .sheet").get_by_text("Data as a table", exact=True).click()
    expect(page.locator("#details thead")).to_contain_text("Players Online")
    page.keyboard.press("Escape")
    page.evaluate("metrics.url.go({ tab: 'auth', tz: '', compare: '', hidden: '' })")
    stands(page, "auth", "Auth")
    expect(said).to_be_hidden()


def test_a_page_that_is_not_refreshed_is_not_live(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    expect(page.locator("#freshness-text")).to_contain_text("Refresh is off · complete through")
    expect(page.locator("#freshness")).to_have_attribute("data-tone", "quiet")
    page.click("#refresh > summary")
    page.click("#refresh-5")
    expect(page.locator("#freshness-text")).to_contain_text("Live · complete through")


def test_an_address_that_can_not_be_shown_is_not_tried_again(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&from=soon&to=now")
    expect(page.locator("#board .message")).to_contain_text("'soon'")
    expect(page.locator("#freshness-text")).to_have_text("This address can’t be shown")
    page.click("#board .message .button")
    stands(page, "auth", "Auth")
    expect(page.locator("#freshness-text")).to_contain_text("complete through")


# Of what the title, the chosen tab and the cards are, from the first card of another tab on: whenever the page may be
# painted, and the moment the cards change, before anything else runs. `then` is what somebody does in that moment.
WATCH = """
(then) => {
  window.seen = [];
  const tabs = { "players-online": "Server", "login-rate": "Auth" };
  const state = () => [
    document.getElementById("title").textContent,
    document.querySelector("#tabs a[aria-current]").textContent,
    tabs[document.querySelector("#board .card")?.id.slice("card-".length)],
  ];
  const look = () => { window.seen.push(state()); requestAnimationFrame(look); };
  look();
  new MutationObserver(() => {
    if (window.met || !document.querySelector("#board #card-login-rate")) return;
    window.met = true;
    window.seen.push(state());
    if (then) (0, eval)(then);
  }).observe(document.getElementById("board"), { childList: true, subtree: true });
}
"""


@pytest.mark.parametrize("then", ["", "history.back()", "metrics.url.go({ range: '6h' })"])
def test_title_and_tab_are_of_the_cards_that_stand_below_in_every_moment(
    open_page: Open, page_url: str, then: str
) -> None:
    page = open_page(f"{page_url}?tab=server&range=1h&refresh=off")
    wait_for_tab(page, "server")
    page.evaluate(WATCH, then)
    page.evaluate("metrics.url.go({ tab: 'auth' })")
    page.wait_for_function("() => window.met")
    settled(page)
    seen = {tuple(each) for each in page.evaluate("window.seen")}
    assert seen == {("Server", "Server", "Server"), ("Auth", "Auth", "Auth")}
