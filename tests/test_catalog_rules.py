"""What may be shown of an event: what is allowed is returned, and what isn't is quoted."""

import pytest

from metrics_dash.catalog_rules import (
    ChoiceError,
    Event,
    Show,
    check_show,
    check_split,
    choose_measurement,
    nearest,
    shows_of,
    unit_of,
)

PAID = Event(name="shop.paid", kind="counter", measurements={"amount": {"unit": "EUR"}}, dimensions=("country",))
STOCK = Event(name="shop.stock", kind="gauge", measurements={"pieces": {}})


def test_a_rate_is_counted_by_the_second_and_a_sum_in_its_measurements_unit() -> None:
    assert (unit_of("rate", None, None), unit_of("count", None, None)) == ("/s", "")
    assert unit_of("sum", "amount", PAID) == "EUR"


@pytest.mark.parametrize(
    ("show", "event", "says"),
    [
        ("count", STOCK, "a gauge has no 'count'"),
        ("unique", PAID, "show 'unique' needs a key that 'shop.paid' lists under unique"),
        ("unique", STOCK, "show 'unique' needs a key that 'shop.stock' lists under unique"),
        ("unique", None, "show 'unique' needs a key that the catalog lists for the event under unique"),
        ("ratio", PAID, "show 'ratio' needs a numerator and a denominator"),
        ("ratio", None, "show 'ratio' needs a numerator and a denominator"),
        ("median", None, "show 'median' is not known"),
    ],
)
def test_what_an_event_does_not_have_is_quoted_with_what_it_has(show: str, event: Event | None, says: str) -> None:
    with pytest.raises(ChoiceError, match=says) as problem:
        check_show(show, event)
    assert problem.value.parameter == "show"
    assert "avg" in problem.value.allowed
    assert "ratio" not in problem.value.allowed


def test_an_only_measurement_is_chosen_and_a_strange_one_refused() -> None:
    assert choose_measurement(None, "sum", PAID) == "amount"
    with pytest.raises(ChoiceError, match="measurement 'price'"):
        choose_measurement("price", "sum", PAID)


def test_the_key_of_a_unique_count_is_one_that_is_listed_and_has_no_unit() -> None:
    event = PAID.model_copy(update={"unique": ("amount", "buyer")})
    assert check_show("unique", event) == "unique"
    assert choose_measurement("buyer", "unique", event) == "buyer"
    assert choose_measurement(None, "unique", event.model_copy(update={"unique": ("buyer",)})) == "buyer"
    assert unit_of("unique", "amount", event) == ""
    with pytest.raises(ChoiceError, match="name a key"):
        choose_measurement(None, "unique", event)
    with pytest.raises(ChoiceError, match="key 'country' is not one of"):
        choose_measurement("country", "unique", event)


def test_a_gauge_has_nothing_to_count_once() -> None:
    with pytest.raises(ValueError, match="a gauge's samples are no events"):
        Event(name="shop.stock", kind="gauge", unique=("who",))


@pytest.mark.parametrize("show", sorted(shows_of("counter", measured=True, unique=True)))
def test_everything_is_split_by_what_is_declared(show: Show) -> None:
    assert check_split("country", show, PAID) == "country"
    with pytest.raises(ChoiceError, match="split_by 'colour' is not a dimension"):
        check_split("colour", show, PAID)


def test_without_a_declaration_counts_and_rates_can_be_split_and_nothing_else() -> None:
    assert check_split("colour", "count", None) == check_split("colour", "rate", None) == "colour"
    with pytest.raises(ChoiceError, match="only, not by 'colour'"):
        check_split("colour", "sum", None)
    with pytest.raises(ChoiceError, match="a ratio can't be split"):
        check_split("colour", "ratio", None)


def test_a_name_that_is_near_is_suggested() -> None:
    assert nearest("shop.pait", ["shop.paid"]) == "; did you mean 'shop.paid'?"
    assert nearest("x", ["shop.paid"]) == ""
