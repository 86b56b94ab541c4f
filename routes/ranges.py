"""Somebody types a range: the same reading that draws it says beforehand whether it can be read.

``GET /admin/metrics/range.json?from=now-7d/d&to=now&zone=Europe/Berlin`` answers ``{"start", "end", "live"}`` (epoch
ms), or 400 and ``{"error"}``, one line that quotes what is wrong.
"""

from typing import Any

from flask import Flask, Response, jsonify, request

from layouts.address import read_state
from layouts.shell import BASE_PATH
from metrics_dash.charts.data import QueriesUnavailableError
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.parse import RangeError, parse_range
from metrics_dash.web.context import Context


def register(server: Flask, context: Context) -> None:
    """Register the route below the page's path."""

    @server.get(f"{BASE_PATH}range.json")
    def range_json() -> Response:
        try:
            return _answer(_read(context))
        except RangeError as problem:
            return _answer({"error": str(problem)}, 400)
        except QueriesUnavailableError as problem:
            return _answer({"error": str(problem)}, 503)


def _read(context: Context) -> dict[str, Any]:
    state = read_state(request.query_string.decode("ascii", "replace"), context.catalog)
    zone = state.zone(browser=request.args.get("zone"), server=context.settings.timezone)
    span = parse_range(start=state.from_, end=state.to, now=context.queries.now(), zone=zone)
    return {"start": to_milliseconds(span.start), "end": to_milliseconds(span.end), "live": span.live}


def _answer(content: dict[str, Any], status: int = 200) -> Response:
    answer = jsonify(content)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer
