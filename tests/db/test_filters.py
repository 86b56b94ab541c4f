"""What a filter says, and how an address spells it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.filters import MOST_FILTERS, Filter, FilterError, read_filter, read_filters, together
from db.labels import OTHER, VALUE_BYTES, split_label


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200), st.booleans())
def test_any_value_can_be_spelled_and_read_back(value: str, without: bool) -> None:
    where = Filter("zone", value, without)
    if value != OTHER:
        assert read_filter(where.spelled()) == where
    assert split_label(where.label) == ("zone", value)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("zone:north", Filter("zone", "north")),
        ("!zone:north", Filter("zone", "north", without=True)),
        ("zone:!north", Filter("zone", "!north")),
        ("zone:a:b, c/d", Filter("zone", "a:b, c/d")),
        ("zone:", Filter("zone", "")),
        ("zone: north ", Filter("zone", " north ")),
    ],
)
def test_the_value_begins_behind_the_first_colon_and_stands_as_it_is(text: str, where: Filter) -> None:
    assert read_filter(text) == where


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("zone", "'zone' is not a dimension and its value, such as zone:north"),
        (":north", "':north' is not a dimension and its value"),
        ("!", "'!' is not a dimension and its value"),
        ("zone:a\0", "holds a NUL character"),
        (f"zone:{OTHER}", f"'{OTHER}' is not counted by itself"),
        ("zone:" + "ä" * (VALUE_BYTES // 2 + 1), f"…' is not counted by itself: at most {VALUE_BYTES} bytes"),
    ],
)
def test_what_no_bucket_tells_apart_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(FilterError) as refused:
        read_filter(text)
    assert complaint in str(refused.value)


def test_a_key_with_a_colon_has_a_label_of_its_own() -> None:
    where = Filter("a:b", "c")
    assert (where.label, where.rest) == ("a\\:b:c", f"a\\:b:{OTHER}")


def test_several_filters_are_one_and_each_of_them_holds_once() -> None:
    found = read_filters(["zone:north", "!tier:b", "zone:north", "!tier:a"])
    assert found is not None
    assert [each.spelled() for each in found.all()] == ["zone:north", "!tier:b", "!tier:a"]
    assert together(found.all()) == found
    assert (read_filters([]), together([])) == (None, None)


@pytest.mark.parametrize(
    "texts", [["zone:a", "zone:b"], ["zone:a", "!zone:a"], ["!zone:b", "zone:a"], ["!x:1", "!x:2", "x:3"]]
)
def test_a_dimension_has_one_value_or_some_that_are_left_out(texts: list[str]) -> None:
    with pytest.raises(FilterError, match="can't hold beside"):
        read_filters(texts)


def test_only_so_many_filters_hold_at_once() -> None:
    texts = [f"!zone:{number}" for number in range(MOST_FILTERS + 1)]
    assert read_filters(texts[:-1]) is not None
    with pytest.raises(FilterError, match="at most 4 filters"):
        read_filters(texts)
