"""Passwords: hashed with argon2id and salt, compared alike whether there is somebody or not."""

import pytest
from argon2 import PasswordHasher

from metrics_dash.auth import passwords
from metrics_dash.auth.passwords import BusyError, PasswordError, hash_password, needs_rehash, verify_password

GOOD = "correct horse battery"


def test_a_password_is_known_again_and_no_other() -> None:
    kept = hash_password(GOOD)
    assert kept.startswith("$argon2id$")
    assert GOOD not in kept
    assert verify_password(GOOD, kept)
    assert not verify_password(GOOD + "!", kept)
    assert hash_password(GOOD) != kept


def test_nobody_is_compared_as_hard_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(
        PasswordHasher, "verify", lambda self, kept, given: compared.append(kept) or verify(self, kept, given)
    )
    assert not verify_password(GOOD, None)
    assert not verify_password(GOOD, hash_password("another password"))
    assert len({kept.rpartition("$")[0].rpartition("$")[0] for kept in compared}) == 1
    assert len(compared) == 2


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 257])
def test_one_that_is_too_short_or_too_long_is_refused_and_not_quoted(password: str) -> None:
    with pytest.raises(PasswordError) as error:
        hash_password(password)
    assert not password or password not in str(error.value)


def test_the_same_letter_from_another_keyboard_is_the_same() -> None:
    assert verify_password("Zoe\u0308 on the hill", hash_password("Zo\u00eb on the hill"))


def test_what_is_no_hash_fits_nothing() -> None:
    assert not verify_password(GOOD, "plain text")


def test_a_hash_of_less_effort_is_made_anew() -> None:
    assert needs_rehash(PasswordHasher(time_cost=1, memory_cost=1024).hash(GOOD))
    assert not needs_rehash(hash_password(GOOD))


def test_only_so_many_are_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0)
    for _ in range(passwords.AT_ONCE):
        passwords._places.acquire()
    try:
        with pytest.raises(BusyError):
            verify_password(GOOD, None)
    finally:
        for _ in range(passwords.AT_ONCE):
            passwords._places.release()
