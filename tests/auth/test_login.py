"""A login: throttled by account and by address, and the same answer for everybody who is nobody."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from db.attempts import attempt
from db.audit_log import entries
from db.engine import Database
from metrics_dash.auth import login, people
from metrics_dash.auth.login import OF_AN_ACCOUNT, OF_AN_ADDRESS, Refused, log_in
from tests.support.locks import wait_for_a_lock_waiter

PASSWORD = "correct horse battery"


@pytest.fixture
def ann(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database in which ann has a password, whose comparison costs nothing."""
    people.add(database, "ann", role="viewer", by="test", password=PASSWORD)
    monkeypatch.setattr(login, "verify_password", lambda given, kept: kept is not None and given == PASSWORD)
    return database


def tried(database: Database, name: str, password: str = "wrong", address: str = "192.0.2.1") -> object:
    return log_in(database, name, password, address=address)


def test_who_knows_the_password_is_in(database: Database) -> None:
    people.add(database, "ann", role="viewer", by="test", password=PASSWORD)
    found = log_in(database, "ann", PASSWORD, address="192.0.2.1")
    assert not isinstance(found, Refused)
    assert found.name == "ann"


def test_a_wrong_password_a_missing_account_and_a_disabled_one_are_refused_alike(ann: Database) -> None:
    people.add(ann, "bob", role="viewer", by="test", password=PASSWORD)
    people.set_disabled(ann, "bob", True, by="test")
    assert tried(ann, "ann") == tried(ann, "nobody", PASSWORD) == tried(ann, "bob", PASSWORD) == Refused()


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_an_account_is_throttled_from_wherever_whether_there_is_one_or_not(ann: Database, name: str) -> None:
    for number in range(OF_AN_ACCOUNT.tries):
        assert tried(ann, name, address=f"192.0.2.{number}") == Refused()
    throttled = tried(ann, name.upper(), PASSWORD, address="198.51.100.1")
    assert isinstance(throttled, Refused)
    assert throttled.wait is not None


def test_an_address_is_throttled_whatever_accounts_it_tries(ann: Database) -> None:
    for number in range(OF_AN_ADDRESS.tries):
        assert tried(ann, f"account{number}") == Refused()
    throttled = tried(ann, "ann", PASSWORD)
    assert isinstance(throttled, Refused)
    assert throttled.wait is not None
    assert not isinstance(tried(ann, "ann", PASSWORD, address="192.0.2.2"), Refused)


def test_a_person_who_knows_it_is_never_throttled_by_logging_in(ann: Database) -> None:
    for _ in range(2 * OF_AN_ADDRESS.tries):
        assert not isinstance(tried(ann, "ann", PASSWORD), Refused)


def test_logins_of_one_person_at_the_same_moment_wait_for_each_other_and_none_fails(
    ann: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor() as threads, ann.begin() as other:

        def meanwhile(given: str, kept: str | None) -> bool:
            # Between this login's two transactions, another one has counted its try at the address.
            assert attempt(other, "address 192.0.2.1", OF_AN_ADDRESS) is None
            return True

        monkeypatch.setattr(login, "verify_password", meanwhile)
        first = threads.submit(tried, ann, "ann", PASSWORD)
        wait_for_a_lock_waiter(ann)
        assert attempt(other, "account ann", OF_AN_ACCOUNT) is None
        other.commit()
        assert not isinstance(first.result(timeout=60), Refused)


def test_an_account_of_ones_own_gives_no_more_guesses_at_others(ann: Database) -> None:
    guessed = 0
    for number in range(2 * OF_AN_ADDRESS.tries):
        tried(ann, "ann", PASSWORD)
        outcome = tried(ann, f"account{number}")
        guessed += isinstance(outcome, Refused) and outcome.wait is None
    assert guessed <= OF_AN_ADDRESS.tries


def test_one_who_has_a_whole_network_is_one_address(ann: Database) -> None:
    for number in range(OF_AN_ADDRESS.tries):
        tried(ann, f"account{number}", address=f"2001:db8::{number:x}")
    throttled = tried(ann, "ann", PASSWORD, address="2001:db8::ffff:1")
    assert isinstance(throttled, Refused)
    assert throttled.wait is not None


def test_failures_stand_in_the_audit_log_without_the_password(ann: Database) -> None:
    tried(ann, "ann", "hunter2-hunter2")
    with ann.reading() as connection:
        (_, entry), *_ = entries(connection)
        assert (entry.actor, entry.action, entry.address) == ("ann", "login.failed", "192.0.2.1")
        everything = connection.execute(text("SELECT string_agg(a::text, '') FROM audit_log a")).scalar_one()
    assert "hunter2" not in everything
    assert PASSWORD not in everything
