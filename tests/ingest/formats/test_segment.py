"""Segment's calls: a track is named by its event, the others by what they are."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_dash.ingest.event import Event, MalformedEvent
from metrics_dash.ingest.formats.reading import BodyError
from metrics_dash.ingest.formats.segment import CALLS, decode

TRACK: dict[str, Any] = {"type": "track", "event": "Order Paid", "userId": 7, "messageId": "any text",
                         "properties": {"total": 5, "coupon": "x"}, "context": {"library": {"name": "p"}}}  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(CALLS),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from([*TRACK, "name", "timestamp"]), inner),
    max_leaves=20,
)


def decoded(document: object, call: str | None = None) -> list[Any]:
    return [event for event, _ in decode(bytearray(orjson.dumps(document)), lambda: None, call)]


def test_a_track_is_named_by_its_event() -> None:
    metadata = {"coupon": "x", "userId": "7", "original_name": "Order Paid"}
    assert decoded({"batch": [TRACK]}) == [Event("order_paid", {"total": 5}, metadata, None, "any text")]


@pytest.mark.parametrize("call", [call for call in CALLS if call != "track"])
def test_each_other_call_is_named_by_its_type(call: str) -> None:
    read = [Event(call, {}, {"plan": "pro", "userId": "u", "name": "Pricing"})]
    sent = {"userId": "u", "name": "Pricing", "traits": {"plan": "pro"}}
    assert decoded({**sent, "type": call}) == decoded(sent, call) == read


def test_what_is_no_call_stands_refused_in_its_place() -> None:
    found = decoded([{**TRACK, "type": "pay"}, {"type": "track"}, 7, {**TRACK, "timestamp": 7}, TRACK])
    assert [isinstance(event, MalformedEvent) for event in found] == [True, True, True, True, False]


@given(_JSON)
def test_nothing_but_a_body_error_is_raised(document: object) -> None:
    try:
        decoded(document)
        decoded({"batch": [document]}, "page")
    except (BodyError, orjson.JSONEncodeError):
        pass
