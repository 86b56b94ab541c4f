"""People who may come in: names, roles, and hashes of passwords. A person that somebody else vouches for has none."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from db.schema import LOCK_PEOPLE

_COLUMNS = "user_id, name, source, role, created_at, seen_at, disabled_at, permissions"
_FROM = "FROM auth_users JOIN auth_roles USING (role)"


@dataclass(frozen=True, slots=True)
class User:
    """A person. ``permissions`` are those of the role; ``source``: ``password``, ``oidc`` or ``proxy``."""

    user_id: int
    name: str
    source: str
    role: str
    created_at: datetime
    seen_at: datetime | None
    disabled_at: datetime | None
    permissions: frozenset[str]


def roles(connection: Connection) -> dict[str, frozenset[str]]:
    """Return every role's permissions."""
    rows = connection.execute(text("SELECT role, permissions FROM auth_roles ORDER BY cardinality(permissions), role"))
    return {role: frozenset(permissions) for role, permissions in rows}


def add_user(
    connection: Connection,
    name: str,
    *,
    role: str,
    source: str = "password",
    password_hash: str | None = None,
    subject: str | None = None,
) -> User | None:
    """Add a person and return it; None where the name is taken, or another that can't be told from it.

    A role that there is not violates a constraint.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_PEOPLE})
    if alike(connection, name) is not None:
        return None
    added = connection.execute(
        text(
            "INSERT INTO auth_users (name, source, subject, role, password_hash) "
            "VALUES (:name, :source, :subject, :role, :hash) ON CONFLICT DO NOTHING"
        ),
        {"name": name, "source": source, "subject": subject, "role": role, "hash": password_hash},
    )
    return user_of(connection, name) if added.rowcount else None


def alike(connection: Connection, name: str) -> str | None:
    """Return a name that somebody has and that can't be told from this one, this one itself among them."""
    names: Iterable[str] = connection.execute(text("SELECT name FROM auth_users ORDER BY user_id")).scalars()
    return next((each for each in names if name_key(each) == name_key(name)), None)


def name_key(name: str) -> str:
    """Return what is the same for names that differ in case, in width or in how their accents are written alone."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def list_users(connection: Connection) -> list[User]:
    """Return everybody, by name."""
    return [user_from(row) for row in connection.execute(text(f"SELECT {_COLUMNS} {_FROM} ORDER BY name"))]


def user_of(connection: Connection, name: str) -> User | None:
    """Return the person of a name."""
    return _one(connection, "name = :value", name)


def user_by_subject(connection: Connection, subject: str) -> User | None:
    """Return the person whom an identity provider knows by this."""
    return _one(connection, "subject = :value", subject)


def _one(connection: Connection, condition: str, value: str) -> User | None:
    row = connection.execute(text(f"SELECT {_COLUMNS} {_FROM} WHERE {condition}"), {"value": value}).first()
    return user_from(row) if row is not None else None


def user_from(row: Sequence[Any]) -> User:
    """Return the person of a row."""
    user_id, name, source, role, created_at, seen_at, disabled_at, permissions = row
    return User(user_id, name, source, role, created_at, seen_at, disabled_at, frozenset(permissions))


def password_hash(connection: Connection, name: str) -> str | None:
    """Return the hash that a login of this name is held to; None where nobody may come in by it."""
    return connection.execute(
        text("SELECT password_hash FROM auth_users WHERE name = :name AND source = 'password' AND disabled_at IS NULL"),
        {"name": name},
    ).scalar_one_or_none()


def set_password_hash(connection: Connection, name: str, password_hash: str) -> bool:
    """Give a person with a password another one; returns whether there is such a person."""
    return _changed(connection, "password_hash = :value", name, password_hash, "AND source = 'password'")


def set_role(connection: Connection, name: str, role: str) -> bool:
    """Give a person another role; returns whether there is such a person."""
    return _changed(connection, "role = :value", name, role)


def set_disabled(connection: Connection, name: str, disabled: bool) -> bool:
    """Let a person in no longer, or again; returns whether there is such a person."""
    change = "disabled_at = CASE WHEN :value THEN coalesce(disabled_at, clock_timestamp()) END"
    return _changed(connection, change, name, disabled)


def _changed(connection: Connection, change: str, name: str, value: object, condition: str = "") -> bool:
    statement = text(f"UPDATE auth_users SET {change} WHERE name = :name {condition}")
    return connection.execute(statement, {"name": name, "value": value}).rowcount == 1


def saw_user(connection: Connection, user_id: int) -> None:
    """Note that a person came in."""
    connection.execute(text("UPDATE auth_users SET seen_at = clock_timestamp() WHERE user_id = :id"), {"id": user_id})
