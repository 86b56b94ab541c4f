"""Who runs a job: the first process to write its slot down.

A slot is a moment that every process derives alike from the wall clock. The frequent rollup writes none: its passes
are elected by their own lock, and a row every five seconds would only be work for the housekeeping.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

# What is forgotten, and when: table, column of its age, age. The ledger also outlives raw's floor: see ``tidy``.
HOUSEKEEPING = (
    ("ingest_batches", "committed_at", timedelta(days=7)),
    ("job_runs", "started_at", timedelta(days=30)),
    ("collectors", "seen_at", timedelta(days=1)),
    ("ingest_quarantine", "quarantined_at", timedelta(days=30)),
)


def claim(connection: Connection, job: str, slot: datetime) -> bool:
    """Write down that this process runs the job of that slot (aware); False if another one has.

    Waits for a claim that is being committed. The claim stands from the commit on, whatever becomes of the job: what
    a slot missed, the next one does.
    """
    claimed = connection.execute(
        text("INSERT INTO job_runs (job, slot) VALUES (:job, :slot) ON CONFLICT DO NOTHING RETURNING 1"),
        {"job": job, "slot": slot},
    ).scalar()
    return claimed is not None


def finish(connection: Connection, job: str, slot: datetime, outcome: str) -> None:
    """Write down how a claimed job ended, in a line."""
    connection.execute(
        text(
            "UPDATE job_runs SET finished_at = clock_timestamp(), outcome = :outcome WHERE job = :job AND slot = :slot"
        ),
        {"job": job, "slot": slot, "outcome": outcome},
    )


# A batch may be sent again however late (a file that is imported twice). Once everything that it can hold lies below
# raw's ingest floor, nothing of it would be taken, and it need not be known any more: what it stored, and also what was
# refused of it because it came too early. Clocks may differ by some hours.
# A collector that fell silent with events holds the watermark until somebody knows that they are lost.
_WHAT_MAY_GO = {
    "ingest_batches": "AND greatest(committed_at, newest_event) < (SELECT ingest_floor - interval '1 day' "
    "FROM retention_floors WHERE level = 'raw')",
    "collectors": "AND oldest_buffered_at IS NULL",
}


def tidy(connection: Connection) -> dict[str, int]:
    """Delete what is past its age; how many rows of each table. A batch stays known while its events may come again."""
    return {
        table: connection.execute(
            text(
                f"DELETE FROM {table} WHERE {column} < clock_timestamp() - CAST(:age AS interval) "
                f"{_WHAT_MAY_GO.get(table, '')}"
            ),
            {"age": age},
        ).rowcount
        for table, column, age in HOUSEKEEPING
    }


def history_arrived(connection: Connection, *, below: datetime, floor: datetime | None, within: timedelta) -> bool:
    """Whether a batch that holds events older than ``below`` was committed in the last ``within``.

    What lies under ``floor``, where nothing is let in any more, does not count.
    """
    return bool(
        connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM ingest_batches WHERE committed_at > clock_timestamp() - "
                "CAST(:within AS interval) AND oldest_event < :below "
                "AND (CAST(:floor AS timestamptz) IS NULL OR oldest_event >= CAST(:floor AS timestamptz)))"
            ),
            {"below": below, "floor": floor, "within": within},
        ).scalar_one()
    )
