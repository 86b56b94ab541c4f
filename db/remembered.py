"""Batches that the ledger forgets, remembered in eight bytes each for as long as their events could still be counted.

The ledger holds a batch's answer for a week, and while raw events of its time are taken (``db.jobs``). A batch that is
sent again after that is late as a whole (``db.late``), and would be counted once more: by what stands here it is known,
though not what it was told. A batch has the same newest event whenever it is sent, so it is looked for where that day's
are. What is kept is a hash of its identity and of the digest of its body: another body under its key is another batch.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, text

from db import registers

# In so many rows a day: a row is written again as a whole when a batch is added, and read as a whole.
PARTS = 16


_HASH = registers.hash_sql("CAST(batch_id AS text) || COALESCE(encode(digest, 'hex'), '')")
_DAY = "CAST({} AT TIME ZONE 'UTC' AS date)"
_FIRST_DAY = f"""(
    SELECT {_DAY.format("greatest(ingest_floor, '0001-01-01 00:00+00')")} FROM retention_floors WHERE level = 'day'
)"""

# What could hold no event above the floor of days is not remembered.
_MOVE = f"""
WITH gone AS (
    DELETE FROM ingest_batches WHERE committed_at < :before {{may_go}} RETURNING batch_id, digest, newest_event
), kept AS (
    INSERT INTO ingest_remembered AS known (day, part, hashes)
    SELECT day, hash & {PARTS - 1}, array_agg(hash)
    FROM (SELECT {_DAY.format("newest_event")} AS day, {_HASH} AS hash FROM gone) AS one
    WHERE day >= {_FIRST_DAY}
    GROUP BY 1, 2
    ON CONFLICT (day, part) DO UPDATE SET hashes = known.hashes || excluded.hashes
)
SELECT count(*) FROM gone
"""


def move(connection: Connection, may_go: str, before: datetime) -> int:
    """Take batches out of the ledger, those committed before ``before`` of which the condition ``may_go`` (SQL that
    begins with AND) is true; how many. What is older than days are held is forgotten for good."""
    moved: int = connection.execute(text(_MOVE.format(may_go=may_go)), {"before": before}).scalar_one()
    connection.execute(_FORGET)
    return moved


_FORGET = text(f"DELETE FROM ingest_remembered WHERE day < {_FIRST_DAY}")


def among(driver: psycopg.Connection[Any], batches: Sequence[tuple[UUID, bytes | None, int]]) -> set[UUID]:
    """Return those of the batches (identity, digest, newest event in nanoseconds) that were stored once."""
    found = driver.execute(
        f"""
        SELECT batch_id FROM (
            SELECT batch_id, {_DAY.format("to_timestamp(newest / 1e9)")} AS day, {_HASH} AS hash
            FROM unnest(%s::uuid[], %s::bytea[], %s::bigint[]) AS sent (batch_id, digest, newest)
        ) AS batch JOIN ingest_remembered AS known
            ON known.day = batch.day AND part = hash & {PARTS - 1} AND hash = ANY(hashes)
        """,
        tuple(map(list, zip(*batches, strict=True))),
    )
    return {identity for (identity,) in found}
