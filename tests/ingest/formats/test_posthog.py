"""PostHog's bodies: each event with its uuid, and whatever else comes is refused in its place."""

from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from metrics_dash.ingest.event import Event, MalformedEvent
from metrics_dash.ingest.formats.posthog import decode
from metrics_dash.ingest.formats.reading import BodyError

SENT: dict[str, Any] = {
    "event": "Order Paid",
    "distinct_id": 42,
    "uuid": "0190e1e2-0000-7000-8000-000000000001",
    "timestamp": "2026-01-31T12:00:00.5+00:00",
    "properties": {"amount": 12.5, "plan": "pro", "order_id": 7, "$lib": "posthog-python", "$set": {"mail": "a@b"}},
}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(list(SENT)), inner),
    max_leaves=20,
)


def decoded(document: object) -> list[object]:
    return [event for event, _ in decode(bytearray(orjson.dumps(document)), lambda: None)]


def test_an_event_is_its_name_its_numbers_and_what_describes_it() -> None:
    read = Event(
        "order_paid",
        {"amount": 12.5},
        {"plan": "pro", "order_id": 7, "$lib": "posthog-python", "distinct_id": "42", "original_name": "Order Paid"},
        datetime(2026, 1, 31, 12, 0, 0, 500000, tzinfo=UTC),
        "0190e1e2-0000-7000-8000-000000000001",
    )
    assert decoded(SENT) == decoded([SENT]) == decoded({"api_key": "k", "batch": [SENT], "sent_at": "now"}) == [read]


def test_a_person_may_stand_among_the_properties() -> None:
    (event,) = decoded({"event": "$pageview", "properties": {"distinct_id": "x", "token": "secret"}})
    assert event == Event("pageview", {}, {"distinct_id": "x", "original_name": "$pageview"})


def test_what_is_no_event_stands_refused_in_its_place() -> None:
    found = decoded(
        [SENT, {"properties": {}}, 7, {"event": "a", "timestamp": "soon"}, {"event": "a", "properties": []}]
    )
    assert [isinstance(event, MalformedEvent) for event in found] == [False, True, True, True, True]


@given(_JSON)
def test_nothing_but_a_body_error_is_raised(document: object) -> None:
    try:
        decoded(document)
        decoded({"batch": [document]})
    except (BodyError, orjson.JSONEncodeError):
        pass


def test_an_event_whose_number_can_not_be_read_is_refused_alone_and_says_so() -> None:
    body = bytearray(b'{"batch": [{"event": "a", "properties": {"n": 1e400}}, {"event": "b"}]}')
    refused, taken = (event for event, _ in decode(body, lambda: None))
    assert isinstance(refused, MalformedEvent)
    assert refused.reason.startswith("the event can't be read: ")
    assert isinstance(taken, Event)
