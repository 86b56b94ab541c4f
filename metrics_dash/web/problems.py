"""Which error is which HTTP answer, for every route: what is wrong, in one line, and nothing about the server's inside.

A route raises what it meets. ``problem_of`` is the one mapping; an error that it does not know is a fault of ours.
"""

import logging
from collections.abc import Callable, Mapping
from functools import singledispatch

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from db.rows import InvalidEventError
from metrics_dash.auth.permissions import ForbiddenError
from metrics_dash.charts.data import QueriesUnavailableError, QueryError
from metrics_dash.charts.timerange.parse import RangeError
from metrics_dash.ingest.formats.reading import MalformedBodyError, OversizedBodyError, UnsupportedTypeError
from metrics_dash.web.answers import json_answer
from metrics_dash.web.seldom import Seldom

log = logging.getLogger(__name__)

# Files that people save: whoever asks for one in a browser reads a line of text and not JSON.
FILES = (".csv", ".png")
AGAIN_SOON = {"Retry-After": "5"}


_FORMS, _PAGE = "metrics_dash_problem_forms", "metrics_dash_problem_page"
_outages = Seldom(log)


class ProblemError(Exception):
    """A request that can't be served: its status, one sentence for the sender, and more fields or headers."""

    def __init__(self, status: int, error: str, *, headers: Mapping[str, str] | None = None, **fields: object) -> None:
        super().__init__(error)
        self.status, self.error, self.headers, self.fields = status, error, headers, fields

    def answer(self) -> Response:
        """Return the answer in the form that the present request's path speaks."""
        form = current_app.extensions.get(_FORMS, {}).get(request.url_rule.rule if request.url_rule else None)
        page = current_app.extensions.get(_PAGE)
        if form is None and page is not None and "text/html" in request.accept_mimetypes.values():
            # Programs that take anything name no type.
            form = page
        return (form(self) if form is not None else None) or self.plainly()

    def plainly(self) -> Response:
        """Return the answer that paths give which speak no form of another system."""
        if request.path.endswith(FILES):
            headers = {**(self.headers or {}), "Cache-Control": "no-store"}
            return Response(f"{self.error}\n", self.status, headers, "text/plain")
        return json_answer({"error": self.error, **self.fields}, self.status, self.headers)


Form = Callable[[ProblemError], Response]


def speak(server: Flask, rule: str, form: Form) -> None:
    """Let the errors of a route, those of the gate before it too, be answered in a form that its clients read."""
    server.extensions.setdefault(_FORMS, {})[rule] = form


def show(server: Flask, page: Callable[[ProblemError], Response | None]) -> None:
    """Let a browser be answered with ``page``, where that gives one."""
    server.extensions[_PAGE] = page


@singledispatch
def problem_of(error: Exception) -> ProblemError:
    """Return what an error means to whoever sent the request; raise it again where it is a fault of ours."""
    raise error


@problem_of.register
def _(error: ProblemError) -> ProblemError:
    return error


@problem_of.register
def _(error: RangeError | QueryError) -> ProblemError:
    if error.parameter is None:
        return ProblemError(400, str(error))
    return ProblemError(400, f"{error.parameter}: {error}", parameter=error.parameter)


@problem_of.register
def _(error: ForbiddenError) -> ProblemError:
    return ProblemError(403, str(error))


@problem_of.register
def _(error: InvalidEventError) -> ProblemError:
    return ProblemError(400, str(error))


@problem_of.register
def _(error: MalformedBodyError) -> ProblemError:
    return ProblemError(400, str(error))


@problem_of.register
def _(error: OversizedBodyError) -> ProblemError:
    return ProblemError(413, str(error))


@problem_of.register
def _(error: UnsupportedTypeError) -> ProblemError:
    return ProblemError(415, str(error))


@problem_of.register
def _(error: QueriesUnavailableError) -> ProblemError:
    return ProblemError(503, str(error), headers=AGAIN_SOON)


@problem_of.register
def _(error: DBAPIError | PoolTimeout) -> ProblemError:
    _outages.warn("%s: the database can't be asked: %s", request.path, type(error).__name__)
    return ProblemError(503, "the database can't be reached or did not answer", headers=AGAIN_SOON)


# What the server says of text that it can't hold; the driver itself says it without a number.
_NO_TEXT = frozenset({None, "22021", "22P05"})


@problem_of.register
def _(error: DataError) -> ProblemError:
    """A value that the database does not take: the sender's, where it is text that it can't hold, else a fault of
    ours; never that it is away."""
    if getattr(error.orig, "sqlstate", None) in _NO_TEXT:
        return ProblemError(400, "something that was sent is no text: it has characters such as NUL")
    raise error


def install(server: Flask) -> None:
    """Answer errors by the mapping, and those of HTTP itself in one line too; redirects are left alone."""
    for error_type in problem_of.registry.keys() - {object, Exception}:
        server.register_error_handler(error_type, lambda error: problem_of(error).answer())

    @server.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response | HTTPException:
        if error.code is None or error.code < 400:
            return error
        methods = getattr(error, "valid_methods", None)
        headers = {"Allow": ", ".join(methods)} if methods else None
        return json_answer({"error": error.name}, error.code, headers)
