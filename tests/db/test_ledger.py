"""The ledger: a batch that comes again gets the answer of the first time, and another body under its id none."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from db.batches import Batch, Written, days_of
from db.engine import Database
from db.jobs import tidy
from db.ledger import write_batches
from db.migrate import migrate
from db.partitions import ensure_partitions
from db.rows import Row, encode_row, to_nanoseconds
from metrics_dash.ingest.collector import Collector
from tests.support.ledger import execute, write
from tests.support.locks import wait_for_a_lock_waiter

NOW = datetime.now(UTC)


def row(number: int, *, at: datetime = NOW) -> Row:
    return encode_row("game.tick", {"n": number}, {}, at)


def batch(digest: bytes | None = b"one", **more: Any) -> Batch:
    rows = [row(1), row(2, at=NOW - timedelta(days=2)), row(3)]
    return Batch(uuid4(), rows, [10, 12, 13], [(11, "not JSON")], digest, **more)


def one(database: Database, statement: str) -> Any:
    with database.reading() as connection:
        return connection.execute(text(statement)).scalar()


def raise_floor(database: Database) -> None:
    execute(database, "UPDATE retention_floors SET ingest_floor = now() - interval '1 day'")


def test_a_replay_names_what_was_refused_then_and_not_what_would_be_now(database: Database) -> None:
    raise_floor(database)
    execute(database, "ALTER TABLE telemetry_events ADD CONSTRAINT odd CHECK (measurements <> '{\"n\": 3}')")
    sent = batch()
    (first,) = write(database, sent, bisecting=True)
    assert [place for place, _ in first.refused] == [11, 12, 13]
    assert (first.too_old, [index for index, _ in first.quarantined]) == ((1,), [2])
    execute(database, "UPDATE retention_floors SET ingest_floor = '-infinity'")
    execute(database, "ALTER TABLE telemetry_events DROP CONSTRAINT odd")
    changed = Batch(sent.batch_id, [row(n) for n in range(4)], range(10, 14), (), sent.digest)
    for bisecting in (False, True):
        (again,) = write(database, changed, bisecting=bisecting)
        assert again == Written(replayed=True, refused=first.refused)
    assert one(database, "SELECT count(*) FROM telemetry_events") == 1
    assert one(database, "SELECT events FROM ingest_batches") == 1


def test_another_body_under_the_same_id_is_a_conflict_and_stores_nothing(database: Database) -> None:
    sent = batch()
    other = Batch(sent.batch_id, [row(7)], digest=b"another")
    written = write(database, sent, other)
    assert (written[0].conflict, written[1].conflict, written[1].replayed) == (False, True, False)
    assert write(database, other)[0].conflict
    assert one(database, "SELECT count(*) FROM telemetry_events") == 3


def test_a_replay_waits_for_the_first_and_then_answers_like_it(database: Database) -> None:
    raise_floor(database)
    sent = batch()
    ensure_partitions(database, days_of([sent]))
    second: list[Written] = []
    thread = Thread(target=lambda: second.extend(write(database, sent)))
    with database.begin() as connection:
        (first,) = write_batches(connection, [sent])
        thread.start()
        wait_for_a_lock_waiter(database)
    thread.join()
    assert second == [Written(replayed=True, refused=first.refused)]


def test_a_batch_without_a_single_good_event_is_remembered_and_holds_no_purge(database: Database) -> None:
    sent = Batch(uuid4(), [], [], [(0, "too early")], b"one")
    assert write(database, sent) == [Written(refused=((0, "too early"),))]
    later = Batch(sent.batch_id, [row(1)], [0], (), b"one")
    assert write(database, later) == [Written(replayed=True, refused=((0, "too early"),))]
    assert one(database, "SELECT count(*) FROM telemetry_events") == 0
    assert one(database, "SELECT oldest_event > now() - interval '1 hour' FROM ingest_batches")
    assert not days_of([sent])


def test_the_very_submission_that_stored_it_is_no_replay(database: Database) -> None:
    """The reply to COMMIT was lost: the same submission writes again, and learns how it fared then."""
    raise_floor(database)
    sent = batch(submission=uuid4())
    (first,) = write(database, sent)
    assert write(database, sent) == [first]
    other = Batch(sent.batch_id, sent.rows, sent.places, sent.refused, sent.digest, uuid4())
    assert write(database, other)[0].replayed


def test_a_batch_of_before_the_ledger_kept_answers_is_still_stored_once(database: Database) -> None:
    sent = batch()
    write(database, sent)
    execute(database, "UPDATE ingest_batches SET digest = NULL, refused = NULL, submission = NULL, newest_event = NULL")
    assert write(database, sent) == [Written(replayed=True, refused=((11, "not JSON"),))]
    assert one(database, "SELECT count(*) FROM telemetry_events") == 3


def test_a_batch_is_known_for_as_long_as_an_event_of_it_would_be_taken(database: Database) -> None:
    early = to_nanoseconds(NOW + timedelta(days=3))
    far = to_nanoseconds(datetime(9999, 12, 31, tzinfo=UTC))
    write(database, batch(newest=early), batch(newest=far), batch())
    execute(database, "UPDATE ingest_batches SET committed_at = now() - interval '30 days'")
    floor = "UPDATE retention_floors SET ingest_floor = now() + CAST(:ahead AS interval) WHERE level = 'raw'"
    for ahead, left in (("0 d", 3), ("2 d", 2), ("5 d", 1)):
        execute(database, floor, ahead=ahead)
        with database.begin() as connection:
            tidy(connection)
        assert one(database, "SELECT count(*) FROM ingest_batches") == left


def test_a_migration_back_and_forth_under_a_running_collector_loses_and_doubles_nothing(database: Database) -> None:
    collector = Collector(database, flush_interval=0.02, batch_size=10, jitter=lambda low, high: 0.02)
    collector.start()
    sent = [collector.submit([row(n)], uuid4()) for n in range(100)]
    migrate(database, "0001")
    assert one(database, "SELECT count(*) FROM ingest_batches") <= 100
    migrate(database)
    sent += [collector.submit([row(n)], uuid4()) for n in range(100, 200)]
    for each in sent:
        each.wait(60)
    collector.stop(60)
    found = one(database, "SELECT array_agg((measurements ->> 'n')::int ORDER BY 1) FROM telemetry_events")
    assert sorted(found) == list(range(200))
