"""Where every event is: what was moved to disk, and what came from there, is counted in one place at a time."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from db.batches import Batch, Written
from db.rows import encode_row
from metrics_dash.ingest.buffer import Buffer
from metrics_dash.ingest.spool.folder import Segment
from metrics_dash.ingest.submission import BufferFullError, PendingBatch, Submission

ROW = encode_row("a.b", {"n": 1}, {}, datetime(2026, 1, 1, tzinfo=UTC))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def buffer(clock: Clock | None = None, **options: Any) -> Buffer:
    bounds = {"batch_size": 3, "buffer_events": 10, "buffer_bytes": 100_000, "name_quota": 100}
    return Buffer(
        **{**bounds, **options}, clock=clock or Clock(), wall=lambda: 0, wake=lambda: None, on_new_name=lambda: None
    )


def offer(one: Buffer, events: int) -> int:
    return sum(one.offer("a.b", {"n": 1}, {}) for _ in range(events))


def read_back(events: int) -> PendingBatch:
    """A batch as it is read from disk."""
    batch = Batch(uuid4(), [ROW] * events)
    return PendingBatch(batch, Submission(batch.batch_id, lambda _: False), since=0, size=0, segment=Segment(None))  # type: ignore[arg-type]


def test_what_lies_on_disk_leaves_its_room_to_others(tmp_path: object) -> None:
    one = buffer()
    offer(one, 9)
    assert len(one.hand_over()) == 3
    one.spool(3)
    assert offer(one, 12) == 10
    assert one.snapshot().spooled == 9
    assert one.snapshot().balanced


def test_what_the_disk_did_not_take_waits_where_it_was_before_what_came_since() -> None:
    one = buffer()
    offer(one, 6)
    first, second = one.hand_over()
    offer(one, 3)
    one.spool(1)
    assert one.take(100)[0] is second
    assert first.submission.settled(0)
    assert not second.submission.settled(0)


def test_what_is_in_flight_is_moved_first_and_does_not_arrive_twice() -> None:
    one = buffer()
    offer(one, 3)
    group = one.take(100)
    offer(one, 3)
    assert one.hand_over()[0] is group[0]
    one.spool(2)
    one.settle(group, [Written()])
    counters = one.snapshot()
    assert (counters.spooled, counters.committed, counters.balanced) == (6, 0, True)


def test_what_came_from_disk_and_failed_is_on_disk_again() -> None:
    one = buffer()
    offer(one, 3)
    one.hand_over()
    one.spool(1)
    group = [read_back(3)]
    one.fly(group)
    assert (one.snapshot().spooled, one.snapshot().in_flight, one.on_disk()) == (0, 3, 3)
    assert one.put_back() == group
    assert (one.snapshot().spooled, one.snapshot().buffered, one.on_disk()) == (3, 0, 3)


def test_what_is_on_its_way_from_memory_is_not_on_disk() -> None:
    one = buffer()
    offer(one, 3)
    assert [len(pending) for pending in one.take(10)] == [3]
    assert (one.snapshot().in_flight, one.on_disk()) == (3, 0)


def test_an_abandoned_buffer_leaves_what_is_on_disk_there() -> None:
    one = buffer()
    offer(one, 3)
    one.hand_over()
    one.spool(1)
    one.fly([read_back(3)])
    offer(one, 2)
    assert one.abandon("shutdown") == 2
    counters = one.snapshot()
    assert (counters.spooled, counters.dropped, counters.balanced) == (3, {"shutdown": 2}, True)


@pytest.mark.parametrize(("taken", "patient"), [(3, 5.0), (9, 1.0)])
def test_a_write_holds_up_sooner_where_little_room_is_left(taken: int, patient: float) -> None:
    clock = Clock()
    one = buffer(clock)
    offer(one, taken)
    assert not one.is_held_up(5)
    one.take(3)
    clock.now += patient
    assert not one.is_held_up(5)
    clock.now += 0.1
    assert one.is_held_up(5)


def test_a_report_on_disk_makes_room_for_more_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics_dash.ingest.buffer.PENDING_REPORTS", 1)
    one = buffer()
    for expected in (1, 2):
        one.reject()
        one.report_refusals()
        one.hand_over()
        one.spool(1)
        assert one.snapshot().spooled == expected


class Places(RuleBasedStateMachine):
    """Any order of moves leaves every event in one place."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = buffer()
        self.on_disk: list[int] = []
        self.group: list[PendingBatch] = []

    @rule(events=st.integers(1, 8))
    def offer(self, events: int) -> None:
        offer(self.buffer, events)

    @rule(events=st.integers(1, 8))
    def submit(self, events: int) -> None:
        with suppress(BufferFullError):
            self.buffer.submit(Batch(uuid4(), [ROW] * events))

    @rule(events=st.integers(0, 10))
    def take(self, events: int) -> None:
        if not self.group and not self.on_disk:
            self.group = self.buffer.take(events)

    @rule()
    def read(self) -> None:
        if not self.group and self.on_disk:
            self.group = [read_back(self.on_disk.pop(0))]
            self.buffer.fly(self.group)

    @rule(part=st.floats(0, 1))
    def move(self, part: float) -> None:
        moving = self.buffer.hand_over()
        moved = round(part * len(moving))
        self.buffer.spool(moved)
        self.on_disk += map(len, moving[:moved])

    @rule(works=st.booleans())
    def end(self, works: bool) -> None:
        if works:
            self.buffer.settle(self.group, [Written() for _ in self.group])
        else:
            self.on_disk[:0] = map(len, self.buffer.put_back())
        self.group = []

    @rule()
    def lose(self) -> None:
        if self.on_disk:
            self.buffer.lose(self.on_disk.pop())

    @rule(events=st.integers(1, 5))
    def adopt(self, events: int) -> None:
        self.buffer.adopt(events)
        self.on_disk.append(events)

    @invariant()
    def adds_up(self) -> None:
        counters = self.buffer.snapshot()
        assert counters.balanced
        assert counters.spooled == sum(self.on_disk)


TestPlaces = Places.TestCase
TestPlaces.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
