"""What the server sends is a page to read already; the page that is built over it takes its place without a jump."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from callbacks import first
from layouts.figure.figures import figure
from tests.browser.conftest import CATALOG
from tests.layouts.test_sketch_reach import KINDS, charts, peculiar, sketched

Open = Callable[..., Page]
# The charts of its tab.
AUTH = len(CATALOG.tab("auth").charts)
# What moved without anybody's doing, since the page began.
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
# The range that Plotly gives to the values' axis of a figure.
RANGE = """
async (figure) => {
  const graph = document.createElement("div");
  graph.style.cssText = "width: 480px; height: 264px";
  document.body.append(graph);
  await Plotly.newPlot(graph, figure.data, figure.layout, { staticPlot: true });
  const { range } = graph._fullLayout.yaxis;
  graph.remove();
  return range;
}
"""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine gets all the time that it needs for the first answer."""
    monkeypatch.setattr(first, "WITHIN_SECONDS", 60.0)


def test_before_any_script_the_numbers_and_a_sketch_of_each_chart_are_there(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=6h", java_script_enabled=False)
    expect(page.locator("h1")).to_have_text("Auth")
    expect(page.locator(".card .number")).to_have_count(AUTH)
    expect(page.locator(".card .sketch path").first).to_be_visible()
    expect(page.locator(".card .sketch")).to_have_count(AUTH)
    expect(page.locator("#tabs [aria-current=page]")).to_have_text("Auth")
    expect(page.locator("#ranges [aria-current]")).to_have_text("6h")


def test_the_sketch_stands_until_the_charts_are_drawn_and_nothing_jumps(open_page: Open, page_url: str) -> None:
    page = open_page("about:blank")
    page.add_init_script(SHIFTS)
    page.goto(f"{page_url}?tab=combat&range=24h&refresh=off")
    page.wait_for_function("() => window.metrics?.answer")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/_dash-update-component*", hold, times=1)
    with page.expect_request("**/_dash-update-component*"):
        page.reload()
    sketched = page.locator(".stage[data-sketched] > .sketched")
    expect(sketched.locator(".number")).to_have_count(3)
    expect(page.locator("#first")).to_have_count(0)
    before = sketched.locator(".number").all_inner_texts()
    held[0].continue_()
    expect(sketched).to_have_count(0)
    expect(page.locator("#board .xaxislayer-above")).to_have_count(3)
    assert page.locator("#board .number").all_inner_texts() == before
    assert page.evaluate("window.shifted") < 0.01


def test_a_wall_stands_still_while_it_loads(open_page: Open, page_url: str) -> None:
    page = open_page("about:blank", viewport={"width": 1920, "height": 1080})
    page.add_init_script(SHIFTS)
    page.goto(f"{page_url}?tab=auth&range=6h&refresh=off&kiosk=1")
    expect(page.locator(".stage[data-sketched]")).to_have_count(0)
    expect(page.locator("#board .xaxislayer-above")).to_have_count(AUTH)
    expect(page.locator("#wall-clock")).not_to_be_empty()
    assert page.evaluate("window.shifted") < 0.02


def test_where_the_server_does_not_answer_the_first_picture_stands_and_is_called_old(
    open_page: Open, page_url: str
) -> None:
    page = open_page("about:blank")
    page.route("**/_dash-update-component*", lambda route: route.abort())
    page.goto(f"{page_url}?tab=auth&range=6h")
    expect(page.locator("#freshness")).to_have_attribute("data-tone", "bad")
    expect(page.locator("#freshness-text")).to_contain_text("Last update")
    expect(page.locator(".sketched .number")).to_have_count(AUTH)
    page.locator("#range-24h").click()
    expect(page.locator("#range-24h")).to_have_attribute("data-pending", "")
    expect(page.locator("#range-6h")).to_have_attribute("aria-current", "true")


def test_where_no_script_comes_the_first_picture_is_called_old_until_they_do(open_page: Open, page_url: str) -> None:
    page = open_page("about:blank")
    page.route(re.compile(r"component-suites.*\.js"), lambda route: route.abort())
    page.goto(f"{page_url}?tab=auth&range=6h")
    expect(page.locator("#freshness")).to_have_attribute("data-tone", "bad")
    expect(page.locator("#freshness-text")).to_contain_text("can’t be reached, retrying")
    expect(page.locator(".sketched .number")).to_have_count(AUTH)
    page.unroute(re.compile(r"component-suites.*\.js"))
    expect(page.locator("#freshness-text")).to_contain_text("complete through")
    expect(page.locator("#board .xaxislayer-above")).to_have_count(AUTH)


def test_scripts_that_let_one_wait_are_said_to_come(open_page: Open, page_url: str) -> None:
    page = open_page("about:blank")
    page.clock.install()
    page.route(re.compile(r"component-suites.*\.js"), lambda route: None)
    page.goto(f"{page_url}?tab=auth&range=6h", wait_until="commit")
    expect(page.locator(".sketched .number")).to_have_count(AUTH)
    expect(page.locator("#freshness-text")).to_contain_text("complete through")
    page.clock.run_for(11_000)
    expect(page.locator("#freshness-text")).to_have_text("Loading… what stands here is of before")


def test_a_range_that_cannot_be_read_is_said_over_no_sketch(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&from=never")
    expect(page.locator(".message.page strong")).to_have_text("This range can’t be shown")
    expect(page.locator(".sketched")).to_have_count(0)


def test_a_wall_begins_with_its_numbers(open_page: Open, page_url: str) -> None:
    page = open_page(
        f"{page_url}?tab=server&kiosk=1", java_script_enabled=False, viewport={"width": 1920, "height": 1080}
    )
    expect(page.locator(".card .number").first).to_be_visible()


PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)


def test_a_phone_that_comes_for_the_first_time_has_the_steps_of_a_phone(open_page: Open, page_url: str) -> None:
    page = open_page(
        f"{page_url}?tab=auth&range=24h&refresh=off&tz=UTC",
        untouched=True,
        user_agent=PHONE,
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        timezone_id="UTC",
    )
    page.wait_for_selector("link[rel=prefetch][as=script]", state="attached")
    before = page.locator("footer").first.inner_text()
    page.touchscreen.tap(180, 60)
    page.wait_for_function("() => window.metrics?.answer")
    expect(page.locator(".stage[data-sketched]")).to_have_count(0)
    assert "bars 30-minute" in before
    assert "bars 30-minute" in page.locator("#footer").inner_text()
    (cookie,) = [one for one in page.context.cookies() if one["name"] == "metrics-look"]
    assert cookie["value"].startswith("308."), "as the server works it out where a browser sends its width"


def test_the_next_time_the_server_knows_the_zone_and_the_width(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=7d", timezone_id="Asia/Kolkata")
    page.wait_for_function("() => window.metrics?.answer")
    (cookie,) = [one for one in page.context.cookies() if one["name"] == "metrics-look"]
    width, _, zone = cookie["value"].partition(".")
    assert zone in ("Asia/Kolkata", "Asia/Calcutta")
    assert int(width) > 300


@pytest.mark.parametrize("kind", [*KINDS, "peculiar"])
def test_an_axis_begins_and_ends_where_plotly_has_it(open_page: Open, page_url: str, kind: str) -> None:
    every = peculiar() if kind == "peculiar" else {name: each for name, each in charts(kind).items() if "none" in name}
    page = open_page(f"{page_url}?tab=auth&range=6h&refresh=off")
    page.wait_for_function("() => window.Plotly")
    for name, (chart, style) in every.items():
        (low, high), (start, end) = sketched(chart, style), page.evaluate(RANGE, figure(chart, [], style))
        # Plotly leaves some pixels more around a dot.
        assert (low, high) == pytest.approx((start, end), abs=0.02 * (end - start)), name
