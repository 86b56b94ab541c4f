"""Batches that wait on disk while the database is away: each arrives once, in its order, whoever stores it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text

from db.batches import Batch, Written
from db.engine import Database
from db.ledger import write_batches
from db.rows import Row, encode_row
from db.status import pipeline_status
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.spool.folder import DAMAGED, look
from metrics_dash.ingest.spool.handover import HELD_UP_SECONDS, LOOK_AHEAD_SECONDS, Handover
from metrics_dash.web.health import spooled

Make = Callable[..., Collector]


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
def place(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def make(database: Database, clock: Clock, place: Path) -> Iterator[Make]:
    """Collectors with a spool, whose turns the test takes itself."""
    made: list[Collector] = []

    def _make(**options: object) -> Collector:
        made.append(Collector(database, clock=clock, jitter=lambda low, high: high, spool=place, **options))  # type: ignore[arg-type]
        return made[-1]

    yield _make
    for collector in made:
        collector.stop(10)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The batches that came to be written, in their order."""
    ids: list[UUID] = []

    def note(connection: Connection, batches: Sequence[Batch], **options: float) -> list[Written]:
        found = write_batches(connection, batches, **options)
        ids.extend(batch.batch_id for batch in batches)
        return found

    monkeypatch.setattr("metrics_dash.ingest.delivery.write_batches", note)
    return ids


def disk(collector: Collector) -> Handover:
    assert collector.handover is not None
    return collector.handover


def execute(database: Database, statement: str) -> None:
    with database.begin() as connection:
        connection.execute(text(statement))


def go_away(database: Database) -> None:
    execute(database, "ALTER TABLE telemetry_events RENAME TO away")


def come_back(database: Database) -> None:
    execute(database, "ALTER TABLE away RENAME TO telemetry_events")


def row(number: float) -> Row:
    return encode_row("game.tick", {"n": number}, {}, datetime.now(UTC))


def submit(collector: Collector, first: int, count: int = 3) -> UUID:
    return collector.submit([row(n) for n in range(first, first + count)]).batch_id


def fall_out(collector: Collector, database: Database, *first: int) -> list[UUID]:
    """Submit batches that the database does not take, and move them to disk."""
    go_away(database)
    ids = [submit(collector, number) for number in first]
    collector.step()
    disk(collector).step()
    return ids


def recover(collector: Collector, database: Database, clock: Clock) -> None:
    come_back(database)
    clock.now += 60
    while collector.step() == 0 or not disk(collector).empty:
        pass


def stored(database: Database) -> list[int]:
    with database.reading() as connection:
        found = connection.execute(
            text("SELECT (measurements ->> 'n')::int FROM telemetry_events WHERE event_name = 'game.tick' ORDER BY 1")
        )
        return list(found.scalars())


def test_what_the_database_does_not_take_goes_to_disk_and_is_acknowledged_there(
    make: Make, database: Database, place: Path
) -> None:
    collector = make()
    go_away(database)
    submission = collector.submit([row(n) for n in range(5)])
    collector.step()
    assert not submission.settled(0)
    disk(collector).step()
    submission.wait(0)
    counters = collector.snapshot()
    assert (counters.spooled, counters.buffered, counters.in_flight, counters.balanced) == (5, 0, 0, True)
    assert look(place).size > 0


def test_it_arrives_once_and_in_order_before_what_came_later(
    make: Make, database: Database, clock: Clock, written: list[UUID], place: Path
) -> None:
    collector = make()
    ids = fall_out(collector, database, 0, 10, 20)
    ids.append(submit(collector, 30))
    disk(collector).step()
    ids.append(submit(collector, 40))
    recover(collector, database, clock)
    disk(collector).step()
    recover_rest(collector)
    assert written == ids
    assert stored(database) == [first + n for first in (0, 10, 20, 30, 40) for n in range(3)]
    counters = collector.snapshot()
    assert (counters.committed, counters.replayed, counters.spooled, counters.balanced) == (15, 0, 0, True)
    assert look(place).size == 0


def recover_rest(collector: Collector) -> None:
    while collector.step() == 0:
        pass


def test_memory_is_enough_again_once_the_disk_is_empty(
    make: Make, database: Database, clock: Clock, place: Path
) -> None:
    collector = make()
    fall_out(collector, database, 0)
    assert disk(collector).active
    recover(collector, database, clock)
    recover_rest(collector)
    assert not disk(collector).active
    submit(collector, 10)
    disk(collector).step()
    recover_rest(collector)
    assert (len(stored(database)), look(place).size) == (6, 0)


def test_an_emitter_finds_room_for_as_long_as_the_disk_has(make: Make, database: Database, clock: Clock) -> None:
    collector = make(buffer_events=10, batch_size=2)
    go_away(database)
    taken = 0
    for number in range(100):
        taken += collector.offer("game.tick", {"n": number}, {})
        if number % 5 == 0:
            collector.step()
            disk(collector).step()
    assert taken == 100
    come_back(database)
    clock.now += 60
    while collector.snapshot().committed < 100:
        disk(collector).step()
        collector.step()
        clock.now += 1
    assert stored(database) == list(range(100))


def test_a_write_that_hangs_goes_to_disk_too_and_is_counted_once(
    make: Make, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = make()

    def hang(connection: Connection, batches: Sequence[Batch], **options: float) -> list[Written]:
        found = write_batches(connection, batches, **options)
        monkeypatch.undo()
        clock.now += HELD_UP_SECONDS + 1
        disk(collector).step()
        assert collector.snapshot().spooled == 3
        return found

    monkeypatch.setattr("metrics_dash.ingest.delivery.write_batches", hang)
    submit(collector, 0)
    recover_rest(collector)
    counters = collector.snapshot()
    assert stored(database) == [0, 1, 2]
    assert (counters.committed, counters.replayed, counters.spooled, counters.balanced) == (3, 0, 0, True)


def test_a_full_spool_refuses_counts_and_says_so(make: Make, database: Database, clock: Clock) -> None:
    collector = make(spool_bytes=500, buffer_events=6, batch_size=3)
    fall_out(collector, database, 0)
    assert collector.spools
    taken = 0
    for _ in range(5):
        taken += sum(collector.offer("game.tick", {"n": number}, {"odd": str(uuid4())}) for number in range(10, 30))
        disk(collector).step()
    assert not collector.spools
    assert "500 bytes" in str(disk(collector).problem)
    counters = collector.snapshot()
    assert counters.balanced
    assert counters.dropped["spool_full"] > 0
    recover(collector, database, clock)
    recover_rest(collector)
    assert collector.spools
    assert len(stored(database)) == 3 + taken
    assert collector.snapshot().dropped == counters.dropped


def test_a_disk_that_fails_leaves_everything_in_memory(
    make: Make, database: Database, clock: Clock, place: Path
) -> None:
    place.write_text("no folder")
    collector = make()
    fall_out(collector, database, 0)
    assert not collector.spools
    assert collector.snapshot().buffered == 3
    recover(collector, database, clock)
    assert stored(database) == [0, 1, 2]


def test_wrong_bytes_cost_their_own_batch_which_is_counted(
    make: Make, database: Database, clock: Clock, place: Path
) -> None:
    collector = make()
    fall_out(collector, database, 0, 10, 20)
    (file,) = place.glob("*/*.spool")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(data)
    recover(collector, database, clock)
    recover_rest(collector)
    assert stored(database) == [0, 1, 2, 20, 21, 22]
    counters = collector.snapshot()
    assert (counters.dropped, counters.spooled, counters.balanced) == ({"spool_damaged": 3}, 0, True)
    assert [path.parent.name for path in place.rglob("*.spool")] == [DAMAGED]


def test_a_file_that_is_gone_is_counted_too(make: Make, database: Database, clock: Clock, place: Path) -> None:
    collector = make()
    fall_out(collector, database, 0)
    next(place.glob("*/*.spool")).unlink()
    recover(collector, database, clock)
    counters = collector.snapshot()
    assert (counters.dropped, counters.spooled, counters.balanced) == ({"spool_damaged": 3}, 0, True)


def test_an_event_that_the_database_refuses_costs_only_itself(make: Make, database: Database, clock: Clock) -> None:
    collector = make()
    execute(database, "ALTER TABLE telemetry_events ADD CONSTRAINT even CHECK (measurements ->> 'n' <> '1')")
    fall_out(collector, database, 0, 10)
    recover(collector, database, clock)
    assert stored(database) == [0, 2, 10, 11, 12]
    counters = collector.snapshot()
    assert (counters.dropped, counters.committed, counters.balanced) == ({"quarantined": 1}, 5, True)


def test_what_a_process_leaves_is_stored_by_another(make: Make, database: Database, clock: Clock, place: Path) -> None:
    gone, heir = make(), make()
    gone.step()
    fall_out(gone, database, 0, 10)
    come_back(database)
    disk(gone).abandon()  # as its end would
    gone.handover = None
    heir.step()
    recover_rest(heir)
    assert stored(database) == [0, 1, 2, 10, 11, 12]
    counters = heir.snapshot()
    assert (counters.offered, counters.committed, counters.spooled, counters.balanced) == (6, 6, 0, True)
    assert counters.one_by_one == 0
    assert [path.name for path in place.iterdir()] == ["lock"]
    clock.now += 60
    heir.step()
    with database.reading() as connection:
        known = {each.collector_id for each in pipeline_status(connection).collectors}
    assert known == {heir.collector_id}


def test_what_lies_on_disk_holds_the_watermark(make: Make, database: Database, clock: Clock) -> None:
    collector = make()
    fall_out(collector, database, 0)
    come_back(database)
    clock.now += 40
    collector._heartbeat.beat()
    with database.reading() as connection:
        status = pipeline_status(connection)
    assert 39 < (status.now - status.complete_through).total_seconds() < 100


def test_stopping_beside_a_database_that_is_away_leaves_everything_on_disk(
    make: Make, database: Database, place: Path
) -> None:
    collector = make()
    go_away(database)
    collector.offer("game.tick", {"n": 1}, {})
    submit(collector, 10)
    collector.stop()
    counters = collector.snapshot()
    assert (counters.spooled, counters.dropped, counters.balanced) == (4, {}, True)
    assert look(place).size > 0


def test_a_thread_that_runs_moves_and_stores(database: Database, place: Path) -> None:
    collector = Collector(database, spool=place, flush_interval=0.05, jitter=lambda low, high: min(high, 0.05))
    collector.start()
    try:
        go_away(database)
        submission = collector.submit([row(1)])
        submission.wait(30)
        assert collector.snapshot().spooled == 1
        come_back(database)
        assert collector.flush(30)
        assert stored(database) == [1]
    finally:
        collector.stop()


def test_a_disk_that_can_take_nothing_is_found_before_it_is_needed(
    make: Make, place: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    place.write_text("no folder")
    collector = make()
    handover = collector.handover
    assert handover is not None
    handover.step()
    assert handover.problem == f"{place} is no folder"
    assert not collector.spools
    assert spooled(collector) == [
        "the disk takes no events while the database is away: python -m metrics_dash doctor says why"
    ]
    assert "events can't be spooled when the database is away" in caplog.text
    handover.step()
    assert caplog.text.count("can't be spooled") == 1
    place.unlink()
    clock.now += LOOK_AHEAD_SECONDS
    handover.step()
    assert collector.spools
    assert spooled(collector) == []
    assert not place.exists(), "nothing is made before something is written"
