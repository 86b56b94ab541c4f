"""Splits: of each value of a declared dimension everything that its bucket has, adding up to it on every level."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from db import declared
from db.aggregates import Aggregate, encode_aggregates
from db.bins import place_of, unpack
from db.engine import Database
from db.events import insert_events
from db.labels import OTHER, VALUE_BYTES
from db.levels import LEVELS
from db.registers import count, hash_of
from db.registers import unpack as unpack_unique
from db.rollups import lock
from db.splits import VALUES_PER_SPLIT
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.rollups import NOON, buckets, event, marks

Rows = dict[tuple[datetime, str], Mapping[str, Any]]


def declare(database: Database, *dimensions: str, unique: Iterable[str] = (), name: str = "a.b") -> None:
    with database.begin() as connection:
        lock(connection)
        declared.declare(connection, declared.Declared(unique={name: list(unique)}, split={name: dimensions}))


def splits(database: Database, level: str = "minute", dimension: str = "land", name: str = "a.b") -> Rows:
    with database.begin() as connection:
        found = connection.execute(
            text(
                "SELECT * FROM telemetry_splits WHERE event_name = :name AND bucket_type = :level "
                "AND dimension = :dimension"
            ),
            {"name": name, "level": level, "dimension": dimension},
        ).mappings()
        return {(row["bucket_start"].astimezone(UTC), row["value"]): dict(row) for row in found}


def counts(database: Database, level: str = "minute", dimension: str = "land") -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, value), row in splits(database, level, dimension).items():
        found[value] = found.get(value, 0) + row["count"]
    return found


def label(metadata: Mapping[str, Any], dimension: str) -> str:
    if dimension not in metadata:
        return OTHER
    value = metadata[dimension]
    return value if isinstance(value, str) else json.dumps(value)


def assert_is(row: Mapping[str, Any], events: list[dict[str, Any]], unique: Iterable[str] = ()) -> None:
    """A row holds exactly what these events say."""
    values: dict[str, list[float]] = {}
    for each in events:
        for key, number in each["measurements"].items():
            values.setdefault(key, []).append(number)
    assert row["count"] == len(events)
    assert row["measurements"].keys() == values.keys() == row["histograms"].keys()
    for key, numbers in values.items():
        many, total, least, most = row["measurements"][key]
        assert (many, least, most) == (len(numbers), min(numbers), max(numbers))
        assert total == pytest.approx(sum(numbers), abs=1e-6)
        places = [place_of(number) for number in numbers]
        assert unpack(row["histograms"][key]) == {place: places.count(place) for place in places}
    assert row["uniques"].keys() == set(unique)
    for key in unique:
        carried = {label(each["metadata"], key) for each in events if each["metadata"].get(key) is not None}
        hashes = np.array([hash_of(value) for value in carried], dtype=np.int64)
        assert count([unpack_unique(row["uniques"][key])]) == count([hashes])


def grouped(
    events: list[dict[str, Any]], width: timedelta, of: Callable[[dict[str, Any]], str]
) -> dict[tuple[datetime, str], list[dict[str, Any]]]:
    found: dict[tuple[datetime, str], list[dict[str, Any]]] = {}
    for each in events:
        start = each["occurred_at"] - (each["occurred_at"] - datetime(1970, 1, 1, tzinfo=UTC)) % width
        found.setdefault((start, of(each)), []).append(each)
    return found


def random_events(number: int, seed: int) -> list[dict[str, Any]]:
    random = Random(seed)
    made = []
    for _ in range(number):
        metadata = {
            key: random.choice(values)
            for key, values in {
                "land": ["de", "fr", "a:b", "", None, 7, True],
                "tier": [1, 2],
                "who": range(40),
            }.items()
            if random.random() < 0.8
        }
        numbers = {
            key: random.choice([0.0, -1, random.gauss(0, 1e3), random.random()]) for key in "xy"[: random.randrange(3)]
        }
        made.append(event(random.uniform(-180, 0), metadata=metadata, **numbers))
    return made


@pytest.mark.parametrize("seed", range(3))
def test_each_value_has_exactly_what_its_events_say_on_every_level(database: Database, seed: int) -> None:
    declare(database, "land", "tier", unique=["who"])
    events = random_events(900, seed)
    insert_events(events[:600], database=database)
    roll_up_all(database)
    insert_events(events[600:], database=database)
    roll_up_all(database)
    for level in LEVELS:
        for dimension in ("land", "tier"):
            expected = grouped(events, level.width, lambda each, key=dimension: label(each["metadata"], key))
            stored = splits(database, level.name, dimension)
            assert stored.keys() == expected.keys()
            for key, those in expected.items():
                assert_is(stored[key], those, ["who"])
    assert audit(database) == []


def test_an_event_that_is_not_declared_has_none(database: Database) -> None:
    declare(database, "land", name="c.d")
    insert_events([event(metadata={"land": "de"})], database=database)
    roll_up_all(database)
    assert counts(database) == {}


@pytest.mark.parametrize("open_minute", [False, True])
def test_of_one_pass_an_event_that_is_declared_and_one_that_is_not_get_what_each_would_alone(
    database: Database, open_minute: bool
) -> None:
    declare(database, "land", "tier", unique=["who"], name="c.d")
    later = datetime.now(UTC) - NOON if open_minute else timedelta(0)
    events = [{**each, "occurred_at": each["occurred_at"] + later} for each in random_events(300, 7)]
    insert_events([*events, *({**each, "event_name": "c.d"} for each in events)], database=database)
    roll_up_all(database)
    for level in LEVELS:
        assert splits(database, level.name) == {}
        stored = splits(database, level.name, name="c.d")
        expected = grouped(events, level.width, lambda each: label(each["metadata"], "land"))
        assert stored.keys() == expected.keys()
        for key, those in expected.items():
            assert_is(stored[key], those, ["who"])
        plain, split = (buckets(database, level.name, name) for name in ("a.b", "c.d"))
        for one, other in zip(plain, split, strict=True):
            own = {"event_name", "uniques", "inserted_at"}
            assert one["sum_values"] == pytest.approx(other.pop("sum_values"), abs=1e-6)
            assert {key: one[key] for key in other.keys() - own} == {key: other[key] for key in other.keys() - own}
    assert audit(database) == []


def test_the_50_most_frequent_are_listed_and_all_others_are_one_row_so_that_all_of_them_add_up(
    database: Database,
) -> None:
    declare(database, "land")
    many = VALUES_PER_SPLIT + 10
    # Value n has n + 1 events of n each.
    events = [event(n % 3, metadata={"land": f"x{n}"}, x=n) for n in range(many) for _ in range(n + 1)]
    events += [
        event(1, x=1000),
        event(1, metadata={"land": "y" * (VALUE_BYTES + 1)}, x=-2),
        event(metadata={"land": OTHER}),
    ]
    # All of a value's events lie in one of three minutes.
    insert_events(events, database=database)
    roll_up_all(database)
    assert len(counts(database)) == many + 1
    hour = splits(database, "hour")
    listed = {value for _, value in hour} - {OTHER}
    assert listed == {f"x{n}" for n in range(10, many)}
    for level in LEVELS:
        for value, those in grouped(
            events,
            level.width,
            lambda each: each["metadata"].get("land", "") if each["metadata"].get("land", "") in listed else OTHER,
        ).items():
            if level.name != "minute":
                assert_is(splits(database, level.name)[value], those)
    assert audit(database) == []


def test_values_that_occur_once_each_list_none_and_cost_one_row(database: Database) -> None:
    declare(database, "land")
    insert_events([event(metadata={"land": n}, x=n) for n in range(200)], database=database)
    roll_up_all(database)
    assert counts(database) == counts(database, "day") == {OTHER: 200}
    assert audit(database) == []
    (row,) = splits(database, "day").values()
    assert row["measurements"] == {"x": [200, 19900, 0, 199]}


def test_samples_are_split_though_they_are_no_events(database: Database) -> None:
    declare(database, "land")
    insert_events([event(0, metadata={"land": "de"}, x=n) for n in range(3)], database=database)
    with database.begin() as connection:
        connection.execute(text("UPDATE telemetry_events SET kind = 'sample'"))
    roll_up_all(database)
    assert {value: (row["count"], row["measurements"]) for (_, value), row in splits(database, "day").items()} == {
        "de": (0, {"x": [3, 3, 0, 2]})
    }
    assert audit(database) == []


def test_what_is_an_aggregate_already_is_merged_by_value(database: Database) -> None:
    declare(database, "land")
    histogram = {"scale": 5, "zero": 0, "positive": [0, [4, 0, 6]]}
    known = {"x": Aggregate(10, 11.0, 1.0, 1.06, histogram), "y": Aggregate(2, None)}
    insert_events([event(metadata={"land": "de"}, x=5)], database=database)
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO telemetry_events (event_name, measurements, metadata, occurred_at, weight, aggregates) "
                "VALUES ('a.b', '{}', '{\"land\": \"de\"}', :noon, 10, CAST(:known AS jsonb))"
            ),
            {"noon": NOON, "known": encode_aggregates(known).decode()},
        )
    roll_up_all(database)
    for level in LEVELS:
        (row,) = splits(database, level.name).values()
        assert row["count"] == 11
        assert row["measurements"] == {"x": [11, 16, 1, 5], "y": [2, None, None, None]}
        assert sum(unpack(row["histograms"]["x"]).values()) == 11
    assert audit(database) == []


def test_a_declaration_reaches_back_as_far_as_raw_events_are_held(database: Database) -> None:
    insert_events([event(0, metadata={"land": "de"}), event(-24 * 60, metadata={"land": "de"})], database=database)
    roll_up_all(database)
    with database.begin() as connection:
        connection.execute(
            text("UPDATE retention_floors SET recompute_floor = :floor WHERE level = 'raw'"),
            {"floor": NOON.replace(hour=0)},
        )
    declare(database, "land")
    assert [start for _, start in marks(database)] == [NOON]
    declare(database, "land")
    assert len(marks(database)) == 1
    roll_up_all(database)
    assert [start for start, _ in splits(database, "day")] == [NOON.replace(hour=0)]
    assert audit(database) == []


def test_an_hour_has_a_split_only_where_all_of_its_minutes_have(database: Database) -> None:
    declare(database, "land")
    insert_events([event(n, metadata={"land": "de"}) for n in range(3)], database=database)
    roll_up_all(database)
    with database.begin() as connection:
        connection.execute(
            text("DELETE FROM telemetry_splits WHERE bucket_type = 'minute' AND bucket_start = :noon"), {"noon": NOON}
        )
        connection.execute(
            text("INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES ('hour', 'a.b', :noon)"),
            {"noon": NOON},
        )
    roll_up_all(database)
    assert counts(database) == {"de": 2}
    assert counts(database, "hour") == counts(database, "day") == {}


def test_a_value_that_leaves_its_bucket_leaves_its_split(database: Database) -> None:
    declare(database, "land")
    insert_events([event(metadata={"land": "de"}), event(metadata={"land": "fr"})], database=database)
    roll_up_all(database)
    with database.begin() as connection:
        connection.execute(text("UPDATE telemetry_events SET metadata = '{}' WHERE metadata @> '{\"land\": \"de\"}'"))
    insert_events([event(metadata={"land": "fr"})], database=database)
    roll_up_all(database)
    assert counts(database) == counts(database, "day") == {"fr": 2, OTHER: 1}
