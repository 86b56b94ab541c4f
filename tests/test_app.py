"""The application: built without starting anything, with every room's routes on one server."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

import app
from db.engine import Database
from db.migrate import is_current
from layouts.begin import first_script_hash
from metrics_dash.runtime import Runtime
from metrics_dash.settings import Settings
from metrics_dash.web.paths import BASE_PATH
from tests.support.processes import ROOT

AWAY = "postgresql://someone:hunter2@127.0.0.1:9/nowhere"


def server_on(database: Database, **settings: Any) -> Flask:
    server: Flask = app.create_app(Settings(**settings), database=database).server
    return server


@pytest.fixture
def served(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """``app:server`` as a WSGI server finds it, on a database without tables; forgotten afterwards."""
    made = app.create_app
    monkeypatch.setattr(app, "create_app", lambda: made(Settings(), database=empty_database))
    monkeypatch.setattr(app, "_started", type(app._started)())
    yield app.server
    app.stop_runtime()
    del vars(app)["server"]


def test_it_is_built_without_a_database_and_starts_nothing() -> None:
    server = server_on(Database(AWAY))
    runtime = server.extensions["metrics_runtime"]
    assert isinstance(runtime, Runtime)
    assert not runtime.running
    assert not runtime.collector.alive
    assert server.test_client().get("/healthz").status_code == 200


def test_importing_it_builds_nothing() -> None:
    program = "import app; print('server' in vars(app))"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("False\n", "")


def test_what_it_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'app' has no attribute 'sever'"):
        app.sever  # noqa: B018


def test_the_root_leads_to_the_page() -> None:
    answer = server_on(Database(AWAY)).test_client().get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, BASE_PATH)


def test_the_pages_inline_scripts_are_all_named_by_its_policy(database: Database) -> None:
    page = server_on(database).test_client().get(BASE_PATH)
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert first_script_hash() in policy
    inline = re.findall(r"<script(?: [^>]*)?>", page.text)
    assert [tag for tag in inline if 'type="text/plain"' not in tag and 'type="application/json"' not in tag] == [
        "<script>"
    ]
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]


def test_the_page_comes_while_the_database_is_away_and_says_nothing_of_it() -> None:
    page = server_on(Database(AWAY)).test_client().get(BASE_PATH)
    assert page.status_code == 200
    assert "hunter2" not in page.text


def test_an_answer_is_compressed_for_who_takes_it(database: Database) -> None:
    client = server_on(database).test_client()
    packed = client.get(BASE_PATH, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in client.get(BASE_PATH).headers


def test_every_process_of_the_same_files_is_the_same_version() -> None:
    paths = [f"{BASE_PATH}version"] * 2
    first, second = (server_on(Database(AWAY)).test_client().get(path).json for path in paths)
    assert first is not None
    assert second is not None
    assert first["version"] == second["version"]
    other = server_on(Database(AWAY), refresh_interval=7).test_client().get(f"{BASE_PATH}version").json
    assert other is not None
    assert other["version"] != first["version"]


def test_a_wsgi_servers_first_request_migrates_and_starts_everything_once(
    served: Flask, empty_database: Database
) -> None:
    assert app.server is served
    runtime = served.extensions["metrics_runtime"]
    assert not runtime.running
    ready = served.test_client().get("/readyz")
    assert ready.status_code == 200, ready.text
    assert is_current(empty_database)
    assert runtime.running
    collector = runtime.collector.collector_id
    served.test_client().get("/readyz")
    assert runtime.collector.collector_id == collector


def test_a_worker_that_ends_stores_what_it_holds(served: Flask, empty_database: Database) -> None:
    app.start_runtime()
    assert served.extensions["metrics_runtime"].collector.offer("test.held", {}, {})
    app.stop_runtime()
    with empty_database.reading() as connection:
        names = connection.execute(text("SELECT event_name FROM telemetry_events")).scalars().all()
    assert sorted(names) == ["metrics_dash.ingest", "test.held"]


def test_no_proxy_keeps_the_page_as_there_are_numbers_on_it(database: Database) -> None:
    assert server_on(database).test_client().get(BASE_PATH).headers["Cache-Control"] == "no-store"


def test_the_pages_scripts_patch_no_browser_and_have_what_dash_uses_of_such_patches() -> None:
    client = server_on(Database(AWAY)).test_client()
    addresses = re.findall(r'<script type="text/plain" src="([^"]+)"', client.get(BASE_PATH).text)
    scripts = "".join(client.get(address).text for address in addresses)
    assert "__core-js_shared__" not in scripts
    assert "regeneratorRuntime = runtime" in scripts
    assert scripts.index("regeneratorRuntime = runtime") < scripts.rindex("dash-graph--pending")
