"""What a token may send: events of its own, so many a second, under keys of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from db.engine import Database
from metrics_dash.auth.permissions import LOCAL, Principal
from metrics_dash.web.permits import Sender
from tests.support.visitors import House, house

EVENTS = "/api/v1/events"


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[House]:
    with house(database, tmp_path, collects=True) as opened:
        yield opened


def stored(database: Database) -> list[str]:
    with database.reading() as connection:
        names = connection.execute(text("SELECT event_name FROM telemetry_events ORDER BY id")).scalars()
        return [name for name in names if not name.startswith("metrics_dash.")]


def test_with_a_login_sending_needs_a_token_also_from_this_machine(opened: House) -> None:
    answer = opened.stranger().post(EVENTS, json={"event_name": "shop.paid"})
    assert (answer.status_code, stored(opened.database)) == (401, [])
    assert opened.program("ingest").post(EVENTS, json={"event_name": "shop.paid"}).status_code == 200
    assert stored(opened.database) == ["shop.paid"]


def test_a_token_of_another_scope_sends_nothing(opened: House) -> None:
    answer = opened.program("query", "scrape", "annotate").post(EVENTS, json={"event_name": "shop.paid"})
    assert (answer.status_code, answer.json["error"]) == (403, "the token lacks the scope ingest")


def test_events_that_the_token_is_not_for_are_refused_by_name_and_the_others_stored(opened: House) -> None:
    program = opened.program("ingest", prefixes=("shop.",))
    answer = program.post(EVENTS, json=[{"event_name": name} for name in ("shop.paid", "shopping.paid", "game.won")])
    assert answer.json == {
        "accepted": 1,
        "rejected": [{"index": n, "reason": "event_name: the token is not for this event"} for n in (1, 2)],
    }
    assert stored(opened.database) == ["shop.paid"]


def test_more_than_the_rate_is_told_to_wait_and_nothing_is_stored(opened: House) -> None:
    program = opened.program("ingest", events_per_second=0.01)
    assert program.post(EVENTS, json={"event_name": "shop.paid"}).status_code == 200
    answer = program.post(EVENTS, json={"event_name": "shop.paid"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 1
    assert stored(opened.database) == ["shop.paid"]


@pytest.mark.parametrize(("path", "body"), [("/v1/metrics", {}), (EVENTS, []), ("/batch/", {"batch": []})])
def test_a_request_of_no_event_costs_the_token_one(opened: House, path: str, body: object) -> None:
    program = opened.program("ingest", events_per_second=0.01)
    assert program.post(path, json=body).status_code == 200
    assert program.post(path, json=body).status_code == 429


def test_a_key_is_its_tokens_own(opened: House) -> None:
    one, other = opened.program("ingest"), opened.program("ingest")
    for program, name in ((one, "shop.paid"), (one, "shop.paid"), (other, "game.won")):
        answer = program.post(EVENTS, json={"event_name": name}, headers={"Idempotency-Key": "the same"})
        assert (answer.status_code, answer.json["accepted"]) == (200, 1)
    assert stored(opened.database) == ["shop.paid", "game.won"]


def test_without_a_login_everything_may_be_sent() -> None:
    sender = Sender(LOCAL)
    assert list(sender.permitted([({"event_name": "a.b"}, 1)])) == [({"event_name": "a.b"}, 1)]
    sender.spend(events=10**9, size=10**9)
    assert sender.own(None) is None


def test_what_is_no_event_is_refused_for_what_it_is() -> None:
    sender = Sender(Principal("token", "shop", prefixes=("shop.",)))
    odd = [(None, 1), ([], 1), ({}, 1), ({"event_name": 5}, 1)]
    assert list(sender.permitted(odd)) == odd
