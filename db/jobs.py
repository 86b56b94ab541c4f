"""Who runs a job: the first process to write its slot down.

A slot is a moment that every process derives alike from the wall clock. The frequent rollup writes none: its passes
are elected by their own lock, and a row every five seconds would only be work for the housekeeping.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from db import remembered
from db.clock import trusted_time

# How the outcome of a run begins that broke off with an error.
FAILED = "failed"

# What is forgotten, and when: table, column of its age, age. The ledger also outlives raw's floor: see ``tidy``.
HOUSEKEEPING = (
    ("ingest_batches", "committed_at", timedelta(days=7)),
    ("job_runs", "started_at", timedelta(days=30)),
    ("collectors", "seen_at", timedelta(days=1)),
    ("ingest_quarantine", "quarantined_at", timedelta(days=30)),
    ("counter_states", "seen_at", timedelta(days=7)),
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


def finish(connection: Connection, job: str, slot: datetime, outcome: str, succeeded: bool = True) -> None:
    """Write down how a claimed job ended, in a line, and whether it did what was due; again after each try."""
    connection.execute(
        text(
            "UPDATE job_runs SET finished_at = clock_timestamp(), outcome = :outcome, succeeded = :succeeded "
            "WHERE job = :job AND slot = :slot"
        ),
        {"job": job, "slot": slot, "outcome": outcome, "succeeded": succeeded},
    )


def record(connection: Connection, job: str, outcome: str, succeeded: bool = True) -> None:
    """Write down a run that had no slot, one by hand: it counts like any other, so what it put right is right now."""
    connection.execute(
        text(
            "INSERT INTO job_runs (job, slot, finished_at, outcome, succeeded) "
            "VALUES (:job, clock_timestamp(), clock_timestamp(), :outcome, :succeeded)"
        ),
        {"job": job, "outcome": outcome, "succeeded": succeeded},
    )


def last_run(connection: Connection, job: str) -> tuple[datetime, str] | None:
    """Return when a job last ended, whoever ran it, and how; None where it never did."""
    row = connection.execute(
        text(
            "SELECT finished_at, outcome FROM job_runs WHERE job = :job AND finished_at IS NOT NULL "
            "ORDER BY finished_at DESC LIMIT 1"
        ),
        {"job": job},
    ).one_or_none()
    return None if row is None else (row.finished_at.astimezone(UTC), row.outcome)


@dataclass(frozen=True, slots=True)
class UnfinishedJob:
    """A job whose last run, whoever's it was, did not do what was due. ``since``: the first such run after a good one.

    ``failed``: it broke off with an error; else it waits for something and goes on by itself.
    """

    job: str
    outcome: str
    since: datetime
    failed: bool


def unfinished(connection: Connection) -> list[UnfinishedJob]:
    """Return the jobs that are not well at present."""
    rows = connection.execute(
        text("""
            SELECT job, outcome, since FROM (
                SELECT DISTINCT ON (job) job, outcome, succeeded FROM job_runs WHERE finished_at IS NOT NULL
                ORDER BY job, finished_at DESC
            ) AS latest CROSS JOIN LATERAL (
                SELECT min(started_at) AS since FROM job_runs AS run WHERE run.job = latest.job AND NOT run.succeeded
                AND finished_at > coalesce((SELECT max(finished_at) FROM job_runs AS good
                    WHERE good.job = latest.job AND good.succeeded), '-infinity')
            ) AS beginning
            WHERE NOT succeeded ORDER BY job
        """)
    )
    return [
        UnfinishedJob(job, outcome, since.astimezone(UTC), outcome.startswith(FAILED)) for job, outcome, since in rows
    ]


# A batch may be sent again however late (a file that is imported twice). Once everything that it can hold lies below
# raw's ingest floor, it need not be known any more what became of it, only that it came (``db.remembered``). Clocks may
# differ by some hours.
# A collector that fell silent with events holds the watermark until somebody knows that they are lost.
_WHAT_MAY_GO = {
    "ingest_batches": "AND greatest(committed_at, newest_event) < (SELECT ingest_floor - interval '1 day' "
    "FROM retention_floors WHERE level = 'raw')",
    "collectors": "AND oldest_buffered_at IS NULL",
}


def tidy(connection: Connection) -> dict[str, int]:
    """Delete what is past its age; how many rows of each table. A batch stays known while its events may come again."""
    now = trusted_time(connection)
    return {table: _forget(connection, table, column, now - age) for table, column, age in HOUSEKEEPING}


def _forget(connection: Connection, table: str, column: str, before: datetime) -> int:
    if table == "ingest_batches":
        return remembered.move(connection, _WHAT_MAY_GO[table], before)
    may_go = _WHAT_MAY_GO.get(table, "")
    return connection.execute(
        text(f"DELETE FROM {table} WHERE {column} < :before {may_go}"), {"before": before}
    ).rowcount


def history_arrived(connection: Connection, *, below: datetime, floor: datetime | None, within: timedelta) -> bool:
    """Return whether a batch that holds events older than ``below`` was committed in the last ``within``.

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
