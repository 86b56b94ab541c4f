"""Somebody changes who may come in: the forms of the management pages, each held to its CSRF token.

A form is answered by leading back to its page, which tells what became of it. Only what is shown once, a token or a
link, is answered with a page of its own, so that no secret is kept anywhere on the way.
"""

import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any

from flask import Flask, Response, flash, redirect, request
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse

from layouts.brand import Brand
from layouts.login import secret_page
from metrics_dash.auth import links, people, tokens
from metrics_dash.auth.links import LinkError
from metrics_dash.auth.passwords import PasswordError
from metrics_dash.auth.people import PeopleError
from metrics_dash.auth.permissions import SCOPES
from metrics_dash.auth.tokens import TokenError
from metrics_dash.catalog import Catalog
from metrics_dash.setting_values import parse_duration
from metrics_dash.web.gate import principal
from metrics_dash.web.identity import Identities
from metrics_dash.web.paths import (
    AUDIT_LOG_PATH,
    BASE_PATH,
    LINK_PATH,
    LINKS_PATH,
    MANAGEMENT_PATHS,
    PIPELINE_PATH,
    TOKENS_PATH,
    USERS_PATH,
)

UNREADABLE = "A field has a character that nobody can see, such as a line's end, and nothing was done."
STALE = "The form was open for too long, and nothing was done. Please try again."
_REFUSALS = (PeopleError, PasswordError, TokenError, LinkError)


@dataclass(frozen=True)
class Forms:
    """The routes' work."""

    identities: Identities
    catalog: Catalog
    version: str

    def post(self) -> AnyResponse:
        """Do what a form asks for, and lead back to its page. Raises ``ProblemError`` 400 for no such thing to do."""
        path = request.path
        if not FlaskForm().validate():
            return self._back(path, "bad", STALE)
        if _has_control_characters():
            return self._back(path, "bad", UNREADABLE)
        action: Callable[[], str | Response] | None = self._actions(path).get(request.form.get("action", ""))
        if action is None:
            return self._back(path, "bad", "There is no such thing to do.")
        try:
            done = action()
        except _REFUSALS as error:
            return self._back(path, "bad", f"{str(error)[0].upper()}{str(error)[1:]}.")
        return self._back(path, "good", done) if isinstance(done, str) else done

    def _actions(self, path: str) -> Mapping[str, Callable[[], str | Response]]:
        actions: dict[str, Mapping[str, Callable[[], str | Response]]] = {
            USERS_PATH: {
                "add": self._add_person,
                "role": self._set_role,
                "password": self._set_password,
                "disable": lambda: self._set_disabled(True),
                "enable": lambda: self._set_disabled(False),
            },
            TOKENS_PATH: {"add": self._make_token, "revoke": self._revoke_token},
            LINKS_PATH: {"add": self._make_link, "revoke": self._revoke_link},
        }
        return actions.get(path, {})

    def _back(self, path: str, kind: str, words: str) -> AnyResponse:
        flash(words, kind)
        return redirect(path, 303)

    # People

    def _add_person(self) -> str:
        name = _text("username")
        password = request.form.get("password", "")
        people.add(self.identities.database, name, role=_text("role"), by=principal().name, password=password)
        return f"{name} was added."

    def _set_role(self) -> str:
        name = self._somebody_else()
        people.set_role(self.identities.database, name, _text("role"), by=principal().name)
        return f"{name} is {_text('role')} now."

    def _set_password(self) -> str:
        name = request.form.get("username", "")
        people.set_password(self.identities.database, name, request.form.get("password", ""), by=principal().name)
        return f"{name} has another password, and is signed out everywhere."

    def _set_disabled(self, disabled: bool) -> str:
        name = self._somebody_else()
        people.set_disabled(self.identities.database, name, disabled, by=principal().name)
        return f"{name} may come in no longer." if disabled else f"{name} may come in again."

    def _somebody_else(self) -> str:
        name = request.form.get("username", "")
        if name == principal().name:
            raise PeopleError("nobody takes rights from themselves here; ask another admin, or use the command line")
        return name

    # Tokens

    def _make_token(self) -> Response:
        token = tokens.issue(
            self.identities.database,
            _text("name"),
            by=principal().name,
            scopes=[scope for scope in SCOPES if f"scope-{scope}" in request.form],
            prefixes=_list("prefixes"),
            events_per_second=_number("rate"),
            bytes_per_second=_number("bytes"),
            lifetime=_duration("expires", TokenError),
        )
        return self._show("Your new token", str(token), TOKENS_PATH)

    def _revoke_token(self) -> str:
        tokens.revoke(self.identities.database, _text("id"), by=principal().name)
        return f"The token {_text('id')} is revoked."

    # Links

    def _make_link(self) -> Response:
        known = [tab.id for tab in self.catalog.tabs]
        link = links.issue(
            self.identities.database,
            by=principal().name,
            tabs=[tab for tab in known if f"tab-{tab}" in request.form],
            known=known,
            kiosk="kiosk" in request.form,
            longest=_duration("longest", LinkError),
            lifetime=_duration("expires", LinkError),
        )
        base = (self.identities.settings.public_url or request.host_url).rstrip("/")
        return self._show("Your new link", f"{base}{LINK_PATH}?key={link}", LINKS_PATH)

    def _revoke_link(self) -> str:
        links.revoke(self.identities.database, _text("id"), by=principal().name)
        return f"The link {_text('id')} is revoked."

    def _show(self, title: str, secret: str, back: str) -> Response:
        page = secret_page(self.version, title, secret, back, Brand.of(self.identities.settings))
        return Response(page, 200, {"Cache-Control": "no-store"}, "text/html")


def _has_control_characters() -> bool:
    """Return whether a field or a parameter, or the name of one, holds what no field of these pages can."""
    sent = (text for pair in chain(request.form.items(True), request.args.items(True)) for text in pair)
    return any(unicodedata.category(character) == "Cc" for text in sent for character in text)


def _text(name: str) -> str:
    return request.form.get(name, "").strip()


def _list(name: str) -> list[str]:
    return [part for part in _text(name).replace(",", " ").split() if part]


def _number(name: str) -> float | None:
    text = _text(name)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise TokenError(f"{text[:40]!r} is not a number")
    return number


def _duration(name: str, error: type[ValueError]) -> timedelta | None:
    text = _text(name)
    if not text:
        return None
    try:
        length: Any = parse_duration(text)
    except ValueError as problem:
        raise error(str(problem)) from None
    if length <= timedelta(0):
        raise error(f"{text!r} is no time")
    return timedelta(seconds=length.total_seconds())


def register(server: Flask, identities: Identities | None, catalog: Catalog, version: str) -> None:
    """Register where the forms are sent. Without a login there is nobody to manage, and they lead to the page."""
    if identities is None:
        for path in (path for path in MANAGEMENT_PATHS if path != PIPELINE_PATH):
            methods = ["GET"] if path == AUDIT_LOG_PATH else ["GET", "POST"]
            server.add_url_rule(path, f"no {path}", lambda: redirect(BASE_PATH, 303), methods=methods)
        return
    forms = Forms(identities, catalog, version)
    for path in (USERS_PATH, TOKENS_PATH, LINKS_PATH):
        server.add_url_rule(path, f"form {path}", forms.post, methods=["POST"])
