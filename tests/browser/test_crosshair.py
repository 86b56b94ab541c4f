"""The crosshair tells one story: moment, values and place agree, whatever changes under a pointer at rest."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_reading import point
from tests.support.looking import drawn, wait_for_length, wait_for_tab, wait_for_ticks

Open = Callable[..., Page]

# Of each chart what its crosshair says, and what stands in the figure at the place of its line.
AGREEMENT = """
() => [...document.querySelectorAll(".reader[data-on]")].map((reader) => {
  const graph = reader.closest(".chart").querySelector(".js-plotly-plot");
  const { xaxis, meta } = graph._fullLayout;
  const x = new DOMMatrix(getComputedStyle(reader.querySelector(".cross-line")).transform).m41;
  const index = metrics.grid.nearest(meta, xaxis.p2c(x - xaxis._offset) - meta.offset);
  const reading = metrics.reading.read(graph, index);
  const rows = reading.rows.map((row) => metrics.reading.valueText(row, reading.units));
  return {
    said: [reader.querySelector(".cross-time").textContent,
           ...[...reader.querySelectorAll(".cross-values b")].map((one) => one.textContent)],
    drawn: [reading.time, ...rows],
  };
})
"""
# Where the box of values is, and the points that its values are of.
BOXES = """
() => [...document.querySelectorAll(".reader[data-on]")].map((reader) => {
  const area = (one) => one.getBoundingClientRect().toJSON();
  return { card: area(reader.closest(".card")), box: area(reader.querySelector(".cross-values")),
           points: [...reader.querySelectorAll(".cross-dots i")].map(area) };
})
"""


# Charts are drawn in turns: while two frames pass, none of them may be drawn or wait to be.
SETTLED = f"""
() => new Promise((done) => {{
  const drawn = () => metrics.graphs.all().map((graph) => graph._fullLayout);
  const look = () => {{
    const before = drawn();
    requestAnimationFrame(() => requestAnimationFrame(() => {{
      const same = drawn().every((layout, index) => layout === before[index]);
      if (same && !document.querySelector("[data-waiting]")) done(({AGREEMENT})());
      else look();
    }}));
  }};
  look();
}})
"""


def rested(page: Page) -> list[dict[str, Any]]:
    """What the crosshair says once all charts have stood still for two frames."""
    found: list[dict[str, Any]] = page.evaluate(SETTLED)
    return found


def agrees(page: Page) -> None:
    page.wait_for_function(f"() => ({AGREEMENT})().length === document.querySelectorAll('#board .card').length")
    for chart in rested(page):
        assert chart["said"] == chart["drawn"]


def open_tab(open_page: Open, url: str, errors: list[str], **more: Any) -> Page:
    page = open_page("about:blank", **more)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    wait_for_tab(page, "auth")
    for chart in ("login-rate", "login-results", "session-starts"):
        drawn(page, chart)
    return page


@pytest.mark.parametrize("by", ["pointer", "keys"])
def test_it_agrees_after_a_refresh_a_comparison_and_another_range(open_page: Open, page_url: str, by: str) -> None:
    errors: list[str] = []
    page = open_tab(open_page, f"{page_url}?tab=auth&range=1h", errors)
    if by == "pointer":
        page.mouse.move(*point(page, "login-rate", 0.4))
    else:
        page.keyboard.press("Tab")
        page.locator("#reader-login-rate").focus()
        page.keyboard.press("ArrowLeft")
    agrees(page)
    wait_for_ticks(page, 2)
    agrees(page)
    for compare in ("period", "day", "week", ""):
        page.keyboard.press("c")
        page.wait_for_function(
            "(compare) => !metrics.shown.isPending() && metrics.url.get('compare') === compare", arg=compare
        )
        expect(page.locator("#compare-label")).to_have_text(f"Compare: {compare}" if compare else "Compare")
        agrees(page)
    page.evaluate("metrics.url.go({ range: '6h' })")
    wait_for_length(page, 6)
    page.wait_for_function(
        "() => metrics.graphs.all().every(({ _fullLayout: { meta } }) => meta.end - meta.start > 5 * 3600000)"
    )
    agrees(page)
    assert errors == []


@pytest.mark.parametrize("width", [1440, 700, 330])
def test_its_values_cover_no_point_and_stay_within_the_card(open_page: Open, page_url: str, width: int) -> None:
    errors: list[str] = []
    address = f"{page_url}?tab=auth&range=1h&compare=period&split=login-rate:success&refresh=off"
    page = open_tab(open_page, address, errors, viewport={"width": width, "height": 900})
    for across in (0, 0.02, 0.3, 0.5, 0.7, 0.98, 1):
        page.mouse.move(*point(page, "login-rate", across))
        rested(page)
        for chart in page.evaluate(BOXES):
            box, card = chart["box"], chart["card"]
            assert card["left"] <= box["left"]
            assert box["right"] <= card["right"]
            for dot in chart["points"]:
                middle = (dot["left"] + dot["right"]) / 2, (dot["top"] + dot["bottom"]) / 2
                across_it = box["left"] < middle[0] < box["right"]
                assert not (across_it and box["top"] < middle[1] < box["bottom"]), (across, chart)
    assert errors == []
