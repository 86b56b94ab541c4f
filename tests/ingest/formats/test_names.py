"""Other systems' names as names of events: always one that the gate takes, the original kept, collisions said."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.rows import EVENT_NAME, InvalidEventError
from metrics_dash.ingest.formats.names import ORIGINAL_NAME, event_name, named
from metrics_dash.ingest.formats.properties import LONGEST_TEXT


@pytest.mark.parametrize(
    ("original", "name"),
    [
        ("game.login", "game.login"),
        ("Order Completed", "order_completed"),
        ("$pageview", "pageview"),
        ("My App/x", "my_app_x"),
        ("http.server.request.duration", "http.server.request.duration"),
        ("GET /users/{id}", "get_users_id"),
        ("..a..b..", "a.b"),
        ("__private", "__private"),
        ("Café-größe", "cafe_groe"),
    ],
)
def test_a_name_is_lower_case_words_joined_by_dots(original: str, name: str) -> None:
    assert event_name(original) == name


@given(st.text(max_size=60))
def test_every_name_becomes_one_that_is_taken(original: str) -> None:
    assert EVENT_NAME.fullmatch(event_name(original))


def test_names_without_a_letter_that_could_stay_are_told_apart() -> None:
    assert event_name("登録") != event_name("削除")
    assert event_name("登録").startswith("event_")


def test_the_original_is_kept_where_it_differs() -> None:
    metadata: dict[str, object] = {}
    assert named("order_paid", metadata) == "order_paid"
    assert metadata == {}
    assert named("Order Paid", metadata) == "order_paid"
    assert metadata == {ORIGINAL_NAME: "Order Paid"}


def test_a_name_that_would_fill_what_is_remembered_is_refused() -> None:
    named("n" * LONGEST_TEXT, {})
    with pytest.raises(InvalidEventError, match="longer than"):
        named("n" * (LONGEST_TEXT + 1), {})


def test_two_that_become_one_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for original in ("Colliding-name", "colliding_Name", "Colliding-name", "colliding_Name"):
            named(original, {})
    said = [record.getMessage() for record in caplog.records]
    assert said == ["'Colliding-name' and 'colliding_Name' are both counted as the event colliding_name"]
