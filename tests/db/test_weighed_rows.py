"""Rows that hold more than one event: through the ledger, the fold at every level, the audit and a purge."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db.aggregates import Aggregate
from db.batches import Batch
from db.engine import Database
from db.events import insert_events, query_events
from db.ledger import write_batch_bisecting, write_batches
from db.lowering import lower_floor
from db.partitions import ensure_partitions
from db.rows import DELTA, EVENT, KINDS, SAMPLE
from metrics_dash.ingest.event import Event, check_event
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.rollups import FOREVER, NOON, buckets, event

EVERY_LEVEL = ("minute", "hour", "day")


def of(measurements: dict[str, float] | None = None, metadata: dict[str, Any] | None = None, **more: Any) -> Event:
    return Event("a.b", measurements or {}, metadata or {}, more.pop("at", NOON), **more)


def store(database: Database, events: Sequence[Event], *, bisecting: bool = False) -> None:
    batch = Batch(uuid4(), [check_event(each, NOON + timedelta(days=1), timedelta(days=9000)) for each in events])
    ensure_partitions(database, {each.occurred_at.date() for each in events if each.occurred_at})
    with database.begin() as connection:
        if bisecting:
            write_batch_bisecting(connection, batch)
        else:
            write_batches(connection, [batch])


def folded(database: Database, *events: Event) -> dict[str, Any]:
    """The bucket that the rows make at every level; the audit agrees."""
    store(database, events)
    roll_up_all(database)
    assert audit(database) == []
    found = [buckets(database, level)[0] for level in EVERY_LEVEL]
    parts = ("count", "value_counts", "sum_values", "min_values", "max_values", "metadata_counts")
    minute, hour, day = ({part: bucket[part] for part in parts} for bucket in found)
    assert minute == hour == day
    return minute


def test_an_event_counts_as_often_as_it_weighs(database: Database) -> None:
    bucket = folded(database, of({"ms": 5}, {"ok": True}, weight=10), of({"ms": 7}, {"ok": True}))
    assert bucket == {
        "count": 11,
        "value_counts": {"ms": 11},
        "sum_values": {"ms": 57},
        "min_values": {"ms": 5},
        "max_values": {"ms": 7},
        "metadata_counts": {"ok:true": 11},
    }


@pytest.mark.parametrize("kind", [DELTA, SAMPLE])
def test_samples_and_deltas_are_measured_and_count_as_no_event(database: Database, kind: str) -> None:
    bucket = folded(database, of({"players": 40}, {"realm": "eu"}, kind=kind), of({"players": 60}, kind=kind))
    assert (bucket["count"], bucket["metadata_counts"]) == (0, {})
    assert (bucket["value_counts"], bucket["sum_values"]) == ({"players": 2}, {"players": 100})
    assert (bucket["min_values"], bucket["max_values"]) == ({"players": 40}, {"players": 60})


def test_an_aggregate_of_a_hundred_values_is_a_hundred_of_them_and_not_one(database: Database) -> None:
    point = of({}, {"route": "/"}, weight=100, aggregates={"ms": Aggregate(100, 2500.5, 1, 90, {"scale": 5})})
    bucket = folded(database, point, of({"ms": 100}))
    assert bucket == {
        "count": 101,
        "value_counts": {"ms": 101},
        "sum_values": {"ms": 2600.5},
        "min_values": {"ms": 1},
        "max_values": {"ms": 100},
        "metadata_counts": {"route:/": 100},
    }


def test_an_aggregate_without_extremes_leaves_them_to_the_others(database: Database) -> None:
    bucket = folded(database, of(aggregates={"ms": Aggregate(4, 10)}, weight=4), of({"ms": 3}))
    assert (bucket["min_values"], bucket["max_values"], bucket["sum_values"]) == ({"ms": 3}, {"ms": 3}, {"ms": 13})


def test_aggregates_alone_without_extremes_have_none(database: Database) -> None:
    bucket = folded(database, of(aggregates={"ms": Aggregate(4, 10)}, weight=4))
    assert (bucket["value_counts"], bucket["sum_values"]) == ({"ms": 4}, {"ms": 10})
    assert (bucket["min_values"], bucket["max_values"]) == ({}, {})


_ROWS = st.builds(
    of,
    st.dictionaries(st.sampled_from(["ms", "n"]), st.integers(-1000, 1000), max_size=2),
    st.dictionaries(st.sampled_from(["k", "l"]), st.sampled_from(["x", "y"]), max_size=2),
    weight=st.integers(1, 1000),
    kind=st.sampled_from(KINDS),
    aggregates=st.dictionaries(
        st.sampled_from(["ms", "agg"]),
        st.builds(
            Aggregate,
            st.integers(1, 500),
            st.integers(-1000, 1000),
            st.none() | st.integers(-9, 0),
            st.none() | st.integers(1, 9),
        ),
        max_size=2,
    ),
    at=st.integers(0, 200).map(lambda minutes: NOON + timedelta(minutes=minutes)),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_ROWS, min_size=1, max_size=12))
def test_any_mixture_of_rows_is_what_the_audit_finds_at_every_level(database: Database, rows: list[Event]) -> None:
    with database.begin() as connection:
        for table in ("telemetry_events", "telemetry_buckets", "rollup_dirty"):
            connection.execute(text(f"TRUNCATE {table}"))
    store(database, rows)
    roll_up_all(database)
    assert audit(database) == []
    for level in EVERY_LEVEL:
        found = buckets(database, level)
        assert sum(bucket["count"] for bucket in found) == sum(row.weight for row in rows if row.kind == EVENT)
        numbers = sum(row.weight * len(row.measurements) for row in rows)
        values = numbers + sum(each.count for row in rows for each in row.aggregates.values())
        assert sum(sum(bucket["value_counts"].values()) for bucket in found) == values


@pytest.mark.parametrize("bisecting", [False, True])
def test_plain_rows_and_others_of_one_batch_are_all_stored(database: Database, bisecting: bool) -> None:
    histogram = {"scale": 5, "positive": [1, [2]]}
    point = of(weight=2, kind=DELTA, aggregates={"ms": Aggregate(2, 3, 1, 2, histogram)})
    store(database, [of({"ms": 1}), point, of({"ms": 2}, weight=3)], bisecting=bisecting)
    found = query_events("a.b", *FOREVER, database=database)
    assert sorted((each["weight"], each["kind"], str(each["aggregates"])) for each in found) == [
        (1, EVENT, "{}"),
        (2, DELTA, str({"ms": {"max": 2, "min": 1, "sum": 3, "bins": "40002:2", "count": 2, "histogram": histogram}})),
        (3, EVENT, "{}"),
    ]


def test_a_row_that_the_database_refuses_goes_to_quarantine_with_all_that_it_holds(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE telemetry_events ADD CONSTRAINT odd CHECK (weight <> 7)"))
    store(database, [of({"ms": 1}), of({"ms": 2}, weight=7, kind=SAMPLE)], bisecting=True)
    with database.reading() as connection:
        payload = connection.execute(text("SELECT CAST(payload AS jsonb) FROM ingest_quarantine")).scalar_one()
    assert (payload["weight"], payload["kind"], payload["aggregates"]) == (7, SAMPLE, {})
    assert len(query_events("a.b", *FOREVER, database=database)) == 1


def test_a_floor_is_not_lowered_below_samples_that_were_dropped(database: Database) -> None:
    store(database, [of({"players": 5}, kind=SAMPLE)])
    insert_events([event(60)], database=database)
    roll_up_all(database)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM telemetry_events WHERE kind = 'sample'"))
        connection.execute(
            text("UPDATE retention_floors SET ingest_floor = :f, recompute_floor = :f WHERE level = 'raw'"),
            {"f": NOON + timedelta(hours=2)},
        )
    assert lower_floor(database, "raw") == NOON + timedelta(minutes=1)
