"""What people do to the page, one file each: Dash callbacks only. ``register`` wires all of them to an application."""

from dash import Dash

from callbacks import navigate, refresh
from metrics_dash.web.context import Context


def register(app: Dash, context: Context) -> None:
    """Register every callback."""
    navigate.register(app)
    refresh.register(app, context)
