"""Where there is little room: menus stay on the screen, what is said beside a number is read, and a crosshair leaves in
sight what it marks, whatever series are called."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from db.engine import Database
from db.events import insert_events
from metrics_dash.catalog import parse_catalog
from metrics_dash.jobs.rollup import roll_up_all
from tests.browser.conftest import Serve
from tests.browser.test_reading import point
from tests.support.looking import drawn, frames, wait_for_tab

Open = Callable[..., Page]
ODD = "<b>bold</b><script>alert(1)</script>"
NAMES = ("north", "a b", "a/b", ODD, "Country of the Customer Who Orders Most", "south", "east", "west", "up")
CATALOG = """
[events."shop.order"]
kind = "timing"
measurements.duration_ms = { unit = "ms" }
dimensions = ["place", "success"]
unique = ["user"]

[[tabs]]
id = "shop"
title = "Shop"
"""
CHART = """
[[tabs.charts]]
id = "{id}"
title = "{title}"
event = "shop.order"
{rest}
"""
RATIO = 'show = "ratio"\nnumerator = { where = { success = true } }\ndenominator = {}\ngood = "up"\n'
CHARTS = (
    ("orders", "Orders", 'show = "count"\ndraw = "stat"\nsize = "small"'),
    ("users", "Negative Temperature", 'show = "unique"\ndraw = "stat"\nsize = "small"'),
    ("paid", "Paid", f'{RATIO}draw = "stat"\nsize = "small"'),
    ("rate", "Paid of All", f'{RATIO}size = "small"'),
    ("places", "Orders by Place", 'show = "count"\ndraw = "line"\nsplit_by = "place"\nsize = "wide"'),
    ("bars", "Time by Place", 'show = "sum"\ndraw = "bar"\nsplit_by = "place"\nsize = "small"'),
)
DECLARED = CATALOG + "".join(CHART.format(id=name, title=title, rest=rest) for name, title, rest in CHARTS)
PHONE: dict[str, Any] = {"has_touch": True, "is_mobile": True}


@pytest.fixture
def shop(database: Database, serve: Serve, tmp_path: Path) -> str:
    """The address of a tab of three tiles and three charts; in the first of its two days there was less."""
    now, catalog = datetime.now(UTC), parse_catalog(DECLARED)
    insert_events(list(_orders(now)), database=database)
    roll_up_all(database, declared=catalog.declared)
    path = tmp_path / "catalog.toml"
    path.write_text(DECLARED, encoding="utf-8")
    return f"{serve(catalog=path)}?tab=shop&refresh=off"


def _orders(now: datetime) -> Iterator[dict[str, Any]]:
    for hour in range(72):
        for number, place in enumerate(NAMES):
            for one in range(number + (3 if hour < 24 else 2)):
                yield {
                    "event_name": "shop.order",
                    "measurements": {"duration_ms": 100 * number + one},
                    "metadata": {"place": place, "success": one != 1, "user": f"{hour} {one}"},
                    "occurred_at": now - timedelta(hours=hour, minutes=5),
                }


def opened(open_page: Open, url: str, width: int, height: int = 844, **more: Any) -> Page:
    page = open_page(url, viewport={"width": width, "height": height}, **more)
    wait_for_tab(page, "shop")
    for chart in ("rate", "places", "bars"):
        drawn(page, chart)
    return page


# What of an open sheet lies outside of the window or can't be seen by scrolling down alone.
OUTSIDE = """
(menu) => {
  menu.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  menu.open = true;
  return new Promise((done) => requestAnimationFrame(() => {
    const sheet = menu.querySelector(".sheet"), box = sheet.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const across = box.width && box.left >= 0 && box.right <= clientWidth;
    const down = box.top >= 0 && box.bottom <= clientHeight;
    const wrong = across && down ? [] : [`${menu.id} ${JSON.stringify(box)}`];
    if (innerWidth !== clientWidth) wrong.push("the page is zoomed out");
    if (sheet.scrollWidth > sheet.clientWidth) wrong.push(`${menu.id} is ${sheet.scrollWidth} of ${sheet.clientWidth}`);
    for (const one of sheet.querySelectorAll("a, button, input, select")) {
      const { left, right, width } = one.getBoundingClientRect();
      if (width && (left < box.left || right > box.right)) wrong.push(`${menu.id}: ${one.textContent || one.id}`);
    }
    menu.open = false;
    done(wrong);
  }));
}
"""


@pytest.mark.parametrize("width", [320, 360, 390, 640, 800, 1280])
def test_the_sheet_of_every_menu_lies_in_the_window_however_long_its_words_are(
    open_page: Open, shop: str, width: int
) -> None:
    page = opened(open_page, shop, width, 640, **(PHONE if width < 900 else {}))
    menus = page.locator("details.menu")
    shown = [each for each in menus.all() if each.is_visible()]
    assert len(shown) >= 10
    assert [wrong for each in shown for wrong in each.evaluate(OUTSIDE)] == []


def test_a_long_name_in_a_menu_is_cut_with_its_filters_beside_it(open_page: Open, shop: str) -> None:
    page = opened(open_page, shop, 320, 640, **PHONE)
    page.locator("#share-places > summary").tap()
    line = page.locator("#share-places .choices").filter(has_text=ODD)
    assert line.locator("button").evaluate("(one) => one.scrollWidth > one.clientWidth && one.title") == ODD
    line.locator("a", has_text="exclude").tap()
    expect(page.locator(".filter-text")).to_have_text(f"not place: {ODD}")


# What beside a number is not read: less than its words, or less of them than can be guessed from.
UNREAD = """
() => [...document.querySelectorAll("#board .headline > *")].filter((one) => one.checkVisibility()).flatMap((one) => {
  const box = one.closest(".card").getBoundingClientRect(), range = new Range();
  range.selectNodeContents(one);
  const words = [...range.getClientRects()];
  const isShort = one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0;
  const isCut = isShort || one.scrollHeight > one.clientHeight + 3 ||
    words.some(({ left, right, bottom }) => left < box.left || right > box.right || bottom > box.bottom);
  return isCut ? [`${one.closest(".card").id}: ${one.textContent}`] : [];
})
"""
# Of each row of cards whether all of it is equally high, and their charts begin in one line.
UNEVEN = """
() => {
  const rows = new Map();
  for (const card of document.querySelectorAll("#board .card")) {
    const box = card.getBoundingClientRect(), chart = card.querySelector(":scope > .chart")?.getBoundingClientRect();
    rows.set(box.top, [...(rows.get(box.top) ?? []), [box.height, ...(chart ? [chart.top] : [])]]);
  }
  const differ = (all) => Math.max(...all) - Math.min(...all) > 0.5;
  return [...rows.values()].filter((row) => [0, 1].some((at) => differ(row.map((one) => one[at] ?? row[0][at]))));
}
"""


@pytest.mark.parametrize(
    "query",
    ["", "&filter=place:north", "&compare=day&range=6h", "&compare=day&from=now-1d/d&to=now&res=1d"],
)
def test_what_is_said_beside_a_number_is_read_without_hovering(open_page: Open, shop: str, query: str) -> None:
    page = opened(open_page, shop + query, 320)
    for width in (320, 360, 390, 800, 1024, 1280, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate(UNREAD) == [], width
        assert page.evaluate(UNEVEN) == [], width
        cut = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"
        assert page.locator("#board .card.tile h2").evaluate_all(cut) == [], width


# Of each crosshair what its box of values covers: the chip of the moment, or more of the line than lets it be seen.
COVERED = """
() => [...document.querySelectorAll(".reader[data-on]")].flatMap((reader) => {
  const [line, chip, box] = [".cross-line", ".cross-time", ".cross-values"].map((one) =>
    reader.querySelector(one).getBoundingClientRect());
  const over = (one) => Math.max(0, Math.min(one.bottom, box.bottom) - Math.max(one.top, box.top)) *
    (one.left < box.right && box.left < one.right + 1);
  const wrong = [...(over(chip) ? ["the chip"] : []), ...(over(line) > 0.62 * line.height ? ["the line"] : [])];
  return wrong.map((one) => `${reader.id}: ${one}`);
})
"""


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (1280, 700)])
def test_a_long_crosshair_covers_neither_its_moment_nor_its_line(
    open_page: Open, shop: str, size: tuple[int, int]
) -> None:
    page = opened(open_page, shop, *size, **(PHONE if size[0] < 900 else {}))
    for chart in ("places", "bars"):
        for across in (0.05, 0.3, 0.5, 0.7, 0.95):
            place = point(page, chart, across)
            page.touchscreen.tap(*place) if size[0] < 900 else page.mouse.move(*place)
            frames(page)
            expect(page.locator(f"#reader-{chart}[data-on]")).to_have_count(1)
            assert page.evaluate(COVERED) == [], (chart, across)
    *rows, more = page.locator("#reader-bars .cross-values").inner_text().split("\n")[::2]
    assert more.strip() == f"+{9 - len(rows)} more"
    assert rows[0].startswith("up")


SPAN = f"&from={datetime.now(UTC) - timedelta(hours=40):%Y-%m-%dT%H:%MZ}&to={datetime.now(UTC):%Y-%m-%dT%H:%MZ}"


@pytest.mark.parametrize("query", ["", "&compare=period&refresh=60", SPAN, f"&compare=period{SPAN}"])
def test_a_narrow_phone_has_its_controls_in_two_rows(open_page: Open, shop: str, query: str) -> None:
    page = opened(open_page, shop + query, 320, **PHONE)
    tops = "(all) => [...new Set(all.filter((one) => one.checkVisibility()).map((one) => one.offsetTop))].length"
    for width in (320, 344, 360, 375, 390, 430):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.locator(".controls > *").evaluate_all(tops) == 2, width
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (430, 900), (844, 390)])
def test_nothing_moves_when_a_range_is_chosen(open_page: Open, shop: str, size: tuple[int, int]) -> None:
    page = opened(open_page, shop, *size, **PHONE)
    top = "() => document.querySelector('#board .card').getBoundingClientRect().top"
    before = page.evaluate(top)
    span = dict(each.split("=") for each in SPAN[1:].split("&"))
    page.evaluate("(span) => metrics.url.go({ range: '', ...span })", span)
    expect(page.locator("#go-live")).to_be_visible()
    page.wait_for_function("() => !metrics.shown.isPending()")
    assert page.evaluate(top) == before
    label = page.locator("#custom-label")
    assert label.get_attribute("title") == label.text_content()
    assert "–" in str(label.text_content())
    assert label.evaluate("(one) => one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth")


@pytest.mark.parametrize("width", [320, 390])
def test_when_the_picture_is_of_is_read_beside_the_longest_title(open_page: Open, shop: str, width: int) -> None:
    page = opened(open_page, shop, width, **PHONE)
    page.evaluate("document.querySelector('h1').textContent = 'A title that is far longer than a phone is wide'")
    words = page.locator("#freshness-text")
    expect(words).to_contain_text("Refresh is off · complete through")
    assert words.evaluate("(one) => one.scrollHeight <= one.clientHeight")


def test_a_chosen_tab_too_long_for_the_row_ends_in_dots(open_page: Open, shop: str) -> None:
    page = opened(open_page, shop, 320, **PHONE)
    tab = page.locator("#tab-shop")
    tab.evaluate("(tab) => { tab.textContent = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerk'; }")
    assert (
        tab.evaluate("""(tab) => {
      const row = tab.parentElement.getBoundingClientRect(), { right } = tab.getBoundingClientRect();
      return right <= row.right && tab.scrollWidth > tab.clientWidth && getComputedStyle(tab).textOverflow;
    }""")
        == "ellipsis"
    )


# Labels of time axes that run into the next, line by line.
CROWDED = """
() => [...document.querySelectorAll("#board .chart .xaxislayer-above")].flatMap((axis) => {
  const lines = new Map();
  for (const text of axis.querySelectorAll("text")) {
    const parts = text.querySelectorAll("tspan");
    for (const part of parts.length ? parts : [text]) {
      const { left, right, top } = part.getBoundingClientRect(), line = Math.round(top / 6);
      /* Plotly leaves out a label that would end outside of its graph. */
      if (left === right) continue;
      lines.set(line, [...(lines.get(line) ?? []), { left, right, said: part.textContent }]);
    }
  }
  return [...lines.values()].flatMap((all) => all
    .sort((one, two) => one.left - two.left)
    .filter((one, at) => at && one.left <= all[at - 1].right).map((one) => one.said));
})
"""


@pytest.mark.parametrize("width", [280, 320, 360])
def test_no_moment_of_an_axis_runs_into_the_next(open_page: Open, shop: str, width: int) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    page = opened(open_page, f"{shop}&tz=UTC", width, **PHONE)
    for before, hours in ((11, 24), (7, 24), (2, 12), (20, 48)):
        start = midnight - timedelta(hours=before)
        span = [f"{each:%Y-%m-%dT%H:%MZ}" for each in (start, start + timedelta(hours=hours))]
        page.evaluate("([from, to]) => metrics.url.go({ range: '', from, to })", span)
        page.wait_for_function("() => !metrics.shown.isPending()")
        frames(page)
        for chart in ("rate", "places", "bars"):
            drawn(page, chart)
        assert page.evaluate(CROWDED) == [], (before, hours)
