"""Keys of buckets: what one statement names another takes, cut in halves as often as need be, and none is lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from db.engine import Database
from db.keys import BucketKeys, bucket_arrays

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
BUCKETS = """
SELECT name AS event_name, :noon + number * interval '1 minute' AS bucket_start, :noon AS marked_at
FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS bucket (name, number) ORDER BY number
"""
ODD_NAMES = ["a.b", "with,comma", 'with"quote', "with\\backslash", "{braces}", "NULL", "", "ä"]


def keys_of(database: Database, names: list[str]) -> BucketKeys | None:
    with database.begin() as connection:
        row = connection.execute(text(bucket_arrays(BUCKETS)), {"names": names, "noon": NOON}).one_or_none()
    return None if row is None else BucketKeys(*row)


def unnested(database: Database, keys: BucketKeys) -> list[Any]:
    """The keys as a statement gets them."""
    with database.begin() as connection:
        rows = connection.execute(
            text(
                "SELECT name, start FROM unnest((CAST(:names AS text[]))[:first : :last], "
                "(CAST(:starts AS timestamptz[]))[:first : :last], (CAST(:marked AS timestamptz[]))[:first : :last]) "
                "AS key (name, start, mark)"
            ),
            keys.parameters(),
        )
        return [(name, start.astimezone(UTC)) for name, start in rows]


def test_what_one_statement_names_the_next_takes_whatever_the_names_are(database: Database) -> None:
    keys = keys_of(database, ODD_NAMES)
    assert keys is not None
    starts = [NOON + timedelta(minutes=number) for number in range(1, len(ODD_NAMES) + 1)]
    assert (len(keys), keys.earliest, keys.latest) == (len(ODD_NAMES), starts[0], starts[-1])
    assert unnested(database, keys) == list(zip(ODD_NAMES, starts, strict=True))


def test_halves_are_those_keys_that_their_positions_say(database: Database) -> None:
    keys = keys_of(database, ODD_NAMES[:5])
    assert keys is not None
    first, second = keys.halves()
    assert unnested(database, first) + unnested(database, second) == unnested(database, keys)
    assert (len(unnested(database, first)), len(unnested(database, second))) == (len(first), len(second))


def test_of_no_bucket_there_is_no_row(database: Database) -> None:
    assert keys_of(database, []) is None


def test_no_keys_are_falsy_and_name_nothing(database: Database) -> None:
    assert not BucketKeys()
    assert unnested(database, BucketKeys()) == []


@pytest.mark.parametrize("count", [2, 3, 7])
def test_halves_differ_by_one_at_most_and_are_never_empty(count: int) -> None:
    first, second = BucketKeys(last=count).halves()
    assert first
    assert abs(len(first) - len(second)) <= 1


@given(st.integers(1, 200), st.integers(0, 500))
def test_halving_until_nothing_can_be_halved_gives_each_position_once(count: int, before: int) -> None:
    whole = replace(BucketKeys(), first=before + 1, last=before + count)
    left, single = [whole], []
    while left:
        keys = left.pop()
        if len(keys) == 1:
            single.append(keys.first)
        else:
            left += keys.halves()
    assert sorted(single) == list(range(before + 1, before + count + 1))
