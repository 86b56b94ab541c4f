"""The doctor: looks at everything that a working installation needs, and says what to do about what it finds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from subprocess import SubprocessError

from sqlalchemy.exc import SQLAlchemyError

from db.engine import MINIMUM_SERVER_VERSION, Database
from db.event_keys import crowded_events
from db.fold import KEYS_PER_EVENT
from db.jobs import UnfinishedJob, unfinished
from db.labels import OTHER
from db.migrate import current_revision, head_revision, is_newer
from db.names import NAME_QUOTA, places_taken
from db.partitions import attached_partitions, partition_name
from db.private import nearest
from db.status import PipelineStatus, pipeline_status, server_version
from db.whole import WholeKey, whole_keys
from metrics_dash.catalog import CatalogError, load_catalog
from metrics_dash.jobs.uncomputed import REMEDY, sentence
from metrics_dash.logs import redact
from metrics_dash.ops.access import access
from metrics_dash.ops.finding import Finding, Verdict
from metrics_dash.ops.spool import spool
from metrics_dash.ops.surroundings import around_database, redis, rights, room
from metrics_dash.settings import Settings

LAG_WORTH_A_LOOK = timedelta(minutes=1)
LAG_BAD = timedelta(minutes=10)
NAMES_WORTH_A_LOOK = NAME_QUOTA * 9 // 10


def examine(settings: Settings, database: Database) -> Iterator[Finding]:
    """Look at one thing after the other; ends where the rest depends on what is broken. Changes nothing."""
    yield Finding("settings", Verdict.GOOD, "read from the environment")
    yield _catalog(settings)
    yield _disk(settings)
    yield spool(settings)
    cache = redis(settings)
    if cache is not None:
        yield cache
    reached = _reach(database)
    yield reached
    if reached.verdict is Verdict.BAD:
        return
    with database.reading("primary") as connection:
        privileges, may_look = rights(settings, connection)
    yield privileges
    if not may_look:
        return
    schema = _schema(database)
    yield schema
    if schema.verdict is Verdict.BAD:
        return
    with database.reading("primary") as connection:
        status = pipeline_status(connection)
        partitions = attached_partitions(connection)
        crowded, whole, places = crowded_events(connection), whole_keys(connection), places_taken(connection)
        jobs = unfinished(connection)
        yield from around_database(database, connection, status)
        yield from access(settings, connection, status.now, _tabs(settings))
    yield _collectors(status)
    yield _lag(status)
    yield _uncomputed(status)
    yield _crowded(crowded)
    yield _whole(whole)
    yield _names(places)
    yield _partitions(partitions, datetime.now(UTC))
    yield _purge(status)
    yield from map(_job, jobs)


def _catalog(settings: Settings) -> Finding:
    try:
        catalog = load_catalog(settings.catalog)
    except CatalogError as error:
        return Finding("catalog", Verdict.BAD, str(error), "correct the file that METRICS_CATALOG names")
    charts = sum(1 for _ in catalog.charts())
    counts = (len(catalog.events), "event"), (len(catalog.tabs), "tab"), (charts, "chart")
    text = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts)
    return Finding("catalog", Verdict.GOOD, text)


def _tabs(settings: Settings) -> list[str] | None:
    try:
        return [tab.id for tab in load_catalog(settings.catalog).tabs]
    except CatalogError:
        return None


def _disk(settings: Settings) -> Finding:
    """Room where the embedded server and local state live."""
    remedy = "make room, set METRICS_DATA_DIR to another disk, or shorten METRICS_RAW_RETENTION"
    return room("disk", nearest(settings.data_dir.absolute()), remedy)


def _reach(database: Database) -> Finding:
    name = "embedded PostgreSQL" if database.embedded else "PostgreSQL"
    try:
        database.start()
        with database.reading("primary") as connection:
            version = server_version(connection)
    except (SQLAlchemyError, OSError, SubprocessError, AssertionError) as error:
        cause = redact(str(getattr(error, "orig", None) or error).partition("\n")[0])
        remedy = (
            "look into postgres/log under METRICS_DATA_DIR"
            if database.embedded
            else "check that the server runs and that DATABASE_URL names its host, port, user, password and database"
        )
        return Finding("database", Verdict.BAD, f"{name} can't be reached: {cause}", remedy)
    text = f"{name} {version // 10000}.{version % 10000}"
    if version < MINIMUM_SERVER_VERSION:
        return Finding("database", Verdict.BAD, text, f"upgrade it to {MINIMUM_SERVER_VERSION // 10000} or newer")
    return Finding("database", Verdict.GOOD, text)


def _schema(database: Database) -> Finding:
    revision, head = current_revision(database), head_revision()
    if revision != head:
        found = f"at revision {revision}, not {head}" if revision else "empty"
        if is_newer(revision):
            return Finding(
                "schema", Verdict.WORTH_A_LOOK, f"{found}: a newer version's", "upgrade metrics_dash here too"
            )
        return Finding("schema", Verdict.BAD, found, "run python -m metrics_dash migrate")
    return Finding("schema", Verdict.GOOD, f"at revision {revision}")


def _job(unfinished_job: UnfinishedJob) -> Finding:
    """Return a job whose last run, by whichever process, did not do what was due."""
    text = f"{unfinished_job.outcome} (since {unfinished_job.since:%Y-%m-%d %H:%M} UTC)"
    verdict = Verdict.BAD if unfinished_job.failed else Verdict.WORTH_A_LOOK
    remedy = "it is tried again every minute while a process runs; the log says more"
    return Finding(f"job {unfinished_job.job}", verdict, text, remedy)


def _collectors(status: PipelineStatus) -> Finding:
    silent = [collector for collector in status.collectors if collector.counts and not collector.live]
    if silent:
        return Finding(
            "collectors",
            Verdict.BAD,
            "silent with events that are not stored: " + ", ".join(f"{each.host} pid {each.pid}" for each in silent),
            "see python -m metrics_dash collectors; where a host is gone for good, collectors forget",
        )
    live = [collector for collector in status.collectors if collector.live]
    if not live:
        return Finding(
            "collectors",
            Verdict.WORTH_A_LOOK,
            "no process collects",
            "start one: python -m metrics_dash run, or worker",
        )
    return Finding("collectors", Verdict.GOOD, ", ".join(f"{each.host} pid {each.pid}" for each in live))


def _lag(status: PipelineStatus) -> Finding:
    """Return how old the oldest mark in the dirty log is: what nobody rolls up."""
    if status.oldest_dirty_at is None:
        return Finding("rollup", Verdict.GOOD, "nothing waits to be rolled up")
    lag = status.now - status.oldest_dirty_at
    marks = "1 mark waits" if status.dirty == 1 else f"{status.dirty:,} marks wait"
    text = f"{marks}, the oldest for {lag.total_seconds():,.0f} s"
    remedy = "start python -m metrics_dash run or worker, or run python -m metrics_dash rollup once"
    if lag > LAG_BAD:
        return Finding("rollup", Verdict.BAD, text, remedy)
    return (
        Finding("rollup", Verdict.WORTH_A_LOOK, text, remedy)
        if lag > LAG_WORTH_A_LOOK
        else Finding("rollup", Verdict.GOOD, text)
    )


def _uncomputed(status: PipelineStatus) -> Finding:
    waiting = sentence(status.uncomputed)
    if waiting is not None:
        return Finding("buckets", Verdict.BAD, waiting, REMEDY)
    lost = len(status.uncomputed)
    if lost:
        text = f"{lost:,} could not be computed before their events were purged"
        return Finding("buckets", Verdict.WORTH_A_LOOK, text, "nothing: they go with their level's retention")
    return Finding("buckets", Verdict.GOOD, "all can be computed")


def _crowded(names: list[str]) -> Finding:
    if not names:
        return Finding("keys", Verdict.GOOD, f"no event sends more than {KEYS_PER_EVENT} measurements or metadata keys")
    text = f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"
    return Finding(
        "keys",
        Verdict.WORTH_A_LOOK,
        f"more than {KEYS_PER_EVENT} measurements or metadata keys, the rest counted as {OTHER}: {text}",
        "put what differs from event to event into values, not into names",
    )


def _whole(keys: list[WholeKey]) -> Finding:
    """Keys with too many values are nothing wrong: an id is one as a rule."""
    if not keys:
        return Finding("values", Verdict.GOOD, "those of every metadata key are told apart")
    named = ", ".join(f"{each.key} of {each.event_name} since {each.since:%Y-%m-%d %H:%M} UTC" for each in keys[:3])
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return Finding("values", Verdict.GOOD, f"too many to be told apart: {named}{more}")


def _names(taken: int) -> Finding:
    text = f"{taken:,} of {NAME_QUOTA:,} names that no catalog declares"
    if taken < NAMES_WORTH_A_LOOK:
        return Finding("event names", Verdict.GOOD, text)
    over = "more are refused (name_quota)" if taken >= NAME_QUOTA else "nearly all"
    return Finding(
        "event names",
        Verdict.BAD if taken >= NAME_QUOTA else Verdict.WORTH_A_LOOK,
        f"{text}: {over}",
        "find the sender that makes names of what are values; a name is given back when nothing is left of it",
    )


def _partitions(attached: set[str], now: datetime) -> Finding:
    if partition_name(now.date()) not in attached:
        return Finding(
            "partitions", Verdict.WORTH_A_LOOK, "today's is not made yet", "nothing: it is made when an event comes"
        )
    days = "1 day" if len(attached) == 1 else f"{len(attached)} days"
    return Finding("partitions", Verdict.GOOD, f"{days} of raw events, today's included")


def _purge(status: PipelineStatus) -> Finding:
    raw = status.floors["raw"]
    if raw.held_since is not None:
        return Finding("purge", Verdict.GOOD, f"waits for an import since {raw.held_since:%Y-%m-%d %H:%M} UTC")
    floor = f"raw events are kept from {status.raw_floor:%Y-%m-%d} on" if status.raw_floor else "nothing purged yet"
    return Finding("purge", Verdict.GOOD, floor)
