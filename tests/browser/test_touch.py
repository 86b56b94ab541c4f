"""The page under fingers, in a Chromium with a touch screen: what they do on a chart, how large what they tap is, and
that a phone of 320 px cuts nothing off."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import CATALOG
from tests.browser.test_reading import point
from tests.support.looking import drawn, wait_for_length, wait_for_tab, wait_for_ticks

Open = Callable[..., Page]
# The charts of its tab.
AUTH = len(CATALOG.tab("auth").charts)
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PINNED = ".reader[data-on]"


class Fingers:
    """A hand on the screen, finger by finger, by the browser's own protocol. It moves every 16 ms by its own clock,
    however long the machine takes."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._send = page.context.new_cdp_session(page).send
        self._at = time.time()

    def rest(self, seconds: float) -> None:
        """Let its clock go on."""
        self._at += seconds

    def put(self, *places: tuple[float, float]) -> None:
        self._dispatch("touchStart", places)

    def move(self, *places: tuple[float, float]) -> None:
        self._dispatch("touchMove", places)

    def lift(self) -> None:
        self._dispatch("touchEnd", ())

    def swipe(self, start: tuple[float, float], end: tuple[float, float], steps: int = 8) -> None:
        """One finger from a place to another, and off."""
        self.put(start)
        self.along(start, end, steps)
        self.lift()

    def along(self, start: tuple[float, float], end: tuple[float, float], steps: int = 8) -> None:
        for step in range(1, steps + 1):
            part = step / steps
            self.move((start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part))

    def _dispatch(self, kind: str, places: tuple[tuple[float, float], ...]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        self._at += 0.016
        self._send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points, "timestamp": self._at})
        self._page.evaluate("() => new Promise(requestAnimationFrame)")


def on_a_phone(open_page: Open, url: str, query: str = "tab=auth&range=1h&refresh=off", **more: Any) -> Page:
    page = open_page(f"{url}?{query}", **{**PHONE, **more})
    wait_for_tab(page, "auth")
    for chart in CATALOG.tab("auth").charts:
        drawn(page, chart.id)
    return page


def moment(page: Page) -> str:
    return page.locator("#reader-login-rate .cross-time").inner_text()


def wait_for_index(page: Page, least: float, most: float) -> None:
    """Wait until the crosshair of the first chart stands on a bucket of this part of its hour."""
    page.wait_for_function(
        """([least, most]) => {
          const graph = metrics.graphs.drawing("login-rate"), { xaxis, meta } = graph._fullLayout;
          const line = document.querySelector("#reader-login-rate .cross-line");
          const x = new DOMMatrix(getComputedStyle(line).transform).m41;
          const part = metrics.grid.nearest(meta, xaxis.p2c(x - xaxis._offset) - meta.offset) / 60;
          return least < part && part < most;
        }""",
        arg=[least, most],
    )


def test_a_tap_pins_the_crosshair_until_a_tap_elsewhere(open_page: Open, page_url: str) -> None:
    page = on_a_phone(open_page, page_url, "tab=auth&range=1h")
    page.touchscreen.tap(*point(page, "login-rate", 0.3))
    expect(page.locator(PINNED)).to_have_count(AUTH)
    pinned = moment(page)
    wait_for_ticks(page, 2)
    assert moment(page) == pinned
    page.touchscreen.tap(*point(page, "login-rate", 0.8))
    expect(page.locator("#reader-login-rate .cross-time")).not_to_have_text(pinned)
    expect(page.locator(PINNED)).to_have_count(AUTH)
    page.locator("#card-login-rate h2").tap()
    expect(page.locator(PINNED)).to_have_count(0)
    assert "range=1h" in page.url


def test_a_finger_that_goes_along_moves_the_crosshair_and_leaves_it_there(open_page: Open, page_url: str) -> None:
    page = on_a_phone(open_page, page_url)
    fingers, start = Fingers(page), point(page, "login-rate", 0.2)
    fingers.put(start)
    fingers.along(start, point(page, "login-rate", 0.4))
    page.wait_for_selector(PINNED)
    wait_for_index(page, 0.3, 0.5)
    # Its way may lead up, down and out of the chart: it is on this chart until it is lifted.
    fingers.along(point(page, "login-rate", 0.4), point(page, "login-rate", 0.8, -0.3))
    wait_for_index(page, 0.7, 0.9)
    fingers.lift()
    expect(page.locator(PINNED)).to_have_count(AUTH)
    wait_for_index(page, 0.7, 0.9)
    assert "range=1h" in page.url


def test_a_swipe_up_over_a_chart_scrolls_and_pins_nothing(open_page: Open, page_url: str) -> None:
    page = on_a_phone(open_page, page_url)
    x, y = point(page, "login-rate", 0.5, 0.8)
    before = page.evaluate("scrollY")
    Fingers(page).swipe((x, y), (x + 12, y - 220), steps=20)
    page.wait_for_function("(before) => scrollY > before + 100", arg=before)
    expect(page.locator(PINNED)).to_have_count(0)
    assert page.locator(".cross-range").count() == 0
    assert "range=1h" in page.url


def test_two_fingers_choose_the_range_between_them(open_page: Open, page_url: str) -> None:
    page = on_a_phone(open_page, page_url)
    fingers = Fingers(page)
    left, right = point(page, "login-rate", 0.4), point(page, "login-rate", 0.5)
    fingers.put(left)
    fingers.put(left, right)
    for across in (0.55, 0.6, 0.65, 0.7, 0.75):
        fingers.move(left, point(page, "login-rate", across))
    expect(page.locator("#reader-login-rate .cross-range")).to_be_visible()
    fingers.lift()
    page.wait_for_function("() => metrics.url.get('from') && !metrics.shown.isPending()")
    minutes = page.evaluate("(metrics.answer.asked.end - metrics.answer.asked.start) / 60000")
    assert minutes == pytest.approx(60 * 0.35, abs=2)
    expect(page.locator(".cross-range")).to_have_count(0)
    page.go_back()
    wait_for_length(page, 1)


def test_a_finger_that_rests_and_then_goes_chooses_a_range(open_page: Open, page_url: str) -> None:
    page = on_a_phone(open_page, page_url)
    fingers, start = Fingers(page), point(page, "login-rate", 0.25)
    fingers.put(start)
    expect(page.locator("#reader-login-rate .cross-range")).to_be_attached()
    fingers.rest(1)
    fingers.along(start, point(page, "login-rate", 0.75))
    fingers.lift()
    page.wait_for_function("() => metrics.url.get('from') && !metrics.shown.isPending()")
    minutes = page.evaluate("(metrics.answer.asked.end - metrics.answer.asked.start) / 60000")
    assert minutes == pytest.approx(60 * 0.5, abs=2)


def test_a_finger_that_went_at_once_reads_also_where_the_page_hears_of_it_late(open_page: Open, page_url: str) -> None:
    page = on_a_phone(open_page, page_url)
    fingers, start = Fingers(page), point(page, "login-rate", 0.25)
    fingers.put(start)
    # As long as the page is kept from hearing more, it takes the finger for one that rests.
    expect(page.locator("#reader-login-rate .cross-range")).to_be_attached()
    fingers.along(start, point(page, "login-rate", 0.75))
    expect(page.locator(".cross-range")).to_have_count(0)
    fingers.lift()
    wait_for_index(page, 0.65, 0.85)
    assert "range=1h" in page.url


def test_a_swipe_up_that_the_page_hears_of_late_pins_nothing(open_page: Open, page_url: str) -> None:
    page = on_a_phone(open_page, page_url)
    fingers, (x, y) = Fingers(page), point(page, "login-rate", 0.5, 0.8)
    before = page.evaluate("scrollY")
    fingers.put((x, y))
    expect(page.locator(PINNED)).to_have_count(AUTH)
    fingers.along((x, y), (x + 12, y - 220), steps=20)
    fingers.lift()
    page.wait_for_function("(before) => scrollY > before + 100", arg=before)
    expect(page.locator(PINNED)).to_have_count(0)
    assert "range=1h" in page.url


def test_a_finger_that_only_rests_pins_and_chooses_nothing(open_page: Open, page_url: str) -> None:
    page = on_a_phone(open_page, page_url)
    fingers = Fingers(page)
    fingers.put(point(page, "login-rate", 0.5))
    expect(page.locator(".cross-range")).to_be_attached()
    fingers.lift()
    expect(page.locator(".cross-range")).to_have_count(0)
    expect(page.locator(PINNED)).to_have_count(AUTH)
    assert "range=1h" in page.url


def test_a_third_finger_ends_the_choice(open_page: Open, page_url: str) -> None:
    page = on_a_phone(open_page, page_url)
    fingers = Fingers(page)
    places = [point(page, "login-rate", across) for across in (0.2, 0.6, 0.8)]
    for count in (1, 2, 3):
        fingers.put(*places[:count])
    expect(page.locator(".cross-range")).to_have_count(0)
    expect(page.locator(PINNED)).to_have_count(0)
    fingers.lift()
    assert "range=1h" in page.url


def test_the_moment_below_a_pinned_crosshair_leads_to_its_events(open_page: Open, page_url: str) -> None:
    page = on_a_phone(open_page, page_url)
    page.touchscreen.tap(*point(page, "login-rate", 0.5))
    page.locator("#reader-login-rate .cross-time").tap()
    expect(page.locator("#details")).to_be_visible()
    expect(page.locator("#details tbody tr")).not_to_have_count(0)


# What can be tapped, of whatever is open, and does not answer to a finger 19 px off its middle.
TOO_SMALL = """
() => {
  const layer = document.querySelector("dialog[open]") ?? document.querySelector(".card[data-full]") ??
    document.querySelector("details.menu[open] > .sheet") ?? document.body;
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && !one.closest(".skip");
  const wanted = [...layer.querySelectorAll("a[href], button, summary, input")].filter(shown);
  const answers = (one, x, y) => {
    const hit = document.elementFromPoint(x, y);
    return one.contains(hit) || hit?.closest("label")?.contains(one);
  };
  return wanted.flatMap((one) => {
    one.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const { left, top, width, height } = one.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const missed = [[-19, 0], [19, 0], [0, -19], [0, 19]].filter(([right, down]) => !answers(one, x + right, y + down));
    return missed.length ? [`${one.id || one.className} ${one.textContent} ${JSON.stringify(missed)}`] : [];
  });
}
"""
# What lies outside of the screen or of its own box, unless somebody can scroll to it.
CUT = """
() => {
  const isScrolled = (one) => ["auto", "scroll"].includes(getComputedStyle(one).overflowX);
  const scrolls = (one) => one && (isScrolled(one) || scrolls(one.parentElement));
  const shown = (one) => one.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) &&
    !one.closest(".unseen, .skip, caption, svg, .js-plotly-plot, .reader:not([data-on]), details:not([open]) > .sheet");
  const room = document.documentElement.clientWidth;
  const outside = ({ left, right }) => left < -0.5 || right > room + 0.5;
  const told = (one) => [...one.childNodes].some((each) => each.nodeType === 3 && each.textContent.trim());
  const found = [...document.querySelectorAll("body *")].filter(shown).filter((one) => {
    const box = one.getBoundingClientRect();
    if (box.width < 2) return false;
    const isShortened = told(one) && one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1;
    return isShortened || (outside(box) && !scrolls(one.parentElement));
  });
  return [...(document.documentElement.scrollWidth > room ? ["the page"] : []),
          ...found.map((one) => `${one.tagName} ${one.className} ${one.textContent.slice(0, 40)}`)];
}
"""


def tap(selector: str) -> Callable[[Page], None]:
    def run(page: Page) -> None:
        page.locator(selector).first.tap()

    return run


def open_from_card(what: str) -> Callable[[Page], None]:
    def run(page: Page) -> None:
        page.locator("#share-login-results > summary").tap()
        page.locator(f"#card-login-results [data-open={what}]").first.tap()

    return run


def pin(page: Page) -> None:
    page.touchscreen.tap(*point(page, "login-results", 0.9))
    expect(page.locator(PINNED)).to_have_count(AUTH)


STATES: dict[str, tuple[Callable[[Page], None], str]] = {
    "page": (lambda page: None, "#board .card"),
    "range": (tap("#custom-range > summary"), "#relative-from"),
    "compare": (tap("#compare > summary"), "#compare .sheet"),
    "refresh": (tap("#refresh > summary"), "#refresh .sheet"),
    "card": (tap("#share-login-results > summary"), "#share-login-results .sheet"),
    "export": (tap("#share-tab > summary"), "#share-tab .sheet"),
    "crosshair": (pin, "#reader-login-results .cross-values"),
    "table": (open_from_card("table"), "#details tbody tr"),
    "full": (open_from_card("full"), ".card[data-full]"),
}


@pytest.mark.parametrize("width", [320, 390])
def test_whatever_can_be_tapped_is_40_px_and_nothing_is_cut(open_page: Open, page_url: str, width: int) -> None:
    query = "tab=auth&from=now-2h&to=now-1h&refresh=off&compare=period"
    page = on_a_phone(open_page, page_url, query, viewport={"width": width, "height": 640})
    found: dict[str, list[str]] = {}
    for name, (reach, until) in STATES.items():
        reach(page)
        page.wait_for_selector(until)
        found[name] = [*page.evaluate(CUT), *page.evaluate(TOO_SMALL)]
        page.keyboard.press("Escape")
        page.evaluate("document.fullscreenElement && document.exitFullscreen()")
        page.wait_for_function("() => !document.querySelector('.card[data-full], dialog[open], details.menu[open]')")
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
