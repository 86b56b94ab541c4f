"""What people do to the page, one file each; ``register`` wires all of them to an application."""

from dash import Dash

from callbacks import navigate, refresh
from metrics_dash.web.context import Context
from routes import details, export, ranges


def register(app: Dash, context: Context) -> None:
    """Register every callback."""
    navigate.register(app)
    refresh.register(app, context)
    export.register(app.server, context)
    details.register(app.server, context)
    ranges.register(app.server, context)
