"""Writing batches: each exactly once, however often it is tried.

A batch has one id for life. Its ledger row, its events and the marks of the buckets to recompute commit together, so a
batch whose id stands in the ledger has been stored, and one whose id does not has left no trace.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid5

import psycopg
from sqlalchemy import Connection

from db.engine import driver_connection
from db.faults import Fault, classify, describe
from db.rows import COPY_COLUMNS, COPY_HEADER, COPY_TRAILER, Row, copy_payload, decode_maps, from_nanoseconds

NANOSECONDS_PER_MINUTE = 60_000_000_000
_NANOSECONDS_PER_DAY = 24 * 60 * NANOSECONDS_PER_MINUTE
# One message of this size keeps the server busy while the next is made; psycopg's own are of 32 KiB.
COPY_CHUNK_ROWS = 1000
# An event's name and its minute since 1970: the bucket that it makes dirty.
Mark = tuple[str, int]
_COPY = f"COPY telemetry_events ({COPY_COLUMNS}) FROM STDIN (FORMAT binary)"


@dataclass(frozen=True)
class Batch:
    """Rows that commit together. ``rows`` must not change, and ``batch_id`` belongs to these rows for ever."""

    batch_id: UUID
    rows: Sequence[Row]

    @cached_property
    def span(self) -> tuple[int, int]:
        """The times of the oldest and the newest row, in nanoseconds; zeros without rows."""
        times = [row[2] for row in self.rows]
        return min(times, default=0), max(times, default=0)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch, by index of its rows; the rows not named here are stored.

    ``replayed``: the batch had been committed before and nothing was written now. ``too_old``: rows below raw's ingest
    floor. ``quarantined``: rows that the database refused, with its reason.
    """

    replayed: bool = False
    too_old: tuple[int, ...] = ()
    quarantined: tuple[tuple[int, str], ...] = ()


def days_of(batches: Iterable[Batch]) -> set[date]:
    """The UTC days that the batches' events fall on."""
    numbers: set[int] = set()
    for batch in batches:
        oldest, newest = (moment // _NANOSECONDS_PER_DAY for moment in batch.span)
        if oldest == newest:
            numbers.add(oldest)
        else:
            numbers.update(row[2] // _NANOSECONDS_PER_DAY for row in batch.rows)
    return {from_nanoseconds(number * _NANOSECONDS_PER_DAY).date() for number in numbers}


def write_batches(connection: Connection, batches: Sequence[Batch], *, waited: float = 0.0) -> list[Written]:
    """Store batches in the connection's transaction, which the caller commits; what became of each, in order.

    ``waited``: seconds since the oldest of their events came. The marks are dated back by them, since a page takes the
    oldest mark for the moment up to which all that came is in the buckets.
    Their partitions must stand (``db.partitions.ensure_partitions``). Raises what the driver raises; then nothing is
    stored, and the same batches may be tried again.
    """
    driver = driver_connection(connection)
    floor, fresh = _admit(driver, batches)
    written: list[Written] = []
    stored: list[Sequence[Row]] = []
    marks: set[Mark] = set()
    for batch in batches:
        if batch.batch_id not in fresh:
            written.append(Written(replayed=True))
            continue
        fresh.remove(batch.batch_id)  # the same batch again in one transaction is a replay, too
        kept, too_old = _above(floor, batch)
        stored.append(kept)
        marks |= _marks(kept, batch.span)
        written.append(Written(too_old=too_old))
    if marks:
        _copy(driver, stored)
        _mark_dirty(driver, marks, waited)
    return written


def write_batch_bisecting(connection: Connection, batch: Batch, *, waited: float = 0.0) -> Written:
    """Like ``write_batches`` for one batch of which the database refuses some rows: those go to quarantine.

    Each half is tried under a savepoint, so that the batch still commits as one under its own id. Raises any error that
    is not about data.
    """
    driver = driver_connection(connection)
    floor, fresh = _admit(driver, [batch])
    if batch.batch_id not in fresh:
        return Written(replayed=True)
    too_old = set(_above(floor, batch)[1])
    indexes = [index for index in range(len(batch.rows)) if index not in too_old]
    refused: list[tuple[int, str]] = []
    _bisect(driver, batch, indexes, "", refused)
    bad = {index for index, _ in refused}
    stored = [batch.rows[index] for index in indexes if index not in bad]
    if stored:
        _mark_dirty(driver, _marks(stored, batch.span), waited)
    return Written(too_old=tuple(sorted(too_old)), quarantined=tuple(refused))


def _admit(driver: psycopg.Connection[Any], batches: Sequence[Batch]) -> tuple[int | None, set[UUID]]:
    """Raw's ingest floor in nanoseconds, held until the commit, and the ids that were not in the ledger."""
    rows = driver.execute(
        """
        WITH floor AS MATERIALIZED (
            SELECT ingest_floor FROM retention_floors WHERE level = 'raw' FOR SHARE
        ), entry AS (
            INSERT INTO ingest_batches (batch_id, events, oldest_event)
            SELECT batch_id, events, to_timestamp(oldest / 1e9)
            FROM unnest(%s::uuid[], %s::int[], %s::bigint[]) AS batch (batch_id, events, oldest)
            ON CONFLICT DO NOTHING
            RETURNING batch_id
        )
        SELECT (extract(epoch FROM NULLIF(ingest_floor, '-infinity')) * 1000000000)::bigint, batch_id
        FROM floor LEFT JOIN entry ON true
        """,
        (
            [batch.batch_id for batch in batches],
            [len(batch.rows) for batch in batches],
            [batch.span[0] for batch in batches],
        ),
    ).fetchall()
    if not rows:
        raise psycopg.errors.UndefinedObject("retention_floors has no row for level 'raw'")
    return rows[0][0], {batch_id for _, batch_id in rows if batch_id is not None}


def _above(floor: int | None, batch: Batch) -> tuple[Sequence[Row], tuple[int, ...]]:
    """The rows at or above the floor, and the indexes of the others."""
    if floor is None or batch.span[0] >= floor:
        return batch.rows, ()
    below = tuple(index for index, row in enumerate(batch.rows) if row[2] < floor)
    return [row for row in batch.rows if row[2] >= floor], below


def _copy(driver: psycopg.Connection[Any], batches: Iterable[Sequence[Row]]) -> None:
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(COPY_HEADER)
        for rows in batches:
            for start in range(0, len(rows), COPY_CHUNK_ROWS):
                copy.write(copy_payload(rows[start : start + COPY_CHUNK_ROWS]))
        copy.write(COPY_TRAILER)


def _marks(rows: Sequence[Row], span: tuple[int, int]) -> set[Mark]:
    """The names and minutes that the rows fall on; ``span`` holds all their times."""
    oldest, newest = (moment // NANOSECONDS_PER_MINUTE for moment in span)
    if oldest == newest:
        return {(name, oldest) for name in set(map(itemgetter(0), rows))}
    return {(row[0], row[2] // NANOSECONDS_PER_MINUTE) for row in rows}


def _mark_dirty(driver: psycopg.Connection[Any], marked: set[Mark], waited: float) -> None:
    """Mark minutes for recomputing, and record their names as seen."""
    marks = sorted(marked)
    driver.execute(
        """
        WITH mark AS MATERIALIZED (
            SELECT event_name, to_timestamp(minute * 60) AS bucket_start
            FROM unnest(%s::text[], %s::bigint[]) AS mark (event_name, minute)
        ), seen AS (
            INSERT INTO event_names (event_name)
            SELECT DISTINCT event_name FROM mark ORDER BY event_name
            ON CONFLICT DO NOTHING
        )
        INSERT INTO rollup_dirty (level, event_name, bucket_start, marked_at)
        SELECT 'minute', event_name, bucket_start, clock_timestamp() - make_interval(secs => %s) FROM mark
        """,
        ([name for name, _ in marks], [minute for _, minute in marks], waited),
    )


def _bisect(
    driver: psycopg.Connection[Any], batch: Batch, indexes: list[int], path: str, refused: list[tuple[int, str]]
) -> None:
    if not indexes:
        return
    try:
        with driver.transaction():
            _copy(driver, [[batch.rows[index] for index in indexes]])
    except Exception as error:
        if classify(error) is not Fault.DATA:
            raise
        if len(indexes) == 1:
            reason = describe(error)
            _quarantine(driver, uuid5(batch.batch_id, path), batch.rows[indexes[0]], reason)
            refused.append((indexes[0], reason))
            return
        middle = len(indexes) // 2
        _bisect(driver, batch, indexes[:middle], path + "0", refused)
        _bisect(driver, batch, indexes[middle:], path + "1", refused)


def _quarantine(driver: psycopg.Connection[Any], identity: UUID, row: Row, reason: str) -> None:
    # Plain ASCII: what the database refused may be a character that its encoding lacks.
    measurements, metadata = decode_maps(row[1])
    payload = {
        "event_name": row[0],
        "measurements": measurements,
        "metadata": metadata,
        "occurred_at": _when(row[2]),
    }
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
