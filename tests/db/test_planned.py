"""What is asked often is planned once, where a session is one's own."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from db.deadlines import READ_SECONDS, answer_within
from db.engine import Database, driver_connection
from db.planned import SENT_BEFORE, one_plan
from db.reading import ask
from tests.support.proxy import Direction, Proxy

ASKED = text("SELECT CAST(:number AS int) + 1")
OFTEN = SENT_BEFORE + 2
PREPARED = text("SELECT statement, generic_plans FROM pg_prepared_statements")


class Pooler(Proxy):
    """Tells each client that the server's process has another number, as PgBouncer does."""

    def pieces(self, direction: Direction, chunk: bytes) -> Iterator[bytes]:
        if direction == "to_client":
            chunk = re.sub(rb"K\0\0\0\x0c....", b"K\0\0\0\x0c\x12\x34\x56\x78", chunk, flags=re.DOTALL)
        yield chunk


def ask_often(connection: Connection) -> None:
    for number in range(OFTEN):
        assert connection.execute(ASKED, {"number": number}).scalar_one() == number + 1


def prepared(connection: Connection) -> list[tuple[str, int]]:
    return [(str(row.statement), row.generic_plans) for row in connection.execute(PREPARED)]


def test_a_reader_prepares_what_it_asks_often_and_keeps_it(database: Database) -> None:
    for number in range(OFTEN):
        with database.reading() as connection:
            assert connection.execute(ASKED, {"number": number}).scalar_one() == number + 1
    with database.reading() as connection:
        (found,) = prepared(connection)
        connection.rollback()
        assert prepared(connection) == [found], "also where a transaction failed"
    assert "$1" in found[0]


def test_nobody_who_writes_prepares(database: Database) -> None:
    with database.begin() as connection:
        ask_often(connection)
        assert prepared(connection) == []


def test_a_session_that_is_only_lent_is_left_as_it_was(database: Database) -> None:
    pooler = Pooler(database)
    through = Database(pooler.url)
    try:
        with through.reading() as connection:
            driver = driver_connection(connection)
            assert driver.info.backend_pid == 0x12345678
            ask_often(connection)
            assert prepared(connection) == []
        with one_plan(), through.reading() as connection:
            assert begun(connection)
            assert shown(connection, "plan_cache_mode") == "force_generic_plan"
            connection.commit()
            driver = driver_connection(connection)
            given = {"default_transaction_read_only": "off", "plan_cache_mode": "auto", "statement_timeout": "0"}
            assert given == {name: driver.execute(f"SHOW {name}".encode()).fetchone()[0] for name in given}  # type: ignore[index]
    finally:
        through.dispose()
        pooler.close()


def test_one_plan_serves_all_where_it_was_asked_for(database: Database) -> None:
    with one_plan(), database.reading() as connection:
        ask_often(connection)
        ((_, generic),) = prepared(connection)
        assert generic == OFTEN - SENT_BEFORE
        assert connection.execute(text("SHOW plan_cache_mode")).scalar_one() == "force_generic_plan"
    with database.reading() as connection:
        assert connection.execute(text("SHOW plan_cache_mode")).scalar_one() == "auto"


def shown(connection: Connection, setting: str) -> str:
    return str(connection.execute(text(f"SHOW {setting}")).scalar_one())


def begun(connection: Connection) -> bool:
    connection.execute(text("SELECT"))
    return driver_connection(connection).info.transaction_status is TransactionStatus.INTRANS


def test_a_refresh_needs_no_transaction_and_has_its_limits(database: Database) -> None:
    with one_plan(), database.reading() as connection:
        assert not begun(connection)
        assert shown(connection, "statement_timeout") == f"{READ_SECONDS:.0f}s"
        with pytest.raises(DBAPIError, match="read-only transaction"):
            connection.execute(text("CREATE TABLE written (one int)"))
    with database.reading() as connection:
        assert begun(connection)


def test_a_refresh_with_less_time_has_a_transaction_that_says_so(database: Database) -> None:
    with one_plan(), answer_within(1), database.reading() as connection:
        assert begun(connection)
        assert shown(connection, "statement_timeout") == "1s"
    with one_plan(), database.reading() as connection:
        assert shown(connection, "statement_timeout") == f"{READ_SECONDS:.0f}s"


def test_a_refresh_finds_out_that_its_session_has_ended(database: Database) -> None:
    def question(connection: Connection) -> int:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())

    pid = ask(database, question, planned=True)
    assert ask(database, question, planned=True) == pid
    with database.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
    assert ask(database, question, planned=True) != pid


@pytest.mark.parametrize("lost", ["ended", "silent"])
def test_a_refresh_whose_session_is_lost_as_it_asks_is_answered_by_another(database: Database, lost: str) -> None:
    pids = []

    def question(connection: Connection) -> int:
        driver = driver_connection(connection)
        pids.append(driver.info.backend_pid)
        if len(pids) == 1 and lost == "ended":
            with database.begin() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pids[0]})
        elif len(pids) == 1:
            os.kill(pids[0], signal.SIGSTOP)
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())

    try:
        assert ask(database, question, planned=True) == pids[1] != pids[0]
        assert ask(database, question, planned=True) == pids[2] == pids[1]
    finally:
        with suppress(ProcessLookupError):
            os.kill(pids[0], signal.SIGCONT)


@pytest.mark.parametrize("tidied", ["DEALLOCATE ALL", "DISCARD ALL"])
def test_a_session_whose_statements_were_tidied_up_is_left(database: Database, tidied: str) -> None:
    with database.reading() as connection:
        ask_often(connection)
        driver = driver_connection(connection)
        pid = driver.info.backend_pid
    # Not by the driver, which would know.
    driver.pgconn.exec_(tidied.encode())
    with pytest.raises(DBAPIError, match="does not exist"), database.reading() as connection:
        ask_often(connection)
    with database.reading() as connection:
        ask_often(connection)
        assert driver_connection(connection).info.backend_pid != pid


def test_a_question_to_sessions_that_a_migration_made_stale_is_answered(database: Database) -> None:
    def question(connection: Connection) -> object:
        return connection.execute(text("SELECT * FROM changed")).mappings().one()

    with database.begin() as connection:
        connection.execute(text("CREATE TABLE changed AS SELECT 1 AS one"))
    with database.reading() as first, database.reading() as second:
        for connection in (first, second):
            for _ in range(OFTEN):
                question(connection)
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE changed ADD COLUMN two int DEFAULT 2"))
    assert ask(database, question) == {"one": 1, "two": 2}
    assert ask(database, question) == {"one": 1, "two": 2}
