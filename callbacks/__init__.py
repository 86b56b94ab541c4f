"""What people do to the page: Dash callbacks only, thin, one file each.

- ``navigate``: links, the way back, a range: the address changes. ``refresh``: new data for the visible tab.
- ``guard``: what a browser may post to a callback.
- ``steps``: where a step through time leads, for ``refresh``.

A callback reads the controls, asks ``metrics_dash.charts`` and hands the answer to ``layouts``. Others use
``register`` alone: it wires all of them to an application.
"""

from dash import Dash

from callbacks import guard, navigate, refresh
from metrics_dash.web.context import Context


def register(app: Dash, context: Context) -> None:
    """Register every callback, and what each may be sent."""
    navigate.register(app)
    refresh.register(app, context)
    guard.install(app.server, guard.CallbackGuard(app, {"request.data": refresh.RefreshRequest}))
