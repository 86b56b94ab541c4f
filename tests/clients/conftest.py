"""What the client's tests share: a server that does as it is told, and the real one."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database
from tests.clients.scripted_server import ScriptedServer, serving
from tests.support.processes import Process, data_folder, running


@pytest.fixture(autouse=True)
def _nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("METRICS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with serving() as server:
        yield server


class Store:
    """The application as another process, and a look into its tables."""

    def __init__(self, folder: Path, app: Process) -> None:
        self.folder = folder
        self.app = app

    @property
    def url(self) -> str:
        return self.app.url

    def rows(self, event_name: str) -> list[Any]:
        """The raw events of a name, in the order in which they were stored."""
        database = Database(data_dir=self.folder)
        try:
            database.start()
            with database.reading() as connection:
                query = text(
                    "SELECT event_name, measurements, metadata, occurred_at FROM telemetry_events"
                    " WHERE event_name = :name ORDER BY id"
                )
                return list(connection.execute(query, {"name": event_name}))
        finally:
            database.close()


@pytest.fixture(scope="module")
def real() -> Iterator[Store]:
    with data_folder() as folder, running(folder) as app:
        app.until_ready()
        yield Store(folder, app)
        app.end()
