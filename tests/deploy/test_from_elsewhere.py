"""Every route from another machine, through nginx as in ``deploy/``: with a session, the permission, or neither.

The other machine is a network namespace, so nothing there is this machine's loopback.
"""

import json
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from db.engine import Database
from db.tokens import list_tokens
from db.users import user_of
from metrics_dash.auth import tokens
from metrics_dash.auth.permissions import SCOPES
from metrics_dash.auth.sessions import Sessions
from metrics_dash.web.doors import door_of
from metrics_dash.web.serve import HttpServer
from tests.support.elsewhere import Elsewhere, elsewhere
from tests.support.proxies import needed, proxy
from tests.support.visitors import House, house
from tests.support.walks import PASSED, move_in, routes

DAY = timedelta(days=1)
# Asks for each route, by one connection after the other, and prints the statuses.
WALK = """
import http.client, json, ssl, sys
asked = json.load(sys.stdin)
context = ssl._create_unverified_context()
statuses = []
for method, address in asked["routes"]:
    connection = http.client.HTTPSConnection(asked["host"], asked["port"], context=context, timeout=60)
    headers = {**asked["headers"], **({"Content-Type": "application/json"} if method == "POST" else {})}
    connection.request(method, address, body=b"{}" if method == "POST" else None, headers=headers)
    answer = connection.getresponse()
    answer.read()
    statuses.append(answer.status)
    connection.close()
print(json.dumps(statuses))
"""
KNOCK = """
import socket, sys
host, port = sys.stdin.read().split()
try:
    socket.create_connection((host, int(port)), timeout=10)
    print("open")
except OSError as error:
    print(type(error).__name__)
"""


@dataclass(frozen=True)
class Far:
    """The application behind nginx, and somebody elsewhere who asks it."""

    house: House
    place: Elsewhere
    port: int
    behind: int

    def walk(self, headers: Mapping[str, str]) -> dict[tuple[str, str], int]:
        """What each route answers; ``/metrics`` is nginx's own matter."""
        walked = [each for each in routes(self.house) if each[1] not in ("/metrics", "/admin/logout")]
        asked = {"host": self.place.ours, "port": self.port, "headers": dict(headers)}
        told = json.dumps({**asked, "routes": [(method, address) for method, _, address in walked]})
        statuses = json.loads(self.place.run(WALK, told))
        return {(method, rule): status for (method, rule, _), status in zip(walked, statuses, strict=True)}

    def session(self, name: str) -> dict[str, str]:
        """The header of somebody who is signed in."""
        with self.house.database.reading() as connection:
            user = user_of(connection, name)
        assert user is not None
        cookie = Sessions(self.house.database, idle=DAY, lifetime=DAY).open(user, address="", method="test")
        return {"Cookie": f"__Host-metrics={cookie}"}


@pytest.fixture(scope="module")
def far(server: Database, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    from tests.conftest import _fresh

    needed("nginx", "nginx")
    folder: Path = tmp_path_factory.mktemp("far")
    trusts = {"METRICS_TRUSTED_PROXIES": "127.0.0.1", "SECRET_KEY": "k" * 32}
    for database in _fresh(server, template):
        with elsewhere() as place, house(database, folder, collects=True, **trusts) as opened:
            move_in(database)
            serving, stop = HttpServer(opened.server), threading.Event()
            thread = threading.Thread(target=serving.run, args=(stop,))
            thread.start()
            try:
                with proxy("nginx", folder, serving.port, address=place.ours) as url:
                    yield Far(opened, place, int(url.rpartition(":")[2]), serving.port)
            finally:
                stop.set()
                thread.join()


def check(
    statuses: Mapping[tuple[str, str], int], closed: int, permissions: Collection[str] = (), scope: str = ""
) -> None:
    """Doors that ``permissions`` or ``scope`` open are passed; all others answer ``closed``."""
    assert len(statuses) > 50
    wrong = {}
    for (method, rule), status in statuses.items():
        door = door_of(rule, method)
        opens = door.everybody or door.permission in permissions or (scope != "" and door.scope == scope)
        if status not in (PASSED if opens else {closed}):
            wrong[method, rule] = status
    assert wrong == {}


def test_nothing_but_nginx_is_reached_from_there(far: Far) -> None:
    assert far.place.run(KNOCK, f"{far.place.ours} {far.port}").strip() == "open"
    assert far.place.run(KNOCK, f"{far.place.ours} {far.behind}").strip() == "ConnectionRefusedError"


def test_without_a_session_every_door_but_a_few_is_closed(far: Far) -> None:
    check(far.walk({}), 401)


def test_what_a_stranger_claims_of_a_proxy_opens_nothing(far: Far) -> None:
    claims = {
        "X-Forwarded-For": "127.0.0.1",
        "X-Real-IP": "127.0.0.1",
        "Forwarded": "for=127.0.0.1",
        "Host": "localhost",
    }
    check(far.walk(claims), 401)


def test_without_the_permission_every_door_but_those_few_is_closed(far: Far) -> None:
    check(far.walk(far.session("nora")), 403)


def test_with_the_permission_its_doors_are_open_and_no_others(far: Far) -> None:
    check(far.walk(far.session("vera")), 403, permissions={"server.view_logs"})
    check(far.walk(far.session("adam")), 403, permissions={"server.view_logs", "server.annotate", "server.manage"})


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_opens_the_doors_of_its_scope_and_no_others(far: Far, scope: str) -> None:
    token = tokens.issue(far.house.database, "far", by="test", scopes=(scope,))
    check(far.walk({"Authorization": f"Bearer {token}"}), 403, scope=scope)


def test_where_somebody_is_stands_in_the_audit_log_and_is_not_the_proxy(far: Far) -> None:
    token = tokens.issue(far.house.database, "whence", by="test", scopes=("query",))
    far.walk({"Authorization": f"Bearer {token}"})
    with far.house.database.reading() as connection:
        (found,) = [each for each in list_tokens(connection) if each.token_id == token.identity]
    assert found.last_used_from == far.place.theirs
