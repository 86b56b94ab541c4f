"""Batches that the ledger forgot: sent again, however late, they are counted once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from db import remembered
from db.batches import Batch, Written
from db.engine import Database
from db.floors import align
from db.jobs import tidy
from db.rows import encode_row, to_nanoseconds
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.ledger import execute, write

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def batch(days_ago: float, identity: UUID | None = None, **more: Any) -> Batch:
    rows = [encode_row("game.tick", {"n": n}, {}, NOW - days_ago * DAY - timedelta(seconds=n)) for n in range(3)]
    return Batch(identity or uuid4(), rows, digest=b"one", **more)


def raise_floor(database: Database, level: str, days_ago: int) -> None:
    execute(
        database,
        "UPDATE retention_floors SET ingest_floor = :to, recompute_floor = :to WHERE level = :level",
        level=level,
        to=align(NOW - days_ago * DAY),
    )


def forget(database: Database) -> int:
    """The housekeeping, some days on."""
    execute(database, "UPDATE ingest_batches SET committed_at = committed_at - interval '9 days'")
    with database.begin() as connection:
        return tidy(connection)["ingest_batches"]


def count(database: Database) -> int:
    roll_up_all(database)
    return int(execute(database, "SELECT coalesce(sum(count), 0) FROM telemetry_buckets WHERE bucket_type = 'day'"))


@pytest.mark.parametrize("bisecting", [False, True])
def test_a_batch_of_which_the_ledger_knows_nothing_any_more_is_not_counted_twice(
    database: Database, bisecting: bool
) -> None:
    raise_floor(database, "raw", 2)
    sent = [batch(4), batch(30), batch(30), batch(300)]
    assert [each.replayed for each in write(database, *sent)] == [False] * 4
    assert (count(database), forget(database)) == (12, 4)
    other = batch(30)
    again = write(database, *sent, other, bisecting=bisecting)
    assert [each.replayed for each in again] == [True, True, True, True, False]
    assert [each.lost for each in again] == [{}] * 5
    assert count(database) == 15


def test_what_was_recent_when_it_came_is_known_when_it_comes_late(database: Database) -> None:
    sent = batch(9)
    write(database, sent)
    assert count(database) == 3
    raise_floor(database, "raw", 2)
    assert forget(database) == 1
    assert write(database, sent) == [Written(replayed=True)]
    assert count(database) == 3


def test_it_is_known_also_when_it_comes_and_is_forgotten_again_and_again(database: Database) -> None:
    raise_floor(database, "raw", 2)
    sent = batch(30)
    for replayed in (False, True, True):
        assert write(database, sent)[0].replayed == replayed
        assert forget(database) == 1
    assert count(database) == 3


def test_a_batch_with_an_event_that_was_refused_for_coming_early_is_known_by_that(database: Database) -> None:
    raise_floor(database, "raw", 2)
    early = batch(30, newest=to_nanoseconds(NOW - 20 * DAY))
    write(database, early)
    assert forget(database) == 1
    grown = Batch(early.batch_id, [*early.rows, encode_row("game.tick", {}, {}, NOW - 20 * DAY)], digest=b"one")
    assert write(database, grown)[0].replayed
    assert count(database) == 3


def test_another_body_under_a_key_of_long_ago_is_another_batch(database: Database) -> None:
    raise_floor(database, "raw", 2)
    sent = batch(30)
    write(database, sent)
    assert forget(database) == 1
    assert not write(database, Batch(sent.batch_id, sent.rows, digest=b"two"))[0].replayed
    assert count(database) == 6


def test_what_days_hold_no_more_is_forgotten_for_good(database: Database) -> None:
    raise_floor(database, "raw", 2)
    write(database, batch(30), batch(300))
    assert forget(database) == 2
    for days, left in ((300, 2), (299, 1), (29, 0)):
        raise_floor(database, "day", days)
        forget(database)
        assert execute(database, "SELECT count(*) FROM ingest_remembered") == left


def test_a_batch_that_held_nothing_is_not_remembered(database: Database) -> None:
    raise_floor(database, "raw", 2)
    write(database, Batch(uuid4(), [], [], [(0, "not JSON")], b"one"))
    assert forget(database) == 1
    assert execute(database, "SELECT count(*) FROM ingest_remembered") == 0


def test_recent_events_ask_nothing_of_what_was_forgotten(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(remembered, "among")
    raise_floor(database, "raw", 2)
    assert write(database, batch(0.1))[0].lost == {}
