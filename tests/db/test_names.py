"""One quota of event names, wherever events come in; a name is forgotten when nothing is left of it."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from sqlalchemy import text

from db import rollups
from db.batches import Batch, Written, days_of
from db.collectors import REFUSED_EVENT
from db.declared import Declared, declare
from db.engine import Database
from db.events import insert_events
from db.ledger import write_batch_bisecting, write_batches
from db.names import NOTHING_LEFT, forget_names, places_taken, stored_names
from db.partitions import ensure_partitions
from db.rows import Row, encode_row
from metrics_dash.ingest.collector import Collector
from metrics_dash.jobs.retention import purge
from metrics_dash.jobs.rollup import roll_up_all, run_pass
from metrics_dash.settings import Settings
from tests.support.locks import wait_for_a_lock_waiter

NOW = datetime.now(UTC)


def rows(*names: str, at: datetime = NOW) -> list[Row]:
    return [encode_row(name, {}, {}, at) for name in names]


def write(database: Database, rows: Sequence[Row], quota: int = 3, *, bisecting: bool = False) -> Written:
    batch = Batch(uuid4(), rows)
    ensure_partitions(database, days_of([batch]))
    with database.begin() as connection:
        if bisecting:
            return write_batch_bisecting(connection, batch, name_quota=quota)
        return write_batches(connection, [batch], name_quota=quota)[0]


def names(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(connection.execute(text("SELECT event_name FROM event_names")).scalars())


def raw(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(text("SELECT event_name FROM telemetry_events ORDER BY id")).scalars())


def execute(database: Database, statement: str) -> None:
    with database.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("bisecting", [False, True])
def test_names_are_admitted_first_come_first_served_and_the_rest_named(database: Database, bisecting: bool) -> None:
    written = write(database, rows("d", "c", "b", "a", "d", "a"), bisecting=bisecting)
    assert written.over_quota == (3, 5)
    assert names(database) == {"b", "c", "d"}
    assert raw(database) == ["d", "c", "b", "d"]
    assert write(database, rows("b", "e"), bisecting=bisecting).over_quota == (1,)


def test_what_the_store_knows_is_never_refused_however_many_that_is(database: Database) -> None:
    execute(database, "INSERT INTO event_names (event_name) SELECT 'old.n' || n FROM generate_series(1, 1500) AS n")
    collector = Collector(database)
    collector.step()
    assert collector.offer("old.n1", {}, {})
    assert collector.offer("old.n1500", {}, {})
    assert not collector.offer("new.one", {}, {})
    assert write(database, rows("old.n1400", "new.two"), 1000).over_quota == (1,)
    collector.stop()


def test_a_collector_reads_back_every_name_that_the_store_knows_however_many(database: Database) -> None:
    execute(database, "INSERT INTO event_names SELECT 'known.n' || number FROM generate_series(1, 1500) AS number")
    collector = Collector(database)
    collector.step()
    assert all(collector.offer(f"known.n{number}", {}, {}) for number in range(1, 1501))
    assert not collector.offer("one.more", {}, {})


def test_what_collectors_report_costs_no_quota_and_is_never_refused(database: Database) -> None:
    assert write(database, rows("a", "b", "c", REFUSED_EVENT, "d")).over_quota == (4,)
    with database.reading() as connection:
        assert stored_names(connection) == {"a", "b", "c"}
    assert raw(database) == ["a", "b", "c", REFUSED_EVENT]


@pytest.mark.parametrize("bisecting", [False, True])
def test_declared_names_are_let_in_however_many_others_there_are(database: Database, bisecting: bool) -> None:
    assert write(database, rows("a", "b", "c", "d")).over_quota == (3,)
    with database.begin() as connection:
        rollups.lock(connection)
        declare(connection, Declared(["shop.sale", "c", "shop.visit"]))
        assert places_taken(connection) == 2
    assert write(database, rows("e", "f", "shop.sale", "shop.visit"), bisecting=bisecting).over_quota == (1,)
    assert names(database) == {"a", "b", "c", "e", "shop.sale", "shop.visit"}


def test_a_sender_of_a_thousand_names_keeps_no_declared_event_out(database: Database) -> None:
    """As the application does it: the first pass of the rollup declares what the catalog has."""
    run_pass(database, declared=Declared(["shop.sale"]))
    collector = Collector(database, name_quota=3, batch_size=1, flush_interval=3600)
    collector.step()
    taken = [collector.offer(f"junk.n{number}", {}, {}) for number in range(5)]
    assert taken == [True, True, True, False, False]
    assert collector.offer("shop.sale", {}, {})
    while collector.step() == 0:
        pass
    assert raw(database).count("shop.sale") == 1
    collector.stop()


def test_rows_below_every_floor_make_no_name_known(database: Database) -> None:
    execute(database, "UPDATE retention_floors SET ingest_floor = now() - interval '1 day'")
    written = write(database, [*rows("old", at=NOW - timedelta(days=2)), *rows("a", "b", "c", "d")])
    assert (written.too_old, written.over_quota) == ((0,), (4,))
    assert names(database) == {"a", "b", "c"}


def test_two_that_come_at_once_do_not_pass_the_quota(database: Database) -> None:
    """The second comes while the first has not committed: forced, not left to chance."""
    ensure_partitions(database, [NOW.date()])
    second: list[Written] = []
    thread = Thread(target=lambda: second.append(write(database, rows("c", "d"))))
    with database.begin() as connection:
        (first,) = write_batches(connection, [Batch(uuid4(), rows("a", "b"))], name_quota=3)
        thread.start()
        wait_for_a_lock_waiter(database)
    thread.join()
    assert (first.over_quota, second[0].over_quota) == ((), (1,))
    assert names(database) == {"a", "b", "c"}


PROGRAM = """
import sys
from db.engine import Database
from metrics_dash.ingest.collector import Collector
collector = Collector(Database(sys.argv[1]), flush_interval=0.05, batch_size=1, name_quota=20)
collector.start()
for number in range(20):
    collector.offer(f"process{sys.argv[2]}.n{number}", {}, {})
    if number % 5 == 0:
        collector.flush(60)
collector.stop(60)
counters = collector.snapshot()
assert counters.balanced, counters
print(counters.committed, counters.dropped.get("name_quota", 0))
"""


def test_five_processes_share_one_quota(database: Database) -> None:
    def run(number: int) -> tuple[int, int]:
        command = [sys.executable, "-c", PROGRAM, database.dsn(), str(number)]
        environment = {"PYTHONPATH": str(Path.cwd()), "PATH": ""}
        printed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True).stdout
        committed, refused = printed.split()
        return int(committed), int(refused)

    with ThreadPoolExecutor(5) as pool:
        totals = list(pool.map(run, range(5)))
    events = [name for name in raw(database) if name != REFUSED_EVENT]
    assert len(names(database) - {REFUSED_EVENT}) == len(set(events)) == 20
    # The report of what was refused is one more committed event each.
    assert sum(refused for _, refused in totals) == 5 * 20 - len(events)


def test_a_name_of_which_nothing_is_left_is_forgotten_by_the_purge_and_makes_room(database: Database) -> None:
    long_ago = NOW - timedelta(days=3)
    insert_events([("old.name", {}, {}, long_ago), ("kept.raw", {}, {}, NOW)], database=database)
    execute(database, "INSERT INTO event_names (event_name) VALUES ('never.stored')")
    roll_up_all(database)
    day = timedelta(days=1)
    short = Settings(raw_retention=day, minute_retention=day, hour_retention=day, day_retention=day)
    execute(database, "UPDATE ingest_batches SET committed_at = now() - interval '1 day'")  # nothing arrives just now
    purge(database, short, dry_run=True)
    assert names(database) == {"old.name", "kept.raw", "never.stored"}
    purge(database, short)
    assert names(database) == {"kept.raw"}
    assert write(database, rows("new.one", "old.name", "kept.raw")).over_quota == ()


@pytest.mark.parametrize("rest", ["telemetry_events", "rollup_dirty", "telemetry_buckets"])
def test_whatever_is_left_of_a_name_keeps_it(database: Database, rest: str) -> None:
    insert_events([("a.b", {}, {}, NOW)], database=database)
    roll_up_all(database)
    execute(database, "INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES ('day', 'a.b', now())")
    for table in {"telemetry_events", "rollup_dirty", "telemetry_buckets"} - {rest}:
        execute(database, f"DELETE FROM {table}")
    assert forget_names(database) == 0
    execute(database, f"DELETE FROM {rest}")
    assert forget_names(database) == 1


def test_a_name_that_is_being_stored_is_not_forgotten(database: Database) -> None:
    """A flush that saw the name has not committed when somebody looks for names that nothing is left of."""
    execute(database, "INSERT INTO event_names (event_name) VALUES ('a.b')")
    ensure_partitions(database, [NOW.date()])
    with database.begin() as connection:
        write_batches(connection, [Batch(uuid4(), rows("a.b"))])
        assert forget_names(database) == 0
    assert forget_names(database) == 0
    assert names(database) == {"a.b"}


def test_a_collector_forgets_what_the_store_forgot_or_refused_but_not_what_waits(database: Database) -> None:
    clock = [1000.0]
    collector = Collector(database, name_quota=3, batch_size=1, flush_interval=3600, clock=lambda: clock[0])

    def turn() -> None:
        clock[0] += 60
        while collector.step() == 0:
            pass

    for name in ("a.a", "a.b"):
        collector.offer(name, {}, {})
    write(database, rows("b.a", "b.b"))
    assert collector.offer("a.c", {}, {})  # no word yet from the store
    turn()
    turn()
    assert names(database) - {REFUSED_EVENT} == {"b.a", "b.b", "a.a"}
    assert collector.snapshot().dropped == {"name_quota": 2}
    assert not collector.offer("a.b", {}, {})
    execute(database, "DELETE FROM event_names WHERE event_name = 'b.a'")
    turn()
    assert collector.offer("a.b", {}, {})
    collector.stop()


def test_a_name_without_events_is_looked_up_in_an_index_and_reads_no_partition(database: Database) -> None:
    insert_events([{"event_name": "test.frequent", "occurred_at": NOW}] * 20_000, database=database)
    execute(database, "INSERT INTO event_names (event_name) SELECT 'test.n' || n FROM generate_series(1, 500) AS n")
    execute(database, "ANALYZE telemetry_events, event_names")
    looked = f"EXPLAIN (ANALYZE, BUFFERS OFF, TIMING OFF) SELECT 1 FROM event_names AS known WHERE {NOTHING_LEFT}"
    with database.begin() as connection:
        plan = list(connection.execute(text(looked)).scalars())
    assert not [line for line in plan if "Seq Scan on telemetry_events" in line]
    assert [line for line in plan if "Index Only Scan" in line and "telemetry_events" in line]
