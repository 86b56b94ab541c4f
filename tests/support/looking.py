"""What the browser tests look at: what is drawn, read from Plotly itself, and words on the page."""

from typing import Any

from playwright.sync_api import Page, expect

HOUR = 3_600_000
DRAWN = """
(chart) => {
  const graph = document.querySelector(`#card-${chart} .js-plotly-plot`);
  if (!graph || !graph._fullLayout || !graph._fullLayout.xaxis) return null;
  const full = graph._fullLayout;
  return {
    names: graph._fullData.map((trace) => trace.name),
    shown: graph._fullData.map((trace) => trace.visible),
    lengths: graph.calcdata.map((points) => points.length),
    x: full.xaxis.range, y: full.yaxis.range, offset: full.meta.offset,
    redraws: graph.dataset.redraws || 0,
  };
}
"""


def drawn(page: Page, chart: str) -> dict[str, Any]:
    """What Plotly has drawn for a chart, once it has drawn it."""
    page.wait_for_function(f"(chart) => ({DRAWN})(chart) !== null", arg=chart)
    seen: dict[str, Any] = page.evaluate(DRAWN, chart)
    return seen


def wait_for_scripts(page: Page) -> None:
    """Until the page's scripts run: they come once it is painted, and no load waits for them."""
    page.wait_for_function("() => window.metrics")


def reload(page: Page) -> None:
    """Load the page anew, with its scripts."""
    page.reload()
    wait_for_scripts(page)


def wait_for_tab(page: Page, tab: str) -> None:
    """Until a tab's cards stand and its first chart is drawn, and nothing that the server sent lies over them: below
    it nothing can be focused, and much stands twice."""
    ready = f"#grid-{tab} .js-plotly-plot .xaxislayer-above, #grid-{tab} .chart-state:not(:empty)"
    page.wait_for_selector(ready, state="attached")
    page.wait_for_selector(".stage[data-sketched]", state="detached")
    page.wait_for_selector("#freshness:not([data-tone=quiet]), #freshness-text:has-text('complete')")


def wait_for_length(page: Page, hours: float) -> None:
    """Until the range that was asked for is so long."""
    page.wait_for_function(
        "(length) => metrics.answer?.asked && metrics.answer.asked.end - metrics.answer.asked.start === length",
        arg=hours * HOUR,
    )


def wait_for_ticks(page: Page, count: int = 2) -> None:
    """Until the server has answered ``count`` more questions."""
    start = page.evaluate("metrics.answer.at")
    for _ in range(count):
        page.wait_for_function("(before) => metrics.answer.at > before", arg=start)
        start = page.evaluate("metrics.answer.at")


def text(page: Page, selector: str) -> str:
    return page.inner_text(selector).replace("\u202f", " ")


def frames(page: Page) -> None:
    """Until what the page has put off to its next frame is done: moves of a pointer draw once a frame."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def open_popover(page: Page) -> None:
    """Open the popover of ranges, and wait until it has put the range that holds into its fields."""
    page.click("#custom-range > summary")
    expect(page.locator("#relative-from")).to_be_visible()
    # They are filled when the opening is announced, a task after it; what is typed before that would be overwritten.
    frames(page)


# What is said at the edge of the page is taken back after seconds, in which a busy machine may do nothing else.
LISTENING = """() => {
  const notice = document.getElementById("notice");
  window.said = [];
  new MutationObserver(() => notice.textContent && window.said.push([notice.textContent, notice.dataset.tone]))
    .observe(notice, { childList: true, characterData: true, subtree: true });
}"""


def listen(page: Page) -> None:
    """Note from now on what the page says at its edge."""
    page.evaluate(LISTENING)


def hear(page: Page, words: str, tone: str = "ok") -> None:
    """Wait until the page has said something with these words, since ``listen``."""
    page.wait_for_function(
        "([words, tone]) => window.said.some(([text, how]) => text.includes(words) && how === tone)", arg=[words, tone]
    )
