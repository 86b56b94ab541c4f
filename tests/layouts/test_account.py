"""Who is signed in, and the pages that are open to them."""

from dash import html

from layouts.account import account, entries, sign_in_again
from metrics_dash.auth.permissions import LOCAL, VIEW_LOGS, Principal
from tests.support.components import attribute, every, with_id, words

ANN = Principal("user", "ann", frozenset({VIEW_LOGS}))


def test_whoever_is_signed_in_sees_their_name_and_the_way_out() -> None:
    part = account(ANN, "token")
    assert words(part) == "annSign out"
    (form,) = every(part, html.Form)
    assert (attribute(form, "action"), attribute(form, "method")) == ("/admin/logout", "POST")


def test_a_session_that_is_not_ours_can_not_be_ended_here() -> None:
    assert words(account(ANN, None)) == "ann"


def test_without_a_login_and_on_a_wall_there_is_nobody() -> None:
    for viewer in (LOCAL, Principal("link", "wall", frozenset({VIEW_LOGS}))):
        assert words(account(viewer, None)) == ""


def test_the_present_page_is_marked() -> None:
    marked = [words(entry) for entry in every(entries(ANN), html.A) if attribute(entry, "aria-current") == "page"]
    assert marked == ["Metrics"]


def test_the_way_back_in_is_hidden_until_it_is_needed() -> None:
    assert attribute(with_id(sign_in_again(), "sign-in"), "hidden") is True
