"""What doesn't exist below the page's path is 404, in one line, and never the page."""

import pytest
from flask.testing import FlaskClient

from app import create_app
from db.engine import Database
from metrics_dash.settings import Settings
from metrics_dash.web.paths import BASE_PATH


@pytest.fixture
def browser(database: Database) -> FlaskClient:
    return create_app(Settings(), database=database).server.test_client()


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "index.html",
        "a/b/c",
        "_dash-nothing",
        "_dash_startup_route/x",
        "chart/no-such.bmp",
        "%2e%2e/%2e%2e/etc/passwd",
        "assets/../app.py",
        "assets/%2e%2e/app.py",
        "assets/none.js",
        "_dash-component-suites/dash/nothing.js",
        "_dash-component-suites/nothing/x.js",
        "_dash-component-suites/os/path.py",
        "_dash-component-suites/dash/dcc/../dash.py",
        "_dash-component-suites/dash/dcc/%2e%2e/dash.py",
        "_dash-component-suites/dash/..%2f..%2fapp.py",
        "_dash-component-suites/dash/dcc/",
        "_dash-component-suites/dash/%00.js",
        "_dash-component-suites/dash/" + "x" * 5000,
        "_dash-component-suites/dash/dcc/async-graph.v1_2_3m1.nothing",
    ],
)
def test_an_unknown_path_is_not_found(browser: FlaskClient, path: str) -> None:
    answer = browser.get(BASE_PATH + path)
    assert answer.status_code == 404
    assert "<html lang" not in answer.text
    assert "Traceback" not in answer.text


def test_an_unknown_path_says_where_the_page_is(browser: FlaskClient) -> None:
    assert browser.get(f"{BASE_PATH}nothing").json == {
        "error": f"there is nothing at this path; the page is at {BASE_PATH}"
    }


def test_every_registered_component_file_is_served_or_not_found(browser: FlaskClient, database: Database) -> None:
    app = create_app(Settings(), database=database)
    other = app.server.test_client()
    assert other.get(BASE_PATH).status_code == 200
    statuses = {
        other.get(f"{BASE_PATH}_dash-component-suites/{package}/{path}").status_code
        for package, paths in app.registered_paths.items()
        for path in paths
        if not path.startswith("http")
    }
    assert statuses <= {200, 404}
    assert 200 in statuses


def test_the_page_itself_is_served(browser: FlaskClient) -> None:
    assert "page-data" in browser.get(BASE_PATH).text
