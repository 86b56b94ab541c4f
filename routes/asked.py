"""What a request asks for: the page's own query. Unlike the page, routes refuse what can't be read."""

from flask import request

from metrics_dash.web.address import PARAMETERS, REPEATED, PageState, read_state
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


def check_parameters(*own: str) -> None:
    """Raise ``ProblemError`` 400 where the present request's query says what nothing reads, or one thing twice: a
    report that somebody made once goes on without them. ``own``: what the route takes beside the page's parameters."""
    allowed = (*PARAMETERS, *own)
    for name in request.args:
        if name not in allowed:
            raise ProblemError(400, f"{name!r} is not a parameter; use one of {', '.join(allowed)}", parameter=name)
        if name not in REPEATED and len(request.args.getlist(name)) > 1:
            raise ProblemError(400, f"{name}: it is there more than once", parameter=name)


def whole(name: str, default: int, limits: tuple[int, int]) -> int:
    """Return a whole number of the present request's query. Raises ``ProblemError`` 400 outside of ``limits``."""
    text = request.args.get(name, "")
    lowest, highest = limits
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and lowest <= int(text) <= highest):
        raise ProblemError(400, f"{name}: {text!r} is not a whole number from {lowest} to {highest}")
    return int(text)
