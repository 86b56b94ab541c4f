"""Request bodies: read whole or not at all, and bounded while they are read."""

import gzip
import io
import random
import zlib

import pytest

from metrics_dash.ingest.formats.reading import MAX_EVENTS, OversizedBodyError
from metrics_dash.web.body import MAX_COMPRESSED, MAX_INFLATED, inflated, read
from metrics_dash.web.budget import ByteBudget, Share, WorkBudget
from metrics_dash.web.problems import ProblemError

ONE = b'{"event_name": "a.b"}'


@pytest.fixture
def share() -> Share:
    return Share(ByteBudget(2**30), WorkBudget(1.0, 60.0))


def inflate(raw: bytes, size: int = 16_384) -> bytes:
    return b"".join(inflated(raw[at : at + size] for at in range(0, len(raw), size)))


def problem_of(*arguments: object, call: object = read, **more: object) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        call(*arguments, **more)  # type: ignore[operator]
    return caught.value


def test_gzip_of_several_members_is_inflated_as_one() -> None:
    assert inflate(gzip.compress(b"one ") + gzip.compress(b"two")) == b"one two"


@pytest.mark.parametrize("size", [1, 7, 16_384])
def test_members_are_found_across_pieces_and_past_padding(size: int) -> None:
    noise = random.Random(7).randbytes(40_000)  # so that no member is short once it is compressed
    bodies = [noise[:length] for length in (0, 16_361, 16_383, 16_384, 40_000, 1)]
    assert inflate(b"".join(gzip.compress(body) + b"\0" * 3 for body in bodies), size) == b"".join(bodies)


def test_many_small_members_are_not_copied_over_and_over(monkeypatch: pytest.MonkeyPatch, share: Share) -> None:
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
    assert read(io.BytesIO(gzip.compress(b"") * members), None, "gzip", share) == b""
    assert sum(handed) <= members * 16 * 1024


def test_a_bomb_is_refused_before_it_goes_off(share: Share) -> None:
    bomb = gzip.compress(b"\0" * (MAX_INFLATED + 1))
    assert len(bomb) < MAX_COMPRESSED
    problem = problem_of(io.BytesIO(bomb), len(bomb), "gzip", share)
    assert problem.status == 413
    assert "20 MiB" in problem.error


def test_what_inflates_to_exactly_the_limit_is_taken(share: Share) -> None:
    raw = gzip.compress(b"\0" * MAX_INFLATED, 1)
    assert len(read(io.BytesIO(raw), len(raw), "gzip", share)) == MAX_INFLATED


def test_lines_are_counted_while_they_come_and_not_after(share: Share) -> None:
    """20 MiB of newlines fit into 20 KiB; they are refused when a hundredth of them has been inflated."""
    raw = gzip.compress(b"\n" * MAX_INFLATED)
    budget = ByteBudget(2 * MAX_EVENTS + 2**20)
    with pytest.raises(OversizedBodyError, match="250,000 lines"):
        read(io.BytesIO(raw), len(raw), "gzip", Share(budget, WorkBudget(1.0, 60.0)), lines=True)


@pytest.mark.parametrize(
    ("raw", "complaint"), [(b"plain text", "not gzip"), (gzip.compress(b"x" * 99, mtime=0)[:-9], "cut off")]
)
def test_damaged_gzip_is_refused(raw: bytes, complaint: str) -> None:
    problem = problem_of(raw, call=inflate)
    assert problem.status == 400
    assert complaint in problem.error


@pytest.mark.parametrize(("encoding", "limit"), [("gzip", MAX_COMPRESSED), ("", MAX_INFLATED)])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_past_its_limit_is_refused_and_the_limit_named(
    encoding: str, limit: int, announced: bool, share: Share
) -> None:
    raw = random.Random(7).randbytes(limit + 1)
    raw = gzip.compress(raw, 0) if encoding else raw
    problem = problem_of(io.BytesIO(raw), len(raw) if announced else None, encoding, share)
    assert problem.status == 413
    assert f"{limit // 2**20} MiB" in problem.error


def test_an_unknown_encoding_is_refused(share: Share) -> None:
    problem = problem_of(io.BytesIO(ONE), len(ONE), "br", share)
    assert problem.status == 415
    assert "gzip" in problem.error


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("announced", [+1, +(10**6), -1])
def test_a_body_of_another_length_than_announced_is_refused(encoding: str, announced: int, share: Share) -> None:
    """A server that hands over what came: the reader compares, and trusts none."""
    raw = gzip.compress(ONE) if encoding else ONE
    problem = problem_of(io.BytesIO(raw), len(raw) + announced, encoding, share)
    assert problem.status == 400
    assert "nothing was stored" in problem.error


@pytest.mark.parametrize("error", [OSError("no more data"), ValueError("bad chunk"), RuntimeError("whatever")])
def test_whatever_a_server_raises_while_it_hands_over_is_a_body_that_was_cut(error: Exception, share: Share) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            part = super().read(size)
            if not part:
                raise error
            return part

    problem = problem_of(Broken(ONE), None, "", share)
    assert problem.status == 400
    assert str(error) not in problem.error


def test_all_requests_together_hold_no_more_than_their_budget(share: Share) -> None:
    budget, work = ByteBudget(100_000), WorkBudget(1.0, 60.0)
    first = Share(budget, work)
    assert len(read(io.BytesIO(b"x" * 60_000), 60_000, "", first)) == 60_000
    second = Share(budget, work)
    problem = problem_of(io.BytesIO(b"x" * 60_000), 60_000, "", second)
    assert (problem.status, problem.headers) == (503, {"Retry-After": "2"})
    assert budget.held <= 100_000
    second.release()
    assert budget.held == 60_000
    first.release()
    assert budget.held == 0
    assert len(read(io.BytesIO(b"x" * 60_000), 60_000, "", second)) == 60_000


def test_no_more_is_read_than_the_budget_has_room_for() -> None:
    class Counting(io.BytesIO):
        given = 0

        def read(self, size: int | None = -1) -> bytes:
            part = super().read(size)
            self.given += len(part)
            return part

    stream = Counting(b"x" * MAX_INFLATED)
    problem_of(stream, MAX_INFLATED, "", Share(ByteBudget(100_000), WorkBudget(1.0, 60.0)))
    assert stream.given <= 100_000 + 16 * 1024


def test_decoding_is_paid_for_by_all_together_and_time_brings_it_back() -> None:
    now = [0.0]
    work = WorkBudget(0.5, 3.0, clock=lambda: now[0])
    assert work.spend(2.0)
    assert work.spend(2.0)  # what is under way is paid for when it is done
    assert not work.spend(0.1)
    now[0] += 1.0
    assert not work.spend(0.1)
    now[0] += 2.0
    assert work.spend(0.1)
    now[0] += 1000.0
    assert [work.spend(1.0) for _ in range(4)] == [True, True, True, False]


def test_a_body_that_takes_too_long_is_told_to_come_again() -> None:
    spent = WorkBudget(0.0, 1.0, clock=lambda: 0.0)
    assert spent.spend(1.0)
    problem = problem_of(io.BytesIO(gzip.compress(b"x")), None, "gzip", Share(ByteBudget(10**6), spent))
    assert (problem.status, problem.headers) == (503, {"Retry-After": "2"})
