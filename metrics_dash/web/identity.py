"""From a request to whoever it is from: a token, a person's session, a proxy's word, or a link's cookie."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask, Request, request
from flask_login import LoginManager, UserMixin, current_user

from db import audit_log
from db.engine import Database
from metrics_dash.auth.links import Links
from metrics_dash.auth.people import PeopleError, vouched_for
from metrics_dash.auth.permissions import Principal
from metrics_dash.auth.secret_key import secret_key
from metrics_dash.auth.sessions import Sessions, principal_of
from metrics_dash.auth.tokens import Tokens
from metrics_dash.settings import Settings
from metrics_dash.web import cookies, credentials
from metrics_dash.web.doors import door_of
from metrics_dash.web.proxies import ProxyWords, TrustedProxies

# How long a form that stands open can be sent.
FORM_LIFETIME = timedelta(hours=12)


class Visitor(UserMixin):  # type: ignore[misc]
    """Whom flask-login calls the current user."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.id = principal.actor


class Identities:
    """Knows who sends a request. What each way knows it by is found nowhere else."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.sessions = Sessions(database, idle=settings.session_idle, lifetime=settings.session_lifetime)
        self.tokens = Tokens(database)
        self.links = Links(database)
        self.proxies = ProxyWords(settings)

    def find(self) -> Principal | None:
        """Return who it is; None where nobody is known. A token that holds no longer is nobody, whatever else is
        sent."""
        door = door_of(rule(), request.method)
        token = credentials.shown(door.ways)
        if token is not None:
            return self.tokens.find(token, address=address(), scope=door.scope)
        return self._session() or self._vouched() or self._link()

    def install(self, server: Flask) -> None:
        """Let flask-login know the current user by this, and the server its clients by what trusted proxies say."""
        server.secret_key = secret_key(self.settings)
        server.session_interface = cookies.FormSession()
        server.config["WTF_CSRF_TIME_LIMIT"] = int(FORM_LIFETIME.total_seconds())
        untyped: Any = server
        untyped.wsgi_app = TrustedProxies(server.wsgi_app, self.settings)
        manager = LoginManager(server)
        manager.session_protection = None
        # Where flask-login finds its own cookie it looks no further. Cookies are every port's of a host, and other
        # programs have one of its usual name.
        server.config["REMEMBER_COOKIE_NAME"] = cookies.REMEMBERED

        @manager.request_loader  # type: ignore[untyped-decorator]
        def _load(request: Request) -> Visitor | None:
            found = self.find()
            return Visitor(found) if found is not None else None

    def _session(self) -> Principal | None:
        cookie = cookies.read(cookies.SESSION)
        return self.sessions.find(cookie) if cookie is not None else None

    def _vouched(self) -> Principal | None:
        name = self.proxies.person()
        if name is None:
            return None
        try:
            user = vouched_for(self.database, name)
        except PeopleError:
            return None
        return principal_of(user) if user is not None else None

    def _link(self) -> Principal | None:
        cookie = cookies.read(cookies.LINK)
        return self.links.find(cookie) if cookie is not None else None


def visitor() -> Principal | None:
    """Return who flask-login found; None where it is nobody."""
    return current_user.principal if current_user.is_authenticated else None


def rule() -> str | None:
    """Return the rule of the present request's route; None where it has none."""
    return request.url_rule.rule if request.url_rule is not None else None


def address() -> str:
    """Return where the client is, as the socket or a trusted proxy says."""
    return request.remote_addr or ""


def recorder(identities: Identities | None) -> Callable[[str, str], None]:
    """Return what puts an action of the present request into the audit log; nothing where there is no login."""
    if identities is None:
        return lambda action, subject: None
    database = identities.database

    def record(action: str, subject: str) -> None:
        who = visitor()
        if who is not None:
            with database.begin() as connection:
                audit_log.append(connection, who.actor, action, subject, address=address())

    return record
