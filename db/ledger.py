"""Writing batches: each exactly once, however often it is tried.

A batch has one id for life. Its ledger row, its events and the marks of the buckets to recompute commit together, so a
batch whose id stands in the ledger has been stored, and one whose id does not has left no trace.

The ledger row also holds what the sender's answer was made from: the digest of the body and what was refused, whoever
refused it. A repeated request is answered from there and from nothing else, so no clock, rule or version that changed
in between can change its answer.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import Connection

from db import remembered
from db.batches import Batch, Refusal, Written
from db.counters import resolve
from db.engine import driver_connection
from db.levels import LATE, LEVEL_NAMES, LEVELS, SLICES
from db.names import NAME_QUOTA, admit_names
from db.quarantine import copy_bisecting
from db.rows import (
    COPY_COLUMNS,
    COPY_HEADER,
    COPY_MORE_COLUMNS,
    COPY_TRAILER,
    Row,
    copy_more_payload,
    copy_payload,
    plain,
)

NANOSECONDS_PER_MINUTE = 60_000_000_000
NANOSECONDS_PER_SLICE = NANOSECONDS_PER_MINUTE // SLICES
# One message of this size keeps the server busy while the next is made; psycopg's own are of 32 KiB.
COPY_CHUNK_ROWS = 1000
RAW_EVENTS, LATE_EVENTS = "telemetry_events", "late_events"
# An event's name and its slice since 1970: what of its minute it makes dirty.
Mark = tuple[str, int]
# A moment past it is of another epoch, and is only there to say how long a batch is remembered.
_LAST_NANOSECOND = 2**63 - 1


class _Kept(NamedTuple):
    """A batch that is written now: which of its rows, and which are not."""

    batch: Batch
    rows: Sequence[Row]
    indexes: Sequence[int]
    too_old: tuple[int, ...]
    over_quota: tuple[int, ...]

    def of(self, resolved: Iterable[Row | None]) -> "_Kept":
        """Return it with what its rows were made, in their order; those that became nothing are done with."""
        made = [(row, index) for row, index in zip(resolved, self.indexes, strict=True) if row]
        return self._replace(rows=[row for row, _ in made], indexes=[index for _, index in made])

    def written(self, quarantined: Sequence[Refusal] = ()) -> Written:
        return Written.of(self.batch, self.too_old, self.over_quota, tuple(quarantined))


def write_batches(
    connection: Connection, batches: Sequence[Batch], *, waited: float = 0.0, name_quota: int = NAME_QUOTA
) -> list[Written]:
    """Store batches in the connection's transaction, which the caller commits; what became of each, in order.

    ``waited``: seconds since the oldest of their events came. The marks are dated back by them, since a page takes the
    oldest mark for the moment up to which all that came is in the buckets.
    Their partitions must stand (``db.partitions.ensure_partitions``). Raises what the driver raises; then nothing is
    stored, and the same batches may be tried again.
    """
    driver = driver_connection(connection)
    admitted, floor, known = _admit(driver, batches, name_quota)
    kept = _resolved(driver, admitted)
    if any(each.rows for each in kept.values()):
        _copy(driver, [each.rows for each in kept.values()], floor)
        _mark(driver, [(each.rows, each.batch.span) for each in kept.values()], floor, waited)
    written = known | {place: each.written() for place, each in kept.items()}
    return _recorded(driver, batches, written)


def write_batch_bisecting(
    connection: Connection, batch: Batch, *, waited: float = 0.0, name_quota: int = NAME_QUOTA
) -> Written:
    """Like ``write_batches`` for one batch of which the database refuses some rows: those go to quarantine.

    Each half is tried under a savepoint, so that the batch still commits as one under its own id. Raises any error that
    is not about data.
    """
    driver = driver_connection(connection)
    admitted, floor, written = _admit(driver, [batch], name_quota)
    for place, kept in _resolved(driver, admitted).items():
        by_index = dict(zip(kept.indexes, kept.rows, strict=True))
        rows = [by_index.get(index, row) for index, row in enumerate(batch.rows)]
        refused = copy_bisecting(driver, replace(batch, rows=rows), list(kept.indexes), partial(_copy, floor=floor))
        bad = {index for index, _ in refused}
        stored = [row for index, row in by_index.items() if index not in bad]
        if stored:
            _mark(driver, [(stored, batch.span)], floor, waited)
        written[place] = kept.written(refused)
    return _recorded(driver, [batch], written)[0]


def _admit(
    driver: psycopg.Connection[Any], batches: Sequence[Batch], name_quota: int
) -> tuple[dict[int, _Kept], int | None, dict[int, Written]]:
    """Enter the batches into the ledger; by place, those that were not there, and which of their rows may be stored.

    And raw's ingest floor, where any row lies below: such rows are late (``db.late``), or too old. And by place what
    became of those that the ledger had forgotten.
    """
    floor, fresh = _enter(driver, batches)
    if floor is not None and all(not batch.rows or batch.span[0] >= floor for batch in batches):
        floor = None
    lowest = None if floor is None else _lowest_floor(driver)
    known = set() if floor is None else _remembered(driver, floor, batches)
    again: dict[int, Written] = {}
    above: dict[int, tuple[Batch, tuple[int, ...]]] = {}
    names: dict[str, None] = {}
    for place, batch in enumerate(batches):
        if batch.batch_id not in fresh:
            continue
        fresh.remove(batch.batch_id)  # the same batch again in one transaction is a replay, too
        if batch.batch_id in known:
            again[place] = Written(replayed=True, refused=tuple(batch.refused))
            continue
        too_old = _below(lowest, batch)
        above[place] = batch, too_old
        names.update(dict.fromkeys(map(itemgetter(0), _without(batch.rows, too_old))))
    too_many = admit_names(driver, names, name_quota) if names else set()
    return {place: _sort_out(batch, too_old, too_many) for place, (batch, too_old) in above.items()}, floor, again


def _sort_out(batch: Batch, too_old: tuple[int, ...], too_many: set[str]) -> _Kept:
    if not too_old and not too_many:
        return _Kept(batch, batch.rows, range(len(batch.rows)), (), ())
    old = set(too_old)
    over = tuple(index for index, row in enumerate(batch.rows) if row[0] in too_many and index not in old)
    gone = old.union(over)
    indexes = [index for index in range(len(batch.rows)) if index not in gone]
    return _Kept(batch, [batch.rows[index] for index in indexes], indexes, too_old, over)


def _resolved(driver: psycopg.Connection[Any], kept: dict[int, _Kept]) -> dict[int, _Kept]:
    """Return the batches with readings of counters made what they add, of all batches at once."""
    others = {place: each for place, each in kept.items() if not plain(each.rows)}
    if not others:
        return kept
    made = iter(resolve(driver, [row for each in others.values() for row in each.rows]))
    return kept | {place: each.of(islice(made, len(each.rows))) for place, each in others.items()}


def _enter(driver: psycopg.Connection[Any], batches: Sequence[Batch]) -> tuple[int | None, set[UUID]]:
    """Return raw's ingest floor in nanoseconds, held until the commit, and the ids that were not in the ledger.

    In the order of their ids, so that two processes that write the same batches wait for each other and don't deadlock.
    """
    rows = driver.execute(
        """
        WITH floor AS MATERIALIZED (
            SELECT ingest_floor FROM retention_floors WHERE level = 'raw' FOR SHARE
        ), entry AS (
            INSERT INTO ingest_batches (batch_id, events, oldest_event, newest_event, submission, digest, refused)
            SELECT batch_id, events, coalesce(to_timestamp(oldest / 1e9), clock_timestamp()),
                to_timestamp(newest / 1e9), submission, digest, refused::jsonb
            FROM unnest(%s::uuid[], %s::int[], %s::bigint[], %s::bigint[], %s::uuid[], %s::bytea[], %s::text[])
                AS batch (batch_id, events, oldest, newest, submission, digest, refused)
            ORDER BY batch_id
            ON CONFLICT DO NOTHING
            RETURNING batch_id
        )
        SELECT (extract(epoch FROM NULLIF(ingest_floor, '-infinity')) * 1000000000)::bigint, batch_id
        FROM floor LEFT JOIN entry ON true
        """,
        (
            [batch.batch_id for batch in batches],
            [len(batch.rows) for batch in batches],
            [batch.span[0] if batch.rows else None for batch in batches],
            [_newest(batch) for batch in batches],
            [batch.submission for batch in batches],
            [batch.digest for batch in batches],
            [_json(batch.refused) for batch in batches],
        ),
    ).fetchall()
    if not rows:
        raise psycopg.errors.UndefinedObject("retention_floors has no row for level 'raw'")
    return rows[0][0], {batch_id for _, batch_id in rows if batch_id is not None}


def _lowest_floor(driver: psycopg.Connection[Any]) -> int | None:
    """Return the floor of days in nanoseconds, held until the commit: below it no bucket could take anything."""
    row = driver.execute(
        "SELECT (extract(epoch FROM NULLIF(ingest_floor, '-infinity')) * 1000000000)::bigint "
        "FROM retention_floors WHERE level = %s FOR SHARE",
        (LEVEL_NAMES[-1],),
    ).fetchone()
    return None if row is None else row[0]


def _remembered(driver: psycopg.Connection[Any], floor: int, batches: Sequence[Batch]) -> set[UUID]:
    """Return the batches that were stored so long ago that the ledger has forgotten them; all of them is late then."""
    newest = [(batch.batch_id, batch.digest, _newest(batch)) for batch in batches]
    asked = [(identity, digest, at) for identity, digest, at in newest if at is not None and at < floor]
    return remembered.among(driver, asked) if asked else set()


def _newest(batch: Batch) -> int | None:
    """Return when the last of its events is, also of those that were refused for coming too early; that one is taken
    later."""
    times = [batch.span[1]] if batch.rows else []
    if batch.newest is not None:
        times.append(min(batch.newest, _LAST_NANOSECOND))
    return max(times, default=None)


def _json(refused: Sequence[Refusal]) -> str | None:
    return orjson.dumps(refused).decode() if refused else None


def _below(floor: int | None, batch: Batch) -> tuple[int, ...]:
    """Return the indexes of the rows below the floor."""
    if floor is None or batch.span[0] >= floor:
        return ()
    return tuple(index for index, row in enumerate(batch.rows) if row[2] < floor)


def _without(rows: Sequence[Row], indexes: tuple[int, ...]) -> Iterable[Row]:
    if not indexes:
        return rows
    gone = set(indexes)
    return (row for index, row in enumerate(rows) if index not in gone)


def _parted(rows: Sequence[Row], floor: int | None) -> tuple[Sequence[Row], Sequence[Row]]:
    """Return the rows of which raw events are held, and those that are late."""
    if floor is None:
        return rows, ()
    return [row for row in rows if row[2] >= floor], [row for row in rows if row[2] < floor]


def _copy(driver: psycopg.Connection[Any], batches: Iterable[Sequence[Row]], floor: int | None = None) -> None:
    """Copy the rows, those below ``floor`` to the late ones."""
    parts = [_parted(rows, floor) for rows in batches]
    _copy_raw(driver, [recent for recent, _ in parts])
    if any(late for _, late in parts):
        _copy_columns(driver, LATE_EVENTS, COPY_MORE_COLUMNS, copy_more_payload, [late for _, late in parts])


def _copy_raw(driver: psycopg.Connection[Any], batches: Iterable[Sequence[Row]]) -> None:
    """Copy the rows; those that hold more than one event on their own, so that it costs the others nothing."""
    usual: list[Sequence[Row]] = []
    others: list[Sequence[Row]] = []
    for rows in batches:
        if plain(rows):
            usual.append(rows)
        else:
            usual.append([row for row in rows if plain([row])])
            others.append([row for row in rows if not plain([row])])
    for columns, payload, copied in (
        (COPY_COLUMNS, copy_payload, usual),
        (COPY_MORE_COLUMNS, copy_more_payload, others),
    ):
        if any(copied):
            _copy_columns(driver, RAW_EVENTS, columns, payload, copied)


def _copy_columns(
    driver: psycopg.Connection[Any],
    table: str,
    columns: str,
    payload: Callable[[Sequence[Row]], bytes],
    batches: Iterable[Sequence[Row]],
) -> None:
    statement = f"COPY {table} ({columns}) FROM STDIN (FORMAT binary)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(COPY_HEADER)
        for rows in batches:
            for start in range(0, len(rows), COPY_CHUNK_ROWS):
                copy.write(payload(rows[start : start + COPY_CHUNK_ROWS]))
        copy.write(COPY_TRAILER)


def _marks(rows: Sequence[Row], span: tuple[int, int]) -> set[Mark]:
    """Return the names and slices that the rows fall on; ``span`` holds all their times."""
    oldest, newest = (moment // NANOSECONDS_PER_SLICE for moment in span)
    if oldest == newest:
        return {(name, oldest) for name in set(map(itemgetter(0), rows))}
    return {(row[0], row[2] // NANOSECONDS_PER_SLICE) for row in rows}


def _mark(
    driver: psycopg.Connection[Any],
    batches: Iterable[tuple[Sequence[Row], tuple[int, int]]],
    floor: int | None,
    waited: float,
) -> None:
    """Mark the minutes of the rows for recomputing, of the late ones for merging."""
    recent: set[Mark] = set()
    late: set[Mark] = set()
    for rows, span in batches:
        those, older = _parted(rows, floor)
        recent |= _marks(those, span)
        late |= _marks(older, span)
    for level, marked in ((LEVELS[0].name, recent), (LATE, late)):
        if marked:
            _mark_dirty(driver, level, marked, waited)


def _mark_dirty(driver: psycopg.Connection[Any], level: str, marked: set[Mark], waited: float) -> None:
    """Mark minutes, each once, and which of their slices: the pass need not fold the others (``db.slices``)."""
    slices: dict[Mark, int] = {}
    for name, place in marked:
        minute = name, place // SLICES
        slices[minute] = slices.get(minute, 0) | 1 << place % SLICES
    marks = sorted(slices)
    driver.execute(
        """
        INSERT INTO rollup_dirty (level, event_name, bucket_start, marked_at, slices)
        SELECT %s, event_name, to_timestamp(minute * 60), clock_timestamp() - make_interval(secs => %s), slices
        FROM unnest(%s::text[], %s::bigint[], %s::smallint[]) AS mark (event_name, minute, slices)
        """,
        (
            *(level, waited, [name for name, _ in marks], [minute for _, minute in marks]),
            [slices[minute] for minute in marks],
        ),
    )


def _recorded(driver: psycopg.Connection[Any], batches: Sequence[Batch], written: dict[int, Written]) -> list[Written]:
    """Return what became of every batch: of the written ones as the ledger now keeps it, of the others as it kept it
    then."""
    for place, fate in written.items():
        if len(fate.refused) != len(batches[place].refused):
            driver.execute(
                "UPDATE ingest_batches SET refused = %s::jsonb, events = %s WHERE batch_id = %s",
                (_json(fate.refused), len(batches[place].rows) - fate.lost_rows, batches[place].batch_id),
            )
    replayed = [batch.batch_id for place, batch in enumerate(batches) if place not in written]
    kept = _entries(driver, replayed) if replayed else {}
    return [
        written[place] if place in written else _replay(batch, kept.get(batch.batch_id))
        for place, batch in enumerate(batches)
    ]


class _Entry(NamedTuple):
    submission: UUID | None
    digest: bytes | None
    refused: tuple[Refusal, ...]


def _entries(driver: psycopg.Connection[Any], batch_ids: list[UUID]) -> dict[UUID, _Entry]:
    found = driver.execute(
        "SELECT batch_id, submission, digest, refused FROM ingest_batches WHERE batch_id = ANY(%s)", (batch_ids,)
    )
    return {
        batch_id: _Entry(submission, digest, tuple((place, reason) for place, reason in refused or ()))
        for batch_id, submission, digest, refused in found
    }


def _replay(batch: Batch, entry: _Entry | None) -> Written:
    """Return what became of a batch that stood in the ledger already."""
    if entry is not None and batch.submission is not None and entry.submission == batch.submission:
        # This very submission stored it, and the reply to its COMMIT was lost.
        return Written.again(batch, entry.refused)
    if entry is None or entry.digest is None or batch.digest is None:
        # Of before the ledger kept digests: what was refused then is unknown, and most likely what is refused now.
        known = entry.refused if entry is not None and entry.refused else tuple(batch.refused)
        return Written(replayed=True, refused=known)
    if entry.digest != batch.digest:
        return Written(conflict=True)
    return Written(replayed=True, refused=entry.refused)
