"""What events carry is shown as it stands: never an id, a selector, a path or markup, whatever it looks like."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from db.engine import Database
from db.events import insert_events
from metrics_dash.jobs.rollup import roll_up_all
from tests.browser.conftest import Serve
from tests.support.looking import drawn, reload, wait_for_length, wait_for_tab
from tests.support.payloads import PAYLOADS

Open = Callable[..., Page]

LOGIN, SESSION = "bezgelor.auth.login_complete", "bezgelor.realm.session_start"
# A split shows so many values.
AT_ONCE = 8
PARTS = [PAYLOADS[start : start + AT_ONCE] for start in range(0, len(PAYLOADS), AT_ONCE)]
LABELS = """
(chart) => [...document.querySelectorAll(`#card-${chart} .legend button`)].map((one) => one.textContent)
"""
# What stands on the page though only text should.
MADE_OF_TEXT = """
() => [...document.querySelectorAll("#board :is(a, img, script, b, sup, iframe)")]
  .filter((one) => !one.closest("[data-split], [data-switch], .cross-values, .card-tools")).map((one) => one.outerHTML)
"""
COLOURS = """
(chart) => [...document.querySelectorAll(`#card-${chart} .barlayer .point path`)]
  .map((one) => getComputedStyle(one).fill)
"""


def store(database: Database, texts: Sequence[str]) -> None:
    """Log-ins and sessions that carry the texts, the first one most often."""
    now = datetime.now(UTC)
    insert_events(
        [
            {
                "event_name": name,
                "measurements": {"duration_ms": 5},
                "metadata": {key: text},
                "occurred_at": now - timedelta(minutes=5 + number),
            }
            for place, text in enumerate(texts)
            for number in range(2 * (AT_ONCE - place))
            for name, key in ((LOGIN, "success"), (SESSION, "realm"))
        ],
        database=database,
    )
    roll_up_all(database)


@pytest.mark.parametrize("texts", PARTS, ids=["1", "2", "3", "4"])
def test_stored_text_is_inert_and_drawn_right(
    open_page: Open, serve: Serve, database: Database, texts: tuple[str, ...]
) -> None:
    store(database, texts)
    page = open_page("about:blank")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{serve()}?tab=auth&range=1h&split=session-starts:realm&refresh=off")
    wait_for_tab(page, "auth")
    origin = page.url.split("/admin")[0]
    for chart in ("login-results", "session-starts"):
        drawn(page, chart)
        page.wait_for_function(f"(chart) => ({LABELS})(chart).length === {len(texts)}", arg=chart)
        # SVG has one space where a text has several.
        assert page.evaluate(LABELS, chart) == list(texts)
    assert page.evaluate(MADE_OF_TEXT) == []
    fills = set(page.evaluate(COLOURS, "login-results"))
    assert len(fills) >= len(texts), "each has its own colour"
    assert "rgb(0, 0, 0)" not in fills

    # Another range reaches every chart, and what is chosen by name is found by it.
    page.click("#range-6h")
    wait_for_length(page, 6)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.js-plotly-plot')].every((graph) =>"
        " graph._fullLayout.meta.end - graph._fullLayout.meta.start > 5 * 3600000)"
    )
    page.click("#card-login-results .card-tools summary")
    switches = page.locator("#card-login-results [data-series] button")
    assert switches.all_text_contents() == list(texts)
    switches.first.click()
    page.wait_for_function("(text) => metrics.url.getAll('hidden')[0] === `login-results:${text}`", arg=texts[0])
    reload(page)
    wait_for_tab(page, "auth")
    page.wait_for_function(
        "() => document.querySelector('#card-login-results .js-plotly-plot')?._fullData?.some("
        "(trace) => trace.visible === 'legendonly')"
    )
    page.click("#card-session-starts .card-tools summary")
    page.locator("#card-session-starts .sheet").get_by_text("Data as a table", exact=True).click()
    expect(page.locator("#details thead button")).to_have_text(["Time", *texts])
    assert page.evaluate("window.hit") is None
    assert errors == []
    assert [url for url in asked if not url.startswith((origin, "data:", "blob:"))] == []
