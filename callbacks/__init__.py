"""What people do to the page, one file each; ``register`` wires all of them to an application."""

from dash import Dash

from callbacks import details, export, navigate, ranges, refresh
from callbacks.context import Context


def register(app: Dash, context: Context) -> None:
    """Register every callback."""
    navigate.register(app)
    refresh.register(app, context)
    export.register(app.server, context)
    details.register(app.server, context)
    ranges.register(app.server, context)
