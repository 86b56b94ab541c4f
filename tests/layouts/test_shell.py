"""The page around the board: one script before paint, data that can't break out, and names for all that is reached."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dash import Dash, html

from layouts.keys import RANGE_KEYS
from layouts.shell import drawn, footer, index_string, page, page_data
from metrics_dash.catalog import Catalog, load_catalog
from metrics_dash.settings import Settings
from metrics_dash.web.address import read_state
from metrics_dash.web.paths import BASE_PATH
from tests.support.components import attribute, carrying, every, ids, name_of, with_id, words
from tests.support.figures import CATALOG

SETTINGS = Settings(timezone="Europe/Berlin", refresh_interval=2.5)
DRAWN = drawn(CATALOG, SETTINGS)
PAGE = page(CATALOG, SETTINGS, inside=DRAWN)


def titled(title: str) -> Catalog:
    """The catalog with another title of its first tab."""
    return replace(CATALOG, tabs=(replace(CATALOG.tabs[0], title=title), *CATALOG.tabs[1:]))


def data_in(text: str) -> Any:
    """What the scripts read from the page."""
    found = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_a_title_can_not_end_the_script_that_it_stands_in() -> None:
    title = "</script><script>alert(1)</script><!--"
    text = index_string(titled(title), SETTINGS, "1")
    assert "alert(1)</script>" not in text
    assert "<!--" not in text
    assert data_in(text)["tabs"][0]["title"] == title


def test_the_page_data_are_what_the_scripts_start_from() -> None:
    data = data_in(index_string(CATALOG, SETTINGS, "abc"))
    assert data == {**json.loads(json.dumps(page_data(CATALOG, SETTINGS))), "version": "abc"}
    assert data["base"] == BASE_PATH
    assert data["defaults"]["refresh"] == "2.5"
    assert [tab["id"] for tab in data["tabs"]] == [tab.id for tab in CATALOG.tabs]
    assert {choice["key"] for choice in data["rangeKeys"]} == set(RANGE_KEYS)


def test_the_defaults_that_the_browser_knows_are_those_of_the_address() -> None:
    defaults = page_data(CATALOG, SETTINGS)["defaults"]
    state = read_state("", CATALOG)
    assert {name: getattr(state, name) for name in ("tab", "range", "tz", "res")} == {
        name: defaults[name] for name in ("tab", "range", "tz", "res")
    }


def test_nothing_on_the_page_comes_from_elsewhere() -> None:
    text = index_string(CATALOG, SETTINGS, "1")
    assert re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text) == []
    assert [link for link in carrying(PAGE, "href") if "//" in attribute(link, "href")] == []


def test_every_id_is_its_own() -> None:
    repeated = [name for name, times in Counter(map(str, ids(PAGE))).items() if times > 1]
    assert repeated == []


def test_every_name_that_is_referred_to_is_there() -> None:
    known = set(map(str, ids(PAGE)))
    for reference in ("aria-labelledby", "aria-describedby", "htmlFor"):
        assert {attribute(part, reference) for part in carrying(PAGE, reference)} <= known


def test_everything_that_is_pressed_has_a_name() -> None:
    pressed = [part for part in every(PAGE) if isinstance(part, html.Button | html.A | html.Summary)]
    assert pressed
    assert [part for part in pressed if not name_of(part)] == []


def test_who_skips_the_controls_lands_on_the_board() -> None:
    assert '<a class="skip" href="#board">' in index_string(CATALOG, SETTINGS, "1")
    board = with_id(PAGE, "board")
    assert attribute(board, "tabIndex") == "-1"
    assert CATALOG.tabs[0].charts[0].title in words(board)


def test_the_sidebar_says_where_one_is() -> None:
    (here,) = carrying(PAGE, "aria-current")
    assert (attribute(here, "href"), words(here)) == (BASE_PATH, "Metrics")


def test_the_servers_zone_is_offered_as_the_settings_say_it() -> None:
    assert "Server’s, Europe/Berlin" in words(PAGE)
    assert "Server’s" not in words(page(CATALOG, Settings(timezone=ZoneInfo("UTC"))))


def said(**more: Any) -> list[tuple[str | None, str]]:
    parts = footer("Today, UTC", "1-minute buckets", **{"note": None, "demo": False, **more})
    return [(attribute(part, "className"), words(part)) for part in parts]


def test_the_footer_says_range_and_resolution_and_nothing_that_is_not_so() -> None:
    assert said() == [(None, "Today, UTC"), (None, "1-minute buckets"), (None, "")]


def test_the_footer_says_what_is_particular_about_the_picture() -> None:
    told = said(note="Shown in hours.", compared="Pale: previous day", refused="3 events refused", demo=True)
    assert told[2:] == [
        ("compared", "Pale: previous day"),
        ("note", "Shown in hours."),
        ("refused", "3 events refused"),
        ("demo", "Demo data"),
    ]


DOCUMENT = """
[events."shop.order"]
kind = "counter"

[[tabs]]
id = "one"
title = {title}

[[tabs.charts]]
id = "orders"
title = "Orders"
event = "shop.order"
show = "count"
draw = "line"
"""


@pytest.mark.parametrize(
    "title",
    [
        "{%config%}",
        "{%scripts%}{%app_entry%}",
        "{%",
        "100 %",
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "FIRST_SCRIPT PAGE_DATA CSS_VARIABLES PRELOADS",
        "\u2028\u2029",
    ],
)
def test_a_catalogs_text_is_inert_in_the_page(tmp_path: Path, title: str) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(DOCUMENT.format(title=json.dumps(title)), encoding="utf-8")
    catalog = load_catalog(path)
    app = Dash("inert", enable_mcp=False)
    app.index_string = index_string(catalog, Settings(), "1")
    app.layout = html.Div()
    page = app.server.test_client().get("/").text
    data = re.search(r'id="page-data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["tabs"] == [{"id": "one", "title": title}]
    assert page.count('id="_dash-config"') == 1


def test_the_sheet_of_keys_is_html_of_the_page_and_no_part_that_dash_looks_after() -> None:
    text = index_string(CATALOG, SETTINGS, "1")
    assert text.count('<dialog id="keys"') == 1
    assert text.index("{%app_entry%}") < text.index('<dialog id="keys"')
    assert "keys-switch" not in str(PAGE)


def test_dash_looks_after_what_answers_change_and_nothing_else() -> None:
    known = [name for name in ids(DRAWN) if isinstance(name, str)]
    assert known == ["url", "tick", "request", "answer", "theme", "stamp", "board", "footer"]
    assert carrying(DRAWN, "data-set") == []
