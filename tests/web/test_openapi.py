"""The OpenAPI document: valid, complete, and true, as every answer that stands in it is asked for and held to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from werkzeug.test import TestResponse

from app import create_app
from db.engine import Database
from db.events import insert_events
from metrics_dash.ingest.collector import Collector
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.settings import load_settings
from metrics_dash.web import body, ingest, openapi, query
from tests.support.web_client import Site, site

DOCUMENT = openapi.document()
REGISTRY = Registry().with_resource("urn:api", DRAFT202012.create_resource(DOCUMENT))
JSON, CSV = "application/json", "text/csv"
STRANGER = {"REMOTE_ADDR": "192.0.2.1"}
EVENT = {"event_name": "test.asked", "measurements": {"ms": 1.5}, "metadata": {"ok": True}}


def validator(*pointer: str) -> OAS31Validator:
    """For the schema at a place of the document."""
    path = "/".join(part.replace("~", "~0").replace("/", "~1") for part in pointer)
    return OAS31Validator({"$ref": f"urn:api#/{path}"}, registry=REGISTRY, format_checker=oas31_format_checker)


@dataclass(frozen=True)
class Exchange:
    """A request, and the documented answer that it must get. ``prepare`` does to the site what it takes for that."""

    path: str
    status: int
    ask: Callable[[Site], TestResponse]
    media: str = JSON
    prepare: Callable[[Site, pytest.MonkeyPatch], object] = lambda site, monkeypatch: None

    @property
    def method(self) -> str:
        return "post" if self.path == ingest.PATH else "get"

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status} {self.media}"


def post(**options: Any) -> Callable[[Site], TestResponse]:
    return lambda site: site.client.post(ingest.PATH, **options)


def get(path: str, environ: dict[str, str] | None = None, **parameters: str) -> Callable[[Site], TestResponse]:
    return lambda site: site.client.get(path, query_string=parameters, environ_base=environ or {})


def stop(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.runtime.collector.stop(5)


def break_store(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Collector, "failure", property(lambda collector: "the disk is full"))


def without_token(path: str, method: str = "GET") -> Callable[[Site], TestResponse]:
    """Ask a server that has a login."""

    def ask(site: Site) -> TestResponse:
        settings = load_settings({"METRICS_AUTH": "password", "SECRET_KEY": "k" * 32})
        server = create_app(settings, database=site.database).server
        return server.test_client().open(path, method=method)

    return ask


EXCHANGES = [
    Exchange(ingest.PATH, 401, without_token(ingest.PATH, "POST")),
    Exchange(query.PATH, 401, without_token(query.PATH)),
    Exchange(openapi.PATH, 401, without_token(openapi.PATH)),
    Exchange(ingest.PATH, 200, post(json=[EVENT, {"event_name": "NOT A NAME"}])),
    Exchange(ingest.PATH, 400, post(data="{", content_type=JSON)),
    Exchange(ingest.PATH, 403, post(json=EVENT, environ_base=STRANGER)),
    Exchange(ingest.PATH, 413, post(data=b" " * (body.MAX_INFLATED + 1), content_type=JSON)),
    Exchange(ingest.PATH, 415, post(data="<event/>", content_type="text/xml")),
    Exchange(ingest.PATH, 429, post(json=EVENT), prepare=stop),
    Exchange(ingest.PATH, 503, post(json=EVENT), prepare=break_store),
    Exchange(query.PATH, 200, get(query.PATH, event_name="test.asked", show="avg", measurement="ms")),
    Exchange(query.PATH, 200, get(query.PATH, event_name="test.asked", split_by="ok", format="csv"), media=CSV),
    Exchange(query.PATH, 400, get(query.PATH, event_name="test.asked", resolution="second")),
    Exchange(query.PATH, 403, get(query.PATH, STRANGER, event_name="test.asked")),
    Exchange(openapi.PATH, 200, get(openapi.PATH)),
    Exchange(openapi.PATH, 403, get(openapi.PATH, STRANGER)),
]
# Its database is away, so it has a site of its own.
UNAVAILABLE = Exchange(query.PATH, 503, get(query.PATH, event_name="test.asked"))


@pytest.fixture
def asked(database: Database) -> Iterator[Site]:
    insert_events([EVENT, EVENT], database=database)
    roll_up_all(database)
    with site(database) as opened:
        yield opened


def hold(answer: TestResponse, exchange: Exchange) -> None:
    """Hold an answer to what the document says of its status: type, body and headers."""
    place = ("paths", exchange.path, exchange.method, "responses", str(exchange.status))
    described = DOCUMENT["paths"][exchange.path][exchange.method]["responses"][str(exchange.status)]
    assert (answer.status_code, answer.mimetype) == (exchange.status, exchange.media), answer.text
    content = answer.json if exchange.media == JSON else answer.text
    validator(*place, "content", exchange.media, "schema").validate(content)
    for name in described.get("headers", {}):
        validator(*place, "headers", name, "schema").validate(int(answer.headers[name]))


@pytest.mark.parametrize("exchange", EXCHANGES, ids=str)
def test_every_documented_answer_is_given_as_documented(
    asked: Site, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.prepare(asked, monkeypatch)
    hold(exchange.ask(asked), exchange)


def test_a_database_that_is_away_is_answered_as_documented() -> None:
    with site(Database("postgresql://nobody@127.0.0.1:9/nowhere")) as opened:
        hold(UNAVAILABLE.ask(opened), UNAVAILABLE)


def test_no_documented_answer_goes_without_a_request() -> None:
    documented = {
        (path, method, status, media)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        for status, answer in operation["responses"].items()
        for media in answer["content"]
    }
    assert {(one.path, one.method, str(one.status), one.media) for one in [*EXCHANGES, UNAVAILABLE]} == documented


def test_the_document_is_valid_openapi_and_what_is_served(asked: Site) -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    assert asked.client.get(openapi.PATH).json == DOCUMENT


def test_every_route_of_the_api_stands_in_it_and_no_other(asked: Site) -> None:
    routes = {
        (rule.rule, method.lower())
        for rule in asked.client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/")
    }
    assert {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods} == routes


def test_its_examples_are_stored(asked: Site) -> None:
    described = DOCUMENT["paths"][ingest.PATH]["post"]["requestBody"]["content"][JSON]
    place = ("paths", ingest.PATH, "post", "requestBody", "content", JSON, "schema")
    for example in described["examples"].values():
        validator(*place).validate(example["value"])
        answer = asked.client.post(ingest.PATH, json=example["value"])
        assert answer.json is not None
        assert answer.json["accepted"] > 0
        assert answer.json["rejected"] == []


@pytest.mark.parametrize(
    "event",
    [
        {"event_name": "test.ok"},
        {"event_name": "test.ok", "measurements": {"a": 1, "b": -0.5}, "metadata": {"s": "", "n": None, "b": False}},
        {"event_name": "x" * 255},
        {"event_name": "x" * 256},
        {"event_name": "Not A Name"},
        {"event_name": "trailing."},
        {"event_name": "test.ok", "measurements": {"a": True}},
        {"event_name": "test.ok", "measurements": {"a": "1"}},
        {"event_name": "test.ok", "measurements": {f"n{n}": n for n in range(64)}},
        {"event_name": "test.ok", "measurements": {f"n{n}": n for n in range(65)}},
        {"event_name": "test.ok", "metadata": {"deep": {"er": 1}}},
        {"event_name": "test.ok", "metadata": []},
        {"event_name": "test.ok", "occurred_at": "yesterday"},
        {"event_name": "test.ok", "occured_at": "2026-01-31T12:00:00Z"},
        {"measurements": {"a": 1}},
        "test.ok",
    ],
)
def test_it_takes_an_event_where_the_route_does(asked: Site, event: object) -> None:
    answer = asked.client.post(ingest.PATH, json=[event])
    assert answer.json is not None
    assert validator("components", "schemas", "Event").is_valid(event) == (answer.json["accepted"] == 1), answer.text


CHOICES = [
    (one["name"], value)
    for one in DOCUMENT["paths"][query.PATH]["get"]["parameters"]
    for value in one["schema"].get("enum", [])
]


@pytest.mark.parametrize(("name", "value"), CHOICES)
def test_every_documented_choice_of_a_parameter_is_taken(asked: Site, name: str, value: str) -> None:
    asking = {"event_name": "test.asked"}
    if value == "unique":
        asking = {"event_name": "bezgelor.realm.session_start", "measurement": "account_id"}
    elif value not in ("count", "rate"):
        asking |= {"measurement": "ms", "show": "avg"}
    answer = asked.client.get(query.PATH, query_string={**asking, name: value})
    assert answer.status_code == 200, answer.text
