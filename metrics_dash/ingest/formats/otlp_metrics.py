"""OpenTelemetry's metrics: each point of each kind as what it is, a sample, a delta, or so many events of an aggregate.

A gauge, and a sum that may fall, are samples. A sum that only grows is a delta, and where its sender adds it up for
ever, the difference since its last reading. A histogram's point of a hundred values is a hundred events; so is one of
a summary, whose quantiles can't be merged with any others and are left out.
"""

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import orjson
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    SummaryDataPoint,
)

from db.aggregates import Aggregate
from db.histograms import scaled_down
from db.rows import DELTA, SAMPLE, Counter, InvalidEventError
from metrics_dash.ingest.event import Event, MalformedEvent
from metrics_dash.ingest.formats.names import named
from metrics_dash.ingest.formats.otlp import Origin, guarded, holders, identity, moment, read
from metrics_dash.ingest.formats.properties import LONGEST_TEXT
from metrics_dash.ingest.formats.reading import Work, bounded
from metrics_dash.ingest.pieces import Decoded

MEASUREMENT = "value"
_CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
# A flag of a point that says that there is none.
_NO_VALUE = 1

Point = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint


class _Series:
    """Where points stand: what sent them, by which scope, under which metric; read once and not with each point."""

    def __init__(self, origin: Origin, scope: str, metric: Metric) -> None:
        self._origin, self._scope, self.metric = origin, scope, metric
        self.kind: str = metric.WhichOneof("data") or ""
        # One character more than may be, so that it is refused as it would be whole.
        self._name = metric.name[: LONGEST_TEXT + 1]

    @cached_property
    def _identity(self) -> Any:
        """The beginning of what tells a point's series from every other one, digested."""
        parts = {"scope": self._scope, "name": self._name, "kind": self.kind}
        return hashlib.sha256(b"[" + orjson.dumps(parts) + b"," + self._origin.identity + b",")

    def event(self, point: Point, measurements: dict[str, float] | None = None, **more: Any) -> Event:
        metadata = self._origin.metadata(point.attributes)
        name = named(self._name, metadata) if self._name else ""
        return Event(name, measurements or {}, metadata, moment(point.time_unix_nano), **more)

    def reading(self, point: Point, value: float | None, **more: Any) -> Event:
        series = self._identity.copy()
        series.update(identity(point.attributes) + b"]")
        started, at = point.start_time_unix_nano, point.time_unix_nano
        return self.event(point, counter=Counter(series.digest(), MEASUREMENT, started, at, value, **more))


def metrics(body: bytearray, work: Work, *, json: bool) -> Iterator[Decoded]:
    """Yield what the points of a request are. Raises ``BodyError``."""
    request = read(ExportMetricsServiceRequest, body, json=json)
    return bounded(_points(request), work, before=holders(request.resource_metrics, "scope_metrics", "metrics"))


def _points(request: ExportMetricsServiceRequest) -> Iterator[Decoded]:
    for group in request.resource_metrics:
        origin = Origin(group.resource)
        for part in group.scope_metrics:
            scope = part.scope.name[:LONGEST_TEXT]
            for metric in part.metrics:
                yield from _points_of(_Series(origin, scope, metric))


def _points_of(series: _Series) -> Iterator[Decoded]:
    for point in getattr(series.metric, series.kind).data_points if series.kind else ():
        size = point.ByteSize()
        for event in guarded(_events, series, series.kind, point):
            yield event, size


def _events(series: _Series, kind: str, point: Any) -> list[Event | MalformedEvent]:
    """Return the event of a point; none where it says that nothing was recorded."""
    if point.flags & _NO_VALUE:
        return []
    if not point.time_unix_nano:
        raise InvalidEventError("the point has no time")
    if kind == "gauge":
        return [series.event(point, {MEASUREMENT: _value(point)}, kind=SAMPLE)]
    if kind == "sum":
        return [_sum(series, point)]
    if kind == "summary":
        return [series.reading(point, point.sum, count=point.count, counts=True, monotonic=False)]
    return _histogram(series, kind, point)


def _sum(series: _Series, point: NumberDataPoint) -> Event:
    described_by = series.metric.sum
    if described_by.aggregation_temporality == _DELTA:
        return series.event(point, {MEASUREMENT: _value(point)}, kind=DELTA)
    _check_temporality(described_by.aggregation_temporality)
    if not described_by.is_monotonic:
        # A level, such as that of requests under way.
        return series.event(point, {MEASUREMENT: _value(point)}, kind=SAMPLE)
    return series.reading(point, _value(point))


def _histogram(
    series: _Series, kind: str, point: HistogramDataPoint | ExponentialHistogramDataPoint
) -> list[Event | MalformedEvent]:
    total = point.sum if point.HasField("sum") else None
    histogram = _explicit(point) if isinstance(point, HistogramDataPoint) else _exponential(point)
    temporality = getattr(series.metric, kind).aggregation_temporality
    if temporality == _DELTA:
        if not point.count:
            return []
        least, most = (getattr(point, end) if point.HasField(end) else None for end in ("min", "max"))
        aggregate = Aggregate(point.count, total, least, most, histogram)
        return [series.event(point, weight=point.count, aggregates={MEASUREMENT: aggregate})]
    _check_temporality(temporality)
    # Also of nothing yet: it is what the next one is compared with.
    return [series.reading(point, total, count=point.count, histogram=histogram, counts=True, monotonic=False)]


def _check_temporality(temporality: int) -> None:
    if temporality != _CUMULATIVE:
        raise InvalidEventError("the metric is neither delta nor cumulative")


def _value(point: NumberDataPoint) -> float:
    kind = point.WhichOneof("value")
    if kind is None:
        raise InvalidEventError("the point has no value")
    return point.as_int if kind == "as_int" else point.as_double


def _explicit(point: HistogramDataPoint) -> dict[str, Any] | None:
    bounds, counts = list(point.explicit_bounds), list(point.bucket_counts)
    return {"bounds": bounds, "counts": counts} if counts and len(counts) == len(bounds) + 1 else None


def _exponential(point: ExponentialHistogramDataPoint) -> dict[str, Any]:
    sides = {name: [side.offset, list(side.bucket_counts)] for name, side in (
        ("positive", point.positive), ("negative", point.negative)) if side.bucket_counts}  # fmt: skip
    return dict(scaled_down({"scale": point.scale, "zero": point.zero_count, **sides}))
