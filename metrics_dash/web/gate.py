"""The gate: before every route, closed unless a row of ``doors`` opens it.

Without a login this machine alone is served, and may do everything. With one, whoever is not known is asked to log in
(a person before a page) or told 401 (everybody else), and who is known is told 403 where a permission is lacking. It
stands before all other functions, so a new route is as closed as the others.
"""

from urllib.parse import urlencode

from flask import Flask, g, redirect, request
from werkzeug.wrappers import Response

from metrics_dash.auth.permissions import LOCAL, Principal
from metrics_dash.web import client, received
from metrics_dash.web.client import PAGES
from metrics_dash.web.doors import door_of
from metrics_dash.web.identity import Identities, rule, visitor
from metrics_dash.web.paths import LOGIN_PATH
from metrics_dash.web.problems import ProblemError

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="metrics_dash"'}
NOBODY = Principal("user", "nobody")


def principal() -> Principal:
    """Return who the present request is from. Raises ``AttributeError`` before the gate was passed."""
    found: Principal = g.principal
    return found


class LocalGate:
    """Serves this machine alone."""

    def check(self) -> None:
        """Refuse everybody else. Raises ``ProblemError`` 403."""
        client.check_local()
        g.principal = LOCAL

    def admit(self) -> None:
        """Let whoever passed do everything."""


class Gate:
    """Serves whoever is known, by what they may do."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def check(self) -> None:
        """Refuse what can't be from an honest client. Raises ``ProblemError`` 403."""
        g.principal = NOBODY
        self._identities.proxies.check()
        client.check_site()

    def admit(self) -> Response | None:
        """Look who it is and whether the route is open to them. Raises ``ProblemError`` 401 or 403."""
        door = door_of(rule(), request.method)
        g.public = door.everybody
        if door.everybody:
            return None
        found = visitor()
        if found is None:
            return _ask_to_log_in()
        g.principal = found
        if not door.opens_to(found):
            raise ProblemError(403, door.wanted(found))
        return None


def _ask_to_log_in() -> Response:
    """Lead a person who opens a page to the login. A script or a program could do nothing with that: it is told."""
    if request.method == "GET" and request.path in PAGES and request.accept_mimetypes.accept_html:
        wanted = request.full_path.rstrip("?")
        return redirect(f"{LOGIN_PATH}?{urlencode({'next': wanted})}", 303)
    raise ProblemError(401, "log in first, or send a token", headers=CHALLENGE)


def _keep_nothing(response: Response) -> Response:
    """Let nobody keep what was made for whoever asked."""
    if not getattr(g, "public", False):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def install(server: Flask, identities: Identities | None) -> None:
    """Stand before every request; None: without a login."""
    gate = LocalGate() if identities is None else Gate(identities)
    if identities is not None:
        identities.install(server)
        received.install(server)
        server.after_request(_keep_nothing)
    # First of all: nothing else may act for a stranger, whatever was registered before.
    server.before_request_funcs.setdefault(None, [])[:0] = [gate.check, gate.admit]
