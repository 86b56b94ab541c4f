"""The line protocol: what its clients write, newlines in texts among it, and whatever else comes in its place."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.rows import MAX_MEASUREMENTS, SAMPLE
from metrics_dash.ingest.event import MAX_EVENT_BYTES, Event, MalformedEvent
from metrics_dash.ingest.formats.influx import _BLANK, decode, unit
from metrics_dash.ingest.formats.reading import BodyError, MalformedBodyError

AT = 1_769_860_800


def decoded(text: str | bytes, precision: str = "s") -> list[Any]:
    body = bytearray(text.encode() if isinstance(text, str) else text)
    return [event for event, _ in decode(body, lambda: None, unit(precision))]


def test_a_point_is_a_sample_of_its_numbers_described_by_its_tags() -> None:
    (event,) = decoded(f'cpu,host=a,zone=eu usage=12.5,cores=4i,big=18446744073709551615u,on=True,os="Linux" {AT}')
    assert event[:4] == (
        "cpu",
        {"usage": 12.5, "cores": 4, "big": 18446744073709551615},
        {"host": "a", "zone": "eu", "on": True, "os": "Linux"},
        datetime(2026, 1, 31, 12, tzinfo=UTC),
    )
    assert event.kind == SAMPLE


def test_what_is_escaped_is_read_as_it_was_meant() -> None:
    (event,) = decoded(r'my\ disk\,x,my\ tag=a\=b\ c f\ 1=1,path="C:\\x \"y\""')
    assert event == Event(
        "my_disk_x",
        {"f 1": 1.0},
        {"my tag": "a=b c", "path": 'C:\\x "y"', "original_name": "my disk,x"},
        kind=SAMPLE,
    )


def test_a_text_may_hold_newlines_and_everything_that_ends_a_line() -> None:
    found = decoded(f'log text="one\ntwo, x=1 {AT}\n# three",n=1 {AT}\nlog n=2 {AT}\n')
    assert [event.measurements for event in found] == [{"n": 1}, {"n": 2}]
    assert found[0].metadata["text"] == f"one\ntwo, x=1 {AT}\n# three"


def test_blank_lines_and_comments_are_nothing() -> None:
    assert len(decoded("\n  \n# a comment\ncpu n=1\r\n\r\ncpu n=2\n   ")) == 2
    assert decoded("") == []
    assert decoded("# a comment") == []


def test_a_bad_line_is_named_by_its_number_whatever_stands_before_it() -> None:
    found = decoded('\n\n# a comment\ncpu n=1\nlog text="one\ntwo"\nnonsense\n')
    assert found[-1] == MalformedEvent("line 7 is not of the line protocol")


def test_blank_lines_are_read_together() -> None:
    """As they are no events, nobody accounts for the work that each would be."""
    blank = _BLANK.match(b"\n \r\n# a comment\n" * 1000 + b" cpu n=1")
    assert blank is not None
    assert blank.end() == 16 * 1000 + 1


@pytest.mark.parametrize(("precision", "factor"), [("ns", 10**9), ("us", 10**6), ("ms", 1000), ("s", 1), ("", 10**9)])
def test_times_are_in_the_unit_that_the_request_names(precision: str, factor: int) -> None:
    (event,) = decoded(f"cpu n=1 {AT * factor}", precision)
    assert event.occurred_at == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_unit_that_there_is_not_is_refused() -> None:
    with pytest.raises(MalformedBodyError, match="precision"):
        unit("fortnight")


def test_a_point_is_known_by_its_text_where_it_has_a_time() -> None:
    timed, same, other, untimed = decoded(f"cpu n=1 {AT}\ncpu n=1 {AT}\ncpu n=1 {AT + 1}\ncpu n=1\n")
    assert timed.sender_id == same.sender_id != other.sender_id
    assert untimed.sender_id is None


def test_a_point_of_more_fields_than_an_event_has_becomes_several() -> None:
    found = decoded("mysql " + ",".join(f"f{n}={n}" for n in range(150)) + f" {AT}")
    assert [len(event.measurements) for event in found] == [MAX_MEASUREMENTS, MAX_MEASUREMENTS, 22]
    assert len({event.sender_id for event in found}) == 3


@pytest.mark.parametrize(
    "line",
    ["cpu", "cpu ", "cpu n", "cpu n=", "cpu =1", ",a=b n=1", "cpu,a n=1", "cpu,a= n=1", "cpu n=1 soon", "cpu n=1,",
     "=", "cpu n=1,bad= 17", "cpu n=1,bad 17",
     "cpu n=1 1 1", 'cpu n="x', "cpu n=0x1", "cpu n=1_0", "cpu n=nan", "cpu n=inf", "cpu n=yes", "cpu n=1ii",
     "cpu n=--1", "cpu n=9999999999999999999999i", f"cpu n=1 {10**19}", "cpu n=\u0661"],
)  # fmt: skip
def test_what_is_no_point_stands_refused_in_its_place(line: str) -> None:
    found = decoded(f"cpu n=1\n{line}\ncpu n=2\n")
    assert isinstance(found[1], MalformedEvent) or 'n="x' in line
    assert found[0].measurements == {"n": 1}


def test_a_line_that_never_ends_costs_one_look() -> None:
    for line in (b"x" * 3 * MAX_EVENT_BYTES, b'cpu n="' + b"x" * 3 * MAX_EVENT_BYTES, b'a b="x\n' * 100_000):
        assert any(isinstance(event, MalformedEvent) for event in decoded(line))


@given(st.binary(max_size=300) | st.text(alphabet='abn=, \\"\n\r1i#.-', max_size=100).map(str.encode))
def test_nothing_but_a_body_error_is_raised(raw: bytes) -> None:
    for each in (raw, b"cpu n=1 1\n" + raw, b'cpu t="' + raw):
        try:
            decoded(each)
        except BodyError:
            continue


_NAMES = st.text(alphabet='ab ,=\\é"1', min_size=1, max_size=8).filter(lambda text: not text.endswith("\\"))


def _escape(text: str) -> str:
    return "".join("\\" + letter if letter in ", =" else letter for letter in text)


@given(_NAMES, st.dictionaries(_NAMES, _NAMES, max_size=3), st.floats(-1e9, 1e9), st.text(max_size=20))
def test_whatever_is_written_as_the_protocol_says_is_read(name: str, tags: dict[str, str], n: float, said: str) -> None:
    tagged = "".join(f",{_escape(key)}={_escape(value)}" for key, value in tags.items())
    quoted = said.replace("\\", "\\\\").replace('"', '\\"')
    found = decoded(f'm{_escape(name)}{tagged} n={n!r},said="{quoted}" {AT}\nnext n=1\n')
    assert len(found) == 2
    if not tags.keys() & {"said"} and "\\" not in name and not any("\\" in each for each in (*tags, *tags.values())):
        assert found[0].measurements == {"n": n}
        assert {key: found[0].metadata[key] for key in (*tags, "said")} == {**tags, "said": said}
