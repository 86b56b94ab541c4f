"""What must hold of numbered events after any fault: what was acknowledged is stored and counted, each once."""

from collections import Counter

from sqlalchemy import text

from db.engine import Database
from db.levels import LEVELS
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.rollups import assert_every_level_is_a_group_by_over_raw

TICK = "fault.tick"
LATE = "fault.late"


def stored(database: Database, name: str = TICK) -> Counter[int]:
    """How often each number is there."""
    with database.reading() as connection:
        found = connection.execute(
            text("SELECT (measurements ->> 'n')::int FROM telemetry_events WHERE event_name = :name"), {"name": name}
        )
        return Counter(found.scalars())


def counted(database: Database, name: str = TICK) -> dict[str, int]:
    """How many events the buckets of each level hold."""
    with database.reading() as connection:
        rows = connection.execute(
            text(
                "SELECT bucket_type, sum(count) FROM telemetry_buckets "
                "WHERE event_name = :name AND bucket_type = ANY(:levels) GROUP BY 1"
            ),
            {"name": name, "levels": [level.name for level in LEVELS]},
        )
        return {level: int(events) for level, events in rows}


def prove(database: Database, acked: set[int], late: int = 0) -> None:
    """Compute what is left to compute; fails unless exactly ``acked`` is stored, and in the buckets of every level.

    ``late``: how many events were merged into buckets of a time of which raw events are gone.
    """
    roll_up_all(database)
    found = stored(database)
    assert (acked - found.keys(), found.keys() - acked) == (set(), set()), "lost, and nobody's"
    assert {number: count for number, count in found.items() if count > 1} == {}, "stored twice"
    assert counted(database) == {level.name: len(acked) for level in LEVELS}
    assert counted(database, LATE) == ({level.name: late for level in LEVELS} if late else {})
    assert_every_level_is_a_group_by_over_raw(database, but=LATE)
    assert audit(database) == []
    with database.reading() as connection:
        in_ledger = connection.execute(text("SELECT sum(events) FROM ingest_batches")).scalar()
        in_raw = connection.execute(text("SELECT count(*) FROM telemetry_events")).scalar()
    assert in_ledger == in_raw + late, (in_ledger, in_raw, late)
