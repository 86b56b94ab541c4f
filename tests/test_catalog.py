"""The catalog: what comes along is complete, and what can't be drawn is refused with its place."""

from pathlib import Path

import pytest

from metrics_dash.bounds import NO_BOUNDS, Bounds
from metrics_dash.catalog import DEFAULT_PATH, CatalogError, load_catalog, parse_catalog

SMALL = """
[events."shop.order.paid"]
kind = "counter"
measurements.amount = { unit = "EUR" }
measurements.items = {}
dimensions = ["country"]

[events."shop.stock.level"]
kind = "gauge"
measurements.pieces = { unit = "pieces" }

[[tabs]]
id = "shop"
title = "Shop"

[[tabs.charts]]
id = "revenue"
title = "Revenue"
event = "shop.order.paid"
measurement = "amount"
show = "sum"

[[tabs.charts]]
id = "stock"
title = "Stock"
event = "shop.stock.level"
show = "avg"
"""


def test_the_default_catalog_has_eleven_events_and_four_tabs_of_their_charts() -> None:
    catalog = load_catalog()
    assert len(catalog.events) == 11
    assert [tab.title for tab in catalog.tabs] == ["Server", "Auth", "Gameplay", "Combat"]
    assert [len(tab.charts) for tab in catalog.tabs] == [3, 6, 3, 3]


def test_unit_and_kind_are_derived_from_the_event() -> None:
    revenue = parse_catalog(SMALL).chart("revenue")
    assert (revenue.unit, revenue.kind) == ("EUR", "counter")


def test_the_only_measurement_need_not_be_named() -> None:
    assert parse_catalog(SMALL).chart("stock").measurement == "pieces"


def test_a_catalog_of_ones_own_is_read_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL)
    assert [tab.id for tab in load_catalog(path).tabs] == ["shop"]


def test_a_mark_that_an_editor_put_before_a_catalog_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALL, encoding="utf-8-sig")
    assert [tab.id for tab in load_catalog(path).tabs] == ["shop"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('event = "shop.order.paid"', 'event = "shop.order.lost"', "tabs.shop.charts.revenue: event 'shop.order.lost'"),
        ('measurement = "amount"', 'measurement = "price"', "charts.revenue: measurement 'price'"),
        ('measurement = "amount"\n', "", "charts.revenue: name a measurement of 'shop.order.paid'"),
        ('show = "avg"', 'show = "sum"', "charts.stock: a gauge has no 'sum'"),
        ('show = "avg"', 'show = "count"', "charts.stock: a gauge has no 'count'"),
        ('show = "sum"', 'show = "unique"', "charts.revenue: show 'unique' needs a key that 'shop.order.paid' lists"),
        ('show = "sum"', 'show = "median"', "'median'"),
        ('show = "sum"', 'show = "count"', "takes no measurement, not 'amount'"),
        ('show = "sum"', 'show = "sum"\nsplit_by = "city"', "revenue: split_by 'city' is not a dimension of"),
        ('show = "avg"', 'show = "avg"\nsplit_by = "colour"', "split_by 'colour'"),
        ('show = "avg"', 'show = "avg"\ncolour = "red"', "charts.stock: 'colour' is not a key; the keys are id, title"),
        ('show = "avg"', 'show = "avg"\nunit = "t"', "charts.stock: 'unit' is not a key; it is derived from"),
        ('show = "avg"', 'show = "avg"\nkind = "gauge"', "charts.stock: 'kind' is not a key; it is derived from"),
        ('show = "avg"', 'show = "avg"\ndimensions = ["a"]', "charts.stock: 'dimensions' is not a key; it is derived"),
        ('show = "avg"', 'show = "avg"\ntitel = "x"', "charts.stock: 'titel' is not a key; did you mean 'title'?"),
        ('kind = "gauge"', 'kind = "gauge"\nhepl = "x"', "events.shop.stock.level: 'hepl' is not a key; did you mean"),
        ('id = "shop"', 'id = "shop"\nchart = []', "tabs.shop: 'chart' is not a key; did you mean 'charts'?"),
        ('{ unit = "EUR" }', '{ units = "EUR" }', "amount: 'units' is not a key; did you mean 'unit'?"),
        ("[[tabs]]", "[[tab]]", "the file: 'tab' is not a key; did you mean 'tabs'?"),
        ('[events."shop.stock.level"]', "[events.shop.stock.level]", "the name of an event stands in quotes"),
        ('{ unit = "EUR" }', '"EUR"', "measurements.amount: must be a table"),
        ('show = "avg"', 'show = "avgs"', "show 'avgs' is not known; did you mean 'avg'?; use one of avg, max, min"),
        ('event = "shop.stock.level"', 'event = "shop.stock.levels"', "did you mean 'shop.stock.level'?"),
        ('id = "stock"', 'id = "revenue"', "chart id 'revenue' is declared more than once"),
        ('id = "stock"', 'id = "Stock Level"', "'Stock Level' is not an id"),
        ('kind = "gauge"', 'kind = "gouge"', "'gouge'"),
        ('show = "avg"', 'show = "avg"\ngood = "more"', "'more'"),
        ('show = "avg"', 'show = "avg"\nmin = 5\nmax = 5', "charts.stock: min: 5 is not below max, 5"),
        ('show = "avg"', 'show = "avg"\ntarget = "x"', "charts.stock.target: must be a number, not 'x'"),
        ('show = "avg"', 'show = "avg"\nwarn = true', "charts.stock.warn: must be a number, not True"),
        ('show = "avg"', 'show = "avg"\nmax = inf', "charts.stock.max: must be a finite number, not inf"),
        ('show = "avg"', 'show = "avg"\nbounds = 1', "charts.stock: 'bounds' is not a key"),
        ('[events."shop.stock.level"]', '[events."Shop Stock"]', "'Shop Stock' is not dotted"),
        ("[[tabs.charts]]", "[[tabs.charts]", "not TOML"),
        ('event = "shop.order.paid"\n', "", "charts.revenue: event: is missing"),
        (
            'show = "avg"',
            'show = "avg"\nsize = "huge"',
            "charts.stock.size: Input should be 'small', 'wide' or 'full', not",
        ),
        (
            'show = "avg"',
            'show = "avg"\ndraw = "pie"',
            "charts.stock.draw: Input should be 'line', 'bar', 'area', 'heatmap', 'top' or 'stat'",
        ),
        (
            'show = "avg"',
            'show = "avg"\ndraw = "stat"\nmax = 9',
            "stock: max: a tile has no axis, so nothing reaches 9",
        ),
        ('show = "sum"', 'show = "count"\ndraw = "stat"\nsplit_by = "country"', "takes no measurement"),
        (
            'show = "sum"',
            'show = "sum"\ndraw = "heatmap"',
            "revenue: draw: a heatmap shows how values are spread, and 'sum' is none; use one of avg, max, min, p50",
        ),
        (
            'show = "sum"',
            'show = "sum"\ndraw = "top"',
            "revenue: split_by: is missing; 'top' lists the values of one of the event's dimensions",
        ),
        (
            'show = "sum"',
            'show = "sum"\ndraw = "top"\nsplit_by = "county"',
            "revenue: split_by 'county' is not a dimension of 'shop.order.paid'; use one of country",
        ),
        ('title = "Shop"', 'title = "Shop"\ndescription = 1', "tabs.shop.description: must be text in quotes, not 1"),
        ('show = "sum"', 'show = "sum"\ndenominator = {}', "revenue: denominator: only a ratio has one, not 'sum'"),
        ('show = "sum"', 'show = "ratio"', "revenue: measurement: 'amount' belongs into the numerator or"),
        ('show = "avg"', 'show = "ratio"\nnumerator = {}', "stock: numerator: a gauge has no 'count'"),
        ('show = "avg"', 'show = "ratio"\nnumerator = "all"', "stock.numerator: must be a table, such as { where ="),
        ('show = "avg"', 'show = "ratio"\nnumerator = { wher = {} }', "stock.numerator: 'wher' is not a key; did you"),
        ('show = "avg"', 'show = "ratio"\nsplit_by = "x"', "stock: a ratio can't be split"),
        ('show = "avg"', 'show = "ratios"', "show 'ratios' is not known; did you mean 'ratio'?"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_its_place(old: str, new: str, says: str) -> None:
    assert old in SMALL
    with pytest.raises(CatalogError) as caught:
        parse_catalog(SMALL.replace(old, new, 1), source="mine.toml")
    assert says in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_a_chart_says_which_way_is_good_and_by_default_neither() -> None:
    assert {chart.good for chart in parse_catalog(SMALL).charts()} == {"none"}
    catalog = parse_catalog(SMALL.replace('show = "avg"', 'show = "avg"\ngood = "down"'))
    assert [chart.good for chart in catalog.charts() if chart.show == "avg"] == ["down"]


def test_a_chart_is_held_against_what_it_declares() -> None:
    declared = 'show = "avg"\ngood = "up"\nmin = 0\nmax = 100\ntarget = 90.5\nwarn = 50'
    stock = parse_catalog(SMALL.replace('show = "avg"', declared)).chart("stock")
    assert stock.bounds == Bounds(0, 100, 90.5, 50, low_is_bad=True, judges=True)
    assert parse_catalog(SMALL).chart("stock").bounds == NO_BOUNDS


def test_a_tile_is_not_split() -> None:
    split = SMALL.replace('measurement = "amount"\nshow = "sum"', 'show = "count"\nsplit_by = "country"\ndraw = "stat"')
    with pytest.raises(CatalogError, match="revenue: split_by: 'country' makes many numbers, and a tile shows one"):
        parse_catalog(split)


def test_a_table_lists_the_values_of_a_dimension() -> None:
    chart = parse_catalog(SMALL.replace('show = "sum"', 'show = "sum"\ndraw = "top"\nsplit_by = "country"')).chart(
        "revenue"
    )
    assert (chart.draw, chart.split_by, chart.is_ranking, chart.has_figure) == ("top", "country", True, False)


def test_a_heatmap_is_of_all_values() -> None:
    heatmap = SMALL.replace('show = "avg"', 'show = "avg"\ndraw = "heatmap"\nmin = 5')
    stock = parse_catalog(heatmap).chart("stock")
    assert (stock.draw, stock.bounds.min) == ("heatmap", 5)


def test_a_tile_is_small_unless_it_says_otherwise_and_other_cards_are_halves() -> None:
    tile = 'show = "avg"\ndraw = "stat"'
    assert [chart.size for chart in parse_catalog(SMALL).charts()] == [None, None]
    assert [chart.size for chart in parse_catalog(SMALL.replace('show = "avg"', tile)).charts()] == [None, "small"]
    full = parse_catalog(SMALL.replace('show = "avg"', f'{tile}\nsize = "full"'))
    assert (full.chart("stock").is_tile, full.chart("stock").size) == (True, "full")


def test_the_first_of_an_odd_number_is_full_unless_somebody_said_sizes() -> None:
    declared = SMALL.partition('[[tabs.charts]]\nid = "stock"')[0]
    assert parse_catalog(declared).tabs[0].sizes() == ("full",)
    assert parse_catalog(declared + 'size = "small"').tabs[0].sizes() == ("small",)
    assert parse_catalog(SMALL).tabs[0].sizes() == (None, None)


def test_a_tab_may_say_what_it_is_about() -> None:
    described = SMALL.replace('title = "Shop"', 'title = "Shop"\ndescription = "What we sell."')
    assert parse_catalog(described).tabs[0].description == "What we sell."


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"nowhere\.toml"):
        load_catalog(tmp_path / "nowhere.toml")


def test_every_unknown_id_raises_with_its_name() -> None:
    catalog = parse_catalog(SMALL)
    with pytest.raises(KeyError, match="cellar"):
        catalog.chart("cellar")
    with pytest.raises(KeyError, match="cellar"):
        catalog.tab("cellar")


def test_every_declared_event_says_what_it_is() -> None:
    assert [event.name for event in load_catalog(DEFAULT_PATH).events.values() if not event.help] == []


def test_a_chart_knows_what_it_may_be_split_by() -> None:
    catalog = load_catalog()
    assert catalog.chart("creatures-killed").dimensions == ("zone", "creature_tier")
    assert catalog.chart("xp-awarded").dimensions == ("zone", "creature_tier")
    assert catalog.chart("login-success-rate").dimensions == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("events = 1", "events: must be a table"),
        ("tabs = 1", "events: is missing"),
        ("a = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ("", "events: is missing"),
    ],
)
def test_a_file_that_is_no_catalog_is_one_line(text: str, says: str) -> None:
    with pytest.raises(CatalogError) as caught:
        parse_catalog(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_key_of_an_event_is_its_name() -> None:
    with pytest.raises(CatalogError, match="the name is the table's own"):
        parse_catalog(SMALL.replace('kind = "gauge"', 'kind = "gauge"\nname = "other"'))
