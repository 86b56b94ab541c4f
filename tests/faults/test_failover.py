"""The primary is lost and its replica takes over: what was acknowledged is there, if replication is synchronous."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from db.engine import Database
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support import replicas
from tests.support.processes import Process, eventually, running
from tests.support.replicas import Server

FAST = {"METRICS_ROLLUP_INTERVAL": "1", "METRICS_REFRESH_INTERVAL": "1", "METRICS_FLUSH_INTERVAL": "1"}


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    with replicas.pair() as (primary, replica):
        # No COMMIT is answered before the replica has it on its disk.
        primary.do("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.do("SELECT pg_reload_conf()")
        synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        eventually(lambda: primary.do(synchronous), "the replica is synchronous")
        yield primary, replica


@pytest.fixture
def app(servers: tuple[Server, Server], tmp_path: Path) -> Iterator[Process]:
    """The application with an address that names both, and takes whichever can be written to."""
    hosts = "&".join(f"host={each.sockets}:{each.port}" for each in servers)
    url = f"postgresql://postgres@/postgres?{hosts}&target_session_attrs=read-write"
    with running(tmp_path, DATABASE_URL=url, **FAST) as started:
        started.until_ready()
        yield started


class Sender(threading.Thread):
    """Sends one batch after the other; one without an answer is sent again under its key, as senders do."""

    def __init__(self, app: Process) -> None:
        super().__init__(daemon=True)
        self._app = app
        self.stop = threading.Event()
        self.issued = self.acknowledged = 0

    def run(self) -> None:
        while not self.stop.is_set():
            self.issued += 1
            while not self._sent(self.issued) and not self.stop.is_set():
                pass

    def _sent(self, batch: int) -> bool:
        with suppress(requests.RequestException):
            answer = self._app.post([{"event_name": "test.kept"}] * 10, headers={"Idempotency-Key": f"batch {batch}"})
            if answer.status_code == 200:
                self.acknowledged += 1
                return True
        return False


def test_what_was_acknowledged_survives_a_failover_to_a_synchronous_replica_once(
    servers: tuple[Server, Server], app: Process
) -> None:
    primary, replica = servers
    sender = Sender(app)
    sender.start()
    eventually(lambda: sender.acknowledged >= 10, "events are taken")
    primary.stop()  # at once, as a machine is lost
    before = sender.acknowledged
    replica.do("ALTER SYSTEM SET synchronous_standby_names = ''")
    replica.do("SELECT pg_promote()")
    eventually(lambda: sender.acknowledged > before + 10, "the new primary takes events")
    sender.stop.set()
    sender.join()
    assert app.end() == 0, app.output
    promoted = Database(replica.url)
    with promoted.reading() as connection:
        stored = text("SELECT count(*) FROM telemetry_events WHERE event_name = 'test.kept'")
        assert connection.execute(stored).scalar_one() in (sender.acknowledged * 10, sender.issued * 10)
    roll_up_all(promoted)
    assert audit(promoted) == []
    promoted.dispose()
