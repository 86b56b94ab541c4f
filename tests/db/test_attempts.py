"""Tries are counted in the database: so many at once, more as time passes, and never more by asking in parallel."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import text

from db.attempts import Allowance, attempt, forgive, sweep_attempts
from db.engine import Database

THREE = Allowance(3, timedelta(minutes=1))


def tried(database: Database, key: str = "account ann") -> timedelta | None:
    with database.begin() as connection:
        return attempt(connection, key, THREE)


def wait(database: Database, by: timedelta) -> None:
    """Let time pass for the tries."""
    with database.begin() as connection:
        connection.execute(text("UPDATE auth_attempts SET changed_at = changed_at - CAST(:by AS interval)"), {"by": by})


def test_so_many_tries_are_allowed_and_then_one_must_wait(database: Database) -> None:
    assert [tried(database) for _ in range(3)] == [None] * 3
    left = tried(database)
    assert left is not None
    assert timedelta(0) < left <= THREE.per
    assert tried(database, "account bob") is None


def test_one_more_is_allowed_after_each_while(database: Database) -> None:
    for _ in range(4):
        tried(database)
    wait(database, THREE.per)
    assert tried(database) is None
    assert tried(database) is not None


def test_whoever_goes_on_trying_keeps_nobody_out_for_longer(database: Database) -> None:
    for _ in range(50):
        tried(database)
    wait(database, THREE.per)
    assert tried(database) is None


def test_tries_at_the_same_moment_are_counted_one_by_one(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        allowed = [found is None for found in pool.map(lambda _: tried(database), range(16))]
    assert sum(allowed) == 3


def test_a_try_that_was_no_guess_is_taken_back(database: Database) -> None:
    for _ in range(10):
        assert tried(database) is None
        with database.begin() as connection:
            forgive(connection, "account ann")


def test_what_nobody_tried_for_long_is_swept(database: Database) -> None:
    tried(database)
    with database.begin() as connection:
        assert sweep_attempts(connection, timedelta(days=1)) == 0
    wait(database, timedelta(days=2))
    with database.begin() as connection:
        assert sweep_attempts(connection, timedelta(days=1)) == 1
