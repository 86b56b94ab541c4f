"""Somebody signs in or out: forms that work without a script, each held to its CSRF token.

Whether there is somebody of a name shows neither in an answer nor in its time (``metrics_dash.auth.login``).
"""

from dataclasses import dataclass
from math import ceil
from urllib.parse import urlsplit

from flask import Flask, Response, redirect, request, session
from flask_wtf import FlaskForm
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as AnyResponse
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from layouts.brand import Brand
from layouts.login import login_page, logout_page
from metrics_dash.auth.login import Person, Refused, log_in
from metrics_dash.auth.passwords import BusyError
from metrics_dash.web import cookies
from metrics_dash.web.client import PAGES
from metrics_dash.web.gate import principal
from metrics_dash.web.identity import Identities, address
from metrics_dash.web.paths import BASE_PATH, LOGIN_PATH, LOGOUT_PATH
from metrics_dash.web.problems import ProblemError

WRONG = "Name or password is wrong."
STALE = "This form was open for too long. Please try again."


class LoginForm(FlaskForm):  # type: ignore[misc]
    """What the login page sends."""

    username = StringField(validators=[InputRequired(), Length(max=256)])
    password = PasswordField(validators=[InputRequired(), Length(max=1024)])
    next = HiddenField(validators=[Length(max=2048)])


@dataclass(frozen=True)
class Login:
    """The routes' work."""

    identities: Identities
    version: str

    def show(self) -> AnyResponse:
        """Return the login page; whoever is signed in already is led on."""
        following = following_of(request.args.get("next", ""))
        if self._is_signed_in():
            return redirect(following, 303)
        return self._page(200, following=following)

    def log_in(self) -> AnyResponse:
        """Sign somebody in, or say that it was nobody."""
        if "password" not in self.identities.settings.auth:
            raise ProblemError(404, "nobody signs in with a password here")
        form = LoginForm()
        following = following_of(form.next.data or "")
        if not form.validate():
            return self._page(400, following=following, problem=STALE if "csrf_token" in form.errors else WRONG)
        name, password = str(form.username.data), str(form.password.data)
        try:
            found = log_in(self.identities.database, name, password, address=address())
        except BusyError:
            raise ProblemError(503, "too many sign in at once", headers={"Retry-After": "5"}) from None
        if isinstance(found, Refused):
            return self._refused(found, name, following)
        return self.enter(found, following, "password")

    def _refused(self, refused: Refused, name: str, following: str) -> Response:
        if refused.wait is None:
            return self._page(401, following=following, username=name, problem=WRONG)
        seconds = ceil(refused.wait.total_seconds())
        wait = f"{seconds} seconds" if seconds < 120 else f"{ceil(seconds / 60)} minutes"
        answer = self._page(429, following=following, username=name, problem=f"Too many tries. Wait {wait}.")
        answer.headers["Retry-After"] = str(seconds)
        return answer

    def tell(self, status: int, problem: str) -> Response:
        """Return the login page with what is wrong."""
        return self._page(status, following=BASE_PATH, problem=problem)

    def enter(self, user: Person, following: str, method: str) -> AnyResponse:
        """Open a session in place of any that the browser had, and lead on."""
        sessions, before = self.identities.sessions, cookies.read(cookies.SESSION)
        cookie = sessions.open(user, address=address(), method=method, instead_of=before)
        session.clear()
        answer = redirect(following, 303)
        cookies.write(answer, cookies.SESSION, cookie, sessions.lifetime)
        return answer

    def ask(self) -> Response:
        """Return the page that asks whether to sign out."""
        return _html(logout_page(self.version, csrf=generate_csrf(), name=principal().name, brand=self._brand), 200)

    def log_out(self) -> AnyResponse:
        """Sign out: the session ends for every copy of its cookie."""
        if not FlaskForm().validate():
            return _html(logout_page(self.version, csrf=generate_csrf(), name=principal().name, brand=self._brand), 400)
        cookie = cookies.read(cookies.SESSION)
        if cookie is not None:
            self.identities.sessions.close(cookie, principal(), address=address())
        session.clear()
        answer = redirect(LOGIN_PATH, 303)
        cookies.drop(answer, cookies.SESSION)
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    @property
    def _brand(self) -> Brand:
        return Brand.of(self.identities.settings)

    def _is_signed_in(self) -> bool:
        cookie = cookies.read(cookies.SESSION)
        return cookie is not None and self.identities.sessions.find(cookie) is not None

    def _page(self, status: int, *, following: str, username: str = "", problem: str = "") -> Response:
        logins = self.identities.settings.auth
        html = login_page(
            self.version,
            csrf=generate_csrf(),
            following=following,
            username=username,
            problem=problem,
            password="password" in logins,
            provider="oidc" in logins,
            brand=self._brand,
        )
        return _html(html, status)


def following_of(text: str) -> str:
    """Return where a login leads: to one of our pages, whatever the address said."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return BASE_PATH
    ours = not parts.scheme and not parts.netloc and parts.path in PAGES - {LOGIN_PATH} and text.isprintable()
    return text if ours and "\\" not in text else BASE_PATH


def _html(text: str, status: int) -> Response:
    return Response(text, status, {"Cache-Control": "no-store"}, "text/html")


def register(server: Flask, identities: Identities | None, version: str) -> None:
    """Register the routes. Without a login they lead to the page."""
    if identities is None:
        for path in (LOGIN_PATH, LOGOUT_PATH):
            server.add_url_rule(path, f"no {path}", lambda: redirect(BASE_PATH, 303), methods=["GET", "POST"])
        return
    login = Login(identities, version)
    server.add_url_rule(LOGIN_PATH, "login", login.show, methods=["GET"])
    server.add_url_rule(LOGIN_PATH, "log_in", login.log_in, methods=["POST"])
    server.add_url_rule(LOGOUT_PATH, "logout", login.ask, methods=["GET"])
    server.add_url_rule(LOGOUT_PATH, "log_out", login.log_out, methods=["POST"])
