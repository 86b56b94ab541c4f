"""People: added and changed, each in the audit log, and what they may no longer ends at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from db.audit_log import entries
from db.engine import Database
from metrics_dash.auth import people
from metrics_dash.auth.passwords import PasswordError
from metrics_dash.auth.people import PeopleError
from metrics_dash.auth.sessions import Sessions

PASSWORD = "correct horse battery"
# By case, by width, by how an accent is written, and by all of them.
LOOKALIKES = [("adm", "ADM"), ("adm", "ａｄｍ"), ("jo\u0308rg", "j\u00f6rg"), ("Straße", "STRASSE"), ("ﬁn", "FIN")]


@pytest.fixture
def ann(database: Database) -> Database:
    people.add(database, "ann", role="viewer", by="eve", password=PASSWORD)
    return database


def session_of(database: Database, name: str = "ann") -> tuple[Sessions, str]:
    opened = Sessions(database, idle=timedelta(hours=1), lifetime=timedelta(days=1))
    user = people.find(database, name)
    assert user is not None
    return opened, opened.open(user, address="", method="password")


def test_a_name_stands_for_one_person(ann: Database) -> None:
    with pytest.raises(PeopleError, match="already"):
        people.add(ann, "ann", role="admin", by="eve", password=PASSWORD)


@pytest.mark.parametrize(("name", "other"), LOOKALIKES)
def test_a_name_that_can_not_be_told_from_another_is_taken(database: Database, name: str, other: str) -> None:
    people.add(database, name, role="viewer", by="eve", password=PASSWORD)
    with pytest.raises(PeopleError, match=f"there is a user '{name}' already, and '{other}' can't be told from"):
        people.add(database, other, role="admin", by="eve", password=PASSWORD)
    with pytest.raises(PeopleError, match="already"):
        people.add(database, other, role="admin", by="eve", password=None, source="proxy")
    assert people.vouched_for(database, other) is None
    assert people.find(database, other) is None


def test_of_names_that_are_added_at_once_and_look_alike_one_is_taken(database: Database) -> None:
    names = ["adm", "ADM", "Adm", "aDm", "adM", "ADm", "aDM", "AdM"]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda name: people.vouched_for(database, name), names))
    assert sum(each is not None for each in found) == 1


def test_people_who_were_added_before_names_had_to_be_told_apart_stay_who_they_are(ann: Database) -> None:
    with ann.begin() as connection:
        connection.execute(text("INSERT INTO auth_users (name, source, role) VALUES ('ANN', 'proxy', 'viewer')"))
    old = people.vouched_for(ann, "ANN")
    assert old is not None
    assert people.find(ann, "ann") is not None


@pytest.mark.parametrize(("name", "why"), [
    *((name, "1 to 100 characters") for name in ("", " ann", "ann ", "x" * 101)),
    *((name, "a character that nobody can see") for name in ("a\nb", "a\tb", "\u200bann", "a\0b", "ann\n")),
])  # fmt: skip
def test_a_name_that_looks_like_another_is_refused(database: Database, name: str, why: str) -> None:
    with pytest.raises(PeopleError, match=why):
        people.add(database, name, role="viewer", by="eve", password=PASSWORD)


@pytest.mark.parametrize("name", ["a", "ann@example.org", "Ann Lee", "Zoë", "安"])
def test_names_as_people_have_them_are_taken(database: Database, name: str) -> None:
    assert people.add(database, name, role="viewer", by="eve", password=PASSWORD).name == name


def test_a_role_and_a_password_are_checked_before_anybody_is_added(database: Database) -> None:
    with pytest.raises(PeopleError, match="viewer, editor, admin"):
        people.add(database, "ann", role="king", by="eve", password=PASSWORD)
    with pytest.raises(PasswordError):
        people.add(database, "ann", role="viewer", by="eve", password="short")
    assert people.find(database, "ann") is None


@pytest.mark.parametrize("change", [
    lambda database: people.set_role(database, "ann", "admin", by="eve"),
    lambda database: people.set_password(database, "ann", "another good one", by="eve"),
    lambda database: people.set_disabled(database, "ann", True, by="eve"),
])  # fmt: skip
def test_what_changes_a_persons_rights_ends_the_sessions(ann: Database, change) -> None:  # type: ignore[no-untyped-def]
    sessions, cookie = session_of(ann)
    assert sessions.find(cookie) is not None
    change(ann)
    assert sessions.find(cookie) is None


def test_the_same_role_again_changes_nothing(ann: Database) -> None:
    sessions, cookie = session_of(ann)
    people.set_role(ann, "ann", "viewer", by="eve")
    assert sessions.find(cookie) is not None


def test_whoever_is_not_there_can_not_be_changed(database: Database) -> None:
    for change in (people.set_role, people.set_password):
        with pytest.raises(PeopleError, match="no user"):
            change(database, "nobody", "admin" if change is people.set_role else PASSWORD, by="eve")


def test_each_change_stands_in_the_audit_log_with_who_did_it(ann: Database) -> None:
    people.set_role(ann, "ann", "editor", by="eve")
    people.set_disabled(ann, "ann", True, by="eve")
    people.set_disabled(ann, "ann", False, by="eve")
    with ann.reading() as connection:
        told = [(entry.actor, entry.action, entry.subject) for _, entry in entries(connection)]
    assert told[::-1] == [("eve", action, "ann") for action in ("user.add", "user.role", "user.disable", "user.enable")]


def test_whom_a_proxy_names_is_a_viewer_until_somebody_says_otherwise(database: Database) -> None:
    found = people.vouched_for(database, "pat")
    assert found is not None
    assert (found.role, found.source) == ("viewer", "proxy")
    people.set_role(database, "pat", "admin", by="eve")
    again = people.vouched_for(database, "pat")
    assert again is not None
    assert again.role == "admin"


def test_a_proxy_does_not_vouch_for_whoever_has_a_password_here_or_is_let_in_no_longer(ann: Database) -> None:
    assert people.vouched_for(ann, "ann") is None
    people.vouched_for(ann, "pat")
    people.set_disabled(ann, "pat", True, by="eve")
    assert people.vouched_for(ann, "pat") is None
    with pytest.raises(PeopleError, match="no password"):
        people.set_password(ann, "pat", PASSWORD, by="eve")
