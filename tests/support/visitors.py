"""The whole application with a login, and people and programs who come in."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from db.engine import Database
from metrics_dash.auth import people, tokens
from metrics_dash.runtime import Runtime
from metrics_dash.settings import load_settings

PASSWORD = "correct horse battery staple"
CALLBACK = "/admin/metrics/_dash-update-component"


@dataclass(frozen=True)
class House:
    """An application with a login, on a database."""

    server: Flask
    database: Database

    def stranger(self, **environ: str) -> FlaskClient:
        """A client that nobody knows."""
        client = self.server.test_client()
        client.environ_base.update(environ)
        return client

    def person(self, name: str = "ann", role: str = "viewer") -> FlaskClient:
        """The client of a new person, signed in."""
        people.add(self.database, name, role=role, by="test", password=PASSWORD)
        client = self.stranger()
        answer = log_in(client, name)
        assert answer.status_code == 303, answer.text
        return client

    def program(self, *scopes: str, **options: Any) -> FlaskClient:
        """A client that sends a new token."""
        token = tokens.issue(self.database, "program", by="test", scopes=scopes or ("ingest",), **options)
        return self.stranger(HTTP_AUTHORIZATION=f"Bearer {token}")


@contextmanager
def house(database: Database, folder: Path, *, collects: bool = False, **environment: str) -> Iterator[House]:
    """An application with a login, by password where ``environment`` says nothing else."""
    given = {"METRICS_AUTH": "password", "METRICS_DATA_DIR": str(folder), "METRICS_REFRESH_INTERVAL": "1"}
    settings = load_settings({**given, **environment})
    runtime = Runtime(settings, database, schedule=False)
    server = create_app(settings, database=database, runtime=runtime).server
    if collects:
        runtime.collector.start()
    try:
        yield House(server, database)
    finally:
        if collects:
            runtime.collector.stop(5)


def csrf_of(html: str) -> str:
    """The CSRF token of a page's form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found is not None, html
    return found[1]


def log_in(client: FlaskClient, name: str, password: str = PASSWORD, **more: Any) -> TestResponse:
    """Send the login form as a person would: the page first."""
    page = client.get("/admin/login")
    form = {"csrf_token": csrf_of(page.text), "username": name, "password": password, **more}
    return client.post("/admin/login", data=form)


def question(search: str = "?tab=auth", mounted: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """What the page posts to its callback, with these charts on it."""

    def outputs(kind: str, name: str) -> list[dict[str, Any]]:
        return [{"id": {"type": kind, "chart": chart}, "property": name} for chart in mounted]

    return {
        "output": '..answer.data...board.children...{"chart":["ALL"],"type":"graph"}.figure...'
        '{"chart":["ALL"],"type":"headline"}.children...{"chart":["ALL"],"type":"state"}.children...footer.children...stamp.children..',
        "outputs": [
            {"id": "answer", "property": "data"},
            {"id": "board", "property": "children"},
            outputs("graph", "figure"),
            outputs("headline", "children"),
            outputs("state", "children"),
            {"id": "footer", "property": "children"},
            {"id": "stamp", "property": "children"},
        ],
        "inputs": [
            {
                "id": "request",
                "property": "data",
                "value": {"search": search, "reason": "navigate", "zone": "UTC", "theme": "light", "at": 1.0},
            }
        ],
        "changedPropIds": ["request.data"],
    }
