"""What stands around the program and can stop it: rights, connections, clock, disk, replica, Redis."""

import shutil
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from redis import Redis, RedisError, ResponseError
from sqlalchemy import Connection, Engine

from db.clock import CLOCKS_MAY_DIFFER, disagreement, offset_between
from db.engine import Database
from db.rights import lacking
from db.server import clock, connections, data_folder, database_bytes
from db.status import PipelineStatus
from metrics_dash.charts import records
from metrics_dash.charts.redis_cache import connect
from metrics_dash.ops.finding import Finding, Verdict
from metrics_dash.settings import Settings

CLOCK_WORTH_A_LOOK = timedelta(seconds=5)
CLOCK_BAD = CLOCKS_MAY_DIFFER
CONNECTIONS_WORTH_A_LOOK = 0.8
SLOW_SECONDS = 0.05
KEYS_LOOKED_AT = 200
GIB = 1024**3
DISK_WORTH_A_LOOK, DISK_BAD = 5 * GIB, GIB


def around_database(database: Database, connection: Connection, status: PipelineStatus) -> Iterator[Finding]:
    """Look at the server of ``connection``, which is the one that is written to."""
    yield _connections(database, connection, status)
    yield _clock(connection)
    if not database.embedded:
        yield _disk_of_database(database, connection)
    if database.replica is not None:
        yield _replica(database)


def room(subject: str, folder: Path, remedy: str, before: str = "") -> Finding:
    """Return how much is free where ``folder`` is."""
    free = shutil.disk_usage(folder).free
    text = f"{before}{free / GIB:.1f} GiB free at {folder}"
    if free >= DISK_WORTH_A_LOOK:
        return Finding(subject, Verdict.GOOD, text)
    return Finding(subject, Verdict.BAD if free < DISK_BAD else Verdict.WORTH_A_LOOK, text, remedy)


def rights(settings: Settings, connection: Connection) -> tuple[Finding, bool]:
    """Return whether the role may do what this process does, and whether it may ask what else there is to know."""
    reads, login = settings.only_reads, bool(settings.auth)
    lacks = lacking(connection, "viewer" if reads else "rollup", login=login)
    if lacks.rows:
        text = "the role can't do what METRICS_ROLE=web does" if reads else "the role can't store and read everything"
        return Finding("privileges", Verdict.BAD, text, _as(lacks.rows + lacks.partitions)), _may_look(lacks.rows)
    if lacks.partitions:
        text = "the role can't make and drop partitions, so storing stops on the first day that has none"
        return Finding("privileges", Verdict.BAD, text, _as(lacks.partitions)), True
    may = "read, and METRICS_ROLE=web needs no more" if reads else "store, read, and make and drop partitions"
    return Finding("privileges", Verdict.GOOD, f"the role can {may}"), True


def _may_look(statements: Iterable[str]) -> bool:
    """Return whether the role may read every table, whatever else it lacks."""
    return not any(each.startswith(("GRANT SELECT", "GRANT USAGE ON SCHEMA")) for each in statements)


def _as(statements: tuple[str, ...]) -> str:
    return f"as the owner or a superuser: {'; '.join(statements)}"


def _connections(database: Database, connection: Connection, status: PipelineStatus) -> Finding:
    found = connections(connection)
    processes = max(1, sum(collector.live for collector in status.collectors))
    each = sum(_most(engine) for engine in {database.engine, database.read_engine} if engine.url == database.url)
    text = f"{found.used} of {found.most} in use; {processes} of our processes may open {processes * each}"
    if found.used < CONNECTIONS_WORTH_A_LOOK * found.most and processes * each <= found.most:
        return Finding("connections", Verdict.GOOD, text)
    remedy = "raise max_connections of PostgreSQL, run fewer processes, or put PgBouncer between"
    return Finding("connections", Verdict.WORTH_A_LOOK, text, remedy)


def _most(engine: Engine) -> int:
    return int(getattr(engine.pool, "size", lambda: 0)()) + int(getattr(engine.pool, "_max_overflow", 0))


def _clock(connection: Connection) -> Finding:
    before = datetime.now(UTC)
    there = clock(connection)
    # However long the answer took, this much at least they differ.
    offset = offset_between(before, there, datetime.now(UTC))
    difference = abs(offset)
    text = f"the database's clock and this machine's differ by {difference.total_seconds():,.1f} s"
    text = disagreement(offset) or text
    remedy = "let both machines set their clocks over the network (NTP)"
    if difference <= CLOCK_WORTH_A_LOOK:
        return Finding("clock", Verdict.GOOD, text)
    return Finding("clock", Verdict.BAD if difference > CLOCK_BAD else Verdict.WORTH_A_LOOK, text, remedy)


def _disk_of_database(database: Database, connection: Connection) -> Finding:
    size = f"the database takes {database_bytes(connection) / GIB:.1f} GiB"
    folder = data_folder(connection) if _is_here(database) else None
    if folder is None or not folder.exists():
        return Finding("database's disk", Verdict.GOOD, f"{size}; its disk can't be seen from here, watch it there")
    remedy = "make room there, or shorten METRICS_RAW_RETENTION"
    return room("database's disk", folder, remedy, before=f"{size}, ")


def _is_here(database: Database) -> bool:
    host = str(database.url.query.get("host") or database.url.host or "/")
    return host.startswith("/") or host in ("localhost", "127.0.0.1", "::1")


def _replica(database: Database) -> Finding:
    assert database.replica is not None
    state = database.replica.look()
    if state.sentence is None:
        behind = state.behind.total_seconds() if state.behind else 0
        return Finding("replica", Verdict.GOOD, f"keeps up, {behind:,.1f} s behind")
    remedy = "check that it runs and replays, and that DATABASE_READ_URL names a streaming replica of DATABASE_URL"
    return Finding("replica", Verdict.WORTH_A_LOOK, state.sentence, remedy)


def redis(settings: Settings) -> Finding | None:
    """Look at the query cache; None where it is memory."""
    if settings.redis_url is None:
        return None
    try:
        client = connect(settings.redis_url.get_secret_value())
    except ValueError:
        remedy = "write redis://host:6379/0, rediss:// or unix://, or take it away"
        return Finding("Redis", Verdict.BAD, "REDIS_URL is no URL of a Redis", remedy)
    began = time.perf_counter()
    try:
        client.ping()
        seconds = time.perf_counter() - began
        cached, foreign = _cached(client)
    except (RedisError, OSError) as error:
        text = f"Redis can't be used ({type(error).__name__}), so each process asks the database by itself"
        return Finding("Redis", Verdict.WORTH_A_LOOK, text, "check that it runs and that REDIS_URL names it")
    text = f"answers in {seconds * 1000:.1f} ms, holds {cached} of our answers"
    if foreign:
        remedy = "find out who else writes there, and give metrics_dash a Redis or a user of its own"
        return Finding("Redis", Verdict.WORTH_A_LOOK, f"{text}, {foreign} of them not written by this version", remedy)
    if seconds > SLOW_SECONDS:
        return Finding("Redis", Verdict.WORTH_A_LOOK, text, "take one that is nearer")
    return Finding("Redis", Verdict.GOOD, text)


def _cached(client: "Redis") -> tuple[int, int]:
    """Return how many keys of this version's there are, of the first few, and how many hold something else than a
    record."""
    cached = foreign = 0
    for key in client.scan_iter(f"metrics_dash:{records.FORMAT}:*", count=KEYS_LOOKED_AT):
        cached += 1
        foreign += not _holds_record(client, key)
        if cached >= KEYS_LOOKED_AT:
            break
    return cached, foreign


def _holds_record(client: "Redis", key: bytes) -> bool:
    try:
        return records.begins_like_one(client.getrange(key, 0, 64))  # type: ignore[arg-type]
    except ResponseError:  # no text at all
        return False
