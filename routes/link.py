"""Somebody comes by a read-only link: its secret is exchanged for a cookie, and is in the address no more.

What such a wall shows is noted as it is answered, so that an operator sees which walls there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from layouts.brand import Brand
from layouts.login import message_page
from metrics_dash.auth.links import OpenedLink
from metrics_dash.catalog import Catalog
from metrics_dash.web import callback_guard, cookies
from metrics_dash.web.address import read_state
from metrics_dash.web.gate import principal
from metrics_dash.web.identity import Identities, address
from metrics_dash.web.paths import BASE_PATH, LINK_PATH

# Browsers keep no cookie for longer.
LONGEST = timedelta(days=400)
ROTATE_SECONDS = 30
NOT_OPEN = "This link does not exist, has expired, or was revoked. Ask whoever gave it to you for another one."


@dataclass(frozen=True)
class LinkRoute:
    """The route's work. ``version``: of the page that a wall gets."""

    identities: Identities
    catalog: Catalog
    version: str

    def open(self) -> AnyResponse:
        """Exchange the link, or say that it holds no longer."""
        opened = self.identities.links.exchange(request.args.get("key", ""), address=address())
        if opened is None:
            page = message_page(self.version, "This link is not open", NOT_OPEN, Brand.of(self.identities.settings))
            return Response(page, 404, {"Cache-Control": "no-store"}, "text/html")
        answer = redirect(page_of(opened, request.args.getlist("filter")), 303)
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Referrer-Policy"] = "no-referrer"
        left = opened.expires_at - datetime.now(UTC) if opened.expires_at is not None else LONGEST
        cookies.write(answer, cookies.LINK, opened.cookie, min(left, LONGEST))
        return answer

    def note(self, response: Response) -> Response:
        """Note what a wall was given."""
        cookie = cookies.read(cookies.LINK)
        if cookie is None or response.status_code != 200 or not _is_of_a_link():
            return response
        if request.path == BASE_PATH:
            self._saw(cookie, request.query_string.decode("ascii", "replace"), self.version)
        elif request.path == callback_guard.PATH:
            asked = request.get_json()["inputs"][0]["value"]
            self._saw(cookie, asked.get("search", "") if isinstance(asked, dict) else "", None)
        return response

    def _saw(self, cookie: str, search: str, version: str | None) -> None:
        tab = read_state(search, self.catalog).tab
        self.identities.links.saw(cookie, tab=tab, version=version, address=address())


def _is_of_a_link() -> bool:
    return request.path in (BASE_PATH, callback_guard.PATH) and principal().kind == "link"


def page_of(link: OpenedLink, filters: Sequence[str] = ()) -> str:
    """Return the page that a link leads to, through the ``filters`` that its address names: how it is looked at, as a
    split is, and no bound of what it shows."""
    query: dict[str, str | Sequence[str]] = {"tab": link.tabs[0]} if link.tabs else {}
    if link.kiosk:
        query["kiosk"] = "1"
        if len(link.tabs) != 1:
            query["rotate"] = str(ROTATE_SECONDS)
    if filters:
        query["filter"] = filters
    return f"{BASE_PATH}?{urlencode(query, doseq=True)}" if query else BASE_PATH


def register(server: Flask, identities: Identities | None, catalog: Catalog, version: str) -> None:
    """Register the route. Without a login it leads to the page."""
    if identities is None:
        server.add_url_rule(LINK_PATH, "link", lambda: redirect(BASE_PATH, 303), methods=["GET"])
        return
    route = LinkRoute(identities, catalog, version)
    server.add_url_rule(LINK_PATH, "link", route.open, methods=["GET"])
    server.after_request(route.note)
