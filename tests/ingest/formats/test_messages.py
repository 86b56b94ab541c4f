"""More messages than anybody sends are told from their bytes, at whatever depth, and nothing else is taken for them."""

import random
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint, ResourceMetrics

from metrics_dash.ingest.formats import messages
from metrics_dash.ingest.formats.messages import MOST_MESSAGES, too_many_messages
from metrics_dash.ingest.formats.otlp import LONGEST_MESSAGE
from tests.ingest.formats.otlp_messages import as_protobuf, metric_request, point, span_request

METRICS = ExportMetricsServiceRequest


def many_resources(number: int) -> ExportMetricsServiceRequest:
    return ExportMetricsServiceRequest(resource_metrics=[ResourceMetrics()] * number)


def many_points(number: int) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add()
    metric.gauge.data_points.extend([NumberDataPoint()] * (number - 4))
    return request


def many_values(number: int) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    attribute = request.resource_metrics.add().resource.attributes.add(key="k")
    attribute.value.array_value.values.extend([AnyValue()] * (number - 5))
    return request


@pytest.mark.parametrize("make", [many_resources, many_points, many_values])
def test_messages_are_counted_at_whatever_depth(make: Any) -> None:
    assert not too_many_messages(make(MOST_MESSAGES).SerializeToString(), METRICS)
    assert too_many_messages(make(MOST_MESSAGES + 1).SerializeToString(), METRICS)


def test_a_message_of_the_greatest_length_of_ordinary_spans_is_not_too_many() -> None:
    attributes = [{"key": "http.request.method", "value": {"stringValue": "GET"}},
                  {"key": "http.response.status_code", "value": {"intValue": "200"}}]  # fmt: skip
    span = {"name": "GET", "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": attributes * 4}
    one = as_protobuf(span_request(span), ExportTraceServiceRequest)
    longest = bytes(one) * (LONGEST_MESSAGE // len(one))
    assert len(longest) > LONGEST_MESSAGE * 0.99
    assert not too_many_messages(longest, ExportTraceServiceRequest)


def test_bytes_of_a_text_are_no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MOST_MESSAGES", 10)
    request = ExportLogsServiceRequest()
    request.resource_logs.add().schema_url = "\n\0" * 1000
    assert not too_many_messages(request.SerializeToString(), ExportLogsServiceRequest)


def test_what_is_no_message_is_left_to_be_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """At random, and cut or changed at random; whatever decodes was counted as it is."""
    monkeypatch.setattr(messages, "MOST_MESSAGES", 10)
    points = metric_request({"name": "a", "gauge": {"dataPoints": [point(asInt="1"), point(asInt="2")]}})
    whole, chance = as_protobuf(points, ExportMetricsServiceRequest), random.Random(3)
    assert too_many_messages(bytes(whole), METRICS) is (held(ExportMetricsServiceRequest.FromString(bytes(whole))) > 10)
    for _ in range(3000):
        changed = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.5 else whole)
        for _ in range(chance.randrange(3)):
            changed[chance.randrange(len(changed) or 1) : 0] = bytes([chance.randrange(256)])
        told = too_many_messages(bytes(changed), METRICS)
        try:
            request = ExportMetricsServiceRequest.FromString(bytes(changed))
        except DecodeError:
            continue
        assert told or held(request) <= 10


def held(message: Any) -> int:
    """How many messages a decoded one holds."""
    number = 0
    for field, value in message.ListFields():
        if field.message_type is not None:
            each = value if hasattr(value, "__len__") else [value]
            number += len(each) + sum(map(held, each))
    return number
