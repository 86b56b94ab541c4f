"""Passwords: hashed by argon2id, never kept, compared in the same time whether there is somebody to compare with."""

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 256
# Each takes 64 MiB and both cores' attention: so many at once.
AT_ONCE = 2
WAIT_SECONDS = 10.0

_hasher = PasswordHasher()
_places = threading.BoundedSemaphore(AT_ONCE)


class PasswordError(ValueError):
    """A password that can't be taken. The message says why, and never quotes it."""


class BusyError(RuntimeError):
    """Too many passwords are compared at once."""


def hash_password(password: str) -> str:
    """Return what is kept of a password. Raises ``PasswordError`` for one that is too short or too long."""
    if len(password) < SHORTEST:
        raise PasswordError(f"a password has {SHORTEST} characters or more")
    if len(password) > LONGEST:
        raise PasswordError(f"a password has at most {LONGEST} characters")
    return _hasher.hash(_same(password))


def verify_password(password: str, kept: str | None) -> bool:
    """Return whether a password is the one that ``kept`` was made of. Takes as long where there is nobody (None).

    Raises ``BusyError`` where too many others are compared.
    """
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise BusyError
    try:
        return _hasher.verify(kept if kept is not None else _nobodys(), _same(password[:LONGEST])) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _places.release()


def needs_rehash(kept: str) -> bool:
    """Return whether a password was hashed with less effort than is spent now."""
    return _hasher.check_needs_rehash(kept)


def _same(password: str) -> str:
    """Keyboards write the same letter in several ways."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))
