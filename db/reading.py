"""Questions to the database that either server may answer: the replica while it keeps up, else the primary."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from db.engine import Database
from db.faults import Fault, classify
from db.planned import is_stale, one_plan
from db.replica import has_come_to, position
from db.status import PipelineStatus, pipeline_status

T = TypeVar("T")


class ReplicaBehindError(OSError):
    """Nobody answers but a replica that lacks what the question is about."""


def ask(
    database: Database, question: Callable[[Connection], T], at_least: str | None = None, *, planned: bool = False
) -> T:
    """Return the answer of the first server that gives one. Raises what the first one raised where none does.

    ``question`` may be put twice. ``at_least``: a position in the WAL (``PipelineStatus.position``); only a server that
    has come so far is asked, so what is read with a status is never older than what that status says of it.
    ``planned``: its statements go by an index whatever is asked, and have one plan (``db.planned``).
    """
    with one_plan() if planned else nullcontext():
        try:
            return _ask(database, question, at_least)
        except DBAPIError as error:
            # No such session is left in the pool. What was planned may have been the first to find out that a session
            # is lost, where nobody hung up (``db.engine``).
            if not (is_stale(error.orig) or (planned and error.connection_invalidated)):
                raise
            return _ask(database, question, at_least)


def _ask(database: Database, question: Callable[[Connection], T], at_least: str | None) -> T:
    failure: Exception | None = None
    for server in database.servers():
        try:
            with database.reading(server) as connection:
                if server == "primary" or at_least is None or has_come_to(connection, at_least):
                    return question(connection)
                failure = failure or ReplicaBehindError("the replica is older than the status it was asked with")
        except (SQLAlchemyError, OSError) as error:
            if classify(error) is Fault.DATA:
                raise
            failure = failure or error
    assert failure is not None
    raise failure


def ask_status(database: Database) -> PipelineStatus:
    """Return the pipeline's status, with the position that whatever is read with it must have come to."""
    if database.replica is None:
        return ask(database, pipeline_status, planned=True)
    mark = database.replica.state().mark

    def question(connection: Connection) -> PipelineStatus:
        status = pipeline_status(connection, mark)
        return replace(status, position=position(connection))

    return ask(database, question, planned=True)
