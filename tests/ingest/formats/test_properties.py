"""Nested properties become one level of numbers and labels, within what an event may hold."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.rows import MAX_MEASUREMENTS, MAX_METADATA_KEYS, InvalidEventError
from metrics_dash.ingest.formats.properties import LONGEST_TEXT, moment_of, object_of, parts_of

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_numbers_are_measurements_and_everything_else_describes() -> None:
    assert parts_of({"amount": 12.5, "items": 3, "plan": "pro", "trial": False, "gone": None}) == (
        {"amount": 12.5, "items": 3},
        {"plan": "pro", "trial": False},
    )


def test_a_number_that_names_something_is_no_quantity() -> None:
    numbers = {"id": 1, "user_id": 2, "accountId": 3, "orderID": 4, "$session": 5, "paid": 6}
    measurements, metadata = parts_of(numbers)
    assert measurements == {"paid": 6}
    assert set(metadata) == set(numbers) - {"paid"}


def test_what_is_nested_is_named_by_its_path_and_lists_are_json() -> None:
    nested = {"cart": {"total": 5, "shop": {"city": "Bern"}}, "tags": ["a", {"b": 1}]}
    assert parts_of(nested) == ({"cart.total": 5}, {"cart.shop.city": "Bern", "tags": '["a",{"b":1}]'})


def test_what_is_more_than_an_event_may_have_is_left_out_and_long_text_cut() -> None:
    measurements, metadata = parts_of({**{f"n{n}": n for n in range(100)}, **{f"t{n}": "x" * 5000 for n in range(100)}})
    assert len(measurements) == MAX_MEASUREMENTS
    assert len(metadata) < MAX_METADATA_KEYS
    assert metadata["t0"] == "x" * LONGEST_TEXT


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "2026-01-31T12:00:00"])
def test_a_moment_without_a_zone_is_utc(text: str) -> None:
    assert moment_of(text) == datetime(2026, 1, 31, 12, tzinfo=UTC)


@given(_JSON)
def test_nothing_but_an_invalid_event_is_raised(value: object) -> None:
    for read in (moment_of, lambda value: parts_of(object_of(value, "properties"))):
        try:
            read(value)
        except InvalidEventError:
            continue


def test_lists_in_each_other_are_kept_or_refused() -> None:
    nested: list[object] = []
    for _ in range(200):
        nested = [nested]
    assert parts_of({"tags": nested}) == ({}, {"tags": "[" * 201 + "]" * 201})
    for _ in range(200):
        nested = [nested]
    with pytest.raises(InvalidEventError, match="can't be kept as JSON"):
        parts_of({"tags": nested})
