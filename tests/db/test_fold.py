"""The fold keeps apart what differs, bounds what it names, and does work that grows with what it reads only."""

import json
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from db import rollups
from db.engine import Database
from db.events import insert_events
from db.fold import BUCKETS, EVENTS, KEYS_PER_EVENT
from db.labels import OTHER, split_label
from db.levels import LEVELS
from db.whole import FINDING_NOTHING
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all, run_pass
from tests.support.older import store_unchecked
from tests.support.rollups import NOON, buckets, event

EVERY_LEVEL = pytest.mark.parametrize("level", ["minute", "hour", "day"])
REST = f"{OTHER}:{OTHER}"


def folded(database: Database, *events: dict[str, Any], level: str = "minute") -> Mapping[str, Any]:
    """The one bucket that events make; the audit agrees."""
    insert_events(events, database=database)
    roll_up_all(database)
    assert audit(database) == []
    (bucket,) = buckets(database, level)
    return bucket


# Labels


@EVERY_LEVEL
def test_pairs_that_read_alike_are_counted_apart(database: Database, level: str) -> None:
    bucket = folded(database, event(metadata={"a": "b:x"}), event(metadata={"a:b": "x"}), event(metadata={"a:b": "x"}))
    assert level
    assert bucket["metadata_counts"] == {"a:b:x": 1, "a\\:b:x": 2}


ODD = ["a", "a:", ":a", ":", "::", "", "\\", "\\:", ":\\", "a\\", '"', "'", "ü", "日本", "%s", "a b", "{}", "$$", "\n"]


@EVERY_LEVEL
def test_every_odd_key_and_value_is_counted_as_itself(database: Database, level: str) -> None:
    events = [event(metadata=dict.fromkeys(ODD, value)) for value in ODD]
    found = folded(database, *events, level=level)["metadata_counts"]
    assert {split_label(label): count for label, count in found.items()} == {
        (key, value): 1 for key in ODD for value in ODD
    }


@EVERY_LEVEL
def test_values_of_one_text_are_one_value_whatever_their_type(database: Database, level: str) -> None:
    values = [1, "1", True, "true", None, "null"]
    bucket = folded(database, *[event(metadata={"k": value}) for value in values], level=level)
    assert bucket["metadata_counts"] == {"k:1": 2, "k:true": 2, "k:null": 2}


@EVERY_LEVEL
def test_what_is_called_like_the_rest_counts_with_the_rest(database: Database, level: str) -> None:
    events = [event(metadata={OTHER: "x", "k": OTHER}, **{OTHER: 5, "ms": 1}), event(metadata={OTHER: "y"}, ms=2)]
    bucket = folded(database, *events, level=level)
    assert bucket["metadata_counts"] == {REST: 2, f"k:{OTHER}": 1}
    assert bucket["value_counts"] == {"ms": 2, OTHER: 1}
    assert bucket["sum_values"] == {"ms": 3}


@EVERY_LEVEL
def test_long_values_and_keys_count_with_the_rest(database: Database, level: str) -> None:
    metadata = {"url": "x" * 1024, "long": "x" * 1025, "k" * 255: 1, "k" * 256: 1, "ü" * 128: 1}
    bucket = folded(database, event(metadata=metadata, **{"m" * 255: 1, "m" * 256: 2}), level=level)
    assert bucket["metadata_counts"] == {"url:" + "x" * 1024: 1, f"long:{OTHER}": 1, "k" * 255 + ":1": 1, REST: 2}
    assert bucket["value_counts"] == {"m" * 255: 1, OTHER: 1}


# Last samples


@EVERY_LEVEL
def test_a_bucket_keeps_the_last_sample_and_its_time_in_whatever_order_they_come(
    database: Database, level: str
) -> None:
    times = [0.5, 40, 20.25, 40, 3]
    samples = [event(minute, ms=value) for minute, value in zip(times, [9, 3, 7, 5, 8], strict=True)]
    last = [(NOON + timedelta(minutes=40)).timestamp(), 5]
    for one in Random(1).sample(samples, len(samples)):
        insert_events([one], database=database)
        roll_up_all(database)
    assert audit(database) == []
    assert buckets(database, level)[-1]["last_values"] == {"ms": last}


@EVERY_LEVEL
def test_each_measurement_has_a_last_sample_of_its_own(database: Database, level: str) -> None:
    bucket = folded(database, event(0, ms=-1.5), event(0.25, hp=1e-9), event(0.5), level=level)
    at = NOON.timestamp()
    assert bucket["last_values"] == {"ms": [at, -1.5], "hp": [at + 15, 1e-9]}


def test_a_late_event_is_no_last_sample(database: Database) -> None:
    folded(database, event(30, ms=1), level="hour")
    insert_events([event(10, ms=2)], database=database)
    roll_up_all(database)
    assert buckets(database, "hour")[0]["last_values"] == {"ms": [(NOON + timedelta(minutes=30)).timestamp(), 1]}


def test_buckets_of_an_older_version_have_none_and_are_added_up_all_the_same(database: Database) -> None:
    insert_events([event(0, ms=1), event(1, ms=2)], database=database)
    roll_up_all(database)
    with database.begin() as connection:
        connection.execute(text("UPDATE telemetry_buckets SET last_values = NULL, histograms = NULL"))
        connection.execute(text("DELETE FROM telemetry_events"))
        connection.execute(
            text("UPDATE retention_floors SET recompute_floor = :day WHERE level = 'raw'"),
            {"day": NOON + timedelta(days=1)},
        )
    roll_up_all(database)
    (hour,) = buckets(database, "hour")
    assert (hour["sum_values"], hour["last_values"], hour["histograms"]) == ({"ms": 3}, {}, {})


# Bounds


def many(count: int, wide: int = 64, minute: int = 0) -> list[dict[str, Any]]:
    """Events that name ``count`` different measurements and as many metadata keys, ``wide`` each."""
    names = [f"x{number}" for number in range(count)]
    groups = [names[start : start + wide] for start in range(0, count, wide)]
    return [event(minute, metadata=dict.fromkeys(group, 1), **dict.fromkeys(group, 2.0)) for group in groups]


@EVERY_LEVEL
def test_an_event_names_so_many_keys_and_the_rest_is_counted_together(database: Database, level: str) -> None:
    bucket = folded(database, *many(1000), level=level)
    assert len(bucket["value_counts"]) == len(bucket["metadata_counts"]) == KEYS_PER_EVENT + 1
    assert len(bucket["sum_values"]) == len(bucket["min_values"]) == len(bucket["max_values"]) == KEYS_PER_EVENT
    assert bucket["value_counts"][OTHER] == bucket["metadata_counts"][REST] == 1000 - KEYS_PER_EVENT
    assert sum(bucket["value_counts"].values()) == sum(bucket["metadata_counts"].values()) == 1000


def test_exactly_so_many_keys_all_have_a_place(database: Database) -> None:
    bucket = folded(database, *many(KEYS_PER_EVENT))
    assert OTHER not in bucket["value_counts"]
    assert REST not in bucket["metadata_counts"]


def test_the_most_frequent_of_the_first_are_named(database: Database) -> None:
    usual = [event(metadata={"zone": "north"}, ms=1) for _ in range(2)]
    bucket = folded(database, *many(1000), *usual)
    assert bucket["sum_values"]["ms"] == 2
    assert bucket["metadata_counts"]["zone:north"] == 2


def test_who_comes_first_keeps_the_place_in_every_bucket_and_other_events_have_their_own(database: Database) -> None:
    insert_events([event(5, metadata={"zone": 1}, ms=1), event(5, "c.d", {"key": 1}, n=1)], database=database)
    roll_up_all(database)
    insert_events([*many(1000), *many(1000, minute=9), event(0, metadata={"zone": 1}, ms=1)], database=database)
    insert_events([event(0, "c.d", {"key": 2}, n=2)], database=database)
    roll_up_all(database)
    named = {key for bucket in buckets(database) for key in bucket["value_counts"]} - {OTHER}
    assert "ms" in named
    assert len(named) == KEYS_PER_EVENT
    assert buckets(database, "day", "c.d")[0]["value_counts"] == {"n": 2}
    assert audit(database) == []


def test_a_bucket_that_is_computed_again_names_the_same(database: Database) -> None:
    insert_events([*many(500), *many(700, minute=1)], database=database)
    roll_up_all(database)
    before = [(b["value_counts"], b["metadata_counts"]) for level in LEVELS for b in buckets(database, level.name)]
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rollup_dirty (level, event_name, bucket_start) "
                "SELECT bucket_type, event_name, bucket_start FROM telemetry_buckets WHERE bucket_type <> 'five'"
            )
        )
    roll_up_all(database, limit=1)
    after = [(b["value_counts"], b["metadata_counts"]) for level in LEVELS for b in buckets(database, level.name)]
    assert before == after


def test_a_pass_that_is_rolled_back_names_nothing(database: Database) -> None:
    insert_events(many(10), database=database)
    with database.engine.connect() as connection:
        rollups.lock(connection)
        rollups.rebuild(connection, LEVELS[0], rollups.take(connection, "minute", 10))
        connection.rollback()
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM event_keys")).scalar_one() == 0


# Work


def blocks_and_plan(database: Database, level: int) -> tuple[int, list[dict[str, Any]]]:
    """Blocks that the fold of what is dirty at a level touches, and the nodes of its plan."""
    with database.engine.connect() as connection:
        rollups.prepare(connection)
        keys = rollups.take(connection, LEVELS[level].name, 10_000)
        assert keys.earliest is not None
        assert keys.latest is not None
        parameters = {
            **keys.parameters(),
            "level": LEVELS[level].name,
            "source": LEVELS[level].source,
            "width": LEVELS[level].width,
            "earliest": keys.earliest,
            "end": keys.latest + LEVELS[level].width,
            **FINDING_NOTHING,
        }
        connection.execute(
            text("DELETE FROM telemetry_buckets WHERE bucket_type = :level"), {"level": LEVELS[level].name}
        )
        fold = (BUCKETS if level else EVENTS).full.text
        connection.execute(text("SET LOCAL enable_nestloop = off"))
        explain = text(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {fold}")
        found = connection.execute(explain, parameters).scalar_one()
        connection.rollback()
    plan = (found if isinstance(found, list) else json.loads(found))[0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], list(_nodes(plan))


def _nodes(plan: dict[str, Any]) -> Any:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def noise(size: int) -> str:
    """A text that can't be compressed, so that it is stored outside of its row."""
    return Random(size).randbytes(size // 2).hex()


def test_a_wide_event_is_unpacked_once_and_not_once_for_each_of_its_keys(database: Database) -> None:
    def touched(keys: int) -> int:
        each = {f"k{number}": noise(12_000 // keys + number) for number in range(keys)}
        events = [event(n / 60, f"w.x{keys}", {**each, "n": n}) for n in range(40)]
        insert_events(events[:1], database=database)
        roll_up_all(database)  # the keys have their places
        insert_events(events[1:], database=database)
        blocks, _ = blocks_and_plan(database, 0)
        roll_up_all(database)
        return blocks

    touched(2)  # the first pass warms the catalogs
    assert touched(48) < 2 * touched(3)


def test_a_bucket_of_many_names_that_an_older_version_left_is_unpacked_once(database: Database) -> None:
    def touched(names: int) -> int:
        store_unchecked(database, [event(n, f"w.x{names}", v=1) for n in range(3)])
        run_pass(database)
        numbers = json.dumps({noise(40)[:30] + str(number): number + 0.5 for number in range(names)})
        with database.begin() as connection:
            for column in ("value_counts", "sum_values", "min_values", "max_values"):
                cast = "jsonb_strip_nulls" if column != "value_counts" else ""
                connection.execute(
                    text(
                        f"UPDATE telemetry_buckets SET {column} = {cast}(CAST(:map AS jsonb)) "
                        "WHERE bucket_type = 'minute' AND event_name = :name"
                    ),
                    {"map": numbers.replace(".5", "") if column == "value_counts" else numbers, "name": f"w.x{names}"},
                )
            connection.execute(
                text("INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES ('hour', :name, :noon)"),
                {"name": f"w.x{names}", "noon": NOON},
            )
        return blocks_and_plan(database, 1)[0]

    touched(10)
    assert touched(8000) < 8 * touched(2000)


def test_sets_are_joined_by_hashing(database: Database) -> None:
    insert_events([event(n, f"w.x{n}", {f"k{n}": n}, **{f"m{n}": 1}) for n in range(50)], database=database)
    _, nodes = blocks_and_plan(database, 0)
    loops = [node for node in nodes if node["Node Type"] == "Nested Loop"]
    # Only what is lateral: each bucket's events, and the values of a label.
    inner = {node["Plans"][1]["Node Type"] for node in loops}
    assert inner <= {"Append", "Index Scan", "Subquery Scan", "Function Scan", "Bitmap Heap Scan", "Seq Scan", "Limit"}
    assert not any(node["Plans"][1].get("CTE Name") for node in loops)


def test_four_times_the_names_read_four_times_the_rows(database: Database) -> None:
    def rows(names: int, minute: int) -> int:
        insert_events(many(names, minute=minute), database=database)
        _, nodes = blocks_and_plan(database, 0)
        roll_up_all(database)
        return sum(node["Actual Rows"] * node["Actual Loops"] for node in nodes)

    rows(300, 0)
    assert rows(16_000, 1) < 4.5 * rows(4_000, 2)
