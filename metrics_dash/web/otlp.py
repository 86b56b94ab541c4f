"""OpenTelemetry's protocol over HTTP: ``/v1/metrics``, ``/v1/logs``, ``/v1/traces``, in protobuf or JSON.

Answers are messages of the protocol, in the encoding of the request. What is refused is partial success: a status that
is no success would make its sender drop the rest, or send it again.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID, uuid5

import orjson
from flask import Flask, Response, request
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from db.batches import Refusal
from metrics_dash.ingest.formats import otlp, otlp_metrics
from metrics_dash.ingest.formats.reading import UnsupportedTypeError
from metrics_dash.ingest.pieces import Decoded
from metrics_dash.web.ingest import Ingest, Sent
from metrics_dash.web.problems import ProblemError, speak
from metrics_dash.web.received import received

JSON, PROTOBUF = "application/json", "application/x-protobuf"
# Whoever is told to wait for longer drops what it has: it gives up ten seconds after its first try.
LONGEST_WAIT_SECONDS = 2
_REQUESTS = UUID("7d0d3c55-54cf-5a1c-9a10-0e6f5b8b7a33")
# A decoded message, with the events made of it, takes about so many times its bytes.
_TIMES = 8


@dataclass(frozen=True, slots=True)
class Signal:
    """One of the protocol's signals. ``rejected`` is the field of a partial success that counts."""

    path: str
    decode: Callable[..., Iterator[Decoded]]
    answer: Callable[[], Any]
    rejected: str

    def post(self, ingest: Ingest) -> Response:
        """Store what the request exports. Raises ``ProblemError`` and ``BodyError``."""
        if request.mimetype not in (JSON, PROTOBUF):
            raise UnsupportedTypeError(f"Content-Type {request.mimetype!r} is not {PROTOBUF} or {JSON}")
        refused = self._store(ingest, json=request.mimetype == JSON)
        message = self.answer()
        if refused:
            setattr(message.partial_success, self.rejected, len(refused))
            message.partial_success.error_message = refused[0][1]
        return _encoded(message, 200)

    def _store(self, ingest: Ingest, *, json: bool) -> list[Refusal]:
        with received(deflate=True, most=otlp.LONGEST_MESSAGE) as (share, body):
            share.take(_TIMES * len(body))
            pieces = ingest.checked(self.decode(body, share.work, json=json), share, "otlp", size=len(body))
            # The same message is the same export: its points, spans and records have their times in it.
            digest = hashlib.sha256(f"{self.path}\n{request.mimetype}\n".encode() + body).digest()
            share.give((_TIMES + 1) * len(body))
            sent = Sent(pieces, digest)
            return ingest.store(sent, uuid5(_REQUESTS, digest.hex())) if sent.events else []


SIGNALS = (
    Signal("/v1/metrics", otlp_metrics.metrics, ExportMetricsServiceResponse, "rejected_data_points"),
    Signal("/v1/logs", otlp.logs, ExportLogsServiceResponse, "rejected_log_records"),
    Signal("/v1/traces", otlp.traces, ExportTraceServiceResponse, "rejected_spans"),
)


def _failed(problem: ProblemError) -> Response:
    """Return a status as a message ``google.rpc.Status``: its text has the number and type of this one's."""
    response = _encoded(ExportTracePartialSuccess(error_message=problem.error), problem.status, text="message")
    response.headers.update(problem.headers or {})
    wait = response.headers.get("Retry-After", type=int)
    if wait is not None:
        response.headers["Retry-After"] = str(min(wait, LONGEST_WAIT_SECONDS))
    return response


def _encoded(message: Message, status: int, text: str | None = None) -> Response:
    if request.mimetype == PROTOBUF:
        return Response(message.SerializeToString(), status, mimetype=PROTOBUF)
    content = MessageToDict(message)
    if text is not None:
        content = {text: content.get("errorMessage", "")}
    return Response(orjson.dumps(content), status, mimetype=JSON)


def install(server: Flask, ingest: Ingest) -> None:
    """Register the routes."""
    for signal in SIGNALS:
        speak(server, signal.path, _failed)
        server.add_url_rule(signal.path, f"otlp_{signal.path}", partial(signal.post, ingest), methods=["POST"])
