"""What a chart is held against, in Chromium: the line, the band, the number and the card on a wall."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from layouts.theme import TOKENS
from metrics_dash.catalog import DEFAULT_PATH
from tests.browser.conftest import Serve
from tests.support.looking import drawn, wait_for_tab, wait_for_ticks

Open = Callable[..., Page]
# The history's samples are 100 to 160.
BOUNDS = """
good = "down"
target = {target}
warn = {warn}
max = 400
"""
SHAPES = """
(chart) => document.querySelector(`#card-${chart} .js-plotly-plot`)
  ._fullLayout.shapes.map(({ type, y0, y1 }) => [type, y0, y1])
"""


@pytest.fixture
def bounded(history: object, serve: Serve, tmp_path: Path) -> Callable[..., str]:
    """Serves the default catalog with bounds for the players, and gives the page's address."""

    def served(target: float, warn: float) -> str:
        path = tmp_path / "catalog.toml"
        declared = DEFAULT_PATH.read_text(encoding="utf-8").replace(
            'draw = "line"\ngood = "up"\n', 'draw = "line"\n' + BOUNDS.format(target=target, warn=warn), 1
        )
        path.write_text(declared, encoding="utf-8")
        return f"{serve(catalog=path)}?tab=server&range=1h"

    return served


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


@pytest.mark.parametrize(
    ("target", "warn", "tone", "said"), [(300, 350, "ok", "target met"), (20, 50, "warn", "above 50")]
)
def test_a_number_a_line_and_a_band_say_how_a_chart_stands(
    open_page: Open, bounded: Callable[..., str], target: float, warn: float, tone: str, said: str
) -> None:
    page = open_page(bounded(target, warn) + "&theme=light")
    wait_for_tab(page, "server")
    assert drawn(page, "players-online")["y"] == [0, 400]
    assert page.evaluate(SHAPES, "players-online") == [["rect", warn, 400], ["line", target, target]]
    number = page.locator("#card-players-online .headline .number")
    # An answer puts another in its place.
    expect(number).to_have_css("color", rgb(TOKENS["light"][tone]))
    expect(page.locator("#card-players-online .headline .what")).to_contain_text(said)
    wait_for_ticks(page)
    assert drawn(page, "players-online")["y"] == [0, 400]
    page.click("#theme-toggle")
    expect(number).to_have_css("color", rgb(TOKENS["dark"][tone]))


def test_a_card_on_a_wall_stands_out_while_its_number_is_warned_of(
    open_page: Open, bounded: Callable[..., str]
) -> None:
    page = open_page(bounded(20, 50) + "&kiosk=1", viewport={"width": 1920, "height": 1080})
    wait_for_tab(page, "server")
    warned = rgb(TOKENS["dark"]["warn"])
    expect(page.locator("#card-players-online")).to_have_css("border-color", warned)
    expect(page.locator("#card-active-zones")).not_to_have_css("border-color", warned)
