"""The page's HTML: what a catalog says is data in it, and never markup or a field of Dash's template."""

import json
import re
from pathlib import Path

import pytest
from dash import Dash, html

from layouts.shell import index_string
from metrics_dash.catalog import load_catalog
from metrics_dash.settings import Settings

CATALOG = """
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
    path.write_text(CATALOG.format(title=json.dumps(title)), encoding="utf-8")
    catalog = load_catalog(path)
    app = Dash("inert", enable_mcp=False)
    app.index_string = index_string(catalog, Settings(), "1")
    app.layout = html.Div()
    page = app.server.test_client().get("/").text
    data = re.search(r'id="page-data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["tabs"] == [{"id": "one", "title": title}]
    assert page.count('id="_dash-config"') == 1
