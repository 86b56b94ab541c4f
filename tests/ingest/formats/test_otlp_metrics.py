"""OpenTelemetry's metrics: each kind of point is what it says, in protobuf and in JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics, ScopeMetrics

from db.aggregates import Aggregate
from db.rows import DELTA, EVENT, SAMPLE
from metrics_dash.ingest.event import Event, MalformedEvent
from metrics_dash.ingest.formats import otlp
from metrics_dash.ingest.formats.otlp_metrics import metrics
from metrics_dash.ingest.formats.reading import BodyError, OversizedBodyError
from tests.ingest.formats import otlp_messages as sent
from tests.ingest.formats.otlp_messages import AT, CUMULATIVE, as_json, as_protobuf, metric_request, point, total

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
METADATA = {"service.name": "shop", "route": "/"}


def read(document: dict[str, Any]) -> list[Any]:
    """What the request says, which is the same in both encodings."""
    found = [event for event, _ in metrics(as_json(document), lambda: None, json=True)]
    body = as_protobuf(document, ExportMetricsServiceRequest)
    assert [event for event, _ in metrics(body, lambda: None, json=False)] == found
    return found


def one(metric: dict[str, Any]) -> Event:
    (event,) = read(metric_request(metric))
    assert isinstance(event, Event), event
    return event


def read_bytes(document: dict[str, Any]) -> list[Any]:
    body = as_protobuf(document, ExportMetricsServiceRequest)
    return [event for event, _ in metrics(body, lambda: None, json=False)]


def test_a_gauge_is_a_sample() -> None:
    event = one({"name": "Queue Length", "gauge": {"dataPoints": [point(asInt="7")]}})
    assert event == Event(
        "queue_length", {"value": 7}, {**METADATA, "original_name": "Queue Length"}, NOON, kind=SAMPLE
    )


def test_a_delta_is_one() -> None:
    assert one(total("http.requests", 5)) == Event("http.requests", {"value": 5}, METADATA, NOON, kind=DELTA)


def test_a_sum_that_may_fall_is_a_sample_of_a_level() -> None:
    assert one(total("http.active", 5, CUMULATIVE, isMonotonic=False)).kind == SAMPLE


def test_a_sum_that_is_added_up_for_ever_is_a_reading() -> None:
    counter = one(total("http.requests", 5, CUMULATIVE)).counter
    assert counter is not None
    assert (counter.value, counter.started, counter.at, counter.counts) == (5, AT - 10**9, AT, False)


def test_a_series_is_told_apart_by_all_of_its_resource_its_name_and_its_attributes_in_any_order() -> None:
    def series(document: dict[str, Any]) -> bytes:
        (event,) = read(document)
        return bytes(event.counter.series)

    metric = total("http.requests", 5, CUMULATIVE)
    base = series(metric_request(metric))
    turned = {"attributes": sent.RESOURCE["attributes"][::-1]}
    assert series(metric_request(metric, resource=turned)) == base
    other = {"attributes": [sent.RESOURCE["attributes"][0], {"key": "service.instance.id", "value": {"intValue": "1"}}]}
    assert series(metric_request(metric, resource=other)) != base
    assert series(metric_request({**metric, "name": "http.others"})) != base


def test_a_series_is_known_by_the_same_bytes_in_every_version() -> None:
    counter = one(total("http.requests", 5, CUMULATIVE)).counter
    assert counter is not None
    assert counter.series.hex() == "6dc1e03f54daee8d571db87ce98f0bfeb7ec8b3c5e9ee66d07ff5c2faab1bdef"


@pytest.mark.parametrize("where", [
    lambda group, scope: {"resourceMetrics": [group] * 200_000},
    lambda group, scope: {"resourceMetrics": [{**group, "scopeMetrics": [scope] * 200_000}]},
    lambda group, scope: {"resourceMetrics": [{**group, "scopeMetrics": [{"metrics": [{}] * 200_000}]}]},
])  # fmt: skip
def test_what_holds_points_is_counted_as_they_are(where: Any) -> None:
    """So many of each that they are too many together with an equal number of points, and not alone."""
    document = where({"resource": {}}, {})
    assert read_bytes(document) == []
    points = {"scopeMetrics": [{"metrics": [{"name": "a", "gauge": {"dataPoints": [{}] * 60_000}}]}]}
    with pytest.raises(OversizedBodyError, match="more than 250,000 events and what holds them"):
        read_bytes({**document, "resourceMetrics": [*document["resourceMetrics"], points]})


@pytest.mark.parametrize("prefix", ["", "scope", "metric"])
def test_more_of_what_holds_points_than_points_may_be_is_refused_before_it_is_looked_at(prefix: str) -> None:
    request = ExportMetricsServiceRequest()
    if prefix:
        group = request.resource_metrics.add()
        if prefix == "metric":
            group.scope_metrics.add().metrics.extend([Metric()] * 250_001)
        else:
            group.scope_metrics.extend([ScopeMetrics()] * 250_001)
    else:
        request.resource_metrics.extend([ResourceMetrics()] * 250_001)
    with pytest.raises(OversizedBodyError, match="more than 250,000 resources"):
        metrics(bytearray(request.SerializeToString()), lambda: None, json=False)


def test_a_resource_is_read_once_for_all_that_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    plain = otlp._plain
    monkeypatch.setattr(otlp, "_plain", lambda value: seen.append(value.string_value) or plain(value))
    points = [{**point(asDouble=5), "attributes": []} for _ in range(100)]
    data = {"aggregationTemporality": CUMULATIVE, "isMonotonic": True, "dataPoints": points}
    read(metric_request({"name": "a", "sum": data}, {"name": "b", "sum": data}))
    # As metadata and as a part of the identity, in JSON and in protobuf.
    assert seen.count("shop") == 2 * 2


def test_a_point_of_more_attributes_than_anybody_gives_stands_refused_in_its_place() -> None:
    many = {"attributes": [{"key": "k", "value": {}}] * 1001}
    found = read(
        metric_request({"name": "a", "gauge": {"dataPoints": [{**point(asInt="1"), **many}, point(asInt="1")]}})
    )
    assert found[0] == MalformedEvent("it has more than 1,000 attributes")
    assert isinstance(found[1], Event)


HISTOGRAM = {"count": "100", "sum": 250.5, "min": 1, "max": 9, "bucketCounts": ["40", "60"], "explicitBounds": [2.5]}
EXPONENTIAL = {
    "count": "3",
    "sum": 6,
    "scale": 6,
    "zeroCount": "1",
    "positive": {"offset": -1, "bucketCounts": ["1", "1"]},
}


def test_a_point_of_a_histogram_is_as_many_events_as_it_counts() -> None:
    event = one({"name": "took", "histogram": {"aggregationTemporality": 1, "dataPoints": [point(**HISTOGRAM)]}})
    kept = {"bounds": [2.5], "counts": [40, 60]}
    assert (event.weight, event.kind, event.measurements) == (100, EVENT, {})
    assert event.aggregates == {"value": Aggregate(100, 250.5, 1, 9, kept)}


def test_an_exponential_one_comes_down_to_the_scale_of_buckets() -> None:
    event = one(
        {"name": "took", "exponentialHistogram": {"aggregationTemporality": 1, "dataPoints": [point(**EXPONENTIAL)]}}
    )
    kept = {"scale": 5, "zero": 1, "positive": [-1, [1, 1]]}
    assert event.aggregates == {"value": Aggregate(3, 6, None, None, kept)}


@pytest.mark.parametrize(("kind", "data"), [("histogram", HISTOGRAM), ("exponentialHistogram", EXPONENTIAL)])
def test_histograms_that_are_added_up_for_ever_are_readings(kind: str, data: dict[str, Any]) -> None:
    counter = one({"name": "took", kind: {"aggregationTemporality": 2, "dataPoints": [point(**data)]}}).counter
    assert counter is not None
    assert (counter.counts, counter.count, counter.value) == (True, int(data["count"]), data["sum"])
    assert counter.histogram


def test_a_summary_is_its_count_and_sum() -> None:
    quantiles = [{"quantile": 0.5, "value": 2}]
    data = point(count="4", sum=8, quantileValues=quantiles)
    counter = one({"name": "took", "summary": {"dataPoints": [data]}}).counter
    assert counter is not None
    assert (counter.counts, counter.count, counter.value) == (True, 4, 8)


def test_a_point_without_a_recording_is_none() -> None:
    empty = {"name": "took", "histogram": {"aggregationTemporality": 1, "dataPoints": [point(count="0")]}}
    stale = {"name": "level", "gauge": {"dataPoints": [point(asInt="7", flags=1)]}}
    assert read(metric_request(empty, stale, {"name": "nothing"})) == []


@pytest.mark.parametrize("kind", ["histogram", "exponentialHistogram", "summary"])
def test_what_is_added_up_for_ever_and_has_counted_nothing_yet_is_a_reading_of_zero(kind: str) -> None:
    temporality = {} if kind == "summary" else {"aggregationTemporality": 2}
    counter = one({"name": "took", kind: {**temporality, "dataPoints": [point(count="0")]}}).counter
    assert counter is not None
    assert (counter.counts, counter.count) == (True, 0)


@pytest.mark.parametrize(
    "metric",
    [
        {"name": "a", "gauge": {"dataPoints": [point()]}},
        {"name": "a", "gauge": {"dataPoints": [{"asInt": "7"}]}},
        total("a", 5, 0),
        {"name": "a", "histogram": {"dataPoints": [point(**HISTOGRAM)]}},
    ],
)
def test_a_point_that_says_too_little_stands_refused_in_its_place(metric: dict[str, Any]) -> None:
    good = total("b", 1)
    found = read(metric_request(good, metric, good))
    assert [isinstance(event, MalformedEvent) for event in found] == [False, True, False]


def test_infinity_is_null_in_json() -> None:
    data = {**HISTOGRAM, "explicitBounds": [2.5, None], "sum": None}
    document = metric_request({"name": "a", "histogram": {"aggregationTemporality": 1, "dataPoints": [point(**data)]}})
    ((event, _),) = metrics(as_json(document), lambda: None, json=True)
    assert isinstance(event, Event)
    assert event.aggregates["value"].count == 100


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["name", "sum", "gauge", "histogram", "dataPoints", "asInt", "attributes", "key", "value",
                         "timeUnixNano", "count", "bucketCounts", "kvlistValue", "values", "exemplars", "traceId"]),
        inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@given(_JSON)
def test_nothing_but_a_body_error_is_raised_by_json(value: Any) -> None:
    documents = [{"resourceMetrics": value}, metric_request({"name": "a", "sum": value}), metric_request(value)]
    for document in documents:
        body = bytearray(json.dumps(document).encode(errors="surrogatepass"))
        try:
            list(metrics(body, lambda: None, json=True))
        except BodyError:
            continue


@given(st.binary(max_size=200), st.integers(0, 200))
def test_nothing_but_a_body_error_is_raised_by_bytes(raw: bytes, place: int) -> None:
    good = as_protobuf(metric_request(total("a", 1), {"name": "b", "gauge": {"dataPoints": [point(asInt="7")]}}),
                       ExportMetricsServiceRequest)  # fmt: skip
    for body in (bytearray(raw), good[:place] + raw, good[:place] + raw + good[place + len(raw) :]):
        try:
            list(metrics(body, lambda: None, json=False))
        except BodyError:
            continue
