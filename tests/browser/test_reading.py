"""Reading charts in Chromium: crosshair, dragging, comparison, split, scale, full screen, table, raw events."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect
from sqlalchemy import text as sql

from db.engine import Database
from db.events import insert_events, query_events
from metrics_dash.jobs.rollup import roll_up_all
from tests.browser.conftest import CATALOG, Serve
from tests.support.looking import drawn, hear, listen, text, wait_for_length, wait_for_tab, wait_for_ticks

Open = Callable[..., Page]


def plot(page: Page, chart: str) -> dict[str, float]:
    """The rectangle within which a chart's data are drawn, in px of the window."""
    drawn(page, chart)
    page.locator(f"#card-{chart}").scroll_into_view_if_needed()
    rectangle: dict[str, float] = page.evaluate(
        """(chart) => { const g = document.querySelector(`#card-${chart} .js-plotly-plot`), f = g._fullLayout;
        const box = g.getBoundingClientRect();
        const corner = { x: box.left + f.xaxis._offset, y: box.top + f.yaxis._offset };
        return { ...corner, width: f.xaxis._length, height: f.yaxis._length }; }""",
        chart,
    )
    return rectangle


def point(page: Page, chart: str, across: float, down: float = 0.5) -> tuple[float, float]:
    area = plot(page, chart)
    return area["x"] + area["width"] * across, area["y"] + area["height"] * down


def drag(page: Page, chart: str, start: float, end: float) -> None:
    page.mouse.move(*point(page, chart, start))
    page.mouse.down()
    page.mouse.move(*point(page, chart, (start + end) / 2))
    page.mouse.move(*point(page, chart, end))
    page.mouse.up()


def from_menu(page: Page, chart: str, entry: str) -> None:
    page.click(f"#card-{chart} .card-tools summary")
    page.locator(f"#card-{chart} .sheet").get_by_text(entry, exact=True).click()


def colours(page: Page, chart: str) -> dict[str, str]:
    """Each series' colour, by its name."""
    found: dict[str, str] = page.evaluate(
        """(chart) => Object.fromEntries(document.querySelector(`#card-${chart} .js-plotly-plot`)._fullData
        .filter((trace) => trace.meta === "value" && trace.showlegend)
        .map((trace) => [trace.legendgroup, trace.type === "bar" ? trace.marker.color : trace.line.color]))""",
        chart,
    )
    return found


# The crosshair


def test_one_crosshair_goes_through_every_chart_of_the_tab(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    page.mouse.move(*point(page, "login-rate", 0.5))
    expect(page.locator(".reader[data-on]")).to_have_count(len(CATALOG.tab("auth").charts))
    times = page.locator(".reader .cross-time").all_inner_texts()
    assert len(set(times)) == 1
    expect(page.locator("#reader-login-results .cross-values > div")).to_have_count(2)
    page.mouse.move(5, 5)
    expect(page.locator(".reader[data-on]")).to_have_count(0)


def test_moving_the_crosshair_never_asks_plotly_to_draw(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=6h&refresh=off")
    wait_for_tab(page, "combat")
    for chart in ("damage-dealt", "creatures-killed", "xp-awarded"):
        drawn(page, chart)
    page.evaluate(
        """() => { window.asked = []; for (const name of ['react', 'relayout', 'restyle', 'update', 'redraw']) {
        const work = Plotly[name]; Plotly[name] = (...given) => { window.asked.push(name); return work(...given); }; }
        document.querySelectorAll('.js-plotly-plot').forEach((graph) =>
        graph.on('plotly_hover', () => window.asked.push('hover'))); }"""
    )
    for step in range(20):
        page.mouse.move(*point(page, "damage-dealt", 0.1 + step * 0.04))
    expect(page.locator(".reader[data-on]")).to_have_count(3)
    shown = text(page, "#reader-damage-dealt .cross-time")
    page.mouse.move(*point(page, "damage-dealt", 0.3))
    expect(page.locator("#reader-damage-dealt .cross-time")).not_to_have_text(shown)
    assert page.evaluate("window.asked") == []


def test_arrow_keys_read_the_values_aloud(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=1h&refresh=off")
    wait_for_tab(page, "combat")
    reader = page.locator("#reader-damage-dealt")
    drawn(page, "damage-dealt")
    page.keyboard.press("Tab")
    reader.focus()
    page.keyboard.press("Home")
    expect(reader).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(reader).to_have_attribute("aria-valuenow", "11")
    spoken = reader.get_attribute("aria-valuetext") or ""
    assert "damage" in spoken
    assert text(page, "#reader-damage-dealt .cross-time") in spoken
    page.keyboard.press("Escape")
    expect(page.locator(".reader[data-on]")).to_have_count(0)


def test_the_crosshair_says_the_zone_s_own_time(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=server&range=1h&refresh=off", timezone_id="Asia/Kathmandu")
    wait_for_tab(page, "server")
    page.mouse.move(*point(page, "players-online", 0))
    expect(page.locator("#reader-players-online")).to_have_attribute("data-on", "")
    start = page.evaluate(
        "new Date(Math.floor(metrics.answer.start / 60000) * 60000 + 20700000).toISOString().slice(11, 16)"
    )
    later = page.evaluate(
        "new Date(Math.floor(metrics.answer.start / 60000) * 60000 + 20760000).toISOString().slice(11, 16)"
    )
    assert text(page, "#reader-players-online .cross-time")[-5:] in (start, later)


# Ranges by dragging


def test_dragging_sets_the_range_of_the_tab_and_pauses(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h")
    wait_for_tab(page, "auth")
    drag(page, "login-rate", 0.25, 0.5)
    page.wait_for_function("() => !metrics.answer.live")
    assert "from=" in page.url
    assert "range=" not in page.url
    length = page.evaluate("(metrics.answer.end - metrics.answer.start) / 60000")
    assert 14 <= length <= 18
    expect(page.locator("#freshness-text")).to_contain_text("Paused")
    page.go_back()
    page.wait_for_function("() => metrics.answer.live")


def test_a_double_click_zooms_out_to_twice_the_range(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&from=now-6h&to=now-5h")
    wait_for_tab(page, "auth")
    page.mouse.dblclick(*point(page, "login-rate", 0.5))
    wait_for_length(page, 2)
    expect(page.locator("#details")).not_to_be_visible()


def test_shift_and_drag_zoom_one_chart_until_it_is_reset(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h")
    wait_for_tab(page, "auth")
    whole = drawn(page, "session-starts")["x"]
    address = page.url
    page.keyboard.down("Shift")
    drag(page, "login-rate", 0.25, 0.5)
    page.keyboard.up("Shift")
    button = page.locator("[data-zoom-reset=login-rate]")
    expect(button).to_be_visible()
    zoomed = drawn(page, "login-rate")["x"]
    wait_for_ticks(page, 3)
    assert drawn(page, "login-rate")["x"] == zoomed
    assert page.url == address
    assert drawn(page, "session-starts")["x"] != zoomed
    assert whole != zoomed
    button.click()
    expect(button).to_be_hidden()
    page.wait_for_function(
        "() => document.querySelector('#card-login-rate .js-plotly-plot')._fullLayout.xaxis.autorange === true"
    )


def test_dragging_never_hides_the_legend(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h")
    wait_for_tab(page, "auth")
    page.locator("#card-login-results .legend button").first.click()
    page.wait_for_url("**hidden=login-results**")
    expect(page.locator("#details")).not_to_be_visible()


def test_a_legend_is_one_line_and_the_rest_opens_by_pointer_and_by_key(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off", viewport={"width": 1280, "height": 900})
    legend = page.locator("#legend-login-results")
    expect(legend.locator("> button")).to_have_text(["success: true", "success: false"])
    page.mouse.move(*point(page, "login-results", 0.5))
    expect(page.locator("#reader-login-results .cross-values span")).to_have_text(["success: true", "success: false"])
    page.evaluate("document.getElementById('legend-login-results').style.width = '150px'")
    expect(legend.locator("> button")).to_have_count(1)
    rest = legend.locator("summary")
    expect(rest).to_have_text("+1")
    rest.focus()
    page.keyboard.press("Enter")
    whole = text(page, "#card-login-results .number")
    failed = legend.locator(".sheet button")
    failed.press("Enter")
    expect(failed).to_have_attribute("aria-pressed", "false")
    page.wait_for_url("**hidden=login-results:false**")
    expect(page.locator("#card-login-results .what").first).to_contain_text("total of 1 of 2 series")
    assert text(page, "#card-login-results .number") != whole
    expect(failed).to_be_visible()
    page.keyboard.press("Escape")
    expect(rest).to_be_focused()


def test_a_double_click_in_the_legend_leaves_one_series_alone_and_brings_all_back(
    open_page: Open, page_url: str
) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    first = page.locator("#legend-login-results > button").first
    for others in ("false", "true"):
        first.dblclick()
        expect(page.locator("#legend-login-results > button").last).to_have_attribute("aria-pressed", others)
        expect(first).to_have_attribute("aria-pressed", "true")


# Comparison


@pytest.mark.parametrize("compare", ["period", "day", "week"])
def test_the_period_before_lies_dotted_over_the_present_one(open_page: Open, page_url: str, compare: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h")
    wait_for_tab(page, "auth")
    page.click("#compare > summary")
    page.click(f"#compare a[data-set='compare={compare}']")
    page.wait_for_url(f"**compare={compare}**")
    expect(page.locator("#footer .compared")).to_contain_text(f"previous {compare}")
    expect(page.locator("#compare-label")).to_have_text(f"Compare: {compare}")
    if compare == "period":
        assert before(page, "login-rate") == ["2px,3px"]
        assert before(page, "login-results") == ["2px,3px"], "of stacked bars the total alone"
        page.mouse.move(*point(page, "login-rate", 0.5))
        expect(page.locator("#reader-login-rate .before span")).to_contain_text(":")


def before(page: Page, chart: str) -> list[str]:
    """How the lines of the period before are dashed, once they are drawn: the words stand there a moment earlier."""
    lines = """(chart) => document.querySelector(`#card-${chart} .js-plotly-plot`)._fullData
        .filter((trace) => trace.meta === "before").map((trace) => trace.line.dash)"""
    page.wait_for_function(f"(chart) => ({lines})(chart).length > 0", arg=chart)
    found: list[str] = page.evaluate(lines, chart)
    return found


def test_the_headline_says_what_it_is_held_against(open_page: Open, page_url: str, database: Database) -> None:
    now = datetime.now().astimezone()
    moments = [now - timedelta(days=1, minutes=number) for number in range(5, 55)]
    insert_events(
        [{"event_name": "bezgelor.quest.accepted", "occurred_at": moment} for moment in moments], database=database
    )
    roll_up_all(database)
    page = open_page(f"{page_url}?tab=gameplay&range=1h&compare=day")
    wait_for_tab(page, "gameplay")
    expect(page.locator("#card-quests-accepted .change")).to_contain_text("vs day before")


# Split


def test_a_split_is_chosen_in_the_menu_and_stands_in_the_address(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h")
    wait_for_tab(page, "auth")
    from_menu(page, "login-rate", "Split by success")
    page.wait_for_url("**split=login-rate:success**")
    page.wait_for_function("() => document.querySelectorAll('#card-login-rate .legend button').length === 2")
    first = colours(page, "login-rate")
    assert first == colours(page, "login-results"), "a value has one colour everywhere"
    wait_for_ticks(page, 2)
    assert colours(page, "login-rate") == first
    from_menu(page, "login-results", "No split")
    page.wait_for_url("**split=login-results:-**")
    page.wait_for_function("() => document.querySelectorAll('#card-login-results .legend button').length === 0")
    assert "split=login-rate:success" in page.url
    from_menu(page, "login-results", "Split by success")
    page.wait_for_function("() => !location.search.includes('login-results')")


def test_a_tick_right_after_a_choice_does_not_take_its_picture_away(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=3600")
    wait_for_tab(page, "auth")
    page.evaluate(
        """() => { metrics.url.go({ split: ["login-rate:success"] });
        setTimeout(() => window.dash_clientside.set_props("tick", { n_intervals: 1 }), 0); }"""
    )
    page.wait_for_function("() => document.querySelectorAll('#card-login-rate .legend button').length === 2")


def test_what_cannot_be_split_offers_none(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h")
    wait_for_tab(page, "auth")
    expect(page.locator("#card-login-success-rate [data-split]")).to_have_count(0)
    expect(page.locator("#card-login-rate [data-split]")).to_have_count(2)


def test_a_sum_is_split_and_its_values_add_up_to_the_number_above(
    open_page: Open, page_url: str, database: Database, history: datetime
) -> None:
    killed = {"event_name": "bezgelor.creature.killed", "measurements": {"xp_reward": 1000}, "metadata": {"zone": "b"}}
    insert_events([{**killed, "occurred_at": history - timedelta(minutes=10)}] * 3, database=database)
    roll_up_all(database)
    start, end = (f"{history - timedelta(minutes=ago):%Y-%m-%dT%H:%MZ}" for ago in (60, 2))
    page = open_page(f"{page_url}?tab=combat&from={start}&to={end}")
    wait_for_tab(page, "combat")
    whole = page.inner_text("#card-xp-awarded .headline")
    from_menu(page, "xp-awarded", "Split by zone")
    page.wait_for_url("**split=xp-awarded:zone**")
    page.wait_for_function("() => document.querySelectorAll('#card-xp-awarded .legend button').length === 2")
    expect(page.locator("#card-xp-awarded .js-plotly-plot:not([data-waiting])")).to_have_count(1)
    assert page.inner_text("#card-xp-awarded .headline") == whole
    drawn_sum = """() => {
        const graph = document.querySelector("#card-xp-awarded .js-plotly-plot");
        const lines = graph._fullData.filter((trace) => trace.meta === "value" && trace.mode === "lines");
        const of = (name) => lines.filter((trace) => trace.name === name)
            .flatMap((trace) => Array.from(trace.y)).filter(Number.isFinite);
        return { a: of("a").length, b: Math.max(...of("b")) };
    }"""
    found = page.evaluate(drawn_sum)
    assert found["b"] == 3000
    assert found["a"] > 0


# Scale


def test_a_logarithmic_scale_says_where_zeros_are(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=6h&refresh=off")
    wait_for_tab(page, "combat")
    from_menu(page, "damage-dealt", "Logarithmic, whole tab")
    page.wait_for_url("**log=1**")
    page.wait_for_function(
        "() => document.querySelector('#card-damage-dealt .js-plotly-plot')._fullLayout.yaxis.type === 'log'"
    )
    expect(page.locator("#card-damage-dealt .annotation-text").first).to_contain_text("× zero")
    page.mouse.move(*point(page, "damage-dealt", 0.3))
    expect(page.locator("#reader-damage-dealt .cross-values b").first).to_contain_text("0")
    wait_for_tab(page, "combat")
    from_menu(page, "damage-dealt", "Logarithmic, whole tab")
    page.wait_for_function("() => !location.search.includes('log=')")


# Closer


WIDTH = "document.querySelector('#card-session-starts .js-plotly-plot')._fullLayout.xaxis._length"


@pytest.mark.parametrize("native", [True, False], ids=["native", "refused by the browser"])
def test_a_card_fills_the_screen_and_escape_leads_back(open_page: Open, page_url: str, native: bool) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h")
    wait_for_tab(page, "auth")
    if not native:
        page.evaluate("() => { Element.prototype.requestFullscreen = () => Promise.reject(new TypeError('refused')); }")
    before = plot(page, "session-starts")["width"]
    from_menu(page, "session-starts", "Full screen")
    page.wait_for_function(
        f"(before) => {WIDTH} > before * 1.8",
        arg=before,
    )
    assert page.evaluate("Boolean(document.fullscreenElement)") is native
    page.wait_for_function("() => document.activeElement.className === 'leave-full'")
    assert page.evaluate("document.querySelector('#card-login-rate').inert") is True
    if native:
        page.evaluate("() => document.exitFullscreen()")
    else:
        page.keyboard.press("Escape")
    page.wait_for_function(
        f"(before) => Math.abs({WIDTH} - before) < 2",
        arg=before,
    )
    assert page.evaluate("document.querySelectorAll('[inert]').length") == 0
    page.wait_for_function("() => document.activeElement.closest('#card-session-starts') !== null")


def test_a_table_has_the_numbers_of_the_chart_and_sorts(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    from_menu(page, "login-rate", "Data as a table")
    rows = page.locator("#details tbody tr")
    page.wait_for_selector("#details tbody tr")
    assert len([url for url in asked if "login-rate.json" in url]) == 1
    shown: list[Any] = page.evaluate(
        """() => { const graph = document.querySelector('#card-login-rate .js-plotly-plot');
        return [...graph._fullData.find((trace) => trace.meta === 'value').y].slice(0, 30); }"""
    )
    table = [cell.replace(",", "") for cell in page.locator("#details tbody td").all_inner_texts()]
    # The oldest: the newest minute may have nothing to say yet.
    assert [float(cell) for cell in table[:-31:-1]] == shown
    button = page.locator("#details thead button", has_text="Login Rate")
    button.press("Enter")
    expect(page.locator("#details th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    values = [float(cell) for cell in page.locator("#details tbody td").all_inner_texts() if cell != "–"]
    assert values == sorted(values, reverse=True)
    assert rows.count() >= 60
    page.keyboard.press("Escape")
    expect(page.locator("#details")).not_to_be_visible()
    # The browser tells a page that a dialog is closed some time after it is.
    page.wait_for_function("() => document.activeElement.closest('#card-login-rate') !== null")


def test_a_click_on_a_point_shows_the_events_behind_it(
    open_page: Open, page_url: str, history: datetime, database: Database
) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    page.mouse.click(*point(page, "login-rate", 0.5))
    page.wait_for_selector("#details tbody tr")
    expect(page.locator("#details thead")).to_contain_text("duration_ms")
    stored = query_events("bezgelor.auth.login_complete", history - timedelta(hours=1), history, database=database)
    assert 1 <= page.locator("#details tbody tr").count() < len(stored)
    page.keyboard.press("Escape")
    expect(page.locator("#details")).not_to_be_visible()


def test_enter_at_the_crosshair_shows_events_and_focus_returns(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    drawn(page, "login-rate")
    reader = page.locator("#reader-login-rate")
    reader.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("#details tbody tr")
    page.wait_for_function("() => document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(reader).to_be_focused()


def test_events_that_are_no_longer_held_are_said_to_be_gone(
    open_page: Open, history: datetime, serve: Serve, database: Database
) -> None:
    with database.begin() as connection:
        connection.execute(sql("UPDATE retention_floors SET recompute_floor = now() WHERE level = 'raw'"))
    page = open_page(serve() + "?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    page.mouse.click(*point(page, "login-rate", 0.5))
    expect(page.locator("#details .message")).to_contain_text("No raw events are held any more")
    expect(page.locator("#details .message")).to_contain_text("kept since")


def test_a_server_that_is_gone_is_said_in_the_dialog(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    page.route("**/events.json**", lambda route: route.abort())
    page.mouse.click(*point(page, "login-rate", 0.5))
    expect(page.locator("#details .message.bad")).to_contain_text("can’t be reached")


# What it costs


def test_a_tick_at_24_hours_stays_within_30_kilobytes(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=24h&compare=day")
    wait_for_tab(page, "combat")
    sizes: list[int] = []

    def measure(reply: Response) -> None:
        if "_dash-update-component" in reply.url and reply.status == 200:
            sizes.append(int(reply.headers["content-length"]))

    page.on("response", measure)
    wait_for_ticks(page, 2)
    assert sizes
    assert 0 < max(sizes) <= 30 * 1024


# What a table offers


def test_a_table_is_searched_added_up_copied_and_saved(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=24h&res=1h&refresh=off")
    page.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; }")
    wait_for_tab(page, "auth")
    from_menu(page, "login-results", "Data as a table")
    page.wait_for_selector("#details tbody tr")
    expect(page.locator("#details thead button")).to_have_text(["Time", "success: true", "success: false"])
    numbers = [int(text.replace(",", "")) for text in page.locator("#details tbody td:nth-child(2)").all_inner_texts()]
    expect(page.locator("#details tfoot td").first).to_have_text(f"{sum(numbers):,}")
    days = page.locator("#details tbody .day:not(.said)").all_inner_texts()
    assert len(days) == len(set(days)), "a date is said once"
    page.fill("#details-search", "23:00")
    expect(page.locator("#details-count")).to_have_text(re.compile(r"^1 of 2[45] rows$"))
    expect(page.locator("#details tbody tr")).to_have_count(1)
    listen(page)
    page.click("#details-copy")
    hear(page, "Rows copied")
    copied = page.evaluate("window.copied").split("\n")
    assert copied[0].split("\t") == ["Time", "success: true", "success: false"]
    assert len(copied) == 2
    with page.expect_download() as download:
        page.click("#details-csv")
    assert download.value.suggested_filename.startswith("auth_login-results_")
    assert download.value.path().read_text().splitlines()[0] == "Time,success: true,success: false"


def test_more_than_a_hundred_raw_events_are_shown_on_demand(open_page: Open, serve: Serve, database: Database) -> None:
    moment = datetime.now().astimezone() - timedelta(minutes=30)
    login = {"event_name": "bezgelor.auth.login_complete", "measurements": {"duration_ms": 2}}
    insert_events(
        [{**login, "metadata": {"success": number % 2 == 0}, "occurred_at": moment} for number in range(250)],
        database=database,
    )
    roll_up_all(database)
    page = open_page(f"{serve()}?tab=auth&range=1h&refresh=off")
    wait_for_tab(page, "auth")
    start = int(moment.replace(second=0, microsecond=0).timestamp() * 1000)
    page.evaluate(
        """(start) => metrics.events.announce("point",
        { chart: "login-rate", start, from: document.getElementById("reader-login-rate") })""",
        start,
    )
    expect(page.locator("#details-about")).to_contain_text("The first 100 events")
    page.click("#details-more")
    expect(page.locator("#details-about")).to_contain_text("250 events of this bucket")
    expect(page.locator("#details tbody tr")).to_have_count(250)
    expect(page.locator("#details-more")).to_be_hidden()
    expect(page.locator("#details tfoot")).to_contain_text("500")
