"""What stands in the header is read whole: title, what is wrong, the range; and the note about a new version lies
under nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.support.looking import wait_for_tab

Open = Callable[..., Page]
PAST = datetime.now(UTC) - timedelta(minutes=1)
PAUSED = f"&tz=UTC&from={PAST - timedelta(hours=10):%Y-%m-%dT%H:%M:%SZ}&to={PAST:%Y-%m-%dT%H:%M:%SZ}"
# Of an element: whether it lies within the window, each point of it is its own, and nothing of its words is cut off.
WHOLE = """
(one) => {
  const { left, right, top, bottom } = one.getBoundingClientRect();
  const inside = left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight && right > left;
  const middle = (top + bottom) / 2;
  const hit = (part) => one.contains(document.elementFromPoint(left + (right - left) * part, middle));
  const shares = [0.02, 0.25, 0.5, 0.75, 0.98];
  const isCut = one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1;
  return inside && shares.every(hit) && !isCut;
}
"""
# What of the header lies over something else of it.
OVER = """
() => {
  const all = [...document.querySelectorAll("h1, #freshness-text, #go-live, .controls > *")];
  const boxes = all.filter((one) => one.getClientRects().length).map((one) => [one, one.getBoundingClientRect()]);
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return boxes.flatMap(([one, a], place) => boxes.slice(place + 1)
    .filter(([, b]) => meet(a, b)).map(([other]) => [one.id || one.tagName, other.id || other.tagName]));
}
"""


@pytest.mark.parametrize("away", [False, True], ids=["live", "the server is away"])
@pytest.mark.parametrize("query", ["", PAUSED], ids=["follows now", "paused"])
@pytest.mark.parametrize("width", [390, 1024, 1280, 1440])
def test_title_freshness_and_the_note_of_a_new_version_are_read_whole(
    open_page: Open, page_url: str, width: int, query: str, away: bool
) -> None:
    page = open_page(f"{page_url}?tab=server&refresh=60{query}", viewport={"width": width, "height": 800})
    wait_for_tab(page, "server")
    # The next answer would take it back.
    page.wait_for_function("() => !metrics.questions.isOpen()")
    page.route("**/_dash-update-component*", lambda route: route.abort() if away else None)
    page.evaluate("metrics.events.announce('version', 'another')")
    if away:
        page.keyboard.press("r")
        expect(page.locator("#freshness-text")).to_contain_text("server not reachable, retrying")
    expect(page.locator("#release-note")).to_be_visible()
    seen = ["h1", "#freshness-text", "#release-note"]
    assert {one: page.locator(one).evaluate(WHOLE) for one in seen} == dict.fromkeys(seen, True)
    assert page.evaluate(OVER) == []
    page.wait_for_function("() => freshness.title === document.getElementById('freshness-text').textContent")


@pytest.mark.parametrize("width", [390, 1280])
def test_what_is_below_the_note_of_a_new_version_is_reached(open_page: Open, page_url: str, width: int) -> None:
    page = open_page(f"{page_url}?tab=server&range=1h&refresh=off", viewport={"width": width, "height": 800})
    wait_for_tab(page, "server")
    page.evaluate("metrics.events.announce('version', 'another')")
    expect(page.locator("#release-note")).to_be_visible()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    note, foot = page.locator("#release-note").bounding_box(), page.locator("#footer").bounding_box()
    assert note is not None
    assert foot is not None
    assert foot["y"] + foot["height"] <= note["y"]
