"""A table of values in Chromium: drawn, kept in place by ticks, on a phone, on a wall, on paper, and taken away."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from db.collectors import REFUSED_EVENT, refused_pair
from db.engine import Database
from db.events import insert_events
from metrics_dash.catalog import DEFAULT_PATH, parse_catalog
from metrics_dash.jobs.rollup import roll_up_all
from tests.browser.conftest import Serve
from tests.support.looking import text, wait_for_tab, wait_for_ticks

Open = Callable[..., Page]
KILLED = "bezgelor.creature.killed"
ODD = '<b onclick="window.hit = 1">"a" & b</b>'
TAB = """
[[tabs]]
id = "zones"
title = "Zones"

[[tabs.charts]]
id = "by-zone"
title = "Killed by Zone"
event = "bezgelor.creature.killed"
show = "count"
draw = "top"
split_by = "zone"
good = "up"

[[tabs.charts]]
id = "xp"
title = "XP by Tier"
event = "bezgelor.creature.killed"
show = "p95"
draw = "top"
split_by = "creature_tier"
"""
DECLARED = DEFAULT_PATH.read_text(encoding="utf-8") + TAB
ROWS = "#card-by-zone .ranking tbody tr"
CELLS = """(rows) => rows.map((row) => [...row.cells].slice(0, 4).map((cell) => cell.textContent))"""


def kill(zone: str, number: int, ago: float) -> list[dict[str, Any]]:
    moment = datetime.now(UTC) - timedelta(minutes=ago)
    about = {"event_name": KILLED, "measurements": {"xp_reward": 5}, "occurred_at": moment}
    return [{**about, "metadata": {"zone": zone, "creature_tier": "elite"}} for _ in range(number)]


def store(database: Database, *events: list[dict[str, Any]]) -> None:
    catalog = parse_catalog(DECLARED)
    insert_events([one for many in events for one in many], database=database)
    roll_up_all(database, declared=catalog.declared)


@pytest.fixture
def zones(database: Database, serve: Serve, tmp_path: Path) -> str:
    """The address of a tab of two tables; in the first 20 zones have rows, and four are among the others."""
    small = [kill(f"zone {number:02}", 3, 20) for number in range(22)]
    store(database, kill("forest", 60, 20), kill(ODD, 30, 20), *small, kill("forest", 40, 90), kill("old", 1, 150))
    path = tmp_path / "catalog.toml"
    path.write_text(DECLARED, encoding="utf-8")
    return f"{serve(catalog=path)}?tab=zones&range=1h"


def cells(page: Page, rows: str = ROWS) -> list[list[str]]:
    found: list[list[str]] = page.locator(rows).evaluate_all(CELLS)
    return [[cell.replace("\u202f", " ") for cell in row] for row in found]


def test_rows_say_what_there_is_and_add_up_to_the_number_above_them(open_page: Open, zones: str) -> None:
    page = open_page(zones)
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    shown, (rest,) = cells(page), cells(page, "#card-by-zone .ranking tfoot tr")
    assert shown[0] == ["forest", "60", "38.5 %", "+50.0 %"]
    assert shown[1] == [ODD, "30", "19.2 %", "–"]
    assert rest[:2] == ["other", "12"]
    assert sum(int(row[1]) for row in (*shown, rest)) == int(text(page, "#card-by-zone .number")) == 156
    assert page.locator("#card-by-zone .ranking b").count() == 0
    assert page.evaluate("window.hit") is None
    expect(page.locator("#card-by-zone .graph")).to_be_hidden()
    expect(page.locator("#card-xp .ranking tbody tr")).to_have_count(1)
    assert page.locator("#card-xp .ranking .share").count() == 0


def test_a_tick_changes_numbers_and_neither_scrolls_nor_moves_a_row(
    open_page: Open, zones: str, database: Database
) -> None:
    page = open_page(zones)
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    page.locator(ROWS).first.evaluate("(row) => { row.kept = true; row.closest('.ranking').scrollTop = 60; }")
    shifts = """() => { window.shifts = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.shifts += one.value; }))
            .observe({ type: 'layout-shift' }); }"""
    page.evaluate(shifts)
    store(database, kill("forest", 7, 10))
    expect(page.locator(f"{ROWS}:first-child .amount")).to_have_text("67")
    wait_for_ticks(page)
    assert page.locator(ROWS).first.evaluate("(row) => row.kept && row.closest('.ranking').scrollTop") == 60
    assert page.evaluate("window.shifts") == 0


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_has_room_for_value_number_and_change(open_page: Open, zones: str, width: int) -> None:
    page = open_page(zones, viewport={"width": width, "height": 700})
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    table = page.locator("#card-by-zone .ranking")
    assert table.evaluate("(table) => table.scrollWidth <= table.clientWidth")
    for kind in ("value", "amount", "moved"):
        expect(page.locator(f"{ROWS}:first-child .{kind}")).to_be_visible()
    expect(page.locator(f"{ROWS}:first-child .trend")).to_be_hidden()
    assert page.locator(f"{ROWS}:first-child .value").evaluate("(cell) => cell.clientWidth") >= 70
    assert page.locator(f"{ROWS}:first-child .amount").evaluate("(cell) => cell.scrollWidth <= cell.clientWidth")


def test_all_rows_are_reached_by_keys_and_hold_no_control_but_their_filters(open_page: Open, zones: str) -> None:
    page = open_page(zones)
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    table = page.locator("#card-by-zone .ranking")
    assert table.locator("a:not([data-filter]), button, [tabindex]").count() == 0
    table.focus()
    page.keyboard.press("End")
    page.wait_for_function("() => document.querySelector('#card-by-zone .ranking').scrollTop > 0")
    foot = page.locator("#card-by-zone .ranking tfoot th")
    expect(foot).to_be_in_viewport()
    assert page.locator("#card-by-zone [role=status]").count() == 0
    expect(page.get_by_role("table", name="Killed by Zone: total by zone")).to_be_visible()


# Of whatever is reached with the tab key in the table, how much lies behind its head or foot, px.
HIDDEN = """
(place) => {
  const box = document.activeElement.getBoundingClientRect();
  const [head, foot] = [place.tHead, place.tFoot].map((part) => part.rows[0].cells[1].getBoundingClientRect());
  return Math.max(head.bottom - box.top, box.bottom - foot.top);
}
"""


def on_a_narrow_screen(open_page: Open, url: str, *, touch: bool) -> Page:
    screen = {"width": 390, "height": 844}
    page = open_page(f"{url}&refresh=off", viewport=screen, has_touch=touch, is_mobile=touch)
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    return page


@pytest.mark.parametrize("touch", [True, False])
def test_what_has_the_focus_lies_clear_of_head_and_foot(open_page: Open, zones: str, touch: bool) -> None:
    page = on_a_narrow_screen(open_page, zones, touch=touch)
    place = page.locator("#card-by-zone .ranking")
    for key in ("Tab", "Shift+Tab"):
        place.evaluate(
            "(place, last) => (last ? [...place.querySelectorAll('a')].at(-1) : place).focus()", key != "Tab"
        )
        stops, hidden = 0, []
        while True:
            page.keyboard.press(key)
            if not place.evaluate(
                "(place) => place !== document.activeElement && place.contains(document.activeElement)"
            ):
                break
            stops += 1
            hidden.append(place.locator("table").evaluate(HIDDEN))
        assert stops >= 20
        assert max(hidden) <= 0, [round(one) for one in hidden]


@pytest.fixture
def alone(database: Database, serve: Serve, tmp_path: Path) -> str:
    """The address of a tab of one table of 20 rows."""
    declared = DECLARED[: DECLARED.index('[[tabs.charts]]\nid = "xp"')]
    store(database, *(kill(f"zone {number:02}", 3, 20) for number in range(22)))
    path = tmp_path / "catalog.toml"
    path.write_text(declared, encoding="utf-8")
    return f"{serve(catalog=path)}?tab=zones&range=1h&refresh=off"


@pytest.mark.parametrize(("height", "whole"), [(1500, True), (844, False)])
def test_a_table_that_is_all_of_a_tab_is_as_high_as_its_rows_on_a_phone(
    open_page: Open, alone: str, height: int, whole: bool
) -> None:
    page = open_page(alone, viewport={"width": 390, "height": height}, has_touch=True, is_mobile=True)
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    place = page.locator("#card-by-zone .ranking")
    assert place.evaluate("(place) => place.scrollHeight <= place.clientHeight") == whole
    part = place.evaluate("(place) => place.clientHeight / innerHeight")
    assert part <= 0.6 if whole else part == pytest.approx(0.6, abs=0.01)


def test_the_head_stays_above_the_rows_that_are_scrolled(open_page: Open, zones: str) -> None:
    page = open_page(f"{zones}&refresh=off", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    page.locator("#card-by-zone .ranking").evaluate("(place) => place.scrollTo(0, 130)")
    met = page.locator("#card-by-zone thead th:visible").evaluate_all("""
      (heads) => heads.map((head) => {
        const { left, top, width, height } = head.getBoundingClientRect();
        return head.contains(document.elementFromPoint(left + width / 2, top + height / 2));
      })
    """)
    assert met
    assert all(met)


def test_it_is_read_from_afar_and_fills_the_screen_and_the_paper(open_page: Open, zones: str) -> None:
    page = open_page(f"{zones}&kiosk=1", viewport={"width": 1920, "height": 1080})
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    size = "(row) => Number.parseFloat(getComputedStyle(row).fontSize)"
    assert page.locator(ROWS).first.evaluate(size) >= 20
    shown = page.locator(".ranking").first.evaluate("""(place) => {
      const [bottom, foot] = [place.getBoundingClientRect().bottom, place.querySelector("tfoot").offsetHeight];
      const room = bottom - foot - Number.parseFloat(getComputedStyle(place, "::after").height);
      const ends = [...place.querySelectorAll("tbody tr")].map((row) => row.getBoundingClientRect().bottom);
      return { more: place.dataset.more, whole: ends.filter((end) => end <= room + 1).length,
               cut: ends.some((end) => end > room + 1 && end < room + 20) };
    }""")
    assert shown == {"more": f"and {20 - shown['whole']} more", "whole": shown["whole"], "cut": False}
    assert 0 < shown["whole"] < 20
    assert page.evaluate("metrics.graphs.areDrawn(metrics.dom.find('grid-zones'))"), "no turn waits for a chart here"
    page = open_page(zones)
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    page.click("#share-by-zone > summary")
    page.click("#share-by-zone [data-open=full]")
    expect(page.locator(ROWS).last).to_be_in_viewport()
    page.keyboard.press("Escape")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    whole = "(table) => table.scrollHeight <= table.clientHeight"
    assert page.locator("#card-by-zone .ranking").evaluate(whole)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_in_the_pictures_of_its_chart_and_of_its_tab(
    open_page: Open, zones: str, theme: str, tmp_path: Path
) -> None:
    page = open_page(f"{zones}&refresh=off")
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    soft = page.evaluate("(theme) => metrics.page.colours[theme]['accent-soft']", theme)
    colour = tuple(int(soft[at : at + 2], 16) for at in (1, 3, 5))
    for menu in ("#share-by-zone", "#share-tab"):
        page.click(f"{menu} > summary")
        with page.expect_download() as saved:
            page.click(f"{menu} [data-export=png][data-look={theme}]")
        path = tmp_path / f"{menu[1:]}.png"
        saved.value.save_as(path)
        pixels = Image.open(path).convert("RGB")
        found = {seen: many for many, seen in pixels.getcolors(1 << 24) or []}
        assert found.get(colour, 0) > 2000, "the bars of shares"


def test_a_value_that_stands_alone_is_a_dot_in_a_picture_too(open_page: Open, zones: str, tmp_path: Path) -> None:
    page = open_page(f"{zones}&refresh=off")
    wait_for_tab(page, "zones")
    expect(page.locator("#card-xp .ranking path.lone")).to_have_count(1)
    page.click("#share-xp > summary")
    with page.expect_download() as saved:
        page.click("#share-xp [data-export=png][data-look=light]")
    path = tmp_path / "xp.png"
    saved.value.save_as(path)
    accent = page.evaluate("() => metrics.page.colours.light.accent")
    colour = tuple(int(accent[at : at + 2], 16) for at in (1, 3, 5))
    found = {seen: many for many, seen in Image.open(path).convert("RGB").getcolors(1 << 24) or []}
    assert found.get(colour, 0) >= 4


def test_its_numbers_are_taken_away_as_a_table(open_page: Open, zones: str, tmp_path: Path) -> None:
    page = open_page(f"{zones}&refresh=off")
    wait_for_tab(page, "zones")
    page.click("#share-by-zone > summary")
    with page.expect_download() as saved:
        page.click("#share-by-zone [data-export=csv]")
    saved.value.save_as(tmp_path / "rows.csv")
    rows = list(csv.DictReader((tmp_path / "rows.csv").open(encoding="utf-8")))
    assert list(rows[0]) == ["zone", "count", "share", "before", "change"]
    assert [rows[0][name] for name in ("zone", "count", "before", "change")] == ["forest", "60", "40", "0.5"]
    assert sum(float(row["share"]) for row in rows) == pytest.approx(1)
    page.click("#share-by-zone > summary")
    page.click("#share-by-zone [data-open=table]")
    expect(page.locator("#details thead button")).to_have_text(
        ["zone", "total", "share, %", "before", "vs 1\u202fh before, %"]
    )
    expect(page.locator("#details tbody tr:first-child th")).to_have_text("forest")
    expect(page.locator("#details tfoot td").first).to_have_text("156")


def test_refused_events_of_its_own_are_said_below_it_and_hide_no_row(
    open_page: Open, zones: str, database: Database
) -> None:
    about = {"reason": "buffer_full", "what": refused_pair(KILLED, "buffer_full")}
    moment = datetime.now(UTC) - timedelta(minutes=8)
    store(
        database,
        [{"event_name": REFUSED_EVENT, "measurements": {"events": 3}, "metadata": about, "occurred_at": moment}],
    )
    page = open_page(zones)
    wait_for_tab(page, "zones")
    foot = page.locator("#card-by-zone .refused-foot")
    expect(foot).to_contain_text("refused: buffer_full")
    expect(foot).to_be_in_viewport()
    rest = page.locator("#card-by-zone .ranking tfoot th").bounding_box()
    below = foot.bounding_box()
    assert rest is not None
    assert below is not None
    assert rest["y"] + rest["height"] <= below["y"] + 1


def test_it_says_why_it_has_no_rows_and_has_them_again(open_page: Open, zones: str) -> None:
    page = open_page(f"{zones}&from=now-300d&to=now-299d")
    message = page.locator("#card-by-zone .message")
    expect(message).to_contain_text("No data available for this time range")
    expect(page.locator("#card-by-zone .ranking")).to_be_hidden()
    page.click("#range-1h")
    expect(page.locator(ROWS)).to_have_count(20)
    expect(message).to_have_count(0)


def test_its_menu_offers_other_dimensions_and_no_table_without_one(open_page: Open, zones: str) -> None:
    page = open_page(f"{zones}&split=by-zone:-")
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    expect(page.locator(".unread")).to_contain_text("by-zone:-")
    page.click("#share-by-zone > summary")
    expect(page.locator("#share-by-zone [data-split]")).to_have_text(["Split by zone", "Split by creature_tier"])
    page.click("#share-by-zone [data-split='by-zone:creature_tier']")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(f"{ROWS} bdi")).to_have_text("elite")


def test_a_row_filters_the_tab_by_its_value_or_by_all_but_it(open_page: Open, zones: str) -> None:
    page = open_page(zones)
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    first = page.locator(ROWS).first
    name = first.locator("bdi").inner_text()
    first.locator("bdi a").click()
    expect(page.locator(".filter-text")).to_have_text(f"zone: {name}")
    expect(page.locator(ROWS)).to_have_count(1)
    page.locator("#filter a").click()
    expect(page.locator(ROWS)).to_have_count(20)
    first.hover()
    first.locator(".exclude").click()
    expect(page.locator(".filter-text")).to_have_text(f"not zone: {name}")
    expect(page.locator(ROWS).first.locator("bdi")).not_to_have_text(name)


# What a finger meets across the names of a table, from the upper edge of each row to its lower one: nothing, or what
# can be seen there; of a name all of its cell.
MET = """
(rows) => rows.flatMap((row) => {
  row.scrollIntoView({ block: "center", behavior: "instant" });
  const name = row.querySelector("bdi a"), cell = row.cells[0].getBoundingClientRect();
  const [y, reach] = [cell.top + cell.height / 2, 19];
  const wrong = cell.height > 41 || cell.height < 39 ? [`${cell.height} px high`] : [];
  for (let x = cell.left + 3; x < row.getBoundingClientRect().right - 2; x += 6) {
    for (const down of [-reach, 0, reach]) {
      const link = document.elementFromPoint(x, y + down)?.closest("a");
      const isSeen = link?.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      if (link && !isSeen) wrong.push("an unseen link");
      else if (x < cell.right - 2 && link !== name) wrong.push(`not its name at ${x - cell.left}, ${down}`);
    }
  }
  return [...new Set(wrong)].slice(0, 3);
})
"""


@pytest.mark.parametrize("width", [320, 390, 820])
def test_a_finger_on_a_row_meets_its_name_and_nothing_that_is_unseen(open_page: Open, zones: str, width: int) -> None:
    screen = {"width": width, "height": 844}
    page = open_page(f"{zones}&refresh=off", viewport=screen, has_touch=True, is_mobile=True)
    wait_for_tab(page, "zones")
    expect(page.locator(ROWS)).to_have_count(20)
    assert page.locator(ROWS).evaluate_all(MET) == []
    first = page.locator(f"{ROWS} th").first
    box = first.bounding_box()
    assert box is not None
    first.tap(position={"x": box["width"] - 6, "y": box["height"] - 4})
    expect(page.locator(".filter-text")).to_have_text("zone: forest")


@pytest.mark.parametrize("touch", [True, False])
def test_what_no_finger_finds_in_a_row_is_in_the_menu(open_page: Open, zones: str, touch: bool) -> None:
    page = on_a_narrow_screen(open_page, zones, touch=touch)
    page.locator("#card-by-zone .card-tools summary").last.click()
    values = page.locator("#card-by-zone [data-series] .choices")
    if not touch:
        expect(page.locator("#card-by-zone [data-series]")).to_be_hidden()
        return
    expect(values).to_have_count(20)
    expect(values.first.locator("span")).to_have_text("forest")
    values.first.get_by_text("exclude").click()
    expect(page.locator(".filter-text")).to_have_text("not zone: forest")
