"""What has room on a wall: words in their cards, what is drawn, labels of axes, and the rows of tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Serve
from tests.browser.test_wall import open_wall
from tests.browser.test_wall_turns import COUNT, PERCENTILE, TABLE, catalog_of

Open = Callable[..., Page]
SIZES = [(1920, 1080), (2560, 1440), (3840, 2160), (1024, 600)]
QUERY = "tab=many&range=24h&compare=day"

SPLIT = f'{COUNT}\ndraw = "line"\nsplit_by = "success"'
TILE = f'{PERCENTILE}\ndraw = "stat"\nwarn = 1'
WORDY_TILE = 'title = "Latency of the checkout in its last step"'
LEAST_PLOT = 88

# Lines of words that lie above or below what they are cut by. Of a table whole rows are left out, and a title ends
# after its second line.
CUT = """
() => {
  const found = [];
  const cutBy = (line, element, card) => {
    for (let one = element; one !== card.parentElement; one = one.parentElement) {
      if (getComputedStyle(one).overflowY === "visible") continue;
      const room = one.getBoundingClientRect();
      if (line.top < room.top - 1.5 || line.bottom > room.bottom + 1.5) return one;
    }
    return null;
  };
  for (const card of document.querySelectorAll("#grid-many > .card")) {
    for (const element of card.querySelectorAll(".headline *, h2, .unit, .legend *, .message *")) {
      for (const node of element.childNodes) {
        if (node.nodeType !== Node.TEXT_NODE || !element.checkVisibility()) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const line of range.getClientRects()) {
          const cut = cutBy(line, element, card);
          if (cut) found.push(`${card.id}: "${node.textContent}" is cut by .${cut.className || cut.tagName}`);
        }
      }
    }
  }
  return found;
}
"""

# How high what is drawn is, of each chart that has axes, in px of the design; and labels of values over one another.
PLOTS = """
() => {
  const scale = Number(getComputedStyle(document.documentElement).getPropertyValue("--wall"));
  const zoom = (graph) => graph.getBoundingClientRect().height / graph.clientHeight / scale;
  const labels = (graph) => [...graph.querySelectorAll(".ytick text")]
    .map((label) => label.getBoundingClientRect()).filter(({ height }) => height).sort((one, two) => one.top - two.top);
  const graphs = [...document.querySelectorAll("#grid-many .js-plotly-plot")].filter((one) => one.clientHeight);
  return {
    plots: graphs.map((graph) => graph._fullLayout._size.h * zoom(graph)),
    labels: Math.min(...graphs.map((graph) => labels(graph).length)),
    over: graphs.filter((graph) => labels(graph).some((one, at, all) => at && one.top < all[at - 1].bottom - 1)).length,
  };
}
"""

# Every chart is drawn, at the size of its place.
DRAWN = """
() => {
  const graphs = [...document.querySelectorAll("#grid-many .graph > div")].filter(({ clientHeight }) => clientHeight);
  return graphs.every((graph) => graph.querySelector(".xtick text")
    && Math.abs(graph._fullLayout.height - graph.clientHeight) <= 1);
}
"""

# How many rows each table shows whole, none of them below what says that there are more.
ROWS = """
() => [...document.querySelectorAll("#grid-many .ranking")].map((table) => {
  const { bottom } = table.getBoundingClientRect();
  const [row] = table.querySelectorAll("tbody tr");
  const height = row.getBoundingClientRect().height;
  const feet = (table.dataset.more ? 1 : 0) + (table.querySelector("tfoot tr")?.checkVisibility() ? 1 : 0);
  const shown = [...table.querySelectorAll("tbody tr")]
    .filter((one) => one.getBoundingClientRect().bottom <= bottom - feet * height + 2);
  return [shown.length, table.querySelectorAll("tbody tr").length];
})
"""


@pytest.fixture
def full(history: object, serve: Serve, tmp_path: Path) -> str:
    """The address of a page with a first tab of everything that there may be on a wall, more than it shows at once."""
    path = catalog_of(tmp_path / "catalog.toml", *[SPLIT, PERCENTILE, TABLE, TILE, COUNT] * 3)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('title = "Number 3"', WORDY_TILE), encoding="utf-8")
    return serve(catalog=path)


def opened(open_page: Open, url: str, width: int, height: int) -> Page:
    page = open_wall(open_page, url, QUERY, viewport={"width": width, "height": height})
    page.wait_for_function("() => metrics.pages.count() > 1")
    page.wait_for_function(DRAWN)
    return page


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_whatever_the_screen_words_are_whole_and_charts_can_be_read(
    open_page: Open, full: str, width: int, height: int
) -> None:
    page = opened(open_page, full, width, height)
    assert page.locator("#grid-many .change:visible").count() >= 10
    assert page.evaluate(CUT) == []
    seen: dict[str, Any] = page.evaluate(PLOTS)
    assert len(seen["plots"]) >= 9
    assert min(seen["plots"]) >= LEAST_PLOT - 1
    assert seen["labels"] >= 2
    assert seen["over"] == 0
    tables = page.evaluate(ROWS)
    assert len(tables) == 3
    assert [shown for shown, rows in tables if shown < min(3, rows)] == []


def test_labels_of_values_are_never_over_one_another_however_low_the_chart_is(open_page: Open, full: str) -> None:
    page = opened(open_page, full, 1920, 1080)
    for height in (400, 300, 1080):
        page.set_viewport_size({"width": 1920, "height": height})
        page.wait_for_function(DRAWN)
        page.wait_for_function(f"() => ({PLOTS})().over === 0")
    assert page.evaluate(PLOTS)["labels"] >= 2


def test_a_tile_has_its_title_in_two_lines(open_page: Open, full: str) -> None:
    page = opened(open_page, full, 1920, 1080)
    title = page.locator("#card-many-3 h2")
    assert title.evaluate("(one) => one.scrollWidth <= one.clientWidth && one.scrollHeight <= one.clientHeight")


def test_swatches_of_a_legend_grow_with_its_words(open_page: Open, full: str) -> None:
    page = opened(open_page, full, 3840, 2160)
    swatch = page.locator("#grid-many .legend i").first
    assert swatch.evaluate("(one) => one.offsetWidth / parseFloat(getComputedStyle(one.parentElement).fontSize)") > 0.6
