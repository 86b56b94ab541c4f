"""What takes a chart or a tab away from the page: the same for both, and said aloud when it is done."""

from dash import html

from layouts.export.sharing import card_menu, export_items, notice, tab_menu
from tests.support.components import attribute, carrying, every, words
from tests.support.figures import CATALOG

CHART = CATALOG.chart("login-results")


def offered(part: object) -> list[tuple[str, ...]]:
    """What is exported, in which look and of which time, by the attributes that scripts obey."""
    names = ("data-export", "data-look", "data-time")
    return [
        tuple(attribute(one, name) for name in names if attribute(one, name)) for one in carrying(part, "data-export")
    ]


def test_a_chart_and_a_tab_can_be_taken_away_in_the_same_ways() -> None:
    assert offered(card_menu(CHART)) == offered(tab_menu()) == offered(export_items(None))
    assert offered(tab_menu()) == [
        ("png", "light"),
        ("png", "dark"),
        ("copy",),
        ("csv",),
        ("link", "relative"),
        ("link", "absolute"),
    ]


def test_a_button_of_a_card_names_its_chart_and_one_of_the_tab_names_none() -> None:
    assert {attribute(button, "data-chart") for button in export_items(CHART)} == {CHART.id}
    assert {attribute(button, "data-chart") for button in export_items(None)} == {None}


def test_each_way_out_is_a_button_with_words_that_sends_no_form() -> None:
    for button in export_items(CHART):
        assert isinstance(button, html.Button)
        assert (attribute(button, "type"), bool(words(button))) == ("button", True)
    assert len({words(button) for button in export_items(CHART)}) == len(export_items(CHART))


def test_the_menu_of_a_card_says_of_which_chart_it_is() -> None:
    (summary,) = every(card_menu(CHART), html.Summary)
    assert words(summary) == "Read, save or share Login Success/Failure: "


def test_what_came_of_it_is_read_out() -> None:
    said = notice()
    assert (attribute(said, "role"), attribute(said, "aria-live"), words(said)) == ("status", "polite", "")
