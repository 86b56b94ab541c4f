"""The audit log: everything in order, and nothing ever changed."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.audit_log import append, entries
from db.engine import Database


def test_what_was_done_is_read_newest_first_and_page_by_page(database: Database) -> None:
    with database.begin() as connection:
        append(connection, "ann", "login", address="192.0.2.1", method="password")
        append(connection, "ann", "token.add", "shop 0123")
        found = entries(connection)
        assert [(entry.action, entry.subject) for _, entry in found] == [("token.add", "shop 0123"), ("login", "")]
        assert found[1][1].detail == {"method": "password"}
        assert [entry.action for _, entry in entries(connection, before=found[0][0])] == ["login"]
        assert len(entries(connection, limit=1)) == 1


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'eve'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
def test_nobody_changes_it_not_even_its_owner(database: Database, statement: str) -> None:
    with database.begin() as connection:
        append(connection, "ann", "login")
    with pytest.raises(DBAPIError, match="append-only"), database.begin() as connection:
        connection.execute(text(statement))
    with database.reading() as connection:
        assert [entry.actor for _, entry in entries(connection)] == ["ann"]


def test_what_a_stranger_typed_is_kept_short_and_readable(database: Database) -> None:
    with database.begin() as connection:
        append(connection, "a\0b\nc\x1b[31m" + "x" * 1000, "login.failed")
        ((_, entry),) = entries(connection)
    assert entry.actor.startswith("a\ufffdb\ufffdc\ufffd[31m")
    assert len(entry.actor) == 200
