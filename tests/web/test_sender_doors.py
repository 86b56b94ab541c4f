"""Other systems' doors with a login on: whose token, of which scope, for which events, how many, under whose keys."""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess
from sqlalchemy import text
from werkzeug.test import TestResponse

from db.engine import Database
from metrics_dash.auth import tokens
from metrics_dash.auth.secrets import TOKEN, new_secret
from metrics_dash.web.otlp import JSON, PROTOBUF
from tests.ingest.formats.otlp_messages import (
    CUMULATIVE,
    as_json,
    log_request,
    metric_request,
    span_request,
    total,
)
from tests.support.visitors import House, house

NOW = time.time_ns() - 10**9


def posthog(name: str) -> Any:
    return {"event": name, "uuid": name}


def segment(name: str) -> Any:
    return {"type": "track", "event": name, "messageId": name, "userId": "u"}


def metrics(name: str) -> Any:
    return metric_request(total(name, 5, at=NOW))


def spans(name: str) -> Any:
    return span_request({"name": name, "startTimeUnixNano": str(NOW - 10**6), "endTimeUnixNano": str(NOW)})


def logs(name: str) -> Any:
    return log_request({"eventName": name, "timeUnixNano": str(NOW)})


def points(name: str) -> bytes:
    return f"{name} usage=5 {NOW}".encode()


@dataclass(frozen=True)
class Way:
    """How a client of one kind sends an event of a name, with its token where it puts it."""

    path: str
    body: Callable[[str], Any]
    put: str = "bearer"

    def send(self, client: FlaskClient, name: str, token: object) -> TestResponse:
        body, path, headers = self.body(name), self.path, {}
        match self.put:
            case "body":
                body = {**body, "api_key": str(token)}
            case "user":
                headers["Authorization"] = "Basic " + b64encode(f"{token}:".encode()).decode()
            case "password":
                headers["Authorization"] = "Basic " + b64encode(f"telegraf:{token}".encode()).decode()
            case "query":
                path = f"{path}?u=telegraf&p={token}"
            case scheme:
                headers["Authorization"] = f"{scheme.title()} {token}"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(path, data=data, headers=headers, content_type=JSON)


def batch(one: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda name: {"batch": [one(name)]}


FORMS: list[tuple[str, Callable[[str], Any], tuple[str, ...]]] = [
    ("/batch/", batch(posthog), ("body", "bearer")),
    ("/batch", batch(posthog), ("body",)),
    ("/i/v0/e/", posthog, ("body", "bearer")),
    ("/v1/batch", batch(segment), ("user", "bearer")),
    ("/v1/track", segment, ("user", "bearer")),
    ("/api/v2/write", points, ("token", "bearer")),
    ("/write", points, ("user", "password", "query", "token")),
    ("/v1/metrics", metrics, ("bearer", "user")),
    ("/v1/traces", spans, ("bearer", "user")),
    ("/v1/logs", logs, ("bearer", "user")),
]
WAYS = [Way(path, body, put) for path, body, puts in FORMS for put in puts]
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.path} {way.put}")


@pytest.fixture(scope="module")
def opened(server: Database, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One application for all: each test has a token, and names, of its own."""
    from tests.conftest import _fresh

    folder: Path = tmp_path_factory.mktemp("house")
    for database in _fresh(server, template):
        with house(database, folder, collects=True) as opened_house:
            yield opened_house


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test sends."""
    return f"shop.e{abs(hash(request.node.nodeid))}"


def token(house: House, *scopes: str, **options: Any) -> str:
    return str(tokens.issue(house.database, "t", by="test", scopes=scopes or ("ingest",), **options))


def stored(house: House, name: str) -> int:
    with house.database.reading() as connection:
        counted = "SELECT count(*) FROM telemetry_events WHERE event_name = :name"
        return int(connection.execute(text(counted), {"name": name}).scalar_one())


def reason_of(answer: TestResponse, path: str) -> str:
    """What a client of the door reads of an error."""
    return str((answer.json or {})["detail" if path.startswith(("/batch", "/i/")) else "message"])


@every_way
def test_a_token_opens_it_in_the_form_in_which_its_client_sends_one(opened: House, way: Way, name: str) -> None:
    answer = way.send(opened.stranger(), name, token(opened))
    assert answer.status_code in (200, 204), answer.text
    assert stored(opened, name) == 1


@every_way
def test_no_token_or_an_unknown_one_is_401_as_its_client_reads_it(opened: House, way: Way, name: str) -> None:
    for shown in (new_secret(TOKEN), "phc_any", ""):
        answer = way.send(opened.stranger(), name, shown)
        assert (answer.status_code, reason_of(answer, way.path)) == (401, "log in first, or send a token")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert stored(opened, name) == 0


@every_way
def test_another_scope_is_403_as_its_client_reads_it(opened: House, way: Way, name: str) -> None:
    answer = way.send(opened.stranger(), name, token(opened, "query", "scrape", "annotate"))
    assert (answer.status_code, reason_of(answer, way.path)) == (403, "the token lacks the scope ingest")
    assert stored(opened, name) == 0


def test_a_person_sends_nothing_by_them(opened: House) -> None:
    person = opened.person("ann", "admin")
    for path in dict.fromkeys(way.path for way in WAYS):
        assert person.post(path, json={}).status_code == 403, path


@every_way
def test_an_event_that_the_token_is_not_for_is_refused_and_no_other(opened: House, way: Way, name: str) -> None:
    shown = token(opened, prefixes=(f"{name}.mine",))
    for sent, kept in ((f"{name}.mine.a", 1), (f"{name}.mineral", 0), (name, 0)):
        answer = way.send(opened.stranger(), sent, shown)
        assert answer.status_code in (200, 204)
        said = f"{answer.text}{answer.headers.get('X-Rejected', '')}"
        assert ("the token is not for this event" in said) == (not kept)
        assert stored(opened, sent) == kept


@every_way
def test_more_than_its_rate_is_429_and_nothing_of_it_is_stored(opened: House, way: Way, name: str) -> None:
    shown = token(opened, events_per_second=0.01)
    assert way.send(opened.stranger(), f"{name}.a", shown).status_code in (200, 204)
    answer = way.send(opened.stranger(), f"{name}.b", shown)
    assert answer.status_code == 429
    assert reason_of(answer, way.path).startswith("the token's rate is used up")
    assert stored(opened, f"{name}.b") == 0
    # OpenTelemetry's exporters drop what they are to keep for longer; all others wait.
    wait = int(answer.headers["Retry-After"])
    assert (wait <= 2) == (way.body in (metrics, spans, logs))


@every_way
def test_what_two_tokens_send_under_the_same_ids_is_two(opened: House, way: Way, name: str) -> None:
    one, other = token(opened), token(opened)
    for shown in (one, one, other, other):
        assert way.send(opened.stranger(), name, shown).status_code in (200, 204)
    assert stored(opened, name) == 2


def test_counters_of_two_tokens_are_two_though_they_are_named_alike(opened: House, name: str) -> None:
    def read(seconds: int, value: int) -> Any:
        counted = total(name, value, CUMULATIVE, at=NOW - (10 - seconds) * 10**9)
        counted["sum"]["dataPoints"][0]["startTimeUnixNano"] = str(NOW - 20 * 10**9)
        return as_json(metric_request(counted))

    one, other = (opened.program("ingest") for _ in range(2))
    for program, seconds, value in ((one, 0, 5), (other, 1, 100), (one, 2, 7), (other, 3, 101)):
        assert program.post("/v1/metrics", data=bytes(read(seconds, value)), content_type=JSON).status_code == 200
    with opened.database.reading() as connection:
        found = "SELECT (measurements->>'value')::float FROM telemetry_events WHERE event_name = :name ORDER BY id"
        values = list(connection.execute(text(found), {"name": name}).scalars())
    assert values == [5, 100, 2, 1]


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
@pytest.mark.parametrize("path", ["/v1/metrics", "/v1/traces", "/v1/logs"])
def test_the_gates_word_is_a_message_of_opentelemetrys_too(opened: House, path: str, kind: str) -> None:
    answer = opened.stranger().post(path, data=b"", content_type=kind)
    assert (answer.status_code, answer.mimetype) == (401, kind)
    said = answer.json["message"] if kind == JSON else ExportTracePartialSuccess.FromString(answer.data).error_message
    assert said == "log in first, or send a token"


def test_what_influxdbs_clients_ask_first_takes_the_token_that_they_send(opened: House) -> None:
    asked = {"/ping": 204, "/health": 200, "/ready": 200, "/query?q=CREATE%20DATABASE%20x": 200}
    shown = token(opened)
    for path, status in asked.items():
        client = opened.stranger()
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"Authorization": f"Token {shown}"}).status_code == status
        assert client.get(f"{path}{'&' if '?' in path else '?'}u=telegraf&p={shown}").status_code == status


def test_feature_flags_are_asked_for_with_the_key_in_the_body(opened: House) -> None:
    answers = [
        opened.stranger().post("/flags/?v=4", json={"distinct_id": "x", "api_key": key})
        for key in ("phc", token(opened))
    ]
    assert [answer.status_code for answer in answers] == [401, 200]


def test_a_body_that_cant_be_read_to_find_its_key_is_told_so(opened: House) -> None:
    shown = token(opened).encode()
    for body, status in (
        (b'{"api_key": "%b"' % shown, 400),
        (b"%b" % shown, 401),
        (b'{"batch": [1 2], "k": "%b"}' % shown, 400),
    ):
        assert opened.stranger().post("/batch/", data=body).status_code == status
    zipped = opened.stranger().post("/batch/", data=b"no gzip", headers={"Content-Encoding": "gzip"})
    assert zipped.status_code == 400


def test_annotations_take_their_scope_and_count_towards_the_rate(opened: House) -> None:
    assert opened.stranger().post("/api/annotations", json={"text": "a"}).status_code == 401
    assert opened.program("ingest", "query").post("/api/annotations", json={"text": "a"}).status_code == 403
    program = opened.program("annotate", "query", events_per_second=0.01)
    answers = [program.post("/api/annotations", json={"text": "a"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert len(program.get("/api/annotations").json or []) == 1
