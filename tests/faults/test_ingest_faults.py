"""What was acknowledged is stored, once, whatever breaks in between. The oracle: acked ⊆ stored ⊆ issued."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from sqlalchemy import Connection, event, text

from db.batches import Batch, Written
from db.collectors import REFUSED_EVENT as REFUSED
from db.engine import Database, driver_connection
from db.ledger import write_batches
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event, encode
from metrics_dash.ingest.submission import BufferFullError, NotCommittedError
from tests.support.oracle import stored

PATIENCE_SECONDS = 60.0
BATCH = 20


class Producer(threading.Thread):
    """Submits numbered events, several batches at a time, and logs what it issued and what was acknowledged."""

    def __init__(self, collector: Collector, first: int, batches: int) -> None:
        super().__init__(daemon=True)
        self.collector = collector
        self.numbers = iter(range(first, first + batches * BATCH))
        self.issued: set[int] = set()
        self.acked: set[int] = set()
        self.acknowledged = threading.Event()

    def run(self) -> None:
        while numbers := [number for number, _ in zip(self.numbers, range(BATCH), strict=False)]:
            self.issued.update(numbers)
            now = datetime.now(UTC)
            try:
                submission = self.collector.submit([encode(Event("fault.tick", {"n": n}, {}, now)) for n in numbers])
                submission.wait(PATIENCE_SECONDS)
            except (BufferFullError, NotCommittedError):
                continue
            self.acked.update(numbers)
            self.acknowledged.set()


class Watcher(threading.Thread):
    """Looks at the books all the time."""

    def __init__(self, collector: Collector) -> None:
        super().__init__(daemon=True)
        self.collector = collector
        self.over = threading.Event()
        self.samples = 0
        self.wrong: list[object] = []

    def run(self) -> None:
        while not self.over.wait(0.001):
            counters = self.collector.snapshot()
            self.samples += 1
            if not counters.balanced:
                self.wrong.append(counters)


@contextmanager
def load(database: Database, *, batches: int = 60) -> Iterator[tuple[Collector, list[Producer]]]:
    """A load while the block breaks things; afterwards the oracle is asked."""
    collector = Collector(database, flush_interval=0.05, jitter=lambda low, high: min(high, 0.05))
    collector.start()
    watcher = Watcher(collector)
    watcher.start()
    producers = [Producer(collector, first, batches) for first in (0, 100_000, 200_000)]
    for producer in producers:
        producer.start()
    try:
        yield collector, producers
        for producer in producers:
            producer.join(PATIENCE_SECONDS)
            assert not producer.is_alive()
        assert collector.flush(PATIENCE_SECONDS)
    finally:
        watcher.over.set()
        watcher.join()
        collector.stop()
    ask_the_oracle(database, producers)
    assert watcher.samples > 0
    assert watcher.wrong == []
    counters = collector.snapshot()
    assert (counters.buffered, counters.in_flight) == (0, 0)


def ask_the_oracle(database: Database, producers: list[Producer]) -> None:
    issued = set().union(*(producer.issued for producer in producers))
    acked = set().union(*(producer.acked for producer in producers))
    found = stored(database)
    assert acked
    assert max(found.values()) == 1, "stored twice"
    assert acked <= found.keys() <= issued
    with database.reading() as connection:
        in_ledger = connection.execute(text("SELECT sum(events) FROM ingest_batches")).scalar()
        in_raw = connection.execute(text("SELECT count(*) FROM telemetry_events")).scalar()
        unmarked = connection.execute(
            text(
                "SELECT count(*) FROM telemetry_events e WHERE NOT EXISTS (SELECT 1 FROM rollup_dirty d "
                "WHERE d.event_name = e.event_name AND d.bucket_start = date_trunc('minute', e.occurred_at, 'UTC'))"
            )
        ).scalar()
    assert in_ledger == in_raw
    assert unmarked == 0


def kill_postgres(database: Database) -> None:
    pid = int((Path(str(database.url.query["host"])) / "postmaster.pid").read_text().split()[0])
    postmaster = psutil.Process(pid)
    for process in [*postmaster.children(recursive=True), postmaster]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def test_killing_postgresql_under_load_loses_and_doubles_nothing(own_server: Database) -> None:
    with load(own_server) as (_, producers):
        for _ in range(2):
            for producer in producers:
                producer.acknowledged.clear()
            assert any(producer.acknowledged.wait(PATIENCE_SECONDS) for producer in producers)
            kill_postgres(own_server)


def test_a_lost_reply_to_commit_doubles_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server commits, and the connection is gone before the collector hears of it."""
    turns = itertools.cycle([True, False, True, True, False])
    tried: Counter[UUID] = Counter()
    replayed: list[UUID] = []

    def commit_and_lose_the_reply(connection: Connection) -> None:
        if next(turns):
            driver = driver_connection(connection)
            driver.commit()
            shut(driver.fileno())
            driver.execute("SELECT 1")

    def write(connection: Connection, batches: Sequence[Batch], **options: float) -> list[Written]:
        written = write_batches(connection, batches, **options)
        tried.update(batch.batch_id for batch in batches)
        replayed.extend(batch.batch_id for batch, fate in zip(batches, written, strict=True) if fate.replayed)
        return written

    event.listen(database.engine, "commit", commit_and_lose_the_reply)
    monkeypatch.setattr("metrics_dash.ingest.delivery.write_batches", write)
    with load(database, batches=15) as (collector, producers):
        pass
    event.remove(database.engine, "commit", commit_and_lose_the_reply)
    assert max(tried.values()) > 1
    # What was stored by a COMMIT whose reply was lost was stored by this process all the same.
    assert not replayed
    counters = collector.snapshot()
    assert (counters.committed, counters.replayed) == (sum(len(each.acked) for each in producers), 0)


def shut(descriptor: int) -> None:
    copy = socket.socket(fileno=os.dup(descriptor))
    copy.shutdown(socket.SHUT_RDWR)
    copy.close()


def test_connections_cut_in_the_middle_of_a_copy_lose_and_double_nothing(database: Database) -> None:
    cutter = Database(database.dsn())
    with load(database) as (_, producers):
        while any(producer.is_alive() for producer in producers[:1]):
            with cutter.begin() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                        "AND pid <> pg_backend_pid() AND state <> 'idle' AND random() < 0.3"
                    )
                )
            producers[0].join(0.02)
    cutter.dispose()


def test_a_schema_that_breaks_under_load_is_waited_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics_dash.ingest.outage.PROBE_SECONDS", 0.05)
    with load(database) as (collector, producers):
        assert producers[0].acknowledged.wait(PATIENCE_SECONDS)
        execute(database, "ALTER TABLE telemetry_events RENAME TO broken")
        for _ in range(1000):
            if collector.failure is not None:
                break
            producers[0].join(0.05)
        assert "42P01" in str(collector.failure)
        execute(database, "ALTER TABLE broken RENAME TO telemetry_events")
    assert collector.failure is None


def execute(database: Database, statement: str) -> None:
    with database.begin() as connection:
        connection.execute(text(statement))


def test_an_outage_fills_the_buffer_and_what_was_refused_is_reported(own_server: Database) -> None:
    collector = Collector(
        own_server, buffer_events=100, batch_size=10, flush_interval=0.05, jitter=lambda low, high: min(high, 0.05)
    )
    collector.start()
    assert collector.offer("fault.tick", {"n": 0}, {})
    assert collector.flush(PATIENCE_SECONDS)
    kill_postgres(own_server)
    taken = [number for number in range(1, 5000) if collector.offer("fault.tick", {"n": number}, {})]
    collector.stop(PATIENCE_SECONDS)
    counters = collector.snapshot()
    assert counters.balanced
    assert counters.buffered == counters.in_flight == 0
    assert sorted(stored(own_server)) == [0, *taken]
    with own_server.reading() as connection:
        reports = connection.execute(
            text("SELECT weight FROM telemetry_events WHERE event_name = :name"),
            {"name": REFUSED},
        )
        reported = sum(reports.scalars())
    assert reported == counters.dropped.get("buffer_full", 0) == 4999 - len(taken)


PRODUCER = """
import sys
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event, encode
from db.engine import Database, driver_connection
from db.batches import Batch, Written
from db.ledger import write_batches
from datetime import datetime, UTC
collector = Collector(Database(sys.argv[1]), flush_interval=0.05)
collector.start()
for first in range(0, 10**9, 20):
    numbers = range(first, first + 20)
    print("issued", first, flush=True)
    collector.submit([encode(Event("fault.tick", {"n": n}, {}, datetime.now(UTC))) for n in numbers]).wait(60)
    print("acked", first, flush=True)
"""


def test_killing_the_producing_process_keeps_what_was_acknowledged(database: Database) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen(
        [sys.executable, "-c", PRODUCER, database.dsn()], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if len(lines) == 101:
            process.send_signal(signal.SIGKILL)
    process.wait()
    starts = {word: {int(line.split()[1]) for line in lines if line.startswith(word)} for word in ("issued", "acked")}
    issued, acked = ({start + n for start in starts[word] for n in range(20)} for word in ("issued", "acked"))
    found = stored(database)
    assert acked
    assert acked <= found.keys() <= issued
    assert max(found.values()) == 1
