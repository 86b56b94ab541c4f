"""Pieces: the same text falls into the same ones whatever is made of it, and each event is in one, taken or refused."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.rows import to_nanoseconds
from metrics_dash.ingest.event import MalformedEvent
from metrics_dash.ingest.pieces import EXPLAINED_AT_MOST, PIECE_BYTES, PIECE_EVENTS, Piece, cut

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
GOOD: dict[str, Any] = {"event_name": "a.b"}
KINDS = (GOOD, {"event_name": "BAD"}, MalformedEvent("no JSON"), 7)


def pieces(events: Iterable[object], length: int = 10) -> list[tuple[int, Piece]]:
    return list(cut(((event, length) for event in events), NOW, DAY))


def firsts(sizes: Iterable[int], event: object = GOOD) -> list[int]:
    return [first for first, _ in cut(((event, size) for size in sizes), NOW, DAY)]


def at(moment: datetime) -> dict[str, Any]:
    return {**GOOD, "occurred_at": moment.isoformat()}


@pytest.mark.parametrize("event", KINDS, ids=str)
def test_where_a_piece_ends_depends_on_the_text_alone(event: object) -> None:
    sizes = [100, 3_000_000, 2_000_000, 5_000_000, 10, *[400] * 12_000]
    assert firsts(sizes, event) == [0, 2, 3, 4, 5004, 10004]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([1] * PIECE_EVENTS, [0]),
        ([1] * (PIECE_EVENTS + 1), [0, PIECE_EVENTS]),
        ([PIECE_BYTES - 1, 1], [0]),
        ([PIECE_BYTES - 1, 2], [0, 1]),
        ([10 * PIECE_BYTES], [0]),
        ([1, 10 * PIECE_BYTES, 1], [0, 1, 2]),
    ],
    ids=lambda value: f"{len(value)} of {max(value, default=0)}",
)
def test_a_piece_is_full_at_its_bounds_and_none_is_empty(sizes: list[int], expected: list[int]) -> None:
    assert firsts(sizes) == expected


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, PIECE_BYTES)), max_size=30))
def test_each_event_is_in_one_piece_at_its_place_taken_or_refused(events: list[tuple[object, int]]) -> None:
    found = list(cut(events, NOW, DAY))
    taken = list(chain.from_iterable(piece.places for _, piece in found))
    refused = [place for _, piece in found for place, _ in piece.refused]
    assert taken == [place for place, (event, _) in enumerate(events) if event is GOOD]
    assert refused == [place for place, (event, _) in enumerate(events) if event is not GOOD]
    assert [first for first, _ in found] == [min(piece.places + [p for p, _ in piece.refused]) for _, piece in found]


def test_a_piece_becomes_the_batch_of_its_rows_with_what_was_refused_between_them() -> None:
    ((_, piece),) = pieces([GOOD, MalformedEvent("no JSON"), GOOD])
    batch_id = uuid4()
    batch = piece.batch(batch_id, b"digest")
    assert (batch.batch_id, batch.digest) == (batch_id, b"digest")
    assert [batch.place(index) for index in range(len(batch.rows))] == [0, 2]
    assert [row[0] for row in batch.rows] == ["a.b", "a.b"]
    assert batch.refused == [(1, "no JSON")]


def test_the_first_refusals_are_explained_and_the_others_named_by_a_word() -> None:
    ((_, piece),) = pieces([7] * (EXPLAINED_AT_MOST + 2))
    reasons = [reason for _, reason in piece.refused]
    assert reasons == ["7 is not an object"] * EXPLAINED_AT_MOST + ["invalid"] * 2


def test_good_events_between_do_not_use_up_the_explanations() -> None:
    ((_, piece),) = pieces([GOOD] * 500 + [7])
    assert piece.refused == [(500, "7 is not an object")]


def test_the_newest_of_the_events_that_come_too_early_is_kept_in_mind() -> None:
    ahead = [NOW + timedelta(hours=hours) for hours in (1, 3, 2)]
    ((_, piece),) = pieces([GOOD, *map(at, ahead), at(NOW - 2 * DAY)])
    assert piece.newest == to_nanoseconds(ahead[1])
    assert piece.batch(uuid4(), None).newest == piece.newest


def test_of_events_that_are_bad_for_ever_no_time_is_kept() -> None:
    ((_, piece),) = pieces([GOOD, 7, at(NOW - 2 * DAY)])
    assert len(piece.refused) == 2
    assert piece.newest is None


def test_events_without_a_time_happen_when_they_come() -> None:
    ((_, piece),) = pieces([GOOD])
    assert piece.rows[0][2] == to_nanoseconds(NOW)


def test_refusals_take_memory_too() -> None:
    ((_, taken),) = pieces([GOOD] * 10)
    ((_, refused),) = pieces([7] * 10)
    ((_, both),) = pieces([GOOD, 7] * 10)
    assert both.size == taken.size + refused.size
    assert refused.size > 0
