"""Somebody opens a management page: its parts are made of what is there now, for whoever may see them."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs

from dash import Dash, Input, Output
from dash.development.base_component import Component

from layouts.brand import NO_BRAND, Brand
from layouts.pages import audit_log, frame, links, pipeline, tokens, users
from metrics_dash.auth.overview import Entry, Link, Person, Token, Wall
from metrics_dash.auth.permissions import MANAGE, ForbiddenError, Principal
from metrics_dash.catalog import Catalog
from metrics_dash.charts.data import QueriesUnavailableError
from metrics_dash.ops.pipeline import Pipeline
from metrics_dash.web.paths import LINKS_PATH, MANAGEMENT_PATHS, PIPELINE_PATH, TOKENS_PATH, USERS_PATH

log = logging.getLogger(__name__)

INPUTS = {"place.pathname": str, "place.search": str, "tick.n_intervals": int | None}


@dataclass(frozen=True)
class Management:
    """What the pages are made of: records, whoever looks, the CSRF token of their forms, and what is to be told.
    ``interval``: seconds after which the pipeline is looked at again."""

    viewer: Callable[[], Principal]
    csrf: Callable[[], str]
    notices: Callable[[], Sequence[tuple[str, str]]]
    clock: Callable[[], datetime]
    catalog: Catalog
    people: Callable[[], Sequence[Person]]
    programs: Callable[[], Sequence[Token]]
    links_and_walls: Callable[[], tuple[Sequence[Link], Sequence[Wall]]]
    log: Callable[[int | None], Sequence[tuple[int, Entry]]]
    pipeline: Callable[[], Pipeline]
    interval: float = 10.0
    brand: Brand = NO_BRAND


def register(app: Dash, management: Management) -> None:
    """Answer which page an address is."""

    @app.callback(
        Output("side", "children"),
        Output("content", "children"),
        Input("place", "pathname"),
        Input("place", "search"),
    )
    def show(path: str, search: str) -> tuple[Component, list[Component]]:
        viewer = management.viewer()
        parts = parts_of(path, search, management)
        csrf = management.csrf()
        return frame.sidebar(viewer, csrf, path, management.brand), frame.body(path, parts, management.notices())

    @app.callback(Output("pipeline", "children"), Input("tick", "n_intervals"), prevent_initial_call=True)
    def look_again(ticks: int | None) -> list[Component]:
        _check(PIPELINE_PATH, management)
        return _pipeline_again(management)


def parts_of(path: str, search: str, management: Management) -> list[Component]:
    """Return the parts of the page that an address names. Raises ``ForbiddenError`` for whoever may not see it."""
    _check(path, management)
    if path == PIPELINE_PATH:
        return pipeline.frame(_pipeline(management), management.interval)
    csrf, now = management.csrf(), management.clock()
    if path == USERS_PATH:
        return users.content(management.people(), management.viewer().name, csrf)
    if path == TOKENS_PATH:
        return tokens.content(management.programs(), csrf, now)
    if path == LINKS_PATH:
        return links.content(*management.links_and_walls(), management.catalog, csrf, now)
    return audit_log.content(management.log(_before(search)))


def _check(path: str, management: Management) -> None:
    viewer = management.viewer()
    # Without a login there is nobody to manage, but a pipeline.
    if not viewer.may(MANAGE) or path not in MANAGEMENT_PATHS or (viewer.kind == "local" and path != PIPELINE_PATH):
        raise ForbiddenError(f"{MANAGE} is needed, and a page that there is")


def _pipeline(management: Management) -> list[Component]:
    try:
        return pipeline.content(management.pipeline())
    except Exception:
        log.exception("the pipeline page can't be made")
        return pipeline.unavailable("The database can’t be asked just now. This page asks again by itself.")


def _pipeline_again(management: Management) -> list[Component]:
    """Return the page's parts anew. Where they can't be made, what it shows stays, and its script says how old it is
    (assets/admin/age.js). Raises ``QueriesUnavailableError``."""
    try:
        return pipeline.content(management.pipeline())
    except Exception as error:
        log.warning("the pipeline page can't be made anew: %s", type(error).__name__)
        raise QueriesUnavailableError("the database does not answer") from error


def _before(search: str) -> int | None:
    text = parse_qs(search.removeprefix("?"), max_num_fields=10).get("before", [""])[-1]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
