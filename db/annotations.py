"""Annotations: what somebody says of a moment or a span of time, to be seen beside the charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

# So many at most are returned at a time, the newest of those asked for.
AT_MOST = 1000


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


def purge_annotations(connection: Connection, cutoff: datetime) -> int:
    """Delete the annotations that ended before ``cutoff`` (aware); how many there were."""
    return connection.execute(text("DELETE FROM annotations WHERE end_at < :cutoff"), {"cutoff": cutoff}).rowcount
