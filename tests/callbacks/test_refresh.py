"""The answer to a browser's question: one chart that can't be drawn costs its neighbours nothing."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from dash import no_update

from callbacks.refresh import NOT_DRAWN, UNAVAILABLE, Answer, RefreshRequest, answer_request
from db.engine import Database
from db.events import insert_events
from layouts.figure import traces
from layouts.figure.figures import EMPTY_FIGURE
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.data import ChartData, Series
from metrics_dash.charts.queries import Queries
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.settings import Settings
from metrics_dash.web.context import Context

FOLLOWING = ["login-rate", "login-results", "login-time-p95"]
AUTH = ["login-rate", "login-results", "login-success-rate", "login-time-p95", "session-starts", "unique-players"]
CARDS = ["card-login-rate", "card-session-starts"]
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
ADDRESS = "?tab=auth&from=2026-02-01T11:30:00Z&to=2026-02-01T12:30:00Z&tz=UTC"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shape that fails over the data of one chart, as a mistake in drawing would."""

    def fail(chart: ChartData, series: Series, style: Any) -> Any:
        raise ZeroDivisionError("a secret of the shape")

    monkeypatch.setattr(traces, "SHAPES", {**traces.SHAPES, "bar": fail})


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("reason", ["navigate", "tick"])
def test_a_chart_that_cannot_be_drawn_says_so_and_leaves_its_neighbours(database: Database, reason: str) -> None:
    success = {"event_name": "bezgelor.auth.login_complete", "metadata": {"success": True}, "occurred_at": NOON}
    insert_events([success], database=database)
    roll_up_all(database)
    catalog, settings = load_catalog(), Settings()
    queries = Queries(database, catalog, settings)
    context = Context(catalog, settings, queries, clock=lambda: NOON, demo=lambda: False, version="1")
    question = RefreshRequest(search=ADDRESS, reason=reason, zone="UTC", theme="light")
    answer = answer_request(question, AUTH, context)
    words = [str(state) for state in answer.states]
    assert NOT_DRAWN in words[1]
    assert "a secret" not in str(answer)
    assert words[0] == "[]"
    assert len(answer.graphs) == len(answer.headlines) == len(AUTH)


def test_what_is_wrong_with_the_replica_stands_at_the_foot_of_the_page(database: Database) -> None:
    catalog, settings = load_catalog(), Settings()
    queries = Queries(database, catalog, settings)
    warning = "the replica is 94 s behind, so the primary is read"
    context = Context(
        catalog, settings, queries, clock=lambda: NOON, demo=lambda: False, version="1", warnings=lambda: [warning]
    )
    question = RefreshRequest(search=ADDRESS, reason="tick", zone="UTC", theme="light")
    footer = str(answer_request(question, AUTH, context).footer)
    assert "The replica is 94 s behind, so the primary is read." in footer


@pytest.fixture
def context(database: Database) -> Context:
    catalog, settings = load_catalog(), Settings()
    queries = Queries(database, catalog, settings)
    return Context(catalog, settings, queries, clock=lambda: NOON, demo=lambda: False, version="1")


def day_of(width: int, **more: Any) -> RefreshRequest:
    search = "?tab=auth&from=2026-02-01T00:00:00Z&to=2026-02-02T00:00:00Z&tz=UTC"
    return RefreshRequest(search=search, zone="UTC", theme="light", width=width, reason="navigate", **more)


@pytest.mark.parametrize(
    ("width", "bars"), [(1200, "10-minute"), (560, "15-minute"), (340, "30-minute"), (0, "15-minute")]
)
def test_bars_are_as_many_as_the_narrowest_graph_has_room_for(context: Context, width: int, bars: str) -> None:
    assert f"5-minute buckets, bars {bars}" in str(answer_request(day_of(width), [], context).footer)


def test_the_answer_tells_what_was_asked_what_is_drawn_and_which_steps_may_be_chosen(context: Context) -> None:
    search = "?tab=combat&from=2026-02-01T00:07:00Z&to=2026-02-01T03:00:00Z&tz=UTC&res=15m"
    question = RefreshRequest(search=search, zone="UTC", theme="light", width=560, reason="navigate")
    answer = answer_request(question, [], context).answer
    assert answer["asked"]["start"] - answer["start"] == 7 * 60_000
    assert answer["step"] == "15m"
    assert answer["choices"] == ["1m", "2m", "5m", "10m", "15m", "30m", "1h", "2h"]


@pytest.mark.parametrize("more", ["&split=login-rate:success", "&split=login-results:-", "&filter=realm:x"])
def test_cards_say_what_the_catalog_declares_through_any_split_and_filter(context: Context, more: str) -> None:
    def menus(more: str) -> list[tuple[str, bool]]:
        question = {**day_of(560), "search": f"{day_of(560)['search']}{more}"}
        found = str(answer_request(question, [], context).board)  # type: ignore[arg-type]
        links = [(link, re.search(r'data-split="([^"]*)"', link)) for link in re.findall("<a [^>]*>", found)]
        return [(split[1], 'data-declared="true"' in link) for link, split in links if split is not None]

    assert ("login-results:success", True) in menus("")
    assert menus(more) == menus("")


def test_a_tick_brings_the_ticks_of_both_axes(context: Context) -> None:
    question = day_of(560)
    question["reason"] = "tick"
    patches = [str(graph.to_plotly_json()) for graph in answer_request(question, AUTH, context).graphs]
    assert all("'tickvals'" in patch and "'ticksuffix'" in patch for patch in patches)


def test_what_the_address_says_and_nobody_can_read_is_told(context: Context) -> None:
    question = RefreshRequest(search="?tab=nowhere&compare=year", zone="UTC", theme="light", reason="navigate")
    told = answer_request(question, [], context).answer["unread"]
    assert [(each["name"], each["value"]) for each in told] == [("tab", "nowhere"), ("compare", "year")]


def test_with_the_database_gone_another_tab_leaves_the_picture_that_stands(
    context: Context, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise ConnectionError("gone")

    monkeypatch.setattr(database, "reading", fails)
    answer = answer_request(day_of(560), ["damage-dealt"], context)
    assert (answer.brings, answer.answer["error"], answer.answer["final"]) == ("nothing", UNAVAILABLE, False)
    first = answer_request(day_of(560), [], context)
    assert first.brings == "cards"


def test_an_answer_says_what_it_brings_and_carries_the_number_of_its_question(context: Context) -> None:
    question = day_of(560, number=7)
    whole, figures = answer_request(question, [], context), answer_request(question, AUTH, context)
    question["reason"] = "tick"
    traces_alone = answer_request(question, AUTH, context)
    assert [each.brings for each in (whole, figures, traces_alone)] == ["cards", "figures", "traces"]
    told = traces_alone.outputs(3, 7)[0]
    assert (told["number"], told["brings"]) == (7, "traces")


def test_an_address_that_can_not_be_shown_is_final(context: Context) -> None:
    question = RefreshRequest(search="?from=soon", zone="UTC", theme="light", reason="navigate")
    answer = answer_request(question, AUTH, context).answer
    assert (answer["final"], "'soon'" in answer["error"]) == (True, True)


@pytest.mark.parametrize("reason", ["navigate", "tick"])
def test_a_tile_brings_its_number_and_draws_nothing(context: Context, reason: Literal["navigate", "tick"]) -> None:
    (auth,) = (tab for tab in context.catalog.tabs if tab.id == "auth")
    auth = replace(auth, charts=tuple(replace(chart, draw="stat", split_by=None) for chart in auth.charts))
    catalog = replace(context.catalog, tabs=(auth,))
    queries = Queries(context.queries._database, catalog, context.settings)
    question = RefreshRequest(search=ADDRESS, reason=reason, zone="UTC", theme="light")
    answer = answer_request(question, AUTH, replace(context, catalog=catalog, queries=queries))
    assert set(map(str, answer.graphs)) == {str(EMPTY_FIGURE) if reason == "navigate" else str(no_update)}
    assert all(answer.headlines)


def test_a_wall_that_rotates_by_a_dimension_is_told_its_values_and_shows_one_alone(
    context: Context, database: Database
) -> None:
    login = {"event_name": "bezgelor.auth.login_complete", "occurred_at": NOON}
    insert_events([{**login, "metadata": {"success": success}} for success in (True, True, False)], database=database)
    roll_up_all(database)

    def asked(more: str, mounted: Sequence[str] = ()) -> Answer:
        question = RefreshRequest(search=f"{ADDRESS}{more}", zone="UTC", theme="light", reason="rotate")
        return answer_request(question, mounted, context)

    whole = asked("&kiosk=1&rotate_by=success")
    assert whole.answer["rotation"] == {"by": "success", "value": "", "values": ("true", "false")}
    turn = asked("&kiosk=1&rotate_by=success&value=false")
    assert turn.answer["rotation"]["value"] == "false"
    assert [each for each in CARDS if f"id='{each}'" in str(whole.board)] == ["card-login-rate", "card-session-starts"]
    assert [each for each in CARDS if f"id='{each}'" in str(turn.board)] == ["card-login-rate"]
    assert asked("&kiosk=1&rotate_by=success&value=true", FOLLOWING).brings == "figures"


@pytest.mark.parametrize("more", ["", "&rotate_by=success&value=false", "&kiosk=1"])
def test_elsewhere_nothing_rotates(context: Context, more: str) -> None:
    question = RefreshRequest(search=f"{ADDRESS}{more}", zone="UTC", theme="light", reason="navigate")
    answer = answer_request(question, AUTH, context)
    assert (answer.answer["rotation"], len(answer.graphs)) == (None, len(AUTH))
