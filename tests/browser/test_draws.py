"""Charts are drawn in turns: what is in sight first, the rest when there is time; nothing misses a chart for that."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import CATALOG

Open = Callable[..., Page]
# The charts of its tab, more than fit onto a small screen.
AUTH = CATALOG.tab("auth").charts
# A browser that never has time.
BUSY = "window.requestIdleCallback = (work) => { window.whenIdle = work; };"


@pytest.fixture
def busy(open_page: Open, page_url: str) -> Page:
    page = open_page("about:blank", viewport={"width": 500, "height": 640})
    page.add_init_script(BUSY)
    page.goto(f"{page_url}?tab=auth&range=6h&refresh=off")
    expect(drawing(page, AUTH[0].id)).to_have_count(1)
    page.wait_for_function("() => window.whenIdle")
    return page


def drawing(page: Page, chart: str) -> Locator:
    return page.locator(f"#card-{chart} .xaxislayer-above")


def test_what_is_out_of_sight_is_drawn_once_somebody_scrolls_to_it(busy: Page) -> None:
    last = AUTH[-1].id
    assert drawing(busy, last).count() == 0
    expect(busy.locator(f"#card-{last} .number")).to_have_count(1)
    busy.locator(f"#card-{last}").scroll_into_view_if_needed()
    expect(drawing(busy, last)).to_have_count(1)


def test_a_chart_that_is_not_drawn_yet_is_no_blank_place(busy: Page) -> None:
    last = AUTH[-1].id
    place = busy.locator(f"#card-{last} .graph > [data-waiting]")
    expect(place).to_have_css("animation-name", "to-be-drawn")
    assert "gradient" in place.evaluate("(one) => getComputedStyle(one).backgroundImage")
    busy.locator(f"#card-{last}").scroll_into_view_if_needed()
    expect(drawing(busy, last)).to_have_count(1)
    expect(place).to_have_count(0)


def test_what_is_out_of_sight_is_drawn_when_the_browser_has_time(busy: Page) -> None:
    busy.evaluate(
        "() => { const work = window.whenIdle; window.requestIdleCallback = (next) => setTimeout(next); work(); }"
    )
    expect(busy.locator("#board .xaxislayer-above")).to_have_count(len(AUTH))


def test_a_picture_of_the_tab_has_the_charts_that_nobody_has_seen_yet(busy: Page) -> None:
    assert busy.locator("#board .xaxislayer-above").count() < len(AUTH)
    busy.locator("#share-tab > summary").click()
    with busy.expect_download() as saved:
        busy.get_by_role("button", name="Save as PNG, light").locator("visible=true").click()
    assert saved.value.suggested_filename.endswith(".png")
    expect(busy.locator("#board .xaxislayer-above")).to_have_count(len(AUTH))


def test_on_paper_are_the_charts_that_nobody_has_seen_yet(busy: Page) -> None:
    busy.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(busy.locator("#board .xaxislayer-above")).to_have_count(len(AUTH))


def test_a_chart_out_of_sight_follows_a_change_of_the_range(busy: Page) -> None:
    last = AUTH[-1].id
    busy.locator(f"#card-{last}").scroll_into_view_if_needed()
    expect(drawing(busy, last)).to_have_count(1)
    busy.evaluate("scrollTo({ top: 0, behavior: 'instant' }); metrics.url.go({ range: '1h' })")
    busy.wait_for_function("() => new URLSearchParams(metrics.questions.key()).get('range') === '1h'")
    expect(busy.locator(f"#card-{last} .js-plotly-plot")).to_have_attribute("data-waiting", "range")
    busy.locator(f"#card-{last}").scroll_into_view_if_needed()
    expect(busy.locator(f"#card-{last} .js-plotly-plot:not([data-waiting])")).to_have_count(1)


SHOWN_ENDS = """
() => {
  const graph = document.querySelector("#card-login-rate .js-plotly-plot");
  const labels = [...graph.querySelectorAll(".xtick > text")].filter((label) => label.getClientRects().length);
  const edge = graph.getBoundingClientRect().right;
  return labels.map((label) => [label.textContent.slice(0, 5), edge - label.getBoundingClientRect().right]);
}
"""


@pytest.mark.parametrize(("end", "last"), [("12:20", "06:00"), ("15:00", "12:00")])
def test_the_last_moment_has_a_label_where_that_fits(open_page: Open, page_url: str, end: str, last: str) -> None:
    page = open_page(
        f"{page_url}?tab=auth&from=2026-01-05T{end}:00Z&to=2026-01-06T{end}:00Z&tz=UTC",
        viewport={"width": 500, "height": 640},
    )
    expect(drawing(page, AUTH[0].id)).to_have_count(1)
    ends = page.evaluate(SHOWN_ENDS)
    assert ends[-1][0] == last
    assert min(room for _, room in ends) >= 0
    # Plotly's own choice, where it draws by itself.
    page.evaluate(
        "() => Plotly.relayout(document.querySelector('#card-login-rate .js-plotly-plot'), { dragmode: false })"
    )
    assert [label for label, _ in page.evaluate(SHOWN_ENDS)] == [label for label, _ in ends]
