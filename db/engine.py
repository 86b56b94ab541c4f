"""The database: one engine per process, on a given URL or on the embedded server.

Constructing a ``Database`` starts nothing; ``start`` does. The embedded server is kept behind this module, so that
another package with the same interface can take its place.
"""

import logging
import os
import select
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.json import set_json_dumps, set_json_loads
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url

from db.deadlines import (
    JOB_SECONDS,
    READ_SECONDS,
    LostSession,
    PatientConnection,
    answer_within,
    limit,
    server_limits,
)
from db.embedded import EmbeddedServer
from db.planned import ONE_PLAN, is_one_plan, is_own, is_stale, planning, prepare_if_own
from db.replica import Replica, Server

log = logging.getLogger(__name__)

MINIMUM_SERVER_VERSION = 140000
APPLICATION_NAME = "metrics_dash"
# Connections per process at most; whoever finds none free waits for so long. Readers have their own, so that however
# many and slow they are, those who write find one.
WRITERS, READERS = (5, 5), (5, 10)
POOL_SECONDS = {"write": 10.0, "read": 5.0, "replica": 5.0}
# A peer that went silent (a cable, a firewall that forgot) is noticed within half a minute, whether we wait for its
# answer or for it to take our data; else a flush would hang until the kernel's own hours are over. libpq ignores these
# on a Unix socket. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-KEEPALIVES
KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}

set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)


class DatabaseURLError(ValueError):
    """A database URL that can't be used. The message never quotes it, as it may hold a password."""


def parse_url(url: str) -> URL:
    """Read a ``postgresql://`` URL (``postgres://`` too) for use with psycopg. Raises ``DatabaseURLError``."""
    try:
        parsed = make_url(url)
    except Exception:
        raise DatabaseURLError("the database URL is not of the form postgresql://user@host/name") from None
    if parsed.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise DatabaseURLError(f"{parsed.drivername!r} is not PostgreSQL; the URL must begin postgresql://")
    return parsed.set(drivername="postgresql+psycopg")


class Database:
    """A PostgreSQL server and this process's connections to it.

    ``url``: where it is; without one an embedded server runs under ``data_dir``, shared by every process that uses
    that folder and stopped with the last of them. ``read_url``: a replica for reads, by default the same server.
    Engines belong to the process that made them: after a fork the child gets its own.
    """

    def __init__(self, url: str | None = None, *, data_dir: Path = Path(".data"), read_url: str | None = None) -> None:
        self._server = EmbeddedServer(data_dir / "postgres") if url is None else None
        self._url = parse_url(url) if url is not None else None
        self._read_url = parse_url(read_url) if read_url is not None else None
        self.replica = Replica(self.reading) if read_url is not None else None
        self._engines: dict[str, Engine] = {}
        self._owner = os.getpid()
        self._lock = threading.Lock()
        _databases.add(self)

    @property
    def embedded(self) -> bool:
        """Whether this is the embedded server."""
        return self._server is not None

    @property
    def shared(self) -> bool:
        """Whether another process uses the embedded server, so that it goes on when this one leaves."""
        return self._server is not None and self._server.is_shared()

    @property
    def url(self) -> URL:
        """Where the server is, for SQLAlchemy; its text form hides the password. Starts an embedded server."""
        if self._url is None:
            self.start()
        assert self._url is not None
        return self._url

    def dsn(self) -> str:
        """Return the connection URL in clear, as psql and psycopg take it. Never log it."""
        written = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        # SQLAlchemy leaves a password's spaces as they are, which libpq takes for an error.
        return written.replace(" ", "%20")

    def start(self) -> None:
        """Make sure that the embedded server runs; does nothing for a server of somebody else's."""
        if self._server is not None:
            self._url = parse_url(self._server.start())

    def ensure_running(self) -> bool:
        """Start an embedded server again if it has died; True if it had to be started."""
        if self._server is None or self._server.is_running():
            return False
        log.warning("the embedded PostgreSQL is not running; starting it again")
        self.start()
        return True

    @property
    def engine(self) -> Engine:
        """The engine for writing."""
        return self._engine("write", self.url)

    @property
    def read_engine(self) -> Engine:
        """The engine for reading: the replica where there is one."""
        return self._engine("replica", self._read_url) if self._read_url is not None else self._engine("read", self.url)

    def _engine(self, role: str, url: URL) -> Engine:
        with self._lock:
            if self._owner != os.getpid():
                # A fork's child must neither use nor close its parent's sockets.
                for engine in self._engines.values():
                    engine.dispose(close=False)
                self._engines.clear()
                self._owner = os.getpid()
            if role not in self._engines:
                self._engines[role] = _make_engine(url, role)
            return self._engines[role]

    @contextmanager
    def begin(self, within: float = JOB_SECONDS) -> Iterator[Connection]:
        """Yield a transaction for writing: committed at the end of the block, rolled back on an exception.

        Each answer may take ``within`` seconds (``db.deadlines``).
        """
        with answer_within(within), self.engine.begin() as connection:
            yield connection

    def servers(self) -> tuple[Server, ...]:
        """Return which servers to read from, the better one first."""
        return self.replica.state().order if self.replica is not None else ("primary",)

    @contextmanager
    def reading(self, server: Server | None = None, *, within: float = READ_SECONDS) -> Iterator[Connection]:
        """Yield a transaction for reading, on ``server``; by default on the replica where there is one that keeps up.

        Each answer may take ``within`` seconds.
        """
        engine = self.read_engine if (server or self.servers()[0]) == "replica" else self._engine("read", self.url)
        with answer_within(within), engine.connect() as connection:
            yield connection

    def dispose(self) -> None:
        """Close this process's connections; the server goes on."""
        with self._lock:
            for engine in self._engines.values():
                engine.dispose(close=self._owner == os.getpid())
            self._engines.clear()

    def close(self) -> None:
        """Close the connections and leave the embedded server; the last process to leave stops it."""
        self.dispose()
        if self._server is not None:
            self._server.stop()


# Ends what a lost session holds where the server waits for its client still, in the middle of a COPY say, which no
# time-out of PostgreSQL's ends. Behind a pooler the pid may be another session's: then it is ended only if it is one of
# ours that has lasted as long, and tries again.
_END_LOST = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND datname = current_database()
AND usename = current_user AND application_name = %s AND xact_start <= clock_timestamp() - make_interval(secs => %s)
"""


def _end_lost_sessions(connection: Connection, lost: deque[LostSession]) -> None:
    while lost:
        session = lost[0]
        connection.exec_driver_sql(_END_LOST, (session.pid, APPLICATION_NAME, session.seconds))
        with suppress(IndexError, ValueError):
            lost.remove(session)


def _make_engine(url: URL, role: str) -> Engine:
    """Return the engine of a role. Whatever is begun on it, the server knows the limits; the driver knows them
    anyway."""
    lost: deque[LostSession] = deque()
    reads = role != "write"
    size, overflow = READERS if reads else WRITERS
    engine = create_engine(
        url,
        **({"isolation_level": "AUTOCOMMIT"} if reads else {}),
        pool_pre_ping=True,
        pool_size=size,
        max_overflow=overflow,
        # Whoever reads gets the connection that was used last, which has prepared more than the others.
        pool_use_lifo=reads,
        pool_timeout=POOL_SECONDS[role],
        # Who reads may prepare statements (``db.planned``). Who writes does not: PgBouncer in transaction mode knows
        # none of a session.
        connect_args={**KEEPALIVE, "prepare_threshold": None, "application_name": APPLICATION_NAME},
    )

    @event.listens_for(engine, "do_connect")
    def _connect(dialect: object, record: object, arguments: list[str], options: dict[str, Any]) -> PatientConnection:
        connection = PatientConnection.connect(*arguments, **options)
        connection.on_loss = lost.append
        _spell_dates_as_iso(connection)
        if reads:
            prepare_if_own(connection, _OWN_SESSION)
        return connection

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if not reads:
            connection.exec_driver_sql(server_limits())
        else:
            driver = driver_connection(connection)
            if driver.info.transaction_status is TransactionStatus.IDLE and not _is_alone(driver):
                connection.exec_driver_sql(_begin_reading(driver))
        _end_lost_sessions(connection, lost)

    @event.listens_for(engine, "handle_error")
    def _leave_stale(context: ExceptionContext) -> None:
        if reads and is_stale(context.original_exception):
            context.is_disconnect = True  # and so is every other one of the pool

    if reads:
        engine.dialect.do_ping = _begin_with_ping  # type: ignore[method-assign,assignment]
        engine.dialect.do_rollback = _end_reading  # type: ignore[method-assign,assignment]
    return engine


def _spell_dates_as_iso(connection: PatientConnection) -> None:
    """psycopg reads dates in ISO's spelling alone; a server or role may be set to another."""
    if not (connection.info.parameter_status("DateStyle") or "ISO").startswith("ISO"):
        connection.execute("SET DateStyle = ISO")
        connection.commit()


# What a reader's own session is, so that a refresh need not say it: its statements stand alone then, each a transaction
# by itself, and two of three round trips are saved.
_OWN_SESSION = f"""
SET default_transaction_read_only = on; SET {ONE_PLAN}; SET statement_timeout = {round(READ_SECONDS * 1000)}
"""


def _is_alone(connection: psycopg.Connection[Any]) -> bool:
    """Return whether what is asked now needs no transaction around it: the session has what that would set."""
    return is_one_plan() and is_own(connection) and limit() == READ_SECONDS


def _begin_reading(connection: psycopg.Connection[Any]) -> str:
    # BEGIN goes along: one round trip, where the driver's own would be another.
    return f"BEGIN READ ONLY; {server_limits()}{planning(is_own(connection))}"


def _begin_with_ping(connection: Any) -> bool:
    """Find out whether a connection of the pool still lives by beginning what it is taken out for, where another
    question would be another round trip. One that nothing is begun on lives as far as nobody has hung up: then there
    would be something to read."""
    if _is_alone(connection) and not connection.closed and _is_silent(connection):
        return True
    with connection.cursor() as cursor:
        cursor.execute(_begin_reading(connection))
    return True


def _is_silent(connection: psycopg.Connection[Any]) -> bool:
    incoming = select.poll()
    incoming.register(connection.fileno(), select.POLLIN)
    return not incoming.poll(0)


def _end_reading(connection: Any) -> None:
    """End a transaction that has nothing to undo: after a rollback psycopg forgets what it has prepared."""
    connection.commit()


# A thread may hold a lock at the moment of a fork. In the child that thread does not exist, and nobody lets it go.
_databases: "weakref.WeakSet[Database]" = weakref.WeakSet()


def _unlock_in_child() -> None:
    global _default_lock
    _default_lock = threading.Lock()
    for database in list(_databases):
        database._lock = threading.Lock()
        if database.replica is not None:
            database.replica.reset()


os.register_at_fork(after_in_child=_unlock_in_child)


def driver_connection(connection: Connection) -> psycopg.Connection[Any]:
    """Return the psycopg connection beneath a SQLAlchemy one, for COPY."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


_default: Database | None = None
_default_lock = threading.Lock()


def default_database() -> Database:
    """Return the database of this process: the one that ``use_database`` named, else what the environment names.

    ``DATABASE_URL``, or the embedded server under ``METRICS_DATA_DIR`` (``.data``).
    """
    global _default
    with _default_lock:
        if _default is None:
            _default = Database(
                os.environ.get("DATABASE_URL") or None,
                data_dir=Path(os.environ.get("METRICS_DATA_DIR") or ".data"),
                read_url=os.environ.get("DATABASE_READ_URL") or None,
            )
        return _default


def use_database(database: Database | None) -> None:
    """Make ``database`` what ``default_database`` returns; None forgets it."""
    global _default
    with _default_lock:
        _default = database
