"""The collector: bounded, exact in its books, and stubborn. Its turns are taken by hand where time matters."""

import multiprocessing
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from db.batches import Batch, Written
from db.collectors import REFUSED_EVENT as REFUSED
from db.engine import Database
from db.events import query_events
from db.ledger import write_batches
from db.rows import Row, encode_row
from db.status import pipeline_status
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.submission import BufferFullError, NotCommittedError
from metrics_dash.jobs.rollup import run_pass


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(database: Database, clock: Clock) -> Iterator[Callable[..., Collector]]:
    """Collectors whose turns the test takes itself."""
    made: list[Collector] = []

    def _make(**options: object) -> Collector:
        made.append(Collector(database, clock=clock, jitter=lambda low, high: high, **options))  # type: ignore[arg-type]
        return made[-1]

    yield _make
    for collector in made:
        collector.stop(10)


def turn(collector: Collector) -> None:
    """Take turns until nothing is due."""
    while collector.step() == 0:
        pass


def offer(collector: Collector, count: int, name: str = "game.tick", start: int = 0) -> int:
    """Offer numbered events; how many were taken."""
    return sum(collector.offer(name, {"n": n}, {"ok": True}) for n in range(start, start + count))


def row(number: int, *, name: str = "game.tick", at: datetime | None = None) -> Row:
    return encode_row(name, {"n": number}, {}, at or datetime.now(UTC))


def stored(database: Database, name: str = "game.tick") -> list[float]:
    now = datetime.now(UTC)
    found = query_events(name, now - timedelta(days=30), now + timedelta(days=1), 10**6, database=database)
    return sorted(each["measurements"]["n"] for each in found)


def one(database: Database, statement: str) -> object:
    with database.begin() as connection:
        return connection.execute(text(statement)).scalar()


def execute(database: Database, statement: str) -> None:
    with database.begin() as connection:
        connection.execute(text(statement))


def test_a_batch_is_written_when_it_is_full(make: Callable[..., Collector], database: Database) -> None:
    collector = make(batch_size=10)
    offer(collector, 25)
    turn(collector)
    assert stored(database) == list(range(20))
    assert collector.snapshot().buffered == 5


def test_a_partial_batch_is_written_when_its_interval_has_passed(
    make: Callable[..., Collector], database: Database, clock: Clock
) -> None:
    collector = make(flush_interval=5.0)
    offer(collector, 1)
    turn(collector)
    clock.now += 4.9
    turn(collector)
    assert stored(database) == []
    clock.now += 0.2
    turn(collector)
    assert stored(database) == [0]


def test_what_the_caller_changes_afterwards_changes_nothing(make: Callable[..., Collector], database: Database) -> None:
    collector = make(batch_size=1)
    measurements: dict[str, float] = {"n": 1}
    metadata: dict[str, object] = {"ok": True}
    collector.offer("game.tick", measurements, metadata)
    measurements["n"] = 2
    metadata["ok"] = False
    turn(collector)
    now = datetime.now(UTC)
    (found,) = query_events("game.tick", now - timedelta(hours=1), now + timedelta(hours=1))
    assert (found["measurements"], found["metadata"]) == ({"n": 1}, {"ok": True})


def test_a_full_buffer_refuses_the_newest_and_keeps_the_oldest(
    make: Callable[..., Collector], database: Database
) -> None:
    collector = make(buffer_events=10, batch_size=4)
    assert offer(collector, 15) == 10
    counters = collector.snapshot()
    assert (counters.dropped, counters.buffered, counters.balanced) == ({"buffer_full": 5}, 10, True)
    collector.stop()
    assert stored(database) == []  # it was never started: what it held is counted, not silently gone
    assert collector.snapshot().dropped == {"buffer_full": 5, "shutdown": 10}


def test_refusals_are_reported_once_per_reason_and_tick(
    make: Callable[..., Collector], database: Database, clock: Clock
) -> None:
    collector = make(buffer_events=5, batch_size=5, flush_interval=1.0)
    offer(collector, 12)
    offer(collector, 3, name="BAD")
    turn(collector)
    clock.now += 1.0
    turn(collector)
    now = datetime.now(UTC)
    reports = query_events(REFUSED, now - timedelta(hours=1), now + timedelta(hours=1))
    found = sorted((each["metadata"]["reason"], each["weight"]) for each in reports)
    assert found == [("buffer_full", 7), ("invalid", 3)]
    counters = collector.snapshot()
    assert (counters.offered, counters.committed, counters.balanced) == (12 + 3 + 2, 5 + 2, True)


def test_a_report_finds_room_in_a_full_buffer(make: Callable[..., Collector], clock: Clock, database: Database) -> None:
    collector = make(buffer_events=5, flush_interval=1.0)
    execute(database, "ALTER TABLE telemetry_events RENAME TO gone")
    for _ in range(4):
        offer(collector, 6)
        clock.now += 1.0
        turn(collector)
    counters = collector.snapshot()
    assert counters.balanced
    assert counters.buffered == 5 + 4
    execute(database, "ALTER TABLE gone RENAME TO telemetry_events")
    clock.now += 60
    turn(collector)
    assert one(database, f"SELECT sum(weight) FROM telemetry_events WHERE event_name = '{REFUSED}'") == 1 + 3 * 6
    assert collector.healthy is False  # no thread: a collector that nobody started is not healthy
    assert collector.failure is None


def test_names_beyond_the_quota_are_refused_and_counted(make: Callable[..., Collector], database: Database) -> None:
    execute(database, "INSERT INTO event_names (event_name) VALUES ('old.one'), ('old.two')")
    collector = make(name_quota=3, batch_size=1)
    turn(collector)  # learns what is stored
    assert collector.offer("new.one", {}, {})
    assert not collector.offer("new.two", {}, {})
    assert collector.offer("old.two", {}, {})
    submission = collector.submit([row(1, name="new.two"), row(2, name="new.one")])
    turn(collector)
    submission.wait(0)
    assert [index for index, _ in submission.refused] == [0]
    assert submission.refused[0][1].startswith("name_quota: ")
    assert collector.snapshot().dropped == {"name_quota": 2}


def test_a_submission_is_answered_once_it_is_committed(make: Callable[..., Collector], database: Database) -> None:
    collector = make()
    submission = collector.submit([row(n) for n in range(3)])
    turn(collector)
    submission.wait(0)
    assert submission.refused == ()
    assert stored(database) == [0, 1, 2]


def test_the_same_batch_submitted_twice_is_stored_once(make: Callable[..., Collector], database: Database) -> None:
    collector = make()
    batch_id = uuid4()
    for _ in range(2):
        submission = collector.submit([row(7)], batch_id)
        turn(collector)
        submission.wait(0)
    assert stored(database) == [7]
    assert collector.snapshot().balanced


def test_a_bad_event_of_a_submission_is_named_by_its_index(make: Callable[..., Collector], database: Database) -> None:
    collector = make(name_quota=1)
    rows = [row(0), row(1, name="one.too_many"), row(2), row(3)]
    execute(database, "ALTER TABLE telemetry_events ADD CHECK (measurements <> '{\"n\": 3}')")
    submission = collector.submit(rows)
    turn(collector)
    submission.wait(0)
    assert [index for index, _ in submission.refused] == [1, 3]
    assert "name_quota" in submission.refused[0][1]
    assert "quarantined" in submission.refused[1][1]
    assert stored(database) == [0, 2]


def test_events_below_every_floor_are_counted_and_named(make: Callable[..., Collector], database: Database) -> None:
    execute(database, "UPDATE retention_floors SET ingest_floor = now() - interval '1 day'")
    collector = make()
    submission = collector.submit([row(0), row(1, at=datetime.now(UTC) - timedelta(days=2))])
    turn(collector)
    submission.wait(0)
    assert [index for index, _ in submission.refused] == [1]
    counters = collector.snapshot()
    assert (counters.dropped, counters.committed, counters.balanced) == ({"too_old": 1}, 1, True)


def test_a_submission_without_room_is_refused_whole(make: Callable[..., Collector]) -> None:
    collector = make(buffer_events=2)
    collector.submit([row(n) for n in range(2)])
    with pytest.raises(BufferFullError):
        collector.submit([row(3)])
    counters = collector.snapshot()
    assert (counters.dropped, counters.balanced) == ({"buffer_full": 1}, True)


def test_a_submission_larger_than_the_buffer_is_taken_when_no_other_waits(
    make: Callable[..., Collector], database: Database
) -> None:
    collector = make(buffer_events=2)
    collector.submit([row(n) for n in range(3)])
    for count in (1, 3):
        with pytest.raises(BufferFullError):
            collector.submit([row(n) for n in range(count)])
    assert not collector.offer("game.tick", {"n": 9}, {})
    turn(collector)
    collector.submit([row(n) for n in range(3, 6)])
    turn(collector)
    assert stored(database) == [0, 1, 2, 3, 4, 5]
    assert collector.offer("game.tick", {"n": 6}, {})
    assert collector.snapshot().balanced


def test_what_a_sender_withdrew_or_kept_is_not_reported_as_refused(
    make: Callable[..., Collector], database: Database, clock: Clock
) -> None:
    collector = make(buffer_events=2)
    submission = collector.submit([row(1), row(2)])
    with pytest.raises(BufferFullError):
        collector.submit([row(3)])
    with pytest.raises(NotCommittedError):
        submission.wait(0)
    collector.submit([row(1), row(2)], submission.batch_id)
    clock.now += 60
    turn(collector)
    assert stored(database) == [1, 2]
    assert stored(database, REFUSED) == []
    counters = collector.snapshot()
    assert (counters.dropped, counters.committed, counters.balanced) == ({"buffer_full": 1, "cancelled": 2}, 2, True)


def test_committed_counts_what_this_process_stored_and_replays_stand_beside_it(
    make: Callable[..., Collector], database: Database
) -> None:
    collector, other = make(), make()
    identity = uuid4()
    for each in (collector, collector, other):
        each.submit([row(1), row(2)], identity)
        turn(each)
    for each, committed, replayed in ((collector, 2, 2), (other, 0, 2)):
        counters = each.snapshot()
        assert (counters.committed, counters.replayed, counters.balanced) == (committed, replayed, True)
    assert one(database, "SELECT sum((accounting ->> 'replayed')::int) FROM collectors") is not None


@pytest.mark.parametrize("keyed", [True, False])
def test_a_batch_whose_commit_reply_was_lost_is_committed_and_no_replay(
    make: Callable[..., Collector], database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, keyed: bool
) -> None:
    execute(database, "UPDATE retention_floors SET ingest_floor = now() - interval '1 day'")
    old = row(2, at=datetime.now(UTC) - timedelta(days=2))

    def write_and_lose_the_reply(connection: Connection, batches: Sequence[Batch], **options: float) -> list[Written]:
        write_batches(connection, batches, **options)
        connection.commit()
        monkeypatch.undo()
        raise OSError("the line is dead")

    monkeypatch.setattr("metrics_dash.ingest.delivery.write_batches", write_and_lose_the_reply)
    collector = make()
    submission = collector.submit([row(1), old], uuid4() if keyed else None)
    turn(collector)
    clock.now += 60
    turn(collector)
    submission.wait(0)
    assert [place for place, _ in submission.refused] == [1]
    counters = collector.snapshot()
    assert (counters.committed, counters.replayed) == (1, 0)
    assert counters.dropped == {"too_old": 1}
    assert counters.balanced


def test_a_submission_that_nobody_wrote_in_time_is_withdrawn(
    make: Callable[..., Collector], database: Database
) -> None:
    collector = make()
    submission = collector.submit([row(1)])
    with pytest.raises(NotCommittedError) as error:
        submission.wait(0)
    assert error.value.cancelled
    turn(collector)
    assert stored(database) == []
    counters = collector.snapshot()
    assert (counters.dropped, counters.balanced) == ({"cancelled": 1}, True)


def test_a_submission_under_way_is_not_told_withdrawn_for_another_of_its_id(
    make: Callable[..., Collector], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = make()
    identity = uuid4()
    first = collector.submit([row(1)], identity)
    fates: list[bool] = []

    def meanwhile(connection: Connection, batches: Sequence[Batch], **options: float) -> list[Written]:
        collector.submit([row(1)], identity)
        with pytest.raises(NotCommittedError) as error:
            first.wait(0)
        fates.append(error.value.cancelled)
        monkeypatch.undo()
        return write_batches(connection, batches, **options)

    monkeypatch.setattr("metrics_dash.ingest.delivery.write_batches", meanwhile)
    turn(collector)
    assert fates == [False]
    assert stored(database) == [1]


def test_one_bad_event_does_not_hold_up_the_batches_around_it(
    make: Callable[..., Collector], database: Database
) -> None:
    execute(database, "ALTER TABLE telemetry_events ADD CHECK (measurements <> '{\"n\": 13}')")
    collector = make(batch_size=10)
    offer(collector, 30)
    turn(collector)
    assert stored(database) == [n for n in range(30) if n != 13]
    counters = collector.snapshot()
    assert (counters.dropped, counters.committed, counters.balanced) == ({"quarantined": 1}, 29, True)
    assert one(database, "SELECT count(*) FROM ingest_quarantine") == 1


def test_a_broken_schema_raises_the_alarm_and_loses_nothing(
    make: Callable[..., Collector], database: Database, clock: Clock
) -> None:
    collector = make(batch_size=1)
    turn(collector)
    execute(database, "ALTER TABLE telemetry_events RENAME COLUMN metadata TO gone")
    offer(collector, 3)
    turn(collector)
    assert collector.failure is not None
    assert "42703" in collector.failure
    assert collector.snapshot().buffered == 3
    clock.now += 1
    turn(collector)
    assert collector.failure is not None
    execute(database, "ALTER TABLE telemetry_events RENAME COLUMN gone TO metadata")
    clock.now += 10
    turn(collector)
    assert collector.failure is None
    assert stored(database) == [0, 1, 2]


def test_a_heartbeat_alone_does_not_end_the_alarm(
    make: Callable[..., Collector], database: Database, clock: Clock
) -> None:
    collector = make(batch_size=1)
    execute(database, "ALTER TABLE rollup_dirty RENAME TO gone")
    offer(collector, 1)
    for _ in range(3):
        turn(collector)
        clock.now += 10
        assert collector.failure is not None


def test_a_partition_that_somebody_dropped_is_made_again(
    make: Callable[..., Collector], database: Database, clock: Clock
) -> None:
    collector = make(batch_size=1)
    offer(collector, 1)
    turn(collector)
    with database.begin() as connection:
        (name,) = connection.execute(
            text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'telemetry_events'::regclass")
        ).scalars()
        connection.execute(text(f"DROP TABLE {name}"))
    offer(collector, 1, start=1)
    turn(collector)
    clock.now += 10
    turn(collector)
    assert stored(database) == [1]


def test_retries_wait_longer_each_time_up_to_30_s(
    make: Callable[..., Collector], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable = Database("postgresql://nobody@127.0.0.1:1/none")
    collector = Collector(unreachable, batch_size=1, clock=clock, jitter=lambda low, high: high, flush_interval=1000)
    offer(collector, 1)
    collector.step()
    waits = []
    for _ in range(9):
        start = clock.now
        before = collector._outage.failures
        while collector._outage.failures == before:
            clock.now += 0.25
            collector.step()
        waits.append(clock.now - start)
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert collector.snapshot().balanced
    collector.stop(0)


def test_the_heartbeat_tells_the_age_of_the_oldest_event(
    make: Callable[..., Collector], database: Database, clock: Clock
) -> None:
    collector = make(flush_interval=100.0)
    turn(collector)
    assert one(database, "SELECT oldest_buffered_at FROM collectors") is None
    offer(collector, 1)
    clock.now += 50
    turn(collector)
    assert one(database, "SELECT round(extract(epoch FROM seen_at - oldest_buffered_at)) FROM collectors") == 50
    assert one(database, "SELECT accounting ->> 'buffered' FROM collectors") == "1"


def test_what_waited_in_the_buffer_holds_the_watermark_until_it_is_in_the_buckets(
    make: Callable[..., Collector], database: Database, clock: Clock
) -> None:
    collector = make(flush_interval=20.0)
    turn(collector)
    offer(collector, 1)
    clock.now += 20
    turn(collector)  # seals and stores it
    clock.now += 5
    turn(collector)  # says that nothing waits any more
    with database.reading() as connection:
        status = pipeline_status(connection)
    assert status.now - status.complete_through >= timedelta(seconds=20)
    run_pass(database)
    with database.reading() as connection:
        status = pipeline_status(connection)
    assert status.now - status.complete_through < timedelta(seconds=20)


def test_an_idle_collector_goes_on_saying_that_it_lives(
    make: Callable[..., Collector], database: Database, clock: Clock
) -> None:
    collector = make(flush_interval=3600.0)
    turn(collector)
    first = one(database, "SELECT seen_at FROM collectors")
    clock.now += 5
    turn(collector)
    assert one(database, "SELECT seen_at FROM collectors") > first  # type: ignore[operator]


def test_a_thread_stores_on_its_own_and_drains_at_its_end(database: Database) -> None:
    collector = Collector(database, batch_size=100, flush_interval=3600)
    collector.start()
    assert collector.alive
    offer(collector, 250)
    collector.stop(10)
    assert not collector.alive
    assert stored(database) == list(range(250))
    assert not collector.offer("game.tick", {}, {})
    counters = collector.snapshot()
    assert (counters.dropped, counters.balanced) == ({"shutdown": 1}, True)
    assert one(database, "SELECT count(*) FROM collectors") == 0


def test_flush_returns_once_all_is_stored(database: Database) -> None:
    collector = Collector(database, flush_interval=3600)
    collector.start()
    offer(collector, 5)
    assert collector.flush(10)
    assert stored(database) == list(range(5))
    collector.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_thread_is_replaced_and_nothing_is_lost(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Collector(database, batch_size=10)
    monkeypatch.setattr(collector, "_deliver", lambda group: sys.exit(1))
    collector.start()
    thread = collector._thread
    assert thread is not None
    offer(collector, 10)
    thread.join(10)
    assert not collector.alive
    assert collector.snapshot().in_flight == 10
    monkeypatch.undo()
    collector.start()
    assert collector.flush(10)
    assert stored(database) == list(range(10))
    collector.stop()


def test_the_books_balance_at_every_instant_while_many_threads_offer(database: Database) -> None:
    collector = Collector(database, batch_size=100, buffer_events=1000, flush_interval=0.01)
    collector.start()
    done = threading.Event()
    samples: list[bool] = []

    def watch() -> None:
        while not done.is_set():
            samples.append(collector.snapshot().balanced)

    watcher = threading.Thread(target=watch)
    watcher.start()
    emitters = [threading.Thread(target=offer, args=(collector, 3000), kwargs={"start": n * 3000}) for n in range(4)]
    for emitter in emitters:
        emitter.start()
    for emitter in emitters:
        emitter.join()
    done.set()
    watcher.join()
    collector.stop()
    assert samples
    assert all(samples)
    counters = collector.snapshot()
    found = stored(database)
    assert len(found) == len(set(found)) == counters.committed - len_reports(database)
    assert counters.buffered == counters.in_flight == 0


def len_reports(database: Database) -> int:
    return int(one(database, f"SELECT count(*) FROM telemetry_events WHERE event_name = '{REFUSED}'"))  # type: ignore[call-overload]


def test_a_forked_child_starts_empty_and_stores_its_own(database: Database) -> None:
    collector = Collector(database, flush_interval=3600)
    collector.start()
    offer(collector, 3)
    child = multiprocessing.get_context("fork").Process(target=_in_child, args=(collector,))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert collector.snapshot().buffered == 3
    collector.stop()
    assert stored(database) == [0, 1, 2, 100, 101]


def _in_child(collector: Collector) -> None:
    assert collector.snapshot().offered == 0
    assert not collector.alive
    assert offer(collector, 2, start=100) == 2
    assert collector.alive
