"""Quarantine: the one bad event of a batch is found by halves and set aside with its reason; the others are stored."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID, uuid5

import psycopg

from db.batches import Batch, Refusal
from db.faults import Fault, classify, describe
from db.rows import Row, decode_maps, from_nanoseconds, more_of, plain

Copy = Callable[[psycopg.Connection[Any], Iterable[Sequence[Row]]], None]


def copy_bisecting(
    driver: psycopg.Connection[Any], batch: Batch, indexes: list[int], copy: Copy, path: str = ""
) -> list[Refusal]:
    """Copy these rows of the batch, each half under a savepoint; return the index of each bad one and why it is bad."""
    if not indexes:
        return []
    try:
        with driver.transaction():
            copy(driver, [[batch.rows[index] for index in indexes]])
    except Exception as error:
        if classify(error) is not Fault.DATA:
            raise
        if len(indexes) == 1:
            reason = describe(error)
            _set_aside(driver, uuid5(batch.batch_id, path), batch.rows[indexes[0]], reason)
            return [(indexes[0], reason)]
        middle = len(indexes) // 2
        return [
            *copy_bisecting(driver, batch, indexes[:middle], copy, path + "0"),
            *copy_bisecting(driver, batch, indexes[middle:], copy, path + "1"),
        ]
    return []


def _set_aside(driver: psycopg.Connection[Any], identity: UUID, row: Row, reason: str) -> None:
    # Plain ASCII: what the database refused may be a character that its encoding lacks.
    measurements, metadata = decode_maps(row[1])
    payload: dict[str, object] = {
        "event_name": row[0],
        "measurements": measurements,
        "metadata": metadata,
        "occurred_at": _when(row[2]),
    }
    if not plain([row]):
        more = more_of(row)
        payload |= {"weight": more.weight, "kind": more.kind, "aggregates": json.loads(more.aggregates)}
    driver.execute(
        "INSERT INTO ingest_quarantine (batch_id, event_name, payload, reason) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        (identity, row[0], json.dumps(payload), reason),
    )


def _when(nanoseconds: int) -> str:
    try:
        return from_nanoseconds(nanoseconds).isoformat()
    except OverflowError:
        return f"{nanoseconds} ns"
