"""What a failed write means: no event is dropped for want of a clue, and none that can't succeed is tried for ever."""

import struct

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.engine import Database
from db.faults import Fault, classify, describe, lacks_partition, original
from db.rows import InvalidEventError

# https://www.postgresql.org/docs/current/errcodes-appendix.html
TRANSIENT = {
    "08006": "connection failure",
    "40001": "serialization failure",
    "40P01": "deadlock detected",
    "53100": "disk full",
    "53300": "too many connections",
    "55P03": "lock not available",
    "57014": "query canceled",
    "25P03": "idle-in-transaction timeout",
    "25P04": "transaction timeout",
    "57P01": "admin shutdown",
    "57P03": "cannot connect now: it starts",
    "58030": "I/O error",
}
DATA = {
    "22001": "string too long",
    "22021": "character not in repertoire",
    "22P05": "untranslatable character",
    "23502": "not null violation",
    "54000": "program limit exceeded",
}
SCHEMA = {
    "25006": "read-only transaction",
    "28P01": "invalid password",
    "3D000": "no such database",
    "42501": "insufficient privilege",
    "42703": "undefined column",
    "42P01": "undefined table",
    "0A000": "feature not supported",
    "XX000": "internal error",
}


def failed(state: str, message: str = "it failed") -> psycopg.Error:
    return psycopg.errors.lookup(state)(message)


def execute(database: Database, statement: str) -> None:
    with database.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("state", TRANSIENT, ids=TRANSIENT.get)
def test_what_may_succeed_later_is_transient(state: str) -> None:
    assert classify(failed(state)) is Fault.TRANSIENT


@pytest.mark.parametrize("state", DATA, ids=DATA.get)
def test_what_one_event_is_to_blame_for_is_data(state: str) -> None:
    assert classify(failed(state)) is Fault.DATA


@pytest.mark.parametrize("state", SCHEMA, ids=SCHEMA.get)
def test_what_somebody_must_repair_is_the_schema(state: str) -> None:
    assert classify(failed(state)) is Fault.SCHEMA


@pytest.mark.parametrize(
    "error", [psycopg.OperationalError("gone"), psycopg.InterfaceError(), PoolTimeout(), OSError()]
)
def test_a_connection_that_was_lost_is_transient(error: Exception) -> None:
    assert classify(error) is Fault.TRANSIENT


@pytest.mark.parametrize(
    "error",
    [
        psycopg.DataError("bad"),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"),
        OverflowError(),
        TypeError(),
        struct.error(),
        InvalidEventError("bad"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_can_not_even_be_sent_is_data(error: Exception) -> None:
    assert classify(error) is Fault.DATA


@pytest.mark.parametrize("error", [RuntimeError(), KeyError("x"), AssertionError(), psycopg.ProgrammingError("what")])
def test_what_nobody_knows_drops_no_event(error: Exception) -> None:
    assert classify(error) is Fault.SCHEMA


def test_the_drivers_error_is_found_beneath_sqlalchemys() -> None:
    beneath = failed("40001")
    wrapped = OperationalError("COMMIT", {}, beneath)
    assert original(wrapped) is beneath
    assert original(beneath) is beneath
    assert classify(wrapped) is Fault.TRANSIENT


def test_real_errors_of_a_real_server_are_told_apart(database: Database) -> None:
    for statement, fault in (
        ("SELECT 'x'::int", Fault.DATA),
        ("SELECT * FROM no_such_table", Fault.SCHEMA),
        ("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$", Fault.TRANSIENT),
    ):
        with pytest.raises(DBAPIError) as error:
            execute(database, statement)
        assert classify(error.value) is fault


def test_a_lacking_partition_is_no_fault_of_the_event(database: Database) -> None:
    insert = "INSERT INTO telemetry_events (event_name, occurred_at) VALUES ('a.b', '2026-01-31Z')"
    with pytest.raises(DBAPIError) as error:
        execute(database, insert)
    assert lacks_partition(error.value)
    assert classify(error.value) is Fault.SCHEMA
    assert not lacks_partition(RuntimeError())


def test_an_error_is_one_line_of_ascii_with_its_state() -> None:
    assert describe(failed("42703", 'column "é" is missing\nLINE 1: SELECT')) == '42703: column "\\xe9" is missing'
    assert describe(ConnectionResetError("peer\nwent")) == "ConnectionResetError: peer"
    assert describe(OSError()) == "OSError: OSError"
