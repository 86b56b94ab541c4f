"""OpenTelemetry's doors: answers in its messages, refusals as partial success, a repeat stored once."""

import gzip
import time
import zlib
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess

from metrics_dash.ingest.collector import Collector
from metrics_dash.web.otlp import JSON, PROTOBUF, SIGNALS
from tests.ingest.formats.otlp_messages import (
    CUMULATIVE,
    DELTA,
    as_json,
    as_protobuf,
    log_request,
    metric_request,
    point,
    span_request,
    total,
)
from tests.support.web_client import Site

NOW = time.time_ns() - 10**9
METRICS = metric_request(total("wire.requests", 5, at=NOW))
SPANS = span_request({"name": "wire.work", "startTimeUnixNano": str(NOW - 10**6), "endTimeUnixNano": str(NOW)})
LOGS = log_request({"eventName": "wire.logged", "timeUnixNano": str(NOW)})
BODIES = {"/v1/metrics": METRICS, "/v1/traces": SPANS, "/v1/logs": LOGS}


def post(site: Site, path: str, body: bytes, kind: str = JSON, **headers: str) -> Any:
    return site.client.post(path, data=bytes(body), content_type=kind, headers=headers)


@pytest.mark.parametrize("path", BODIES)
def test_each_signal_is_stored_once_and_answered_by_an_empty_message(open_site: Site, path: str) -> None:
    for _ in range(2):
        answer = post(open_site, path, as_json(BODIES[path]))
        assert (answer.status_code, answer.mimetype, answer.data) == (200, JSON, b"{}")
    assert len(open_site.stored()) == 1


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_protobuf_is_answered_by_protobuf_however_it_is_compressed(open_site: Site, encoding: str) -> None:
    body = bytes(as_protobuf(METRICS, ExportMetricsServiceRequest))
    body = {"": bytes, "gzip": gzip.compress, "deflate": zlib.compress}[encoding](body)
    answer = post(open_site, "/v1/metrics", body, PROTOBUF, **({"Content-Encoding": encoding} if encoding else {}))
    assert (answer.status_code, answer.mimetype, answer.data) == (200, PROTOBUF, b"")
    assert open_site.stored() == ["wire.requests"]


def test_what_is_refused_is_partial_success(open_site: Site) -> None:
    mixed = metric_request(total("wire.requests", 5, at=NOW), total("wire.bad", 5, 0, at=NOW))
    answer = post(open_site, "/v1/metrics", as_json(mixed))
    assert answer.json == {
        "partialSuccess": {
            "rejectedDataPoints": "1", "errorMessage": "the metric is neither delta nor cumulative"}}  # fmt: skip
    answer = post(open_site, "/v1/metrics", as_protobuf(mixed, ExportMetricsServiceRequest), PROTOBUF)
    assert ExportMetricsServiceResponse.FromString(answer.data).partial_success.rejected_data_points == 1


@pytest.mark.parametrize("temporality", [DELTA, CUMULATIVE])
def test_a_histogram_of_counts_that_cant_be_added_up_is_refused_and_stops_nothing(
    open_site: Site, temporality: int
) -> None:
    counts = {"positive": {"offset": 0, "bucketCounts": [str(2**64 - 1)] * 2}}
    data = [point(NOW, count="3", sum=6, scale=6, **counts)]
    odd = {"name": "wire.odd", "exponentialHistogram": {"aggregationTemporality": temporality, "dataPoints": data}}
    answer = post(open_site, "/v1/metrics", as_json(metric_request(odd, total("wire.good", 5, at=NOW))))
    assert answer.json["partialSuccess"]["rejectedDataPoints"] == "1"
    assert open_site.stored() == ["wire.good"]


def test_a_counter_that_is_added_up_for_ever_is_stored_as_its_differences(open_site: Site) -> None:
    for seconds, value in ((0, 5), (1, 5), (2, 9), (2, 9)):
        counted = total("wire.counted", value, CUMULATIVE, at=NOW - (10 - seconds) * 10**9)
        counted["sum"]["dataPoints"][0]["startTimeUnixNano"] = str(NOW - 20 * 10**9)
        assert post(open_site, "/v1/metrics", as_json(metric_request(counted))).status_code == 200
    assert len(open_site.stored()) == 2


@pytest.mark.parametrize("path", [signal.path for signal in SIGNALS])
@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_errors_are_statuses_of_the_protocol_in_the_requests_encoding(
    open_site: Site, path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = post(open_site, path, b"\xff\xff", kind)
    assert (answer.status_code, answer.mimetype) == (400, kind)
    said = answer.json["message"] if kind == JSON else ExportTracePartialSuccess.FromString(answer.data).error_message
    assert said.startswith("the body is no Export")
    assert post(open_site, path, bytes(5 * 2**20), kind).status_code == 413
    monkeypatch.setattr(Collector, "failure", property(lambda collector: "the disk is full"))
    answer = post(open_site, "/v1/metrics", as_json(METRICS))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) <= 2


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zlib.compress])
@pytest.mark.parametrize("size", [5, 21])
def test_a_message_that_is_too_large_is_told_its_own_limit(open_site: Site, compress: Any, size: int) -> None:
    encoding = {gzip.compress: "gzip", zlib.compress: "deflate"}.get(compress, "identity")
    body = compress(b"x" * (size * 1024 * 1024))
    answer = post(open_site, "/v1/logs", body, **{"Content-Encoding": encoding})
    assert (answer.status_code, answer.json) == (
        413,
        {"message": "the message is larger than 4 MiB; send smaller batches"},
    )


def test_another_type_is_refused(open_site: Site) -> None:
    assert post(open_site, "/v1/metrics", b"{}", "text/plain").status_code == 415


def test_an_empty_export_is_a_success(open_site: Site) -> None:
    assert post(open_site, "/v1/traces", b"{}").status_code == 200
    assert post(open_site, "/v1/logs", b"", PROTOBUF).status_code == 200
