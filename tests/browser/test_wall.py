"""The page on a wall: it fills the screen, its tabs take turns, and whatever happens to the server it comes back.

The application is a process of its own that is killed, frozen and restarted; PostgreSQL is stopped and started. Waiting
for minutes and hours is left to Playwright's clock, which moves the page's time.
"""

import re
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from db.engine import Database
from db.events import insert_events
from db.migrate import migrate
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.web.paths import BASE_PATH
from tests.browser.conftest import CATALOG
from tests.support.looking import wait_for_tab
from tests.support.processes import Process, data_folder, free_port, running

Open = Callable[..., Page]
TABS = [tab.id for tab in CATALOG.tabs]
SIZES = [(1920, 1080), (3840, 2160), (1080, 1920), (1366, 768), (2560, 1080)]
QUESTIONS = "**/_dash-update-component*"

# No two walls reload in the same moment; a test need not wait for its turn.
NO_JITTER = "Math.random = () => 0;"

LAYOUT = """
() => {
  const shown = (element) => element && element.getClientRects().length > 0;
  const box = (element) => ["left", "top", "right", "bottom"].map((side) => element.getBoundingClientRect()[side]);
  const chrome = [".sidebar", ".controls", ".card-tools"];
  const words = [...document.querySelectorAll(".headline, h2, .pill, .tabs, h1")];
  const cut = (element) => element.scrollWidth > element.clientWidth + 1;
  const size = (selector) => parseFloat(getComputedStyle(document.querySelector(selector)).fontSize);
  const tick = document.querySelector(".js-plotly-plot .xtick text");
  return {
    page: [document.documentElement.scrollWidth, document.documentElement.scrollHeight],
    chrome: chrome.filter((name) => shown(document.querySelector(name))),
    cards: [...document.querySelectorAll(".card")].map(box),
    drawings: [...document.querySelectorAll(".card")].map((card) => box(card.querySelector(".main-svg"))),
    foot: box(document.getElementById("footer")),
    cut: words.filter(cut).map((element) => element.textContent),
    number: size(".number"), title: size("h2"), axis: tick.getBoundingClientRect().height,
  };
}
"""

EVERY_AXIS_DRAWN = """
(tab) => [...document.querySelectorAll(`#grid-${tab} .card`)].every((card) => card.querySelector(".xtick text"))
"""


def open_wall(open_page: Open, url: str, query: str = "rotate=30", *, clock: bool = True, **options: Any) -> Page:
    """A wall with its first tab drawn. With ``clock`` the page's time can be moved."""
    page = open_page("about:blank", **options)
    if clock:
        page.clock.install()
    page.add_init_script(NO_JITTER)
    page.goto(f"{url}?kiosk=1&{query}")
    wait_for_tab(page, parse_qs(query).get("tab", TABS)[0])
    wait_for_words(page, "complete through")
    wait_for_begin(page)
    return page


def wait_for_words(page: Page, *words: str) -> None:
    """Until the line beside the title says all of them."""
    for word in words:
        page.wait_for_selector(f"#freshness-text:has-text('{word}')", timeout=60_000)


def tab_of(page: Page) -> str:
    return parse_qs(urlsplit(page.url).query).get("tab", TABS)[0]


def wait_for_turn(page: Page, tab: str) -> None:
    page.wait_for_function("(tab) => document.getElementById('grid-' + tab) && metrics.url.get('tab') === tab", arg=tab)
    wait_for_tab(page, tab)
    wait_for_begin(page)


def wait_for_begin(page: Page) -> None:
    """Until the time of the turn runs, which it does from when its charts are drawn, or is held."""
    page.wait_for_function(
        "() => { const turn = metrics.rotation.state(); return !turn || turn.held || turn.left !== null }"
    )


def mark(page: Page) -> None:
    """Leave a mark on the page that goes with it when it is loaded anew."""
    page.evaluate("document.documentElement.dataset.marked = ''")


def is_marked(page: Page) -> bool:
    return page.locator("html[data-marked]").count() == 1


def wait_for_reload(page: Page) -> None:
    expect(page.locator("html:not([data-marked])")).to_have_count(1, timeout=60_000)
    page.wait_for_selector("#freshness:not([data-tone=quiet])")


# The picture


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_tab_fills_the_screen_exactly(open_page: Open, page_url: str, width: int, height: int) -> None:
    page = open_wall(open_page, page_url, "rotate=600", viewport={"width": width, "height": height})
    for tab in TABS:
        page.evaluate("(tab) => metrics.url.go({ tab })", tab)
        wait_for_tab(page, tab)
        page.wait_for_function(EVERY_AXIS_DRAWN, arg=tab)
        assert_fills(page.evaluate(LAYOUT), width, height)


def assert_fills(seen: dict[str, Any], width: int, height: int) -> None:
    """``LAYOUT`` of a tab without anything cut off, anything but cards, or room that is left over."""
    assert seen["page"] == [width, height]
    assert seen["chrome"] == []
    assert seen["cut"] == []
    for left, top, right, bottom in seen["cards"]:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for card, drawing in zip(seen["cards"], seen["drawings"], strict=True):
        assert drawing[0] >= card[0] - 1
        assert drawing[1] >= card[1] - 1
        assert drawing[2] <= card[2] + 1
        assert drawing[3] <= card[3] + 1
    assert seen["foot"][3] <= height
    assert seen["foot"][3] > height * 0.97, "what is left below the last line is its margin"


@pytest.mark.parametrize(("width", "height"), SIZES[:3])
def test_its_type_reads_from_five_metres(open_page: Open, page_url: str, width: int, height: int) -> None:
    """On 55 inches a pixel of 1920 × 1080 is 0.63 mm: axes of 9 mm and numbers of 40 mm, whatever the pixels."""
    page = open_wall(open_page, page_url, viewport={"width": width, "height": height})
    page.wait_for_function("() => document.querySelectorAll('.xtick text').length > 3")
    seen, scale = page.evaluate(LAYOUT), min(width, height) / 1080
    assert seen["number"] >= 60 * scale
    assert seen["title"] >= 24 * scale
    assert seen["axis"] >= 18 * scale


def test_it_is_dark_unless_a_theme_is_given(open_page: Open, page_url: str) -> None:
    assert open_wall(open_page, page_url).evaluate("document.documentElement.dataset.bsTheme") == "dark"
    light = open_wall(open_page, page_url, "theme=light", color_scheme="dark")
    assert light.evaluate("document.documentElement.dataset.bsTheme") == "light"


def test_its_clock_shows_the_zone_of_the_page(open_page: Open, page_url: str) -> None:
    page = open_page("about:blank")
    page.clock.set_fixed_time(datetime(2026, 1, 31, 12, 0, tzinfo=UTC))
    page.goto(f"{page_url}?kiosk=1&tz=Asia/Kathmandu")
    expect(page.locator("#wall-clock")).to_have_text("17:45")


def test_the_cursor_hides_until_the_mouse_moves(open_page: Open, page_url: str) -> None:
    page = open_wall(open_page, page_url)
    page.clock.fast_forward(5_000)
    expect(page.locator("html[data-idle]")).to_have_count(1)
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).cursor") == "none"
    page.mouse.move(300, 300)
    expect(page.locator("html[data-idle]")).to_have_count(0)


def test_the_screen_is_kept_awake_and_again_after_it_was_hidden(open_page: Open, page_url: str) -> None:
    page = open_page("about:blank")
    page.add_init_script("""
        window.locks = [];
        Object.defineProperty(navigator, "wakeLock", { value: { request: async (kind) => {
          const lock = new EventTarget();
          lock.release = async () => lock.dispatchEvent(new Event("release"));
          window.locks.push(lock);
          return lock;
        } } });
    """)
    page.goto(f"{page_url}?kiosk=1")
    page.wait_for_function("() => window.locks.length === 1")
    page.evaluate("locks[0].release(); document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function("() => window.locks.length === 2")


# Taking turns


def test_the_tabs_take_turns_and_leave_no_history(open_page: Open, page_url: str) -> None:
    page = open_wall(open_page, page_url)
    length = page.evaluate("history.length")
    for tab, following in zip([*TABS[1:], TABS[0]], [*CATALOG.tabs[2:], *CATALOG.tabs[:2]], strict=True):
        page.clock.fast_forward(30_000)
        wait_for_turn(page, tab)
        expect(page.locator("#wall-next")).to_contain_text(f"next: {following.title} in ")
    assert page.evaluate("history.length") == length


def test_the_picture_stays_until_the_next_is_there(open_page: Open, page_url: str) -> None:
    page = open_wall(open_page, page_url, "rotate=30&refresh=off")
    held: list[Route] = []
    page.route(QUESTIONS, lambda route: held.append(route))
    page.clock.fast_forward(31_000)
    page.wait_for_selector(".still", state="attached")
    expect(page.locator(f"#grid-{TABS[0]}")).to_be_visible()
    assert tab_of(page) == TABS[0]
    expect(page.locator("h1")).to_have_text(CATALOG.tabs[0].title)
    assert page.locator(".still .main-svg").count() >= len(CATALOG.tabs[0].charts)
    assert len(held) == 1
    held[0].continue_()
    page.unroute(QUESTIONS)
    wait_for_turn(page, TABS[1])
    expect(page.locator("h1")).to_have_text(CATALOG.tabs[1].title)
    expect(page.locator(".still")).to_have_count(0)


def test_without_an_answer_the_tab_stays(open_page: Open, page_url: str) -> None:
    page = open_wall(open_page, page_url)
    page.context.set_offline(True)
    wait_for_words(page, "Last update", "retrying")
    whole = "(selector) => [document.querySelector(selector)].every((one) => one.scrollWidth <= one.clientWidth)"
    assert page.evaluate(whole, "h1")
    assert page.evaluate(whole, "#freshness-text")
    page.clock.fast_forward(65_000)
    expect(page.locator("#wall-next")).to_contain_text("waiting")
    assert tab_of(page) == TABS[0]
    expect(page.locator(f"#grid-{TABS[0]} .main-svg").first).to_be_visible()
    page.context.set_offline(False)
    wait_for_words(page, "Live")
    page.clock.fast_forward(35_000)
    wait_for_turn(page, TABS[1])


def test_arrow_keys_choose_a_tab_and_hold_it(open_page: Open, page_url: str) -> None:
    page = open_wall(open_page, page_url)
    page.keyboard.press("ArrowRight")
    wait_for_turn(page, TABS[1])
    expect(page.locator("#wall-next")).to_contain_text("held")
    page.clock.fast_forward(45_000)
    expect(page.locator("#wall-next")).to_contain_text("held")
    assert tab_of(page) == TABS[1]
    page.keyboard.press("ArrowLeft")
    wait_for_turn(page, TABS[0])
    page.clock.fast_forward(61_000)
    wait_for_turn(page, TABS[1])


def test_escape_leaves_the_wall_and_k_goes_back(open_page: Open, page_url: str) -> None:
    page = open_wall(open_page, page_url)
    page.keyboard.press("Escape")
    expect(page.locator(".sidebar")).to_be_visible()
    expect(page.locator(".wall-strip")).to_be_hidden()
    assert "kiosk" not in page.url
    page.keyboard.press("k")
    expect(page.locator(".sidebar")).to_be_hidden()
    expect(page.locator("#wall-clock")).to_be_visible()
    page.go_back()
    expect(page.locator(".sidebar")).to_be_visible()


def test_a_tick_that_would_overlap_is_skipped(open_page: Open, page_url: str) -> None:
    page = open_wall(open_page, page_url, "refresh=1")
    held: list[Route] = []
    page.route(QUESTIONS, lambda route: held.append(route))
    with page.expect_request(QUESTIONS):
        page.clock.run_for(1_100)
    page.clock.run_for(5_000)
    assert len(held) == 1
    held[0].continue_()
    page.unroute(QUESTIONS)
    with page.expect_request(QUESTIONS):
        page.clock.run_for(2_000)


# Whatever happens to the server


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def start(history: datetime, database: Database, port: int) -> Iterator[Callable[..., Process]]:
    """Starts the application on ``history``, always on the same port, as often as it is asked."""
    with data_folder() as folder:
        started: list[Any] = []

        def started_anew(**environment: str) -> Process:
            names = {"DATABASE_URL": database.dsn(), "METRICS_REFRESH_INTERVAL": "1", **environment}
            context = running(folder, port=port, **names)
            process = context.__enter__()
            started.append(context)
            process.until_ready()
            return process

        yield started_anew
        for context in started:
            context.__exit__(None, None, None)


def address(process: Process) -> str:
    return process.url + BASE_PATH


def test_a_server_that_was_killed_and_comes_back_is_found_again(open_page: Open, start: Callable[..., Process]) -> None:
    process = start()
    page = open_wall(open_page, address(process))
    mark(page)
    process.end(signal.SIGKILL)
    wait_for_words(page, "Last update", "ago", "server not reachable, retrying")
    page.clock.fast_forward(180_000)
    wait_for_words(page, "3 min ago")
    expect(page.locator(f"#grid-{TABS[0]} .main-svg").first).to_be_visible()
    start()
    wait_for_words(page, "Live")
    assert is_marked(page), "the same version needs no new page"


def test_a_server_that_freezes_is_noticed_and_found_again(open_page: Open, start: Callable[..., Process]) -> None:
    process = start()
    page = open_wall(open_page, address(process))
    mark(page)
    process.process.send_signal(signal.SIGSTOP)
    page.clock.fast_forward(20_000)
    wait_for_words(page, "Last update", "retrying")
    process.process.send_signal(signal.SIGCONT)
    wait_for_words(page, "Live")
    assert is_marked(page)


def test_a_database_that_stops_leaves_the_picture_and_recovers(open_page: Open, port: int) -> None:
    with data_folder() as folder:
        database = Database(data_dir=folder / "database")
        (folder / "database").mkdir(mode=0o755)
        database.start()
        migrate(database)
        now = datetime.now(UTC)
        names = [event.name for event in CATALOG.events.values()]
        keys = [tuple(event.measurements) for event in CATALOG.events.values()]
        rows = zip(names, keys, strict=True)
        insert_events(
            [{"event_name": name, "measurements": dict.fromkeys(some, 5), "occurred_at": now} for name, some in rows],
            database=database,
        )
        roll_up_all(database)
        with running(folder, port=port, DATABASE_URL=database.dsn(), METRICS_REFRESH_INTERVAL="1") as process:
            process.until_ready()
            page = open_wall(open_page, address(process))
            mark(page)
            database.close()
            wait_for_words(page, "Last update", "database unavailable, retrying")
            page.clock.fast_forward(40_000)
            expect(page.locator(f"#grid-{TABS[0]} .main-svg").first).to_be_visible()
            assert tab_of(page) == TABS[0]
            again = Database(data_dir=folder / "database")
            again.start()
            try:
                wait_for_words(page, "complete through")
                assert is_marked(page)
            finally:
                again.close()


def test_a_new_version_is_loaded_by_itself_and_no_loop_follows(open_page: Open, start: Callable[..., Process]) -> None:
    process = start()
    page = open_wall(open_page, address(process), f"tab={TABS[0]}")
    mark(page)
    process.end()
    process = start(METRICS_PRODUCT_NAME="Second version")
    page.clock.fast_forward(10_000)
    wait_for_reload(page)
    expect(page).to_have_title(re.compile("Second version"))
    mark(page)
    process.end()
    start(METRICS_PRODUCT_NAME="Third version")
    expect(page.locator("#release-note:not([hidden])")).to_have_count(1, timeout=60_000)
    page.clock.fast_forward(120_000)
    wait_for_words(page, "Live")
    assert is_marked(page), "twice within ten minutes would be the beginning of a loop"
    page.clock.fast_forward(600_000)
    wait_for_reload(page)
    expect(page).to_have_title(re.compile("Third version"))


def test_elsewhere_a_new_version_is_only_offered(open_page: Open, start: Callable[..., Process]) -> None:
    process = start()
    page = open_page(address(process))
    wait_for_tab(page, TABS[0])
    expect(page.locator("#release-note")).to_be_hidden()
    mark(page)
    process.end()
    start(METRICS_PRODUCT_NAME="Second version")
    expect(page.locator("#release-note")).to_be_visible(timeout=60_000)
    assert is_marked(page)
    page.click("#release-note")
    wait_for_reload(page)
    expect(page).to_have_title(re.compile("Second version"))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 200, "content_type": "text/html", "body": "<h1>Sign in</h1>"}, "signed out"),
        ({"status": 401, "content_type": "application/json", "body": "{}"}, "signed out"),
        ({"status": 503, "content_type": "text/html", "body": "<h1>Bad gateway</h1>"}, "server not reachable"),
        ({"status": 500, "content_type": "text/html", "body": "<h1>Oops</h1>"}, "server error"),
    ],
    ids=["login-page", "unauthorized", "unavailable", "error"],
)
def test_an_answer_that_is_none_leaves_the_picture(
    open_page: Open, page_url: str, answer: dict[str, Any], words: str
) -> None:
    page = open_wall(open_page, page_url)
    mark(page)
    page.route(QUESTIONS, lambda route: route.fulfill(**answer))
    wait_for_words(page, "Last update", f"{words}, retrying")
    expect(page.locator(f"#grid-{TABS[0]} .main-svg").first).to_be_visible()
    expect(page.locator("._dash-error, .dash-error-card")).to_have_count(0)
    page.unroute(QUESTIONS)
    wait_for_words(page, "Live")
    assert is_marked(page)


# What makes it load itself anew


def test_an_old_page_loads_itself_anew_and_keeps_its_tab(open_page: Open, start: Callable[..., Process]) -> None:
    page = open_wall(open_page, address(start()), f"tab={TABS[2]}")
    mark(page)
    page.clock.fast_forward("05:00:00")
    wait_for_words(page, "Live")
    assert is_marked(page)
    page.clock.fast_forward("01:01:00")
    wait_for_reload(page)
    wait_for_tab(page, TABS[2])
    assert tab_of(page) == TABS[2]


def test_a_page_over_its_memory_budget_loads_itself_anew_once(open_page: Open, start: Callable[..., Process]) -> None:
    page = open_wall(open_page, address(start()))
    page.evaluate("Object.defineProperty(performance, 'memory', { value: { usedJSHeapSize: 2 ** 30 } })")
    mark(page)
    page.clock.fast_forward(10_000)
    wait_for_reload(page)


def test_it_never_loads_itself_from_a_server_that_is_not_ready(open_page: Open, start: Callable[..., Process]) -> None:
    page = open_wall(open_page, address(start()))
    probes: list[Route] = []
    page.route("**/version", lambda route: (probes.append(route), route.fulfill(json={"version": "x", "ready": False})))
    page.evaluate("Object.defineProperty(performance, 'memory', { value: { usedJSHeapSize: 2 ** 30 } })")
    mark(page)
    for _ in range(2):
        with page.expect_response("**/version"):
            page.clock.fast_forward(6_000)
    assert probes
    assert is_marked(page)
    page.unroute("**/version")
    page.clock.fast_forward(6_000)
    wait_for_reload(page)


def test_a_clock_that_is_set_back_does_not_make_a_picture_young(open_page: Open, page_url: str) -> None:
    page = open_wall(open_page, page_url)
    page.context.set_offline(True)
    wait_for_words(page, "retrying")
    page.clock.fast_forward(120_000)
    wait_for_words(page, "2 min ago")
    now = page.evaluate("Date.now()")
    page.clock.set_system_time((now - 3_600_000) / 1000)
    page.clock.run_for(2_000)
    wait_for_words(page, "2 min ago")
