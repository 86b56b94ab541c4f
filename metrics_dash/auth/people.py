"""Adding people and changing what they may: the same for the command line and the pages, and each in the audit log.

What somebody may do no longer ends at once: a change of role or password, and being let in no longer, end the sessions.
"""

import re

from sqlalchemy import Connection

from db import audit_log, sessions, users
from db.engine import Database
from db.users import User
from metrics_dash.auth.passwords import hash_password
from metrics_dash.auth.permissions import ROLES

_NAME = re.compile(r"\S(?:.{0,98}\S)?")


class PeopleError(ValueError):
    """What can't be done to a person. The message is one line."""


def check_name(name: str) -> str:
    """Return the name. Raises ``PeopleError`` for one that nobody could tell from another."""
    if not name.isprintable():
        raise PeopleError("a name has a character that nobody can see, such as a line's end")
    if not _NAME.fullmatch(name):
        raise PeopleError("a name has 1 to 100 characters, and no space at its ends")
    return name


def check_role(role: str) -> str:
    """Return the role. Raises ``PeopleError`` for one that there is not."""
    if role not in ROLES:
        raise PeopleError(f"{role[:40]!r} is not a role; those are {', '.join(ROLES)}")
    return role


def add(database: Database, name: str, *, role: str, by: str, password: str | None, source: str = "password") -> User:
    """Add a person, with a password where nobody else vouches for them. Raises ``PeopleError``, ``PasswordError``."""
    check_name(name)
    check_role(role)
    kept = hash_password(password) if password is not None else None
    with database.begin() as connection:
        user = users.add_user(connection, name, role=role, source=source, password_hash=kept)
        if user is None:
            raise PeopleError(_taken(name, users.alike(connection, name)))
        audit_log.append(connection, by, "user.add", name, role=role, source=source)
    return user


def _taken(name: str, by: str | None) -> str:
    same = by is None or by == name
    return f"there is a user {by or name!r} already" + ("" if same else f", and {name!r} can't be told from that name")


def find(database: Database, name: str) -> User | None:
    """Return the person of a name."""
    with database.reading("primary") as connection:
        return users.user_of(connection, name)


def set_role(database: Database, name: str, role: str, *, by: str) -> None:
    """Give a person another role. Raises ``PeopleError``."""
    check_role(role)
    with database.begin() as connection:
        before = _existing(connection, name)
        if before.role == role:
            return
        users.set_role(connection, name, role)
        sessions.close_sessions_of(connection, name)
        audit_log.append(connection, by, "user.role", name, before=before.role, role=role)


def set_password(database: Database, name: str, password: str, *, by: str) -> None:
    """Give a person another password. Raises ``PeopleError``, ``PasswordError``."""
    kept = hash_password(password)
    with database.begin() as connection:
        if _existing(connection, name).source != "password":
            raise PeopleError(f"{name!r} has no password here")
        users.set_password_hash(connection, name, kept)
        sessions.close_sessions_of(connection, name)
        audit_log.append(connection, by, "user.password", name)


def set_disabled(database: Database, name: str, disabled: bool, *, by: str) -> None:
    """Let a person in no longer, or again. Raises ``PeopleError``."""
    with database.begin() as connection:
        _existing(connection, name)
        users.set_disabled(connection, name, disabled)
        if disabled:
            sessions.close_sessions_of(connection, name)
        audit_log.append(connection, by, "user.disable" if disabled else "user.enable", name)


def vouched_for(database: Database, name: str) -> User | None:
    """Return the person whom a trusted proxy names: a viewer, until somebody gives them another role.

    None for a person who is let in no longer, and for a name that is somebody else's, with a password here, or can't be
    told from one. Raises ``PeopleError`` for what is no name.
    """
    user = find(database, check_name(name))
    if user is None:
        with database.begin() as connection:
            if users.add_user(connection, name, role=ROLES[0], source="proxy") is not None:
                audit_log.append(connection, "proxy", "user.add", name, role=ROLES[0], source="proxy")
            user = users.user_of(connection, name)
    return user if user is not None and user.source == "proxy" and user.disabled_at is None else None


def _existing(connection: Connection, name: str) -> User:
    user = users.user_of(connection, name)
    if user is None:
        raise PeopleError(f"there is no user {name[:100]!r}")
    return user
