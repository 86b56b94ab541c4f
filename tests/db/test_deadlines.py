"""Deadlines: no answer is waited for without one, and what was given up is given up on both sides."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.deadlines import JOB_SECONDS, READ_SECONDS, NoAnswerError, answer_within, limit
from db.engine import POOL_SECONDS, READERS, Database, driver_connection
from db.faults import Fault, classify, describe, took_too_long
from tests.support.processes import eventually
from tests.support.proxy import Proxy, proxy_to

SOON = 0.3


@pytest.fixture
def proxied(database: Database) -> Iterator[tuple[Proxy, Database]]:
    with proxy_to(database) as both:
        yield both


def test_of_two_limits_the_shorter_counts_and_a_job_has_the_longest() -> None:
    assert limit() == JOB_SECONDS
    with answer_within(5):
        with answer_within(60):
            assert limit() == 5
        with answer_within(2):
            assert limit() == 2
        assert limit() == 5
    with answer_within(3600):
        assert limit() == 3600
    assert limit() == JOB_SECONDS


def test_a_limit_is_the_threads_own() -> None:
    seen: list[float] = []
    with answer_within(1):
        thread = threading.Thread(target=lambda: seen.append(limit()))
        thread.start()
        thread.join()
    assert seen == [JOB_SECONDS]


@pytest.mark.parametrize("autocommit", [False, True])
def test_every_statement_of_a_reader_has_a_time_out_in_the_server_too(database: Database, autocommit: bool) -> None:
    with database.reading() as connection:
        if autocommit:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == f"{READ_SECONDS:g}s"
        assert connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on"
        connection.rollback()
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == f"{READ_SECONDS:g}s"


def test_a_writers_limits_end_with_its_transaction_and_reach_nobody_else(database: Database) -> None:
    with database.begin(within=7) as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "7s"
        assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "7s"
        driver = driver_connection(connection)
    assert driver.execute("SHOW statement_timeout").fetchone() == ("0",)
    driver.rollback()


def test_a_statement_that_takes_too_long_ends_in_the_server(database: Database) -> None:
    with pytest.raises(OperationalError, match="statement timeout"), database.reading(within=SOON) as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    with database.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_an_answer_that_does_not_come_ends_the_connection_and_the_next_one_works(
    proxied: tuple[Proxy, Database],
) -> None:
    proxy, through = proxied
    with through.reading() as connection:
        connection.execute(text("SELECT 1"))
    proxy.swallow("to_client", b"", after=b"'lost'")
    with pytest.raises(OperationalError) as caught, through.reading(within=SOON) as connection:
        connection.execute(text("SELECT 'lost'"))
    assert isinstance(caught.value.orig, NoAnswerError)
    assert caught.value.connection_invalidated
    with through.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_a_server_that_never_answers_a_connection_is_given_up(proxied: tuple[Proxy, Database]) -> None:
    proxy, through = proxied
    proxy.hold()
    with pytest.raises(OperationalError), through.reading(within=SOON):
        raise AssertionError("there is no connection")


def copy_a_line(database: Database, statement: str) -> None:
    with (
        database.begin(within=SOON) as connection,
        driver_connection(connection).cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        copy.write("first line\n")


def test_a_session_in_the_middle_of_a_copy_is_ended_by_the_next_transaction(
    proxied: tuple[Proxy, Database], database: Database
) -> None:
    """No time-out of the server's ends one that waits for its client there, and the client's farewell is lost."""
    proxy, through = proxied
    copying = "COPY event_names (event_name) FROM STDIN"
    proxy.swallow("to_server", b"first line", after=copying.encode())
    with pytest.raises((OperationalError, psycopg.OperationalError)) as caught:
        copy_a_line(through, copying)
    assert classify(caught.value) is Fault.TRANSIENT
    assert took_too_long(caught.value)
    assert describe(caught.value) == "NoAnswerError: the database did not answer within 1.3 s"
    with through.begin() as connection:
        connection.execute(text("SELECT 1"))

    def copies() -> int:
        with database.begin() as connection:
            found = connection.execute(
                text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'")
            )
            return int(found.scalar_one())

    eventually(lambda: copies() == 0, "the session ends")


def test_readers_however_many_leave_connections_to_writers(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POOL_SECONDS, "read", 0.01)
    held = [database.read_engine.connect() for _ in range(sum(READERS))]
    try:
        with pytest.raises(PoolTimeout), database.reading():
            raise AssertionError("there is no connection")
        with database.begin() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
    finally:
        for connection in held:
            connection.close()
