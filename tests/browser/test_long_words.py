"""Names, words and numbers longer than anybody thought: whole where they matter, and never
over one another or out of the screen."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from db.engine import Database
from db.events import insert_events
from metrics_dash.catalog import DEFAULT_PATH
from metrics_dash.jobs.rollup import roll_up_all
from tests.browser.conftest import Serve
from tests.support.looking import wait_for_tab

Open = Callable[..., Page]
WORD = "https://example.org/" + "unbroken" * 11
CATALOG = f"""
[events."long.words"]
kind = "gauge"
measurements.size = {{ unit = "B" }}

[[tabs]]
id = "long"
title = "Things That Are Called at Length"
description = "See {WORD}."

[[tabs.charts]]
id = "size"
title = "Size"
event = "long.words"
measurement = "size"
show = "avg"
draw = "stat"
size = "small"

[[tabs.charts]]
id = "sizes"
title = "Sizes"
event = "long.words"
measurement = "size"
show = "avg"
"""
# What of the row of tabs stands over its neighbour or is cut off, and whether the page is wider than its window.
WRONG = """
() => {
  const tabs = [...document.querySelectorAll("#tabs > a:not([hidden])")];
  const over = tabs.filter((tab, place) => place > 0 &&
    tab.getBoundingClientRect().left < tabs[place - 1].getBoundingClientRect().right);
  /* A chosen one that has the row to itself may end in dots. */
  const cut = tabs.filter((tab) => tabs.length > 1 && tab.scrollWidth > tab.clientWidth);
  const page = document.documentElement;
  const wide = page.scrollWidth > page.clientWidth ? ["the page"] : [];
  return [...[...over, ...cut].map((tab) => tab.textContent), ...wide];
}
"""
# Whether an element lies within the window, and nothing of its words is cut off.
WHOLE = """
(one) => {
  const { left, right } = one.getBoundingClientRect();
  return left >= 0 && right <= innerWidth && one.scrollWidth <= one.clientWidth && one.scrollHeight <= one.clientHeight;
}
"""


@pytest.fixture
def lengthy(serve: Serve, database: Database, tmp_path: Path) -> str:
    moment = datetime.now(UTC) - timedelta(minutes=2)
    size = {"event_name": "long.words", "measurements": {"size": 796e12}, "metadata": {}, "occurred_at": moment}
    insert_events([size], database=database)
    roll_up_all(database)
    path = tmp_path / "lengthy.toml"
    path.write_text(DEFAULT_PATH.read_text(encoding="utf-8") + CATALOG, encoding="utf-8")
    return serve(catalog=path)


@pytest.mark.parametrize("width", [320, 390, 480])
def test_on_a_phone_names_stand_beside_one_another_and_numbers_are_whole(
    open_page: Open, lengthy: str, width: int
) -> None:
    page = open_page(
        f"{lengthy}?tab=long&range=1h&refresh=off",
        viewport={"width": width, "height": 640},
        has_touch=True,
        is_mobile=True,
    )
    wait_for_tab(page, "long")
    expect(page.locator("#card-size .number")).to_contain_text("TB")
    assert page.evaluate(WRONG) == []
    assert page.locator("#freshness").evaluate(WHOLE)
    assert page.locator("#card-size .headline").evaluate("(one) => one.scrollWidth <= one.clientWidth")
    expect(page.locator("#more-tabs")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 1440, 1920])
@pytest.mark.parametrize("tab", ["combat", "long"])
def test_why_nothing_new_comes_is_read_in_full_beside_a_past_range_and_a_long_title(
    open_page: Open, lengthy: str, width: int, tab: str
) -> None:
    end = datetime.now(UTC) - timedelta(minutes=1)
    start = end - timedelta(hours=10)
    query = f"tab={tab}&tz=UTC&from={start:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"
    page = open_page(f"{lengthy}?{query}", viewport={"width": width, "height": 900})
    wait_for_tab(page, tab)
    page.route("**/_dash-update-component*", lambda route: route.abort())
    page.keyboard.press("r")
    page.wait_for_selector("#freshness[data-tone=bad]")
    expect(page.locator("#freshness-text")).to_contain_text("server not reachable, retrying")
    assert page.locator("#freshness-text").evaluate(WHOLE)
    assert page.evaluate(WRONG) == []
