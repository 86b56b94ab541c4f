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
