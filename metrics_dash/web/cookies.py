"""Cookies: read by scripts never, sent by other sites' pages never, and by plain HTTP not where they came by TLS."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response

SESSION, LINK, FORM = "metrics", "metrics-link", "metrics-form"
# Never given to anybody.
REMEMBERED = "metrics-remembered"
OPTIONS: Mapping[str, Any] = {"httponly": True, "samesite": "Lax", "path": "/"}


def name_of(cookie: str) -> str:
    """Return the cookie's name here: behind TLS one that no other host and no plain HTTP can set."""
    return f"__Host-{cookie}" if request.is_secure else cookie


def read(cookie: str) -> str | None:
    """Return the cookie's value."""
    return request.cookies.get(name_of(cookie)) or None


def write(response: Response, cookie: str, value: str, lifetime: timedelta | None) -> None:
    """Give the browser a cookie; None: until it is closed."""
    response.set_cookie(name_of(cookie), value, max_age=lifetime, secure=request.is_secure, **OPTIONS)


def drop(response: Response, cookie: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(name_of(cookie), secure=request.is_secure, **OPTIONS)


class FormSession(SecureCookieSessionInterface):
    """What a form must find again (its CSRF token, a login under way), signed by ``SECRET_KEY``. No login is in it."""

    def get_cookie_name(self, app: Flask) -> str:
        """Return the name that fits this request."""
        return name_of(FORM)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return whether it is to travel by TLS only."""
        return request.is_secure

    def get_cookie_samesite(self, app: Flask) -> str:
        """Return that other sites' pages don't send it; a provider leads back by a link, which does."""
        return "Lax"
