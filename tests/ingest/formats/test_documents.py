"""JSON taken apart by its text: what a JSON reader reads, a value at a time."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_dash.ingest.event import MAX_EVENT_BYTES
from metrics_dash.ingest.formats.documents import items, text_of
from metrics_dash.ingest.formats.reading import STRIDE, BodyError, MalformedBodyError, OversizedBodyError

_SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    _SCALARS | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def found(raw: bytes) -> list[object]:
    return [item for item, _ in items(bytearray(raw), "batch")]


@given(st.lists(_JSON), st.dictionaries(st.text().filter(lambda key: key != "batch"), _JSON), st.booleans())
def test_the_array_of_a_name_is_found_among_any_members(batch: list[Any], others: dict[str, Any], last: bool) -> None:
    document = {**others, "batch": batch} if last else {"batch": batch, **others}
    assert found(orjson.dumps(document)) == batch


@given(st.dictionaries(st.text().filter(lambda key: key != "batch"), _JSON))
def test_an_object_without_it_is_the_one_item(document: dict[str, Any]) -> None:
    assert found(orjson.dumps(document, option=orjson.OPT_INDENT_2)) == [document]


def test_an_array_is_its_items() -> None:
    assert found(b' [1, {"a": []} ] ') == [1, {"a": []}]


@given(st.dictionaries(st.sampled_from(["batch", "a"]), _JSON), st.data())
def test_a_damaged_document_is_refused_where_a_json_reader_refuses_it(doc: dict[str, Any], data: st.DataObject) -> None:
    raw = bytearray(orjson.dumps(doc))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place : place + 1] = data.draw(st.sampled_from([b"", b'"', b"]", b"[", b"{", b"}", b",", b"\\", b":", b"1"]))
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        with pytest.raises(MalformedBodyError):
            found(bytes(raw))
        return
    if raw[:1] in (b"{", b"["):
        found(bytes(raw))


@given(st.binary(max_size=200))
def test_nothing_but_a_body_error_is_raised(raw: bytes) -> None:
    for each in (raw, b'{"batch":' + raw, b'{"batch":[' + raw):
        try:
            found(each)
        except BodyError:
            continue


def test_a_value_that_is_longer_than_any_event_is_not_decoded() -> None:
    long = b'"' + b"x" * MAX_EVENT_BYTES + b'"'
    for raw in (b'{"batch":[' + long + b"]}", b'{"a":' + long + b"}", b"{" + b'"a":"' + b"x" * 500_000 + b'",' * 1):
        with pytest.raises(BodyError):
            found(raw)
    halves = b'{"a":"' + b"x" * 600_000 + b'","b":"' + b"x" * 600_000 + b'"}'
    with pytest.raises(OversizedBodyError):
        found(halves)


def test_a_text_is_found_by_its_name_and_nothing_else_is_decoded() -> None:
    body = bytearray(b'{"batch": [{"api_key": "no"}, 1e400, "\\ud800"], "other": {"api_key": 1}, "api_key": "yes"}')
    assert text_of(body, {b"api_key"}, lambda: None) == "yes"
    assert text_of(body, {b"token"}, lambda: None) is None
    for nothing in (b"", b"[]", b"{}", b'["api_key"]', b'{"api_key": 7}', b'{"api_key": ["x"]}'):
        assert text_of(bytearray(nothing), {b"api_key"}, lambda: None) is None


def test_looking_for_a_text_is_work_that_is_accounted_for() -> None:
    done = []
    text_of(bytearray(b'{"a": [' + b"{}," * 10_000 + b"{}]}"), {b"b"}, lambda: done.append(1))
    assert len(done) > 10_000 // STRIDE
