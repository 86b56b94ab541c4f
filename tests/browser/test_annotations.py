"""What somebody says of a moment, on the page: its mark, its words by pointer, keys and touch, its list, exports."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from db.annotations import Annotation, put_annotations
from db.engine import Database
from tests.browser.conftest import Serve
from tests.support.looking import drawn, wait_for_tab

Open = Callable[..., Page]
PAYLOAD = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"


def say(database: Database, start: datetime, title: str, length: float = 0, **more: Any) -> None:
    end = start + timedelta(minutes=length)
    with database.begin() as connection:
        put_annotations(connection, [Annotation(f"{title}-{start}", start, end, title, **more)])


@pytest.fixture
def release(history: datetime, database: Database) -> datetime:
    """A release half an hour ago, an outage of five minutes before it, and one that is over for long."""
    at = history - timedelta(minutes=30)
    say(database, at, "1.8.0", text=PAYLOAD, tags=("release",), url="https://example.org/1.8.0", source="ci")
    say(database, history - timedelta(minutes=50), "Realm 2 down", 5)
    say(database, history - timedelta(days=30), "long ago")
    return at


def opened(open_page: Open, url: str, query: str = "tab=auth&range=1h&refresh=off", **options: Any) -> Page:
    page = open_page(f"{url}?{query}", **options)
    wait_for_tab(page, "auth")
    drawn(page, "login-rate")
    return page


def foot(page: Page, name: str, chart: str = "login-rate") -> Any:
    return page.locator(f"#card-{chart} .notes").get_by_role("button", name=name)


MARKS = """(chart) => document.querySelector(`#card-${chart} .js-plotly-plot`)._fullLayout.shapes
    .filter((shape) => [shape.fillcolor, shape.line.color].includes(metrics.page.colours.light.note)
        || shape.fillcolor === metrics.page.colours.light["note-soft"]).map((shape) => shape.type)"""


def test_every_chart_has_a_mark_at_the_moment_and_a_region_for_a_span(
    open_page: Open, release: datetime, serve: Serve
) -> None:
    page = opened(open_page, serve())
    for chart in ("login-rate", "login-results", "session-starts"):
        drawn(page, chart)
        assert page.evaluate(MARKS, chart) == ["rect", "line", "path", "line", "path"]
        expect(foot(page, "1.8.0", chart)).to_be_visible()
    off = page.evaluate(
        """(at) => { const graph = document.querySelector("#card-login-rate .js-plotly-plot"), f = graph._fullLayout;
        const x = graph.getBoundingClientRect().left + f.xaxis._offset + f.xaxis.c2p(at + f.meta.offset);
        const box = document.querySelector("#card-login-rate .note-foot:nth-of-type(2)").getBoundingClientRect();
        return Math.abs(box.left + box.width / 2 - x); }""",
        release.timestamp() * 1000,
    )
    assert off < 1.5


def test_pointing_at_a_mark_tells_it_and_it_stays_a_text(open_page: Open, release: datetime, serve: Serve) -> None:
    page = opened(open_page, serve())
    foot(page, "1.8.0").hover()
    tip = page.locator("#card-login-rate .note-tip")
    expect(tip).to_contain_text(PAYLOAD)
    expect(tip).to_contain_text("release · ci")
    page.mouse.move(5, 5)
    expect(tip).to_have_count(0)
    assert page.evaluate("window.hacked") is None


def test_keys_go_from_mark_to_mark(open_page: Open, release: datetime, serve: Serve) -> None:
    page = opened(open_page, serve())
    # Tab goes from the values to the marks, of which there is one stop.
    page.locator("#reader-login-rate").focus()
    page.keyboard.press("Tab")
    expect(foot(page, "1.8.0")).to_be_focused()
    expect(page.locator(".note-tip")).to_contain_text("1.8.0")
    page.keyboard.press("ArrowLeft")
    expect(foot(page, "Realm 2 down")).to_be_focused()
    expect(page.locator(".note-tip")).to_contain_text("Realm 2 down")
    expect(page.locator(".note-tip")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".note-tip")).to_have_count(0)
    assert "range=1h" in page.url


def test_a_tap_tells_a_mark_on_a_phone(open_page: Open, release: datetime, serve: Serve) -> None:
    page = opened(open_page, serve(), viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    foot(page, "1.8.0").tap()
    tip = page.locator("#card-login-rate .note-tip")
    expect(tip).to_contain_text("1.8.0")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.touchscreen.tap(200, 20)
    expect(tip).to_have_count(0)


def test_the_list_below_a_chart_tells_all_of_it_and_leads_to_the_web(
    open_page: Open, release: datetime, serve: Serve, database: Database
) -> None:
    # Nobody can say this by the API; somebody who writes to the table can.
    say(database, release + timedelta(minutes=20), "elsewhere", url="javascript:window.hacked=1")
    page = opened(open_page, serve())
    details = page.locator("#card-login-rate .notes-list")
    expect(details.locator("summary")).to_have_text("3 annotations")
    details.locator("summary").click()
    expect(details.locator("li")).to_have_count(3)
    expect(details.locator("li").nth(1)).to_contain_text(PAYLOAD)
    expect(details.locator("a")).to_have_count(1)
    expect(details.locator("a")).to_have_attribute("href", "https://example.org/1.8.0")
    assert page.evaluate("window.hacked") is None


def test_an_open_list_stays_open_when_data_arrive(
    open_page: Open, release: datetime, serve: Serve, database: Database
) -> None:
    page = opened(open_page, serve(), "tab=auth&range=1h&refresh=1")
    details = page.locator("#card-login-rate .notes-list")
    details.locator("summary").click()
    say(database, release + timedelta(minutes=10), "1.8.1")
    expect(details.locator("summary")).to_have_text("3 annotations")
    expect(details.locator("li").first).to_contain_text("1.8.1")
    expect(foot(page, "1.8.1")).to_be_visible()


def test_many_at_once_are_one_mark_that_counts_them(
    open_page: Open, history: datetime, serve: Serve, database: Database
) -> None:
    for number in range(8):
        say(database, history - timedelta(minutes=30, seconds=number), f"hotfix {number}")
    page = opened(open_page, serve())
    expect(page.locator("#card-login-rate .note-foot")).to_have_count(1)
    expect(page.locator("#card-login-rate .annotation-text")).to_have_text("hotfix 7 +7")
    page.locator("#card-login-rate .note-foot").hover()
    expect(page.locator(".note-tip li")).to_have_count(5)
    expect(page.locator(".note-tip p")).to_have_text("+3, listed below the chart")


def test_a_click_on_a_mark_is_no_click_on_the_chart(open_page: Open, release: datetime, serve: Serve) -> None:
    page = opened(open_page, serve())
    foot(page, "1.8.0").click()
    foot(page, "1.8.0").dblclick()
    expect(page.locator(".note-tip")).to_have_count(1)
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert "range=1h" in page.url


def test_a_wall_shows_the_marks_with_their_words(open_page: Open, release: datetime, serve: Serve) -> None:
    page = open_page(f"{serve()}?tab=combat&range=1h&kiosk=1", viewport={"width": 1920, "height": 1080})
    wait_for_tab(page, "combat")
    drawn(page, "damage-dealt")
    expect(page.locator("#card-damage-dealt .annotation-text").first).to_have_text("Realm 2 down")
    expect(page.locator("#card-damage-dealt .note-foot").first).to_be_hidden()
    expect(page.locator("#card-damage-dealt .notes-list")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


# Whether the texts of a chart's marks stand beside one another, and its axis ends where its range does: a label that is
# not where it fits makes the axis longer.
LABELS_FIT = """
() => {
  const graph = document.querySelector("#card-login-rate .js-plotly-plot");
  const boxes = [...graph.querySelectorAll(".annotation-text")].map((label) => label.getBoundingClientRect());
  boxes.sort((one, other) => one.left - other.left);
  const { xaxis, meta } = graph._fullLayout;
  const end = xaxis.r2l(xaxis.range[1]) - meta.offset;
  return boxes.every(({ left }, place) => place === 0 || left >= boxes[place - 1].right) && end <= meta.end;
}
"""


def test_on_a_wall_of_many_charts_no_label_lies_over_another(
    open_page: Open, history: datetime, serve: Serve, database: Database
) -> None:
    for minutes, title in ((40, "Realm 2 is down"), (26, "1.8.0"), (18, "Double XP begins")):
        say(database, history - timedelta(minutes=minutes), title)
    page = open_page(f"{serve()}?tab=auth&range=1h&kiosk=1&refresh=off", viewport={"width": 1920, "height": 1080})
    wait_for_tab(page, "auth")
    drawn(page, "login-rate")
    page.wait_for_function(LABELS_FIT)
    assert page.locator("#card-login-rate .annotation-text").count() > 0


def test_a_picture_and_a_table_say_what_the_page_says(open_page: Open, release: datetime, serve: Serve) -> None:
    page = opened(open_page, serve())
    told = page.evaluate("metrics.answer.about.facts.find(([name]) => name === 'Annotations')[1]")
    assert told.startswith("2 annotations: ")
    assert "Realm 2 down" in told
    figure = page.evaluate(
        """() => metrics.drawing.figureOf({ id: "login-rate", tile: false }, "dark").layout.shapes
        .map((one) => one.fillcolor ?? one.line.color)"""
    )
    assert page.evaluate("metrics.page.colours.dark.note") in figure
    with page.expect_download() as saved:
        page.click("#share-login-rate > summary")
        page.locator("#share-login-rate").get_by_text("Save as CSV", exact=True).click()
    lines = saved.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith(",annotations")
    assert any("Realm 2 down" in line for line in lines)
    summary = page.locator("#summary-login-rate").text_content() or ""
    assert "2 annotations: " in summary


def test_what_is_over_for_long_is_not_told(open_page: Open, release: datetime, serve: Serve) -> None:
    page = opened(open_page, serve())
    expect(page.locator("#board")).not_to_contain_text("long ago")
