"""The buffer by itself: no thread and no database, so every bound and every place can be seen."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from db.batches import Batch, Written
from db.collectors import REFUSED_EVENT
from db.rows import Row, decode_maps, encode_row, more_of
from metrics_dash.ingest.buffer import PENDING_REPORTS, Buffer
from metrics_dash.ingest.submission import BufferFullError, NotCommittedError


class Bench:
    """A buffer, its clock, and how often it called out."""

    def __init__(self, **options: Any) -> None:
        self.now = 100.0
        self.wakes = 0
        self.new_names = 0
        bounds = {"batch_size": 3, "buffer_events": 10, "buffer_bytes": 100_000, "name_quota": 100}
        self.buffer = Buffer(
            **{**bounds, **options},
            clock=lambda: self.now,
            wall=lambda: int(self.now * 1e9),
            wake=self._wake,
            on_new_name=self._new_name,
        )

    def _wake(self) -> None:
        self.wakes += 1

    def _new_name(self) -> None:
        self.new_names += 1

    def offer(self, count: int = 1, name: str = "a.b", **metadata: object) -> int:
        """How many of so many events were taken."""
        return sum(self.buffer.offer(name, {"n": number}, metadata) for number in range(count))

    def store(self, events: int = 100) -> int:
        """Take what is sealed and store it; how many events."""
        group = self.buffer.take(events)
        self.buffer.settle(group, [Written() for _ in group])
        return sum(map(len, group))


def test_a_batch_seals_when_it_is_full_and_wakes_who_stores() -> None:
    bench = Bench()
    bench.offer(2)
    assert (bench.wakes, bench.buffer.take(100)) == (0, [])
    bench.offer(1)
    assert bench.wakes == 1
    assert bench.store() == 3


def test_what_is_open_seals_by_its_age_and_says_when_it_is_due() -> None:
    bench = Bench()
    assert bench.buffer.seal_older_than(5) is None
    bench.offer(1)
    bench.now += 2
    assert bench.buffer.seal_older_than(5) == 3
    bench.now += 3
    assert bench.buffer.seal_older_than(5) is None
    assert bench.store() == 1


def test_events_leave_in_the_order_in_which_they_came() -> None:
    bench = Bench()
    bench.offer(9)
    group = bench.buffer.take(100)
    assert [decode_maps(row[1])[0]["n"] for pending in group for row in pending.batch.rows] == list(range(9))


def test_an_event_keeps_the_time_at_which_it_came() -> None:
    bench = Bench()
    for _ in range(3):
        bench.offer(1)
        bench.now += 1
    (pending,) = bench.buffer.take(100)
    assert [row[2] for row in pending.batch.rows] == [100_000_000_000, 101_000_000_000, 102_000_000_000]


def test_at_least_one_batch_is_taken_and_else_as_many_events_as_asked_for() -> None:
    bench = Bench(buffer_events=30)
    bench.offer(12)
    assert [len(pending) for pending in bench.buffer.take(0)] == [3]
    bench.buffer.put_back()
    assert [len(pending) for pending in bench.buffer.take(7)] == [3, 3]


def test_what_did_not_arrive_is_first_in_the_queue_again_and_the_same_batch() -> None:
    bench = Bench()
    bench.offer(9)
    first = [pending.batch.batch_id for pending in bench.buffer.take(6)]
    bench.buffer.put_back()
    assert bench.buffer.snapshot().buffered == 9
    assert [pending.batch.batch_id for pending in bench.buffer.take(100)][:2] == first


def test_books_say_where_everything_is_on_its_way() -> None:
    bench = Bench()
    bench.offer(4)
    counters = bench.buffer.snapshot()
    assert (counters.offered, counters.buffered, counters.in_flight, counters.committed) == (4, 4, 0, 0)
    group = bench.buffer.take(100)
    counters = bench.buffer.snapshot()
    assert (counters.buffered, counters.in_flight) == (1, 3)
    bench.buffer.settle(group, [Written()])
    counters = bench.buffer.snapshot()
    assert (counters.buffered, counters.in_flight, counters.committed, counters.balanced) == (1, 0, 3, True)


def test_room_is_what_is_neither_open_nor_sealed_nor_in_flight() -> None:
    bench = Bench(buffer_events=6)
    assert bench.offer(8) == 6
    assert bench.buffer.snapshot().dropped == {"buffer_full": 2}
    group = bench.buffer.take(3)
    assert bench.offer(1) == 0
    bench.buffer.settle(group, [Written()])
    assert bench.offer(5) == 3


def test_bytes_that_were_stored_make_room_again() -> None:
    bench = Bench(buffer_bytes=3000, batch_size=1)
    while bench.offer(1, text="x" * 500):
        pass
    assert bench.buffer.snapshot().dropped == {"buffer_bytes": 1}
    bench.store()
    assert bench.offer(1, text="x" * 500) == 1


def test_a_new_name_is_announced_once_and_a_known_one_never() -> None:
    bench = Bench()
    bench.offer(2, name="a.new")
    assert bench.new_names == 1
    bench.buffer.learn_names({"a.stored"}, set())
    bench.offer(2, name="a.stored")
    assert bench.new_names == 1


@pytest.mark.parametrize(
    ("name", "measurements", "metadata"),
    [
        ("BAD", {}, {}),
        ("a.b", {"n": float("inf")}, {}),
        ("a.b", {"n": "1"}, {}),
        ("a.b", {}, {"k": {}}),
        ("a.b", {}, {"k": "a\0b"}),
        ("a.b", {f"m{number}": number for number in range(65)}, {}),
        ("a.b", {}, {"k": "x" * 16_384}),
        (None, {}, {}),
        ("a.b", None, None),
        ([], {}, {}),
    ],
)
def test_what_breaks_a_rule_is_counted_and_never_raises(name: Any, measurements: Any, metadata: Any) -> None:
    bench = Bench()
    bench.offer(1)
    assert bench.buffer.offer(name, measurements, metadata) is False
    counters = bench.buffer.snapshot()
    assert (counters.offered, counters.rejected, counters.buffered, counters.balanced) == (2, 1, 1, True)


def test_a_closed_buffer_takes_nothing_and_one_that_opens_again_has_the_room_it_had() -> None:
    bench = Bench(buffer_events=6)
    bench.offer(4)
    bench.buffer.close()
    assert bench.offer(1) == 0
    assert bench.buffer.snapshot().dropped == {"shutdown": 1}
    bench.buffer.close(False)
    assert bench.offer(6) == 2
    assert bench.buffer.snapshot().balanced


def test_what_is_abandoned_is_counted_and_told_to_who_waits() -> None:
    bench = Bench()
    bench.offer(5)
    waiting = bench.buffer.held()
    bench.buffer.take(3)
    assert bench.buffer.abandon("shutdown") == 5
    for submission in waiting:
        with pytest.raises(NotCommittedError, match="dropped: shutdown"):
            submission.wait(0)
    counters = bench.buffer.snapshot()
    assert (counters.dropped, counters.buffered, counters.in_flight) == ({"shutdown": 5}, 0, 0)
    assert bench.buffer.abandon("shutdown") == 0


def reported(bench: Bench) -> list[tuple[str, str | None, int]]:
    """Reason, event and number of what the next report says is refused."""
    bench.buffer.report_refusals()
    rows = [row for pending in bench.buffer.take(100) if pending.is_report for row in pending.batch.rows]
    assert {(row[0], decode_maps(row[1])[0]["events"]) for row in rows} <= {(REFUSED_EVENT, 1)}
    about = [decode_maps(row[1])[1] for row in rows]
    return [(each["reason"], each.get("event"), more_of(row).weight) for each, row in zip(about, rows, strict=True)]


def test_refusals_become_one_row_for_each_reason_and_event_past_every_bound() -> None:
    bench = Bench(buffer_events=3)
    bench.offer(5)
    bench.offer(2, name="BAD")
    bench.offer(1, name="c.d")
    assert reported(bench) == [("buffer_full", "a.b", 2), ("buffer_full", "c.d", 1), ("invalid", None, 2)]
    assert bench.buffer.snapshot().balanced


def test_an_event_that_breaks_a_rule_is_reported_under_its_name_only_where_that_is_known() -> None:
    bench = Bench()
    bench.offer(1)
    bench.buffer.offer("a.b", {"n": float("nan")}, {})
    bench.buffer.offer("never.stored", {"n": float("nan")}, {})
    bench.buffer.offer(["no", "name"], {}, {})  # type: ignore[arg-type]
    bench.buffer.reject(4, names={"a.b": 3, "x" * 200: 1})
    assert reported(bench) == [("invalid", None, 2), ("invalid", "a.b", 4), ("invalid", "never.stored", 1)]


def test_rows_that_the_store_refused_are_reported_under_their_names() -> None:
    bench = Bench()
    bench.buffer.learn_names({"a.b", "c.d"}, set())
    rows = [encode_row(name, {}, {}, datetime.now(UTC)) for name in ("a.b", "c.d", "c.d", "e.f")]
    sent = Batch(uuid4(), rows, refused=[(4, "bad"), (5, "bad")], refused_names={"c.d": 1, "BAD": 1})
    bench.buffer.submit(sent)
    group = bench.buffer.take(100)
    bench.buffer.settle(group, [Written(too_old=(0, 1), over_quota=(3,), quarantined=((2, "why"),))])
    assert reported(bench) == [
        ("invalid", None, 1),
        ("invalid", "c.d", 1),
        ("name_quota", None, 1),
        ("quarantined", "c.d", 1),
        ("too_old", "a.b", 1),
        ("too_old", "c.d", 1),
    ]
    assert bench.buffer.snapshot().refused == {"invalid": 2, "name_quota": 1, "quarantined": 1, "too_old": 2}


def test_a_batch_that_was_withdrawn_and_then_stored_is_no_refusal() -> None:
    bench = Bench()
    sent = Batch(uuid4(), [row(n) for n in range(3)], refused=[(3, "bad")])
    with pytest.raises(NotCommittedError):
        bench.buffer.submit(sent).wait(0)
    assert bench.buffer.snapshot().dropped == {"cancelled": 3}
    assert (reported(bench), bench.buffer.snapshot().refused) == ([], {})
    bench.buffer.submit(sent)
    assert bench.store() == 3
    assert (reported(bench), bench.buffer.snapshot().refused) == ([("invalid", None, 1)], {"invalid": 1})


def test_what_a_shutdown_drops_is_refused_only_where_nobody_has_it_any_more() -> None:
    bench = Bench()
    bench.offer(2)
    bench.buffer.submit(Batch(uuid4(), [row(n) for n in range(3)]))
    assert bench.buffer.abandon("shutdown") == 5
    assert bench.buffer.snapshot().refused == {"shutdown": 2}


def test_what_was_reported_is_not_reported_again_nor_are_reports_reported() -> None:
    bench = Bench(buffer_events=1, batch_size=1)
    bench.offer(2)
    bench.buffer.report_refusals()
    bench.buffer.report_refusals()
    assert bench.store() == 2
    bench.buffer.report_refusals()
    assert bench.store() == 0


def test_in_a_long_outage_later_refusals_are_added_up_in_fewer_reports() -> None:
    bench = Bench(buffer_events=1, batch_size=1)
    bench.offer(1)
    for _ in range(PENDING_REPORTS + 50):
        bench.offer(1)
        bench.buffer.report_refusals()
    assert bench.buffer.snapshot().buffered == 1 + PENDING_REPORTS
    while bench.store():
        pass
    bench.buffer.report_refusals()
    (report,) = bench.buffer.take(100)
    assert [more_of(row).weight for row in report.batch.rows] == [50]


def test_the_oldest_event_that_is_not_stored_has_an_age_wherever_it_is() -> None:
    bench = Bench()
    assert bench.buffer.oldest_age() is None
    bench.offer(1)
    bench.now += 2
    bench.offer(2)
    bench.now += 3
    assert bench.buffer.oldest_age() == 5
    group = bench.buffer.take(100)
    assert bench.buffer.oldest_age() == 5
    bench.offer(1)
    bench.buffer.settle(group, [Written()])
    assert bench.buffer.oldest_age() == 0


def test_a_forks_child_begins_empty_with_books_of_its_own() -> None:
    bench = Bench()
    bench.offer(5)
    bench.offer(1, name="BAD")
    bench.buffer.reset()
    counters = bench.buffer.snapshot()
    assert (counters.offered, counters.rejected, counters.buffered) == (0, 0, 0)
    assert bench.buffer.oldest_age() is None
    assert bench.offer(2) == 2


def row(number: int) -> Row:
    return encode_row("game.tick", {"n": number}, {}, datetime(2026, 1, 31, tzinfo=UTC))


class Books(RuleBasedStateMachine):
    """Whatever happens in whatever order: the books balance, and the bound holds."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(buffer_events=8, buffer_bytes=5000, name_quota=2)
        self.buffer = self.bench.buffer
        self.group = self.buffer.take(0)

    @rule(name=st.sampled_from(["a.a", "a.b", "a.c", "BAD"]), size=st.integers(0, 2000))
    def offer(self, name: str, size: int) -> None:
        self.buffer.offer(name, {}, {"text": "x" * size})

    @rule(count=st.integers(1, 10))
    def submit(self, count: int) -> None:
        try:
            batch = Batch(uuid4(), [row(n) for n in range(count)], refused=[(99, "bad")] * (count % 3))
            submission = self.buffer.submit(batch)
        except BufferFullError:
            return
        if count % 2:
            with suppress(NotCommittedError):
                submission.wait(0)

    @rule(events=st.integers(0, 10))
    def take(self, events: int) -> None:
        if not self.group:
            self.group = self.buffer.take(events)

    @rule()
    def fail(self) -> None:
        self.buffer.put_back()
        self.group = []

    @rule(fate=st.sampled_from([Written(), Written(too_old=(0,)), Written(replayed=True), Written(conflict=True)]))
    def settle(self, fate: Written) -> None:
        self.buffer.settle(self.group, [fate for _ in self.group])
        self.group = []

    @rule()
    def report(self) -> None:
        self.buffer.report_refusals()

    @rule(age=st.floats(0, 10))
    def pass_time(self, age: float) -> None:
        self.bench.now += age
        self.buffer.seal_older_than(5)

    @rule()
    def close_and_open(self) -> None:
        self.buffer.close()
        self.buffer.offer("a.a", {}, {})
        self.buffer.close(False)

    @rule()
    def abandon(self) -> None:
        self.buffer.abandon("shutdown")
        self.group = []
        assert self.buffer.oldest_age() is None

    @invariant()
    def balanced(self) -> None:
        counters = self.buffer.snapshot()
        assert counters.balanced, counters
        # A submission of up to ten, when there was no other, beside what was open.
        assert counters.buffered + counters.in_flight - self.buffer._pending_reports <= 8 + 10


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
