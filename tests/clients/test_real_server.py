"""The client against the application itself: another process, with a PostgreSQL of its own."""

import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from metrics_dash_client import Client, rules
from metrics_dash_client.batch import Batch
from metrics_dash_client.endpoint import parse_endpoint
from metrics_dash_client.events import take
from metrics_dash_client.transport import Transport

from db import rows
from tests.clients.conftest import Store
from tests.clients.programs import program
from tests.support.processes import data_folder, running


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as made:
        yield made


def test_events_are_stored_as_they_were_emitted(real: Store) -> None:
    odd = '日本語 \u2028 \x01 "quoted" \\ 🎲'
    with Client(real.url) as client:
        before = datetime.now(UTC)
        assert client.execute("test.value", {"ms": 1.5, "n": 3, "big": 2**70}, {"odd": odd, "ok": True, "gone": None})
        with client.span("test.span", {"zone": 7}):
            pass
        assert client.flush(30)
        assert client.stats().accepted == 2
    [value] = real.rows("test.value")
    assert value.measurements == {"ms": 1.5, "n": 3, "big": float(2**70)}
    assert value.metadata == {"odd": odd, "ok": True, "gone": None}
    assert before - timedelta(milliseconds=1) <= value.occurred_at <= datetime.now(UTC)
    [span] = real.rows("test.span")
    assert (list(span.measurements), span.metadata) == (["duration_ms"], {"zone": 7})


def test_thousands_of_events_of_several_threads_are_stored_once(real: Store) -> None:
    with Client(real.url, batch_events=300) as client:
        threads = [
            threading.Thread(target=lambda: [client.execute("test.many", {"n": n}) for n in range(1000)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert client.flush(60)
        assert client.stats().accepted == 4000
    stored = real.rows("test.many")
    assert len(stored) == 4000
    assert sum(row.measurements["n"] for row in stored) == 4 * sum(range(1000))


def test_what_the_server_refuses_is_counted_by_its_reason_and_the_rest_is_stored(real: Store) -> None:
    now = datetime.now(UTC)
    with Client(real.url) as client:
        assert client.execute("test.timed", occurred_at=now - timedelta(days=400))
        assert client.execute("test.timed", occurred_at=now + timedelta(hours=1))
        assert client.execute("test.timed", occurred_at=now - timedelta(hours=1))
        assert client.flush(30)
        assert dict(client.stats().refused) == {"too_old": 1, "occurred_at": 1}
        assert client.stats().accepted == 1
        assert client.stats().balanced
    [stored] = real.rows("test.timed")
    assert stored.occurred_at == now - timedelta(hours=1)


def test_a_batch_that_is_sent_again_is_stored_once(real: Store) -> None:
    batch = Batch.seal([take("test.again", {"n": n}, None, None) for n in range(3)], 0)
    transport = Transport(parse_endpoint(real.url), None)
    answers = [transport.post(batch.body, batch.key, 30) for _ in range(2)]
    transport.close()
    assert [answer.status for answer in answers] == [200, 200]
    assert len(real.rows("test.again")) == 3


def test_a_server_that_is_killed_and_comes_back_has_every_event_once(folder: Path) -> None:
    with running(folder) as app:
        app.until_ready()
        with Client(app.url, batch_events=10, flush_interval=0.01) as client:
            for number in range(200):
                assert client.execute("test.survivor", {"n": number})
                if number == 100:
                    app.end(signal.SIGKILL)
            with running(folder, port=app.port) as again:
                again.until_ready()
                assert client.flush(60)
                assert client.stats().accepted == 200
                assert client.stats().balanced
                stored = Store(folder, again).rows("test.survivor")
                assert sorted(row.measurements["n"] for row in stored) == list(range(200))
                again.end()


def test_a_program_that_ends_at_once_has_its_events_stored(real: Store) -> None:
    program(
        "from metrics_dash_client import execute\nfor n in range(1500): assert execute('test.program', {'n': n})",
        METRICS_URL=real.url,
    )
    assert len(real.rows("test.program")) == 1500


def test_the_clients_rules_are_the_servers() -> None:
    for limit in ("EVENT_NAME", "MAX_NAME_LENGTH", "MAX_MEASUREMENTS", "MAX_JSON_BYTES"):
        assert getattr(rules, limit) == getattr(rows, limit)
