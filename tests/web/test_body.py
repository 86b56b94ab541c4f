"""Request bodies: bounded, and each of the forms that events come in."""

import gzip
import io
import random
import zlib

import pytest

from metrics_dash.web.body import MAX_COMPRESSED, MAX_EVENTS, MAX_INFLATED, Malformed, decode, inflate, read
from metrics_dash.web.problems import ProblemError

ONE = b'{"event_name": "a.b"}'


def problem_of(*arguments: object, call: object = decode) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value


def test_one_object_is_one_event() -> None:
    assert decode(ONE, "application/json") == [{"event_name": "a.b"}]


def test_an_object_over_several_lines_is_one_event() -> None:
    assert decode(b'{\n  "event_name":\n  "a.b"\n}\n', "application/json") == [{"event_name": "a.b"}]


def test_an_array_is_its_events() -> None:
    assert len(decode(b"[" + ONE + b",\n" + ONE + b"]", "application/json")) == 2


def test_lines_are_recognised_under_a_json_type() -> None:
    assert len(decode(ONE + b"\n" + ONE + b"\n", "application/json")) == 2


def test_blank_lines_and_carriage_returns_do_not_count() -> None:
    assert len(decode(ONE + b"\r\n\r\n  \n" + ONE + b"\r\n", "application/x-ndjson")) == 2


def test_a_bad_line_stands_in_its_place_with_its_number() -> None:
    events = decode(ONE + b"\nnot json\n" + ONE, "application/x-ndjson")
    assert [isinstance(event, Malformed) for event in events] == [False, True, False]
    bad = events[1]
    assert isinstance(bad, Malformed)
    assert bad.reason.startswith("line 2 is not JSON: ")


def test_a_document_that_is_not_json_is_refused_with_the_position() -> None:
    problem = problem_of(b'[{"event_name": }]', "application/json")
    assert problem.status == 400
    assert "line 1 column 17" in problem.error


def test_lines_of_which_none_is_json_are_refused() -> None:
    problem = problem_of(b"one\ntwo", "application/x-ndjson")
    assert problem.status == 400
    assert "line 1" in problem.error


@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
def test_an_empty_body_is_refused(content_type: str) -> None:
    assert problem_of(b" \n", content_type).status == 400


def test_a_type_that_is_no_json_is_refused_by_name() -> None:
    problem = problem_of(ONE, "application/xml")
    assert problem.status == 415
    assert "'application/xml'" in problem.error


def test_gzip_of_several_members_is_inflated_as_one() -> None:
    assert inflate(gzip.compress(b"one ") + gzip.compress(b"two")) == b"one two"


def test_members_are_found_across_pieces_and_past_padding() -> None:
    noise = random.Random(7).randbytes(40_000)  # so that no member is short once it is compressed
    bodies = [noise[:size] for size in (0, 16_361, 16_383, 16_384, 40_000, 1)]
    assert inflate(b"".join(gzip.compress(body) + b"\0" * 3 for body in bodies)) == b"".join(bodies)


def test_many_small_members_are_not_copied_over_and_over(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[int] = []
    make = zlib.decompressobj

    class Counting:
        def __init__(self, wbits: int) -> None:
            self.member = make(wbits=wbits)

        def __getattr__(self, name: str) -> object:
            return getattr(self.member, name)

        def decompress(self, data: bytes, most: int) -> bytes:
            handed.append(len(data))
            return self.member.decompress(data, most)

    monkeypatch.setattr(zlib, "decompressobj", Counting)
    members = 20_000
    assert inflate(gzip.compress(b"") * members) == b""
    assert sum(handed) <= members * 16 * 1024


@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
def test_more_events_than_anybody_means_are_refused(content_type: str) -> None:
    lines = ["1"] * (MAX_EVENTS + 1)
    text = "\n".join(lines) if content_type != "application/json" else f"[{','.join(lines)}]"
    problem = problem_of(text.encode(), content_type)
    assert problem.status == 413
    assert "250,000" in problem.error


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = gzip.compress(b"\0" * (MAX_INFLATED + 1))
    assert len(bomb) < MAX_COMPRESSED
    problem = problem_of(bomb, call=inflate)
    assert problem.status == 413
    assert "20 MiB" in problem.error


def test_what_inflates_to_exactly_the_limit_is_taken() -> None:
    assert len(inflate(gzip.compress(b"\0" * MAX_INFLATED, 1))) == MAX_INFLATED


@pytest.mark.parametrize(
    ("raw", "complaint"), [(b"plain text", "not gzip"), (gzip.compress(b"x" * 99, mtime=0)[:-9], "cut off")]
)
def test_damaged_gzip_is_refused(raw: bytes, complaint: str) -> None:
    problem = problem_of(raw, call=inflate)
    assert problem.status == 400
    assert complaint in problem.error


@pytest.mark.parametrize(("encoding", "limit"), [("gzip", MAX_COMPRESSED), ("", MAX_INFLATED)])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_past_its_limit_is_refused_and_the_limit_named(encoding: str, limit: int, announced: bool) -> None:
    size = limit + 1
    problem = problem_of(io.BytesIO(b"x" * size), size if announced else None, encoding, call=read)
    assert problem.status == 413
    assert f"{limit // 2**20} MiB" in problem.error


def test_an_unknown_encoding_is_refused() -> None:
    problem = problem_of(io.BytesIO(ONE), len(ONE), "br", call=read)
    assert problem.status == 415
    assert "gzip" in problem.error
