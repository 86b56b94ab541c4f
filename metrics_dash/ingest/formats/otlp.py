"""OpenTelemetry's protocol over HTTP, protobuf or JSON: what all of its signals share, and logs and traces.

A span is an event of its duration, named as it is; a record of a log is an event named by its level, or by the event
that it says it is, without its text. Metrics are in ``otlp_metrics``.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

import orjson
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from db.rows import MAX_METADATA_KEYS, InvalidEventError
from metrics_dash.ingest.event import Event, MalformedEvent
from metrics_dash.ingest.formats.moments import from_epoch
from metrics_dash.ingest.formats.names import named
from metrics_dash.ingest.formats.properties import LONGEST_TEXT
from metrics_dash.ingest.formats.reading import MalformedBodyError, OversizedBodyError, Work, bounded
from metrics_dash.ingest.pieces import Decoded

# It is decoded whole, and takes many times its text then: as much as gRPC takes by default.
LONGEST_MESSAGE = 4 * 1024 * 1024
# What of a resource describes what it sends. The rest differs from process to process, and would make a label of each.
OF_A_RESOURCE = ("service.name", "service.namespace", "service.version", "deployment.environment",
                 "deployment.environment.name", "host.name")  # fmt: skip
# The Python client's handler names them so, too.
_LEVELS = ("trace", "debug", "info", "warning", "error", "critical")
_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUS = ("unset", "ok", "error")
_HEX = re.compile(r"[0-9a-fA-F]*")
_IDS = frozenset({"traceId", "spanId", "parentSpanId"})

Request = TypeVar("Request", bound=Message)


def read(kind: type[Request], body: bytearray, *, json: bool) -> Request:
    """Return the message of a body. Raises ``BodyError``."""
    if len(body) > LONGEST_MESSAGE:
        raise OversizedBodyError(f"the message is larger than {LONGEST_MESSAGE // 2**20} MiB; send smaller batches")
    message = kind()
    try:
        if json:
            ParseDict(_document(body), message, ignore_unknown_fields=True)
        else:
            message.ParseFromString(bytes(body))
    except (DecodeError, ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        form = "JSON" if json else "protobuf"
        raise MalformedBodyError(f"the body is no {kind.__name__} in {form}: {type(error).__name__}") from None
    return message


def _document(body: bytearray) -> dict[str, Any]:
    document = _canonical(orjson.loads(body))
    if not isinstance(document, dict):
        raise ValueError("not an object")
    return document


def _canonical(value: Any) -> Any:
    """Return OTLP's JSON as protobuf's: ids are hexadecimal there, and a bound that is infinite is null."""
    if isinstance(value, dict):
        return {key: _id(each) if key in _IDS else _canonical(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_canonical(each) for each in value if each is not None]
    return value


def _id(value: Any) -> Any:
    if not isinstance(value, str) or len(value) % 2 or not _HEX.fullmatch(value):
        raise ValueError("an id is not hexadecimal")
    return base64.b64encode(bytes.fromhex(value)).decode()


def traces(body: bytearray, work: Work, *, json: bool) -> Iterator[Decoded]:
    """Yield the spans of a request. Raises ``BodyError``."""
    request = read(ExportTraceServiceRequest, body, json=json)
    found = (
        (group.resource, span) for group in request.resource_spans for part in group.scope_spans for span in part.spans
    )
    return bounded(((guarded(lambda r=r, s=s: [_span(r, s)])[0], s.ByteSize()) for r, s in found), work)


def logs(body: bytearray, work: Work, *, json: bool) -> Iterator[Decoded]:
    """Yield the records of a request. Raises ``BodyError``."""
    request = read(ExportLogsServiceRequest, body, json=json)
    found = (
        (group.resource, part.scope.name, record)
        for group in request.resource_logs
        for part in group.scope_logs
        for record in part.log_records
    )
    return bounded(((guarded(lambda r=r, n=n, e=e: [_record(r, n, e)])[0], e.ByteSize()) for r, n, e in found), work)


def guarded(make: Any) -> list[Event | MalformedEvent]:
    """Return what is made, or why it can't be in its place."""
    try:
        made: list[Event | MalformedEvent] = make()
    except InvalidEventError as error:
        return [MalformedEvent(str(error))]
    return made


def _span(resource: Resource, span: Span) -> Event:
    metadata = described(resource, span.attributes)
    metadata |= {"span.kind": _word(_KINDS, span.kind), "status": _word(_STATUS, span.status.code)}
    metadata |= {"trace_id": span.trace_id.hex()[:64], "span_id": span.span_id.hex()[:64]}
    if span.end_time_unix_nano < span.start_time_unix_nano:
        raise InvalidEventError("the span ends before it begins")
    took = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6
    return Event(named(_name(span.name), metadata), {"duration_ms": took}, metadata, moment(span.end_time_unix_nano))


def _record(resource: Resource, scope: str, record: LogRecord) -> Event:
    metadata = described(resource, record.attributes)
    level = _word(_LEVELS, (record.severity_number - 1) // 4) if record.severity_number > 0 else "unspecified"
    metadata |= {"logger": scope[:LONGEST_TEXT]} if scope else {}
    metadata |= {"level": record.severity_text[:LONGEST_TEXT] or level.upper()}
    metadata |= {"trace_id": record.trace_id.hex()[:64]} if record.trace_id else {}
    name = named(record.event_name, metadata) if record.event_name else f"log.{level}"
    return Event(name, {}, metadata, moment(record.time_unix_nano or record.observed_time_unix_nano))


def moment(nanoseconds: int) -> datetime | None:
    """Return a time of the protocol, in which zero is none."""
    return from_epoch(nanoseconds) if nanoseconds else None


def _name(name: str) -> str:
    if not name:
        raise InvalidEventError("the name is missing")
    return name


def _word(words: tuple[str, ...], number: int) -> str:
    return words[number] if 0 <= number < len(words) else str(number)


def described(resource: Resource, attributes: Iterable[KeyValue]) -> dict[str, object]:
    """Return attributes, and what describes their resource, as metadata; room is left for what is added."""
    metadata: dict[str, object] = {
        each.key: scalar(each.value) for each in resource.attributes if each.key in OF_A_RESOURCE
    }
    for each in attributes:
        if len(metadata) < MAX_METADATA_KEYS - 8:
            metadata[each.key] = scalar(each.value)
    return metadata


def scalar(value: AnyValue) -> object:
    """Return a value of an attribute as metadata has it: lists and maps as JSON, bytes as hexadecimal digits."""
    plain = _plain(value)
    if isinstance(plain, list | dict):
        plain = orjson.dumps(plain).decode()
    if isinstance(plain, float) and plain - plain != 0:
        plain = str(plain)
    return plain[:LONGEST_TEXT] if isinstance(plain, str) else plain


def _plain(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(each) for each in value.array_value.values]
    if kind == "kvlist_value":
        return {each.key: _plain(each.value) for each in value.kvlist_value.values}
    if kind == "bytes_value":
        return value.bytes_value.hex()
    return None if kind is None else getattr(value, kind)


def identity(resource: Resource, parts: Mapping[str, object], attributes: Iterable[KeyValue]) -> bytes:
    """Return what tells a series from every other one: all of its resource, in whatever order, among it."""
    described_fully = [sorted((each.key, orjson.dumps(_plain(each.value)).decode()) for each in group)
                       for group in (resource.attributes, attributes)]  # fmt: skip
    return orjson.dumps([parts, *described_fully])
