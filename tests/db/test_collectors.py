"""Heartbeats: one row for each collector that lives, by the server's clock."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from db.collectors import beat, leave, parted_pair, refused_pair, transaction_time
from db.engine import Database


def say(database: Database, identity: UUID, **more: Any) -> datetime:
    """Beat as a collector; the moment that it gave."""
    with database.begin() as connection:
        seen = more.pop("seen_at", None) or transaction_time(connection)
        values = {"host": "shard-2", "pid": 7, "oldest_buffered_at": None, "accounting": {}, **more}
        beat(connection, identity, seen_at=seen, **values)
    return seen.astimezone(UTC)


def rows(database: Database) -> dict[UUID, Any]:
    with database.reading() as connection:
        return {row.collector_id: row for row in connection.execute(text("SELECT * FROM collectors"))}


def test_a_heartbeat_says_who_lives_since_when_and_what_it_holds(database: Database) -> None:
    identity = uuid4()
    seen = say(database, identity, accounting={"offered": 3, "dropped": {"shutdown": 1}})
    row = rows(database)[identity]
    assert (row.host, row.pid, row.seen_at, row.oldest_buffered_at) == ("shard-2", 7, seen, None)
    assert row.accounting == {"offered": 3, "dropped": {"shutdown": 1}}
    assert row.started_at >= seen


def test_the_next_heartbeat_takes_the_place_of_the_last_and_the_start_stays(database: Database) -> None:
    identity = uuid4()
    say(database, identity, oldest_buffered_at=datetime(2026, 1, 31, tzinfo=UTC), accounting={"offered": 3})
    first = rows(database)[identity]
    say(database, identity, accounting={"offered": 4})
    second = rows(database)[identity]
    assert second.started_at == first.started_at
    assert second.seen_at > first.seen_at
    assert (second.oldest_buffered_at, second.accounting) == (None, {"offered": 4})


def test_two_collectors_of_one_process_are_two(database: Database) -> None:
    one, other = uuid4(), uuid4()
    say(database, one)
    say(database, other)
    assert rows(database).keys() == {one, other}


def test_who_leaves_is_off_the_list_and_the_others_stay(database: Database) -> None:
    one, other = uuid4(), uuid4()
    for identity in (one, other):
        say(database, identity)
    with database.begin() as connection:
        leave(connection, one)
        leave(connection, uuid4())
    assert rows(database).keys() == {other}


def test_a_transactions_time_is_one_and_the_servers(database: Database) -> None:
    with database.begin() as connection:
        first = transaction_time(connection)
        connection.execute(text("SELECT pg_sleep(0)"))
        assert transaction_time(connection) == first
        assert connection.execute(text("SELECT clock_timestamp()")).scalar_one() - first >= timedelta(0)
    with database.begin() as connection:
        assert transaction_time(connection) > first


def test_a_pair_of_name_and_reason_is_parted_into_what_it_was_made_of() -> None:
    assert parted_pair(refused_pair("a.b_c", "too_old")) == ("a.b_c", "too_old")
