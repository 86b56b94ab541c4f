"""Annotations: what somebody says of a moment or a span of time, to be seen beside the charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

# So many at most are returned at a time, the newest of those asked for.
AT_MOST = 1000
# Beside charts fewer are told, and of a long text its beginning: all of it is read with every tick.
CHARTED_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Annotation:
    """``start`` and ``end`` are aware, the same for a moment. ``id`` tells it from every other one."""

    id: str
    start: datetime
    end: datetime
    title: str = ""
    text: str = ""
    tags: tuple[str, ...] = ()
    url: str | None = None
    source: str = ""


_PUT = text("""
INSERT INTO annotations (id, start_at, end_at, title, text, tags, url, source)
VALUES (:id, :start, :end, :title, :text, :tags, :url, :source)
ON CONFLICT (id) DO UPDATE SET start_at = excluded.start_at, end_at = excluded.end_at, title = excluded.title,
    text = excluded.text, tags = excluded.tags, url = excluded.url, source = excluded.source,
    changed_at = clock_timestamp()
""")

_BETWEEN = text("""
SELECT id, start_at, end_at, title, text, tags, url, source FROM annotations
WHERE start_at < :end AND end_at >= :start AND tags @> CAST(:tags AS text[])
ORDER BY start_at DESC, id DESC LIMIT :limit
""")


def put_annotations(connection: Connection, annotations: Sequence[Annotation]) -> None:
    """Store annotations; one of an id that is there takes its place."""
    for each in annotations:
        connection.execute(
            _PUT,
            {
                "id": each.id,
                "start": each.start,
                "end": each.end,
                "title": each.title,
                "text": each.text,
                "tags": list(each.tags),
                "url": each.url,
                "source": each.source,
            },
        )


def annotations_between(
    connection: Connection, start: datetime, end: datetime, *, tags: Sequence[str] = (), limit: int = AT_MOST
) -> list[Annotation]:
    """Return the annotations that touch ``start`` to ``end`` (aware) and have all of the tags, oldest first.

    Of more than ``limit``, the newest.
    """
    found: Any = connection.execute(
        _BETWEEN, {"start": start, "end": end, "tags": list(tags), "limit": min(limit, AT_MOST)}
    )
    read = [
        Annotation(
            row.id, row.start_at.astimezone(UTC), row.end_at.astimezone(UTC), row.title, row.text, tuple(row.tags),
            row.url, row.source,
        )
        for row in found
    ]  # fmt: skip
    return read[::-1]


# As a part of the statement for a tab (``db.series``), whose rows are a part, a number, a name and packed content.
PACKED_SQL = """
SELECT 'notes', 0, NULL::text, (SELECT convert_to(json_agg(note)::text, 'UTF8') FROM (
    SELECT id, start_at, end_at, left(title, 120), left(text, 300), tags[1:6], url, source FROM annotations
    WHERE start_at < :n_end AND end_at >= :n_start ORDER BY start_at DESC, id DESC LIMIT :n_most
) AS note (id, start, "end", title, text, tags, url, source))"""


def packed_parameters(start: datetime, end: datetime) -> dict[str, Any]:
    """Return what ``PACKED_SQL`` asks for the newest annotations that touch ``start`` to ``end`` (aware)."""
    return {"n_start": start, "n_end": end, "n_most": CHARTED_AT_MOST}


def unpack(content: bytes | None) -> tuple[Annotation, ...]:
    """Return what ``PACKED_SQL`` answered, oldest first."""
    read = [
        Annotation(
            **{**row, "tags": tuple(row["tags"])},
            start=datetime.fromisoformat(start).astimezone(UTC),
            end=datetime.fromisoformat(end).astimezone(UTC),
        )
        for row in orjson.loads(content or b"[]")
        for start, end in [(row.pop("start"), row.pop("end"))]
    ]
    return tuple(read[::-1])


def purge_annotations(connection: Connection, cutoff: datetime) -> int:
    """Delete the annotations that ended before ``cutoff`` (aware); how many there were."""
    return connection.execute(text("DELETE FROM annotations WHERE end_at < :cutoff"), {"cutoff": cutoff}).rowcount
