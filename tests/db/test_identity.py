"""Which database this is: the same for everybody who asks, and another for each other one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from db.engine import Database
from db.identity import (
    ASK_AGAIN_SECONDS,
    TRY_AGAIN_SECONDS,
    Identity,
    Installation,
    InstallationUnknownError,
    identity,
)


def ask(database: Database) -> Identity:
    with database.reading() as connection:
        return identity(connection)


def test_everybody_hears_the_same(database: Database) -> None:
    again = Database(database.dsn())
    assert ask(database) == ask(again)
    again.dispose()


def test_two_databases_of_one_server_are_two(database: Database, empty_database: Database) -> None:
    mine, other = ask(database), ask(empty_database)
    assert not mine.same_database(other)
    assert mine.word() != other.word()


def test_a_copy_of_the_folder_is_the_same_database_and_another_installation(database: Database) -> None:
    mine = ask(database)
    copy = replace(mine, started_at=mine.started_at + timedelta(seconds=1))
    assert mine.same_database(copy)
    assert mine.word() != copy.word()


class Switched:
    """A database that can be away."""

    def __init__(self, database: Database) -> None:
        self.database, self.away, self.asked = database, False, 0

    @contextmanager
    def reading(self, server: Literal["primary"]) -> Iterator[Connection]:
        self.asked += 1
        if self.away:
            raise OperationalError("", {}, Exception("away"))
        with self.database.reading(server) as connection:
            yield connection


def test_the_word_is_asked_for_now_and_then_and_outlives_an_outage(database: Database) -> None:
    now = [0.0]
    switched = Switched(database)
    installation = Installation(switched, lambda: now[0])
    word = installation.word()
    assert installation.word() == word == ask(database).word()
    assert switched.asked == 1
    switched.away = True
    now[0] = ASK_AGAIN_SECONDS
    assert installation.word() == word
    assert installation.word() == word
    assert switched.asked == 2
    switched.away = False
    now[0] += TRY_AGAIN_SECONDS
    assert installation.word() == word
    assert switched.asked == 3


def test_before_the_first_answer_it_is_unknown_and_not_asked_all_the_time(database: Database) -> None:
    switched = Switched(database)
    switched.away = True
    installation = Installation(switched, lambda: 0.0)
    for _ in range(3):
        with pytest.raises(InstallationUnknownError):
            installation.word()
    assert switched.asked == 1
