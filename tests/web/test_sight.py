"""What somebody sees: a link its tabs and its range, a token its events, everybody else all of it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from db.engine import Database
from metrics_dash.auth import links
from metrics_dash.auth.permissions import ForbiddenError, Principal
from metrics_dash.catalog import load_catalog, parse_catalog
from metrics_dash.web.sight import catalog_for, chart_in_sight, tab_in_sight
from tests.support.visitors import CALLBACK, House, house, question

LONGEST = timedelta(hours=6)


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[House]:
    with house(database, tmp_path) as opened:
        yield opened


@pytest.fixture
def wall(opened: House) -> FlaskClient:
    """The browser of a link to the tab ``auth``, for six hours at most."""
    link = links.issue(opened.database, by="test", tabs=("auth",), known=("auth",), longest=LONGEST)
    client = opened.stranger()
    assert client.get(f"/admin/link?key={link}").status_code == 303
    return client


def test_a_link_is_given_its_tabs_alone_in_page_and_layout(wall: FlaskClient, opened: House) -> None:
    assert "tab-auth" in wall.get("/admin/metrics/").text
    for path in ("/admin/metrics/", "/admin/metrics/_dash-layout"):
        assert '"combat"' not in wall.get(path).text
        assert "tab-combat" not in wall.get(path).text
    assert "tab-combat" in opened.person().get("/admin/metrics/").text


def test_a_callback_that_names_another_tab_is_refused(wall: FlaskClient) -> None:
    assert wall.post(CALLBACK, json=question("?tab=auth&range=1h")).status_code == 200
    answer = wall.post(CALLBACK, json=question("?tab=combat&range=1h"))
    assert (answer.status_code, answer.json["error"]) == (403, "the tab 'combat' is not open to you")


def test_a_callback_for_charts_of_another_tab_is_refused(wall: FlaskClient) -> None:
    foreign = next(tab for tab in load_catalog().tabs if tab.id == "combat").charts[0].id
    assert wall.post(CALLBACK, json=question("?tab=auth&range=1h", (foreign,))).status_code == 403


def test_a_longer_range_is_refused_in_words(wall: FlaskClient) -> None:
    answer = wall.post(CALLBACK, json=question("?tab=auth&range=24h"))
    assert answer.status_code == 200
    assert answer.json["response"]["answer"]["data"]["error"] == "this link shows 6 hours at most"
    for path in ("export/auth.csv", "chart/login-rate.csv", "chart/login-rate.json"):
        assert wall.get(f"/admin/metrics/{path}?range=24h").status_code == 400
        assert wall.get(f"/admin/metrics/{path}?range=1h").status_code == 200


@pytest.mark.parametrize("path", ["export/combat.csv", "chart/damage-dealt.csv", "chart/damage-dealt.json"])
def test_an_export_of_another_tab_is_refused(wall: FlaskClient, path: str) -> None:
    charts = {chart.id for tab in load_catalog().tabs if tab.id == "combat" for chart in tab.charts}
    path = path.replace("damage-dealt", sorted(charts)[0])
    assert wall.get(f"/admin/metrics/{path}?range=1h").status_code == 403


def test_a_link_shows_no_raw_events_and_answers_no_queries(wall: FlaskClient) -> None:
    assert wall.get("/admin/metrics/chart/login-rate/events.json?range=1h&at=0").status_code == 403
    assert wall.get("/api/v1/query?event_name=a.b").status_code == 403


def test_a_token_queries_and_exports_its_events_alone(opened: House) -> None:
    program = opened.program("query", prefixes=("bezgelor.auth",))
    name = "bezgelor.auth.login_complete"
    assert program.get(f"/api/v1/query?event_name={name}").status_code == 200
    assert program.get("/api/v1/query?event_name=bezgelor.creature.killed").status_code == 403
    assert program.get("/admin/metrics/chart/login-rate.csv").status_code == 200
    assert program.get("/admin/metrics/export/combat.csv").status_code == 403


def test_a_link_whose_tabs_are_gone_sees_nothing() -> None:
    with pytest.raises(ForbiddenError, match="no longer there"):
        catalog_for(Principal("link", "wall", tabs=frozenset({"gone"})), load_catalog())


def test_a_ratio_of_two_events_needs_a_token_for_both() -> None:
    catalog = parse_catalog("""
[events."a.tried"]
kind = "counter"
[events."b.done"]
kind = "counter"
[[tabs]]
id = "one"
title = "One"
[[tabs.charts]]
id = "share"
title = "Share"
show = "ratio"
numerator = { event = "b.done" }
denominator = { event = "a.tried" }
""")
    chart_in_sight(Principal("token", "both", prefixes=("a", "b")), catalog, "share")
    for prefix in ("a", "b"):
        half = Principal("token", "half", prefixes=(prefix,))
        with pytest.raises(ForbiddenError, match="the chart 'share' is not open to you"):
            chart_in_sight(half, catalog, "share")
        with pytest.raises(ForbiddenError, match="the tab 'one' is not open to you"):
            tab_in_sight(half, catalog, "one")


@pytest.mark.parametrize("kind", ["chart/{}.csv", "chart/{}.json", "export/{}.csv"])
def test_who_sees_a_part_is_told_the_same_of_anothers_and_of_none(wall: FlaskClient, opened: House, kind: str) -> None:
    foreign = "combat" if kind.startswith("export") else "damage-dealt"
    for client in (wall, opened.program("query", prefixes=("bezgelor.auth",))):
        said = set()
        for name in (foreign, "none-such"):
            answer = client.get(f"/admin/metrics/{kind.format(name)}?range=1h")
            said.add((answer.status_code, answer.text.replace(name, "it")))
        ((status, words),) = said
        assert status == 403
        assert "'it' is not open to you" in words
