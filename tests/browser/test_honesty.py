"""What the page admits: how far it is complete, what is unfinished, missing, refused or late, and why."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text as sql

from db.batches import Batch
from db.engine import Database
from db.events import insert_events
from db.ledger import write_batches
from db.rows import to_nanoseconds
from metrics_dash.charts import series
from metrics_dash.charts.plan import Plan
from metrics_dash.ingest.refusals import Refusals
from metrics_dash.jobs.rollup import roll_up_all
from tests.browser.conftest import Serve
from tests.support.looking import text, wait_for_tab

Open = Callable[..., Page]

QUESTS = "bezgelor.quest.accepted"
PLAYERS = "bezgelor.server.players"
DAMAGE = "bezgelor.combat.damage"

TRACES = """
(chart) => document.querySelector(`#card-${chart} .js-plotly-plot`)._fullData.map((trace) => ({
  uid: trace.uid, dash: trace.line && trace.line.dash, pattern: trace.marker && trace.marker.pattern,
  y: Array.from(trace.y, (value) => (Number.isNaN(value) ? null : value)),
}))
"""

PLACES = """
() => ['#tabs', '#ranges', '#card-damage-dealt'].map((one) => document.querySelector(one).getBoundingClientRect().top)
"""


def traces(page: Page, chart: str, part: str) -> list[dict[str, Any]]:
    return [trace for trace in page.evaluate(TRACES, chart) if part in trace["uid"]]


def hold_up(database: Database, since: timedelta) -> None:
    """Something that arrived so long ago waits to be rolled up."""
    with database.begin() as connection:
        connection.execute(
            sql(
                "INSERT INTO rollup_dirty (level, event_name, bucket_start, marked_at) "
                "VALUES ('minute', :name, date_trunc('minute', now()), now() - CAST(:since AS interval))"
            ),
            {"name": QUESTS, "since": since},
        )


# How far it is complete


def test_the_page_says_through_which_second_it_is_complete(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=combat&range=1h")
    wait_for_tab(page, "combat")
    page.wait_for_function(
        """() => document.getElementById('freshness-text').textContent ===
        'Live · complete through ' + metrics.time.clock(metrics.answer.completeThrough, 'UTC')"""
    )
    expect(page.locator("#freshness")).to_have_attribute("data-tone", "ok")


def test_a_rollup_that_does_not_keep_up_is_named_and_so_is_its_end(
    open_page: Open, page_url: str, database: Database
) -> None:
    hold_up(database, timedelta(minutes=3))
    page = open_page(f"{page_url}?tab=combat&range=1h")
    pill = page.locator("#freshness")
    expect(pill).to_have_attribute("data-tone", "warn")
    expect(pill).to_contain_text("Behind by 3 min: the rollup does not keep up (1 mark waits)")
    expect(page.locator("#freshness-alert")).to_contain_text("Behind by 3 min")
    with database.begin() as connection:
        connection.execute(sql("UPDATE rollup_dirty SET marked_at = now() - interval '20 minutes'"))
    expect(pill).to_have_attribute("data-tone", "bad")
    roll_up_all(database)
    expect(pill).to_have_attribute("data-tone", "ok")
    expect(page.locator("#freshness-alert")).to_contain_text("Live")


@pytest.mark.parametrize("width", [1024, 1280, 1440, 1719, 1720])
def test_a_long_reason_moves_nothing(open_page: Open, page_url: str, database: Database, width: int) -> None:
    page = open_page(f"{page_url}?tab=combat&range=1h", viewport={"width": width, "height": 900})
    wait_for_tab(page, "combat")
    before = page.evaluate(PLACES)
    hold_up(database, timedelta(minutes=3))
    expect(page.locator("#freshness")).to_have_attribute("data-tone", "warn")
    assert page.evaluate(PLACES) == before


# What is unfinished, zero, or missing


def test_the_bucket_that_events_still_come_to_looks_unfinished(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=auth&range=6h")
    wait_for_tab(page, "auth")
    ends = traces(page, "login-rate", "unfinished")
    assert [end["dash"] for end in ends] == ["2px,3px"]
    bars = traces(page, "login-results", "unfinished")
    assert bars
    assert all(bar["pattern"]["shape"] == "/" for bar in bars)


def test_zero_is_drawn_and_a_gap_is_not(open_page: Open, page_url: str) -> None:
    page = open_page(f"{page_url}?tab=gameplay&from=now-30h&to=now-20h&res=minute")
    wait_for_tab(page, "gameplay")
    counts = traces(page, "quests-accepted", "-line")[0]["y"]
    assert counts.count(0) > 500
    assert None not in counts
    page.click("#tab-server")
    wait_for_tab(page, "server")
    levels = traces(page, "players-online", "-line")[0]["y"]
    assert levels.count(None) > 500
    assert 0 not in levels


def test_a_chart_that_fails_says_so_and_its_neighbours_are_drawn(
    open_page: Open, page_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = series.build

    def fails_for_one(plan: Plan, *rest: Any) -> Any:
        if plan.chart.id == "quests-accepted":
            raise ZeroDivisionError
        return build(plan, *rest)

    monkeypatch.setattr(series, "build", fails_for_one)
    page = open_page(f"{page_url}?tab=gameplay&range=1h")
    wait_for_tab(page, "gameplay")
    message = page.locator("#card-quests-accepted .message")
    expect(message).to_contain_text("This chart can’t be drawn")
    expect(message).to_contain_text("ZeroDivisionError")
    assert text(page, "#card-quests-completed .number") != "–"


# The four empty states


def test_never_seen_waits_for_the_first_event_by_its_name(open_page: Open, serve: Serve) -> None:
    page = open_page(f"{serve()}?tab=gameplay")
    wait_for_tab(page, "gameplay")
    message = page.locator("#card-quests-accepted .message")
    expect(message).to_contain_text("Waiting for the first event")
    expect(message).to_contain_text(QUESTS)


def test_none_in_this_range_leads_to_where_it_was_last_seen(open_page: Open, serve: Serve, database: Database) -> None:
    seen = datetime.now(UTC) - timedelta(days=3)
    insert_events([{"event_name": QUESTS, "occurred_at": seen}] * 7, database=database)
    roll_up_all(database)
    page = open_page(f"{serve()}?tab=gameplay&range=1h")
    wait_for_tab(page, "gameplay")
    message = page.locator("#card-quests-accepted .message")
    expect(message).to_contain_text("No data available for this time range")
    expect(message).to_contain_text(f"Last seen {seen:%a} {seen.day} {seen:%b %Y, %H:%M}")
    message.locator("a").click()
    expect(page.locator("#card-quests-accepted .number")).to_have_text("7")
    assert "from=" in page.url


def test_past_retention_says_what_is_still_held(open_page: Open, page_url: str, database: Database) -> None:
    floor = (datetime.now(UTC) - timedelta(days=30)).replace(hour=0, minute=0, second=0, microsecond=0)
    with database.begin() as connection:
        connection.execute(sql("UPDATE retention_floors SET ingest_floor = :f, recompute_floor = :f"), {"f": floor})
    page = open_page(f"{page_url}?tab=gameplay&from=now-60d&to=now-50d")
    wait_for_tab(page, "gameplay")
    message = page.locator("#card-quests-accepted .message")
    expect(message).to_contain_text(f"Kept since {floor:%a} {floor.day} {floor:%b %Y}")


def test_a_pipeline_that_holds_events_up_is_not_mistaken_for_silence(
    open_page: Open, serve: Serve, database: Database
) -> None:
    hold_up(database, timedelta(minutes=10))
    page = open_page(f"{serve()}?tab=gameplay&range=1h")
    message = page.locator("#card-quests-accepted .message.bad")
    expect(message).to_contain_text("Events are not coming through")
    expect(message).to_contain_text("The rollup does not keep up")
    expect(message).to_contain_text("Complete through")


# Refused events


def test_refused_events_are_marked_on_the_axis_counted_and_explained(
    open_page: Open, page_url: str, database: Database
) -> None:
    refusals = Refusals({DAMAGE})
    refusals.add("buffer_full", 305, {DAMAGE: 300})
    refusals.add("too many names <b>", 12, {DAMAGE: 12})
    moment = datetime.now(UTC) - timedelta(minutes=30)
    with database.begin() as connection:
        write_batches(connection, [Batch(uuid4(), refusals.report(to_nanoseconds(moment)))])
    roll_up_all(database)
    page = open_page(f"{page_url}?tab=combat&range=1h")
    wait_for_tab(page, "combat")
    mark = page.locator("#card-damage-dealt .shapelayer path").first
    expect(mark).to_be_attached()
    assert mark.evaluate("(path) => path.getBoundingClientRect().height") <= 5
    assert page.locator("#card-damage-dealt .annotation").count() == 0
    page.mouse.move(
        *page.evaluate(
            """() => { const graph = document.querySelector("#card-damage-dealt .js-plotly-plot");
            const { meta, xaxis, yaxis } = graph._fullLayout, box = graph.getBoundingClientRect();
            const x = xaxis._offset + xaxis.c2p(meta.refused[0].start + meta.offset);
            return [box.left + x, box.top + yaxis._offset + 5]; }"""
        )
    )
    expect(page.locator("#reader-damage-dealt .cross-values .refused")).to_contain_text(
        "312 events refused: buffer_full, too many names <b>"
    )
    expect(page.locator("#card-damage-dealt .refused-foot")).to_have_text(
        "312 events refused: buffer_full, too many names <b>"
    )
    expect(page.locator("#footer")).to_contain_text("317 events refused: buffer_full, too many names <b>")
    others = page.locator("#board .card:not(#card-damage-dealt)")
    assert others.count() > 0
    assert others.locator(".refused-foot:visible, .shapelayer path").count() == 0
    assert "312 events were refused" in (page.locator("#summary-damage-dealt").text_content() or "")
