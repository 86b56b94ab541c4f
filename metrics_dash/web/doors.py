"""Which permission each route takes: one row for each. A route without a row is closed to everybody.

A person comes by a permission, a program by its token's scope; neither opens what the other is for. Read-only links
open the rows that say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from metrics_dash.auth.permissions import ANNOTATE, MANAGE, VIEW_LOGS, Permission, Principal, Scope
from metrics_dash.web.paths import (
    BASE_PATH,
    LINK_PATH,
    LOGIN_PATH,
    LOGO_PATH,
    LOGOUT_PATH,
    MANAGEMENT_BASE,
    MANAGEMENT_PATHS,
    OIDC_PATH,
    OIDC_START_PATH,
)

# Where a token may stand: three schemes of Authorization, InfluxDB's ``?u=&p=``, PostHog's ``api_key`` in the body.
Way = Literal["bearer", "token", "basic", "query", "body"]


@dataclass(frozen=True, slots=True)
class Door:
    """What opens a route: ``permission`` for people, ``scope`` for programs, ``links``: also those.

    ``ways``: where programs may show their token.
    """

    permission: Permission | None = None
    scope: Scope | None = None
    links: bool = False
    everybody: bool = False
    ways: tuple[Way, ...] = ("bearer",)

    def opens_to(self, who: Principal) -> bool:
        """Return whether somebody may pass."""
        if self.everybody or who.kind == "local":
            return True
        if who.kind == "token":
            return self.scope in who.scopes
        return self.permission in who.permissions and (who.kind == "user" or self.links)

    def wanted(self, who: Principal) -> str:
        """Say what somebody lacks."""
        if who.kind == "token":
            return f"the token lacks the scope {self.scope}" if self.scope else "no token opens this"
        if who.kind == "link":
            return "the link does not open this"
        return f"{self.permission} is needed" if self.permission else "only a token opens this"


EVERYBODY = Door(everybody=True)
PAGE = Door(VIEW_LOGS, links=True)
EXPORT = Door(VIEW_LOGS, "query", links=True)
CLOSED = Door()
# Other systems' clients, each with its token where it can send one.
POSTHOG = Door(scope="ingest", ways=("bearer", "body"))
SEGMENT = Door(scope="ingest", ways=("bearer", "basic"))
INFLUX = Door(scope="ingest", ways=("bearer", "token", "basic", "query"))
OPENTELEMETRY = Door(scope="ingest", ways=("bearer", "basic"))

# A key may begin with a method, for a route that takes several.
DOORS: Mapping[str, Door] = {
    "/healthz": EVERYBODY,
    LOGIN_PATH: EVERYBODY,
    LINK_PATH: EVERYBODY,
    OIDC_START_PATH: EVERYBODY,
    OIDC_PATH: EVERYBODY,
    # Files that are the same for everybody and hold nothing of anybody's.
    f"{BASE_PATH}assets/<path:filename>": EVERYBODY,
    f"{BASE_PATH}_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": EVERYBODY,
    f"{BASE_PATH}_dash-component-suites/dash/dcc/with-dash-renderer.<digest>.<kind>": EVERYBODY,
    f"{BASE_PATH}_favicon.ico": EVERYBODY,
    LOGO_PATH: EVERYBODY,
    # The page.
    "/": PAGE,
    BASE_PATH: PAGE,
    f"{BASE_PATH}_dash-layout": PAGE,
    f"{BASE_PATH}_dash-dependencies": PAGE,
    f"{BASE_PATH}_dash-update-component": PAGE,
    f"{BASE_PATH}_reload-hash": PAGE,
    f"{BASE_PATH}<path:path>": PAGE,
    f"{BASE_PATH}version": PAGE,
    f"{BASE_PATH}range.json": PAGE,
    f"{BASE_PATH}chart/<chart_id>/events.json": Door(VIEW_LOGS),
    LOGOUT_PATH: Door(VIEW_LOGS),
    # What leaves it.
    f"{BASE_PATH}export/<tab_id>.csv": EXPORT,
    f"{BASE_PATH}chart/<chart_id>.csv": EXPORT,
    f"{BASE_PATH}chart/<chart_id>.png": EXPORT,
    f"{BASE_PATH}chart/<chart_id>.json": EXPORT,
    # Programs.
    "/api/v1/events": Door(scope="ingest"),
    "/batch/": POSTHOG,
    "/i/v0/e/": POSTHOG,
    "/flags/": POSTHOG,
    "/v1/batch": SEGMENT,
    "/v1/track": SEGMENT,
    "/v1/identify": SEGMENT,
    "/v1/page": SEGMENT,
    "/v1/screen": SEGMENT,
    "/v1/group": SEGMENT,
    "/v1/alias": SEGMENT,
    "/api/v2/write": INFLUX,
    "/write": INFLUX,
    "/query": INFLUX,
    "/ping": INFLUX,
    "/health": INFLUX,
    "/ready": INFLUX,
    "/v1/metrics": OPENTELEMETRY,
    "/v1/logs": OPENTELEMETRY,
    "/v1/traces": OPENTELEMETRY,
    "/api/v1/query": Door(VIEW_LOGS, "query"),
    "/api/v1/openapi.json": Door(VIEW_LOGS, "query"),
    "GET /api/annotations": Door(VIEW_LOGS, "query"),
    "POST /api/annotations": Door(ANNOTATE, "annotate"),
    "/metrics": Door(MANAGE, "scrape"),
    "/readyz": Door(VIEW_LOGS, "scrape"),
    # Management.
    **{path: Door(MANAGE) for path in MANAGEMENT_PATHS},
    f"{MANAGEMENT_BASE}assets/<path:filename>": EVERYBODY,
    f"{MANAGEMENT_BASE}_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": EVERYBODY,
    f"{MANAGEMENT_BASE}_dash-component-suites/dash/dcc/with-dash-renderer.<digest>.<kind>": EVERYBODY,
    f"{MANAGEMENT_BASE}_favicon.ico": EVERYBODY,
    f"{MANAGEMENT_BASE}_dash-layout": Door(MANAGE),
    f"{MANAGEMENT_BASE}_dash-dependencies": Door(MANAGE),
    f"{MANAGEMENT_BASE}_dash-update-component": Door(MANAGE),
    f"{MANAGEMENT_BASE}_reload-hash": Door(MANAGE),
    MANAGEMENT_BASE: Door(MANAGE),
    f"{MANAGEMENT_BASE}<path:path>": Door(MANAGE),
}


def door_of(rule: str | None, method: str) -> Door:
    """Return the door of a route; None is a path without one, of which only those who are let in hear."""
    if rule is None:
        return Door(VIEW_LOGS, "query", links=True)
    # What answers GET answers HEAD.
    named = "GET" if method == "HEAD" else method
    return DOORS.get(f"{named} {rule}") or DOORS.get(rule, CLOSED)
