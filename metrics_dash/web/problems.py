"""Errors of the API: what is wrong, as JSON, and nothing about the inside of the server."""

import logging
from collections.abc import Mapping

from flask import Flask, Response, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from metrics_dash.web.answers import json_answer

log = logging.getLogger(__name__)

# These are spoken by programs; everything else is the page's.
MACHINE_PATHS = ("/api/", "/metrics", "/healthz", "/readyz")


class ProblemError(Exception):
    """A request that can't be served: its status, one sentence for the sender, and more fields or headers."""

    def __init__(self, status: int, error: str, *, headers: Mapping[str, str] | None = None, **fields: object) -> None:
        super().__init__(error)
        self.status, self.error, self.headers, self.fields = status, error, headers, fields

    def answer(self) -> Response:
        return json_answer({"error": self.error, **self.fields}, self.status, self.headers)


def install(server: Flask) -> None:
    """Answer errors of the machine paths in JSON; leave the page's alone."""

    @server.errorhandler(ProblemError)
    def _problem(problem: ProblemError) -> Response:
        return problem.answer()

    @server.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response | HTTPException:
        if not request.path.startswith(MACHINE_PATHS):
            return error
        methods = getattr(error, "valid_methods", None)
        headers = {"Allow": ", ".join(methods)} if methods else None
        return json_answer({"error": error.name}, error.code or 500, headers)

    @server.errorhandler(DBAPIError)
    @server.errorhandler(PoolTimeout)
    def _database(error: Exception) -> Response:
        log.warning("%s: the database can't be asked: %s", request.path, type(error).__name__)
        return json_answer({"error": "the database can't be reached or did not answer"}, 503, {"Retry-After": "5"})
