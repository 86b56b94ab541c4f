"""Sessions: a cookie that says who it is until it ends, and a new one at each login."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from db.audit_log import entries
from db.engine import Database
from db.users import User
from metrics_dash.auth import people
from metrics_dash.auth.sessions import Sessions, principal_of


@pytest.fixture
def ann(database: Database) -> User:
    return people.add(database, "ann", role="editor", by="test", password=None, source="proxy")


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database, idle=timedelta(hours=1), lifetime=timedelta(days=1))


def test_a_cookie_says_who_it_is_and_the_database_does_not_have_it(
    sessions: Sessions, ann: User, database: Database
) -> None:
    cookie = sessions.open(ann, address="192.0.2.1", method="password")
    assert sessions.find(cookie) == principal_of(ann)
    assert sessions.find(cookie + "x") is None
    with database.reading() as connection:
        rows = connection.execute(text("SELECT string_agg(s::text, '') FROM auth_sessions s")).scalar_one()
    assert cookie not in rows


def test_a_login_ends_the_session_that_the_browser_had(sessions: Sessions, ann: User) -> None:
    before = sessions.open(ann, address="", method="password")
    after = sessions.open(ann, address="", method="password", instead_of=before)
    assert after != before
    assert sessions.find(before) is None
    assert sessions.find(after) is not None


def test_a_session_that_is_used_is_noted_as_used(sessions: Sessions, ann: User, database: Database) -> None:
    cookie = sessions.open(ann, address="", method="password")
    with database.begin() as connection:
        connection.execute(text("UPDATE auth_sessions SET seen_at = seen_at - interval '59 minutes'"))
    assert sessions.find(cookie) is not None
    with database.begin() as connection:
        connection.execute(text("UPDATE auth_sessions SET seen_at = seen_at - interval '59 minutes'"))
    assert sessions.find(cookie) is not None


def test_it_can_be_closed_and_both_ends_are_in_the_audit_log(sessions: Sessions, ann: User, database: Database) -> None:
    cookie = sessions.open(ann, address="192.0.2.1", method="oidc")
    sessions.close(cookie, principal_of(ann), address="192.0.2.1")
    assert sessions.find(cookie) is None
    with database.reading() as connection:
        told = [(entry.action, entry.address) for _, entry in entries(connection)]
    assert told[:2] == [("logout", "192.0.2.1"), ("login", "192.0.2.1")]
