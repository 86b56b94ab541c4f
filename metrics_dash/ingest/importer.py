"""Importing a file of events, one a line, straight into the database; safe to repeat.

The file is cut into batches at fixed lines, and a batch is named by its place and by everything up to its end. So the
same file imported again stores nothing, after an interruption only what was missing, and a file of other contents
everything. (A file that has grown is the same up to its last whole batch.)
"""

import gzip
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, cast
from uuid import UUID, uuid5

import orjson

from db.engine import Database
from db.faults import Fault, classify
from db.ledger import Batch, Written, days_of, write_batch_bisecting, write_batches
from db.partitions import ensure_partitions
from db.rows import InvalidEventError, Row
from metrics_dash.ingest.event import DAY_RETENTION, parse_row

BATCH_LINES = 5000
BATCH_BYTES = 8 * 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024

_BATCHES = UUID("0d3c7c0e-62f4-5a55-9a5d-6d9f2c1b8e40")
_GZIP_MAGIC = b"\x1f\x8b"

Reject = Callable[[int, str], None]
Progress = Callable[[int], None]


@dataclass(slots=True)
class ImportReport:
    """What became of the lines: ``stored`` now, ``repeated`` (stored by an earlier import), ``rejected``."""

    stored: int = 0
    repeated: int = 0
    rejected: int = 0


@dataclass(slots=True)
class _Lines:
    """Consecutive lines: the number of each that holds an event, and its row; the others were rejected."""

    batch_id: UUID
    numbers: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


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

    def rejected(line: int, reason: str) -> None:
        report.rejected += 1
        reject(line, reason)

    for lines in _batches(_opened(counted), keep, rejected):
        if lines.rows:
            _account(_store(database, Batch(lines.batch_id, lines.rows)), lines, report, rejected)
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


def _account(written: Written, lines: _Lines, report: ImportReport, reject: Reject) -> None:
    if written.replayed:
        report.repeated += len(lines.rows)
        return
    for index in written.too_old:
        reject(lines.numbers[index], "too_old: raw events of that time have been purged")
    for index, reason in written.quarantined:
        reject(lines.numbers[index], reason)
    report.stored += len(lines.rows) - len(written.too_old) - len(written.quarantined)


def _batches(stream: IO[bytes], keep: timedelta, reject: Reject) -> Iterator[_Lines]:
    """Cut the stream into batches at lines that depend on its contents alone."""
    contents = hashlib.sha256()
    number = 0
    while True:
        pending: list[tuple[int, bytes]] = []
        size = 0
        while len(pending) < BATCH_LINES and size < BATCH_BYTES:
            line = stream.readline(MAX_LINE_BYTES + 1)
            if not line:
                break
            number += 1
            contents.update(line)
            size += len(line)
            if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                _skip_line(stream)
                line = b""
                reject(number, f"the line is longer than {MAX_LINE_BYTES} bytes")
            pending.append((number, line))
        if not pending:
            return
        yield _parse(pending, uuid5(_BATCHES, f"{number}:{contents.hexdigest()}"), keep, reject)


def _skip_line(stream: IO[bytes]) -> None:
    while (part := stream.readline(MAX_LINE_BYTES)) and not part.endswith(b"\n"):
        pass


def _parse(pending: list[tuple[int, bytes]], batch_id: UUID, keep: timedelta, reject: Reject) -> _Lines:
    now = datetime.now(UTC)
    lines = _Lines(batch_id)
    for number, line in pending:
        if not line.strip():
            continue
        try:
            lines.rows.append(parse_row(orjson.loads(line), now, keep))
        except orjson.JSONDecodeError as error:
            reject(number, f"not JSON: {error}")
        except InvalidEventError as error:
            reject(number, str(error))
        else:
            lines.numbers.append(number)
    return lines


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
    """The stream inflated where it is gzip, which its first bytes tell."""
    buffered = io.BufferedReader(source, buffer_size=256 * 1024)
    if buffered.peek(2)[:2] == _GZIP_MAGIC:
        return cast(IO[bytes], gzip.GzipFile(fileobj=buffered))
    return buffered
