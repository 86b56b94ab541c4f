"""OpenTelemetry's protocol over HTTP, protobuf or JSON: what all of its signals share, and logs and traces.

A span is an event of its duration, named as it is; a record of a log is an event named by its level, or by the event
that it says it is, without its text. Metrics are in ``otlp_metrics``.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cached_property
from itertools import count
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
from metrics_dash.ingest.event import MAX_EVENT_BYTES, Event, MalformedEvent
from metrics_dash.ingest.formats.documents import TOO_LONG
from metrics_dash.ingest.formats.messages import MOST_MESSAGES, too_many_messages
from metrics_dash.ingest.formats.moments import from_epoch
from metrics_dash.ingest.formats.names import named
from metrics_dash.ingest.formats.properties import LONGEST_TEXT
from metrics_dash.ingest.formats.reading import (
    MAX_EVENTS,
    MalformedBodyError,
    OversizedBodyError,
    Work,
    bounded,
    too_many,
)
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
# Those that an event has no room for are left out; so many are nobody's.
MOST_ATTRIBUTES = 1000
_LONGEST_IDENTITY = 16 * 1024
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
            message.ParseFromString(_affordable(bytes(body), kind))
    except (DecodeError, ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        form = "JSON" if json else "protobuf"
        raise MalformedBodyError(f"the body is no {kind.__name__} in {form}: {type(error).__name__}") from None
    return message


def _affordable(body: bytes, kind: type[Message]) -> bytes:
    if too_many_messages(body, kind):
        raise OversizedBodyError(f"the body holds more than {MOST_MESSAGES:,} messages; send smaller batches")
    return body


def _document(body: bytearray) -> dict[str, Any]:
    document = _canonical(orjson.loads(body), count(1))
    if not isinstance(document, dict):
        raise ValueError("not an object")
    return document


def _canonical(value: Any, number: Iterator[int]) -> Any:
    """Return OTLP's JSON as protobuf's: ids are hexadecimal there, and a bound that is infinite is null.

    Each object and list takes a ``number``: of many, the message costs far more to make than the document to read.
    """
    if isinstance(value, dict | list) and next(number) > MAX_EVENTS:
        raise too_many("objects and lists")
    if isinstance(value, dict):
        return {key: _id(each) if key in _IDS else _canonical(each, number) for key, each in value.items()}
    if isinstance(value, list):
        return [_canonical(each, number) for each in value if each is not None]
    return value


def _id(value: Any) -> Any:
    if not isinstance(value, str) or len(value) % 2 or not _HEX.fullmatch(value):
        raise ValueError("an id is not hexadecimal")
    return base64.b64encode(bytes.fromhex(value)).decode()


def traces(body: bytearray, work: Work, *, json: bool) -> Iterator[Decoded]:
    """Yield the spans of a request. Raises ``BodyError``."""
    request = read(ExportTraceServiceRequest, body, json=json)
    return bounded(_spans(request), work, before=holders(request.resource_spans, "scope_spans"))


def _spans(request: ExportTraceServiceRequest) -> Iterator[Decoded]:
    for group in request.resource_spans:
        origin = Origin(group.resource)
        for part in group.scope_spans:
            for span in part.spans:
                yield guarded(_span, origin, span)[0], span.ByteSize()


def logs(body: bytearray, work: Work, *, json: bool) -> Iterator[Decoded]:
    """Yield the records of a request. Raises ``BodyError``."""
    request = read(ExportLogsServiceRequest, body, json=json)
    return bounded(_records(request), work, before=holders(request.resource_logs, "scope_logs"))


def _records(request: ExportLogsServiceRequest) -> Iterator[Decoded]:
    for group in request.resource_logs:
        origin = Origin(group.resource)
        for part in group.scope_logs:
            logger = part.scope.name[:LONGEST_TEXT]
            for record in part.log_records:
                yield guarded(_record, origin, logger, record)[0], record.ByteSize()


def holders(groups: Any, scopes: str, inner: str = "") -> int:
    """Return how many messages hold the events of a request, and attributes describe the resources.

    Each costs as much to look at as an event, and so many of either may be. They are counted before they are looked at.
    Raises ``OversizedBodyError``.
    """
    number = _at_most(len(groups))
    for group in groups:
        parts = getattr(group, scopes)
        number = _at_most(number + len(parts) + len(group.resource.attributes))
        for part in parts if inner else ():
            number = _at_most(number + len(getattr(part, inner)))
    return number


def _at_most(number: int) -> int:
    if number > MAX_EVENTS:
        raise too_many("resources with their attributes, scopes and metrics")
    return number


def guarded(make: Callable[..., Any], *parts: Any) -> list[Event | MalformedEvent]:
    """Return what is made of the last of the parts, a point, span or record; or why it can't be in its place."""
    message = parts[-1]
    try:
        if message.ByteSize() > MAX_EVENT_BYTES:
            raise InvalidEventError(f"it {TOO_LONG}")
        if len(message.attributes) > MOST_ATTRIBUTES:
            raise InvalidEventError(f"it has more than {MOST_ATTRIBUTES:,} attributes")
        made = make(*parts)
    except InvalidEventError as error:
        return [MalformedEvent(str(error))]
    return made if isinstance(made, list) else [made]


def _span(origin: "Origin", span: Span) -> Event:
    metadata = origin.metadata(span.attributes)
    metadata |= {"span.kind": _word(_KINDS, span.kind), "status": _word(_STATUS, span.status.code)}
    metadata |= {"trace_id": span.trace_id.hex()[:64], "span_id": span.span_id.hex()[:64]}
    if span.end_time_unix_nano < span.start_time_unix_nano:
        raise InvalidEventError("the span ends before it begins")
    took = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6
    return Event(named(_name(span.name), metadata), {"duration_ms": took}, metadata, moment(span.end_time_unix_nano))


def _record(origin: "Origin", logger: str, record: LogRecord) -> Event:
    metadata = origin.metadata(record.attributes)
    level = _word(_LEVELS, (record.severity_number - 1) // 4) if record.severity_number > 0 else "unspecified"
    metadata |= {"logger": logger} if logger else {}
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


class Origin:
    """What a resource says of all that it sends, read once and not again with each event."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._described = {each.key: scalar(each.value) for each in resource.attributes if each.key in OF_A_RESOURCE}

    def metadata(self, attributes: Iterable[KeyValue]) -> dict[str, object]:
        """Return attributes, and what describes their resource, as metadata; room is left for what is added."""
        metadata: dict[str, object] = dict(self._described)
        for each in attributes:
            if len(metadata) >= MAX_METADATA_KEYS - 8:
                break
            metadata[each.key] = scalar(each.value)
        return metadata

    @cached_property
    def identity(self) -> bytes:
        """What tells the resource from every other one: all of its attributes, in whatever order.

        It is a part of every series' identity, so of a long one it is a digest.
        """
        whole = identity(self._resource.attributes)
        return whole if len(whole) <= _LONGEST_IDENTITY else orjson.dumps(hashlib.sha256(whole).hexdigest())


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


def identity(attributes: Iterable[KeyValue]) -> bytes:
    """Return what tells attributes from all others, in whatever order they stand."""
    return orjson.dumps(sorted((each.key, orjson.dumps(_plain(each.value)).decode()) for each in attributes))
