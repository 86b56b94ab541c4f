"""``GET /api/v1/openapi.json``: the API as an OpenAPI 3.1 document.

It is made of the constants that the routes check requests by, so that a limit or a parameter stands once and the
document can't say another. A test asks the routes for every answer that stands here.
"""

from collections.abc import Mapping
from typing import Any, get_args

from flask import Flask, Response

from db.filters import MOST_FILTERS
from db.rows import EVENT_NAME, MAX_JSON_BYTES, MAX_MEASUREMENTS, MAX_NAME_LENGTH
from metrics_dash.catalog_rules import ANY_SHOW
from metrics_dash.charts.data import State
from metrics_dash.charts.doubts import WORDS
from metrics_dash.charts.timerange.parse import PERIODS
from metrics_dash.charts.timerange.steps import STEP_KEYS, STEPS
from metrics_dash.ingest.event import MAX_AHEAD
from metrics_dash.ingest.formats.reading import MAX_EVENTS
from metrics_dash.web import body, budget, ingest, query
from metrics_dash.web.answers import json_answer

PATH = "/api/v1/openapi.json"

Part = dict[str, Any]

_MIB = budget.MIB
_KIB = MAX_JSON_BYTES // 1024
_EXAMPLE: Part = {
    "event_name": "shop.order.paid",
    "measurements": {"amount": 12.5},
    "metadata": {"country": "DE", "express": True},
}

_PERIODS = ", ".join(f"`{name}`" for name in PERIODS)
# One entry for each of ``query.PARAMETERS``: the words, then the schema.
_PARAMETERS: Mapping[str, tuple[str, Part]] = {
    "event_name": (
        "The event. It need not be declared in the catalog.",
        {"type": "string", "pattern": f"^{EVENT_NAME.pattern}$", "maxLength": MAX_NAME_LENGTH},
    ),
    "measurement": (
        "Which measurement to show. Needed where `show` is `sum`, `avg`, `min` or `max`, unless the catalog declares "
        "exactly one for the event; not allowed for `count` and `rate`.",
        {"type": "string"},
    ),
    "show": (
        "What to show of each bucket; by default the average of a declared gauge, and the count of everything else.",
        {"type": "string", "enum": sorted(ANY_SHOW)},
    ),
    "range": (
        f"A length up to now such as `6h`; a date such as `2026-01-31`; or one of {_PERIODS}, by the calendar of `tz`, "
        "weeks from Monday. Instead of `from` and `to`.",
        {"type": "string", "examples": ["24h", "yesterday", "2026-01-31"]},
    ),
    "from": (
        "The start, included: an RFC 3339 moment, counted from now such as `now-6h` or `now-7d/d`, or the start of "
        "what `range` may name.",
        {"type": "string", "default": "now-24h"},
    ),
    "to": (
        "The end, excluded; written like `from`, or the end of what `range` may name.",
        {"type": "string", "default": "now"},
    ),
    "resolution": (
        "The length of the buckets: a step such as `5m`, `6h`, `1w` or `1M` (a month); `minute`, `hour` and `day` are "
        "`1m`, `1h` and `1d`. `auto` takes the shortest that is kept and gives at most 300 buckets. Those of hours and "
        "days follow `tz`, and the range is snapped to them. Where the wanted one is no longer kept or would give too "
        "many buckets, a coarser one is taken and `note` says why.",
        {"type": "string", "enum": ["auto", "minute", "hour", "day", *STEP_KEYS], "default": "auto"},
    ),
    "res": (
        "Another name of `resolution`: the one that the page's address uses. Only one of the two may be given.",
        {"type": "string", "enum": ["auto", "minute", "hour", "day", *STEP_KEYS]},
    ),
    "split_by": (
        "One of the dimensions that the catalog declares for the event: one series for each of its most frequent "
        "values, of a `sum` those with the greatest, and the rest as `other`. Of an event that is not declared any "
        "metadata key, for `count` and `rate`.",
        {"type": "string"},
    ),
    "filter": (
        "Only the events with one value of a dimension, `zone:north`, or all others, `!zone:north`. The value begins "
        "behind the first colon and stands as it is. The dimension is one that the catalog declares for the event; of "
        "an event that is not declared any metadata key, for `count` and `rate`. Beside `split_by` it is the same "
        "dimension. Where rarer values are counted together, `bound` says which numbers are bounds; a bucket of which "
        "nothing is known is a gap, and where there is no other `state` is `among_others`. Given up to "
        f"{MOST_FILTERS} times, all of them hold, and raw events are read while they are held, without a split: time "
        "before is a gap, and where they are too many `state` is `too_many`.",
        {"type": "array", "items": {"type": "string"}, "maxItems": MOST_FILTERS},
    ),
    "tz": ("The IANA time zone of days and of the answer's times.", {"type": "string", "default": "UTC"}),
    "format": ("How to answer.", {"type": "string", "enum": list(query.FORMATS), "default": query.FORMATS[0]}),
}


def document() -> Part:
    """Return the whole document, as plain data."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "metrics_dash",
            "version": "1",
            "description": "Events in, and what a chart shows out. Every error is a JSON object with `error`.",
        },
        # With a login a token is needed, without one there is none: both are how it is served.
        "security": [{"token": []}, {}],
        "paths": {
            ingest.PATH: {"post": _ingest()},
            query.PATH: {"get": _query()},
            PATH: {"get": _self()},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Event": _event(), "Stored": _stored(), "Answer": _answer(), "Error": _error_schema()},
        },
    }


def _ingest() -> Part:
    return {
        "operationId": "sendEvents",
        "summary": "Store events; answered once they are committed.",
        "parameters": [
            _header(
                "Idempotency-Key",
                "A name for this request. Sent again under the same name, it is stored once.",
                {"type": "string", "minLength": 1, "maxLength": ingest.MAX_KEY_LENGTH},
            ),
            _header(
                "Content-Encoding", "How the body is compressed.", {"type": "string", "enum": ["identity", "gzip"]}
            ),
        ],
        "requestBody": {
            "required": True,
            "description": (
                f"At most {body.MAX_INFLATED // _MIB} MiB, or {body.MAX_COMPRESSED // _MIB} MiB compressed, and "
                f"{MAX_EVENTS:,} events."
            ),
            "content": {
                "application/json": {
                    "schema": {"oneOf": [_ref("Event"), _array(_ref("Event"), maxItems=MAX_EVENTS)]},
                    "examples": {"one": {"value": _EXAMPLE}, "several": {"value": [_EXAMPLE, _EXAMPLE]}},
                },
                "application/x-ndjson": {"schema": {"type": "string", "description": "One `Event` on each line."}},
            },
        },
        "responses": {
            "200": _json("What was stored, and what was not.", _ref("Stored")),
            "400": _problem("The body or the key can't be read. Nothing was stored."),
            "401": _problem("There is a login here, and no token that holds was sent."),
            "403": _problem("The client may not ask, or its token lacks the scope or is not for this event."),
            "413": _problem("The body is too large. Nothing was stored."),
            "415": _problem("The body is of a type, or compressed in a way, that is not supported."),
            "429": _problem("There is no room just now, or the token's rate is used up. Send it again.", retry=True),
            "503": _problem("The store does not answer. Send the same request again.", retry=True),
        },
    }


def _query() -> Part:
    table = "`time`, then a column for each series."
    answered = _json("What a chart shows.", _ref("Answer"))
    answered["content"]["text/csv"] = {"schema": {"type": "string", "description": table}}
    return {
        "operationId": "queryBuckets",
        "summary": "What a chart of any event shows, as data.",
        "parameters": [_parameter(name) for name in query.PARAMETERS],
        "responses": {
            "200": answered,
            "400": _problem("A parameter can't be used; `parameter` names it."),
            "401": _problem("There is a login here, and no token that holds was sent."),
            "403": _problem("The client may not ask, or its token lacks the scope or is not for this event."),
            "503": _problem("The database can't be asked just now.", retry=True),
        },
    }


def _self() -> Part:
    return {
        "operationId": "describeApi",
        "summary": "This document.",
        "responses": {
            "200": _json("An OpenAPI document.", {"type": "object", "required": ["openapi", "info", "paths"]}),
            "401": _problem("There is a login here, and no token that holds was sent."),
            "403": _problem("The client may not ask, or its token lacks the scope or is not for this event."),
        },
    }


# The schemas


def _event() -> Part:
    scalar = ["string", "number", "boolean", "null"]
    return _record(
        {
            "event_name": {"type": "string", "pattern": f"^{EVENT_NAME.pattern}$", "maxLength": MAX_NAME_LENGTH},
            "measurements": {
                "type": "object",
                "description": f"Finite numbers by name; {_KIB} KiB of JSON at most.",
                "additionalProperties": {"type": "number"},
                "maxProperties": MAX_MEASUREMENTS,
            },
            "metadata": {
                "type": "object",
                "description": f"Labels by name; {_KIB} KiB of JSON at most.",
                "additionalProperties": {"type": scalar},
            },
            "occurred_at": {
                **_MOMENT,
                "description": (
                    f"By default now. At most {MAX_AHEAD.total_seconds() / 60:g} minutes in the future, and no older "
                    "than day buckets are kept."
                ),
            },
        },
        required=["event_name"],
    )


def _stored() -> Part:
    rejected = _record({"index": {"type": "integer", "minimum": 0}, "reason": {"type": "string"}})
    return _record(
        {
            "accepted": {"type": "integer", "minimum": 0},
            "rejected": {**_array(rejected), "description": "Events that were not stored, by their place from 0."},
        }
    )


def _answer() -> Part:
    series = _record(
        {
            "name": {"type": "string"},
            "t": {**_array(_MOMENT), "description": "The starts of the buckets."},
            "v": {**_array({"type": ["number", "null"]}), "description": "Their values; null is a gap."},
        }
    )
    return _record(
        {
            "event_name": {"type": "string"},
            "measurement": {"type": ["string", "null"]},
            "show": {"type": "string", "enum": sorted(ANY_SHOW)},
            "split_by": {"type": ["string", "null"]},
            "filter": {**_array({"type": "string"}), "description": "The filters that hold."},
            "unit": {"type": "string"},
            "resolution": {"type": "string", "enum": [step.name for step in STEPS]},
            "from": _MOMENT,
            "to": _MOMENT,
            "complete_through": {**_MOMENT, "description": "All that arrived before this moment is in the buckets."},
            "state": {"type": "string", "enum": [state for state in get_args(State) if state != "failing"]},
            "note": {
                "type": ["string", "null"],
                "description": "Why the resolution is not the wanted one, or values are not told apart.",
            },
            "uncomputed": {
                "type": ["object", "null"],
                "description": "How many of the buckets can't be computed, and since when.",
                "properties": {"buckets": {"type": "integer"}, "since": _MOMENT},
                "required": ["buckets", "since"],
            },
            "bound": {
                "type": ["object", "null"],
                "description": "What a filter leaves in doubt: the buckets of which rarer values are counted together, "
                "what the number of each is then, and of how many events in the range it is not known whether they "
                "have the filter's value (0: of some that nobody counts).",
                "properties": {
                    "is": {"type": "string", "enum": sorted(WORDS.values())},
                    "events": {"type": "integer"},
                    "t": _array(_MOMENT),
                },
                "required": ["is", "events", "t"],
            },
            "series": _array(series),
        }
    )


def _error_schema() -> Part:
    return _record(
        {
            "error": {"type": "string", "description": "What is wrong, for a person to read."},
            "parameter": {"type": "string", "description": "The parameter that is wrong."},
        },
        required=["error"],
    )


# The pieces that they are made of

_MOMENT: Part = {"type": "string", "format": "date-time"}


def _record(properties: Mapping[str, Part], required: list[str] | None = None) -> Part:
    """Return an object of exactly these keys, all of them required by default."""
    required = list(properties) if required is None else required
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def _array(items: Part, **more: int) -> Part:
    return {"type": "array", "items": items, **more}


def _ref(schema: str) -> Part:
    return {"$ref": f"#/components/schemas/{schema}"}


def _header(name: str, text: str, schema: Part) -> Part:
    return {"name": name, "in": "header", "description": text, "schema": schema}


def _parameter(name: str) -> Part:
    text, schema = _PARAMETERS[name]
    return {"name": name, "in": "query", "required": name == "event_name", "description": text, "schema": schema}


def _json(text: str, schema: Part) -> Part:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _problem(text: str, *, retry: bool = False) -> Part:
    """Return an error; ``retry``: it says after how many seconds the same request may succeed."""
    answer = _json(text, _ref("Error"))
    if retry:
        seconds = {"type": "integer", "minimum": 1, "description": "Seconds to wait."}
        answer["headers"] = {"Retry-After": {"required": True, "schema": seconds}}
    return answer


def install(server: Flask) -> None:
    """Register the route."""
    made = document()

    @server.get(PATH)
    def openapi_document() -> Response:
        return json_answer(made)
