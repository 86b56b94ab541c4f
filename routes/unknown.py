"""What doesn't exist below the page's path is 404, in one line.

Dash answers every path that it doesn't know with the page, and fails on files that it doesn't have. Here the page has
exactly one path, and a file is served only where Dash itself registered it.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from dash import Dash
from dash.fingerprint import check_fingerprint

from metrics_dash.web.paths import BASE_PATH
from metrics_dash.web.problems import ProblemError


def register(app: Dash, base: str = BASE_PATH) -> None:
    """Replace what Dash does with a path below ``base`` that it doesn't know. Raises ``KeyError`` where Dash has named
    it anew."""
    views = app.server.view_functions
    everything_else = f"{base}<path:path>"
    components = f"{base}_dash-component-suites/<string:package_name>/<path:fingerprinted_path>"
    serve_component = views[components]
    if everything_else not in views:
        raise KeyError(everything_else)
    views.update({everything_else: _not_found, components: _registered_only(app, serve_component)})


def _not_found(**_: str) -> NoReturn:
    raise ProblemError(404, f"there is nothing at this path; the page is at {BASE_PATH}")


def _registered_only(app: Dash, serve: Callable[..., Any]) -> Callable[..., Any]:
    def served(package_name: str, fingerprinted_path: str) -> Any:
        untyped: Any = check_fingerprint
        path, _ = untyped(fingerprinted_path)
        if path not in app.registered_paths.get(package_name, ()):
            _not_found()
        try:
            return serve(package_name, fingerprinted_path)
        except OSError:  # registered, but not part of the package, as some source maps
            _not_found()

    return served
