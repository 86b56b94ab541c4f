"""Bodies that are cut off, too long, or of two lengths, on sockets of their own to each of the real servers."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from db.engine import Database
from tests.support.processes import Process, data_folder, running
from tests.support.wire import chunk, head, talk

SERVERS = {
    "waitress": (),
    "gunicorn": (sys.executable, "-m", "gunicorn", "-w", "2", "app:server"),
}
THOUSAND = b'{"event_name": "test.cut"}\n' * 1000
CHUNKED = "Transfer-Encoding: chunked"


@contextmanager
def served(name: str, folder: Path) -> Iterator[Process]:
    with running(folder, *SERVERS[name]) as app:
        app.until_ready()
        yield app
        assert "Traceback" not in app.output
        app.end()


@pytest.fixture(scope="module", params=SERVERS)
def folder(request: pytest.FixtureRequest) -> Iterator[tuple[str, Path]]:
    with data_folder() as made:
        yield request.param, made


@pytest.fixture(scope="module")
def app(folder: tuple[str, Path]) -> Iterator[Process]:
    with served(*folder) as started:
        yield started


@pytest.fixture
def store(folder: tuple[str, Path], app: Process) -> Iterator[Database]:
    database = Database(data_dir=folder[1])
    database.start()
    with database.begin() as connection:
        # Rows, and not TRUNCATE: its lock on the whole table meets those of the application, which goes on working.
        connection.execute(text("DELETE FROM telemetry_events"))
        connection.execute(text("DELETE FROM ingest_batches"))
    yield database
    database.dispose()


def count(database: Database) -> int:
    with database.reading() as connection:
        # The application tells once a minute what came: that is none of ours.
        counted = text("SELECT count(*) FROM telemetry_events WHERE event_name NOT LIKE 'metrics_dash.%'")
        return int(connection.execute(counted).scalar_one())


HALF = THOUSAND[: 27 * 300]
CUT = {
    "after a third": (head(f"Content-Length: {len(THOUSAND)}"), HALF),
    "in the middle of a line": (head(f"Content-Length: {len(THOUSAND)}"), HALF + b'{"event_n'),
    "before its last byte": (head(f"Content-Length: {len(THOUSAND)}"), THOUSAND[:-1]),
    "before its first byte": (head(f"Content-Length: {len(THOUSAND)}"),),
    "after a chunk": (head(CHUNKED), chunk(HALF)),
    "within a chunk": (head(CHUNKED), chunk(THOUSAND)[:9000]),
    "within the size of a chunk": (head(CHUNKED), chunk(HALF) + b"1"),
    "before the end of the trailers": (head(CHUNKED), chunk(HALF) + b"0\r\n"),
    "within the trailers": (head(CHUNKED), chunk(HALF) + b"0\r\nX-Sum: 1\r\n"),
    "before the first chunk": (head(CHUNKED),),
    "as one JSON document": (head("Content-Length: 500", kind="application/json"), b'[{"event_name": "test.cut"}]'),
}


@pytest.mark.parametrize("cut", CUT)
def test_a_body_that_is_cut_off_is_400_and_stores_nothing(app: Process, store: Database, cut: str) -> None:
    answer = talk(app, *CUT[cut])
    assert answer is not None
    assert answer.status == 400, answer
    assert "nothing was stored" in answer.json["error"]
    assert count(store) == 0


def test_a_body_that_was_cut_off_is_stored_whole_when_it_comes_again_under_its_key(
    app: Process, store: Database
) -> None:
    headers = head(f"Content-Length: {len(THOUSAND)}", "Idempotency-Key: night 7", "Connection: close")
    cut, whole, again = talk(app, headers, HALF), talk(app, headers, THOUSAND), talk(app, headers, THOUSAND)
    assert cut is not None
    assert whole is not None
    assert again is not None
    assert (cut.status, whole.status, again.status) == (400, 200, 200)
    assert whole.json == again.json == {"accepted": 1000, "rejected": []}
    assert count(store) == 1000


def test_requests_that_race_under_one_key_store_it_once_and_are_answered_alike(app: Process, store: Database) -> None:
    """Of gunicorn's two workers each holds a transaction of its own; who comes second waits for the first's end."""
    headers = head(f"Content-Length: {len(THOUSAND)}", "Idempotency-Key: race")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: talk(app, headers, THOUSAND), range(8)))
    assert [answer and (answer.status, answer.json) for answer in answers] == [
        (200, {"accepted": 1000, "rejected": []})
    ] * 8
    assert count(store) == 1000


def test_a_sender_that_says_no_more_comes_gets_the_answer_to_what_it_sent_whole(app: Process, store: Database) -> None:
    for parts in (
        (head(f"Content-Length: {len(THOUSAND)}"), THOUSAND),
        (head(CHUNKED), chunk(HALF), chunk(THOUSAND[len(HALF) :]), b"0\r\n\r\n"),
        (head(CHUNKED), chunk(THOUSAND, b";a=b"), b"0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"),
    ):
        answer = talk(app, *parts)
        assert answer is not None
        assert (answer.status, answer.json) == (200, {"accepted": 1000, "rejected": []})
    assert count(store) == 3000


def test_what_follows_a_body_is_no_part_of_it(app: Process, store: Database) -> None:
    line = THOUSAND[:27]
    answer = talk(app, head(f"Content-Length: {len(line)}"), line + THOUSAND)
    assert answer is not None
    assert (answer.status, answer.json["accepted"]) == (200, 1)
    assert answer.rest.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")) or not answer.rest
    assert count(store) == 1


@pytest.mark.parametrize(
    "lengths",
    [
        ("Content-Length: 27", "Content-Length: 54"),
        ("Content-Length: 27, 54",),
        ("Content-Length: -27",),
        ("Content-Length: +27",),
        ("Content-Length: 0x1b",),
        ("Content-Length: 27 27",),
        ("Content-Length: nonsense",),
        ("Content-Length: 27", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: chunked, gzip",),
        ("Transfer-Encoding: xchunked",),
    ],
)
def test_lengths_that_contradict_each_other_or_are_none_are_refused(
    app: Process, store: Database, lengths: tuple[str, ...]
) -> None:
    answer = talk(app, head(*lengths), THOUSAND[:27])
    assert answer is not None
    assert answer.status in (400, 411, 501), answer
    assert count(store) == 0


@pytest.mark.parametrize(
    "chunks",
    [
        b"nonsense\r\n",
        b"-5\r\nhello\r\n",
        b"5\r\nhello world\r\n0\r\n\r\n",
        b"5hello\r\n",
        b"5\nhello\n0\n\n",
        b";\r\n",
    ],
)
def test_malformed_chunks_are_400_and_store_nothing(app: Process, store: Database, chunks: bytes) -> None:
    answer = talk(app, head(CHUNKED), chunk(HALF) + chunks)
    assert answer is not None
    assert answer.status == 400, answer
    assert count(store) == 0
