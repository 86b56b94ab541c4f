"""What a request asks for: the page's own query. Unlike the page, routes refuse what can't be read."""

from flask import request

from metrics_dash.web.address import PageState, read_state
from metrics_dash.web.context import Context
from metrics_dash.web.problems import ProblemError
from metrics_dash.web.sight import catalog_for


def asked_state(context: Context) -> PageState:
    """Return the state that the present request's query describes, of what its viewer may see.

    Raises ``ProblemError`` 400 for what it passes over: who asked must not be shown something else silently.
    """
    catalog = catalog_for(context.viewer(), context.catalog)
    state = read_state(request.query_string.decode("utf-8", errors="replace"), catalog)
    for first in state.unread:
        raise ProblemError(400, first.text, parameter=first.name or None)
    return state


def whole(name: str, default: int, limits: tuple[int, int]) -> int:
    """Return a whole number of the present request's query. Raises ``ProblemError`` 400 outside of ``limits``."""
    text = request.args.get(name, "")
    lowest, highest = limits
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and lowest <= int(text) <= highest):
        raise ProblemError(400, f"{name}: {text!r} is not a whole number from {lowest} to {highest}")
    return int(text)
