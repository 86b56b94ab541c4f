"""PostgreSQL is away, and the disk behind the buffer holds what comes: all arrives once, whatever ends meanwhile."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from db.engine import Database
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event, encode
from metrics_dash.ingest.spool.folder import look
from tests.faults.test_ingest_faults import PATIENCE_SECONDS, kill_postgres
from tests.support.faults import tell, times
from tests.support.oracle import stored
from tests.support.processes import data_folder, eventually, running

PER_SECOND = 500


@contextmanager
def collecting(database: Database, place: Path, **options: object) -> Iterator[Collector]:
    """A collector of another process's kind: it can't start the server again."""
    reached = Database(database.dsn())
    collector = Collector(reached, flush_interval=0.2, spool=place, jitter=lambda low, high: min(high, 0.2), **options)  # type: ignore[arg-type]
    collector.start()
    try:
        yield collector
    finally:
        collector.stop()
        reached.dispose()


def come_back(database: Database) -> None:
    """Start the server again; recovery may take longer than one try."""

    def started() -> bool:
        try:
            database.ensure_running()
        except Exception:
            return False
        return True

    eventually(started, "PostgreSQL starts again")


def test_an_outage_costs_no_event_no_memory_and_no_time(own_server: Database, tmp_path: Path) -> None:
    """An emitter and a sender that waits go on as before, however long the database is away."""
    seconds = times(6, 3600)
    with collecting(own_server, tmp_path / "spool") as collector:
        assert collector.offer("fault.tick", {"n": -1}, {})
        assert collector.flush(PATIENCE_SECONDS)
        kill_postgres(own_server)
        numbers, acked, slowest, most = itertools.count(), {-1}, 0.0, 0
        began, memory = time.monotonic(), psutil.Process().memory_info().rss
        for tenth in range(10 * seconds):
            for number in itertools.islice(numbers, PER_SECOND // 10 - 1):
                before = time.perf_counter()
                assert collector.offer("fault.tick", {"n": number}, {"zone": "algoroc"})
                slowest = max(slowest, time.perf_counter() - before)
                acked.add(number)
            number = next(numbers)
            collector.submit([encode(Event("fault.tick", {"n": number}, {}))]).wait(PATIENCE_SECONDS)
            acked.add(number)
            most = max(most, collector.snapshot().buffered + collector.snapshot().in_flight)
            time.sleep(max(0.0, began + (tenth + 1) / 10 - time.monotonic()))
        grown = psutil.Process().memory_info().rss - memory
        counters, room = collector.snapshot(), look(tmp_path / "spool").size
        assert (counters.dropped, counters.balanced) == ({}, True)
        # The numbers that this test keeps are most of what it takes.
        assert grown < 100 * 2**20 + 200 * len(acked)
        assert most < 10_000
        assert room < 100 * counters.spooled + 4096
        back = time.monotonic()
        come_back(own_server)
        assert collector.flush(10 * PATIENCE_SECONDS)
        recovered = time.monotonic() - back
        assert collector.snapshot().balanced
        assert collector.snapshot().committed == len(acked)
    print(f"slowest execute {1000 * slowest:.1f} ms, {room / len(acked):.1f} bytes an event on disk")
    tell("PostgreSQL away, 500 events/s", f"{seconds:,} s", acked, dict(stored(own_server)), recovered)


PRODUCER = """
import sys
from pathlib import Path
from db.engine import Database
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event, encode
collector = Collector(Database(sys.argv[1]), flush_interval=0.05, spool=Path(sys.argv[2]))
collector.start()
for first in range(int(sys.argv[3]), 10**9, 20):
    try:
        collector.submit([encode(Event("fault.tick", {"n": n}, {})) for n in range(first, first + 20)]).wait(8)
    except Exception as error:
        print("refused", error, flush=True)
        break
    print(first, flush=True)
"""


def produce(database: Database, place: Path, first: int, batches: int, prelude: str = "") -> tuple[set[int], str]:
    """Let a process acknowledge so many batches and kill it in its work; what was acknowledged, and its last line."""
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    arguments = [sys.executable, "-c", prelude + PRODUCER, database.dsn(), place, str(first)]
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acked, last = set(), ""
    for last in process.stdout:
        if not last.strip().isdigit():
            break
        acked.update(range(int(last), int(last) + 20))
        if len(acked) >= 20 * batches:
            break
    process.send_signal(signal.SIGKILL)
    for line in process.stdout:
        if line.strip().isdigit():
            acked.update(range(int(line), int(line) + 20))
    process.wait()
    return acked, last


def test_a_process_that_is_killed_again_and_again_beside_a_database_that_is_away(
    own_server: Database, tmp_path: Path
) -> None:
    rounds, place = times(3, 60), tmp_path / "spool"
    kill_postgres(own_server)
    acked: set[int] = set()
    for number in range(rounds):
        acked |= produce(own_server, place, number * 10**6, 50)[0]
    # What was being written when it was killed may be there, too, and each next one has taken over from the last.
    assert look(place).orphans >= 1
    back = time.monotonic()
    come_back(own_server)
    with collecting(own_server, place) as heir:
        eventually(lambda: look(place).size == 0, "everything that was left is stored")
        recovered = time.monotonic() - back
        assert heir.snapshot().balanced
    tell("SIGKILL while PostgreSQL is away", f"{rounds} kills", acked, dict(stored(own_server)), recovered)


def test_killed_while_what_is_on_disk_is_stored(own_server: Database, tmp_path: Path) -> None:
    """What was stored of a file before the kill is not stored again."""
    place, acked = tmp_path / "spool", set()
    rounds = times(2, 20)
    for number in range(rounds):
        kill_postgres(own_server)
        acked |= produce(own_server, place, number * 10**6, 100)[0]
        come_back(own_server)
        acked |= produce(own_server, place, number * 10**6 + 500_000, 1)[0]
    back = time.monotonic()
    with collecting(own_server, place):
        eventually(lambda: look(place).size == 0, "everything that was left is stored")
    tell(
        "SIGKILL while the spool is stored", f"{rounds} kills", acked, dict(stored(own_server)), time.monotonic() - back
    )


# A disk that has room for so many bytes in all.
SMALL_DISK = """
import errno, os
left, write = 20_000, os.write
def write_what_fits(descriptor, data):
    global left
    if left < len(data):
        raise OSError(errno.ENOSPC, "No space left on device")
    left -= write(descriptor, data)
    return len(data)
os.write = write_what_fits
"""


def test_a_disk_without_room_acknowledges_nothing_that_it_did_not_take(own_server: Database, tmp_path: Path) -> None:
    place = tmp_path / "spool"
    kill_postgres(own_server)
    acked, last = produce(own_server, place, 0, 10**6, SMALL_DISK.replace("20_000", str(times(20_000, 10**6))))
    assert last.startswith("refused")
    back = time.monotonic()
    come_back(own_server)
    with collecting(own_server, place):
        eventually(lambda: look(place).size == 0, "everything that was left is stored")
    tell("disk of the spool full", "once", acked, dict(stored(own_server)), time.monotonic() - back)


def is_left(place: Path) -> bool:
    """Whether a process left a file that is not read yet."""
    try:
        return any(place.glob("*-*/*.spool"))
    except FileNotFoundError:
        return True  # a folder went meanwhile


def test_torn_and_flipped_files_cost_what_they_hold(own_server: Database, tmp_path: Path) -> None:
    """A file cut off or changed at any place: the batches that are whole arrive, once, and nothing else does."""
    place = tmp_path / "spool"
    kill_postgres(own_server)
    acked, _ = produce(own_server, place, 0, 30)
    (file,) = place.glob("*/*.spool")
    data = file.read_bytes()
    come_back(own_server)
    step = times(len(data) // 5, 7)
    for number, offset in enumerate(range(0, len(data), step)):
        folder = place / f"left-{number}"
        folder.mkdir(mode=0o700)
        flipped = bytearray(data)
        flipped[offset] ^= 1 << (offset % 8)
        (folder / "00000001.spool").write_bytes(flipped)
        (folder / "00000002.spool").write_bytes(data[:offset])
    back = time.monotonic()
    with collecting(own_server, place) as heir:
        eventually(lambda: heir.handover is not None and not is_left(place), "all is read", 600)
        assert heir.snapshot().balanced
    tell(
        "spool torn and bit-flipped",
        f"{2 * (number + 1)} files",
        acked,
        dict(stored(own_server)),
        time.monotonic() - back,
    )


def test_http_acknowledges_from_disk_and_the_next_start_stores_it(own_server: Database) -> None:
    """The whole application, told to end while its database is away."""
    with data_folder() as folder:
        with running(folder, DATABASE_URL=own_server.dsn()) as app:
            app.until_ready()
            kill_postgres(own_server)
            acked = {
                n
                for n in range(times(20, 500))
                if is_taken(app.post({"event_name": "fault.tick", "measurements": {"n": n}}))
            }
            assert "events wait on disk" in json.dumps(app.get("/readyz").json())
            assert b'events_waiting{state="spooled"}' in app.get("/metrics").content
            began = time.monotonic()
            assert app.end() == 0
            assert time.monotonic() - began < 20
        assert look(folder / "spool").size > 0
        back = time.monotonic()
        come_back(own_server)
        with running(folder, sys.executable, "-m", "metrics_dash", "worker", DATABASE_URL=own_server.dsn()):
            eventually(lambda: look(folder / "spool").size == 0, "the worker stores what was left")
            recovered = time.monotonic() - back
    tell("SIGTERM while PostgreSQL is away, over HTTP", "once", acked, dict(stored(own_server)), recovered)


def is_taken(answer: object) -> bool:
    return answer.status_code == 200  # type: ignore[attr-defined, no-any-return]
