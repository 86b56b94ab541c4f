"""Read-only links, and the browsers that came by them: each has a cookie of its own, and ends with its link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

# How exactly it is known when a wall was last seen: not every tick writes.
TOUCH = timedelta(seconds=30)

_COLUMNS = "link_id, digest, tabs, longest, kiosk, created_by, created_at, expires_at, revoked_at"
_HOLDS = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())"


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it stands in the database. No ``tabs`` is all of them; no ``longest`` is any range."""

    link_id: str
    digest: bytes
    tabs: Sequence[str]
    longest: timedelta | None
    kiosk: bool
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wall:
    """A browser that came by a link: what it showed and which version it was, when it was last seen."""

    link_id: str
    address: str
    tab: str
    version: str
    created_at: datetime
    seen_at: datetime


def add_link(
    connection: Connection,
    link_id: str,
    digest: bytes,
    *,
    tabs: Sequence[str],
    longest: timedelta | None,
    kiosk: bool,
    created_by: str,
    lifetime: timedelta | None,
) -> None:
    """Store a new link."""
    connection.execute(
        text(
            "INSERT INTO auth_links (link_id, digest, tabs, longest, kiosk, created_by, expires_at) VALUES "
            "(:id, :digest, :tabs, :longest, :kiosk, :by, clock_timestamp() + CAST(:lifetime AS interval))"
        ),
        {
            "id": link_id,
            "digest": digest,
            "tabs": list(tabs),
            "longest": longest,
            "kiosk": kiosk,
            "by": created_by,
            "lifetime": lifetime,
        },
    )


def list_links(connection: Connection) -> list[Link]:
    """Return every link, also those that hold no longer, newest first."""
    return [
        Link(*row) for row in connection.execute(text(f"SELECT {_COLUMNS} FROM auth_links ORDER BY created_at DESC"))
    ]


def live_link(connection: Connection, link_id: str) -> Link | None:
    """Return a link that holds."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM auth_links WHERE link_id = :id AND {_HOLDS}"), {"id": link_id}
    ).first()
    return Link(*row) if row is not None else None


def revoke_link(connection: Connection, link_id: str) -> bool:
    """End a link and everything that came by it; returns whether it held."""
    ended = connection.execute(
        text("UPDATE auth_links SET revoked_at = clock_timestamp() WHERE link_id = :id AND revoked_at IS NULL"),
        {"id": link_id},
    )
    return ended.rowcount == 1


def add_wall(connection: Connection, link_id: str, digest: bytes, address: str) -> None:
    """Let a browser that came by a link in."""
    connection.execute(
        text("INSERT INTO auth_walls (digest, link_id, address) VALUES (:digest, :id, :address)"),
        {"digest": digest, "id": link_id, "address": address},
    )


def link_of_wall(connection: Connection, digest: bytes) -> Link | None:
    """Return the link that a browser came by, where it holds."""
    row = connection.execute(
        text(
            "SELECT link_id, l.digest, tabs, longest, kiosk, created_by, l.created_at, expires_at, revoked_at "
            f"FROM auth_walls w JOIN auth_links l USING (link_id) WHERE w.digest = :digest AND {_HOLDS}"
        ),
        {"digest": digest},
    ).first()
    return Link(*row) if row is not None else None


def saw_wall(connection: Connection, digest: bytes, *, tab: str, version: str | None, address: str) -> None:
    """Note what a browser shows; None: the version that it had."""
    connection.execute(
        text(
            "UPDATE auth_walls SET tab = :tab, version = coalesce(:version, version), address = :address, "
            "seen_at = clock_timestamp() WHERE digest = :digest AND (tab <> :tab "
            "OR version <> coalesce(:version, version) OR seen_at < clock_timestamp() - CAST(:touch AS interval))"
        ),
        {"digest": digest, "tab": tab, "version": version, "address": address, "touch": TOUCH},
    )


def list_walls(connection: Connection) -> list[Wall]:
    """Return the browsers that came by links that hold, last seen first."""
    return [
        Wall(*row)
        for row in connection.execute(
            text(
                "SELECT link_id, address, tab, version, w.created_at, seen_at FROM auth_walls w "
                f"JOIN auth_links USING (link_id) WHERE {_HOLDS} ORDER BY seen_at DESC LIMIT 500"
            )
        )
    ]


def sweep_walls(connection: Connection, older: timedelta) -> int:
    """Forget browsers that were not seen for so long, or whose link holds no longer; how many."""
    return connection.execute(
        text(
            "DELETE FROM auth_walls w USING auth_links l WHERE l.link_id = w.link_id "
            f"AND (NOT ({_HOLDS}) OR seen_at < clock_timestamp() - CAST(:older AS interval))"
        ),
        {"older": older},
    ).rowcount
