"""The events in a body: each of the forms that they come in, one after the other, and none that costs too much."""

import gc
from contextlib import suppress
from json import JSONDecodeError, loads

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_dash.ingest.event import MAX_EVENT_BYTES, MalformedEvent
from metrics_dash.ingest.formats import json
from metrics_dash.ingest.formats.reading import (
    MAX_EVENTS,
    BodyError,
    MalformedBodyError,
    OversizedBodyError,
    UnsupportedTypeError,
)
from metrics_dash.web.budget import ByteBudget, Share, WorkBudget

ONE = b'{"event_name": "a.b"}'


def decode(raw: bytes, content_type: str = "application/json") -> list[object]:
    body = bytearray(raw)
    lines = json.check_type(content_type) or json.are_lines(body)
    return [event for event, _ in json.decode(body, lines=lines, work=lambda: None)]


def problem_of(raw: bytes, content_type: str = "application/json") -> BodyError:
    with pytest.raises(BodyError) as caught:
        decode(raw, content_type)
    return caught.value


@pytest.mark.parametrize(
    "text", [b"\n".join([ONE] * 1000), b"[" + b",".join([ONE] * 1000) + b"]"], ids=["lines", "array"]
)
def test_work_is_accounted_for_while_events_are_decoded_and_not_after(text: bytes) -> None:
    def nothing_left() -> None:
        raise TimeoutError

    body = bytearray(text)
    with pytest.raises(TimeoutError):
        next(json.decode(body, lines=json.are_lines(body), work=nothing_left))


def test_work_is_accounted_for_again_and_again() -> None:
    turns: list[None] = []
    body = bytearray(b"\n".join([ONE] * 2000))
    assert len(list(json.decode(body, lines=True, work=lambda: turns.append(None)))) == 2000
    assert len(turns) == 2000 // 250


def test_one_object_is_one_event() -> None:
    assert decode(ONE) == [{"event_name": "a.b"}]


def test_an_object_over_several_lines_is_one_event() -> None:
    assert decode(b'{\n  "event_name":\n  "a.b"\n}\n') == [{"event_name": "a.b"}]


def test_an_array_is_its_events() -> None:
    assert len(decode(b" [ " + ONE + b",\n" + ONE + b" ] \n")) == 2
    assert decode(b"[]") == decode(b"\n[ ]\n") == []


def test_lines_are_recognised_under_a_json_type() -> None:
    assert len(decode(ONE + b"\n" + ONE + b"\n")) == 2


def test_blank_lines_and_carriage_returns_do_not_count() -> None:
    assert len(decode(ONE + b"\r\n\r\n  \n" + ONE + b"\r\n", "application/x-ndjson")) == 2


def test_a_bad_line_stands_in_its_place_with_its_number() -> None:
    found = decode(ONE + b"\nnot json\n" + ONE, "application/x-ndjson")
    assert [isinstance(event, MalformedEvent) for event in found] == [False, True, False]
    bad = found[1]
    assert isinstance(bad, MalformedEvent)
    assert bad.reason.startswith("line 2 is not JSON: ")


def test_an_endless_line_stands_in_its_place_and_is_not_decoded() -> None:
    long = b'{"' + b"x" * MAX_EVENT_BYTES + b'": 1}'
    found = decode(ONE + b"\n" + long + b"\n" + ONE, "application/x-ndjson")
    assert found[0] == found[2] == orjson.loads(ONE)
    assert found[1] == MalformedEvent("line 2 is longer than 1 MiB, as no event is")
    for raw in (long, b"[" + ONE + b"," + long + b"]"):
        assert isinstance(problem_of(raw), OversizedBodyError)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b'[{"event_name": }]', "line 1 column 17"),
        (b'[{},\n {"a": 1} {}]', "line 2 column 11"),
        (b'[{},\n {"a": nul}]', "line 2 column 8"),
    ],
)
def test_a_document_that_is_not_json_is_refused_with_the_position(raw: bytes, place: str) -> None:
    problem = problem_of(raw)
    assert isinstance(problem, MalformedBodyError)
    assert place in str(problem)


@pytest.mark.parametrize(
    "raw",
    [
        b"[1,]", b"[,1]", b"[1", b"[", b"[1]]", b"[1] 2", b"[1 2]", b"[1,,2]", b'["a', b'["a\\"]', b"[{]}", b"[[1}]",
        b'[{"a":1]', b"[[[[[[", b"[" * 5000 + b"]" * 5000, b"]", b"[}", b"[01]", b"[nan]", b'["\x80"]', b"[\x00]",
        b"\xef\xbb\xbf[]", b'["a":1]', b'[{"a" "b"}]', b"[" + b'{"a":' * 2000 + b"1" + b"}" * 2000 + b"]",
    ],
)  # fmt: skip
def test_what_is_no_json_array_is_refused(raw: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(raw)
    assert isinstance(problem_of(raw), MalformedBodyError)


_SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    _SCALARS | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(st.lists(_JSON), st.booleans())
def test_an_array_is_what_a_json_reader_reads(values: list[object], indented: bool) -> None:
    raw = orjson.dumps(values, option=orjson.OPT_INDENT_2 if indented else 0)
    assert decode(raw) == orjson.loads(raw)


@pytest.mark.parametrize("value", [b"1e400", b"NaN", b"-Infinity", b'"\\ud800"', b"9" * 5000])
def test_an_element_that_can_not_be_read_is_refused_alone(value: bytes) -> None:
    found = decode(b"[" + ONE + b', {"event_name": "a.b", "measurements": {"n": ' + value + b"}}, " + ONE + b"]")
    assert found[0] == found[2] == orjson.loads(ONE)
    assert isinstance(found[1], MalformedEvent)
    assert found[1].reason.startswith("the event can't be read: ")


@given(st.lists(_JSON), st.data())
def test_a_damaged_array_is_what_a_json_reader_makes_of_it(values: list[object], data: st.DataObject) -> None:
    raw = bytearray(orjson.dumps(values))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place : place + 1] = data.draw(
        st.sampled_from([b"", b'"', b"]", b"[", b"{", b"}", b",", b"\\", b":", b"1", b" "])
    )
    try:
        expected = orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            read = loads(raw)
        except ValueError:
            assert isinstance(problem_of(bytes(raw)), MalformedBodyError)
        else:  # a number too large to be one, of which a lenient reader makes infinity
            assert len(decode(bytes(raw))) == len(read)
        return
    assert decode(bytes(raw)) == (expected if isinstance(expected, list) else [expected])


def test_lines_of_which_none_is_json_are_refused() -> None:
    problem = problem_of(b"one\ntwo", "application/x-ndjson")
    assert isinstance(problem, MalformedBodyError)
    assert "line 1" in str(problem)


@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
def test_an_empty_body_is_refused(content_type: str) -> None:
    assert isinstance(problem_of(b" \n", content_type), MalformedBodyError)
    assert isinstance(problem_of(b"", content_type), MalformedBodyError)


def test_a_type_that_is_no_json_is_refused_by_name() -> None:
    problem = problem_of(ONE, "application/xml")
    assert isinstance(problem, UnsupportedTypeError)
    assert "'application/xml'" in str(problem)


@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
def test_more_events_than_anybody_means_are_refused(content_type: str) -> None:
    lines = ["1"] * (MAX_EVENTS + 1)
    text = "\n".join(lines) if content_type != "application/json" else f"[{','.join(lines)}]"
    problem = problem_of(text.encode(), content_type)
    assert isinstance(problem, OversizedBodyError)
    assert "250,000" in str(problem)


@pytest.mark.parametrize(
    "raw",
    [
        b"{}" + b"\n" * 20_000_000,
        b"{}\n" * 6_900_000,
        b"[" + b"{}," * 6_900_000 + b"1]",
        b"[" + b"[]," * 6_900_000 + b"1]",
        b"[" * 20_000_000,
        b'["' + b'\\"' * 10_000_000,
        b"[{" + b'"",' * 6_900_000,
        b"{" + b'"a":1,' * 3_000_000 + b'"b":2}',
    ],
    ids=range(8),
)
def test_what_is_made_to_be_costly_is_left_early(raw: bytes) -> None:
    """Left for what it is (400, 413) and not because of the time (503), which each of these could fill for minutes."""
    body = bytearray(raw)
    share = Share(ByteBudget(0), WorkBudget(0.0, 60.0))
    with pytest.raises(BodyError) as caught:
        list(json.decode(body, lines=json.are_lines(body), work=share.work))
    assert isinstance(caught.value, MalformedBodyError | OversizedBodyError)


@pytest.mark.parametrize("raw", [b'["' + b"x" * 1000, b'[{"n": 1e400}, nan', b'[{"n": nan}]', b"[{}}"])
def test_a_body_that_can_not_be_read_is_let_go_at_once(raw: bytes) -> None:
    """An error in a circle with its own frame would keep it until the garbage is collected."""
    gc.collect()
    gc.disable()
    try:
        with suppress(BodyError):
            decode(raw)
        assert not [each for each in gc.get_objects() if isinstance(each, JSONDecodeError)]
    finally:
        gc.enable()
