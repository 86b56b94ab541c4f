"""The first answer of a tab: the numbers that the first question will be answered with, for who may see them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callbacks.first import Look, current, hinted, read_look, sketched_tab
from callbacks.refresh import RefreshRequest, answer_request
from db.engine import Database
from db.events import insert_events
from layouts.static import as_html
from metrics_dash.auth.permissions import LOCAL, Principal
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.settings import Settings
from metrics_dash.web.address import read_state
from metrics_dash.web.context import Context

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
ADDRESS = "tab=auth&from=2026-02-01T00:00:00Z&to=2026-02-02T00:00:00Z"


@pytest.fixture
def context(database: Database) -> Iterator[Context]:
    event = {"event_name": "bezgelor.auth.login_complete", "metadata": {"success": True}}
    moments = [NOON + timedelta(minutes=number) for number in range(17)]
    insert_events([{**event, "occurred_at": moment} for moment in moments], database=database)
    roll_up_all(database)
    return context_on(database)


def context_on(database: Database, **more: Any) -> Context:
    catalog, settings = load_catalog(), Settings()
    queries = Queries(database, catalog, settings)
    return Context(catalog, settings, queries, clock=lambda: NOON, demo=lambda: False, version="1", **more)


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}&compare=day", f"{ADDRESS}&res=1h"])
def test_its_numbers_and_its_foot_are_those_of_the_first_answer(context: Context, address: str) -> None:
    found = sketched_tab(address, Look(560, "Europe/Berlin"), LOCAL, context)
    assert found is not None
    asked = RefreshRequest(search=f"?{address}", reason="navigate", zone="Europe/Berlin", theme="light", width=560)
    answer = answer_request(asked, [chart.id for chart in found.tab.charts], context)
    for card, headline in zip(found.cards.values(), answer.headlines, strict=True):
        assert as_html(card.headline) == as_html(headline[:-1])
    assert as_html(found.footer) == as_html(answer.footer)


def test_it_has_a_sketch_where_there_is_something_and_words_where_there_is_nothing(context: Context) -> None:
    found = sketched_tab(ADDRESS, Look(), LOCAL, context)
    assert found is not None
    drawn = {name: as_html(list(card.chart)) for name, card in found.cards.items()}
    assert drawn["login-rate"].startswith('<div class="sketch"')
    assert "has never been seen" in drawn["session-starts"]


def test_who_may_not_see_a_tab_gets_nothing_of_it(context: Context) -> None:
    guest = Principal("link", "a wall", tabs=frozenset({"combat"}))
    found = sketched_tab(ADDRESS, Look(), guest, context)
    assert found is not None
    assert found.tab.id == "combat"
    assert "login-rate" not in found.cards


def test_a_range_that_is_longer_than_a_link_shows_is_not_begun_with(context: Context) -> None:
    guest = Principal("link", "a wall", tabs=frozenset({"auth"}), longest=timedelta(hours=1))
    assert sketched_tab(ADDRESS, Look(), guest, context) is None


def test_a_range_that_nobody_can_read_is_not_begun_with(context: Context) -> None:
    assert sketched_tab("tab=auth&from=never", Look(), LOCAL, context) is None


def test_without_a_database_there_is_nothing_to_begin_with() -> None:
    away = context_on(Database("postgresql://someone@127.0.0.1:9/nowhere"))
    assert sketched_tab(ADDRESS, Look(), LOCAL, away) is None


def test_only_presets_are_marked() -> None:
    catalog = load_catalog()
    assert current(read_state("tab=auth&range=7d", catalog)) == {"tab-auth", "range-7d"}
    assert current(read_state("tab=auth&range=3h", catalog)) == {"tab-auth"}
    assert current(read_state(ADDRESS, catalog)) == {"tab-auth"}


@pytest.mark.parametrize(
    ("cookie", "look"),
    [
        ("560.Europe/Berlin", Look(560, "Europe/Berlin")),
        ("0.Etc/GMT+5", Look(0, "Etc/GMT+5")),
        *((bad, Look()) for bad in (None, "", "560", ".UTC", "-1.UTC", "1234567.UTC", "5.<b>", "٥.UTC", "5.a\n")),
    ],
)
def test_a_cookie_is_read_whole_or_not_at_all(cookie: str | None, look: Look) -> None:
    assert read_look(cookie) == look


PHONE = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0 Safari/537.36"


@pytest.mark.parametrize(
    ("headers", "width"),
    [
        ({"User-Agent": PHONE}, 338),
        ({"User-Agent": DESKTOP}, 0),
        ({}, 0),
        ({"Sec-CH-UA-Mobile": "?1", "User-Agent": DESKTOP}, 338),
        ({"Sec-CH-UA-Mobile": "?0", "User-Agent": PHONE}, 0),
        ({"Sec-CH-UA-Mobile": "yes", "User-Agent": PHONE}, 338),
        ({"Sec-CH-Viewport-Width": "360", "Sec-CH-UA-Mobile": "?1"}, 308),
        ({"Sec-CH-Viewport-Width": "844", "Sec-CH-UA-Mobile": "?1"}, 0),
        ({"Sec-CH-Viewport-Width": "12", "Sec-CH-UA-Mobile": "?1"}, 0),
        ({"Sec-CH-Viewport-Width": "٣٦٠", "Sec-CH-UA-Mobile": "?1"}, 338),
        ({"Sec-CH-Viewport-Width": "1e3", "User-Agent": DESKTOP}, 0),
    ],
)
def test_who_comes_for_the_first_time_on_a_phone_is_known_by_the_headers(headers: dict[str, str], width: int) -> None:
    assert hinted(Look(), headers.get) == Look(width)
    assert hinted(Look(0, "Asia/Tokyo"), headers.get) == Look(width, "Asia/Tokyo")
    assert hinted(Look(560, "Asia/Tokyo"), headers.get) == Look(560, "Asia/Tokyo")


def test_a_zone_that_there_is_not_is_passed_over(context: Context) -> None:
    assert sketched_tab(ADDRESS, Look(560, "Mars/Olympus"), LOCAL, context) is not None
