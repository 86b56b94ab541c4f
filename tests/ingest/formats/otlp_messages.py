"""Messages of OpenTelemetry's protocol, as JSON and as protobuf of the same contents."""

from typing import Any

import orjson
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

AT = 1_769_860_800 * 10**9
RESOURCE = {
    "attributes": [
        {"key": "service.name", "value": {"stringValue": "shop"}},
        {"key": "service.instance.id", "value": {"stringValue": "random"}},
    ]
}
ROUTE = {"attributes": [{"key": "route", "value": {"stringValue": "/"}}]}
DELTA, CUMULATIVE = 1, 2


def metric_request(*metrics: dict[str, Any], resource: dict[str, Any] = RESOURCE) -> dict[str, Any]:
    return {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": list(metrics)}]}]}


def point(at: int = AT, **more: Any) -> dict[str, Any]:
    return {"timeUnixNano": str(at), "startTimeUnixNano": str(AT - 10**9), **ROUTE, **more}


def total(name: str, value: float, temporality: int = DELTA, at: int = AT, **more: Any) -> dict[str, Any]:
    """A sum of one point that only grows."""
    data = {"aggregationTemporality": temporality, "isMonotonic": True, **more}
    return {"name": name, "sum": {**data, "dataPoints": [point(at, asDouble=value)]}}


def span_request(*spans: dict[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"spans": list(spans)}]}]}


def log_request(*records: dict[str, Any]) -> dict[str, Any]:
    scoped = {"scope": {"name": "shop.cart"}, "logRecords": list(records)}
    return {"resourceLogs": [{"resource": RESOURCE, "scopeLogs": [scoped]}]}


def as_json(document: dict[str, Any]) -> bytearray:
    return bytearray(orjson.dumps(document))


def as_protobuf(document: dict[str, Any], kind: type[Message]) -> bytearray:
    """The message; ids are left out, which JSON's mapping writes in another way than the protocol."""
    return bytearray(ParseDict(document, kind()).SerializeToString())
