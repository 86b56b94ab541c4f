"""The embedded server: configured before its first start, and left as the last one leaves it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from db.embedded import CONFIGURATION, EmbeddedServer


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not tmp_path: its private parents are closed to the user that the server runs as when the tests run as root.
    path = Path(tempfile.mkdtemp(prefix="metrics-embedded-"))
    path.chmod(0o755)
    yield path / "not-made-yet" / "postgres"
    shutil.rmtree(path, ignore_errors=True)


def settings(url: str) -> dict[str, str]:
    """The server's settings, and where each comes from, as ``name from``."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT lower(name), setting, sourcefile FROM pg_settings").fetchall()
    return {name: value for name, value, _ in found} | {f"{name} from": file for name, _, file in found}


def configured() -> list[str]:
    """The names of the settings that the program writes."""
    return [line.partition(" =")[0] for line in CONFIGURATION.splitlines() if not line.startswith("#")]


def test_a_server_starts_where_there_is_nothing_and_stops_and_keeps_what_somebody_configured(folder: Path) -> None:
    server = EmbeddedServer(folder)
    assert not server.is_running()
    server.stop()

    url = server.start()
    assert server.is_running()
    assert server.start() == url, "one that runs is left alone"
    shown = settings(url)
    assert (shown["jit"], shown["timezone"], shown["max_parallel_workers_per_gather"]) == ("off", "UTC", "0")
    own = str(folder / "metrics_dash.conf")
    assert {name: shown[f"{name} from"] for name in configured()} == dict.fromkeys(configured(), own)
    assert (folder / "metrics_dash.conf").read_text() == CONFIGURATION

    server.stop()
    assert not server.is_running()
    assert not (folder / "postmaster.pid").exists()

    (folder / "metrics_dash.conf").write_text("jit = on\n")
    with (folder / "postgresql.conf").open("a") as main:
        main.write("autovacuum_naptime = 77s\n")
    again = EmbeddedServer(folder)
    shown = settings(again.start())
    assert shown["autovacuum_naptime"] == "77", "what somebody writes below the include wins"
    assert shown["jit"] == "off", "the program's own file is written at every start"
    assert (folder / "postgresql.conf").read_text().count("metrics_dash.conf") == 1
    again.stop()
