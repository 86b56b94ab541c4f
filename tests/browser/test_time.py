"""The time control in Chromium: typed ranges, live and paused, resolutions, zones; and days that are not 24 hours."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text as sql

from db.engine import Database
from db.events import insert_events
from metrics_dash.charts.timerange.parse import midnight
from metrics_dash.jobs.rollup import roll_up_all
from tests.browser.conftest import Serve
from tests.support.looking import drawn, open_popover, reload, text, wait_for_length, wait_for_tab

Open = Callable[..., Page]

QUESTS = "bezgelor.quest.accepted"
# Of the chart with bars: how many buckets there are, and the room for one (px).
BARS = """() => {
  const { xaxis, meta } = metrics.graphs.drawing("login-results")._fullLayout;
  return { count: meta.grid.count, width: xaxis._length / meta.grid.count };
}"""


# Typed ranges


def test_a_typed_range_counts_from_now_and_stays_live(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=24h")
    wait_for_tab(page, "combat")
    open_popover(page)
    expect(page.locator("#relative-from")).to_have_value("now-24h")
    page.fill("#relative-from", "now-3h")
    page.press("#relative-from", "Enter")
    wait_for_length(page, 3)
    assert page.evaluate("metrics.answer.live") is True
    assert "from=now-3h" in page.url
    assert "range=" not in page.url
    expect(page.locator("#custom-range")).not_to_have_attribute("open", "")
    expect(page.locator("#custom-range > summary")).to_be_focused()


def test_plain_words_are_typed_and_named_on_the_button(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat", timezone_id="Asia/Kathmandu")
    wait_for_tab(page, "combat")
    expect(page.locator("#custom-label")).to_have_text("Last 24 hours")
    open_popover(page)
    page.fill("#relative-from", "Last  week")
    page.press("#relative-from", "Enter")
    wait_for_length(page, 7 * 24)
    assert "range=last-week" in page.url
    assert "from=" not in page.url
    expect(page.locator("#custom-label")).to_have_text("Last week")
    assert page.evaluate("new Date(metrics.answer.start).toISOString().slice(11, 19)") == "18:15:00"
    open_popover(page)
    expect(page.locator("#recent-ranges button")).to_have_text(["last week"])
    page.click(".examples a:has-text('Yesterday')")
    wait_for_length(page, 24)
    expect(page.locator("#custom-label")).to_have_text("Yesterday")
    expect(page.locator("#custom-range > summary")).to_have_attribute("data-on", "")


def test_the_header_is_one_row_from_1024_px_on(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&from=2026-01-18T00:00:00Z&to=2026-01-20T09:30:00Z&tz=UTC&compare=period")
    wait_for_tab(page, "combat")
    for width in (1024, 1100, 1279, 1280, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        tops = page.evaluate(
            """() => [...document.querySelectorAll('.top > .heading, .top > .controls, .controls > *')]
            .filter((one) => one.offsetParent).map((one) => { const box = one.getBoundingClientRect();
              return Math.round(box.top + box.height / 2); })"""
        )
        assert max(tops) - min(tops) <= 2, (width, tops)
        # The charts take the new width a moment later.
        page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.querySelector('.controls').getBoundingClientRect().right <= innerWidth"), width
        for words in ("#title", "#freshness-text"):
            cut = page.locator(words).evaluate(
                "(one) => [one.scrollWidth - one.clientWidth, one.scrollHeight - one.clientHeight]"
            )
            assert max(cut) <= 1, (width, words, text(page, words), cut)


def test_a_typed_range_of_whole_days_begins_at_the_zone_s_midnight(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat", timezone_id="Asia/Kathmandu")
    wait_for_tab(page, "combat")
    open_popover(page)
    page.fill("#relative-from", "now-2d/d")
    page.fill("#relative-to", "now/d")
    page.click("#relative-apply")
    wait_for_length(page, 48)
    assert page.evaluate("new Date(metrics.answer.start).toISOString().slice(11, 19)") == "18:15:00"


def test_a_range_that_cannot_be_read_is_quoted_where_it_was_typed(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=6h")
    wait_for_tab(page, "combat")
    open_popover(page)
    page.fill("#relative-from", "now-7x")
    page.click("#relative-apply")
    expect(page.locator("#relative-problem")).to_contain_text("'now-7x'")
    expect(page.locator("#relative-from")).to_be_focused()
    expect(page.locator("#relative-from")).to_have_attribute("aria-invalid", "true")
    page.fill("#relative-from", "now-6h")
    page.fill("#relative-to", "tomorrow")
    page.click("#relative-apply")
    expect(page.locator("#relative-problem")).to_contain_text("'tomorrow'")
    expect(page.locator("#relative-to")).to_be_focused()
    page.fill("#relative-to", "now-9h")
    page.click("#relative-apply")
    expect(page.locator("#relative-problem")).to_contain_text("not before its end")
    assert "range=6h" in page.url


def test_the_last_five_ranges_are_offered_again(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat")
    wait_for_tab(page, "combat")
    for hours in (2, 3, 4, 5, 7, 8):
        open_popover(page)
        page.fill("#relative-from", f"{hours}h")
        page.click("#relative-apply")
        wait_for_length(page, hours)
    open_popover(page)
    recent = page.locator("#recent-ranges button")
    expect(recent).to_have_text([f"now-{hours}h → now" for hours in (8, 7, 5, 4, 3)])
    recent.nth(2).click()
    wait_for_length(page, 5)
    reload(page)
    wait_for_tab(page, "combat")
    open_popover(page)
    expect(recent.first).to_have_text("now-5h → now")


# Live and paused


def test_pausing_holds_the_range_and_one_click_returns_to_live(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=6h")
    wait_for_tab(page, "combat")
    expect(page.locator("#go-live")).to_be_hidden()
    page.click("#refresh > summary")
    page.click("#pause")
    page.wait_for_function("() => !metrics.answer.live")
    wait_for_length(page, 6)
    expect(page.locator("#freshness-text")).to_contain_text("Paused")
    expect(page.locator("#refresh-label")).to_have_text("Paused")
    page.click("#go-live")
    page.wait_for_function("() => metrics.answer.live")
    wait_for_length(page, 6)
    assert "range=6h" in page.url
    page.go_back()
    page.wait_for_function("() => !metrics.answer.live")


def test_going_live_keeps_a_length_that_is_no_preset(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&from=now-10h&to=now-7h")
    wait_for_tab(page, "combat")
    page.click("#go-live")
    page.wait_for_function("() => metrics.answer.live")
    wait_for_length(page, 3)


def test_zooming_out_shows_twice_the_time(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=6h")
    wait_for_tab(page, "combat")
    page.click("#zoom-out")
    wait_for_length(page, 12)
    assert page.evaluate("metrics.answer.live") is True


def test_the_refresh_can_be_changed_and_switched_off(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=1h")
    wait_for_tab(page, "combat")
    page.click("#refresh > summary")
    page.click("#refresh-60")
    expect(page.locator("#refresh-label")).to_have_text("1 min")
    page.click("#refresh > summary")
    page.click("#refresh-off")
    expect(page.locator("#refresh-label")).to_have_text("Off")
    assert "refresh=off" in page.url
    expect(page.locator("#freshness-text")).to_contain_text("Refresh is off")


# Resolution and zone


def test_a_resolution_is_chosen_and_stands_in_the_address(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=24h")
    wait_for_tab(page, "combat")
    expect(page.locator("#footer")).to_contain_text("5-minute buckets")
    open_popover(page)
    expect(page.locator("#steps a:visible")).to_have_text(
        ["Auto", "1 min", "2 min", "5 min", "10 min", "15 min", "30 min", "1 h", "2 h", "3 h", "6 h", "12 h", "1 day"]
    )
    page.click("#res-1h")
    expect(page.locator("#footer")).to_contain_text("1-hour buckets")
    assert "res=1h" in page.url
    open_popover(page)
    expect(page.locator("#res-1h")).to_have_attribute("aria-current", "true")


def test_a_level_s_name_in_an_old_link_is_still_its_step(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=24h&res=hour")
    wait_for_tab(page, "combat")
    expect(page.locator("#footer")).to_contain_text("1-hour buckets")
    open_popover(page)
    expect(page.locator("#res-1h")).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize(("width", "step"), [(1440, "15-minute"), (390, "30-minute")])
def test_bars_are_wide_enough_on_their_card_and_the_footer_says_how_long_they_are(
    open_page: Open, page_url: str, width: int, step: str
) -> None:
    page = open_page(f"{page_url}?tab=auth&range=24h", viewport={"width": width, "height": 900})
    wait_for_tab(page, "auth")
    expect(page.locator("#footer")).to_contain_text(f"5-minute buckets, bars {step}")
    drawn(page, "login-results")
    bars = page.evaluate(BARS)
    assert bars["count"] > 40
    assert bars["width"] >= 4


def test_a_step_by_hand_is_that_of_bars_too(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=6h&res=1m")
    wait_for_tab(page, "auth")
    expect(page.locator("#footer")).to_contain_text("1-minute buckets")
    expect(page.locator("#footer")).not_to_contain_text("bars")
    assert page.evaluate("metrics.graphs.stepOf('login-results')") == "1m"


def test_all_charts_of_a_tab_count_the_same_events(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=24h&refresh=off")
    wait_for_tab(page, "auth")
    assert text(page, "#card-login-rate .number") == text(page, "#card-login-results .number")


def test_a_resolution_that_is_not_held_is_replaced_and_the_page_says_why(
    open_page: Open, page_url: str, database: Database, history: datetime
) -> None:
    with database.begin() as connection:
        connection.execute(
            sql("UPDATE retention_floors SET recompute_floor = :moment WHERE level = 'minute'"),
            {"moment": (history - timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)},
        )
    page = open_page(f"{page_url}?tab=combat&from=now-72h&to=now-60h&res=minute")
    wait_for_tab(page, "combat")
    expect(page.locator("#footer")).to_contain_text("Shown in hours: minutes are held only since")
    open_popover(page)
    expect(page.locator("#resolution-note")).to_contain_text("minutes are held only since")


def test_where_only_utc_days_are_left_the_page_says_so(
    open_page: Open, page_url: str, database: Database, history: datetime
) -> None:
    floor = (history - timedelta(days=5)).replace(hour=0, minute=0, second=0, microsecond=0)
    with database.begin() as connection:
        connection.execute(
            sql("UPDATE retention_floors SET recompute_floor = :floor WHERE level IN ('minute', 'hour')"),
            {"floor": floor},
        )
    page = open_page(f"{page_url}?tab=combat&range=30d", timezone_id="Europe/Berlin")
    wait_for_tab(page, "combat")
    expect(page.locator("#footer")).to_contain_text("1-day buckets, UTC days")
    page.click("#range-7d")
    wait_for_length(page, 168)


def test_the_zone_is_the_viewer_s_utc_or_the_server_s(open_page: Open, history: datetime, serve: Serve) -> None:
    url = serve(timezone=ZoneInfo("Europe/Berlin"))
    page = open_page(f"{url}?tab=combat&range=6h", timezone_id="Asia/Tokyo")
    wait_for_tab(page, "combat")
    for link, zone in (("#tz-server", "Europe/Berlin"), ("#tz-utc", "UTC"), ("#tz-browser", "Asia/Tokyo")):
        open_popover(page)
        page.click(link)
        page.wait_for_function("(zone) => metrics.answer.zone === zone", arg=zone)
        expect(page.locator("#footer")).to_contain_text(zone)
    page.go_back()
    page.wait_for_function("() => metrics.answer.zone === 'UTC'")


# Days that are not 24 hours long, and zones whose hours are not UTC's

DAYS = [
    ("Europe/Berlin", date(2025, 3, 30), 23),
    ("Europe/Berlin", date(2025, 10, 26), 25),
    ("Asia/Kathmandu", date(2025, 10, 26), 24),
    ("Australia/Lord_Howe", date(2025, 10, 5), 23.5),
    ("Australia/Lord_Howe", date(2025, 4, 6), 24.5),
]
NAMES = ["Berlin, spring", "Berlin, autumn", "Kathmandu", "Lord Howe, spring", "Lord Howe, autumn"]
days = pytest.mark.parametrize(("zone", "day", "hours"), DAYS, ids=NAMES)


@pytest.fixture
def half_hours(database: Database) -> Callable[[str, date], None]:
    """An event in each half hour of a day, of the one before and the one after."""

    def stored(zone: str, day: date) -> None:
        start, end = (midnight(day + timedelta(days=number), ZoneInfo(zone)) for number in (-1, 2))
        count = int((end - start) / timedelta(minutes=30))
        moments = [start + timedelta(minutes=30 * number + 10) for number in range(count)]
        insert_events([{"event_name": QUESTS, "occurred_at": moment} for moment in moments], database=database)
        roll_up_all(database)

    return stored


def wait_for_start(page: Page, start: datetime) -> None:
    """Until the answer to this range is there: the page's first range is a day long, too."""
    page.wait_for_function("(start) => metrics.answer.start === start", arg=round(start.timestamp() * 1000))


def choose_day(page: Page, day: date) -> None:
    open_popover(page)
    page.fill("#range-from", f"{day}T00:00")
    page.fill("#range-to", f"{day + timedelta(days=1)}T00:00")
    page.click("#range-apply")


@days
def test_a_day_is_as_long_as_the_zone_says(
    open_page: Open, serve: Serve, half_hours: Callable[[str, date], None], zone: str, day: date, hours: float
) -> None:
    half_hours(zone, day)
    page = open_page(f"{serve()}?tab=gameplay", timezone_id=zone)
    wait_for_tab(page, "gameplay")
    choose_day(page, day)
    wait_for_start(page, midnight(day, ZoneInfo(zone)))
    wait_for_length(page, hours)
    expect(page.locator("#card-quests-accepted .number")).to_have_text(f"{hours * 2:g}")
    page.click("#step-back")
    wait_for_start(page, midnight(day - timedelta(days=1), ZoneInfo(zone)))
    wait_for_length(page, 24)
    page.click("#step-forward")
    wait_for_start(page, midnight(day, ZoneInfo(zone)))
    wait_for_length(page, hours)


@days
def test_day_buckets_are_the_zone_s_days(
    open_page: Open, serve: Serve, half_hours: Callable[[str, date], None], zone: str, day: date, hours: float
) -> None:
    half_hours(zone, day)
    first, last = (midnight(day + timedelta(days=number), ZoneInfo(zone)) for number in (-1, 2))
    span = f"from={first:%Y-%m-%dT%H:%M:%SZ}&to={last:%Y-%m-%dT%H:%M:%SZ}"
    url = serve()
    page = open_page(f"{url}?tab=gameplay&res=day&{span}", timezone_id=zone)
    wait_for_tab(page, "gameplay")
    drawn(page, "quests-accepted")
    page.focus("#reader-quests-accepted")
    page.keyboard.press("Home")
    for number, count in ((-1, 48), (0, hours * 2), (1, 48)):
        that = day + timedelta(days=number)
        expected = f"{that:%a} {that.day} {that:%b} {that.year}: {count:g}"
        expect(page.locator("#reader-quests-accepted")).to_have_attribute("aria-valuetext", expected)
        page.keyboard.press("ArrowRight")
    rows = rows_of(page, f"/api/v1/query?event_name={QUESTS}&resolution=day&tz={zone}&format=csv&{span}")
    starts = [midnight(day + timedelta(days=number), ZoneInfo(zone)) for number in (-1, 0, 1)]
    assert [datetime.fromisoformat(row[0]) for row in rows] == starts
    assert [float(row[1]) for row in rows] == [48, hours * 2, 48]


@days
def test_the_axis_and_its_values_are_named_by_the_zone_s_clock(
    open_page: Open, serve: Serve, half_hours: Callable[[str, date], None], zone: str, day: date, hours: float
) -> None:
    half_hours(zone, day)
    start, end = (midnight(day + timedelta(days=number), ZoneInfo(zone)) for number in (0, 1))
    span = f"from={start:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"
    page = open_page(f"{serve()}?tab=gameplay&{span}&res=minute", timezone_id=zone)
    wait_for_tab(page, "gameplay")
    labels = page.locator("#card-quests-accepted .xaxislayer-above .xtick").all_text_contents()
    spoken = [label[:5] for label in labels]
    assert spoken[0] == "00:00"
    assert f"{day:%a} {day.day} {day:%b}" in labels[0]
    assert len(spoken) >= 5
    assert spoken[:-1] == sorted(spoken[:-1])
    drawn(page, "quests-accepted")
    page.focus("#reader-quests-accepted")
    page.keyboard.press("End")
    last = (end - timedelta(minutes=1)).astimezone(ZoneInfo(zone))
    spoken_time = re.compile(re.escape(f"{last:%a} {last.day} {last:%b}, 23:59"))
    expect(page.locator("#reader-quests-accepted")).to_have_attribute("aria-valuetext", spoken_time)


def rows_of(page: Page, path: str) -> list[list[str]]:
    origin = page.url.split("/admin")[0]
    answer = page.request.get(origin + path)
    assert answer.ok, answer.text()
    return list(csv.reader(io.StringIO(answer.text())))[1:]


def test_the_hour_that_comes_twice_is_told_apart(
    open_page: Open, serve: Serve, half_hours: Callable[[str, date], None]
) -> None:
    half_hours("Europe/Berlin", date(2025, 10, 26))
    page = open_page(
        f"{serve()}?tab=gameplay&res=hour&from=2025-10-26T00:00:00Z&to=2025-10-26T03:00:00Z",
        timezone_id="Europe/Berlin",
    )
    wait_for_tab(page, "gameplay")
    drawn(page, "quests-accepted")
    page.focus("#reader-quests-accepted")
    page.keyboard.press("Home")
    reader = page.locator("#reader-quests-accepted")
    expect(reader).to_have_attribute("aria-valuetext", "Sun 26 Oct, 02:00: 2")
    page.keyboard.press("ArrowRight")
    expect(reader).to_have_attribute("aria-valuetext", "Sun 26 Oct, 02:00 (UTC+1): 2")
    assert "02:00 → " in text(page, "#footer")


CELLS = """() => {
  const { calcdata, _fullLayout: { xaxis, meta } } = metrics.graphs.drawing("login-time-p95");
  const drawn = (kind) => calcdata.filter(([point]) => point.trace.meta === kind).flat();
  const place = (_, n) => meta.grid.first + n * meta.grid.step + meta.offset;
  const starts = new Set(Array.from({ length: meta.grid.count + 1 }, place));
  return {
    beside: drawn("cells").filter(({ x }) => Number.isFinite(x) && !starts.has(x)).length,
    cells: drawn("cells").length,
    reaches: Math.max(...drawn("cells").map(({ x }) => x || 0)) <= meta.end + meta.offset + meta.grid.step,
    axis: xaxis.range,
  };
}"""


@pytest.mark.parametrize("shown", ["", "&tz=UTC", "&tz=America/New_York"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles"])
def test_cells_stand_in_their_buckets_whatever_the_browsers_zone(
    open_page: Open, page_url: str, zone: str, shown: str
) -> None:
    page = open_page(f"{page_url}?tab=auth&range=24h&refresh=off{shown}", timezone_id=zone)
    wait_for_tab(page, "auth")
    drawn(page, "login-time-p95")
    found = page.evaluate(CELLS)
    assert found["cells"] > 0
    assert found["beside"] == 0
    assert found["reaches"]
