"""``GET /api/v1/query``: what a chart shows, as JSON or CSV."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

from flask import Flask, Response, request

from db.rows import InvalidEventError, check_name
from db.status import PipelineStatus
from metrics_dash.catalog import NEEDS_MEASUREMENT, NEEDS_SKETCH, SHOWS_OF_KIND, Catalog, Event, Show
from metrics_dash.charts.data import ChartData, QueriesUnavailableError, QueryError
from metrics_dash.charts.tables import frame, iso_times, to_csv
from metrics_dash.charts.timerange.parse import RangeError, TimeRange, parse_moment
from metrics_dash.charts.timerange.windows import RESOLUTIONS, Resolution, RetainedSince, Window, choose_resolution
from metrics_dash.settings import parse_zone
from metrics_dash.web.answers import json_answer
from metrics_dash.web.problems import ProblemError

PATH = "/api/v1/query"
PARAMETERS = ("event_name", "measurement", "show", "from", "to", "resolution", "split_by", "tz", "format")
FORMATS = ("json", "csv")
SPLITTABLE: frozenset[Show] = frozenset({"count", "rate"})
ANY_SHOW: frozenset[Show] = frozenset().union(*SHOWS_OF_KIND.values())


class QueryService(Protocol):
    """What is asked of ``metrics_dash.charts.queries.Queries``."""

    def series(
        self, event_name: str, measurement: str | None, show: Show, window: Window, split_by: str | None
    ) -> ChartData: ...

    def now(self) -> datetime: ...

    def held(self) -> RetainedSince: ...

    def pipeline(self) -> PipelineStatus: ...


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A checked request; ``start`` before ``end``, aware UTC."""

    event_name: str
    measurement: str | None
    show: Show
    span: TimeRange
    zone: ZoneInfo
    resolution: Resolution | None
    split_by: str | None
    format: str


def read_request(parameters: Mapping[str, str], catalog: Catalog, now: datetime) -> QueryRequest:
    """Check a query string. Raises ``ProblemError`` 400 that names the parameter and says what it may be."""
    for name, value in parameters.items():
        if name not in PARAMETERS:
            raise _bad(name, "is not a parameter", PARAMETERS)
        if "\0" in value:
            raise _bad(name, "holds a NUL character, which no event does")
    event_name = _event_name(parameters.get("event_name", ""))
    event = catalog.events.get(event_name)
    show = _show(parameters.get("show"), event)
    zone = _zone(parameters.get("tz") or "UTC")
    return QueryRequest(
        event_name=event_name,
        measurement=_measurement(parameters.get("measurement") or None, show, event),
        show=show,
        span=_span(parameters.get("from") or "now-24h", parameters.get("to") or "now", now, zone),
        zone=zone,
        resolution=_resolution(parameters.get("resolution") or "auto"),
        split_by=_split(parameters.get("split_by") or None, show, event),
        format=_one_of("format", parameters.get("format") or "json", FORMATS),
    )


def _bad(parameter: str, complaint: str, allowed: Collection[str] = ()) -> ProblemError:
    values = ", ".join(sorted(allowed) if isinstance(allowed, frozenset) else allowed)
    return ProblemError(
        400, f"{parameter}: {complaint}" + (f"; use one of {values}" if allowed else ""), parameter=parameter
    )


def _one_of(parameter: str, value: str, allowed: Collection[str]) -> str:
    if value not in allowed:
        raise _bad(parameter, f"{value!r} is not known", allowed)
    return value


def _event_name(name: str) -> str:
    if not name:
        raise _bad("event_name", "is missing; name the event, such as bezgelor.auth.login_complete")
    try:
        return check_name(name)
    except InvalidEventError as error:
        raise ProblemError(400, str(error), parameter="event_name") from None


def _show(value: str | None, event: Event | None) -> Show:
    """What to show; by default the average of a gauge and the count of anything else."""
    allowed = SHOWS_OF_KIND[event.kind] if event else ANY_SHOW
    if not value:
        return "avg" if event and event.kind == "gauge" else "count"
    if value in NEEDS_SKETCH:
        raise _bad("show", f"{value!r} is not stored yet", allowed)
    return cast(Show, _one_of("show", value, allowed))


def _measurement(name: str | None, show: Show, event: Event | None) -> str | None:
    if show not in NEEDS_MEASUREMENT:
        if name is not None:
            raise _bad("measurement", f"show={show} counts events and takes none")
        return None
    if event is None:
        if name is None:
            raise _bad("measurement", f"is missing; show={show} needs one")
        return name
    if name is None and len(event.measurements) == 1:
        return next(iter(event.measurements))
    if not event.measurements:
        raise _bad("measurement", f"{event.name} has none, so it has no {show}")
    if name is None:
        raise _bad("measurement", f"is missing; show={show} needs one", event.measurements)
    return _one_of("measurement", name, event.measurements)


def _split(key: str | None, show: Show, event: Event | None) -> str | None:
    if key is None:
        return None
    if show not in SPLITTABLE:
        raise _bad("split_by", f"show={show} can't be split; only {' and '.join(sorted(SPLITTABLE))} can")
    if event is not None and key not in event.dimensions:
        if not event.dimensions:
            raise _bad("split_by", f"{event.name} has no dimensions")
        return _one_of("split_by", key, event.dimensions)
    return key


def _resolution(value: str) -> Resolution | None:
    checked = _one_of("resolution", value, ("auto", *RESOLUTIONS))
    return None if checked == "auto" else cast(Resolution, checked)


def _zone(name: str) -> ZoneInfo:
    try:
        return cast(ZoneInfo, parse_zone(name))
    except ValueError as error:
        raise ProblemError(400, f"tz: {error}", parameter="tz") from None


def _span(start: str, end: str, now: datetime, zone: ZoneInfo) -> TimeRange:
    first, last = _moment("from", start, now, zone), _moment("to", end, now, zone)
    if first >= last:
        raise _bad("from", f"{start!r} is not before to={end!r}")
    return TimeRange(first, last, live=end.strip() == "now" and start.strip().startswith("now"))


def _moment(parameter: str, value: str, now: datetime, zone: ZoneInfo) -> datetime:
    try:
        # In a query string that was not encoded, the plus of an offset arrives as a space.
        return parse_moment(value.replace(" ", "+") if "T" in value else value, now, zone)
    except RangeError as error:
        raise ProblemError(400, f"{parameter}: {error}", parameter=parameter) from None


class Query:
    """The route's work."""

    def __init__(self, queries: QueryService, catalog: Catalog) -> None:
        self._queries, self._catalog = queries, catalog

    def get(self) -> Response:
        """Answer one query. Raises ``ProblemError``: 400 for a bad parameter, 503 when the database can't be asked."""
        # The last tick and not this very moment, so that programs share the page's cached answers.
        asked = read_request(request.args, self._catalog, self._queries.now())
        try:
            window = choose_resolution(asked.span, asked.zone, self._queries.held(), asked.resolution or "auto")
            data = self._queries.series(asked.event_name, asked.measurement, asked.show, window, asked.split_by)
            complete_through = self._queries.pipeline().complete_through
        except RangeError as error:
            raise ProblemError(400, f"from: {error}", parameter="from") from None
        except QueryError as error:
            raise ProblemError(400, str(error)) from None
        except QueriesUnavailableError as error:
            raise ProblemError(503, str(error), headers={"Retry-After": "5"}) from None
        if data.state == "failing":
            raise ProblemError(503, data.error or "the buckets can't be read", headers={"Retry-After": "5"})
        if asked.format == "csv":
            return _csv_answer(data)
        return json_answer(as_json(asked, data, complete_through))


def as_json(asked: QueryRequest, data: ChartData, complete_through: datetime) -> dict[str, Any]:
    """The answer as interface.md has it, and what a chart's card says besides."""
    zone = ZoneInfo("UTC") if data.window.days_are_utc else data.window.zone
    return {
        "event_name": asked.event_name,
        "measurement": data.chart.measurement,
        "show": asked.show,
        "split_by": asked.split_by,
        "unit": data.chart.unit,
        "resolution": data.window.resolution,
        "from": _rfc3339(data.window.start),
        "to": _rfc3339(data.window.end),
        "complete_through": _rfc3339(complete_through),
        "state": data.state,
        "note": data.window.note,
        "series": [
            {
                "name": series.name,
                "t": iso_times(series.t, zone),
                "v": [None if v != v else v for v in series.v.tolist()],
            }
            for series in data.series
        ],
    }


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").replace(".000Z", "Z")


def _csv_answer(data: ChartData) -> Response:
    response = Response(to_csv(frame(data)), mimetype="text/csv")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{data.chart.event}.csv"'
    return response


def install(server: Flask, queries: QueryService, catalog: Catalog) -> None:
    """Register the route."""
    server.add_url_rule(PATH, "query", Query(queries, catalog).get, methods=["GET"])
