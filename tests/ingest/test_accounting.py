"""The books: every event ever offered is in exactly one place."""

from dataclasses import fields
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_dash.ingest.accounting import Accounting

# Everything that is counted in one number; what was dropped is counted by its reason. What was refused is no place: it
# is a part of what was rejected and dropped.
PLACES = [
    field.name for field in fields(Accounting) if field.name not in ("offered", "dropped", "refused", "one_by_one")
]
numbers = st.integers(0, 10**12)


def books(**counted: Any) -> Accounting:
    """Books in which nothing is anywhere but what is said."""
    return Accounting(**{**dict.fromkeys(PLACES, 0), "offered": 0, "dropped": {}, **counted})


@given(st.fixed_dictionaries(dict.fromkeys(PLACES, numbers)), st.dictionaries(st.text(max_size=9), numbers, max_size=4))
def test_books_balance_when_all_places_together_hold_what_was_offered(
    held: dict[str, int], dropped: dict[str, int]
) -> None:
    total = sum(held.values()) + sum(dropped.values())
    assert books(offered=total, dropped=dropped, **held).balanced
    assert not books(offered=total + 1, dropped=dropped, **held).balanced


@pytest.mark.parametrize("place", PLACES)
def test_an_event_that_is_in_a_place_without_being_offered_shows(place: str) -> None:
    assert not books(**{place: 1}).balanced
    assert books(offered=1, **{place: 1}).balanced


def test_the_figures_are_plain_data_that_json_takes_and_no_place_is_left_out() -> None:
    figures = books(offered=3, committed=1, dropped={"shutdown": 2}).as_dict()
    assert orjson.loads(orjson.dumps(figures)) == figures
    assert figures.keys() == {field.name for field in fields(Accounting)} - {"refused", "one_by_one"}
    assert (figures["offered"], figures["dropped"]) == (3, {"shutdown": 2})
