"""Questions to whichever server may answer; ``test_replica`` asks them of two real ones."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from db.engine import Database
from db.reading import ask, ask_status


def one(connection: Connection) -> int:
    return int(connection.execute(text("SELECT 1")).scalar_one())


def test_without_a_replica_the_primary_answers_and_no_position_is_asked_for(database: Database) -> None:
    assert ask(database, one) == 1
    assert ask_status(database).position is None


def test_a_question_that_no_server_can_answer_is_put_once(database: Database) -> None:
    both = Database(database.dsn(), read_url=database.dsn())
    put: list[int] = []

    def divided(connection: Connection) -> None:
        put.append(1)
        connection.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError):
        ask(both, divided)
    assert len(put) == 1
    both.dispose()


def test_a_question_that_one_server_fails_goes_to_the_other(database: Database) -> None:
    both = Database(database.dsn(), read_url=database.dsn())
    put: list[int] = []

    def lost(connection: Connection) -> int:
        put.append(1)
        if len(put) == 1:
            raise OperationalError("", {}, Exception("server closed the connection"))
        return one(connection)

    assert ask(both, lost) == 1
    assert len(put) == 2
    both.dispose()


def test_where_nobody_answers_the_first_failure_is_told() -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:9/x")
    with pytest.raises(OperationalError):
        ask(nowhere, one)
