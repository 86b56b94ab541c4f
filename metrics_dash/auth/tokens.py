"""Tokens of programs: made, shown once, checked at every request, revoked."""

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cachetools import LRUCache, TTLCache

from db import audit_log, tokens
from db.deadlines import PROBE_SECONDS, READ_SECONDS
from db.engine import Database
from db.faults import Fault, classify
from metrics_dash.auth.permissions import SCOPES, Principal, Scope
from metrics_dash.auth.secrets import TOKEN, Secret, digest_of, new_secret, read_secret

# A check is remembered so long, so a token that is revoked can be used for as long at most.
REMEMBERED_SECONDS = 5.0
_REMEMBERED = 4096
# What a rate may be: less would let nobody in for minutes, and more is no limit.
EVENTS_PER_SECOND = (0.01, 1e9)
BYTES_PER_SECOND = (1.0, 1e12)
# What opens without the database, and nothing else does: whoever watches over us has to hear of an outage, and events
# wait on disk for its end.
_WITHOUT_DATABASE: frozenset[Scope] = frozenset({"scrape", "ingest"})
_PREFIX = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)*\.?", re.ASCII)


class TokenError(ValueError):
    """A token that can't be made or revoked. The message is one line."""


def issue(
    database: Database,
    name: str,
    *,
    by: str,
    scopes: Sequence[str] = ("ingest",),
    prefixes: Sequence[str] = (),
    events_per_second: float | None = None,
    bytes_per_second: float | None = None,
    lifetime: timedelta | None = None,
) -> Secret:
    """Make a token and return it, for the only time. Raises ``TokenError``."""
    if not name.isprintable():
        raise TokenError("a token's name has a character that nobody can see, such as a line's end")
    if not name.strip() or len(name) > 100:
        raise TokenError("a token's name has 1 to 100 characters")
    if not scopes or (unknown := next((scope for scope in scopes if scope not in SCOPES), None)) is not None:
        raise TokenError(f"{unknown!r} is not a scope; those are {', '.join(SCOPES)}" if scopes else "no scope")
    if (bad := next((each for each in prefixes if not _PREFIX.fullmatch(each)), None)) is not None:
        raise TokenError(f"{bad[:60]!r} is not the beginning of an event's name, such as shop.")
    _check_rate("events", events_per_second, EVENTS_PER_SECOND)
    _check_rate("bytes", bytes_per_second, BYTES_PER_SECOND)
    token = new_secret(TOKEN)
    with database.begin() as connection:
        tokens.add_token(
            connection,
            tokens.NewToken(
                token.identity,
                name.strip(),
                token.digest,
                tuple(dict.fromkeys(scopes)),
                tuple(dict.fromkeys(prefixes)),
                events_per_second,
                bytes_per_second,
                by,
                lifetime,
            ),
        )
        subject = f"{name.strip()} {token.identity}"
        audit_log.append(connection, by, "token.add", subject, scopes=list(scopes), prefixes=list(prefixes))
    return token


def _check_rate(kind: str, rate: float | None, bounds: tuple[float, float]) -> None:
    least, most = bounds
    if rate is not None and not least <= rate <= most:
        raise TokenError(f"{kind} a second: {rate:g} is not between {least:g} and {most:,.0f}")


def revoke(database: Database, token_id: str, *, by: str) -> None:
    """Let a token do nothing any more. Raises ``TokenError``."""
    with database.begin() as connection:
        if not tokens.revoke_token(connection, token_id):
            raise TokenError(f"there is no token {token_id[:40]!r} that holds")
        audit_log.append(connection, by, "token.revoke", token_id)


@dataclass(frozen=True, slots=True)
class _Known:
    """A token that held when the database was last asked."""

    who: Principal
    expires_at: datetime | None

    def without_database(self, scope: Scope) -> Principal | None:
        """Return what it still opens of a scope while the database can't be asked; None where that is nothing.

        What it sends can't be counted then: the disk has its own bound.
        """
        over = self.expires_at is not None and self.expires_at <= datetime.now(UTC)
        if over or scope not in self.who.scopes:
            return None
        return replace(self.who, scopes=frozenset({scope}), limited=False)


class Tokens:
    """Checks tokens. What was found is remembered for some seconds, so that a sender costs no question each time."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._found: TTLCache[bytes, Principal | None] = TTLCache(_REMEMBERED, REMEMBERED_SECONDS, clock)
        self._known: LRUCache[bytes, _Known] = LRUCache(_REMEMBERED)
        self._lock = threading.Lock()

    def find(self, shown: str, *, address: str, scope: Scope | None = None) -> Principal | None:
        """Return what a program may do with what it shows; None where that is no token that holds.

        ``scope``: what it is shown for. Where the database can't be asked, a token that held when it was last asked in
        this process still opens what takes ``scrape`` or ``ingest``.
        """
        secret = read_secret(shown, TOKEN)
        if secret is None:
            return None
        key = digest_of(shown)
        with self._lock:
            if key in self._found:
                return self._found[key]
            known = self._known.get(key) if scope in _WITHOUT_DATABASE else None
        try:
            found = self._look(secret, address, READ_SECONDS if known is None else PROBE_SECONDS)
        except Exception as error:
            kept = known.without_database(scope) if known is not None and scope is not None else None
            if kept is None or classify(error) is not Fault.TRANSIENT:
                raise
            return kept
        self._remember(key, found)
        return found.who if found is not None else None

    def _remember(self, key: bytes, found: _Known | None) -> None:
        with self._lock:
            self._found[key] = found.who if found is not None else None
            self._known.pop(key, None)
            if found is not None:
                self._known[key] = found

    def _look(self, secret: Secret, address: str, within: float) -> _Known | None:
        with self._database.reading("primary", within=within) as connection:
            token = tokens.live_token(connection, secret.identity)
        if token is None or not secret.fits(token.digest):
            return None
        with self._database.begin(within=within) as connection:
            tokens.touch_token(connection, token.token_id, address)
        who = Principal(
            "token",
            token.name,
            scopes=frozenset(token.scopes),
            identity=token.token_id,
            prefixes=tuple(token.prefixes),
            limited=token.limited,
        )
        return _Known(who, token.expires_at)

    def spend(self, who: Principal, *, events: int, size: int) -> timedelta | None:
        """Count what a token sends; None where it may, else how long to wait. Counted in the database, for all
        processes."""
        if not who.limited:
            return None
        with self._database.begin() as connection:
            return tokens.spend(connection, who.identity, events=events, size=size)
