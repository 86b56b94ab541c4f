"""The list of levels is the one that the schema's constraints and rows know, too."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db.engine import Database
from db.levels import BUCKET_TYPES, COMPARED, FIVE, LATE, LEVEL_NAMES, LEVELS, RAW, SOURCES, STORED_TYPES, WIDTHS


def allowed(database: Database, constraint: str) -> set[str]:
    """The names that a check constraint lists."""
    with database.reading() as connection:
        definition = connection.execute(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"), {"name": constraint}
        ).scalar_one()
    return set(re.findall(r"'(\w+)'", definition))


def test_each_level_is_made_from_the_next_finer_one_and_its_buckets_hold_whole_ones() -> None:
    assert [level.source for level in LEVELS] == [RAW, *(level.name for level in LEVELS[:-1])]
    assert all(coarse.width % fine.width == timedelta(0) for fine, coarse in pairwise(LEVELS))
    assert {level.name: (level.source, level.width) for level in LEVELS} == {
        name: (SOURCES[name], WIDTHS[name]) for name in BUCKET_TYPES
    }


def test_fives_are_no_level_and_lie_within_the_next_coarser_one() -> None:
    assert [level.name for level in LEVELS] == list(BUCKET_TYPES)
    assert FIVE not in LEVELS
    assert FIVE in COMPARED
    assert set(STORED_TYPES) == {FIVE.name, *BUCKET_TYPES}
    assert FIVE.source == LEVELS[0].name
    assert LEVELS[1].width % FIVE.width == FIVE.width % LEVELS[0].width == timedelta(0)


def test_days_are_the_coarsest_and_no_bucket_crosses_one() -> None:
    assert LEVELS[-1].width == timedelta(days=1)
    assert (RAW, *BUCKET_TYPES) == LEVEL_NAMES


@pytest.mark.parametrize(
    ("constraint", "names"),
    [
        ("telemetry_buckets_type", STORED_TYPES),
        ("telemetry_splits_type", STORED_TYPES),
        ("rollup_dirty_level", (*BUCKET_TYPES, LATE)),
        ("retention_floors_level", LEVEL_NAMES),
    ],
)
def test_the_schema_allows_these_levels_and_no_other(
    database: Database, constraint: str, names: tuple[str, ...]
) -> None:
    assert allowed(database, constraint) == set(names)


def test_every_level_has_a_floor_from_the_beginning(database: Database) -> None:
    with database.reading() as connection:
        assert set(connection.execute(text("SELECT level FROM retention_floors")).scalars()) == set(LEVEL_NAMES)


def test_a_level_that_is_none_is_refused_by_the_schema(database: Database) -> None:
    week = "INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES ('week', 'a.b', now())"
    with pytest.raises(IntegrityError, match="rollup_dirty_level"), database.begin() as connection:
        connection.execute(text(week))
