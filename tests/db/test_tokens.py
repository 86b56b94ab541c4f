"""Tokens as rows: they end by time and by hand, and send no more than their rate, whichever process asks."""

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from db import tokens
from db.engine import Database


def add(database: Database, identity: str = "t1", *, events: float | None = None, size: float | None = None,
        lifetime: timedelta | None = None) -> str:  # fmt: skip
    new = tokens.NewToken(identity, "shop", b"digest", ("ingest",), ("shop.",), events, size, "ann", lifetime)
    with database.begin() as connection:
        tokens.add_token(connection, new)
    return identity


def live(database: Database, identity: str = "t1") -> tokens.Token | None:
    with database.reading() as connection:
        return tokens.live_token(connection, identity)


def spend(database: Database, events: int, size: int = 0) -> timedelta | None:
    with database.begin() as connection:
        return tokens.spend(connection, "t1", events=events, size=size)


def wait(database: Database, seconds: float) -> None:
    with database.begin() as connection:
        connection.execute(
            text("UPDATE auth_tokens SET level_at = level_at - make_interval(secs => :s)"), {"s": seconds}
        )


def test_a_token_is_what_it_was_made_as(database: Database) -> None:
    add(database, lifetime=timedelta(days=1))
    token = live(database)
    assert token is not None
    assert (token.name, list(token.scopes), list(token.prefixes)) == ("shop", ["ingest"], ["shop."])
    assert not token.limited
    assert token.last_used_at is None


def test_it_ends_by_time_and_by_hand(database: Database) -> None:
    add(database, "t1")
    add(database, "t2", lifetime=timedelta(microseconds=1))
    assert live(database, "t2") is None
    with database.begin() as connection:
        assert tokens.revoke_token(connection, "t1")
        assert not tokens.revoke_token(connection, "t1")
        assert len(tokens.list_tokens(connection)) == 2
    assert live(database, "t1") is None


def test_its_last_use_is_noted_once_a_minute(database: Database) -> None:
    add(database)
    with database.begin() as connection:
        tokens.touch_token(connection, "t1", "192.0.2.1")
        tokens.touch_token(connection, "t1", "192.0.2.2")
    token = live(database)
    assert token is not None
    assert token.last_used_from == "192.0.2.1"


def test_more_than_its_events_a_second_has_to_wait(database: Database) -> None:
    add(database, events=100)
    assert spend(database, 50_000) is None
    left = spend(database, 1)
    assert left is not None
    wait(database, left.total_seconds())
    assert spend(database, 300) is None


def test_more_than_its_bytes_a_second_has_to_wait(database: Database) -> None:
    add(database, size=1000)
    assert spend(database, 5, size=500_000) is None
    assert spend(database, 1, size=1) is not None


def test_a_request_that_is_larger_than_any_burst_passes_and_the_next_waits_for_it(database: Database) -> None:
    add(database, events=10)
    assert spend(database, 10_000) is None
    left = spend(database, 1)
    assert left is not None
    assert timedelta(seconds=900) < left < timedelta(seconds=1000)


def test_requests_at_the_same_moment_share_one_rate(database: Database) -> None:
    add(database, events=0.001)
    with ThreadPoolExecutor(8) as pool:
        allowed = [left is None for left in pool.map(lambda _: spend(database, 5), range(16))]
    assert sum(allowed) == 1


@pytest.mark.parametrize("rate", [1e-300, 1e-9, 1e-3])
def test_however_small_a_rate_was_once_given_nobody_is_told_to_wait_for_longer_than_an_hour(
    database: Database, rate: float
) -> None:
    add(database, events=rate, size=rate)
    assert spend(database, 1000, 1000) is None
    assert spend(database, 1, 1) == tokens.LONGEST_WAIT


@pytest.mark.parametrize("rate", [1e308, math.nan])
def test_however_great_a_rate_was_once_given_it_lets_everything_pass(database: Database, rate: float) -> None:
    add(database, events=rate, size=rate)
    assert [spend(database, 250_000, 20_000_000) for _ in range(3)] == [None] * 3
