"""The page's scripts and styles arrive as a few files, kept for good and compressed once."""

import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
from dash import dcc, html
from flask import Flask
from flask.testing import FlaskClient
from flask_compress import Compress

from routes.bundles import COMPILED_AHEAD, PART_BYTES, BundledDash, CompressedBundles, keep_compressed

BASE = "/here/"


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    (tmp_path / "first.js").write_text("window.first = 'ü';")
    (tmp_path / "second.js").write_text("window.second = window.first")
    (tmp_path / "look.css").write_text("body { margin: 7px }")
    return tmp_path


def client(assets: Path) -> FlaskClient:
    server = Flask("bundled")
    keep_compressed(server)
    Compress(server)
    shared: Any = server
    app = BundledDash("bundled", server=shared, url_base_pathname=BASE, assets_folder=str(assets))
    app.layout = html.Div(dcc.Graph())
    return server.test_client()


def named(page: str, kind: str) -> list[str]:
    return re.findall(rf'(?:src|href)="([^"]+\.{kind})[^"]*"', page)


def scripts(browser: FlaskClient) -> list[bytes]:
    return [browser.get(one).data for one in named(browser.get(BASE).text, "js")]


def whole(browser: FlaskClient) -> str:
    return b"".join(scripts(browser)).decode()


def test_a_page_names_a_dozen_scripts_and_one_style(assets: Path) -> None:
    page = client(assets).get(BASE).text
    assert 2 < len(named(page, "js")) <= 12
    assert len(named(page, "css")) == 1


def test_no_script_is_put_together_that_a_phone_runs_for_long(assets: Path) -> None:
    for number in range(9):
        (assets / f"z{number}.js").write_text(f"'{number}'".ljust(PART_BYTES // 3))
    found = scripts(client(assets))
    ours = [script for script in found if re.search(rb"^'\d'", script, re.MULTILINE)]
    assert len(ours) >= 3
    assert max(map(len, ours)) < PART_BYTES + 100
    assert "".join(re.findall(r"^'(\d)'", b"\n".join(ours).decode(), re.MULTILINE)) == "012345678"


def test_a_script_is_compiled_while_it_is_fetched_but_for_libraries_of_components(assets: Path) -> None:
    found = scripts(client(assets))
    later = [script for script in found if not script.startswith(COMPILED_AHEAD)]
    components = pkgutil.get_data("dash", "html/dash_html_components.min.js") or b"missing"
    assert 0 < len(later) < len(found)
    assert components in b"".join(later)
    assert [script for script in later if b"window.first" in script or b"DashRenderer" in script] == []


def test_the_bundles_hold_every_file_in_its_order(assets: Path) -> None:
    browser = client(assets)
    page = browser.get(BASE).text
    script = whole(browser)
    places = [script.index(part) for part in ("window.first = 'ü'", "window.second", "DashRenderer")]
    assert places == sorted(places)
    assert browser.get(named(page, "css")[0]).text == "body { margin: 7px }"


def test_what_others_build_on_comes_first(assets: Path) -> None:
    for folder in ("chart", "css", "lib", "vendor"):
        (assets / folder).mkdir()
        (assets / folder / "one.js").write_text(f"window.{folder} = 1")
        (assets / folder / "one.css").write_text(f".{folder} {{ margin: 7px }}")
    browser = client(assets)
    script, style = whole(browser), browser.get(named(browser.get(BASE).text, "css")[0]).text
    first, renderer, late = script.partition("new DashRenderer")
    assert renderer
    assert re.findall(r"window\.(vendor|lib|first|second|chart) = ", first) == ["lib", "first", "second"]
    assert re.findall(r"window\.(vendor|lib|first|second|chart) = ", late) == ["vendor", "chart"]
    assert re.findall(r"\.(\w+) {", style) == ["vendor", "lib", "chart", "css"]


def test_a_chart_needs_no_further_script(assets: Path) -> None:
    assert (pkgutil.get_data("dash", "dcc/async-graph.js") or b"missing") in b"".join(scripts(client(assets)))


def test_a_bundle_is_kept_for_good_and_renamed_with_its_content(assets: Path) -> None:
    browser = client(assets)
    before = named(browser.get(BASE).text, "js")
    answer = browser.get(before[0])
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.mimetype == "text/javascript"
    (assets / "second.js").write_text("window.second = 2")
    assert len(set(named(client(assets).get(BASE).text, "js")) - set(before)) == 1


def test_a_process_serves_what_the_page_of_another_one_names(assets: Path) -> None:
    address = named(client(assets).get(BASE).text, "js")[0]
    assert client(assets).get(address).status_code == 200


def test_a_bundle_that_another_process_named_takes_no_page(assets: Path) -> None:
    server = Flask("another")
    shared: Any = server
    app = BundledDash("another", server=shared, url_base_pathname=BASE, assets_folder=str(assets))
    app.layout = html.Div(dcc.Graph())

    def first(_: str) -> str:
        raise AssertionError("a page was made")

    app.first_for = first
    page = client(assets).get(BASE).text
    for address in [*named(page, "js"), *named(page, "css")]:
        assert server.test_client().get(address).status_code == 200


def test_what_no_page_names_is_not_found(assets: Path) -> None:
    browser = client(assets)
    address = named(browser.get(BASE).text, "js")[0]
    assert browser.get(re.sub(r"\.[0-9a-f]+\.js", ".0123456789abcdef.js", address)).status_code == 404


def test_bundles_are_compressed_once_and_answers_every_time(assets: Path) -> None:
    browser, kept = client(assets), CompressedBundles()
    address = named(browser.get(BASE).text, "js")[0]
    once, again = (browser.get(address, headers={"Accept-Encoding": "gzip"}) for _ in range(2))
    assert once.headers["Content-Encoding"] == "gzip"
    assert once.data == again.data
    kept.set(f"gzip;{address}", b"bundle")
    kept.set("gzip;/here/_dash-layout", b"answer")
    assert kept.get(f"gzip;{address}") == b"bundle"
    assert kept.get("gzip;/here/_dash-layout") is None


def test_what_a_page_begins_with_stands_before_dashs_own_place(assets: Path) -> None:
    server = Flask("begun")
    shared: Any = server
    app = BundledDash("begun", server=shared, url_base_pathname=BASE, assets_folder=str(assets))
    app.layout = html.Div()
    app.first_for = lambda entry: f"<p>the first page</p><main>{entry}</main>"
    page = server.test_client().get(BASE).text
    assert re.search(r'<p>the first page</p><main>\s*<div id="react-entry-point">', page)


def test_a_script_of_which_the_page_has_no_need_is_left_out(assets: Path) -> None:
    server = Flask("spare")
    shared: Any = server
    (assets / "needless.js").write_text("window.needless = 1")
    app = BundledDash(
        "spare", server=shared, url_base_pathname=BASE, assets_folder=str(assets), unused=("/needless.js",)
    )
    app.layout = html.Div(dcc.Graph())
    assert "window.needless" not in whole(server.test_client())
    assert "window.needless" in whole(client(assets))


def test_no_script_is_run_before_the_page_asks_for_it(assets: Path) -> None:
    page = client(assets).get(BASE).text
    tags = re.findall(r"<script ([^>]*)>", page)
    assert all('type="text/plain"' in tag or 'type="application/json"' in tag for tag in tags)
    assert len([tag for tag in tags if "data-late" in tag]) == len(named(page, "js"))
