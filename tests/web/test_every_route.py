"""Every route and every callback of the running application, without a session, without the permission, and with it.

The routes are the server's own, so one that is added later is walked too; so are the callbacks, by Dash's map of them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from db.engine import Database
from metrics_dash.auth.permissions import SCOPES
from metrics_dash.web.doors import CLOSED, door_of
from tests.support.visitors import House, house, log_in, question
from tests.support.walks import PASSED, move_in, routes


@pytest.fixture(scope="module")
def opened(server: Database, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One application for all walks: nothing in them changes it."""
    from tests.conftest import _fresh

    folder: Path = tmp_path_factory.mktemp("house")
    for database in _fresh(server, template):
        with house(database, folder, collects=True) as opened_house:
            move_in(database)
            yield opened_house


def signed_in(house: House, name: str) -> FlaskClient:
    client = house.stranger()
    assert log_in(client, name).status_code == 303
    return client


def walk(house: House, client: FlaskClient) -> dict[tuple[str, str], int]:
    """What each route answers to a client."""
    return {
        (method, rule): client.open(address, method=method, json={} if method == "POST" else None).status_code
        for method, rule, address in routes(house)
        # Signing out would end the walk.
        if (method, rule) != ("POST", "/admin/logout")
    }


def test_each_route_has_a_door(opened: House) -> None:
    assert [rule for method, rule, _ in routes(opened) if door_of(rule, method) is CLOSED] == []


def test_without_a_session_every_door_but_a_few_is_closed(opened: House) -> None:
    for (method, rule), status in walk(opened, opened.stranger()).items():
        if door_of(rule, method).everybody:
            assert status in PASSED, (method, rule, status)
        else:
            assert status == 401, (method, rule, status)


def test_without_the_permission_every_door_but_those_few_is_closed(opened: House) -> None:
    for (method, rule), status in walk(opened, signed_in(opened, "nora")).items():
        if door_of(rule, method).everybody:
            assert status in PASSED, (method, rule, status)
        else:
            assert status == 403, (method, rule, status)


@pytest.mark.parametrize(
    ("name", "permissions"),
    [("vera", {"server.view_logs"}), ("adam", {"server.view_logs", "server.annotate", "server.manage"})],
)
def test_with_the_permission_its_doors_are_open_and_no_others(opened: House, name: str, permissions: set[str]) -> None:
    for (method, rule), status in walk(opened, signed_in(opened, name)).items():
        door = door_of(rule, method)
        if door.everybody or door.permission in permissions:
            assert status in PASSED, (method, rule, status)
        else:
            assert status == 403, (method, rule, status)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_opens_the_doors_of_its_scope_and_no_others(opened: House, scope: str) -> None:
    for (method, rule), status in walk(opened, opened.program(scope)).items():
        door = door_of(rule, method)
        if door.everybody or door.scope == scope:
            assert status in PASSED, (method, rule, status)
        else:
            assert status == 403, (method, rule, status)


def callbacks(house: House) -> list[tuple[str, dict[str, Any]]]:
    """Each callback that the server answers: its address, and a question that it takes."""
    pages = {"path": "/admin/users", "search": ""}
    managed = {
        "output": "..side.children...content.children..",
        "outputs": [{"id": "side", "property": "children"}, {"id": "content", "property": "children"}],
        "inputs": [
            {"id": "place", "property": "pathname", "value": pages["path"]},
            {"id": "place", "property": "search", "value": pages["search"]},
        ],
        "changedPropIds": ["place.pathname"],
    }
    again = {
        "output": "pipeline.children",
        "outputs": {"id": "pipeline", "property": "children"},
        "inputs": [{"id": "tick", "property": "n_intervals", "value": 1}],
        "changedPropIds": ["tick.n_intervals"],
    }
    asked = {
        "/admin/metrics/_dash-update-component": [dict(question())],
        "/admin/manage/_dash-update-component": [managed, again],
    }
    served = {rule.rule for rule in house.server.url_map.iter_rules() if rule.rule.endswith("_dash-update-component")}
    assert served == asked.keys()
    for base, bodies in ((path.removesuffix("_dash-update-component"), bodies) for path, bodies in asked.items()):
        declared = signed_in(house, "adam").get(f"{base}_dash-dependencies").json
        serverside = {each["output"] for each in declared if each["clientside_function"] is None}
        assert serverside == {body["output"] for body in bodies}, f"ask every callback of {base}"
    return [(path, body) for path, bodies in asked.items() for body in bodies]


def test_every_callback_answers_whoever_may_ask_it_and_nobody_else(opened: House) -> None:
    for path, body in callbacks(opened):
        manages = "/manage/" in path
        assert opened.stranger().post(path, json=body).status_code == 401, path
        assert signed_in(opened, "nora").post(path, json=body).status_code == 403, path
        assert signed_in(opened, "vera").post(path, json=body).status_code == (403 if manages else 200), path
        assert signed_in(opened, "adam").post(path, json=body).status_code == 200, path
        assert opened.program(*SCOPES).post(path, json=body).status_code == 403, path
