"""opentelemetry-sdk with its exporters over HTTP sends unchanged: metrics of each kind, logs, and spans."""

import pytest

from tests.senders.conftest import Application

METRICS = """
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
temporality = AggregationTemporality.{temporality}
exporter = OTLPMetricExporter(URL + "/v1/metrics", compression=Compression.{compression},
                              preferred_temporality={{Counter: temporality, Histogram: temporality}})
reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
views = [View(instrument_name="wire.otlp.exponential", aggregation=ExponentialBucketHistogramAggregation())]
provider = MeterProvider([reader], views=views)
meter = provider.get_meter("wire")
counter, up = meter.create_counter("Wire.OTLP.Requests"), meter.create_up_down_counter("wire.otlp.active")
explicit, exponential = meter.create_histogram("wire.otlp.took"), meter.create_histogram("wire.otlp.exponential")
meter.create_observable_gauge("wire.otlp.level", [lambda options: [Observation(42)]])
for turn in range(3):
    for n in range(10):
        counter.add(2, {{"route": "/", "n": n % 2}})
        explicit.record(n)
        exponential.record(n + 1)
    up.add(1)
    assert provider.force_flush()
provider.shutdown()
"""

TRACES_AND_LOGS = """
import logging
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(URL + "/v1/traces")))
tracer = provider.get_tracer("wire")
for n in range(5):
    with tracer.start_as_current_span("Wire.Work {id}", attributes={"n": n}):
        pass
provider.shutdown()

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(URL + "/v1/logs")))
for n in range(4):
    logs.get_logger("shop.cart").emit(LogRecord(severity_number=SeverityNumber.WARN, body="text", attributes={"n": n}))
logs.shutdown()
"""


@pytest.mark.parametrize(
    ("temporality", "compression"), [("CUMULATIVE", "NoCompression"), ("DELTA", "Gzip"), ("CUMULATIVE", "Deflate")]
)
def test_metrics_of_each_kind_are_on_their_charts(application: Application, temporality: str, compression: str) -> None:
    charts = {"otlp-counter": 60, "otlp-histogram": 30, "otlp-histogram-sum": 135, "otlp-exponential": 30}
    before = {chart: application.charted(chart) for chart in charts}
    application.send(METRICS.format(temporality=temporality, compression=compression))
    for chart, value in charts.items():
        application.until_charted(chart, before[chart] + value)
    application.until_peak("otlp-gauge", 42)
    application.until_peak("otlp-active", 3)


def test_spans_and_records_are_on_their_charts(application: Application) -> None:
    application.send(TRACES_AND_LOGS)
    application.until_charted("otlp-spans", 5)
    application.until_charted("otlp-logs", 4)
