"""Which error is which answer: one line for the sender, nothing of the inside, and faults of ours stay faults."""

from collections.abc import Callable

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.rows import InvalidEventError
from metrics_dash.charts.data import QueriesUnavailableError, QueryError
from metrics_dash.charts.timerange.parse import RangeError
from metrics_dash.ingest.formats.reading import MalformedBodyError, OversizedBodyError, UnsupportedTypeError
from metrics_dash.web.problems import ProblemError, install, problem_of

UNREACHABLE = OperationalError(
    "SELECT secret FROM inside", {}, psycopg.OperationalError("connection to 10.0.0.5 failed for user root")
)
UNHOLDABLE = DataError("SELECT", {}, psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"))
MAPPING = [
    (RangeError("'soon' is not a range", "range"), 400, "range: 'soon' is not a range"),
    (RangeError("the range is empty"), 400, "the range is empty"),
    (QueryError("'p95' is not shown", "show"), 400, "show: 'p95' is not shown"),
    (InvalidEventError("event_name is missing"), 400, "event_name is missing"),
    (MalformedBodyError("the body is not JSON"), 400, "the body is not JSON"),
    (OversizedBodyError("the body is too large"), 413, "the body is too large"),
    (UnsupportedTypeError("text/xml is not read"), 415, "text/xml is not read"),
    (QueriesUnavailableError("the database can't be asked"), 503, "the database can't be asked"),
    (UNHOLDABLE, 400, "something that was sent is no text: it has characters such as NUL"),
    (UNREACHABLE, 503, "the database can't be reached or did not answer"),
    (PoolTimeout("QueuePool limit of 5"), 503, "the database can't be reached or did not answer"),
    (ProblemError(429, "come later"), 429, "come later"),
]


def client(raises: Exception, path: str = "/api/v1/thing") -> FlaskClient:
    """A site with one route, which raises."""
    server = Flask("problematic")
    install(server)

    def fail() -> str:
        raise raises

    server.add_url_rule(path, view_func=fail)
    return server.test_client()


def named(one: object) -> str:
    return type(one).__name__ if isinstance(one, Exception) else ""


@pytest.mark.parametrize(("error", "status", "said"), MAPPING, ids=named)
def test_each_error_is_one_answer_for_every_route(error: Exception, status: int, said: str) -> None:
    answer = client(error).get("/api/v1/thing")
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["error"] == said


@pytest.mark.parametrize("error", [UNREACHABLE, QueriesUnavailableError("away"), PoolTimeout("full")], ids=named)
def test_what_may_be_better_soon_says_when_to_come_again(error: Exception) -> None:
    answer = client(error).get("/api/v1/thing")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_to_blame_is_a_field_of_its_own() -> None:
    assert client(RangeError("'soon'", "range")).get("/api/v1/thing").json == {
        "error": "range: 'soon'",
        "parameter": "range",
    }
    assert client(ProblemError(409, "taken", by="another")).get("/api/v1/thing").json == {
        "error": "taken",
        "by": "another",
    }


@pytest.mark.parametrize("path", ["/chart/a.csv", "/chart/a.png"])
def test_who_saves_a_file_reads_a_line_of_text(path: str) -> None:
    answer = client(UNREACHABLE, path).get(path)
    assert (answer.status_code, answer.mimetype) == (503, "text/plain")
    assert answer.text == "the database can't be reached or did not answer\n"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("make", [lambda: ZeroDivisionError("a secret"), lambda: ValueError("a secret")])
def test_a_fault_of_ours_is_raised_again_and_told_without_its_words(make: Callable[[], Exception]) -> None:
    error = make()
    with pytest.raises(type(error)):
        problem_of(error)
    answer = client(error).get("/api/v1/thing")
    assert (answer.status_code, answer.json) == (500, {"error": "Internal Server Error"})


def test_https_own_errors_are_json_where_programs_ask() -> None:
    asked = client(ZeroDivisionError())
    missing, wrong = asked.get("/api/v1/missing"), asked.post("/api/v1/thing")
    assert (missing.status_code, missing.json) == (404, {"error": "Not Found"})
    assert (wrong.status_code, wrong.json) == (405, {"error": "Method Not Allowed"})
    assert "GET" in wrong.headers["Allow"]


def test_a_value_that_the_database_does_not_take_is_a_fault_of_ours_and_no_outage() -> None:
    error = DataError("SELECT 1e308 * 10", {}, psycopg.errors.NumericValueOutOfRange("value out of range: overflow"))
    answer = client(error).get("/api/v1/thing")
    assert (answer.status_code, answer.json) == (500, {"error": "Internal Server Error"})
