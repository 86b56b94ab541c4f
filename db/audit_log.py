"""The audit log: who did what, from where and when. Rows are added and read; the table refuses every change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done. ``actor``: a person's name, ``token …``, ``link …``, or which command; never a secret."""

    at: datetime
    actor: str
    address: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def append(
    connection: Connection, actor: str, action: str, subject: str = "", *, address: str = "", **detail: object
) -> None:
    """Add an entry, in the transaction of what it tells of."""
    connection.execute(
        text(
            "INSERT INTO audit_log (actor, address, action, subject, detail) "
            "VALUES (:actor, :address, :action, :subject, :detail)"
        ),
        {
            "actor": _short(actor),
            "address": _short(address),
            "action": action,
            "subject": _short(subject),
            "detail": Jsonb(detail),
        },
    )


def _short(told: str) -> str:
    """A name that a stranger typed may be anything: what the database can't hold, or nobody can read, is cut."""
    return "".join(character if character.isprintable() else "\ufffd" for character in told[:200])


def entries(connection: Connection, limit: int = 200, before: int | None = None) -> list[tuple[int, Entry]]:
    """Return the newest entries with their numbers, newest first; ``before``: those older than that number."""
    rows = connection.execute(
        text(
            "SELECT id, at, actor, address, action, subject, detail FROM audit_log "
            "WHERE CAST(:before AS bigint) IS NULL OR id < :before ORDER BY id DESC LIMIT :limit"
        ),
        {"limit": limit, "before": before},
    )
    return [(number, Entry(*rest)) for number, *rest in rows]
