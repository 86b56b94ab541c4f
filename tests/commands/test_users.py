"""``users``: people are added, listed and changed from a shell, and no password shows anywhere."""

import io
import sys

import pytest

from db.engine import Database
from metrics_dash.auth import people
from metrics_dash.auth.login import Refused, log_in
from tests.commands.conftest import Run

PASSWORD = "correct horse battery"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))


@pytest.mark.usefixtures("typed")
def test_a_person_who_was_added_can_log_in(on: Run, database: Database) -> None:
    ended = on("users", "add", "ann", "--role", "editor", "--password-stdin")
    assert (ended.code, ended.out) == (0, "added: ann, editor\n")
    found = log_in(database, "ann", PASSWORD, address="")
    assert not isinstance(found, Refused)
    assert found.role == "editor"


@pytest.mark.usefixtures("typed")
def test_everybody_is_listed_and_no_password_with_them(on: Run) -> None:
    on("users", "add", "ann", "--password-stdin")
    on("users", "add", "pat", "--source", "proxy", "--role", "admin")
    listed = on("users", "list", COLUMNS="200").out
    assert "ann" in listed
    assert "proxy" in listed
    assert "argon2" not in listed
    assert PASSWORD not in listed


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("add", "ann", "--role", "king", "--password-stdin"), "'king' is not a role"),
        (("add", " ann", "--password-stdin"), "a name has 1 to 100 characters"),
        (("set-role", "nobody", "--role", "viewer"), "there is no user 'nobody'"),
        (("disable", "nobody"), "there is no user 'nobody'"),
        (("set-password", "nobody", "--password-stdin"), "there is no user 'nobody'"),
        (("add", "ann"), "nobody to ask for the password"),
    ],
)
@pytest.mark.usefixtures("typed")
def test_what_can_not_be_done_is_one_line(on: Run, arguments: tuple[str, ...], complaint: str) -> None:
    ended = on("users", *arguments)
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert complaint in ended.err


def test_a_password_that_is_too_short_is_one_line(on: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hunter2\n"))
    ended = on("users", "add", "ann", "--password-stdin")
    assert (ended.code, ended.err) == (1, "metrics_dash: a password has 12 characters or more\n")


def test_the_password_is_asked_for_twice(on: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", type("Terminal", (io.StringIO,), {"isatty": lambda self: True})())
    answers = iter([PASSWORD, "another one of them", PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    assert "the two passwords differ" in on("users", "add", "ann").err
    assert on("users", "add", "ann").code == 0


@pytest.mark.usefixtures("typed")
def test_roles_passwords_and_coming_in_are_changed(
    on: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.add(database, "ann", role="viewer", by="test", password=PASSWORD)
    assert on("users", "set-role", "ann", "--role", "admin").out == "ann is admin now\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO("another good one\n"))
    assert on("users", "set-password", "ann", "--password-stdin").code == 0
    assert isinstance(log_in(database, "ann", PASSWORD, address=""), Refused)
    assert on("users", "disable", "ann").out == "ann may come in no longer\n"
    assert isinstance(log_in(database, "ann", "another good one", address=""), Refused)
    assert on("users", "disable", "ann", "--undo").out == "ann may come in again\n"
    assert not isinstance(log_in(database, "ann", "another good one", address=""), Refused)
