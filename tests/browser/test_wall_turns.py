"""What a wall shows in turn, beside its tabs: pages of a tab with more charts than fit, and a dimension's values."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from metrics_dash.catalog import DEFAULT_PATH
from tests.browser.conftest import CATALOG, Serve
from tests.browser.test_wall import open_wall, tab_of, wait_for_begin, wait_for_turn
from tests.support.looking import reload

Open = Callable[..., Page]
# The charts of its tab.
AUTH = len(CATALOG.tab("auth").charts)
MANY = 13

# The cards that can be seen whole, and how high they are; and those that can be seen in part.
SEEN = """
() => {
  const room = document.getElementById("board").getBoundingClientRect();
  const scale = Number(getComputedStyle(document.documentElement).getPropertyValue("--wall"));
  const boxes = [...document.querySelectorAll("#board .card")].map((card) => [card.id, card.getBoundingClientRect()]);
  const within = ([, box]) => box.top >= room.top - 1 && box.bottom <= room.bottom + 1;
  const touches = ([, box]) => box.top < room.bottom - 1 && box.bottom > room.top + 1;
  const drawn = [...document.querySelectorAll("#board .card")].every((card) => card.querySelector(".xtick text"));
  return {
    whole: boxes.filter(within).map(([id]) => id), least: Math.min(...boxes.map(([, box]) => box.height)) / scale,
    partly: boxes.filter((one) => touches(one) && !within(one)).map(([id]) => id), drawn,
    page: [document.documentElement.scrollWidth, document.documentElement.scrollHeight],
  };
}
"""


COUNT = 'event = "bezgelor.auth.login_complete"\nshow = "count"'
# What stands beside its number takes a line of its own in a narrow card.
PERCENTILE = 'event = "bezgelor.creature.killed"\nmeasurement = "xp_reward"\nshow = "p95"'
TABLE = 'event = "bezgelor.creature.killed"\nshow = "count"\ndraw = "top"\nsplit_by = "zone"'


def catalog_of(path: Path, *charts: str) -> Path:
    """The default catalog with a first tab of these charts more."""
    many = "".join(
        f'[[tabs.charts]]\nid = "many-{number}"\ntitle = "Number {number}"\n{chart}\n\n'
        for number, chart in enumerate(charts)
    )
    events, mark, tabs = DEFAULT_PATH.read_text(encoding="utf-8").partition("[[tabs]]\n")
    path.write_text(f'{events}[[tabs]]\nid = "many"\ntitle = "Many"\n\n{many}{mark}{tabs}', encoding="utf-8")
    return path


@pytest.fixture
def crowded(history: object, serve: Serve, tmp_path: Path) -> str:
    """The address of a page with a first tab of so many charts that a wall can't show all at once."""
    return serve(catalog=catalog_of(tmp_path / "catalog.toml", *[COUNT] * MANY))


@pytest.fixture
def wordy(history: object, serve: Serve, tmp_path: Path) -> str:
    """As ``crowded``, with more to say in some of its cards."""
    kinds = [PERCENTILE, TABLE, COUNT]
    return serve(catalog=catalog_of(tmp_path / "catalog.toml", *[kinds[number % 3] for number in range(MANY)]))


# How high the charts and the tables of the tab are (px of the design), and how many rows each of the tables shows.
ROOM = """
() => {
  const scale = Number(getComputedStyle(document.documentElement).getPropertyValue("--wall"));
  const bottom = (element) => element.getBoundingClientRect().bottom;
  const shown = (table) => [...table.querySelectorAll("tbody tr")].filter((row) => bottom(row) <= bottom(table) + 1);
  return {
    charts: [...document.querySelectorAll("#grid-many .chart")].map((chart) => chart.clientHeight / scale),
    rows: [...document.querySelectorAll("#grid-many .ranking")].map((table) => shown(table).length),
  };
}
"""


def seen(page: Page) -> dict[str, Any]:
    page.wait_for_function(f"() => ({SEEN})().drawn")
    found: dict[str, Any] = page.evaluate(SEEN)
    return found


def next_page(page: Page, number: int) -> None:
    page.clock.fast_forward(30_000)
    page.wait_for_function("(number) => metrics.pages.present() === number", arg=number)


@pytest.mark.parametrize(("width", "height", "pages"), [(1920, 1080, 2), (1366, 768, 2), (1080, 1920, 2)])
def test_more_charts_than_fit_come_by_in_pages_of_readable_cards(
    open_page: Open, crowded: str, width: int, height: int, pages: int
) -> None:
    page = open_wall(open_page, crowded, "tab=many&rotate=30", viewport={"width": width, "height": height})
    came_by: list[str] = []
    for number in range(pages):
        if number:
            next_page(page, number)
        expect(page.locator("#wall-part")).to_have_text(f"{number + 1} / {pages}")
        shown = seen(page)
        assert shown["page"] == [width, height]
        assert shown["partly"] == []
        assert shown["least"] >= 240
        came_by += shown["whole"]
    assert came_by == [f"card-many-{number}" for number in range(MANY)]
    expect(page.locator("#wall-next")).to_contain_text("next: Server in ")
    page.clock.fast_forward(30_000)
    wait_for_turn(page, "server")
    expect(page.locator("#wall-part")).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 720), (3840, 2160), (1080, 1920)])
def test_no_chart_is_lower_than_can_be_read_whatever_stands_beside_its_number(
    open_page: Open, wordy: str, width: int, height: int
) -> None:
    page = open_wall(open_page, wordy, "tab=many&range=24h&compare=day", viewport={"width": width, "height": height})
    assert page.locator("#grid-many .change:visible").count() >= MANY // 2
    page.wait_for_function("least => metrics.pages.count() > least", arg=1)
    room = page.evaluate(ROOM)
    assert len(room["charts"]) == MANY
    assert min(room["charts"]) >= 120
    assert min(room["rows"]) >= 1


def test_a_turn_begins_when_its_charts_are_drawn(open_page: Open, page_url: str) -> None:
    page = open_page("about:blank")
    page.clock.install()
    # Charts are drawn when the browser has time for them, and here it has none.
    page.add_init_script("""
        window.held = [];
        Object.defineProperty(window, "scheduler", { value: { postTask: (work) => held.push(work) }, writable: true });
    """)
    page.goto(f"{page_url}?kiosk=1&rotate=30")
    page.wait_for_selector("#grid-server [data-waiting]")
    expect(page.locator("#wall-next")).to_contain_text("next: Auth, waiting")
    page.clock.fast_forward(40_000)
    page.clock.run_for(2_000)
    expect(page.locator("#wall-next")).to_contain_text("next: Auth, waiting")
    assert tab_of(page) == "server"
    assert page.locator("#grid-server [data-waiting]").count() >= len(CATALOG.tab("server").charts)
    page.evaluate("window.scheduler = null; held.forEach((work) => work())")
    wait_for_begin(page)
    page.clock.fast_forward(30_000)
    wait_for_turn(page, "auth")


def test_pages_of_a_tab_that_stays_come_round_again(open_page: Open, crowded: str) -> None:
    page = open_wall(open_page, crowded, "tab=many")
    expect(page.locator("#wall-next")).to_contain_text("next: page 2 of 2 in ")
    next_page(page, 1)
    next_page(page, 0)
    assert "tab=many" in page.url


def test_arrows_turn_pages_and_hold_them_and_a_tick_leaves_the_page(open_page: Open, crowded: str) -> None:
    page = open_wall(open_page, crowded, "tab=many&rotate=30&refresh=1")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#wall-part")).to_have_text("2 / 2")
    expect(page.locator("#wall-next")).to_have_text("next: Server, held")
    for _ in range(2):
        before = page.evaluate("metrics.answer.number")
        page.clock.run_for(2_000)
        page.wait_for_function("(before) => metrics.answer.number > before", arg=before)
    expect(page.locator("#wall-part")).to_have_text("2 / 2")
    page.keyboard.press("ArrowRight")
    wait_for_turn(page, "server")
    page.keyboard.press("ArrowLeft")
    wait_for_turn(page, "many")
    expect(page.locator("#wall-part")).to_have_text("2 / 2")


def test_a_screen_of_another_shape_may_need_no_pages(open_page: Open, crowded: str) -> None:
    page = open_wall(open_page, crowded, "tab=many", viewport={"width": 1920, "height": 1080})
    expect(page.locator("#wall-part")).to_have_text("1 / 2")
    page.set_viewport_size({"width": 1300, "height": 1200})
    expect(page.locator("#wall-part")).to_be_hidden()
    assert len(seen(page)["whole"]) == MANY
    page.set_viewport_size({"width": 1920, "height": 1080})
    expect(page.locator("#wall-part")).to_have_text("1 / 2")
    page.keyboard.press("Escape")
    expect(page.locator(".sidebar")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.grid')).translate") == "none"


# Value by value


def shown_cards(page: Page) -> list[str]:
    found: list[str] = page.evaluate("[...document.querySelectorAll('#board .card')].map((card) => card.id)")
    return found


def wait_for_value(page: Page, tab: str, value: str) -> None:
    page.wait_for_function(
        """([tab, value]) => metrics.url.get("tab") === tab && metrics.url.get("value") === value &&
        (metrics.answer?.rotation?.value ?? "") === value""",
        arg=[tab, value],
    )


def test_a_wall_goes_through_the_values_of_a_dimension_before_the_next_tab(open_page: Open, page_url: str) -> None:
    page = open_wall(open_page, page_url, "tab=auth&range=1h&rotate=30&rotate_by=success")
    length = page.evaluate("history.length")
    expect(page.locator("#board .card")).to_have_count(AUTH)
    for number in range(1, page.evaluate("metrics.pages.count()")):
        next_page(page, number)
    for value in ("true", "false"):
        expect(page.locator("#wall-next")).to_contain_text(f"next: success: {value} in ")
        page.clock.fast_forward(30_000)
        wait_for_value(page, "auth", value)
        expect(page.locator("#wall-part")).to_have_text(f"success: {value}")
        expect(page.locator("#board .card")).to_have_count(3)
        assert shown_cards(page) == ["card-login-rate", "card-login-results", "card-login-time-p95"]
        expect(page.locator("#card-login-results .what")).to_contain_text(f"total of success: {value}")
        page.wait_for_function(
            """(value) => metrics.graphs.all().length === 3 && metrics.graphs.all().every(({ _fullLayout: { meta } }) =>
            Object.values(meta.series).every(({ name }) => name === "" || name === value))""",
            arg=value,
        )
        wait_for_begin(page)
    page.clock.fast_forward(30_000)
    wait_for_turn(page, "gameplay")
    expect(page.locator("#wall-part")).to_be_hidden()
    expect(page.locator("#board .card")).to_have_count(3)
    assert page.evaluate("history.length") == length


def test_a_value_keeps_its_colour_and_its_turn_when_the_page_is_loaded_anew(open_page: Open, page_url: str) -> None:
    # Of a bucket that is unfinished, which one is or not by the minute, the bar is pale and its hatch has the colour.
    colours = """() => Object.fromEntries((metrics.graphs.drawing("login-results")?._fullData ?? [])
      .filter((one) => one.meta === "value")
      .map(({ legendgroup, marker, line }) => [
        metrics.graphs.drawing("login-results")._fullLayout.meta.series[legendgroup].name,
        marker?.pattern?.shape ? marker.pattern.fgcolor : (marker?.color ?? line.color)]))"""
    page = open_wall(open_page, page_url, "tab=auth&range=1h&rotate=30&rotate_by=success")
    page.wait_for_function(f"() => Object.keys(({colours})()).length === 2")
    whole = page.evaluate(colours)
    page.keyboard.press("ArrowRight")
    wait_for_value(page, "auth", "true")
    reload(page)
    wait_for_value(page, "auth", "true")
    page.wait_for_function(f"() => Object.keys(({colours})()).length === 1")
    assert page.evaluate(colours) == {"true": whole["true"]}
    page.keyboard.press("Escape")
    expect(page.locator("#board .card")).to_have_count(AUTH)
    assert "value" not in page.url


def test_an_unknown_dimension_is_said_on_the_page(open_page: Open, page_url: str) -> None:
    page = open_wall(open_page, page_url, "tab=auth&rotate_by=colour")
    expect(page.locator("#unread")).to_contain_text("rotate_by: 'colour' is not known; use one of success, realm, zone")
    expect(page.locator("#board .card")).to_have_count(AUTH)
