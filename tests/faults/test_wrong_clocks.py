"""Clocks that leap (libfaketime): days ahead for some seconds, and nothing is dropped, no floor rises, events go on."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from db.embedded import _ENVIRONMENT
from db.engine import Database
from db.floors import read_floors
from tests.support import oracle
from tests.support.faults import tell, times
from tests.support.oracle import TICK
from tests.support.processes import ROOT, Process, data_folder, eventually, running

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
pytestmark = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed (Debian: apt install faketime)")
OLD, NEW = "test.old", "test.new"


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as made:
        yield made


class Clock:
    """The clock of the processes that get ``environment``; what it is ahead can be set while they run."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set("+0")

    def set(self, ahead: str) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead}\n")
        new.chmod(0o644)
        new.replace(self._file)

    @property
    def environment(self) -> dict[str, str]:
        """It goes with a ``DATABASE_URL``: under this library Python can't sleep, as who starts a server must."""
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            # Setting a clock does not touch the monotonic one.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def command(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "metrics_dash", *arguments],
        cwd=ROOT,
        env={**os.environ, "METRICS_DATA_DIR": str(folder), "COLUMNS": "250", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def counted(database: Database) -> dict[str, int]:
    with database.reading() as connection:
        rows = connection.execute(text("SELECT event_name, count(*) FROM telemetry_events GROUP BY 1"))
        return {name: events for name, events in rows if name in (OLD, NEW)}


def has_no_floor(database: Database) -> bool:
    with database.begin() as connection:
        return {floor.ingest for floor in read_floors(connection).values()} == {None}


def age_the_batches(database: Database) -> None:
    """So that nobody is taken for importing history."""
    with database.begin() as connection:
        connection.execute(text("UPDATE ingest_batches SET committed_at = committed_at - interval '1 hour'"))


def feed(app: Process, database: Database) -> None:
    app.until_ready()
    assert app.post([{"event_name": OLD}] * 10).json()["accepted"] == 10
    age_the_batches(database)


def test_a_machine_whose_clock_leaps_five_days_ahead_of_the_database_purges_nothing(folder: Path) -> None:
    clock = Clock(folder)
    database = Database(data_dir=folder)
    database.start()  # by this process, whose clock is right
    try:
        environment = {**clock.environment, "DATABASE_URL": database.dsn()}
        with running(folder, METRICS_REFRESH_INTERVAL="1", **environment) as app:
            feed(app, database)
            clock.set("+5d")
            purged = command(folder, "purge", **environment)
            assert purged.returncode == 1, purged.stdout + purged.stderr
            assert "this machine's clock is 5 days ahead of the database's" in purged.stdout
            doctor = command(folder, "doctor", **environment)
            assert "this machine's clock is 5 days ahead of the database's" in doctor.stdout
            answer = app.get("/readyz")
            assert answer.status_code == 200
            assert any("5 days ahead" in warning for warning in answer.json()["warnings"])
            assert app.post({"event_name": NEW}).json()["accepted"] == 1, "ingest goes on"
            clock.set("+0")
            eventually(lambda: not app.get("/readyz").json()["warnings"], "the warning ends with its cause", 180)
            assert app.post({"event_name": NEW}).json()["accepted"] == 1
        assert counted(database) == {OLD: 10, NEW: 2}
        assert has_no_floor(database)
    finally:
        database.close()


def test_a_clock_of_machine_and_database_that_leaps_for_some_seconds_purges_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(folder)
    database = Database(data_dir=folder)
    with monkeypatch.context() as patch:
        patch.setattr("db.embedded._ENVIRONMENT", (*_ENVIRONMENT, *clock.environment))
        for name, value in clock.environment.items():
            patch.setenv(name, value)
        database.start()  # of its own processes the server is the only one with that clock, until the application comes
    try:
        environment = {**clock.environment, "DATABASE_URL": database.dsn()}
        with running(folder, **environment) as app:
            feed(app, database)
            eventually(lambda: watched(database), "somebody has looked at the clock")
            clock.set("+5d")
            with database.begin() as connection:
                ahead = connection.execute(text("SELECT clock_timestamp() - trusted_at FROM retention_clock"))
                assert ahead.scalar_one().days >= 4, "the database's clock leaps too"
            for _ in range(2):
                purged = command(folder, "purge", **environment)
                assert purged.returncode == 0, purged.stdout + purged.stderr
            assert app.post({"event_name": NEW}).json()["accepted"] == 1
            clock.set("+0")
            assert app.post({"event_name": NEW}).json()["accepted"] == 1
            assert command(folder, "purge", **environment).returncode == 0
        assert counted(database) == {OLD: 10, NEW: 2}
        assert has_no_floor(database)
    finally:
        database.close()


def test_a_clock_that_jumps_an_hour_ahead_and_back_costs_no_event_and_stops_no_pass(
    folder: Path, database: Database
) -> None:
    """Events get the time of the clock that was wrong; they are stored once, and the rollup goes on each time."""
    clock = Clock(folder)
    acked: set[int] = set()
    jumps = times(1, 10) * ["+1h", "+0", "-1h", "+0"]
    with running(folder, DATABASE_URL=database.dsn(), METRICS_ROLLUP_INTERVAL="1", **clock.environment) as app:
        app.until_ready()
        for ahead in jumps:
            clock.set(ahead)
            numbers = range(len(acked), len(acked) + 20)
            answer = app.post([{"event_name": TICK, "measurements": {"n": number}} for number in numbers])
            assert answer.json()["accepted"] == len(numbers)
            acked.update(numbers)
            eventually(lambda: oracle.counted(database).get("day") == len(acked), "the application rolls up")
        assert app.end() == 0, app.output
    tell("clock ± 1 h", f"{len(jumps)} jumps", acked, dict(oracle.stored(database)), 0.0)
    oracle.prove(database, acked)


def watched(database: Database) -> bool:
    with database.begin() as connection:
        return connection.execute(text("SELECT seen_at FROM retention_clock")).scalar_one() is not None


def test_the_tool_is_what_it_is_taken_for(folder: Path) -> None:
    """Otherwise the tests above would prove nothing."""
    clock = Clock(folder)
    clock.set("+5d")
    year = "import datetime; print((datetime.datetime.now() - datetime.timedelta(days=4)).timestamp())"
    told = subprocess.check_output([sys.executable, "-c", year], env={**os.environ, **clock.environment}, text=True)
    here = subprocess.check_output([shutil.which("date") or "date", "+%s"], text=True)
    assert float(told) > float(here)
