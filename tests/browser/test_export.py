"""What people take away from the page in Chromium: files that are decoded here, and links that are followed."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect

from layouts.theme import SERIES, TOKENS
from metrics_dash.web.address import Theme
from tests.browser.conftest import Serve
from tests.support.looking import drawn, hear, listen, wait_for_tab

Open = Callable[..., Page]

BERLIN = {"timezone_id": "Europe/Berlin"}
WITH_ABOUT = "() => metrics.answer && metrics.answer.about && metrics.answer.tab === 'auth'"


@pytest.fixture
def auth(open_page: Open, page_url: str) -> Callable[..., Page]:
    """Opens the Auth tab of a browser in Berlin with more in its query, once it is drawn."""

    def opened(query: str = "range=6h", **options: object) -> Page:
        page = open_page(f"{page_url}?tab=auth&{query}", **{**BERLIN, **options})
        wait_for_tab(page, "auth")
        page.wait_for_function(WITH_ABOUT)
        drawn(page, "session-starts")
        return page

    return opened


def choose(page: Page, where: str, button: str) -> None:
    """Opens a menu (``tab`` or a chart's) and presses a button of it; what the page says then is noted."""
    listen(page)
    page.click(f"#share-{where} > summary")
    page.click(f"#share-{where} [data-export]{button}")


def downloaded(page: Page, where: str, button: str, folder: Path) -> Path:
    with page.expect_download() as download:
        choose(page, where, button)
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def picture(page: Page, where: str, theme: str, folder: Path) -> tuple[Path, Image.Image]:
    path = downloaded(page, where, f"[data-export=png][data-look={theme}]", folder)
    image = Image.open(path)
    image.load()
    return path, image


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("RGB"))


def share_of(image: Image.Image, colour: str) -> float:
    """How much of the picture has exactly this colour."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return float((pixels(image) == wanted).all(axis=2).mean())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chart_is_saved_in_either_theme_whatever_the_page_shows(
    auth: Callable[..., Page], tmp_path: Path, theme: Theme
) -> None:
    page = auth("range=6h&theme=light")
    path, image = picture(page, "login-results", theme, tmp_path)
    suffix = "-dark" if theme == "dark" else ""
    assert re.fullmatch(rf"auth_login-results_\d{{4}}-\d\d-\d\dT\d\d-\d\d_6h{suffix}\.png", path.name)
    assert image.size == (1920, 1080)
    assert share_of(image, TOKENS[theme]["surface"]) > 0.3
    assert share_of(image, SERIES[theme][1]) > 0.002, "green, of what succeeded"
    assert share_of(image, SERIES[theme][2]) > 0.0005, "orange, of what failed"
    other: Theme = "dark" if theme == "light" else "light"
    assert share_of(image, TOKENS[other]["surface"]) < 0.001
    hear(page, f"Saved {path.name}")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "light"


def test_a_picture_says_what_it_shows_in_its_own_file(auth: Callable[..., Page], tmp_path: Path) -> None:
    page = auth("range=6h&compare=period&hidden=login-results:false")
    _, image = picture(page, "login-results", "light", tmp_path)
    said = image.text
    assert said["Title"] == "Login Success/Failure · Auth"
    assert said["Software"] == "metrics_dash"
    assert re.fullmatch(r"\w{3} \d+ \w{3} \d{4} .+ → .+, Europe/Berlin \(UTC\+0[12]:00.*\)", said["Range"])
    assert said["Resolution"] == "5-minute buckets"
    assert said["Complete through"].startswith("complete through ")
    assert "previous period" in said["Comparison"]
    assert said["Split"] == "split by success"
    assert said["Hidden series"] == "hidden: false"
    for fact in ("Range", "Resolution", "Complete through", "Comparison", "Split", "Hidden series"):
        assert said[fact] in said["Description"]
    query = parse_qs(urlsplit(said["Source"]).query)
    assert query["tz"] == ["Europe/Berlin"]
    assert query["hidden"] == ["login-results:false"]
    assert query["compare"] == ["period"]
    assert share_of(image, SERIES["light"][2]) < 0.0005, "a hidden series is drawn"


def test_the_link_of_a_picture_leads_back_to_the_same_numbers(
    auth: Callable[..., Page], open_page: Open, tmp_path: Path
) -> None:
    page = auth("range=1h")
    _, image = picture(page, "login-rate", "dark", tmp_path)
    again = open_page(image.text["Source"], timezone_id="Asia/Kathmandu")
    wait_for_tab(again, "auth")
    again.wait_for_function(WITH_ABOUT)
    facts = dict(again.evaluate("() => metrics.answer.about.facts"))
    # It stands still now, so it is as long as its buckets: to the end of that in which the picture was taken.
    assert facts["Range"].split(" → ")[0] == image.text["Range"].split(" → ")[0]
    assert facts["Resolution"] == image.text["Resolution"]
    assert again.evaluate("document.documentElement.dataset.bsTheme") == "dark"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_whole_tab_is_one_picture(auth: Callable[..., Page], tmp_path: Path, theme: Theme) -> None:
    path, image = picture(auth(), "tab", theme, tmp_path)
    suffix = "-dark" if theme == "dark" else ""
    assert re.fullmatch(rf"auth_\d{{4}}-\d\d-\d\dT\d\d-\d\d_6h{suffix}\.png", path.name)
    assert image.width == 2880
    assert image.height > 1400
    assert image.text["Title"] == "Auth"
    for title in ("Login Rate", "Login Success/Failure", "Session Starts"):
        assert title in image.text["Description"]
    for number in range(3):
        assert share_of(image, SERIES[theme][number]) > 0.0001
    rows = pixels(image).reshape(image.height, -1)
    assert (rows[-20:] == rows[-1]).all(), "text at the lower edge"


def test_a_picture_has_neither_pointer_nor_tooltip_nor_buttons(auth: Callable[..., Page], tmp_path: Path) -> None:
    page = auth("from=2026-01-01T00:00:00Z&to=2026-01-01T06:00:00Z")
    before = pixels(picture(page, "login-rate", "light", tmp_path)[1])
    page.hover("#card-login-rate .graph", force=True)
    with page.expect_download() as download:
        page.evaluate("document.querySelector('#share-login-rate [data-look=light]').click()")
    download.value.save_as(tmp_path / "again.png")
    after = pixels(Image.open(tmp_path / "again.png"))
    drawing = slice(180, 900)
    assert (before[drawing] == after[drawing]).all()


def test_a_chart_is_saved_from_its_menu_and_nowhere_else(auth: Callable[..., Page]) -> None:
    page = auth("range=6h")
    page.locator("#card-login-results .graph").hover()
    assert page.locator("#share-login-results [data-export=png]").count() == 2, "light and dark"
    assert page.locator("#card-login-results .modebar-btn").count() == 0


def test_a_picture_of_a_zoomed_chart_shows_the_range_that_it_names(auth: Callable[..., Page], tmp_path: Path) -> None:
    page = auth("from=now-2h&to=now-1h")
    before = pixels(picture(page, "session-starts", "light", tmp_path)[1])
    page.evaluate(
        """() => { const g = metrics.graphs.drawing("session-starts"), [a, b] = g._fullLayout.xaxis.range;
        const middle = new Date((Date.parse(a) + Date.parse(b)) / 2).toISOString().replace("T", " ").replace("Z", "");
        return Plotly.relayout(g, {"xaxis.range[0]": middle}); }"""
    )
    after = pixels(picture(page, "session-starts", "light", tmp_path)[1])
    assert before.shape == after.shape
    drawing = slice(180, 900)
    assert (before[drawing] == after[drawing]).mean() > 0.999


def test_a_long_link_and_many_facts_make_a_picture_taller_and_are_not_cut_off(
    auth: Callable[..., Page], tmp_path: Path
) -> None:
    hidden = "&".join(f"hidden=login-results:series-number-{number}" for number in range(40))
    _, image = picture(auth(f"range=1h&{hidden}"), "login-results", "light", tmp_path)
    assert image.width == 1920
    assert image.height > 1080
    surface = [int(TOKENS["light"]["surface"][at : at + 2], 16) for at in (1, 3, 5)]
    edges = pixels(image)
    for edge in (edges[:20], edges[-20:], edges[:, :20], edges[:, -20:]):
        assert (edge == surface).all()


def test_an_empty_chart_says_in_its_picture_why_it_is_empty(open_page: Open, serve: Serve, tmp_path: Path) -> None:
    page = open_page(f"{serve()}?tab=auth")
    wait_for_tab(page, "auth")
    page.wait_for_function(WITH_ABOUT)
    _, image = picture(page, "login-rate", "light", tmp_path)
    middle = pixels(image)[400:700, 600:1300]
    assert (middle.min(axis=2) < 80).any(), "nothing is said in the middle"


def test_csv_holds_the_numbers_of_the_query_api(auth: Callable[..., Page], tmp_path: Path) -> None:
    page = auth("range=1h")
    path = downloaded(page, "login-rate", "[data-export=csv]", tmp_path)
    assert re.fullmatch(r"auth_login-rate_\d{4}-\d\d-\d\dT\d\d-\d\d_1h\.csv", path.name)
    rows = list(csv.reader(io.StringIO(path.read_text())))
    assert rows[0] == ["time", "Login Rate"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00\+0[12]:00", rows[1][0])
    end = rows[-1][0].replace("+", "%2B")
    start = rows[1][0].replace("+", "%2B")
    root = page.url.partition("/admin/")[0]
    with urlopen(
        f"{root}/api/v1/query?event_name=bezgelor.auth.login_complete&resolution=minute&from={start}&to={end}"
    ) as answer:
        queried = json.load(answer)["series"][0]["v"]
    assert [float(row[1]) for row in rows[1:-1]] == queried
    assert sum(queried) > 50


def test_the_tabs_csv_leaves_out_what_is_hidden(auth: Callable[..., Page], tmp_path: Path) -> None:
    page = auth("range=1h&hidden=login-results:false")
    path = downloaded(page, "tab", "[data-export=csv]", tmp_path)
    assert re.fullmatch(r"auth_\d{4}-\d\d-\d\dT\d\d-\d\d_1h\.csv", path.name)
    header = path.read_text().splitlines()[0]
    shown = ("Login Rate", "Login Success/Failure: success: true", "Login Success Rate", "Login Time p95")
    assert header == ",".join(("time", *shown, "Session Starts", "Unique Players"))


def test_a_table_that_can_not_be_had_is_said(auth: Callable[..., Page]) -> None:
    page = auth()
    page.route(
        re.compile(r"/chart/.*\.csv"), lambda route: route.fulfill(status=503, body="The database can't be asked.\n")
    )
    choose(page, "login-rate", "[data-export=csv]")
    hear(page, "The database can't be asked.", "bad")
    page.route(re.compile(r"/chart/.*\.csv"), lambda route: route.abort())
    choose(page, "login-rate", "[data-export=csv]")
    hear(page, "The server doesn’t answer.", "bad")


# Links


def copied(page: Page, where: str, time: str) -> str:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, where, f"[data-export=link][data-time={time}]")
    hear(page, "Link copied")
    return str(on_clipboard(page, "() => navigator.clipboard.readText()"))


def on_clipboard(page: Page, reading: str) -> object:
    """What a script reads from the clipboard on an empty page beside ours, as ours itself may not read there."""
    reader = page.context.new_page()
    reader.route("**/empty", lambda route: route.fulfill(content_type="text/html", body="<!DOCTYPE html>"))
    reader.goto("http://localhost/empty")
    reader.bring_to_front()
    found: object = reader.evaluate(reading)
    reader.close()
    return found


def test_a_link_that_follows_now_keeps_everything_but_the_time(auth: Callable[..., Page]) -> None:
    page = auth("range=6h&compare=week&split=login-rate:success&hidden=login-results:false&kiosk=&refresh=30")
    query = parse_qs(urlsplit(copied(page, "tab", "relative")).query)
    assert query == {
        "tab": ["auth"],
        "range": ["6h"],
        "tz": ["Europe/Berlin"],
        "compare": ["week"],
        "split": ["login-rate:success"],
        "hidden": ["login-results:false"],
        "theme": ["light"],
    }


def test_a_link_to_this_range_shows_it_to_somebody_elsewhere_and_later(
    auth: Callable[..., Page], open_page: Open
) -> None:
    page = auth("range=6h")
    link = copied(page, "login-rate", "absolute")
    query = parse_qs(urlsplit(link).query)
    assert "range" not in query
    assert query["tz"] == ["Europe/Berlin"]
    there = open_page(link, timezone_id="Asia/Kathmandu")
    there.wait_for_function(WITH_ABOUT)
    shown = there.evaluate("() => [metrics.answer.start, metrics.answer.end, metrics.answer.zone, metrics.answer.live]")
    assert shown[1] - shown[0] == 6 * 3600 * 1000
    assert shown[2:] == ["Europe/Berlin", False]
    assert query["from"] == [there.evaluate("() => metrics.time.iso(metrics.answer.start)")]


def test_a_fixed_range_that_is_to_follow_now_keeps_its_length(auth: Callable[..., Page]) -> None:
    page = auth("from=now-3h&to=now-90m")
    query = parse_qs(urlsplit(copied(page, "tab", "relative")).query)
    assert query["range"] == ["90m"]
    assert "from" not in query
    assert "to" not in query


def test_a_picture_is_copied_where_the_browser_can(auth: Callable[..., Page]) -> None:
    page = auth()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, "login-rate", "[data-export=copy]")
    hear(page, "Picture copied")
    kinds = on_clipboard(page, "async () => (await navigator.clipboard.read()).flatMap((item) => item.types)")
    assert kinds == ["image/png"]


def test_everything_is_reached_and_done_by_keyboard(auth: Callable[..., Page]) -> None:
    page = auth()
    page.focus("#share-login-rate > summary")
    page.keyboard.press("Enter")
    page.focus("#share-login-rate [data-look=dark]")
    with page.expect_download():
        page.keyboard.press("Enter")
    expect(page.locator("#share-login-rate")).not_to_have_attribute("open", "")
    expect(page.locator("#share-login-rate > summary")).to_be_focused()
    expect(page.locator("#notice")).to_have_attribute("aria-live", "polite")
