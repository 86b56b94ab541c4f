"""Unique counts as buckets keep them: exact for few, within their error for many, merged by maximum, in SQL too."""

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db import declared
from db.engine import Database
from db.events import insert_events
from db.registers import EXACT, REGISTERS, Hashes, count, estimate, hash_of, hash_sql, unpack, unpack_all
from db.rollups import lock
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.rollups import NOON, buckets, event, marks

LEVELS = ("minute", "hour", "day")


def hashes(*values: Any) -> Hashes:
    return np.array([hash_of(str(value)) for value in values], dtype=np.int64)


def declare(database: Database, *keys: str, name: str = "a.b") -> None:
    with database.begin() as connection:
        lock(connection)
        declared.declare(connection, declared.Declared(unique={name: keys}))


def packed(database: Database, level: str, key: str = "who") -> list[str | None]:
    with database.begin() as connection:
        query = "SELECT uniques ->> :key FROM telemetry_buckets WHERE bucket_type = :level ORDER BY bucket_start"
        return list(connection.execute(text(query), {"key": key, "level": level}).scalars())


def store(database: Database, *people: tuple[float, Any]) -> None:
    insert_events([event(minute, metadata={"who": who}) for minute, who in people], database=database)
    roll_up_all(database)


@given(st.lists(st.integers(0, 300)), st.integers(1, 5))
def test_few_are_counted_exactly_however_often_they_come_and_in_however_many_parts(who: list[int], parts: int) -> None:
    different = len(set(who))
    found = count([hashes(*who[part::parts]) for part in range(parts)])
    assert found == different if different <= EXACT else found == pytest.approx(different, rel=0.1)


@settings(max_examples=20)
@given(st.integers(EXACT + 1, 50_000), st.integers(0, 2**32))
def test_many_are_within_five_standard_errors_and_merging_is_as_good_as_counting_at_once(many: int, seed: int) -> None:
    drawn = np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, many, dtype=np.int64)
    found = count([drawn])
    assert found == pytest.approx(many, rel=5 * 0.025)
    assert count([drawn[: many // 2], drawn[many // 3 :]]) == found


def test_the_standard_error_is_at_most_2_5_percent() -> None:
    random = np.random.default_rng(11)
    for many in (200, 3000, 8000, 40_000):
        errors = [count([random.integers(-(2**63), 2**63 - 1, many, dtype=np.int64)]) / many - 1 for _ in range(60)]
        assert float(np.sqrt(np.mean(np.square(errors)))) < 0.028


def test_empty_registers_count_nothing_and_none_of_anything_is_none() -> None:
    assert estimate(np.zeros(REGISTERS, dtype=np.uint8)) == 0
    assert count([]) == 0


@pytest.mark.parametrize("kept", ["e2:00", "r1:00", "", "x"])
def test_another_version_is_no_number(kept: str) -> None:
    with pytest.raises(ValueError, match="this version"):
        unpack(kept)


def test_sql_hashes_as_python_does(database: Database) -> None:
    values = ["", "1", "true", "Zoë", "x" * 3000, *(str(Random(number).random()) for number in range(200))]
    with database.begin() as connection:
        query = text(f"SELECT {hash_sql('value')} FROM unnest(CAST(:values AS text[])) AS of (value)")
        assert list(connection.execute(query, {"values": values}).scalars()) == [hash_of(value) for value in values]


@pytest.mark.parametrize("many", [1, EXACT, EXACT + 1, 3000])
def test_every_level_keeps_what_all_its_values_make(database: Database, many: int) -> None:
    declare(database, "who")
    random = Random(many)
    people = [(random.randrange(180), who) for who in range(many)] + [(200, 0), (200, None)]
    store(database, *people, (201, "never seen before") if many == 1 else (201, 0))
    expected = count([hashes(*{who for _, who in people if who is not None})])
    for level in LEVELS:
        kept = [unpack(each) for each in packed(database, level) if each]
        assert count(kept) == (2 if many == 1 else expected)
    (day,) = packed(database, "day")
    assert day is not None
    assert day.startswith("e1:" if many <= EXACT else "r1:")
    assert buckets(database, "day")[0]["uniques"] == {"who": count([unpack(day)])}
    assert audit(database) == []


def test_only_events_count_and_only_values(database: Database) -> None:
    declare(database, "who")
    insert_events([event(0, metadata={"who": None}), event(0, metadata={"other": 1})], database=database)
    roll_up_all(database)
    assert packed(database, "minute") == ["e1:"]
    assert buckets(database, "day")[0]["uniques"] == {"who": 0}


def test_a_declaration_reaches_back_as_far_as_raw_events_are_held(database: Database) -> None:
    store(database, (0, "ann"), (-24 * 60, "bob"))
    assert packed(database, "day") == [None, None]
    with database.begin() as connection:
        floor = NOON.replace(hour=0)
        connection.execute(
            text("UPDATE retention_floors SET recompute_floor = :floor WHERE level = 'raw'"), {"floor": floor}
        )
    declare(database, "who")
    assert [start for _, start in marks(database)] == [NOON]
    declare(database, "who")
    assert len(marks(database)) == 1
    roll_up_all(database)
    assert [each is not None for each in packed(database, "day")] == [False, True]
    assert audit(database) == []


def test_what_a_bucket_kept_wrongly_is_a_difference(database: Database) -> None:
    declare(database, "who")
    store(database, (0, "ann"), (1, "bob"))
    with database.begin() as connection:
        connection.execute(
            text("UPDATE telemetry_buckets SET uniques = jsonb_build_object('who', 'e1:') WHERE bucket_start = :noon "
                 "AND bucket_type = 'minute'"),
            {"noon": NOON},
        )  # fmt: skip
    assert [str(each).split(" is ")[0].split(": ", 1)[1] for each in audit(database)] == ["unique values of who"] * 2


def test_all_are_read_at_once_as_each_is_by_itself() -> None:
    registers = "r1:" + "0" * (REGISTERS - 1) + "5"
    texts = ["e1:", "e1:" + " ".join(["ff" * 8, "00" * 8, "7" + "f" * 15]), registers, "e1:" + "0" * 15 + "1"]
    found = unpack_all([texts[0], "", *texts[1:]])
    assert found.known.tolist() == [True, False, True, True, True]
    assert found.sizes.tolist() == [0, 0, 3, 0, 1]
    assert found.hashes.tolist() == [*unpack(texts[1]).tolist(), 1]
    ((place, each),) = found.registers
    assert (place, each.tolist()) == (3, unpack(registers).tolist())
    assert not len(unpack_all([]).known)
    with pytest.raises(ValueError, match="no unique count of this version"):
        unpack_all(["e2:00"])
