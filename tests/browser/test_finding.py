"""More tabs than fit: the chosen one is seen, and every other one is reached by a menu, the sidebar, and typing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from metrics_dash.logo import PNG, Logo
from tests.browser.conftest import Serve
from tests.support.looking import wait_for_tab

Open = Callable[..., Page]

TABS = 30
IN_VIEW = """() => { const row = document.querySelector('#tabs').getBoundingClientRect();
  const tab = document.querySelector('#tabs > a[aria-current]').getBoundingClientRect();
  return tab.width > 0 && tab.left >= row.left && tab.right <= row.right + 1; }"""
# One pixel.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"
)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A catalog of thirty tabs with a chart each."""
    tabs = [
        f'[[tabs]]\nid = "t{number}"\ntitle = "Section {number}"\n'
        f'[[tabs.charts]]\nid = "c{number}"\ntitle = "Things of {number}"\nevent = "a.b"\nshow = "count"\n'
        for number in range(1, TABS + 1)
    ]
    path = tmp_path / "many.toml"
    path.write_text('[events."a.b"]\nkind = "counter"\n' + "".join(tabs))
    return path


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_the_chosen_tab_is_in_view_and_the_rest_are_in_the_menu(
    serve: Serve, open_page: Open, many: Path, width: int
) -> None:
    page = open_page(f"{serve(catalog=many)}?tab=t29&refresh=off", viewport={"width": width, "height": 800})
    wait_for_tab(page, "t29")
    assert page.evaluate(IN_VIEW)
    page.click("#more-tabs > summary")
    shown = page.locator("#tabs > a:visible").count()
    rest = page.locator("#more-tabs .options a:visible")
    assert shown + rest.count() == TABS
    expect(page.locator("#more-tabs-count")).to_have_text(f"{rest.count()} more")
    rest.last.click()
    wait_for_tab(page, "t30")
    assert page.evaluate(IN_VIEW)
    assert page.locator("#side-tabs a").last.is_visible() == (width > 860)


def test_where_all_tabs_fit_there_is_no_menu(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&refresh=off")
    wait_for_tab(page, "combat")
    expect(page.locator("#more-tabs")).to_be_hidden()
    expect(page.locator("#side-tabs")).to_be_hidden()


def test_a_slash_finds_tabs_and_charts_by_typing(serve: Serve, open_page: Open, many: Path) -> None:
    page = open_page(f"{serve(catalog=many)}?tab=t1&refresh=off")
    wait_for_tab(page, "t1")
    page.keyboard.press("/")
    expect(page.locator("#finder-text")).to_be_focused()
    expect(page.locator("#finder-text")).to_have_value("")
    page.keyboard.type("things 27")
    expect(page.locator("#finder-list li")).to_have_count(1)
    page.keyboard.press("Enter")
    wait_for_tab(page, "t27")
    expect(page.locator("#finder")).to_be_hidden()
    expect(page.locator("#reader-c27")).to_be_focused()
    page.keyboard.press("/")
    page.fill("#finder-text", "section 1")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#finder-list li").nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    wait_for_tab(page, "t10")
    page.keyboard.press("/")
    page.fill("#finder-text", "no such thing")
    expect(page.locator("#finder-none")).to_have_text("No tab and no chart is called that.")
    page.keyboard.press("Escape")
    expect(page.locator("#finder")).to_be_hidden()


def test_a_name_a_logo_and_an_accent_stand_on_the_page_and_on_the_wall(
    serve: Serve, open_page: Open, page_url: str
) -> None:
    address = serve(product_name="<b>Ops", logo=Logo(PNG, PICTURE), accent="#0a6b50")
    page = open_page(f"{address}?tab=combat&refresh=off")
    wait_for_tab(page, "combat")
    expect(page.locator(".sidebar .brand")).to_have_text("<b>Ops")
    assert page.title() == "Combat · <b>Ops"
    loaded = "(picture) => picture.complete && picture.naturalWidth === 1"
    page.wait_for_function("() => document.querySelector('.sidebar img.logo').complete")
    assert page.locator(".sidebar img.logo").evaluate(loaded)
    accent = "getComputedStyle(document.documentElement).getPropertyValue('--accent')"
    assert page.evaluate(accent) == "#0a6b50"
    wall = open_page(f"{address}?tab=combat&kiosk=1&refresh=off", viewport={"width": 1920, "height": 1080})
    wait_for_tab(wall, "combat")
    expect(wall.locator(".wall-brand")).to_be_visible()
