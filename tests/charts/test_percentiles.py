"""Percentiles: within 1.1 % of the exact ones, however buckets are put together, and never beyond the extremes."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from db.aggregates import Aggregate, encode_aggregates
from db.batches import Batch
from db.bins import place_of
from db.engine import Database
from db.ledger import write_batches
from db.partitions import ensure_partitions
from db.rows import More, encode_maps, to_nanoseconds
from db.series_reads import Bins, Rows
from metrics_dash.charts.percentiles import density, merged, percentile
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.rows import aggregate, align
from metrics_dash.jobs.rollup import roll_up_all
from tests.db.test_bins import DISTRIBUTIONS
from tests.support.charts import LOGIN, at, recorded_since, store

PERCENTS = (50, 90, 95, 99)


def rows(*buckets: list[float]) -> Rows:
    """Buckets at 0, 1, 2 … of these values."""
    starts = np.arange(len(buckets))
    pairs = [(start, place_of(value)) for start, values in enumerate(buckets) for value in values]
    bins = Bins(*(np.array(part, dtype=np.int64) for part in (*zip(*pairs, strict=True), [1] * len(pairs))))
    lows, highs = (np.array([edge(each) if each else np.nan for each in buckets]) for edge in (min, max))
    return Rows(starts, np.array([float(len(each)) for each in buckets]), min=lows, max=highs, bins=bins)


def exact(values: list[float], percent: int) -> float:
    """What percentile_disc gives."""
    return sorted(values)[max(1, -(-len(values) * percent // 100)) - 1]


@pytest.mark.parametrize("percent", PERCENTS)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_percentile_is_within_1_1_percent_of_the_exact_one(name: str, percent: int) -> None:
    random = Random(name)
    buckets = [[DISTRIBUTIONS[name](random) for _ in range(count)] for count in (1, 2, 19, 20, 500)]
    found = percentile(rows(*buckets), percent)
    assert found == pytest.approx([exact(each, percent) for each in buckets], rel=0.011, abs=0)


@given(
    st.lists(st.lists(st.floats(-1e289, 1e289), max_size=30), min_size=1, max_size=6).filter(any),
    st.sampled_from(PERCENTS),
)
def test_buckets_put_together_have_the_percentile_of_all_their_values(buckets: list[list[float]], percent: int) -> None:
    found = aggregate(rows(*buckets), len(buckets))
    everything = [value for each in buckets for value in each]
    assert percentile(found, percent) == pytest.approx([exact(everything, percent)], rel=0.011, abs=1e-300)


@given(
    st.lists(st.tuples(*[st.lists(st.floats(-1e9, 1e9), max_size=9)] * 2), min_size=1, max_size=6).filter(
        lambda buckets: any(named or rest for named, rest in buckets) and any(rest for _, rest in buckets)
    ),
    st.sampled_from(PERCENTS),
)
def test_what_is_counted_below_zero_was_never_there(
    buckets: list[tuple[list[float], list[float]]], percent: int
) -> None:
    everything, rest = (rows(*(left + others for left, others in buckets)), rows(*(others for _, others in buckets)))
    assert everything.bins is not None
    named = [(start, place_of(value)) for start, (left, _) in enumerate(buckets) for value in left]
    starts, places = ([*each] for each in zip(*named, strict=True)) if named else ([], [])
    less = Bins(
        np.append(everything.bins.start, np.array(starts, dtype=np.int64)),
        np.append(everything.bins.place, np.array(places, dtype=np.int64)),
        np.append(everything.bins.count, -np.ones(len(named), dtype=np.int64)),
    )
    np.testing.assert_array_equal(percentile(replace(rest, bins=less), percent), percentile(rest, percent))
    together, alone = merged(replace(rest, bins=less), len(buckets)), merged(rest, len(buckets))
    assert together is not None
    assert alone is not None
    assert dict(zip(together.place, together.count, strict=True)) == dict(zip(alone.place, alone.count, strict=True))


@given(
    st.lists(st.lists(st.sampled_from([-8.0, 0.0, 1.0, 2.5]), max_size=5), min_size=1, max_size=5).filter(any),
    st.lists(st.integers(0, 6), min_size=1, max_size=7),
    st.integers(0, 7),
)
def test_the_first_buckets_put_together_hold_each_of_their_values_once(
    buckets: list[list[float]], starts: list[int], upto: int
) -> None:
    """Whatever of the same histograms was asked before: in order, uneven, or with an hour that comes twice."""
    made = rows(*buckets)
    for order in (sorted(set(starts)), starts):
        unknown = np.full(len(order), np.nan)
        aligned = replace(made, start=np.array(order), count=unknown, min=unknown, max=unknown)
        percentile(aligned, 50)
        found = merged(aligned, upto)
        held: Counter[int] = Counter()
        for place, count in () if found is None else zip(found.place.tolist(), found.count.tolist(), strict=True):
            held[place] += count
        expected = {start for start in order[:upto] if start < len(buckets)}
        assert held == Counter(place_of(value) for start in expected for value in buckets[start])


def test_a_bucket_without_values_and_one_that_is_missing_are_gaps() -> None:
    found = percentile(align(rows([1.0], [], [4.0]), np.array([0, 1, 2, 3])), 50)
    assert found == pytest.approx([1, np.nan, 4, np.nan], nan_ok=True)


def test_a_density_counts_each_place_of_each_bucket_once() -> None:
    buckets = [[1.0, 1.0, 5.0], [], [7.3] * 9]
    twice = rows(*buckets, [3.0])
    found = density(align(twice, np.array([0, 1, 2])))  # what lies beyond the grid has no bucket
    assert found.bucket.tolist() == [0, 0, 2]
    assert found.value == pytest.approx([1, 5, 7.3], rel=0.011)
    assert found.count.tolist() == [2, 1, 9]


def test_a_density_of_nothing_is_empty() -> None:
    nothing = replace(rows([1.0]), bins=None)
    assert density(nothing).count.tolist() == []


def test_a_heatmap_holds_every_value_of_its_window(database: Database, queries: Queries) -> None:
    values = [10.0, 10.0, 12.0, 900.0]
    noon = at("2026-03-10T12:00+00:00")
    store(database, *((LOGIN, noon - timedelta(minutes=5 + n), {"duration_ms": v}, {}) for n, v in enumerate(values)))
    data = queries.chart("login-time-p95", queries.window("1h"))
    assert data.density is not None
    assert data.density.count.sum() == len(values)
    assert sorted(data.density.value.tolist()) == pytest.approx(values, rel=0.011)
    lines = queries.series(LOGIN, "duration_ms", "p95", queries.window("1h"))
    assert lines.density is None
    assert data.headline == lines.headline


def test_what_is_constant_is_exact() -> None:
    assert percentile(rows([7.3] * 9), 95).tolist() == [7.3]


def test_values_whose_extremes_nobody_knows_have_a_percentile_as_others_do() -> None:
    known = rows([1.0, 2.0, 4.0], [8.0])
    nobody_knows = np.full(2, np.nan)
    found = percentile(aggregate(replace(known, min=nobody_knows, max=nobody_knows), 1), 50)
    assert found == pytest.approx([2], rel=0.011)
    assert percentile(replace(known, min=nobody_knows, max=nobody_knows), 50) == pytest.approx([2, 8], rel=0.011)


def test_a_histogram_that_its_sender_adds_up_for_ever_has_percentiles(database: Database, queries: Queries) -> None:
    """OpenTelemetry's default; what such a histogram gained has no extremes."""
    noon = at("2026-03-10T12:00+00:00")
    gained = Aggregate(100, 1500.0, histogram={"bounds": [10, 20, 40], "counts": [0, 90, 10, 0]})
    ensure_partitions(database, [noon.date()])
    more = More(100, aggregates=encode_aggregates({"duration_ms": gained}))
    row = LOGIN, encode_maps({}, {}), to_nanoseconds(noon), more
    with database.begin() as connection:
        write_batches(connection, [Batch(uuid4(), [row])])
    roll_up_all(database)
    data = queries.chart("login-time-p95", queries.window("1h"))
    drawn = data.series[0].v[~np.isnan(data.series[0].v)]
    assert drawn.tolist() == [pytest.approx(30, rel=0.35)]
    assert data.headline.value == drawn[0]


def test_places_far_apart_need_no_table_of_all_between() -> None:
    buckets = [[5e-324, 1e289, -1e289, 2.0]] * 60
    assert percentile(rows(*buckets), 75) == pytest.approx([2.0] * 60, rel=0.011)


@pytest.mark.parametrize("length", ["1h", "24h", "7d", "30d"])
def test_a_chart_shows_the_same_percentile_at_every_range(database: Database, queries: Queries, length: str) -> None:
    random = Random(3)
    values = [random.lognormvariate(4, 1) for _ in range(400)]
    noon = at("2026-03-10T12:00+00:00")
    store(
        database,
        *((LOGIN, noon + timedelta(seconds=n), {"duration_ms": value}, {}) for n, value in enumerate(values)),
    )
    data = queries.chart("login-time-p95", queries.window(length))
    assert data.headline.value == pytest.approx(exact(values, 95), rel=0.011)
    assert data.headline.label == "95th percentile"
    drawn = data.series[0].v[~np.isnan(data.series[0].v)]
    assert min(values) <= drawn.min() <= drawn.max() <= max(values)


def test_a_percentile_is_compared_with_that_of_the_period_before(database: Database, queries: Queries) -> None:
    noon = at("2026-03-10T12:00+00:00")
    events = [(LOGIN, noon + timedelta(seconds=n), {"duration_ms": 200.0}, {}) for n in range(10)]
    events += [(LOGIN, noon - timedelta(hours=1, seconds=n), {"duration_ms": 100.0}, {}) for n in range(10)]
    store(database, *events)
    recorded_since(database, noon - timedelta(hours=9))
    data = queries.chart("login-time-p95", queries.window("1h"), compare="period")
    assert (data.headline.value, data.headline.previous) == (200, 100)
    assert np.nanmax(data.previous[0].v) == 100


def test_the_views_give_the_percentiles_of_the_charts(database: Database) -> None:
    random = Random(5)
    values = [random.gauss(0, 100) for _ in range(300)] + [0.0] * 30
    noon = at("2026-03-10T12:00+00:00")
    store(database, *((LOGIN, noon, {"duration_ms": value}, {}) for value in values))
    with database.reading() as connection:
        found = connection.execute(
            text("SELECT p50, p90, p95, p99 FROM metrics_day WHERE measurement = 'duration_ms'")
        ).one()
        assert connection.execute(text("SELECT p50 FROM metrics_day WHERE measurement IS NULL")).scalar() is None
    expected = [percentile(rows(values), percent)[0] for percent in PERCENTS]
    assert list(found) == pytest.approx(expected, rel=1e-12)
    assert list(found) == pytest.approx([exact(values, percent) for percent in PERCENTS], rel=0.011)


def test_what_is_compared_may_have_an_hour_twice() -> None:
    apart = rows([1.0, 1.0], [8.0])
    unknown = np.full(4, np.nan)
    twice = replace(apart, start=np.array([0, 1, 1, 7]), min=unknown, max=unknown)
    assert percentile(twice, 50) == pytest.approx([1, 8, 8, np.nan], rel=0.011, nan_ok=True)
