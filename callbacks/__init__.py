"""What people do to the page: Dash callbacks only, thin, one file each.

- ``navigate``: links, the way back, a range: the address changes. ``refresh``: new data for the visible tab.
- ``management``: a page beside the dashboard is opened, in an application of its own.
- ``first``: the page is opened, and begins with its numbers. ``asked``: what an address asks for, read for both.
- ``steps``: where a step through time leads, for ``refresh``.

A callback reads the controls, asks ``metrics_dash.charts`` and hands the answer to ``layouts``. Others use
``register``, which wires all of them to an application, and ``INPUTS``: what each may be sent.
"""

from dash import Dash

from callbacks import navigate, refresh
from metrics_dash.web.context import Context

INPUTS = {"request.data": refresh.RefreshRequest}


def register(app: Dash, context: Context) -> None:
    """Register every callback."""
    navigate.register(app)
    refresh.register(app, context)
