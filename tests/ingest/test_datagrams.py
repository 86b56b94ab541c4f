"""StatsD's sockets: nothing that comes ends the thread, what is lost is counted, and a path is taken over."""

import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database
from metrics_dash.ingest import datagrams
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.datagrams import Datagrams
from metrics_dash.ingest.formats.statsd import Note
from tests.support.processes import eventually


@contextmanager
def receiving(collector: Collector, **options: Any) -> Iterator[Datagrams]:
    given = {"address": ("127.0.0.1", 0), "path": None, "keep": timedelta(days=1), **options}
    receiver = Datagrams(lambda: collector, **given)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


@pytest.fixture
def collector(database: Database) -> Iterator[Collector]:
    made = Collector(database, flush_interval=0.1)
    made.start()
    yield made
    made.stop(5)


def send(receiver: Datagrams, *sent: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for each in sent:
            sock.sendto(each, ("127.0.0.1", receiver.port))


def stored(database: Database) -> list[Any]:
    with database.reading() as connection:
        found = connection.execute(
            text(
                "SELECT event_name, measurements, weight, kind FROM telemetry_events "
                "WHERE event_name NOT LIKE 'metrics_dash.%' ORDER BY id"
            )
        )
        return [tuple(row) for row in found]


def test_lines_are_stored_and_malformed_ones_stop_nothing(database: Database, collector: Collector) -> None:
    with receiving(collector) as receiver:
        send(receiver, b"a:1|c", os.urandom(500), b"", b"\xff|\n" * 100, b"a:5|ms|@0.5\nnonsense\nb:3|g")
        eventually(lambda: receiver.counts.received == 5, "all datagrams are received")
    assert collector.flush(10)
    assert stored(database) == [
        ("a", {"value": 1}, 1, "delta"),
        ("a", {"duration_ms": 5}, 2, "event"),
        ("b", {"value": 3}, 1, "sample"),
    ]
    assert receiver.counts.malformed >= 102
    books = collector.snapshot()
    assert books.rejected == receiver.counts.malformed
    assert books.balanced


def test_what_has_come_before_the_end_is_stored(database: Database, collector: Collector) -> None:
    with receiving(collector) as receiver:
        send(receiver, *[b"a:1|c"] * 50)
    assert collector.flush(10)
    assert len(stored(database)) == 50


def test_notes_that_say_nothing_or_of_a_time_that_is_not_kept_are_refused(collector: Collector) -> None:
    noted: list[Note] = []
    with receiving(collector, annotate=noted.extend) as receiver:
        send(receiver, b"_e{0,0}:|", b"_e{2,1}:  | ", b"_e{1,1}:a|b|d:0", b"_e{1,1}:c|d")
        eventually(lambda: receiver.counts.received == 4, "all are read")
    assert [note.title for note in noted] == ["c"]
    assert (receiver.counts.notes, receiver.counts.malformed) == (1, 3)


def test_what_the_kernel_dropped_is_counted(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "RECEIVE_BUFFER", 4096)
    held, go = threading.Event(), threading.Event()

    def annotate(notes: Sequence[Note]) -> None:
        held.set()
        go.wait(60)

    with receiving(collector, annotate=annotate) as receiver:
        send(receiver, b"_e{1,1}:a|b")
        assert held.wait(60)
        send(receiver, *[b"a:1|c|#" + b"x" * 1000] * 200)
        go.set()
        # The kernel says how many beside the next one that it delivers.
        eventually(lambda: (send(receiver, b"a:1|c"), receiver.counts.dropped)[1] > 0, "drops are told")
        assert receiver.counts.dropped < 200
        assert receiver.counts.notes == 1


def test_events_without_room_are_counted_as_lost(database: Database) -> None:
    full = Collector(database, buffer_events=1)
    full.submit([("a.b", b'{},"",{}', 0)])
    with receiving(full) as receiver:
        send(receiver, *[b"a:1|c"] * 3)
        eventually(lambda: receiver.counts.lost == 3, "they are counted")


def test_no_more_rows_are_held_than_are_handed_over_at_once(database: Database) -> None:
    idle = Collector(database)
    receiver = Datagrams(lambda: idle, address=None, path=None, keep=timedelta(days=1))
    receiver.take(b"a:1|c\n" * (2 * datagrams.ROWS + 1))
    assert idle.snapshot().buffered == 2 * datagrams.ROWS


def test_a_path_is_listened_at_by_one_and_taken_over_when_that_ends(
    database: Database, collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagrams, "BIND_SECONDS", 0.0)
    path = tmp_path / "s"

    def say() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.connect(str(path))
            sock.send(b"a:1|c")

    with receiving(collector, address=None, path=path) as first:
        eventually(path.exists, "it is there")
        with receiving(collector, address=None, path=path) as second:
            say()
            eventually(lambda: first.counts.received == 1, "the first has it")
            assert second.alive
            first.stop()
            eventually(path.exists, "the second has it")
            say()
            eventually(lambda: second.counts.received == 1, "the second takes over")
    assert not path.exists()


def test_a_path_that_a_killed_process_left_is_taken(collector: Collector, tmp_path: Path) -> None:
    path = tmp_path / "s"
    left = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.bind(str(path))
    left.close()
    with receiving(collector, address=None, path=path) as receiver:
        eventually(lambda: bool(receiver._sockets), "it listens")


@pytest.mark.parametrize("there", ["file", "folder", "no folder"])
def test_a_path_that_can_t_be_listened_at_is_said_and_stays_as_it_is(
    collector: Collector, tmp_path: Path, there: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = {"file": tmp_path / "file", "folder": tmp_path, "no folder": tmp_path / "none" / "s"}[there]
    if there == "file":
        path.write_text("precious")
    with caplog.at_level(logging.ERROR), receiving(collector, address=None, path=path) as receiver:
        eventually(lambda: receiver.problem is not None, "it is said")
        assert str(path) in (receiver.problem or "")
        assert receiver.alive
    assert caplog.messages[0].startswith("METRICS_STATSD_SOCKET: can't listen at ")
    assert len(caplog.messages) == 1
    assert there != "file" or path.read_text() == "precious"


def test_a_worker_that_another_one_outran_complains_of_nothing(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, bound, outran = tmp_path / "s", datagrams._bound, list[socket.socket]()

    def late(sock: socket.socket, address: object) -> socket.socket:
        if not outran:
            outran.append(bound(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), os.fspath(path)))
        return bound(sock, address)

    monkeypatch.setattr(datagrams, "BIND_SECONDS", 0.0)
    monkeypatch.setattr(datagrams, "_bound", late)
    complaints: list[str] = []
    monkeypatch.setattr(Datagrams, "_complain", lambda self, problem: complaints.append(problem))
    with receiving(collector, address=None, path=path) as receiver:
        eventually(lambda: bool(outran), "the other one is first")
        outran[0].close()
        eventually(lambda: bool(receiver._sockets), "it takes over")
    assert complaints == []


def test_a_path_is_listened_at_as_soon_as_it_can_be(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagrams, "BIND_SECONDS", 0.0)
    path = tmp_path / "s"
    path.write_text("in the way")
    with receiving(collector, address=None, path=path) as receiver:
        eventually(lambda: receiver.problem is not None, "it is said")
        path.unlink()
        eventually(lambda: bool(receiver._sockets), "it listens")
        assert receiver.problem is None
        path.unlink()
        path.write_text("in its place")
    assert path.read_text() == "in its place"


def test_an_address_of_somebody_else_is_said(collector: Collector) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        receiver = Datagrams(
            lambda: collector, address=("127.0.0.1", other.getsockname()[1]), path=None, keep=timedelta(days=1)
        )
        with pytest.raises(OSError, match=r"METRICS_STATSD_ADDRESS: can't listen at 127.0.0.1:\d+ .*in use"):
            receiver.start()
        assert not receiver.alive
