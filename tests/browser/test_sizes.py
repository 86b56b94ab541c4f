"""Cards of declared sizes, in Chromium: small ones three in a row, tiles without a drawing, on a phone two in a row."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from layouts.cards import skeleton_card
from layouts.static import as_html
from metrics_dash.catalog import DEFAULT_PATH, load_catalog
from tests.browser.conftest import Serve
from tests.support.looking import drawn, wait_for_ticks

Open = Callable[..., Page]
WIDTHS = "() => [...document.querySelectorAll('#board .card')].map((card) => card.getBoundingClientRect().width)"

HEIGHTS = "() => [...document.querySelectorAll('#board .card')].map((card) => card.getBoundingClientRect().height)"
CLASSES = "() => [...document.querySelectorAll('#board .card')].map((card) => card.className)"


@pytest.fixture
def sized(history: object, serve: Serve, tmp_path: Path) -> str:
    """The address of a tab of two tiles, a small card, and a wide one; with a description."""
    declared = DEFAULT_PATH.read_text(encoding="utf-8")
    declared = declared.replace('title = "Auth"\n', 'title = "Auth"\ndescription = "Who comes in."\n', 1)
    for chart, said in (
        ("login-rate", 'draw = "stat"'),
        ("login-success-rate", 'draw = "stat"'),
        ("session-starts", 'draw = "line"\nsize = "wide"'),
        ("login-results", 'draw = "bar"\nsize = "small"'),
    ):
        head, mark, rest = declared.partition(f'id = "{chart}"')
        body, table, tail = rest.partition("[[")
        lines = [line for line in body.splitlines() if not line.startswith("draw") and line != "max = 100"]
        declared = head + mark + "\n".join([*lines, said, "", ""]) + table + tail
    path = tmp_path / "catalog.toml"
    path.write_text(declared, encoding="utf-8")
    return f"{serve(catalog=path)}?tab=auth&range=1h"


def test_cards_have_their_sizes_and_tiles_their_numbers(open_page: Open, sized: str) -> None:
    page = open_page(sized, viewport={"width": 1440, "height": 900})
    expect(page.locator("#board .description")).to_have_text("Who comes in.")
    expect(page.locator("#card-login-rate .number")).to_have_text(re.compile(r"\d"))
    rate, results, success, _, starts, _ = page.evaluate(WIDTHS)
    assert rate == results == success
    assert starts == pytest.approx(2 * rate + 16, abs=1)
    expect(page.locator("#card-login-success-rate .number")).to_have_text(re.compile("%$"))
    expect(page.locator("#card-login-rate .graph")).to_be_hidden()
    wait_for_ticks(page)
    expect(page.locator("#card-login-rate .number")).to_have_text(re.compile(r"\d"))
    page.set_viewport_size({"width": 390, "height": 844})
    rate, results, *_ = page.evaluate(WIDTHS)
    assert results == pytest.approx(390 - 28)
    assert rate == pytest.approx((results - 16) / 2)


@pytest.mark.parametrize("width", [320, 360, 390, 1440])
def test_cards_are_as_high_before_their_data_as_with_them(open_page: Open, sized: str, width: int) -> None:
    page = open_page(
        sized.replace("range=1h", "range=24h&refresh=off&tz=UTC"), viewport={"width": width, "height": 800}
    )
    expect(page.locator("#card-login-rate .change")).to_have_text(re.compile("vs day before"))
    expect(page.locator("#card-session-starts .change")).to_have_text(re.compile("vs day before"))
    filled = page.evaluate(HEIGHTS)
    tab = load_catalog().tab("auth")
    tiles = ("login-rate", "login-success-rate")
    drawn_as = {"login-results": "bar", "session-starts": "line"} | dict.fromkeys(tiles, "stat")
    charts = [replace(chart, draw=drawn_as.get(chart.id, chart.draw)) for chart in tab.charts]
    sizes = [*page.evaluate(CLASSES)]
    empty = "".join(
        as_html(skeleton_card(chart, size=None)).replace('class="card', f'class="{size}" data-was="', 1)
        for chart, size in zip(charts, sizes, strict=True)
    )
    page.evaluate("(html) => { document.querySelector('#board .grid').innerHTML = html; }", empty)
    assert page.evaluate(HEIGHTS) == filled


def test_a_tab_with_tiles_is_saved_as_a_picture(open_page: Open, sized: str) -> None:
    page = open_page(sized + "&refresh=off")
    expect(page.locator("#card-session-starts .main-svg")).not_to_have_count(0)
    for menu, item in (("#share-tab", "[data-export=png]"), ("#share-login-rate", "[data-export=png]")):
        page.click(f"{menu} > summary")
        with page.expect_download() as saved:
            page.locator(f"{menu} {item}").first.click()
        assert saved.value.suggested_filename.endswith(".png")


def test_nothing_waits_for_a_tile_to_be_drawn(open_page: Open, sized: str) -> None:
    page = open_page(sized + "&refresh=off")
    for chart in ("login-results", "login-time-p95", "session-starts", "unique-players"):
        drawn(page, chart)
    waits = """() => {
      const { setTimeout } = window, waits = [];
      window.setTimeout = (...asked) => waits.push(asked[1]);
      metrics.events.announce("answer", metrics.answer);
      window.setTimeout = setTimeout;
      return waits;
    }"""
    assert page.evaluate(waits) == []
