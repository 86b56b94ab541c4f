"""Secrets of 256 random bits: shown once, kept as SHA-256, compared in constant time.

SHA-256 is enough for what nobody can guess; a password, which somebody chose, is hashed by ``passwords``.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_FORM = re.compile(r"(mdt|mdl)_([0-9a-f]{12})_([0-9a-f]{64})", re.ASCII)
TOKEN, LINK = "mdt", "mdl"


@dataclass(frozen=True, slots=True)
class Secret:
    """An id, which may be listed and logged, and the secret behind it, which may not."""

    kind: str
    identity: str
    secret: str

    def __str__(self) -> str:
        return f"{self.kind}_{self.identity}_{self.secret}"

    def __repr__(self) -> str:
        return f"Secret({self.kind}_{self.identity}_…)"

    @property
    def digest(self) -> bytes:
        """What is kept of it."""
        return digest_of(self.secret)

    def fits(self, digest: bytes) -> bool:
        """Return whether this is the secret that ``digest`` was kept of."""
        return hmac.compare_digest(self.digest, digest)


def new_secret(kind: str) -> Secret:
    """Return a fresh one."""
    return Secret(kind, secrets.token_hex(6), secrets.token_hex(32))


def read_secret(text: str, kind: str) -> Secret | None:
    """Return what a sender shows, where it has the form of that kind."""
    match = _FORM.fullmatch(text)
    return Secret(*match.groups()) if match is not None and match[1] == kind else None


def new_cookie() -> str:
    """Return a fresh value of a cookie: 256 random bits."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
