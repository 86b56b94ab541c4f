"""The forms of the management pages: each held to its token and to the permission, and the command line's equal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from db.engine import Database
from metrics_dash.auth import links, overview, people, tokens
from metrics_dash.web.paths import MANAGEMENT_PATHS, PIPELINE_PATH
from tests.support.visitors import PASSWORD, House, house
from tests.support.web_client import page_client

UPDATE = "/admin/manage/_dash-update-component"


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[House]:
    with house(database, tmp_path) as opened:
        yield opened


@pytest.fixture
def admin(opened: House) -> FlaskClient:
    return opened.person("eve", "admin")


def shown(client: FlaskClient, path: str) -> Any:
    """What the page's script is told for an address."""
    body = {
        "output": "..side.children...content.children..",
        "outputs": [{"id": "side", "property": "children"}, {"id": "content", "property": "children"}],
        "inputs": [
            {"id": "place", "property": "pathname", "value": path},
            {"id": "place", "property": "search", "value": ""},
        ],
        "changedPropIds": ["place.pathname"],
    }
    return client.post(UPDATE, json=body)


def csrf(client: FlaskClient) -> str:
    told = str(shown(client, "/admin/users").json)
    return told.partition("'name': 'csrf_token'")[2].partition("'value': '")[2].partition("'")[0]


def send(client: FlaskClient, path: str, action: str, **fields: str) -> Any:
    return client.post(path, data={"csrf_token": csrf(client), "action": action, **fields})


def told(client: FlaskClient, path: str = "/admin/users") -> str:
    """What the page says became of the last form."""
    return str(shown(client, path).json["response"]["content"]["children"])


@pytest.mark.parametrize("path", MANAGEMENT_PATHS)
def test_each_page_is_for_admins(opened: House, admin: FlaskClient, path: str) -> None:
    viewer = opened.person("bob", "editor")
    assert admin.get(path).status_code == 200
    assert "admin/manage/_dash-component-suites" in admin.get(path).text
    assert shown(admin, path).status_code == 200
    assert viewer.get(path).status_code == shown(viewer, path).status_code == 403
    assert opened.stranger().get(path).status_code == shown(opened.stranger(), path).status_code == 401


def test_a_person_is_added_changed_and_let_in_no_longer(opened: House, admin: FlaskClient) -> None:
    answer = send(admin, "/admin/users", "add", username="ann", password=PASSWORD, role="viewer")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/users")
    assert "ann was added." in told(admin)
    assert "ann was added." not in told(admin)
    send(admin, "/admin/users", "role", username="ann", role="editor")
    send(admin, "/admin/users", "disable", username="ann")
    ann = people.find(opened.database, "ann")
    assert ann is not None
    assert (ann.role, ann.disabled_at is None) == ("editor", False)
    send(admin, "/admin/users", "enable", username="ann")
    send(admin, "/admin/users", "password", username="ann", password="another good password")
    by = {(entry.action, entry.actor) for _, entry in overview.log(opened.database) if entry.subject == "ann"}
    assert by == {(f"user.{what}", "eve") for what in ("add", "role", "disable", "enable", "password")}


def test_nobody_takes_rights_from_themselves(opened: House, admin: FlaskClient) -> None:
    for action in ("role", "disable"):
        send(admin, "/admin/users", action, username="eve", role="viewer")
        assert "Nobody takes rights from themselves" in told(admin)
    eve = people.find(opened.database, "eve")
    assert eve is not None
    assert (eve.role, eve.disabled_at) == ("admin", None)


def test_what_can_not_be_done_is_said_and_nothing_is_done(opened: House, admin: FlaskClient) -> None:
    send(admin, "/admin/users", "add", username="ann", password="short", role="viewer")
    assert "A password has 12 characters or more." in told(admin)
    send(admin, "/admin/users", "anything")
    assert "There is no such thing to do." in told(admin)
    send(admin, "/admin/tokens", "add", name="shop", rate="fast", **{"scope-ingest": "on"})
    assert "is not a number" in told(admin)
    for field in ("rate", "bytes"):
        send(admin, "/admin/tokens", "add", name="shop", **{field: "1e-300", "scope-ingest": "on"})
        assert "a second: 1e-300 is not between" in told(admin)
    send(admin, "/admin/links", "add", expires="soon")
    assert "is not a duration" in told(admin)
    assert overview.programs(opened.database) == []


FIELDS = [
    *(("users", action, "username") for action in ("add", "role", "password", "disable", "enable")),
    ("users", "add", "password"), ("users", "add", "role"), ("users", "role", "role"), ("users", "nothing", "any"),
    ("tokens", "revoke", "id"),
    *(("tokens", "add", field) for field in ("name", "prefixes", "rate", "bytes", "expires")),
    ("links", "revoke", "id"), ("links", "add", "expires"), ("links", "add", "longest"),
]  # fmt: skip


@pytest.mark.parametrize("character", ["\0", "\n", "\x1b", "\x7f", "\x85"])
def test_a_control_character_in_any_field_is_bad_input(opened: House, admin: FlaskClient, character: str) -> None:
    given = {"username": "ann", "password": PASSWORD, "role": "viewer", "name": "shop", "id": "0", "scope-ingest": "on"}
    for path, action, field in FIELDS:
        answer = send(admin, f"/admin/{path}", action, **{**given, field: f"a{character}b"})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/admin/{path}")
        assert "A field has a character that nobody can see" in told(admin, f"/admin/{path}")
    assert people.find(opened.database, "ann") is None
    assert overview.programs(opened.database) == []


def test_a_control_character_in_a_parameter_or_in_a_fields_name_is_bad_input(admin: FlaskClient) -> None:
    send(admin, "/admin/tokens?page=%00", "add", name="shop", **{"scope-ingest": "on"})
    assert "A field has a character that nobody can see" in told(admin, "/admin/tokens")
    send(admin, "/admin/tokens", "add", name="shop", **{"scope-ingest": "on", "a\0b": ""})
    assert "A field has a character that nobody can see" in told(admin, "/admin/tokens")
    assert admin.get("/admin/audit-log?before=%00").status_code == 200


def test_a_token_is_shown_once_and_revoked(opened: House, admin: FlaskClient) -> None:
    answer = send(admin, "/admin/tokens", "add", name="shop", prefixes="shop., game.", rate="10",
                  expires="90d", **{"scope-ingest": "on", "scope-query": "on"})  # fmt: skip
    assert answer.headers["Cache-Control"] == "no-store"
    (token,) = overview.programs(opened.database)
    assert (list(token.scopes), list(token.prefixes)) == (["ingest", "query"], ["shop.", "game."])
    shown_once = answer.text.partition('value="')[2].partition('"')[0]
    assert tokens.Tokens(opened.database).find(shown_once, address="") is not None
    assert shown_once not in told(admin, "/admin/tokens")
    send(admin, "/admin/tokens", "revoke", id=token.token_id)
    assert tokens.Tokens(opened.database).find(shown_once, address="") is None


def test_a_link_is_shown_once_and_revoked(opened: House, admin: FlaskClient) -> None:
    answer = send(admin, "/admin/links", "add", kiosk="on", longest="7d", **{"tab-auth": "on"})
    address = answer.text.partition('value="')[2].partition('"')[0]
    assert address.startswith("http://localhost/admin/link?key=mdl_")
    opened_link = links.Links(opened.database).exchange(address.partition("=")[2], address="")
    assert opened_link is not None
    assert (list(opened_link.tabs), opened_link.kiosk) == (["auth"], True)
    send(admin, "/admin/links", "revoke", id=overview.links_and_walls(opened.database)[0][0].link_id)
    assert links.Links(opened.database).find(opened_link.cookie) is None


@pytest.mark.parametrize("token", ["", "forged"])
def test_a_form_without_its_token_does_nothing(opened: House, admin: FlaskClient, token: str) -> None:
    form = {"csrf_token": token, "action": "add", "username": "ann", "password": PASSWORD, "role": "admin"}
    admin.post("/admin/users", data=form)
    assert "The form was open for too long" in told(admin)
    assert people.find(opened.database, "ann") is None


def test_without_the_permission_a_form_does_nothing(opened: House) -> None:
    viewer = opened.person("bob", "editor")
    form = {"csrf_token": "any", "action": "role", "username": "bob", "role": "admin"}
    assert viewer.post("/admin/users", data=form).status_code == 403
    bob = people.find(opened.database, "bob")
    assert bob is not None
    assert bob.role == "editor"


def test_an_address_that_is_no_page_is_404_or_refused(admin: FlaskClient) -> None:
    assert admin.get("/admin/nothing").status_code == 404
    assert admin.get("/admin/manage/nothing").status_code == 404
    assert shown(admin, "/admin/nothing").status_code == 403
    assert admin.get("/admin/manage/").headers["Location"] == "/admin/users"


@pytest.mark.parametrize("path", [path for path in MANAGEMENT_PATHS if path != PIPELINE_PATH])
def test_without_a_login_there_is_nobody_to_manage(database: Database, path: str) -> None:
    answer = page_client(database).get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/metrics/")
