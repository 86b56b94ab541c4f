"""Late events of every age while levels are purged and passes run beside: each that was taken is in its day, once."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from db.batches import Batch, days_of
from db.buckets import purge_buckets_before
from db.engine import Database
from db.events import insert_events
from db.floors import align
from db.ledger import write_batches
from db.partitions import ensure_partitions, purge_events_before
from db.rows import encode_row
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up, roll_up_all, run_pass
from tests.support import faults

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
OLDEST = 40
# Each purge leaves less of every level but days; the last ones drop what was just merged. Raw, minutes, hours.
KEPT = ((30, 35, 38), (20, 30, 35), (10, 20, 30), (5, 10, 20), (2, 6, 12), (1, 3, 6))
BATCHES = faults.times(12, 400)


def a_batch(random_ages: random.Random, identity: UUID) -> Batch:
    moments = [NOW - timedelta(minutes=random_ages.uniform(0, OLDEST * 24 * 60)) for _ in range(50)]
    return Batch(identity, [encode_row("late.event", {"n": 1}, {"k": "v"}, moment) for moment in moments])


def write(database: Database, batch: Batch) -> None:
    """Every batch twice, as after an answer that was lost."""
    for _ in range(2):
        ensure_partitions(database, days_of([batch]))
        with database.begin() as connection:
            (written,) = write_batches(connection, [batch])
            assert written.lost == {}


def keep_passing(database: Database, stop: Event) -> int:
    late = 0
    while not stop.is_set():
        late += run_pass(database, limit=20).late
        stop.wait(0.01)
    return late


def drain(connection: Connection) -> None:
    while roll_up(connection).more:
        pass


def purge(database: Database, raw: int, minute: int, hour: int) -> None:
    """Without the hold for an import: it is to run while events come."""
    purge_events_before(NOW - raw * DAY, database=database, drain=drain)
    for level, days in (("minute", minute), ("hour", hour)):
        purge_buckets_before(level, NOW - days * DAY, database=database, drain=drain)


def stored(database: Database) -> Counter[datetime]:
    with database.reading() as connection:
        rows: Any = connection.execute(
            text("SELECT bucket_start, count FROM telemetry_buckets WHERE bucket_type = 'day' AND event_name = :name"),
            {"name": "late.event"},
        )
        return Counter({start.astimezone(UTC): count for start, count in rows})


def test_late_events_beside_purges_of_every_level_are_counted_once(own_server: Database) -> None:
    insert_events([("old.event", {}, {}, NOW - days * DAY) for days in range(OLDEST)], database=own_server)
    random_ages, stop = random.Random(7), Event()
    accepted: Counter[datetime] = Counter()
    with ThreadPoolExecutor(4) as pool:
        passing = pool.submit(keep_passing, own_server, stop)
        try:
            for kept in KEPT:
                batches = [a_batch(random_ages, uuid4()) for _ in range(BATCHES)]
                writing = [pool.submit(write, own_server, batch) for batch in batches]
                purge(own_server, *kept)
                for each in writing:
                    each.result()
                accepted.update(align(_moment(row[2])) for batch in batches for row in batch.rows)
        finally:
            stop.set()
        assert passing.result() > 0
    roll_up_all(own_server)
    assert stored(own_server) == accepted
    assert audit(own_server) == []
    with own_server.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM ingest_quarantine")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM late_events")).scalar_one() == 0


def _moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // 10**9, UTC)
