"""The page in Chromium: zones, themes, zoom, phone, and what stays through a refresh."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.exc import OperationalError

from db.engine import Database
from db.events import insert_events
from metrics_dash.catalog import Tab
from metrics_dash.charts.timerange.parse import PRESETS, Preset
from metrics_dash.jobs.rollup import roll_up_all
from routes.bundles import NAME
from tests.browser.conftest import CATALOG, Serve
from tests.support.looking import drawn, text, wait_for_length, wait_for_tab, wait_for_ticks

Open = Callable[..., Page]


@pytest.mark.parametrize("tab", CATALOG.tabs, ids=lambda tab: tab.id)
def test_every_tab_shows_every_chart_of_its_catalog(open_page: Open, page_url: str, tab: Tab) -> None:
    page = open_page(f"{page_url}?tab={tab.id}")
    wait_for_tab(page, tab.id)
    for chart in tab.charts:
        # Bars are 4 px wide at least, so a narrow card has half-hours.
        assert max(drawn(page, chart.id)["lengths"]) > 40
        assert text(page, f"#card-{chart.id} .number") != "–"
    assert page.inner_text("h1") == tab.title
    expect(page.locator(f"#tab-{tab.id}")).to_have_attribute("aria-current", "page")
    expect(page.locator("#tabs [aria-current]")).to_have_count(1)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_every_range_is_one_click_and_stands_in_the_address(open_page: Open, page_url: str, preset: Preset) -> None:
    page = open_page(f"{page_url}?tab=auth&range=6h" if preset.key != "6h" else page_url + "?tab=auth")
    wait_for_tab(page, "auth")
    page.click(f"#range-{preset.key}")
    length = {"1h": 1, "6h": 6, "24h": 24, "7d": 168, "30d": 720}[preset.key]
    wait_for_length(page, length)
    assert f"range={preset.key}" in page.url
    assert "tab=auth" in page.url
    assert max(drawn(page, "login-rate")["lengths"]) >= 24
    expect(page.locator("#ranges > [aria-current]")).to_have_text(preset.key)


def test_a_refresh_keeps_zoom_hidden_series_tab_and_range(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h")
    wait_for_tab(page, "auth")
    before = drawn(page, "login-results")
    page.evaluate(
        """() => { const g = document.querySelector('#card-login-results .js-plotly-plot');
        const [a, b] = g._fullLayout.xaxis.range.map((x) => Date.parse(x.replace(' ', 'T') + 'Z'));
        const iso = (t) => new Date(t).toISOString().replace('T', ' ').replace('Z', '');
        const range = [iso(a + (b - a) / 4), iso(a + (b - a) / 2)];
        return Plotly.relayout(g, {'xaxis.range[0]': range[0], 'xaxis.range[1]': range[1]}); }"""
    )
    zoomed = drawn(page, "login-results")["x"]
    assert zoomed != before["x"]
    page.locator("#card-login-results .legend button").first.click()
    page.wait_for_url("**hidden=login-results**")
    expect(page.locator("#card-login-results .what").first).to_contain_text("of 1 of 2 series")
    wait_for_ticks(page, 3)
    after = drawn(page, "login-results")
    assert after["x"] == zoomed
    assert "legendonly" in after["shown"]
    assert "tab=auth" in page.url
    assert "range=1h" in page.url


def test_a_tick_brings_new_events_without_a_click(open_page: Open, page_url: str, database: Database) -> None:
    page = open_page(f"{page_url}?tab=gameplay&range=1h")
    wait_for_tab(page, "gameplay")
    before = int(text(page, "#card-quests-accepted .number").replace(",", ""))
    insert_events([{"event_name": "bezgelor.quest.accepted", "occurred_at": datetime.now(UTC)}] * 40)
    roll_up_all(database)
    page.wait_for_function(
        """(least) => Number(document.querySelector('#card-quests-accepted .number').textContent.replace(/\\D/g, ''))
        >= least""",
        arg=before + 38,
    )


def test_hidden_series_come_with_a_deep_link(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=6h&hidden=login-results:false")
    wait_for_tab(page, "auth")
    seen = drawn(page, "login-results")
    states = dict(zip(seen["names"], seen["shown"], strict=True))
    assert states["success: false"] == "legendonly"
    assert states["success: true"] is True


def test_a_custom_range_is_read_in_the_page_s_zone(open_page: Open, page_url: str, history: datetime) -> None:
    page = open_page(f"{page_url}?tab=combat", timezone_id="Asia/Kathmandu")
    wait_for_tab(page, "combat")
    page.click("#custom-range > summary")
    day = (history - timedelta(days=2)).strftime("%Y-%m-%d")
    page.fill("#range-from", f"{day}T06:00")
    page.fill("#range-to", f"{day}T18:30")
    page.click("#range-apply")
    page.wait_for_url("**from=**")
    assert f"from={day}T00:15:00Z" in page.url
    assert f"to={day}T12:45:00Z" in page.url
    page.wait_for_function("() => !metrics.answer.live")
    assert "06:00" in text(page, "#footer")
    assert "18:30, Asia/" in text(page, "#footer")
    assert drawn(page, "damage-dealt")["x"][0].startswith(f"{day} 06:00")
    assert "Paused" in text(page, "#freshness")


def test_a_custom_range_that_runs_backwards_is_refused_where_it_is_entered(open_page: Open, page_url: str) -> None:
    page = open_page(page_url)
    wait_for_tab(page, "server")
    page.click("#custom-range > summary")
    page.fill("#range-from", "2026-01-02T00:00")
    page.fill("#range-to", "2026-01-01T00:00")
    page.click("#range-apply")
    expect(page.locator("#range-problem")).to_contain_text("before")


def test_a_range_that_cannot_be_read_is_said_and_not_replaced(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?from=tomorrow&to=now")
    expect(page.locator(".message.page")).to_contain_text("tomorrow")
    page.click(".message.page a")
    wait_for_tab(page, "server")
    assert "from=" not in page.url


def test_steps_go_back_and_forward_to_live(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=server&range=6h")
    wait_for_tab(page, "server")
    page.click("#step-back")
    page.wait_for_function("() => !metrics.answer.live")
    assert "from=" in page.url
    page.click("#step-forward")
    page.wait_for_function("() => metrics.answer.live")
    assert "range=6h" in page.url


def test_back_and_forward_work_without_a_reload(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=server&range=6h")
    wait_for_tab(page, "server")
    page.evaluate("window.stayed = true")
    page.click("#tab-combat")
    wait_for_tab(page, "combat")
    page.click("#range-1h")
    wait_for_length(page, 1)
    page.go_back()
    wait_for_length(page, 6)
    page.go_back()
    wait_for_tab(page, "server")
    page.go_forward()
    wait_for_tab(page, "combat")
    assert page.evaluate("window.stayed") is True


def test_the_theme_changes_charts_and_page_at_once_and_is_kept(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=1h")
    wait_for_tab(page, "combat")
    page.click("#theme-toggle")
    page.wait_for_function(
        """() => document.querySelector('#card-damage-dealt .js-plotly-plot')._fullData
        .some((trace) => trace.line && trace.line.color === '#7ea2ff')"""
    )
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    wait_for_ticks(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 17, 22)"
    page.goto(page_url)
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_dark_is_painted_first_where_the_system_prefers_it(open_page: Open, page_url: str) -> None:
    page = open_page(page_url, color_scheme="dark")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_a_phone_sees_one_column_and_never_scrolls_sideways(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth", viewport={"width": 390, "height": 844})
    wait_for_tab(page, "auth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    lefts = page.eval_on_selector_all(".card", "cards => cards.map((card) => card.getBoundingClientRect().left)")
    assert len(set(lefts)) == 1


def test_nothing_moves_when_the_first_data_arrive(open_page: Open, page_url: str) -> None:
    page = open_page(page_url)
    wait_for_tab(page, "server")
    shifts = page.evaluate(
        """() => new Promise((resolve) => {
          const observer = new PerformanceObserver((list) => {
            window.shifts = list.getEntries().reduce((sum, entry) => sum + entry.value, 0);
          });
          observer.observe({ type: 'layout-shift', buffered: true });
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(window.shifts || 0)));
        })"""
    )
    assert shifts < 0.05


def test_an_empty_store_says_what_it_waits_for(open_page: Open, serve: Serve) -> None:
    page = open_page(serve() + "?tab=auth")
    wait_for_tab(page, "auth")
    expect(page.locator("#card-login-rate .message")).to_contain_text("bezgelor.auth.login_complete")


def test_a_range_without_events_says_so_and_leads_to_the_last_ones(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&from=now-300d&to=now-290d")
    expect(page.locator("#card-damage-dealt .message")).to_contain_text("No data available for this time range")


def test_a_database_that_fails_leaves_the_last_picture_and_says_how_old_it_is(
    open_page: Open, page_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(f"{page_url}?tab=combat&range=1h")
    wait_for_tab(page, "combat")
    number = text(page, "#card-damage-dealt .number")

    def fails(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, ConnectionError("gone"))

    monkeypatch.setattr(database, "reading", fails)
    expect(page.locator("#freshness-text")).to_contain_text("database unavailable", timeout=20_000)
    expect(page.locator("#freshness-text")).to_contain_text("ago")
    assert text(page, "#card-damage-dealt .number") == number
    monkeypatch.undo()
    expect(page.locator("#freshness-text")).to_contain_text("Live", timeout=20_000)


def test_nothing_is_fetched_from_elsewhere_and_only_the_small_plotly(open_page: Open, page_url: str) -> None:
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(page_url)
    wait_for_tab(page, "server")
    origin = page_url.split("/admin")[0]
    assert [url for url in asked if not url.startswith((origin, "data:", "blob:"))] == []
    assert [url for url in asked if "plotly.min" in url or "package_data" in url] == []
    scripts = {url for url in asked if url.endswith(".js")}
    assert scripts
    assert [url for url in scripts if NAME not in url] == [], "the charts are drawn by what is in the bundles"
    assert errors == []
