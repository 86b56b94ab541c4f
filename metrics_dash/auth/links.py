"""Read-only links: an address for a wall or a report, bound to tabs and a longest range; a cookie takes its place."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from db import audit_log, links
from db.engine import Database
from metrics_dash.auth.permissions import VIEW_LOGS, Principal
from metrics_dash.auth.secrets import LINK, Secret, digest_of, new_cookie, new_secret, read_secret


class LinkError(ValueError):
    """A link that can't be made or revoked. The message is one line."""


def issue(
    database: Database,
    *,
    by: str,
    tabs: Sequence[str],
    known: Collection[str],
    kiosk: bool = False,
    longest: timedelta | None = None,
    lifetime: timedelta | None = None,
) -> Secret:
    """Make a link to some of the ``known`` tabs (none: all) and return it for the only time. Raises ``LinkError``."""
    if (unknown := next((tab for tab in tabs if tab not in known), None)) is not None:
        raise LinkError(f"there is no tab {unknown[:60]!r}; there are {', '.join(known)}")
    link = new_secret(LINK)
    with database.begin() as connection:
        links.add_link(
            connection,
            link.identity,
            link.digest,
            tabs=tuple(dict.fromkeys(tabs)),
            longest=longest,
            kiosk=kiosk,
            created_by=by,
            lifetime=lifetime,
        )
        audit_log.append(connection, by, "link.add", link.identity, tabs=list(tabs), kiosk=kiosk)
    return link


def revoke(database: Database, link_id: str, *, by: str) -> None:
    """End a link and every wall that came by it. Raises ``LinkError``."""
    with database.begin() as connection:
        if not links.revoke_link(connection, link_id):
            raise LinkError(f"there is no link {link_id[:40]!r} that holds")
        audit_log.append(connection, by, "link.revoke", link_id)


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What a browser that came by a link gets: its cookie, and what it may see."""

    cookie: str
    tabs: Sequence[str]
    kiosk: bool
    expires_at: datetime | None


class Links:
    """Exchanges links for cookies, and knows whose a cookie is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def exchange(self, shown: str, *, address: str) -> OpenedLink | None:
        """Return what a browser that comes by a link gets; None where it is none that holds."""
        secret = read_secret(shown, LINK)
        if secret is None:
            return None
        cookie = new_cookie()
        with self._database.begin() as connection:
            link = links.live_link(connection, secret.identity)
            if link is None or not secret.fits(link.digest):
                return None
            links.add_wall(connection, link.link_id, digest_of(cookie), address)
            audit_log.append(connection, f"link {link.link_id}", "link.open", address=address)
        return OpenedLink(cookie, link.tabs, link.kiosk, link.expires_at)

    def find(self, cookie: str) -> Principal | None:
        """Return what a browser may see; None where its link holds no longer."""
        with self._database.reading("primary") as connection:
            link = links.link_of_wall(connection, digest_of(cookie))
        if link is None:
            return None
        return Principal(
            "link",
            f"link {link.link_id}",
            frozenset({VIEW_LOGS}),
            identity=link.link_id,
            tabs=frozenset(link.tabs),
            longest=link.longest,
        )

    def saw(self, cookie: str, *, tab: str, version: str | None, address: str) -> None:
        """Note what a wall shows."""
        with self._database.begin() as connection:
            links.saw_wall(connection, digest_of(cookie), tab=tab, version=version, address=address)
