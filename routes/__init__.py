"""The page's plain Flask routes, one file each by what somebody asks for.

- ``details``: a chart's table, and the raw events behind a point. ``ranges``: whether a typed range can be read.
- ``export``: tables as CSV, a chart as PNG; ``rendering`` draws that without a viewer. ``names``: ids in a path,
  ``asked``: what a query asks for.
- ``login``: signing in and out. ``oidc``: by a provider. ``link``: a read-only link, exchanged for a cookie.
  ``management``: the forms by which people, tokens and links are added and ended.
- ``logo``: the picture beside the name.
- ``bundles``: the page's scripts and styles, as one file each. ``unknown``: 404 for what doesn't exist.
- ``problems``: what a person reads where a page can't be shown.

``register`` adds all routes to a server; ``app`` makes its Dash of ``bundles``. Routes for programs are in
``metrics_dash.web``.
"""

from flask import Flask

from metrics_dash.web.context import Context
from routes import details, export, ranges


def register(server: Flask, context: Context) -> None:
    """Register every route below the page's path."""
    export.register(server, context)
    details.register(server, context)
    ranges.register(server, context)
