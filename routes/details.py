"""Somebody looks closer: a chart's data as a table, and the raw events behind one of its points.

Both are asked for only when a dialog opens (assets/chart/details.js), by the page's own query with the range spelled
out, so that they show what the picture shows. Answers are columns of JSON: ``name``, ``kind`` (``time`` in epoch ms,
``number`` or ``text``), ``values`` with null for a gap, ``adds``: whether their sum means something, ``filter``: the
dimension that its values can filter by. What events carry
is theirs to name, so columns are told apart by where they come from and never by their names, and there are only so
many of them.
"""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson
from flask import Flask, request

from layouts.ranking import head_labels, value_label
from metrics_dash.catalog_rules import ADDS_UP
from metrics_dash.charts.data import ChartData
from metrics_dash.charts.doubts import BOUND, bounds_at, row_bounds
from metrics_dash.charts.queries import Moment
from metrics_dash.charts.ranking import part_of_whole
from metrics_dash.charts.timerange.grid import from_milliseconds, to_milliseconds
from metrics_dash.charts.timerange.parse import COMPARISONS, RangeError
from metrics_dash.charts.timerange.windows import Window, bucket_edges
from metrics_dash.web.address import PageState
from metrics_dash.web.answers import json_answer
from metrics_dash.web.context import Context
from metrics_dash.web.paths import BASE_PATH
from metrics_dash.web.sight import check_range
from routes.asked import asked_state, whole
from routes.names import chart_of

EVENTS_AT_FIRST, EVENTS_AT_MOST = 100, 5000
# What fits a table that somebody reads; the keys that most of the events carry.
COLUMNS_AT_MOST = 64
# From here on a float no longer tells a whole number from the next.
_WHOLE = 2.0**53

Column = dict[str, Any]

_TIME = "Time"
_SOURCES = ("measurements", "aggregates", "metadata")


def register(server: Flask, context: Context) -> None:
    """Register the two routes below the page's path."""
    asked = Details(context)
    server.add_url_rule(
        f"{BASE_PATH}chart/<chart_id>.json", "chart_table", lambda chart_id: json_answer(asked.table(chart_id))
    )
    server.add_url_rule(
        f"{BASE_PATH}chart/<chart_id>/events.json", "chart_events", lambda chart_id: json_answer(asked.events(chart_id))
    )


@dataclass(frozen=True)
class Details:
    """The routes' work. Raises ``ProblemError`` 404 for an unknown chart, and the errors of ``queries``."""

    context: Context

    def table(self, chart_id: str) -> Mapping[str, Any]:
        """Return the numbers of the picture: a column of bucket starts, then those of every series that is shown."""
        queries, state = self.context.queries, self._state(chart_id)
        moment = queries.moment()
        window = self._window(state, moment)
        chart = queries.chart(
            chart_id, window, compare=state.compare, split=state.split or None, where=state.filter, moment=moment
        )
        columns = ranking_columns(chart) if chart.chart.is_ranking else table_columns(chart, state)
        return {"columns": columns, "step": window.step.key, "error": chart.error}

    def events(self, chart_id: str) -> Mapping[str, Any]:
        """Return the raw events of the bucket that holds the moment ``at`` (epoch ms), oldest first; ``limit`` of them
        at most."""
        queries, state = self.context.queries, self._state(chart_id)
        moment = queries.moment()
        start, end = bucket_at(self._window(state, moment), _milliseconds(request.args.get("at", "")))
        held_from = moment.held.raw
        gone = held_from is not None and end <= held_from
        limit = whole("limit", EVENTS_AT_FIRST, (1, EVENTS_AT_MOST))
        found = [] if gone else queries.raw_events(chart_id, start, end, limit + 1, where=state.filter)
        shown = found[:limit]
        catalog = self.context.catalog
        event = catalog.events[catalog.chart(chart_id).event]
        columns, left_out = event_columns(shown, event.measurements, event.dimensions, adds=event.kind != "gauge")
        return {
            "columns": columns,
            "columnsLeftOut": left_out,
            "count": len(shown),
            "more": len(found) > limit,
            "atMost": EVENTS_AT_MOST,
            "start": to_milliseconds(start),
            "end": to_milliseconds(end),
            "gone": gone,
            "heldFrom": None if held_from is None or held_from <= start else to_milliseconds(held_from),
        }

    def _state(self, chart_id: str) -> PageState:
        chart_of(self.context.catalog, chart_id, self.context.viewer())
        return asked_state(self.context)

    def _window(self, state: PageState, moment: Moment) -> Window:
        zone = state.zone(browser=None, server=self.context.settings.timezone)
        window = self.context.queries.window(
            state.range, start=state.from_, end=state.to, zone=zone, step=state.step, moment=moment
        )
        check_range(self.context.viewer(), window)
        return window


def table_columns(chart: ChartData, state: PageState) -> list[Column]:
    """Time and every series that is shown, with the extremes of a gauge and what each is compared with."""
    hidden = state.hidden.get(chart.chart.id, frozenset()) if chart.only is None else frozenset()
    before = {series.name: series for series in chart.previous}
    shown = [series for series in chart.series if series.name not in hidden]
    columns = [_column("Time", "time", shown[0].t.tolist())] if shown else []
    for series in shown:
        alone, label = len(chart.series) == 1, chart.label(series.name)
        columns.append(_numbers(label, series.v, adds=chart.chart.show in ("count", "sum")))
        for name, values in (("Min", series.low), ("Max", series.high)):
            if values is not None:
                columns.append(_numbers(name if alone else f"{label}, {name.lower()}", values))
        if series.name in before and state.compare:
            name = COMPARISONS[state.compare].capitalize()
            own = name if alone else f"{label}, {name.lower()}"
            columns.append(_numbers(own, before[series.name].v, adds=chart.chart.show in ("count", "sum")))
    if shown and any(bounds := bounds_at(chart, shown[0].t)):
        columns.append(_column(BOUND, "text", [bound or None for bound in bounds]))
    return columns


def ranking_columns(chart: ChartData) -> list[Column]:
    """Return the rows of a table of values: its number, and in percent what part it is and how it has changed."""
    if not chart.series or chart.state != "data":
        return []
    value, number, change = head_labels(chart)
    adds = chart.chart.show in ADDS_UP
    shares = part_of_whole(chart)
    before, changes = [one.before for one in chart.series], [one.change for one in chart.series]
    share = [_column("share, %", "number", [_percent(one) for one in shares], adds=True)]
    return [
        _column(value, "text", [value_label(chart, one) for one in chart.series]),
        _column(number, "number", [one.total for one in chart.series], adds=adds),
        *(share if any(one is not None for one in shares) else []),
        _column("before", "number", before, adds=adds),
        _column(f"{change}, %", "number", [_percent(one) for one in changes]),
        *([_column(BOUND, "text", [bound or None for bound in bounds])] if any(bounds := row_bounds(chart)) else []),
    ]


def _percent(part: float | None) -> float | None:
    return None if part is None else 100 * part


def bucket_at(window: Window, moment: datetime) -> tuple[datetime, datetime]:
    """Start and end of the window's bucket that ``moment`` lies in. Raises ``RangeError`` for one outside."""
    edges = bucket_edges(window)
    place = int(np.searchsorted(edges, to_milliseconds(moment), side="right")) - 1
    if not 0 <= place < len(edges) - 1:
        raise RangeError(f"{moment:%Y-%m-%dT%H:%M:%SZ} lies outside the range")
    return from_milliseconds(edges[place]), from_milliseconds(edges[place + 1])


def _milliseconds(text: str) -> datetime:
    if not (text.isascii() and text.isdigit() and len(text) <= 14):
        raise RangeError(f"{text!r} is not a moment in milliseconds", "at")
    return from_milliseconds(int(text))


def event_columns(
    events: Sequence[Mapping[str, Any]],
    measured: Container[str],
    dimensions: Container[str] = (),
    *,
    adds: bool = False,
) -> tuple[list[Column], int]:
    """Return the columns of raw events, time first, and how many keys have none. What an event lacks is null.

    Only what is ``measured`` is a number; an account's is a name.
    """
    carried: Counter[tuple[str, str]] = Counter()
    for event in events:
        for source in _SOURCES:
            carried.update((source, name) for name in event[source])
    common = {key for key, _ in carried.most_common(COLUMNS_AT_MOST)}
    columns = [_column(_TIME, "time", [to_milliseconds(event["occurred_at"]) for event in events])]
    columns += _beyond_one_event(events)
    for source, name in carried:
        if (source, name) not in common:
            continue
        values = [event[source].get(name) for event in events]
        alone = name != _TIME and sum((each, name) in carried for each in _SOURCES) == 1
        label = name if alone else f"{name} ({source})"
        if source == "measurements" and name in measured:
            columns.append(_column(label, "number", values, adds=adds))
        else:
            column = _column(label, "text", [_text(value) for value in values])
            # A float may be written otherwise in a bucket than here.
            by = source == "metadata" and name in dimensions and not any(isinstance(each, float) for each in values)
            columns.append(column | {"filter": name} if by else column)
    return columns, len(carried) - len(common)


def _beyond_one_event(events: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Return what the events weigh and what they are, where any is not simply one event."""
    found = []
    for name, usual in (("weight", 1), ("kind", "event")):
        values = [event.get(name, usual) for event in events]
        if any(value != usual for value in values):
            found.append(_column(name.capitalize(), "text", [_text(value) for value in values]))
    return found


def _text(value: Any) -> str | None:
    """Return a label as a split names it; a whole number without its point."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE:
        value = int(value)
    return str(orjson.dumps(value), "utf-8")


def _numbers(name: str, values: np.ndarray[Any, np.dtype[np.float64]], *, adds: bool = False) -> Column:
    return _column(name, "number", values.tolist(), adds=adds)


def _column(name: str, kind: str, values: list[Any], *, adds: bool = False) -> Column:
    return {"name": name, "kind": kind, "values": values, "adds": adds}
