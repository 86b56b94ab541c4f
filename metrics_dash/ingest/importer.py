"""Importing a file of events, one a line, straight into the database; safe to repeat.

The file is cut into batches at fixed lines, and a batch is named by its place and by everything up to its end. So the
same file imported again stores nothing, after an interruption only what was missing, and a file of other contents
everything. (A file that has grown is the same up to its last whole batch.) What was refused of a batch is read back
from the ledger, so the same file imported again names the same lines.
"""

import gzip
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, cast
from uuid import UUID, uuid5

import orjson

from db.batches import Batch, Written, days_of
from db.engine import Database
from db.faults import Fault, classify
from db.ledger import write_batch_bisecting, write_batches
from db.partitions import ensure_partitions
from metrics_dash.ingest.event import DAY_RETENTION, MAX_EVENT_BYTES, MalformedEvent
from metrics_dash.ingest.pieces import Piece

# Part of the identity of every batch: with other numbers a file that was imported would be stored again.
BATCH_LINES = 5000
BATCH_BYTES = 8 * 1024 * 1024
MAX_LINE_BYTES = MAX_EVENT_BYTES

_BATCHES = UUID("0d3c7c0e-62f4-5a55-9a5d-6d9f2c1b8e40")
_GZIP_MAGIC = b"\x1f\x8b"

Reject = Callable[[int, str], None]
Progress = Callable[[int], None]


@dataclass(slots=True)
class ImportReport:
    """What became of the lines: ``stored`` now, ``repeated`` (stored by an earlier import), ``rejected`` by either."""

    stored: int = 0
    repeated: int = 0
    rejected: int = 0


def import_events(
    source: IO[bytes],
    database: Database,
    *,
    keep: timedelta = DAY_RETENTION,
    reject: Reject = lambda line, reason: None,
    progress: Progress = lambda size: None,
) -> ImportReport:
    """Store the events of ``source``: NDJSON, plain or gzip.

    ``keep`` is how old an event may be. ``reject(line, reason)`` hears of each line that can't be stored, counted from
    1; ``progress`` of each batch, as the bytes read of ``source``. Raises what the driver raises when the database is
    away; importing again goes on where this ended.
    """
    counted = _Counted(source)
    report = ImportReport()
    for batch in _batches(_opened(counted), keep):
        _account(_store(database, batch), batch, report, reject)
        progress(counted.read_bytes)
    progress(counted.read_bytes)
    return report


def _store(database: Database, batch: Batch) -> Written:
    ensure_partitions(database, days_of([batch]))
    try:
        with database.begin() as connection:
            return write_batches(connection, [batch])[0]
    except Exception as error:
        if classify(error) is not Fault.DATA:
            raise
    with database.begin() as connection:
        return write_batch_bisecting(connection, batch)


def _account(written: Written, batch: Batch, report: ImportReport, reject: Reject) -> None:
    for line, reason in written.refused:
        reject(line, reason)
    taken = len(batch.rows) + len(batch.refused) - len(written.refused)
    report.rejected += len(written.refused)
    if written.replayed:
        report.repeated += taken
    else:
        report.stored += taken


def _batches(stream: IO[bytes], keep: timedelta) -> Iterator[Batch]:
    """Cut the stream into batches at lines that depend on its contents alone."""
    contents = hashlib.sha256()
    number = 0
    while True:
        piece, now = Piece(), datetime.now(UTC)
        first, size = number, 0
        while number - first < BATCH_LINES and size < BATCH_BYTES:
            line = stream.readline(MAX_LINE_BYTES + 1)
            if not line:
                break
            number += 1
            contents.update(line)
            size += len(line)
            if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                _skip_line(stream)
            if event := _decoded(line):
                piece.take(number, *event, now, keep)
        if number == first:
            return
        if len(piece):
            yield piece.batch(uuid5(_BATCHES, f"{number}:{contents.hexdigest()}"), contents.digest())


def _decoded(line: bytes) -> tuple[object] | None:
    """Return the event in the line, or what is wrong with it; None for a blank one."""
    if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
        return (MalformedEvent(f"the line is longer than {MAX_LINE_BYTES} bytes"),)
    if not line.strip():
        return None
    try:
        return (orjson.loads(line),)
    except orjson.JSONDecodeError as error:
        return (MalformedEvent(f"not JSON: {error}"),)


def _skip_line(stream: IO[bytes]) -> None:
    while (part := stream.readline(MAX_LINE_BYTES)) and not part.endswith(b"\n"):
        pass


class _Counted(io.RawIOBase):
    """A stream that knows how much of it has been read."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.read_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        part = self._source.read(len(buffer))
        buffer[: len(part)] = part
        self.read_bytes += len(part)
        return len(part)


def _opened(source: _Counted) -> IO[bytes]:
    """Return the stream inflated where it is gzip, which its first bytes tell."""
    buffered = io.BufferedReader(source, buffer_size=256 * 1024)
    if buffered.peek(2)[:2] == _GZIP_MAGIC:
        return cast(IO[bytes], gzip.GzipFile(fileobj=buffered))
    return buffered
