"""The page of people: everybody with what can be changed, and nobody locks themselves out."""

from datetime import UTC, datetime

import dash_bootstrap_components as dbc
from dash import html

from layouts.pages.users import content
from metrics_dash.auth.overview import Person
from tests.support.components import attribute, every, words

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def person(name: str, source: str = "password", disabled: bool = False) -> Person:
    return Person(hash(name) % 1000, name, source, "viewer", NOW, None, NOW if disabled else None, frozenset())


def actions(name: str, *people: Person) -> set[str]:
    """What can be done to somebody."""
    (row,) = [row for row in every(content(people, "ann", "token"), html.Tr) if words(row).startswith(name)]
    return {attribute(part, "className").removeprefix("form ") for part in every(row, dbc.Form)}


def test_others_can_be_changed_and_oneself_has_a_password_only() -> None:
    people = (person("ann"), person("bob"), person("eve", disabled=True), person("pat", "proxy"))
    assert actions("ann", *people) == {"password"}
    assert actions("bob", *people) == {"role", "password", "disable"}
    assert actions("eve", *people) == {"role", "password", "enable"}
    assert actions("pat", *people) == {"role", "disable"}


def test_a_name_is_text_whatever_it_is() -> None:
    evil = "<script>alert(1)</script>"
    assert evil in words(content((person(evil),), "ann", "token"))


def test_somebody_can_be_added_with_a_password_that_is_long_enough() -> None:
    (added,) = [part for part in every(content((), "ann", "t"), dbc.Form) if attribute(part, "className") == "form add"]
    (password,) = [part for part in every(added, dbc.Input) if attribute(part, "type") == "password"]
    assert attribute(password, "minlength") == 12
    assert attribute(password, "autocomplete") == "new-password"
