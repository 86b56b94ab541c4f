"""Doors: a row for each route, and what each kind of visitor may pass."""

import pytest

from metrics_dash.auth.permissions import MANAGE, SCOPES, VIEW_LOGS, Principal
from metrics_dash.web.doors import CLOSED, DOORS, door_of

ADMIN = Principal("user", "ann", frozenset({VIEW_LOGS, MANAGE}))
VIEWER = Principal("user", "bob", frozenset({VIEW_LOGS}))
LINK = Principal("link", "wall", frozenset({VIEW_LOGS}))
PROGRAM = Principal("token", "shop", scopes=frozenset(SCOPES))


@pytest.mark.parametrize("who", [ADMIN, VIEWER, LINK, PROGRAM])
def test_what_has_no_row_is_closed(who: Principal) -> None:
    assert door_of("/forgotten", "GET") is CLOSED
    assert not CLOSED.opens_to(who)


@pytest.mark.parametrize(
    ("rule", "who"),
    [
        ("/admin/metrics/", VIEWER),
        ("/admin/metrics/", LINK),
        ("/admin/metrics/chart/<chart_id>.csv", PROGRAM),
        ("/api/v1/events", PROGRAM),
        ("/api/v1/query", VIEWER),
        ("/metrics", ADMIN),
        ("/admin/users", ADMIN),
    ],
)
def test_it_opens_to_whom_it_is_for(rule: str, who: Principal) -> None:
    assert door_of(rule, "GET").opens_to(who)


@pytest.mark.parametrize(
    ("rule", "who", "lacks"),
    [
        ("/admin/metrics/", PROGRAM, "no token opens this"),
        ("/admin/metrics/chart/<chart_id>/events.json", LINK, "the link does not open this"),
        ("/api/v1/events", ADMIN, "only a token opens this"),
        ("/api/v1/query", LINK, "the link does not open this"),
        ("/metrics", VIEWER, "server.manage is needed"),
        ("/metrics", Principal("token", "x", scopes=frozenset({"ingest"})), "the token lacks the scope scrape"),
        ("/admin/users", VIEWER, "server.manage is needed"),
    ],
)
def test_it_says_what_somebody_lacks(rule: str, who: Principal, lacks: str) -> None:
    door = door_of(rule, "GET")
    assert not door.opens_to(who)
    assert door.wanted(who) == lacks


def test_methods_of_one_route_may_have_doors_of_their_own() -> None:
    assert door_of("/api/annotations", "GET").scope == "query"
    assert door_of("/api/annotations", "POST").scope == "annotate"


def test_only_a_few_rows_are_open_to_everybody() -> None:
    opened = {rule for rule, door in DOORS.items() if door.everybody}
    files = {rule for rule in opened if "assets" in rule or "_dash-component-suites" in rule or "favicon" in rule}
    files.add("/admin/metrics/logo")
    assert opened - files == {"/healthz", "/admin/login", "/admin/link", "/admin/login/oidc", "/admin/login/oidc/back"}
