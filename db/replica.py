"""The replica: whether it keeps up with the primary, and so whether it may be read.

What makes a stale picture impossible is not this look at it, which only saves a detour, but that every answer carries
its own proof: the watermark is never later than what the answering server has replayed (``db.status``), and what is
read with a watermark is read from a server that has come at least as far as the one that gave it (``db.reading``).
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from db.identity import Identity, identity

log = logging.getLogger(__name__)

Server = Literal["primary", "replica"]
Reading = Callable[[Server], AbstractContextManager[Connection]]

# Three heartbeats: a process that collects writes one every five seconds, so a replica that keeps up shows no less.
ALLOWED_BEHIND = timedelta(seconds=15)
LOOK_EVERY_SECONDS = 2.0
# Older than this, a look says nothing any more: whoever asks waits for the next one, but not for long.
FORGET_AFTER_SECONDS = 10.0
PATIENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the primary was: whoever has replayed ``lsn`` holds all that was committed before ``at`` (its clock).

    ``beat_at``: the newest heartbeat that stood there then.
    """

    at: datetime
    lsn: str
    identity: Identity
    beat_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """What the last look found.

    ``problem``: why the primary is read instead, a half sentence; None while the replica keeps up. ``behind``: how far,
    None where that can't be known. ``readable``: whether it may be read where nothing else answers.
    """

    problem: str | None
    behind: timedelta | None = None
    readable: bool = False
    primary_answers: bool = True
    mark: Mark | None = None

    @property
    def order(self) -> tuple[Server, ...]:
        """Which servers to ask, the better one first."""
        if not self.readable:
            return ("primary",)
        return ("replica", "primary") if self.problem is None or not self.primary_answers else ("primary", "replica")

    @property
    def sentence(self) -> str | None:
        """The problem and what is done about it."""
        if self.problem is None:
            return None
        first = self.order[0]
        return f"{self.problem}, so the primary is read" if first == "primary" else f"{self.problem} and is read"


NOT_ANSWERING = ReplicaState("the replica does not answer")


class Replica:
    """Looks at the replica now and then, in a thread of its own, so that nobody waits for one that hangs.

    ``reading`` opens a connection to either server. ``allowed``: how far behind it may be and still be read.
    """

    def __init__(
        self, reading: Reading, allowed: timedelta = ALLOWED_BEHIND, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reading = reading
        self.allowed = allowed
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Begin anew, as a fork's child must."""
        self._lock = threading.Lock()
        self._found: tuple[float, ReplicaState] | None = None
        self._looking: threading.Thread | None = None
        self._said: str | None = None

    def state(self) -> ReplicaState:
        """Return what the last look found. A new one begins where that is old; it is waited for only at first."""
        looking = self._begin_look()
        if looking is not None and self._age() > FORGET_AFTER_SECONDS:
            looking.join(PATIENCE_SECONDS)
        found = self._found
        return found[1] if found is not None and self._age() <= FORGET_AFTER_SECONDS else NOT_ANSWERING

    def _age(self) -> float:
        return float("inf") if self._found is None else self._clock() - self._found[0]

    def _begin_look(self) -> threading.Thread | None:
        with self._lock:
            if (self._looking is None or not self._looking.is_alive()) and self._age() >= LOOK_EVERY_SECONDS:
                self._looking = threading.Thread(target=self.look, name="metrics-replica", daemon=True)
                self._looking.start()
            return self._looking

    def look(self) -> ReplicaState:
        """Look now; also what the thread does."""
        state = self._examine()
        self._found = (self._clock(), state)
        self._tell(state)
        return state

    def _examine(self) -> ReplicaState:
        try:
            with self._reading("primary") as connection:
                mark = read_mark(connection)
        except (SQLAlchemyError, OSError) as error:
            log.debug("the primary can't be asked: %s", error)
            mark = None
        try:
            with self._reading("replica") as connection:
                return replace(_judge(connection, mark, self.allowed), primary_answers=mark is not None, mark=mark)
        except (SQLAlchemyError, OSError) as error:
            log.debug("the replica can't be asked: %s", error)
            return ReplicaState("the replica can't be reached", mark=mark)

    def _tell(self, state: ReplicaState) -> None:
        """Log a change once, however the number of seconds in it grows."""
        kind = None if state.problem is None else state.problem.rstrip("0123456789 s")
        if kind == self._said:
            return
        self._said = kind
        if state.sentence is None:
            log.info("the replica keeps up again and is read")
        else:
            log.warning("%s", state.sentence)


def read_mark(connection: Connection) -> Mark:
    """Ask the primary how far it is."""
    # The time is the statement's, which is earlier than the position: what was committed before it lies below that.
    row = connection.execute(
        text(
            "SELECT statement_timestamp() AS at, CAST(pg_current_wal_insert_lsn() AS text) AS lsn, "
            "(SELECT max(seen_at) FROM collectors) AS beat_at"
        )
    ).one()
    return Mark(row.at.astimezone(UTC), row.lsn, identity(connection), row.beat_at)


def position(connection: Connection) -> str:
    """Return how far in the WAL the server has come: a primary in writing, a replica in replaying."""
    return str(connection.execute(_POSITION).scalar_one())


def has_come_to(connection: Connection, lsn: str) -> bool:
    """Return whether the server holds everything up to ``lsn``."""
    return bool(
        connection.execute(
            text("SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= CAST(:lsn AS pg_lsn)"), {"lsn": lsn}
        ).scalar_one()
    )


def replayed_through(connection: Connection, mark: Mark | None) -> datetime | None:
    """Return a moment of the primary's clock before which all that was committed is replayed here; None: unknown.

    Any snapshot taken after the call holds it. Newer ones may be known from what the snapshot itself shows.
    """
    row = connection.execute(_REPLAYED, {"lsn": mark.lsn if mark else _NEVER}).one()
    known = [row.replayed_at, mark.at if mark and row.reached else None]
    return max((moment for moment in known if moment is not None), default=None)


_POSITION = text(
    "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END"
)
_REPLAYED = text(
    "SELECT pg_is_in_recovery() AS in_recovery, pg_last_xact_replay_timestamp() AS replayed_at, "
    "coalesce(pg_last_wal_replay_lsn() >= CAST(:lsn AS pg_lsn), false) AS reached, clock_timestamp() AS clock"
)
_NEVER = "FFFFFFFF/FFFFFFFF"
_BEAT = text("SELECT max(seen_at) FROM collectors")
_KEEPS_UP = ReplicaState(None, timedelta(0), readable=True)


def _judge(connection: Connection, mark: Mark | None, allowed: timedelta) -> ReplicaState:
    found = connection.execute(_REPLAYED, {"lsn": mark.lsn if mark else _NEVER}).one()
    who = identity(connection)
    if mark is not None and not who.same_database(mark.identity):
        return ReplicaState("DATABASE_READ_URL names another database")
    if not found.in_recovery:
        if mark is None or who == mark.identity:
            return _KEEPS_UP
        return ReplicaState("DATABASE_READ_URL names a server that is no replica (any more)")
    beat_at = connection.execute(_BEAT).scalar()
    if mark is not None and found.reached:
        return _caught_up(mark, beat_at)
    known = [moment for moment in (beat_at, found.replayed_at) if moment is not None]
    return _behind((mark.at if mark else found.clock) - max(known) if known else None, allowed)


def _caught_up(mark: Mark, beat_at: datetime | None) -> ReplicaState:
    if mark.beat_at is not None and (beat_at is None or beat_at < mark.beat_at):
        # It has replayed as much and holds something else: a replica of what was the primary before.
        return ReplicaState("the replica follows another primary")
    return _KEEPS_UP


def _behind(behind: timedelta | None, allowed: timedelta) -> ReplicaState:
    if behind is None:
        return ReplicaState("nobody knows how far the replica is", readable=True)
    if behind <= allowed:
        return ReplicaState(None, max(timedelta(0), behind), readable=True)
    return ReplicaState(f"the replica is {behind.total_seconds():,.0f} s behind", behind, readable=True)
