"""Sessions as rows: they end by themselves, by being ended, and with their person."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from db import sessions, users
from db.engine import Database

IDLE, LIFETIME = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def opened(database: Database) -> Database:
    """A database in which ann has the session ``a``."""
    with database.begin() as connection:
        ann = users.add_user(connection, "ann", role="viewer")
        assert ann is not None
        sessions.open_session(connection, b"a", ann.user_id, address="192.0.2.1", lifetime=LIFETIME)
    return database


def holds(database: Database, digest: bytes = b"a") -> bool:
    with database.begin() as connection:
        return sessions.find_session(connection, digest, idle=IDLE) is not None


def age(database: Database, column: str, by: timedelta) -> None:
    with database.begin() as connection:
        connection.execute(text(f"UPDATE auth_sessions SET {column} = {column} - CAST(:by AS interval)"), {"by": by})


def test_a_session_says_whose_it_is(opened: Database) -> None:
    with opened.reading() as connection:
        found = sessions.find_session(connection, b"a", idle=IDLE)
    assert found is not None
    assert (found.user.name, found.stale) == ("ann", False)
    assert not holds(opened, b"b")


def test_one_that_nobody_used_has_ended(opened: Database) -> None:
    age(opened, "seen_at", IDLE)
    assert not holds(opened)


def test_one_that_is_used_goes_on_until_its_time_is_over(opened: Database) -> None:
    age(opened, "seen_at", IDLE / 2)
    with opened.begin() as connection:
        found = sessions.find_session(connection, b"a", idle=IDLE)
        assert found is not None
        assert found.stale
        sessions.touch_session(connection, b"a")
        assert not sessions.find_session(connection, b"a", idle=IDLE).stale  # type: ignore[union-attr]
    age(opened, "expires_at", LIFETIME)
    assert not holds(opened)


def test_it_ends_with_its_person(opened: Database) -> None:
    with opened.begin() as connection:
        users.set_disabled(connection, "ann", True)
    assert not holds(opened)


def test_it_can_be_ended_alone_or_with_all_of_a_person(opened: Database) -> None:
    with opened.begin() as connection:
        ann = users.user_of(connection, "ann")
        assert ann is not None
        for digest in (b"b", b"c"):
            sessions.open_session(connection, digest, ann.user_id, address="", lifetime=LIFETIME)
        sessions.close_session(connection, b"a")
        assert sessions.close_sessions_of(connection, "ann") == 2
        assert sessions.close_sessions_of(connection, "bob") == 0
    assert not any(holds(opened, digest) for digest in (b"a", b"b", b"c"))


def test_those_that_have_ended_are_swept_and_no_others(opened: Database) -> None:
    with opened.begin() as connection:
        assert sessions.sweep_sessions(connection, idle=IDLE) == 0
    age(opened, "seen_at", IDLE)
    with opened.begin() as connection:
        assert sessions.sweep_sessions(connection, idle=IDLE) == 1
