"""What a failed write means: try again, set one event aside, or call for a repair."""

import struct
from enum import Enum

import psycopg
import sqlalchemy.exc

from db.deadlines import NoAnswerError
from db.rows import InvalidEventError


class Fault(Enum):
    """The three ways in which a write fails."""

    TRANSIENT = "transient"  # the same batch may succeed later
    DATA = "data"  # one event of the batch will never succeed
    SCHEMA = "schema"  # no batch succeeds until somebody repairs something


# SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
_TRANSIENT_CLASSES = frozenset({"08", "40", "53", "55", "57", "58"})
# Of a class of errors in the use of transactions, but what a stall brings about: of ours, or of the server.
_TRANSACTION_TIMEOUTS = frozenset({"25P03", "25P04"})
_DATA_CLASSES = frozenset({"22", "23", "54"})
_CHECK_VIOLATION = "23514"
_INSUFFICIENT_PRIVILEGE = "42501"
_CLIENT_DATA_ERRORS = (psycopg.DataError, UnicodeError, OverflowError, TypeError, struct.error, InvalidEventError)
_LOST_CONNECTION = (psycopg.OperationalError, psycopg.InterfaceError, sqlalchemy.exc.TimeoutError, OSError)


def classify(error: BaseException) -> Fault:
    """Return which fault an exception of a write is. Unknown ones are ``SCHEMA``: never drop an event for want of a
    clue."""
    cause = original(error)
    state = getattr(cause, "sqlstate", None)
    if state is None:
        if isinstance(cause, _LOST_CONNECTION):
            return Fault.TRANSIENT
        return Fault.DATA if isinstance(cause, _CLIENT_DATA_ERRORS) else Fault.SCHEMA
    if state[:2] in _TRANSIENT_CLASSES or state in _TRANSACTION_TIMEOUTS:
        return Fault.TRANSIENT
    if state[:2] in _DATA_CLASSES and not lacks_partition(cause):
        return Fault.DATA
    return Fault.SCHEMA


def lacks_partition(error: BaseException) -> bool:
    """Return whether a row found no partition. It shares its SQLSTATE with a violated check, which names its
    constraint."""
    cause = original(error)
    return (
        isinstance(cause, psycopg.Error) and cause.sqlstate == _CHECK_VIOLATION and cause.diag.constraint_name is None
    )


def lacks_right(error: BaseException) -> bool:
    """Return whether the role may not do what it was about to."""
    return getattr(original(error), "sqlstate", None) == _INSUFFICIENT_PRIVILEGE


def took_too_long(error: BaseException) -> bool:
    """Return whether a deadline passed, the server's or ours."""
    return isinstance(original(error), psycopg.errors.QueryCanceled | NoAnswerError)


def original(error: BaseException) -> BaseException:
    """Return the driver's exception beneath SQLAlchemy's; a deadline that passed, beneath what a closed connection
    says."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NoAnswerError):
            return cause
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        return error.orig
    return error


def remedy(error: BaseException) -> str:
    """Return what to do about a schema that can't be written to, half a sentence."""
    if lacks_right(error):
        return "the database's role gets what it lacks (python -m metrics_dash doctor says which statements)"
    return "the schema is repaired (python -m metrics_dash migrate makes it)"


def describe(error: BaseException) -> str:
    """Return one line of plain ASCII for a log or a table: the SQLSTATE if there is one, and the first line of the
    message."""
    cause = original(error)
    state = getattr(cause, "sqlstate", None)
    text = str(cause).strip().partition("\n")[0] or type(cause).__name__
    return ascii(f"{state}: {text}" if state else f"{type(cause).__name__}: {text}")[1:-1]
