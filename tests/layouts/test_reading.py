"""What helps to read a chart: reachable by keys, named, and offering only what the chart can do."""

import pytest
from dash import html

from layouts.reading import details, leave_full_screen, reader, reading_items, zoom_reset
from metrics_dash.catalog import Chart
from metrics_dash.charts.ad_hoc import NO_SPLIT
from metrics_dash.web.address import read_state
from tests.support.components import attribute, carrying, ids, name_of, with_id, words
from tests.support.figures import CATALOG

PLAIN, SPLIT = CATALOG.chart("players-online"), CATALOG.chart("login-results")


def splits(chart: Chart) -> dict[str, str]:
    """What the card offers to split by: its words and what the address then says."""
    return {words(link): attribute(link, "data-split") for link in carrying(reading_items(chart), "data-split")}


def test_a_chart_is_read_along_time_with_the_keyboard() -> None:
    place = reader(PLAIN)
    assert (attribute(place, "role"), attribute(place, "tabIndex")) == ("slider", "0")
    assert name_of(place).startswith("Players Online: read values along time")
    for needed in ("aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext"):
        assert attribute(place, needed) is not None


def test_a_chart_can_be_seen_large_and_as_a_table() -> None:
    opened = {words(button): button for button in carrying(reading_items(PLAIN), "data-open")}
    assert {name: attribute(button, "data-open") for name, button in opened.items()} == {
        "Full screen": "full",
        "Data as a table": "table",
    }
    assert {attribute(button, "data-chart") for button in opened.values()} == {PLAIN.id}


def test_a_chart_without_dimensions_offers_no_split() -> None:
    assert not PLAIN.dimensions
    assert splits(PLAIN) == {}


@pytest.mark.parametrize("chart", [chart for chart in CATALOG.charts() if chart.dimensions], ids=lambda chart: chart.id)
def test_a_split_is_offered_for_every_dimension_and_understood_by_the_address(chart: Chart) -> None:
    offered = splits(chart)
    assert [read_state(f"split={split}", CATALOG).split for split in offered.values()] == [
        {chart.id: dimension} for dimension in (*chart.dimensions, NO_SPLIT)
    ]


def test_what_the_catalog_declares_is_marked_as_what_needs_no_address() -> None:
    declared = [link for link in carrying(reading_items(SPLIT), "data-split") if attribute(link, "data-declared")]
    assert [attribute(link, "data-split") for link in declared] == [f"{SPLIT.id}:{SPLIT.split_by}"]


def test_the_scale_is_a_switch_that_the_address_knows() -> None:
    (scale,) = carrying(reading_items(PLAIN), "data-switch")
    assert read_state(f"{attribute(scale, 'data-switch')}=1", CATALOG).log


def test_ways_back_are_hidden_or_named_until_they_are_needed() -> None:
    assert attribute(zoom_reset(PLAIN), "hidden") is True
    assert attribute(zoom_reset(PLAIN), "data-zoom-reset") == PLAIN.id
    assert name_of(leave_full_screen(PLAIN)) == "Leave full screen"


def test_the_dialog_of_details_has_a_name_and_can_be_scrolled_and_closed_by_keys() -> None:
    dialog = details()
    assert isinstance(dialog, html.Dialog)
    assert attribute(dialog, "aria-labelledby") in ids(dialog)
    assert attribute(with_id(dialog, "details-body"), "tabIndex") == "0"
    (close,) = carrying(dialog, "data-close")
    assert (attribute(close, "data-close"), name_of(close)) == (attribute(dialog, "id"), "Close")
