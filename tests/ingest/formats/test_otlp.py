"""OpenTelemetry's logs and traces, in protobuf and in JSON; and what is no message of the protocol."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import ScopeLogs
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

from metrics_dash.ingest.event import Event, MalformedEvent
from metrics_dash.ingest.formats.otlp import LONGEST_MESSAGE, logs, traces
from metrics_dash.ingest.formats.reading import BodyError, MalformedBodyError, OversizedBodyError
from tests.ingest.formats.otlp_messages import AT, as_json, as_protobuf, log_request, span_request

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SPAN = {"name": "GET /cart/{id}", "kind": 2,
        "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331",
        "startTimeUnixNano": str(AT - 12_500_000), "endTimeUnixNano": str(AT), "status": {"code": 2}}  # fmt: skip


def spans_of(*spans: dict[str, Any]) -> list[Any]:
    return [event for event, _ in traces(as_json(span_request(*spans)), lambda: None, json=True)]


def records_of(*records: dict[str, Any]) -> list[Any]:
    document = log_request(*records)
    found = [event for event, _ in logs(as_json(document), lambda: None, json=True)]
    body = as_protobuf(document, ExportLogsServiceRequest)
    assert [event for event, _ in logs(body, lambda: None, json=False)] == found
    return found


def test_a_span_is_an_event_of_its_duration() -> None:
    metadata = {
        "service.name": "shop", "span.kind": "server", "status": "error", "original_name": "GET /cart/{id}",
        "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
    }  # fmt: skip
    assert spans_of(SPAN) == [Event("get_cart_id", {"duration_ms": 12.5}, metadata, NOON)]


def test_a_span_that_is_none_stands_refused_in_its_place() -> None:
    found = spans_of({**SPAN, "endTimeUnixNano": "1"}, SPAN, {**SPAN, "name": ""})
    assert [isinstance(event, MalformedEvent) for event in found] == [True, False, True]


@pytest.mark.parametrize(
    ("number", "level"), [(1, "trace"), (9, "info"), (13, "warning"), (17, "error"), (24, "critical")]
)
def test_a_record_is_an_event_of_its_level_without_its_text(number: int, level: str) -> None:
    record = {"timeUnixNano": str(AT), "severityNumber": number, "severityText": "X", "body": {"stringValue": "secret"}}
    metadata = {"service.name": "shop", "logger": "shop.cart", "level": "X"}
    assert records_of(record) == [Event(f"log.{level}", {}, metadata, NOON)]


def test_a_record_may_be_an_event_of_a_name_and_lack_its_time() -> None:
    (event,) = records_of({"eventName": "Cart Emptied", "observedTimeUnixNano": str(AT)})
    assert (event.name, event.occurred_at) == ("cart_emptied", NOON)
    (event,) = records_of({})
    assert (event.name, event.occurred_at) == ("log.unspecified", None)


def test_attributes_of_any_kind_describe() -> None:
    values = {"s": {"stringValue": "x" * 5000}, "i": {"intValue": "7"}, "d": {"doubleValue": 1.5},
              "n": {"doubleValue": "NaN"}, "b": {"boolValue": True}, "y": {"bytesValue": "AP8="}, "none": {},
              "list": {"arrayValue": {"values": [{"intValue": "1"}, {}]}},
              "map": {"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "v"}}]}}}  # fmt: skip
    attributes = [{"key": key, "value": value} for key, value in values.items()]
    (event,) = records_of({"attributes": attributes})
    expected = {"s": "x" * 1024, "i": 7, "d": 1.5, "n": "nan", "b": True, "y": "00ff", "none": None,
                "list": "[1,null]", "map": '{"k":"v"}'}  # fmt: skip
    assert {key: event.metadata[key] for key in values} == expected


def test_more_attributes_than_an_event_has_are_left_out() -> None:
    (event,) = records_of({"attributes": [{"key": f"k{n}", "value": {"intValue": "1"}} for n in range(500)]})
    assert len(event.metadata) <= 64


@pytest.mark.parametrize(
    "body",
    [b"[]", b"7", b"{", b"", b'{"resourceSpans": 7}', b'{"resourceSpans":' + b"[" * 2000 + b"]" * 2000 + b"}"],
    ids=range(6),
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBodyError, match="ExportTraceServiceRequest in JSON"):
        list(traces(bytearray(body), lambda: None, json=True))


def test_an_id_that_is_not_hexadecimal_is_refused() -> None:
    with pytest.raises(MalformedBodyError):
        spans_of({**SPAN, "traceId": "xyz"})


@pytest.mark.parametrize("json", [False, True])
def test_a_message_that_is_too_large_is_not_decoded(json: bool) -> None:
    with pytest.raises(OversizedBodyError, match="4 MiB"):
        list(logs(bytearray(LONGEST_MESSAGE + 1), lambda: None, json=json))


@pytest.mark.parametrize("attributes", [False, True])
def test_what_holds_spans_and_records_is_counted_as_they_are(attributes: bool) -> None:
    spans, records = ExportTraceServiceRequest(), ExportLogsServiceRequest()
    if attributes:
        spans.resource_spans.add().resource.attributes.extend([KeyValue()] * 250_000)
        records.resource_logs.add().resource.attributes.extend([KeyValue()] * 250_000)
    else:
        spans.resource_spans.add().scope_spans.extend([ScopeSpans()] * 250_000)
        records.resource_logs.add().scope_logs.extend([ScopeLogs()] * 250_000)
    for decode, request in ((traces, spans), (logs, records)):
        with pytest.raises(OversizedBodyError, match="more than 250,000 resources"):
            decode(bytearray(request.SerializeToString()), lambda: None, json=False)


def test_more_objects_in_json_than_events_may_be_are_refused_before_a_message_is_made_of_them() -> None:
    for body in (b'{"resourceLogs":[' + b"{}," * 250_000 + b"{}]}", b'{"x":[' + b"[]," * 250_000 + b"[]]}"):
        with pytest.raises(OversizedBodyError, match="more than 250,000 objects and lists"):
            logs(bytearray(body), lambda: None, json=True)


def test_a_record_that_is_larger_than_any_event_stands_refused_in_its_place() -> None:
    found = records_of({"body": {"stringValue": "x" * (1 << 20)}}, {})
    assert found[0] == MalformedEvent("it is longer than 1 MiB, as no event is")
    assert isinstance(found[1], Event)


@given(st.binary(max_size=300))
def test_nothing_but_a_body_error_is_raised(raw: bytes) -> None:
    for read in (logs, traces):
        for json in (False, True):
            try:
                list(read(bytearray(raw), lambda: None, json=json))
            except BodyError:
                continue
