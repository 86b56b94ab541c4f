"""Whom an identity provider vouches for: known by issuer and subject alone, with the role of their groups.

Never by a name or a mail address: whoever may choose those would choose somebody else's.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from db import audit_log, sessions, users
from db.engine import Database
from db.users import User
from metrics_dash.auth.permissions import ROLES

EVERYBODY = "*"
# A name is for people to read; nobody is known by it.
_NAMES = ("preferred_username", "name")


class NotWelcomeError(PermissionError):
    """Whom the provider vouches for, but who may not come in. The message is for that person."""


def role_of(claims: Mapping[str, Any], roles: Mapping[str, str]) -> str | None:
    """Return the role that may most of those that somebody's ``groups`` have; None where they have none."""
    groups = claims.get("groups")
    named = {groups} if isinstance(groups, str) else set(filter(_is_text, groups or ()))
    held = {roles[group] for group in {*named, EVERYBODY} if group in roles}
    return max(held, key=ROLES.index) if held else None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def welcome(database: Database, claims: Mapping[str, Any], roles: Mapping[str, str], *, address: str) -> User:
    """Return the person of checked claims; whoever comes for the first time is added. Raises ``NotWelcomeError``."""
    subject, role = f"{claims['iss']} {claims['sub']}", role_of(claims, roles)
    with database.begin() as connection:
        user = users.user_by_subject(connection, subject)
        if role is None or (user is not None and user.disabled_at is not None):
            if user is not None and role is None:
                sessions.close_sessions_of(connection, user.name)
            refused = user.name if user is not None else _name_of(claims)
            audit_log.append(connection, refused, "login.failed", address=address, method="oidc")
        elif user is None:
            user = _add(connection, claims, subject, role)
        elif user.role != role:
            users.set_role(connection, user.name, role)
            sessions.close_sessions_of(connection, user.name)
            audit_log.append(connection, "oidc", "user.role", user.name, before=user.role, role=role)
            user = users.user_by_subject(connection, subject)
    if user is None or role is None or user.disabled_at is not None:
        raise NotWelcomeError("your account has no access here; ask an admin of this dashboard")
    return user


def refused(database: Database, why: str, *, address: str) -> None:
    """Put a login that the provider or a check refused into the audit log."""
    with database.begin() as connection:
        audit_log.append(connection, "oidc", "login.failed", address=address, why=why)


def _add(connection: Connection, claims: Mapping[str, Any], subject: str, role: str) -> User:
    """Add a person under the provider's name for them, or where that is taken under one that is not."""
    name = _name_of(claims)
    user = users.add_user(connection, name, role=role, source="oidc", subject=subject)
    if user is None:
        user = users.add_user(connection, f"{name} ({subject})"[:400], role=role, source="oidc", subject=subject)
    if user is None:
        raise NotWelcomeError("your account can't be told from another one; ask an admin of this dashboard")
    audit_log.append(connection, "oidc", "user.add", user.name, role=role, source="oidc")
    return user


def _name_of(claims: Mapping[str, Any]) -> str:
    """Return a name to show: of the claims that the provider has, else the subject."""
    names = [claims.get(name) for name in _NAMES]
    if claims.get("email_verified") is True:
        names.append(claims.get("email"))
    for name in [*names, str(claims["sub"])]:
        if isinstance(name, str) and name.strip() and name.isprintable():
            return name.strip()[:100]
    return "somebody"
