"""Batches: each row is named by where it stood in what was sent, and the same is said of it whenever somebody asks."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.batches import Batch, Refusal, Written, days_of
from db.rows import Row, encode_row, to_nanoseconds

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def row(at: datetime = NOON) -> Row:
    return encode_row("a.b", {}, {}, at)


def test_the_span_is_from_the_oldest_to_the_newest_whatever_their_order() -> None:
    times = [NOON, NOON - DAY, NOON + DAY]
    span = Batch(uuid4(), [row(each) for each in times]).span
    assert span == (to_nanoseconds(NOON - DAY), to_nanoseconds(NOON + DAY))
    assert Batch(uuid4(), []).span == (0, 0)


def test_a_row_stands_at_its_index_where_nothing_else_is_said() -> None:
    batch = Batch(uuid4(), [row(), row()])
    assert [batch.place(index) for index in (0, 1)] == [0, 1]
    assert batch.index() == {0: 0, 1: 1}


def test_a_row_is_found_again_by_its_place() -> None:
    batch = Batch(uuid4(), [row(), row(), row()], places=[3, 5, 9])
    assert [batch.place(index) for index in range(3)] == [3, 5, 9]
    assert batch.index() == {3: 0, 5: 1, 9: 2}


def test_all_that_is_refused_is_told_in_the_order_in_which_it_was_sent() -> None:
    batch = Batch(uuid4(), [row()] * 4, places=[1, 3, 4, 6], refused=[(2, "invalid: no JSON")])
    written = Written.of(batch, too_old=(2,), over_quota=(0,), quarantined=((3, "22P05: no such character"),))
    assert [place for place, _ in written.refused] == [1, 2, 4, 6]
    assert [text.partition(": ")[0] for _, text in written.refused] == [
        "name_quota",
        "invalid",
        "too_old",
        "quarantined",
    ]
    assert written.refused[-1] == (6, "quarantined: 22P05: no such character")


def test_what_is_lost_is_counted_by_reason_and_what_never_came_here_is_not() -> None:
    batch = Batch(uuid4(), [row()] * 4, places=[1, 2, 3, 4], refused=[(0, "invalid: no JSON")])
    written = Written.of(batch, too_old=(0, 1), quarantined=((3, "22003: overflow"),))
    assert (written.lost, written.lost_rows) == ({"too_old": 2, "quarantined": 1}, 3)
    whole = Written.of(batch)
    assert (whole.lost, whole.lost_rows, whole.refused) == ({}, 0, ((0, "invalid: no JSON"),))


FATES = st.sampled_from(["stored", "too_old", "name_quota", "quarantined", "refused before"])


@given(st.lists(st.tuples(FATES, st.text(max_size=20)), max_size=12))
def test_what_became_of_a_batch_is_told_again_from_what_was_refused_of_it(fates: list[tuple[str, str]]) -> None:
    places = [place for place, (fate, _) in enumerate(fates) if fate != "refused before"]
    before = [(place, f"invalid: {why}") for place, (fate, why) in enumerate(fates) if fate == "refused before"]
    batch = Batch(uuid4(), [row()] * len(places), places, before)

    def those(wanted: str) -> tuple[int, ...]:
        return tuple(index for index, place in enumerate(places) if fates[place][0] == wanted)

    quarantined: tuple[Refusal, ...] = tuple((index, fates[places[index]][1]) for index in those("quarantined"))
    first = Written.of(batch, those("too_old"), those("name_quota"), quarantined)
    assert len(first.refused) == sum(fate != "stored" for fate, _ in fates)
    assert Written.again(batch, first.refused) == first


@pytest.mark.parametrize(
    ("times", "days"),
    [
        ([], set()),
        ([NOON, NOON], {date(2026, 1, 31)}),
        ([NOON, NOON + DAY / 2 - timedelta(microseconds=1)], {date(2026, 1, 31)}),
        ([NOON, NOON + DAY / 2], {date(2026, 1, 31), date(2026, 2, 1)}),
        ([NOON + 9 * DAY, NOON, NOON + DAY], {date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 9)}),
        ([datetime(1969, 12, 31, 23, tzinfo=UTC)], {date(1969, 12, 31)}),
    ],
)
def test_the_days_are_those_of_utc_that_events_fall_on_and_no_others(times: list[datetime], days: set[date]) -> None:
    assert days_of([Batch(uuid4(), [row(each) for each in times])]) == days
    assert days_of([Batch(uuid4(), [row(each)]) for each in times]) == days
