"""Who may log in, and as what."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from layouts.pages.forms import Row, button, choice, field, form, moment, section, table
from metrics_dash.auth.overview import Person
from metrics_dash.auth.permissions import ROLES
from metrics_dash.web.paths import USERS_PATH


def content(people: Sequence[Person], me: str, csrf: str) -> list[Component]:
    """Return the page's parts; ``me``: whoever looks, who can't lock themselves out."""
    rows = [_row(person, person.name == me, csrf) for person in people]
    head = ("Name", "Logs in by", "Last login", "Role", "Password", "State")
    return [section("People", table("People", head, rows, "Nobody yet.")), section("Add a person", _add(csrf))]


def _row(person: Person, is_me: bool, csrf: str) -> Row:
    name = html.Span([person.name, html.Span(" (you)", className="quiet")] if is_me else person.name)
    who = {"username": person.name}
    if is_me:
        return (name, person.source, moment(person.seen_at), person.role, _password(person, csrf), "")
    role = form(
        USERS_PATH,
        csrf,
        "role",
        choice("role", f"Role of {person.name}", ROLES, person.role, str(person.user_id)),
        button("Change", of=f"the role of {person.name}"),
        **who,
    )
    verb = "disable" if person.disabled_at is None else "enable"
    words = "Disable" if person.disabled_at is None else "Let in again"
    state = form(USERS_PATH, csrf, verb, button(words, of=person.name), **who)
    return (name, person.source, moment(person.seen_at), role, _password(person, csrf), state)


def _password(person: Person, csrf: str) -> Component | str:
    if person.source != "password":
        return "–"
    new = field(
        "password",
        f"New password of {person.name}",
        str(person.user_id),
        type="password",
        minlength=12,
        required=True,
        autocomplete="new-password",
    )
    change = form(USERS_PATH, csrf, "password", new, button("Set"), username=person.name)
    return html.Details([html.Summary("Set…"), change])


def _add(csrf: str) -> Component:
    return form(
        USERS_PATH,
        csrf,
        "add",
        field("username", "Name", required=True, maxlength=100),
        field("password", "Password", type="password", required=True, minlength=12, autocomplete="new-password"),
        choice("role", "Role", ROLES, ROLES[0]),
        button("Add", primary=True),
    )
