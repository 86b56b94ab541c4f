"""``GET /api/v1/query``: what a chart shows, as JSON or CSV."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

from flask import Flask, Response, request
from werkzeug.datastructures import MultiDict

from db.filters import FilterError, read_filters
from metrics_dash.auth.permissions import LOCAL, Principal
from metrics_dash.catalog import Catalog, Chart
from metrics_dash.charts.ad_hoc import ad_hoc_chart
from metrics_dash.charts.data import ChartData, Filter
from metrics_dash.charts.doubts import WORDS
from metrics_dash.charts.filtering import filter_ad_hoc, told_apart
from metrics_dash.charts.queries import Moment
from metrics_dash.charts.tables import frame, iso_times, to_csv
from metrics_dash.charts.timerange.parse import TimeRange, parse_range
from metrics_dash.charts.timerange.steps import Step, find_step
from metrics_dash.charts.timerange.windows import Window, choose_window
from metrics_dash.setting_values import parse_zone
from metrics_dash.web.answers import json_answer
from metrics_dash.web.problems import AGAIN_SOON, ProblemError
from metrics_dash.web.sight import check_event

PATH = "/api/v1/query"
PARAMETERS = (
    "event_name",
    "measurement",
    "show",
    "range",
    "from",
    "to",
    "resolution",
    "res",
    "split_by",
    "filter",
    "tz",
    "format",
)
FORMATS = ("json", "csv")


class QueryService(Protocol):
    """What is asked of ``metrics_dash.charts.queries.Queries``."""

    def one(self, chart: Chart, window: Window, *, moment: Moment) -> ChartData: ...

    def moment(self) -> Moment: ...


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A checked request."""

    chart: Chart
    span: TimeRange
    zone: ZoneInfo
    step: Step | None
    format: str


def read_request(parameters: MultiDict[str, str], catalog: Catalog, now: datetime) -> QueryRequest:
    """Check a query string. Raises ``ProblemError``, ``QueryError`` or ``RangeError`` that names the parameter."""
    for name, value in parameters.items(multi=True):
        if name not in PARAMETERS:
            raise _bad(name, "is not a parameter", PARAMETERS)
        if "\0" in value:
            raise _bad(name, "holds a NUL character, which no event does")
    if not parameters.get("event_name"):
        raise _bad("event_name", "is missing; name the event, such as bezgelor.auth.login_complete")
    zone = _zone(parameters.get("tz") or "UTC")
    chart = ad_hoc_chart(
        parameters["event_name"],
        parameters.get("measurement") or None,
        parameters.get("show") or None,
        parameters.get("split_by") or None,
        catalog,
    )
    chart = filter_ad_hoc(chart, _filter(parameters.getlist("filter")), catalog.events)
    return QueryRequest(
        chart=chart,
        span=_span(parameters, now, zone),
        zone=zone,
        step=_step(parameters),
        format=_one_of("format", parameters.get("format") or "json", FORMATS),
    )


def _bad(parameter: str, complaint: str, allowed: Collection[str] = ()) -> ProblemError:
    hint = f"; use one of {', '.join(allowed)}" if allowed else ""
    return ProblemError(400, f"{parameter}: {complaint}{hint}", parameter=parameter)


def _filter(spelled: Collection[str]) -> Filter | None:
    try:
        return read_filters(each for each in spelled if each)
    except FilterError as error:
        raise _bad("filter", str(error)) from None


def _one_of(parameter: str, value: str, allowed: Collection[str]) -> str:
    if value not in allowed:
        raise _bad(parameter, f"{value!r} is not known", allowed)
    return value


def _span(parameters: Mapping[str, str], now: datetime, zone: ZoneInfo) -> TimeRange:
    if parameters.get("range") and (parameters.get("from") or parameters.get("to")):
        raise _bad("range", "says the same as from and to; use one or the others")
    return parse_range(
        parameters.get("range"), start=parameters.get("from"), end=parameters.get("to"), now=now, zone=zone
    )


def _step(parameters: Mapping[str, str]) -> Step | None:
    """Return the step that was asked for, by either of its names."""
    given = [name for name in ("resolution", "res") if parameters.get(name)]
    if len(given) > 1:
        raise _bad("res", "is another name of resolution; use one of the two")
    return find_step(parameters[given[0]], given[0]) if given else None


def _zone(name: str) -> ZoneInfo:
    try:
        return cast(ZoneInfo, parse_zone(name))
    except ValueError as error:
        raise ProblemError(400, f"tz: {error}", parameter="tz") from None


class Query:
    """The route's work."""

    def __init__(
        self, queries: QueryService, catalog: Catalog, viewer: Callable[[], Principal] = lambda: LOCAL
    ) -> None:
        self._queries, self._catalog, self._viewer = queries, catalog, viewer

    def get(self) -> Response:
        """Answer one query. Raises what the mapping of ``problems`` answers: 400 for a bad parameter, 503 when the
        database can't be asked."""
        # The last tick and not this very moment, so that programs share the page's cached answers.
        moment = self._queries.moment()
        for name, values in request.args.lists():
            if len(values) > 1 and name != "filter":
                raise _bad(name, f"is given {len(values)} times; give it once")
        asked = read_request(request.args, self._catalog, moment.now)
        check_event(self._viewer(), asked.chart.event)
        window = choose_window(asked.span, asked.zone, moment.held, asked.step)
        data = self._queries.one(asked.chart, window, moment=moment)
        if data.state == "failing":
            raise ProblemError(503, data.error or "the buckets can't be read", headers=AGAIN_SOON)
        if asked.format == "csv":
            return _csv_answer(data)
        return json_answer(as_json(data, moment.status.complete_through))


def as_json(data: ChartData, complete_through: datetime) -> dict[str, Any]:
    """Return the answer as interface.md has it, and what a chart's card says besides."""
    zone = ZoneInfo("UTC") if data.window.days_are_utc else data.window.zone
    return {
        "event_name": data.chart.event,
        "measurement": data.chart.measurement,
        "show": data.chart.show,
        "split_by": data.chart.split_by,
        "filter": [each.spelled() for each in data.chart.where.all()] if data.chart.where else [],
        "unit": data.chart.unit,
        "resolution": data.window.step.name,
        "from": _rfc3339(data.window.start),
        "to": _rfc3339(data.window.end),
        "complete_through": _rfc3339(complete_through),
        "state": data.state,
        "note": _note(data),
        "uncomputed": None
        if data.uncomputed is None
        else {"buckets": data.uncomputed.buckets, "since": _rfc3339(data.uncomputed.since)},
        "bound": None
        if data.doubt is None
        else {
            "is": WORDS[data.doubt.bound],
            "events": data.doubt.events,
            "t": iso_times(data.doubt.starts, zone),
        },
        "series": [
            {
                "name": series.name,
                "t": iso_times(series.t, zone),
                "v": [None if v != v else v for v in series.v.tolist()],
            }
            for series in data.series
        ],
    }


def _note(data: ChartData) -> str | None:
    """Return what is not as it was asked for, and why."""
    notes = [] if data.window.note is None else [data.window.note]
    if data.whole_since is not None:
        since = _rfc3339(data.whole_since)
        notes.append(f"{told_apart(data.chart)} had too many values, and since {since} none of them is told apart")
    return "; ".join(notes) or None


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").replace(".000Z", "Z")


def _csv_answer(data: ChartData) -> Response:
    response = Response(to_csv(frame(data)), mimetype="text/csv")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{data.chart.event}.csv"'
    return response


def install(
    server: Flask, queries: QueryService, catalog: Catalog, viewer: Callable[[], Principal] = lambda: LOCAL
) -> None:
    """Register the route. ``viewer`` says who the present request is from."""
    server.add_url_rule(PATH, "query", Query(queries, catalog, viewer).get, methods=["GET"])
