"""Whom a provider vouches for: by issuer and subject, with the role of their groups."""

from typing import Any

import pytest

from db.audit_log import entries
from db.engine import Database
from metrics_dash.auth import people
from metrics_dash.auth.oidc import NotWelcomeError, refused, role_of, welcome

ROLES = {"ops": "admin", "team": "editor", "*": "viewer"}


def claims(sub: str = "s1", **more: Any) -> dict[str, Any]:
    return {"iss": "https://id.example.org", "sub": sub, "preferred_username": "ann", **more}


@pytest.mark.parametrize(
    ("groups", "role"),
    [(["ops"], "admin"), (["team", "ops"], "admin"), (["team"], "editor"), ("team", "editor"), ([], "viewer"),
     (None, "viewer"), (["other", 5, None], "viewer"), (["*"], "viewer"), ("ops ", "viewer")],
)  # fmt: skip
def test_the_role_is_that_of_the_group_which_may_most(groups: object, role: str) -> None:
    assert role_of(claims(groups=groups), ROLES) == role


def test_without_a_group_of_a_role_there_is_none() -> None:
    assert role_of(claims(groups=["other"]), {"ops": "admin"}) is None


def test_a_person_is_added_once_and_the_role_follows_the_groups(database: Database) -> None:
    first = welcome(database, claims(groups=["team"]), ROLES, address="")
    again = welcome(database, claims(groups=["ops"], preferred_username="renamed"), ROLES, address="")
    assert (first.name, first.role, first.source) == ("ann", "editor", "oidc")
    assert (again.user_id, again.name, again.role) == (first.user_id, "ann", "admin")


def test_whoever_has_the_same_name_or_mail_here_stays_somebody_else(database: Database) -> None:
    people.add(database, "ann", role="admin", by="test", password="correct horse battery")
    people.add(database, "ann@example.org", role="admin", by="test", password="correct horse battery")
    named = welcome(database, claims(), ROLES, address="")
    mailed = welcome(
        database,
        claims("s2", preferred_username="", email="ann@example.org", email_verified=True),
        ROLES,
        address="",
    )
    assert (named.role, mailed.role) == ("viewer", "viewer")
    assert named.name == "ann (https://id.example.org s1)"
    assert mailed.name == "ann@example.org (https://id.example.org s2)"


def test_a_name_that_can_not_be_told_from_anothers_is_shown_with_its_subject(database: Database) -> None:
    people.add(database, "Ann", role="admin", by="test", password="correct horse battery")
    assert welcome(database, claims(), ROLES, address="").name == "ann (https://id.example.org s1)"


def test_a_mail_address_that_is_not_verified_is_no_name(database: Database) -> None:
    user = welcome(database, claims(preferred_username=None, email="boss@example.org"), ROLES, address="")
    assert user.name == "s1"


def test_the_same_subject_of_another_issuer_is_somebody_else(database: Database) -> None:
    one = welcome(database, claims(), ROLES, address="")
    other = welcome(database, {**claims(), "iss": "https://other.example.org"}, ROLES, address="")
    assert one.user_id != other.user_id


def test_nobody_comes_in_without_a_role_or_when_disabled(database: Database) -> None:
    with pytest.raises(NotWelcomeError):
        welcome(database, claims(groups=["other"]), {"ops": "admin"}, address="192.0.2.1")
    assert people.find(database, "ann") is None
    welcome(database, claims(), ROLES, address="")
    people.set_disabled(database, "ann", True, by="test")
    with pytest.raises(NotWelcomeError):
        welcome(database, claims(), ROLES, address="192.0.2.1")
    with database.reading() as connection:
        (_, newest), *_ = entries(connection)
    assert (newest.actor, newest.action, newest.address) == ("ann", "login.failed", "192.0.2.1")


def test_what_a_check_refused_is_on_record(database: Database) -> None:
    refused(database, "InvalidClaimError", address="192.0.2.1")
    with database.reading() as connection:
        (_, newest), *_ = entries(connection)
    assert newest.detail == {"why": "InvalidClaimError"}
