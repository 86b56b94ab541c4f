"""Importing NDJSON: everything once, bad lines named, memory bounded."""

import gzip
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from db.engine import Database
from metrics_dash.ingest import importer
from metrics_dash.ingest.importer import ImportReport, import_events

YESTERDAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


def lines_of(count: int, first: int = 0) -> bytes:
    events = (
        {
            "event_name": "test.imported",
            "measurements": {"number": number},
            "occurred_at": (YESTERDAY + timedelta(seconds=number)).isoformat(),
        }
        for number in range(first, first + count)
    )
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def stored(database: Database) -> list[float]:
    with database.reading() as connection:
        found = connection.execute(text("SELECT (measurements->>'number')::float FROM telemetry_events ORDER BY 1"))
        return list(found.scalars())


def run(database: Database, contents: bytes) -> tuple[ImportReport, list[tuple[int, str]]]:
    rejected: list[tuple[int, str]] = []
    report = import_events(io.BytesIO(contents), database, reject=lambda line, reason: rejected.append((line, reason)))
    return report, rejected


IN_EVERY_VERSION = importer.BATCH_LINES


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "BATCH_LINES", 10)


def test_a_file_is_cut_and_named_alike_in_every_version(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a file that is imported again after an update is stored twice."""
    monkeypatch.setattr(importer, "BATCH_LINES", IN_EVERY_VERSION)
    long_lines = b"".join(b"x" * 500_000 + b"\n" for _ in range(17))
    run(database, b"{}\n" * 5000 + long_lines + b"y" * 2_000_000 + b"\nend")
    with database.reading() as connection:
        found = connection.execute(text("SELECT batch_id FROM ingest_batches")).scalars()
        assert {str(each) for each in found} == {
            "564ec35f-8645-5cd1-baea-2efeba69e666",
            "ea6deb2a-735f-5785-9162-524059241ab5",
            "f666064c-8ddb-5187-be9e-e02c198be630",
        }


def test_every_line_is_stored(database: Database) -> None:
    report, rejected = run(database, lines_of(25))
    assert report == ImportReport(stored=25)
    assert not rejected
    assert stored(database) == list(range(25))


def test_the_same_file_again_stores_nothing(database: Database) -> None:
    run(database, lines_of(25))
    assert run(database, lines_of(25))[0] == ImportReport(repeated=25)
    assert len(stored(database)) == 25


def test_an_interrupted_import_goes_on_where_it_ended(database: Database) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            part = super().read(size)
            if not part:
                raise ConnectionResetError
            return part

    with pytest.raises(ConnectionResetError):
        import_events(Broken(lines_of(20) + b'{"event_name": "test.imp'), database)
    interrupted = len(stored(database))
    report, _ = run(database, lines_of(25))
    assert report == ImportReport(stored=25 - interrupted, repeated=interrupted)
    assert stored(database) == list(range(25))


def test_equal_lines_at_other_places_are_other_events(database: Database) -> None:
    assert run(database, lines_of(10) * 2)[0].stored == 20


def test_gzip_is_recognised(database: Database) -> None:
    assert run(database, gzip.compress(lines_of(12)))[0].stored == 12


def test_a_file_zipped_or_not_is_the_same_file(database: Database) -> None:
    run(database, lines_of(12))
    assert run(database, gzip.compress(lines_of(12)))[0].repeated == 12


def test_bad_lines_are_named_and_the_others_stored(database: Database) -> None:
    contents = lines_of(3) + b"not json\n\n" + b'{"event_name": "BAD"}\n' + lines_of(1, first=3)
    report, rejected = run(database, contents)
    assert report == ImportReport(stored=4, rejected=2)
    assert [line for line, _ in rejected] == [4, 6]
    assert "JSON" in rejected[0][1]
    assert "'BAD'" in rejected[1][1]


def test_an_endless_line_is_skipped(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "MAX_LINE_BYTES", 200)
    report, rejected = run(database, lines_of(1) + b"x" * 1000 + b"\n" + lines_of(1, first=1))
    assert report == ImportReport(stored=2, rejected=1)
    assert rejected[0][0] == 2
    assert "longer than 200 bytes" in rejected[0][1]


def test_events_below_the_floor_of_days_are_reported_as_too_old(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(
            text("UPDATE retention_floors SET ingest_floor = :floor"),
            {"floor": YESTERDAY + timedelta(seconds=1)},
        )
    report, rejected = run(database, lines_of(3))
    assert report == ImportReport(stored=2, rejected=1)
    assert rejected == [(1, "too_old: buckets of that time have been purged")]


def test_progress_ends_at_the_size_of_the_file(database: Database) -> None:
    contents = gzip.compress(lines_of(25))
    sizes: list[int] = []
    import_events(io.BytesIO(contents), database, progress=sizes.append)
    assert sizes[-1] == len(contents)


def test_a_refused_line_is_refused_again_and_not_called_stored_before(database: Database) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5, seconds=30)
    early = json.dumps({"event_name": "test.early", "occurred_at": soon.isoformat()}).encode() + b"\n"
    with database.begin() as connection:
        connection.execute(
            text("UPDATE retention_floors SET ingest_floor = :floor"),
            {"floor": YESTERDAY + timedelta(seconds=1)},
        )
        connection.execute(text("ALTER TABLE telemetry_events ADD CHECK (measurements <> '{\"number\": 2}')"))
    contents = lines_of(3) + b"not json\n" + early
    first, rejected = run(database, contents)
    assert first == ImportReport(stored=1, rejected=4)
    assert [line for line, _ in rejected] == [1, 3, 4, 5]
    with database.begin() as connection:
        # Whatever would be taken now: the answer is the ledger's.
        connection.execute(text("UPDATE retention_floors SET ingest_floor = '-infinity'"))
    again, rejected_again = run(database, contents)
    assert again == ImportReport(repeated=1, rejected=4)
    assert rejected_again == rejected


def test_a_file_of_refused_lines_only_is_refused_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=6)
    early = json.dumps({"event_name": "test.early", "occurred_at": soon.isoformat()}).encode()
    first = run(database, early)
    monkeypatch.setattr("metrics_dash.ingest.event.MAX_AHEAD", timedelta(hours=1))
    assert run(database, early) == first
    assert first[0] == ImportReport(rejected=1)
    assert stored(database) == []


def test_an_import_respects_the_quota_of_names(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(
            text("INSERT INTO event_names (event_name) SELECT 'old.n' || n FROM generate_series(1, 998) n")
        )
    names = ["test.a", "test.b", "test.c", "old.n7", "test.a"]
    contents = b"".join(json.dumps({"event_name": name}).encode() + b"\n" for name in names)
    for _ in range(2):
        report, rejected = run(database, contents)
        assert (report.stored + report.repeated, report.rejected) == (4, 1)
        assert [line for line, _ in rejected] == [3]
        assert "name_quota" in rejected[0][1]


def test_a_million_lines_of_nonsense_are_not_a_million_sentences(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "BATCH_LINES", 1000)
    for _ in range(2):
        report, rejected = run(database, b"nonsense\n" * 1000)
        assert report == ImportReport(rejected=1000)
        assert [line for line, _ in rejected] == list(range(1, 1001))
        assert {reason for _, reason in rejected[100:]} == {"invalid"}
