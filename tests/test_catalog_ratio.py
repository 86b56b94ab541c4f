"""A ratio in a catalog: two parts that can be divided, or one line that says why not."""

import pytest

from db.labels import OTHER
from metrics_dash.catalog import Catalog, CatalogError, load_catalog, parse_catalog
from metrics_dash.catalog_ratio import Part

EVENTS = """
[events."shop.paid"]
kind = "counter"
measurements.amount = { unit = "EUR" }
measurements.items = {}
dimensions = ["country", "gift"]

[events."shop.visited"]
kind = "counter"
measurements.seconds = { unit = "s" }

[events."shop.stock"]
kind = "gauge"
measurements.pieces = {}

[[tabs]]
id = "shop"
title = "Shop"

[[tabs.charts]]
id = "ratio"
title = "Ratio"
show = "ratio"
"""


def catalog(declared: str) -> Catalog:
    return parse_catalog(EVENTS + declared, source="mine.toml")


@pytest.mark.parametrize(
    ("declared", "numerator", "denominator", "unit", "scale"),
    [
        (
            'event = "shop.paid"\nnumerator = { where = { gift = true } }\ndenominator = {}',
            Part("shop.paid", only=("gift", "true")),
            Part("shop.paid"),
            "%",
            100,
        ),
        (
            'numerator = { event = "shop.paid" }\ndenominator = { event = "shop.visited" }',
            Part("shop.paid"),
            Part("shop.visited"),
            "%",
            100,
        ),
        (
            'event = "shop.paid"\nnumerator = { show = "sum", measurement = "amount" }\ndenominator = {}',
            Part("shop.paid", "amount"),
            Part("shop.paid"),
            "EUR",
            1,
        ),
        (
            'event = "shop.paid"\nnumerator = { show = "sum", measurement = "amount" }\n'
            'denominator = { event = "shop.visited", show = "sum" }',
            Part("shop.paid", "amount"),
            Part("shop.visited", "seconds"),
            "EUR/s",
            1,
        ),
    ],
    ids=["of one event", "of two", "a sum by a count", "of two sums"],
)
def test_a_ratio_is_of_two_counts_or_sums(
    declared: str, numerator: Part, denominator: Part, unit: str, scale: float
) -> None:
    chart = catalog(declared).chart("ratio")
    assert chart.ratio is not None
    assert (chart.ratio.numerator, chart.ratio.denominator) == (numerator, denominator)
    assert (chart.unit, chart.ratio.scale) == (unit, scale)
    assert chart.event == denominator.event
    assert set(chart.events) == {numerator.event, denominator.event}


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ("", "numerator: is missing"),
        ('event = "shop.paid"\nnumerator = {}', "denominator: is missing"),
        ("numerator = {}\ndenominator = {}", "numerator.event: is missing, and the chart names none"),
        ('event = "shop.pait"\nnumerator = {}', "event 'shop.pait' is not declared; did you mean 'shop.paid'?"),
        (
            'event = "shop.paid"\nnumerator = { event = "shop.vsited" }',
            "numerator: event 'shop.vsited' is not declared",
        ),
        ('event = "shop.paid"\nnumerator = {}\ndenominator = {}', "numerator: is the same as the denominator"),
        (
            'event = "shop.stock"\nnumerator = { event = "shop.paid" }\ndenominator = { event = "shop.visited" }',
            "event: 'shop.stock' is not asked for",
        ),
        ('event = "shop.stock"\nnumerator = { show = "sum" }', "numerator: a gauge has no 'sum'"),
        ('event = "shop.paid"\nnumerator = { show = "avg" }', "numerator.show: Input should be 'count' or 'sum'"),
        ('event = "shop.paid"\nnumerator = { show = "sum" }', "numerator: name a measurement of 'shop.paid'"),
        ('event = "shop.paid"\nnumerator = { measurement = "items" }', "takes no measurement, not 'items'"),
        (
            'event = "shop.paid"\nnumerator = { show = "sum", measurement = "items", where = { gift = true } }',
            "numerator.where: only counts can be of one value, not 'sum'",
        ),
        ('event = "shop.paid"\nnumerator = { where = {} }', "numerator.where: names one dimension and its value"),
        (
            'event = "shop.paid"\nnumerator = { where = { gift = true, country = "DE" } }',
            "numerator.where: names one dimension and its value, not 'gift', 'country'",
        ),
        (
            'event = "shop.paid"\nnumerator = { where = { colour = "red" } }',
            "numerator.where: 'colour' is not a dimension of 'shop.paid'; use one of country, gift",
        ),
        (
            'event = "shop.paid"\nnumerator = { where = { gift = 0.5 } }',
            "numerator.where.gift: must be text, a whole number, true or false, not 0.5",
        ),
        (f'event = "shop.paid"\nnumerator = {{ where = {{ gift = "{OTHER}" }} }}', f"not '{OTHER}'"),
    ],
)
def test_parts_that_can_not_be_divided_are_refused_with_their_place(declared: str, says: str) -> None:
    with pytest.raises(CatalogError) as caught:
        catalog(declared)
    assert says in str(caught.value)
    assert "mine.toml: tabs.shop.charts.ratio" in str(caught.value)


@pytest.mark.parametrize(("value", "label"), [("true", "true"), ("7", "7"), ('"DE"', "DE"), ('"true"', "true")])
def test_a_value_is_called_what_buckets_call_it(value: str, label: str) -> None:
    declared = f'event = "shop.paid"\nnumerator = {{ where = {{ country = {value} }} }}\ndenominator = {{}}'
    ratio = catalog(declared).chart("ratio").ratio
    assert ratio is not None
    assert ratio.numerator.only == ("country", label)


def test_the_default_catalog_draws_how_many_logins_succeed() -> None:
    chart = load_catalog().chart("login-success-rate")
    assert (chart.title, chart.unit, chart.good) == ("Login Success Rate", "%", "up")
    assert load_catalog().tab_of(chart.id).title == "Auth"
