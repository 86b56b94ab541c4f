"""``/api/annotations``: what somebody says of a moment, by Grafana's fields; written one at a time, read by range."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson
from flask import Flask, Response, request

from db.annotations import AT_MOST, annotations_between, put_annotations
from db.engine import Database
from metrics_dash.ingest.notes import annotation_of, as_document
from metrics_dash.web.answers import json_answer
from metrics_dash.web.permits import Sender
from metrics_dash.web.problems import ProblemError

PATH = "/api/annotations"
LONGEST_BODY = 64 * 1024


class Annotations:
    """The route's work. ``keep`` is how long annotations are kept; ``sender``: who sends the present request."""

    def __init__(
        self, database: Database, keep: timedelta, clock: Callable[[], datetime], sender: Callable[[], Sender]
    ) -> None:
        self._database, self._keep, self._clock, self._sender = database, keep, clock, sender

    def post(self) -> Response:
        """Store one annotation; one of an id that is there takes its place. Raises ``ProblemError`` and
        ``InvalidEventError``."""
        body = request.stream.read(LONGEST_BODY + 1)
        if len(body) > LONGEST_BODY:
            raise ProblemError(413, f"the annotation is longer than {LONGEST_BODY // 1024} KiB")
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ProblemError(400, f"the body is not JSON: {error.msg}") from None
        annotation = annotation_of(document, self._clock(), self._keep)
        self._sender().spend(events=1, size=len(body))
        with self._database.begin() as connection:
            put_annotations(connection, [annotation])
        return json_answer({"id": annotation.id, "message": "Annotation added"})

    def get(self) -> Response:
        """Answer the annotations that touch ``from`` to ``to`` (epoch milliseconds) and have all of the ``tags``."""
        now = self._clock()
        start, end = _asked("from", now - timedelta(days=1)), _asked("to", now + timedelta(days=1))
        limit = request.args.get("limit", str(AT_MOST))
        if not (limit.isascii() and limit.isdigit() and 0 < int(limit[:9]) <= AT_MOST):
            raise ProblemError(400, f"limit is not 1 to {AT_MOST}", parameter="limit")
        tags = [tag.replace("\0", "") for tag in request.args.getlist("tags")]
        with self._database.reading() as connection:
            found = annotations_between(connection, start, end, tags=tags, limit=int(limit))
        return json_answer([as_document(each) for each in found])


def _asked(name: str, default: datetime) -> datetime:
    text = request.args.get(name)
    if text is None:
        return default
    try:
        return datetime.fromtimestamp(int(text[:16]) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise ProblemError(400, f"{name} is no moment in epoch milliseconds", parameter=name) from None


def install(
    server: Flask,
    database: Database,
    keep: timedelta,
    clock: Callable[[], datetime],
    sender: Callable[[], Sender] = Sender,
) -> None:
    """Register the routes."""
    work = Annotations(database, keep, clock, sender)
    server.add_url_rule(PATH, "post_annotation", work.post, methods=["POST"])
    server.add_url_rule(PATH, "get_annotations", work.get, methods=["GET"])
