"""What gets lost on an open connection costs the connection: the batch is tried again, and stored once."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from db.engine import Database
from db.floors import align, raise_ingest_floor
from db.status import PipelineStatus, pipeline_status
from metrics_dash.ingest.collector import Collector
from tests.support.oracle import stored
from tests.support.processes import PATIENCE_SECONDS, eventually
from tests.support.proxy import Direction, Proxy, proxy_to

SOON = 0.5
"""Seconds that a test's collector waits for an answer."""
COPY = b"COPY telemetry_events"


@pytest.fixture(params=["tcp", "unix"])
def proxied(request: pytest.FixtureRequest, database: Database) -> Iterator[tuple[Proxy, Database]]:
    """The test's database behind a proxy, reached as over a network and as on the same machine."""
    with (
        tempfile.TemporaryDirectory() as folder,
        proxy_to(database, Path(folder) if request.param == "unix" else None) as both,
    ):
        yield both


def started(database: Database, patience: float = SOON) -> Collector:
    """A collector that has stored an event, so that its connections and partitions stand."""
    collector = Collector(database, flush_interval=0.05, patience=patience, jitter=lambda low, high: min(high, 0.05))
    collector.start()
    assert collector.offer("fault.tick", {"n": 0}, {})
    assert collector.flush(PATIENCE_SECONDS)
    return collector


def status(database: Database) -> PipelineStatus:
    with database.reading() as connection:
        return pipeline_status(connection)


@pytest.mark.parametrize(
    ("direction", "lost", "after"),
    [
        ("to_server", b"FOR SHARE", b""),
        ("to_server", COPY, b""),
        ("to_server", b"fault.tick", COPY),
        ("to_server", b"INSERT INTO rollup_dirty", b""),
        ("to_server", b"COMMIT", COPY),
        # The reply to a statement does not name it, but comes after it.
        ("to_client", b"", b"FOR SHARE"),
        ("to_client", b"", COPY),
        ("to_client", b"", b"INSERT INTO rollup_dirty"),
        ("to_client", b"COMMIT", COPY),
    ],
)
def test_a_request_or_a_reply_that_is_swallowed_is_noticed_and_the_batch_stored_once(
    proxied: tuple[Proxy, Database], database: Database, direction: Direction, lost: bytes, after: bytes
) -> None:
    proxy, through = proxied
    collector = started(through)
    proxy.swallow(direction, lost, after=after)
    assert collector.offer("fault.tick", {"n": 1}, {})
    assert collector.flush(PATIENCE_SECONDS)
    assert proxy.swallowed.is_set()
    collector.stop()
    assert stored(database) == {0: 1, 1: 1}
    assert collector.snapshot().balanced
    assert collector.snapshot().committed == 2


def test_a_commit_that_is_swallowed_does_not_hold_the_floor_against_the_purge(database: Database) -> None:
    with proxy_to(database) as (proxy, through):
        collector = started(through)
        proxy.swallow("to_server", b"COMMIT", after=COPY)
        assert collector.offer("fault.tick", {"n": 1}, {})
        assert proxy.swallowed.wait(PATIENCE_SECONDS)
        with database.begin(within=PATIENCE_SECONDS) as connection:
            raise_ingest_floor(connection, "raw", align(datetime.now(UTC) - timedelta(days=1)))
        assert collector.flush(PATIENCE_SECONDS)
        collector.stop()
    assert stored(database) == {0: 1, 1: 1}


def test_while_a_write_hangs_the_collector_still_says_how_old_its_events_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else the server ends the write after a minute, and the collector says so by itself.
    monkeypatch.setattr("db.deadlines._LONGEST_IDLE_SECONDS", 3600.0)
    with proxy_to(database) as (proxy, through):
        collector = started(through, patience=3600)
        proxy.swallow("to_server", b"COMMIT", after=COPY)
        assert collector.offer("fault.tick", {"n": 1}, {})
        assert proxy.swallowed.wait(PATIENCE_SECONDS)
        hung_at = status(database).now

        def beats_on() -> bool:
            found = status(database).collectors[0]
            return found.seen_at > hung_at + timedelta(seconds=0.2) and found.oldest_buffered_at is not None

        eventually(beats_on, "a heartbeat by another connection")
        assert status(database).complete_through <= hung_at
        proxy.cut()
        assert collector.flush(PATIENCE_SECONDS)
        collector.stop()
    assert stored(database) == {0: 1, 1: 1}


def test_a_heartbeat_that_is_swallowed_stops_neither_the_events_nor_the_next_one(database: Database) -> None:
    with proxy_to(database) as (proxy, through):
        collector = started(through)
        proxy.swallow("to_server", b"COMMIT", after=b"INSERT INTO collectors")
        assert proxy.swallowed.wait(PATIENCE_SECONDS)
        lost_at = status(database).now
        assert collector.offer("fault.tick", {"n": 1}, {})
        assert collector.flush(PATIENCE_SECONDS)
        eventually(lambda: status(database).collectors[0].seen_at > lost_at, "the next heartbeat")
        collector.stop()
    assert stored(database) == {0: 1, 1: 1}


def test_a_network_that_stands_still_delays_events_and_doubles_none(database: Database) -> None:
    with proxy_to(database) as (proxy, through):
        collector = started(through)
        proxy.hold()
        for number in range(1, 200):
            assert collector.offer("fault.tick", {"n": number}, {})
        eventually(lambda: collector.failure is not None, "the deadline passes")
        proxy.release()
        assert collector.flush(PATIENCE_SECONDS)
        collector.stop()
    assert stored(database) == dict.fromkeys(range(200), 1)


def test_the_connection_that_was_given_up_ends_at_the_server_too(database: Database) -> None:
    with proxy_to(database) as (proxy, through):
        collector = started(through)
        proxy.swallow("to_server", b"COMMIT", after=COPY)
        assert collector.offer("fault.tick", {"n": 1}, {})
        assert collector.flush(PATIENCE_SECONDS)

        def stuck() -> int:
            with database.reading() as connection:
                return int(
                    connection.execute(
                        text(
                            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                            "AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
                        )
                    ).scalar_one()
                )

        eventually(lambda: stuck() == 0, "no transaction is left open")
        collector.stop()
