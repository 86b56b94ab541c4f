"""A replica is read while it keeps up, and what is read from it is never called newer than it is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from db.collectors import beat, transaction_time
from db.engine import Database
from db.events import insert_events
from db.migrate import migrate
from db.reading import ReplicaBehindError, ask, ask_status
from db.replica import ALLOWED_BEHIND, ReplicaState
from db.status import PipelineStatus, pipeline_status
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.processes import eventually, frozen
from tests.support.replicas import Server, make_replica, pair

COLLECTOR = UUID(int=16)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    with pair() as made:
        primary, replica = made
        database = Database(primary.url)
        migrate(database)
        database.dispose()
        yield primary, replica


@pytest.fixture
def both(servers: tuple[Server, Server]) -> Iterator[tuple[Server, Server, Database]]:
    """Both servers, equal, and the database as the application opens it."""
    primary, replica = servers
    primary.do("TRUNCATE telemetry_events, telemetry_buckets, collectors, event_names, rollup_dirty, ingest_batches")
    replica.catch_up_with(primary)
    database = Database(primary.url, read_url=replica.url)
    yield primary, replica, database
    replica.resume()
    database.dispose()


def heartbeat(database: Database) -> datetime:
    with database.begin() as connection:
        seen_at = transaction_time(connection)
        beat(connection, COLLECTOR, host="h", pid=1, seen_at=seen_at, oldest_buffered_at=None, accounting={})
    return seen_at.astimezone(UTC)


def thousand_more(database: Database) -> datetime:
    """A thousand acknowledged events, rolled up; the moment just before them."""
    before = datetime.now(UTC)
    insert_events([("a.b", {}, {}, before)] * 1000, database=database)
    roll_up_all(database)
    return before


def status_of_replica(database: Database) -> PipelineStatus:
    with database.reading("replica") as connection:
        return pipeline_status(connection)


def look(database: Database) -> ReplicaState:
    assert database.replica is not None
    return database.replica.look()


def counted(connection: Connection) -> int:
    return int(connection.execute(text("SELECT coalesce(sum(count), 0) FROM telemetry_buckets")).scalar_one())


Both = tuple[Server, Server, Database]


def test_a_stale_replica_is_never_called_complete_and_its_collectors_live(both: Both) -> None:
    primary, replica, database = both
    seen_at = heartbeat(database)
    replica.catch_up_with(primary)
    replica.pause()
    before = thousand_more(database)
    heartbeat(database)
    found = status_of_replica(database)
    assert seen_at <= found.complete_through <= found.now < before
    assert [each.live for each in found.collectors] == [True]
    assert found.replica
    assert found.asked_at is not None
    assert found.asked_at > before


def test_a_collector_is_not_dropped_as_silent_because_the_replica_is(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    primary, replica, database = both
    monkeypatch.setattr("db.status.LIVE_FOR", timedelta(seconds=2))
    seen_at = heartbeat(database)
    replica.catch_up_with(primary)
    replica.pause()
    eventually(lambda: datetime.now(UTC) - seen_at > timedelta(seconds=2), "the collector would be dropped by now")
    found = status_of_replica(database)
    assert [each.live for each in found.collectors] == [True]
    assert found.complete_through == seen_at


def test_a_replica_that_keeps_up_is_read(both: Both) -> None:
    primary, replica, database = both
    heartbeat(database)
    thousand_more(database)
    replica.catch_up_with(primary)
    state = look(database)
    assert (state.problem, state.sentence, state.order) == (None, None, ("replica", "primary"))
    assert state.behind is not None
    assert state.behind <= ALLOWED_BEHIND
    status = ask_status(database)
    assert status.replica
    assert ask(database, counted, status.position) == 3000


def test_a_caught_up_replica_is_complete_though_nothing_happens_and_nobody_collects(both: Both) -> None:
    _, _, database = both
    began = datetime.now(UTC)

    def complete_since() -> bool:
        assert look(database).problem is None
        return ask_status(database).complete_through >= began

    eventually(complete_since, "the replica vouches for a time in which nothing was written")
    assert ask_status(database).replica


def test_reading_falls_back_while_the_replica_is_behind_and_comes_back(both: Both) -> None:
    primary, replica, database = both
    heartbeat(database)
    replica.catch_up_with(primary)
    replica.pause()
    assert database.replica is not None
    database.replica.allowed = timedelta(0)
    before = thousand_more(database)
    state = look(database)
    assert state.order == ("primary", "replica")
    assert state.behind is not None
    assert state.behind > timedelta(0)
    assert state.sentence is not None
    assert "behind, so the primary is read" in state.sentence
    status = ask_status(database)
    assert not status.replica
    assert ask(database, counted, status.position) == 3000
    assert before <= status.now
    replica.resume()
    replica.catch_up_with(primary)
    assert look(database).problem is None
    assert ask_status(database).replica


def test_what_is_read_with_a_status_is_never_older_than_it(both: Both) -> None:
    """The look may be two seconds old; the answer must not be."""
    primary, replica, database = both
    heartbeat(database)
    replica.catch_up_with(primary)
    look(database)
    replica.pause()
    thousand_more(database)
    with database.reading("primary") as connection:
        assert not pipeline_status(connection).replica
    status = ask_status(Database(primary.url, read_url=primary.url))
    assert database.servers() == ("replica", "primary")
    assert ask(database, counted, status.position) == 3000


def test_a_replica_that_is_down_is_said_and_the_primary_is_read(both: Both) -> None:
    primary, _, _ = both
    nowhere = Database(primary.url, read_url="postgresql://nobody:secret-word@127.0.0.1:1/nothing")
    thousand_more(nowhere)
    state = look(nowhere)
    assert state.sentence == "the replica can't be reached, so the primary is read"
    assert ask(nowhere, counted, ask_status(nowhere).position) == 3000
    nowhere.dispose()


def test_a_replica_that_stands_still_is_said_and_the_primary_is_read(both: Both) -> None:
    """As on a host out of breath: its connections live, and nothing that is asked over them is ever answered."""
    primary, replica, database = both
    thousand_more(database)
    replica.catch_up_with(primary)
    assert look(database).problem is None
    assert ask(database, counted) == 3000
    with frozen(replica.folder):
        assert ask(database, counted, ask_status(database).position) == 3000
        state = look(database)
        assert state.sentence == "the replica can't be reached, so the primary is read"
        assert not ask_status(database).replica
    eventually(lambda: look(database).problem is None, "the replica is well again")


def test_another_database_is_not_read(both: Both, database: Database) -> None:
    primary, _, _ = both
    other = Database(primary.url, read_url=database.dsn())
    state = look(other)
    assert state.problem == "DATABASE_READ_URL names another database"
    assert state.order == ("primary",)
    other.dispose()


def test_the_primary_itself_may_be_named(both: Both) -> None:
    primary, _, _ = both
    same = Database(primary.url, read_url=primary.url)
    thousand_more(same)
    assert look(same).problem is None
    assert ask(same, counted, ask_status(same).position) == 3000
    same.dispose()


def test_a_replica_is_read_while_the_primary_is_away_and_says_how_old_it_is(both: Both) -> None:
    primary, replica, database = both
    seen_at = heartbeat(database)
    thousand_more(database)
    replica.catch_up_with(primary)
    database.dispose()
    primary.stop()
    try:
        state = look(database)
        assert state.order == ("replica", "primary")
        status = ask_status(database)
        assert status.replica
        assert seen_at <= status.now < datetime.now(UTC)
        assert ask(database, counted, status.position) == 3000
        with pytest.raises(ReplicaBehindError):
            ask(database, counted, "FFFF/0")
    finally:
        primary.start()


def test_a_replica_that_was_promoted_is_none_any_more() -> None:
    with pair() as (primary, replica):
        database = Database(primary.url, read_url=replica.url)
        migrate(database)
        heartbeat(database)
        replica.catch_up_with(primary)
        assert look(database).problem is None
        third = Server(replica.folder.with_name("third"), replica.sockets, 5434)
        make_replica(replica, third)
        replica.do("SELECT pg_promote()")
        assert look(database).problem == "DATABASE_READ_URL names a server that is no replica (any more)"
        try:
            follower = Database(primary.url, read_url=third.url)
            replica.do("SELECT pg_switch_wal()")
            replica.do("SELECT pg_logical_emit_message(false, 'x', repeat('x', 100000))")
            third.catch_up_with(replica)
            heartbeat(database)
            assert look(follower).problem == "the replica follows another primary"
            follower.dispose()
        finally:
            third.stop()
        database.dispose()
