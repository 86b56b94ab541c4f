"""What the pages of management show, as plain records: people, tokens, links and walls, and the audit log."""

from collections.abc import Sequence
from typing import TypeAlias

from db import audit_log, links, tokens, users
from db.engine import Database

# What the records are called outside of this room.
Person: TypeAlias = users.User
Token: TypeAlias = tokens.Token
Link: TypeAlias = links.Link
Wall: TypeAlias = links.Wall
Entry: TypeAlias = audit_log.Entry
ENTRIES_AT_ONCE = 100


def people(database: Database) -> list[Person]:
    """Return everybody, by name."""
    with database.reading("primary") as connection:
        return users.list_users(connection)


def programs(database: Database) -> list[Token]:
    """Return every token, newest first."""
    with database.reading("primary") as connection:
        return tokens.list_tokens(connection)


def links_and_walls(database: Database) -> tuple[list[Link], list[Wall]]:
    """Return every link, newest first, and the walls that came by those that hold."""
    with database.reading("primary") as connection:
        return links.list_links(connection), links.list_walls(connection)


def log(database: Database, before: int | None = None) -> Sequence[tuple[int, Entry]]:
    """Return a page of the audit log with the entries' numbers, newest first, from ``before`` downwards."""
    with database.reading("primary") as connection:
        return audit_log.entries(connection, ENTRIES_AT_ONCE, before)
