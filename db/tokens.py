"""Tokens of programs: what they may do, how much, until when, and when they were last used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

# How exactly it is known when a token was last used: not every request writes.
TOUCH = timedelta(minutes=1)
# What may come at once, in seconds' worth of what may come steadily.
BURST_SECONDS = 10.0
# Nobody is told to wait for longer, whatever rate a token was once given.
LONGEST_WAIT = timedelta(hours=1)
# Rates beyond these can't be reckoned with; what stands in a row may be.
_LEAST_RATE, _GREATEST_RATE = 1e-6, 1e15

_COLUMNS = (
    "token_id, name, digest, scopes, prefixes, events_per_second, bytes_per_second, created_by, created_at, "
    "expires_at, revoked_at, last_used_at, last_used_from"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it stands in the database; ``digest`` is of its secret."""

    token_id: str
    name: str
    digest: bytes
    scopes: Sequence[str]
    prefixes: Sequence[str]
    events_per_second: float | None
    bytes_per_second: float | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str | None

    @property
    def limited(self) -> bool:
        """Whether it may send only so much a second."""
        return self.events_per_second is not None or self.bytes_per_second is not None


@dataclass(frozen=True, slots=True)
class NewToken:
    """What a token is made with."""

    token_id: str
    name: str
    digest: bytes
    scopes: Sequence[str]
    prefixes: Sequence[str]
    events_per_second: float | None
    bytes_per_second: float | None
    created_by: str
    lifetime: timedelta | None


def add_token(connection: Connection, token: NewToken) -> None:
    """Store a new token."""
    connection.execute(
        text(
            "INSERT INTO auth_tokens (token_id, name, digest, scopes, prefixes, events_per_second, bytes_per_second, "
            "created_by, expires_at) VALUES (:token_id, :name, :digest, :scopes, :prefixes, :events, :bytes, :by, "
            "clock_timestamp() + CAST(:lifetime AS interval))"
        ),
        {
            "token_id": token.token_id,
            "name": token.name,
            "digest": token.digest,
            "scopes": list(token.scopes),
            "prefixes": list(token.prefixes),
            "events": token.events_per_second,
            "bytes": token.bytes_per_second,
            "by": token.created_by,
            "lifetime": token.lifetime,
        },
    )


def list_tokens(connection: Connection) -> list[Token]:
    """Return every token, also those that hold no longer, newest first."""
    return [
        Token(*row) for row in connection.execute(text(f"SELECT {_COLUMNS} FROM auth_tokens ORDER BY created_at DESC"))
    ]


def live_token(connection: Connection, token_id: str) -> Token | None:
    """Return a token that holds."""
    row = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM auth_tokens WHERE token_id = :id AND revoked_at IS NULL "
            "AND (expires_at IS NULL OR expires_at > clock_timestamp())"
        ),
        {"id": token_id},
    ).first()
    return Token(*row) if row is not None else None


def revoke_token(connection: Connection, token_id: str) -> bool:
    """Let a token do nothing any more; returns whether it could do anything."""
    return (
        connection.execute(
            text("UPDATE auth_tokens SET revoked_at = clock_timestamp() WHERE token_id = :id AND revoked_at IS NULL"),
            {"id": token_id},
        ).rowcount
        == 1
    )


def touch_token(connection: Connection, token_id: str, address: str) -> None:
    """Note that a token is used, and from where; once a minute is enough."""
    connection.execute(
        text(
            "UPDATE auth_tokens SET last_used_at = clock_timestamp(), last_used_from = :address WHERE token_id = :id "
            "AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - CAST(:touch AS interval))"
        ),
        {"id": token_id, "address": address, "touch": TOUCH},
    )


def _rate(kind: str) -> str:
    """What passes in a second; null where there is no limit."""
    rate = f"{kind}_per_second"
    return f"(CASE WHEN {rate} IS NOT NULL THEN least(greatest({rate}, {_LEAST_RATE}), {_GREATEST_RATE}) END)"


def _left(kind: str) -> str:
    """What the bucket of events or bytes holds now; one without a limit holds nothing."""
    since = "extract(epoch FROM clock_timestamp() - level_at)"
    return f"coalesce(greatest(0, {kind}_level - {since} * {_rate(kind)}), 0)"


def _room(kind: str) -> str:
    return f"({kind}_per_second IS NULL OR {_left(kind)} < {_rate(kind)} * :burst)"


def spend(connection: Connection, token_id: str, *, events: int, size: int) -> timedelta | None:
    """Count what a token sends; None where it may, else how long to wait.

    While there is any room a request passes whole, however much it is: the next one waits for longer.
    """
    found = {"id": token_id, "events": events, "bytes": size, "burst": BURST_SECONDS}
    allowed = connection.execute(
        text(
            f"UPDATE auth_tokens SET events_level = {_left('events')} + :events, "
            f"bytes_level = {_left('bytes')} + :bytes, level_at = clock_timestamp() "
            f"WHERE token_id = :id AND {_room('events')} AND {_room('bytes')}"
        ),
        found,
    )
    if allowed.rowcount:
        return None
    wait = connection.execute(
        text(
            f"SELECT greatest({_left('events')} / {_rate('events')}, {_left('bytes')} / {_rate('bytes')}) - :burst "
            "FROM auth_tokens WHERE token_id = :id"
        ),
        found,
    ).scalar_one_or_none()
    return timedelta(seconds=min(max(1.0, float(wait or 0)), LONGEST_WAIT.total_seconds()))
