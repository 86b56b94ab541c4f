"""What benchmarks share: a server of their own, realistic events, and stopwatches."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median

from sqlalchemy import text

from db.engine import Database, use_database
from db.events import insert_events
from db.migrate import migrate
from metrics_dash.demo.simulation import HOUR, Simulation
from metrics_dash.ingest.event import Event

CHUNK = 20_000


@contextmanager
def fresh_database() -> Iterator[Database]:
    """An embedded server of its own in a temporary folder, migrated and empty; gone afterwards."""
    with temporary_folder() as folder:
        database = Database(data_dir=folder)
        try:
            database.start()
            migrate(database)
            use_database(database)
            yield database
        finally:
            use_database(None)
            database.close()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that the embedded server's own user can pass."""
    folder = Path(tempfile.mkdtemp(prefix="metrics-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def events(count: int, *, minutes: int = 60) -> list[Event]:
    """``count`` realistic events of all names of the catalog, spread over the last ``minutes``, oldest first."""
    template = Simulation(rate=20).hour(int(datetime(2026, 1, 6, 20, tzinfo=UTC).timestamp()))
    length = timedelta(minutes=minutes)
    start = datetime.now(UTC) - length
    step = length / count
    size = len(template)
    return [
        Event(happening.event_name, happening.measurements, happening.metadata, start + number * step)
        for number, happening in ((number, template[number * 7919 % size]) for number in range(count))
    ]


def day_of_events(share: float = 1.0) -> list[Event]:
    """The simulated game server's last 24 h, oldest first: about 84,000 events; ``share``: of what players do.
    Unlike in ``events``, gauges are sampled as regularly as they are."""
    simulation, now = Simulation(rate=3 * share), datetime.now(UTC)
    began = now - timedelta(days=1)
    first = int(began.timestamp()) // HOUR * HOUR
    happenings = (each for start in range(first, int(now.timestamp()), HOUR) for each in simulation.hour(start))
    made = (
        Event(each.event_name, each.measurements, each.metadata, datetime.fromtimestamp(each.at, UTC))
        for each in happenings
    )
    return [event for event in made if event.occurred_at is not None and began <= event.occurred_at <= now]


def store(database: Database, everything: Iterable[Event]) -> None:
    """Insert events in chunks, none of which is a request's whole memory."""
    plain = ((each.name, each.measurements, each.metadata, each.occurred_at) for each in everything)
    while chunk := list(islice(plain, CHUNK)):
        insert_events(chunk, database=database)


def vacuum(database: Database, *tables: str) -> None:
    """Do what autovacuum would do within the minute."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM ANALYZE {', '.join(tables)}"))


def milliseconds(work: Callable[[], object], repeats: int = 41) -> float:
    """Return the median time of a call, in ms, after one to warm up."""
    work()
    return median(timed(work) for _ in range(repeats))


def pair(one: Callable[[], object], other: Callable[[], object], repeats: int = 41) -> tuple[float, float]:
    """Return the median times of two calls that take turns, in ms, after one each to warm up."""
    one(), other()
    times = [(timed(one), timed(other)) for _ in range(repeats)]
    return median(first for first, _ in times), median(second for _, second in times)


def timed(work: Callable[[], object]) -> float:
    """Return how long a call takes, in ms."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


class Stopwatch:
    """Wall-clock seconds of a ``with`` block."""

    seconds = 0.0

    def __enter__(self) -> "Stopwatch":
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._began
