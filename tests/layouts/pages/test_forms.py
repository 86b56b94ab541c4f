"""Forms work without a script, each field has a label, and a table of nothing says so."""

from datetime import UTC, datetime, timedelta

import dash_bootstrap_components as dbc
import pytest
from dash import html

from layouts.pages.forms import button, check, choice, ended, field, form, moment, table
from tests.support.components import attribute, every, words

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_form_is_posted_with_its_token_and_what_is_to_be_done() -> None:
    made = form("/admin/users", "token", "role", button("Change"), username="ann")
    assert (attribute(made, "action"), attribute(made, "method")) == ("/admin/users", "POST")
    assert attribute(made, "prevent_default_on_submit") is False
    hidden = {attribute(part, "name"): attribute(part, "value") for part in every(made, dbc.Input)}
    assert hidden == {"csrf_token": "token", "action": "role", "username": "ann"}


@pytest.mark.parametrize("made", [field("name", "Name"), choice("role", "Role", ("a", "b"), "a", "7")])
def test_each_field_has_a_label_of_its_own(made: html.Div) -> None:
    label, control = made.children
    assert attribute(label, "html_for") == attribute(control, "id")
    assert attribute(control, "name") in ("name", "role")


def test_two_fields_of_a_name_are_told_apart() -> None:
    assert attribute(field("password", "", "1").children[1], "id") != attribute(
        field("password", "", "2").children[1], "id"
    )


def test_a_button_says_of_what_it_is_to_whoever_can_not_see_the_row() -> None:
    assert words(button("Revoke", of="the token shop")) == "Revoke the token shop"
    assert attribute(button("Add"), "type") == "submit"
    assert attribute(check("kiosk", "Open as a wall"), "label") == "Open as a wall"


def test_a_table_has_its_cells_in_order_and_nothing_is_said_in_words() -> None:
    made = table("People", ("Name", "Role"), [("ann", "admin"), ("<b>", "viewer")], "Nobody yet.")
    assert [words(cell) for cell in every(made, html.Td)] == ["ann", "admin", "<b>", "viewer"]
    assert words(table("People", ("Name",), [], "Nobody yet.")) == "Nobody yet."


def test_what_holds_no_longer_says_why() -> None:
    assert ended(None, None, NOW) == ended(None, NOW + timedelta(days=1), NOW) == ""
    assert ended(NOW, NOW, NOW) == "revoked"
    assert ended(None, NOW, NOW) == "expired"
    assert moment(None) == "–"
    assert moment(NOW) == "2026-01-31 12:00 UTC"
