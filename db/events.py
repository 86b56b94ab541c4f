"""Raw events: stored, and read back."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text

from db.batches import Batch, days_of
from db.engine import Database, default_database
from db.filters import LEAVES_OUT, Filter, conditions
from db.ledger import write_batches
from db.partitions import ensure_partitions
from db.rows import InvalidEventError, Row, check_aware, encode_row, quote

# An event as a user writes it: a mapping with these keys (the last three optional), or their values in this order.
EVENT_KEYS = ("event_name", "measurements", "metadata", "occurred_at")
EventLike = Mapping[str, Any] | tuple[str, Mapping[str, float], Mapping[str, Any], datetime]


def insert_events(events: Iterable[EventLike], *, database: Database | None = None) -> int:
    """Store events in one transaction and mark their buckets for the rollup; how many were stored.

    An event is a mapping with ``event_name`` and, optionally, ``measurements`` (finite numbers by name), ``metadata``
    (JSON scalars by name) and ``occurred_at`` (an aware datetime, by default now), or a tuple of the four in this
    order. Events older than day buckets are held, and those of a name too many, are not stored. Raises
    ``InvalidEventError`` naming the index of the first event that can't be stored; then none is.
    """
    database = database or default_database()
    now = datetime.now(UTC)
    rows = [_row(index, event, now) for index, event in enumerate(events)]
    if not rows:
        return 0
    batch = Batch(uuid4(), rows)
    ensure_partitions(database, days_of([batch]))
    with database.begin() as connection:
        (written,) = write_batches(connection, [batch])
    return len(rows) - written.lost_rows


def query_events(
    name: str, start: datetime, end: datetime, limit: int = 1000, *, database: Database | None = None
) -> list[dict[str, Any]]:
    """Return an event's raw records with ``start <= occurred_at < end`` (aware), oldest first, at most ``limit`` of
    them.

    Each is a dict of ``id``, ``event_name``, ``measurements``, ``metadata``, ``occurred_at`` and ``inserted_at``
    (aware, UTC), ``weight`` (how many events it stands for), ``kind`` (``event``, ``delta``, ``sample``) and
    ``aggregates`` (of measurements of which no more is known). Raises ``ValueError`` for a moment without a time zone.
    """
    with (database or default_database()).reading() as connection:
        return read_events(connection, name, start, end, limit)


def read_events(
    connection: Connection,
    name: str,
    start: datetime,
    end: datetime,
    limit: int = 1000,
    where: Filter | None = None,
) -> list[dict[str, Any]]:
    """Return what ``query_events`` returns, on a connection of the caller's; only what a filter leaves of it."""
    check_aware(start=start, end=end)
    found = connection.execute(
        text(
            "SELECT id, event_name, measurements, metadata, occurred_at, inserted_at, weight, kind, aggregates "
            "FROM telemetry_events "
            "WHERE event_name = :name AND occurred_at >= :start AND occurred_at < :end "
            f"AND NOT {LEAVES_OUT.replace('CONDITIONS', ':conditions')} ORDER BY occurred_at, id LIMIT :limit"
        ),
        {"name": name, "start": start, "end": end, "limit": limit, "conditions": conditions(where)},
    ).mappings()
    return [_in_utc(dict(record)) for record in found]


def _row(index: int, event: EventLike, now: datetime) -> Row:
    try:
        if isinstance(event, Mapping):
            unknown = sorted(set(event) - set(EVENT_KEYS))
            if unknown:
                raise InvalidEventError(f"{quote(unknown[0])} is not one of {', '.join(EVENT_KEYS)}")
            defaults = {"measurements": {}, "metadata": {}, "occurred_at": now, **event}
            event = tuple(defaults[key] for key in EVENT_KEYS)
        if not isinstance(event, tuple | list) or len(event) != len(EVENT_KEYS):
            raise InvalidEventError(f"{quote(event)} is neither a mapping nor a tuple of {', '.join(EVENT_KEYS)}")
        name, measurements, metadata, occurred_at = event
        return encode_row(name, measurements, metadata, occurred_at)
    except InvalidEventError as error:
        raise InvalidEventError(f"event {index}: {error}", error.reason) from None
    except KeyError as error:
        raise InvalidEventError(f"event {index}: {error} is missing") from None


def _in_utc(record: dict[str, Any]) -> dict[str, Any]:
    for key in ("occurred_at", "inserted_at"):
        record[key] = record[key].astimezone(UTC)
    return record
