"""Keys: what each does, when none does anything, and that everything can be reached and left without a pointer."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from layouts.keys import RANGE_KEYS
from metrics_dash.charts.timerange.parse import PRESETS
from tests.browser.conftest import CATALOG, Serve
from tests.support.looking import drawn, reload, wait_for_tab

Open = Callable[..., Page]

STOP = """() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return {
    outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
    wide: box.width > 0 && box.height > 0,
    name: (element.getAttribute('aria-label') || element.textContent || element.title || '').trim(),
  };
}"""


@pytest.fixture
def page(open_page: Open, page_url: str) -> Page:
    opened = open_page(f"{page_url}?tab=combat&range=6h&refresh=off")
    wait_for_tab(opened, "combat")
    return opened


def focused(page: Page) -> str:
    name: str = page.evaluate("document.activeElement.id || document.activeElement.tagName.toLowerCase()")
    return name


def test_numbers_choose_tabs(page: Page) -> None:
    for number, tab in enumerate(CATALOG.tabs, 1):
        page.keyboard.press(str(number))
        wait_for_tab(page, tab.id)
        expect(page.locator(f"#tab-{tab.id}")).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize(("key", "length"), RANGE_KEYS.items())
def test_t_and_one_key_more_choose_a_range(page: Page, key: str, length: str) -> None:
    page.keyboard.press("t")
    expect(page.locator("#notice")).to_contain_text("last hour")
    page.keyboard.press(key)
    expect(page.locator(f"#range-{length}")).to_have_attribute("aria-current", "true")
    expect(page.locator("#notice")).to_be_empty()


def test_every_preset_has_a_key() -> None:
    assert list(RANGE_KEYS.values()) == [preset.key for preset in PRESETS]


def test_t_twice_opens_any_other_range_and_escape_leaves_it(page: Page) -> None:
    page.keyboard.press("t")
    page.keyboard.press("t")
    expect(page.locator("#relative-from")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#relative-from")).to_be_hidden()
    expect(page.locator("#custom-range > summary")).to_be_focused()


def test_l_pauses_and_goes_live_again(page: Page) -> None:
    page.keyboard.press("l")
    page.wait_for_function("() => !metrics.answer.live")
    page.keyboard.press("l")
    page.wait_for_function("() => metrics.answer.live")
    assert "range=6h" in page.url


def test_arrows_step_through_time_unless_they_read_a_chart(page: Page) -> None:
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => !metrics.answer.live")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => metrics.answer.live")
    page.focus("#reader-damage-dealt")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#reader-damage-dealt")).to_have_attribute("aria-valuenow", "1")
    assert page.evaluate("metrics.url.isLive()") is True


def test_c_goes_through_the_comparisons(page: Page) -> None:
    for name in ("period", "day", "week", ""):
        page.keyboard.press("c")
        page.wait_for_function("(name) => metrics.url.get('compare') === name", arg=name)


def test_what_c_compares_with_is_said_once_it_is_drawn_and_no_longer_than_it_holds(page: Page) -> None:
    held: list[Route] = []
    page.route("**/_dash-update-component*", lambda route: held.append(route))
    page.keyboard.press("c")
    page.wait_for_function("() => metrics.shown.isPending()")
    assert page.locator("#notice").text_content() == ""
    for route in held:
        route.continue_()
    page.unroute("**/_dash-update-component*")
    expect(page.locator("#notice")).to_have_text("Compared with the previous period")
    page.go_back()
    expect(page.locator("#notice")).to_be_empty()


def test_r_asks_for_new_data(page: Page) -> None:
    before = page.evaluate("metrics.answer.at")
    page.keyboard.press("r")
    page.wait_for_function("(before) => metrics.answer.at > before", arg=before)
    expect(page.locator("#notice")).to_be_empty()


def test_f_fills_the_screen_with_the_chart_in_focus_and_escape_leaves(page: Page) -> None:
    page.focus("#reader-xp-awarded")
    page.keyboard.press("f")
    expect(page.locator("#card-xp-awarded")).to_have_attribute("data-full", "")
    page.keyboard.press("f")
    expect(page.locator("[data-full]")).to_have_count(0)


def test_k_hangs_the_page_on_a_wall_and_takes_it_down(page: Page) -> None:
    page.keyboard.press("k")
    expect(page.locator("html")).to_have_attribute("data-kiosk", "")
    page.keyboard.press("k")
    expect(page.locator("html")).not_to_have_attribute("data-kiosk", "")


def test_the_sheet_opens_by_key_and_by_button_and_gives_the_focus_back(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("2")
    page.keyboard.press("k")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    assert "tab=combat" in page.url
    assert "kiosk" not in page.url
    page.focus("#keys-open")
    page.keyboard.press("Enter")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys-open")).to_be_focused()


def test_nothing_happens_while_somebody_types_or_holds_control(page: Page) -> None:
    page.keyboard.press("t")
    page.keyboard.press("t")
    before = page.url
    # The popover puts what holds into its fields once it is open; typing before that would be overwritten.
    expect(page.locator("#relative-from")).to_have_value("now-6h")
    page.fill("#relative-from", "")
    page.keyboard.type("1lk?c2")
    expect(page.locator("#relative-from")).to_have_value("1lk?c2")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.press("Alt+2")
    assert page.url == before


def test_single_keys_can_be_switched_off_and_stay_off(page: Page) -> None:
    page.keyboard.press("?")
    page.click("#keys-switch")
    expect(page.locator("#keys-switch")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Escape")
    reload(page)
    wait_for_tab(page, "combat")
    before = page.url
    for key in ("2", "k", "l", "c"):
        page.keyboard.press(key)
    assert page.url == before
    page.keyboard.press("?")
    page.click("#keys-switch")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    wait_for_tab(page, "auth")


def test_the_first_tab_stop_leads_past_the_controls_to_the_charts(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#board")).to_be_focused()
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.activeElement.closest('.card')?.id === 'card-damage-dealt'")


def test_every_control_is_reached_in_order_named_and_seen_in_focus(page: Page) -> None:
    reached: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        name = focused(page)
        if name == "body":
            break
        stop = page.evaluate(STOP)
        assert stop["outline"], name
        assert stop["wide"], name
        assert stop["name"], name
        reached.append(name)
    expected = [
        "range-1h",
        "step-back",
        "step-forward",
        "zoom-out",
        "theme-toggle",
        "tab-server",
        "reader-damage-dealt",
    ]
    places = [reached.index(name) for name in expected]
    assert places == sorted(places)


def test_series_are_switched_off_without_a_pointer(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=6h")
    wait_for_tab(page, "auth")
    page.focus("#share-login-results > summary")
    page.keyboard.press("Enter")
    switch = page.locator("#share-login-results [data-series] button", has_text="false")
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.press("Space")
    expect(switch).to_have_attribute("aria-pressed", "false")
    page.wait_for_url("**hidden=login-results:false**")


def test_a_choice_gives_the_focus_back_to_its_button(page: Page) -> None:
    page.focus("#refresh > summary")
    page.keyboard.press("Enter")
    page.locator("#refresh-30").press("Enter")
    expect(page.locator("#refresh > summary")).to_be_focused()
    expect(page.locator("#refresh-label")).to_have_text("30 s")


def test_keys_work_where_nothing_was_ever_seen(open_page: Open, serve: Serve) -> None:
    page = open_page(serve() + "?tab=combat")
    wait_for_tab(page, "combat")
    page.keyboard.press("2")
    wait_for_tab(page, "auth")


def test_arrows_move_in_a_menu_and_letters_jump(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    page.focus("#refresh > summary")
    page.keyboard.press("Enter")
    focused = page.locator(":focus")
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_text("Off")
    page.keyboard.press("ArrowUp")
    expect(focused).to_have_text("Pause")
    page.keyboard.press("1")
    expect(focused).to_have_text("10 s")
    page.keyboard.press("1")
    expect(focused).to_have_text("1 min")
    page.keyboard.press("k")
    assert "kiosk" not in page.url, "while a menu is open, its letters are not the page's keys"
    page.keyboard.press("Escape")
    expect(page.locator("#refresh > summary")).to_be_focused()


# What of a menu is there when the script that opened it is over, and nothing has been painted yet.
AT_ONCE = """
async (menu) => {
  menu.querySelector("summary").click();
  await null;
  const start = menu.querySelector(".sheet").getBoundingClientRect().left;
  return { isCut: start < 0, series: menu.querySelector("[data-series]")?.childElementCount ?? 0 };
}
"""


def test_a_menu_is_filled_and_in_its_place_before_anybody_sees_it(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off", viewport={"width": 320, "height": 640})
    drawn(page, "login-results")
    assert page.locator("#share-tab").evaluate(AT_ONCE) == {"isCut": False, "series": 0}
    card = page.locator("#share-login-results").evaluate(AT_ONCE)
    assert not card["isCut"]
    assert card["series"] > 1


def test_a_menu_opens_upwards_where_there_is_no_room_below(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    card = page.locator("#grid-auth .card").last
    button = card.locator(".card-tools summary")
    box = button.bounding_box()
    assert box is not None
    # The window ends 40 px below the button, whatever the height of the page.
    page.set_viewport_size({"width": 1440, "height": int(box["y"] + box["height"]) + 40})
    page.evaluate("new Promise(requestAnimationFrame)")
    button.evaluate("(element) => scrollBy(0, element.getBoundingClientRect().bottom - innerHeight + 40)")
    button.click()
    expect(card.locator(".menu")).to_have_attribute("data-up", "")
    sheet = card.locator(".sheet").bounding_box()
    assert sheet is not None
    assert sheet["y"] >= 0
    assert sheet["y"] + sheet["height"] <= box["y"] + box["height"] + 40
