"""The logo's picture, for everybody: the login page shows it, too.

An SVG is a document that may hold scripts. Nothing runs in one that an ``img`` shows; opened by itself it gets a policy
and a sandbox under which nothing does either.
"""

from flask import Flask, Response

from metrics_dash.logo import Logo
from metrics_dash.web.paths import LOGO_PATH
from metrics_dash.web.problems import ProblemError

POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_ONE_DAY = 86_400


def register(server: Flask, logo: Logo | None) -> None:
    """Register the route."""

    @server.get(LOGO_PATH)
    def picture() -> Response:
        if logo is None:
            raise ProblemError(404, "this dashboard has no logo; METRICS_LOGO names one")
        response = Response(logo.data, mimetype=logo.kind)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = f"public, max-age={_ONE_DAY}"
        return response
