"""What may be done, and by whom. Code asks for permissions and scopes; roles are rows that hold permissions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, get_args

Permission = Literal["server.view_logs", "server.annotate", "server.manage"]
VIEW_LOGS: Permission = "server.view_logs"
ANNOTATE: Permission = "server.annotate"
MANAGE: Permission = "server.manage"
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

Scope = Literal["ingest", "query", "scrape", "annotate"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

ROLES = ("viewer", "editor", "admin")


class ForbiddenError(PermissionError):
    """Somebody asks for what is not open to them. The message is one line."""


Kind = Literal["local", "user", "token", "link"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a request is from, and what it may do.

    ``permissions`` are those of a person (or a link), ``scopes`` those of a program's token. ``identity``: the id of
    the token or the link. ``prefixes``: of the events that a token is for; none is all. ``limited``: it may send only
    so much a second. ``tabs``: that a link shows; none is all. ``longest``: the longest range that it shows.
    """

    kind: Kind
    name: str
    permissions: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    identity: str = ""
    prefixes: Sequence[str] = ()
    limited: bool = False
    tabs: frozenset[str] = field(default=frozenset())
    longest: timedelta | None = None

    @property
    def actor(self) -> str:
        """What the audit log calls it."""
        return {"token": f"token {self.name} {self.identity}", "link": f"link {self.identity}"}.get(
            self.kind, self.name
        )

    def may(self, permission: Permission) -> bool:
        """Return whether it holds a permission."""
        return permission in self.permissions

    def sees_tab(self, tab: str) -> bool:
        """Return whether it may see a tab."""
        return not self.tabs or tab in self.tabs

    def reaches(self, event_name: str) -> bool:
        """Return whether an event is one of those that its token is for."""
        return within(self.prefixes, event_name)


# Whoever sits at this machine, where there is no login.
LOCAL = Principal("local", "local", frozenset(PERMISSIONS), frozenset(SCOPES))


def within(prefixes: Collection[str], event_name: str) -> bool:
    """Return whether a name lies under a prefix, by whole segments: ``shop.`` has ``shop.paid``, not ``shopping``."""
    whole = [prefix.rstrip(".") for prefix in prefixes]
    return not whole or any(event_name == each or event_name.startswith(f"{each}.") for each in whole)
