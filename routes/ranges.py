"""Somebody types a range: the same reading that draws it says beforehand whether it can be read.

``GET /admin/metrics/range.json?from=now-7d/d&to=now&zone=Europe/Berlin``, or ``?range=last-week``, answers
``{"start", "end", "live"}`` (epoch ms), or 400 and ``{"error"}``, one line that quotes what is wrong.
"""

from flask import Flask, Response, request

from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.parse import parse_range
from metrics_dash.setting_values import parse_zone
from metrics_dash.web.answers import json_answer
from metrics_dash.web.context import Context
from metrics_dash.web.paths import BASE_PATH
from metrics_dash.web.problems import ProblemError
from routes.asked import asked_state


def register(server: Flask, context: Context) -> None:
    """Register the route below the page's path."""

    @server.get(f"{BASE_PATH}range.json")
    def range_json() -> Response:
        state = asked_state(context)
        zone = state.zone(browser=_zone(request.args.get("zone")), server=context.settings.timezone)
        span = parse_range(
            request.args.get("range"), start=state.from_, end=state.to, now=context.queries.now(), zone=zone
        )
        return json_answer({"start": to_milliseconds(span.start), "end": to_milliseconds(span.end), "live": span.live})


def _zone(name: str | None) -> str | None:
    """Return the name of the browser's zone, checked. Raises ``ProblemError`` 400."""
    try:
        return name and str(parse_zone(name))
    except ValueError as error:
        raise ProblemError(400, f"zone: {error}", parameter="zone") from None
