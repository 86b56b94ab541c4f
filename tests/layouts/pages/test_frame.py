"""The frame of the management pages: the dashboard's sidebar, a title, and what became of the last form."""

from dash import html

from layouts.pages.frame import body, index_string, page, sidebar
from metrics_dash.auth.permissions import PERMISSIONS, VIEW_LOGS, Principal
from tests.support.components import attribute, every, ids, words

ADMIN = Principal("user", "ann", frozenset(PERMISSIONS))


def test_the_sidebar_leads_to_what_is_open_and_marks_the_page() -> None:
    entries = list(every(sidebar(ADMIN, "token", "/admin/tokens"), html.A))
    assert [words(entry) for entry in entries] == ["Metrics", "Pipeline", "Users", "Tokens", "Links", "Audit log"]
    assert [words(entry) for entry in entries if attribute(entry, "aria-current")] == ["Tokens"]
    viewer = Principal("user", "bob", frozenset({VIEW_LOGS}))
    assert [words(entry) for entry in every(sidebar(viewer, "token", "/"), html.A)] == ["Metrics"]


def test_what_was_done_is_said_and_what_was_not_is_said_aloud() -> None:
    good, bad = (part for part in body("/admin/users", [], [("good", "Done."), ("bad", "<b>No.</b>")])[1:])
    assert (words(good), attribute(good, "role")) == ("Done.", "status")
    assert (words(bad), attribute(bad, "role")) == ("<b>No.</b>", "alert")
    assert words(body("/admin/users", [], [])[0]) == "Users"


def test_the_page_is_the_same_for_everybody() -> None:
    assert ids(page()) == ["place", "side", "content"]
    assert "{%app_entry%}" in index_string()
