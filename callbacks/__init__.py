"""What people do to the page, one file each: Dash callbacks only. ``register`` wires all of them to an application."""

from dash import Dash

from callbacks import guard, navigate, refresh
from metrics_dash.web.context import Context


def register(app: Dash, context: Context) -> None:
    """Register every callback, and what each may be sent."""
    navigate.register(app)
    refresh.register(app, context)
    guard.install(app.server, guard.CallbackGuard(app, {"request.data": refresh.RefreshRequest}))
