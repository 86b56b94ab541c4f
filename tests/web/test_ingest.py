"""Events over HTTP: stored before they are acknowledged, once, and the bad ones named."""

import gzip
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from db.engine import Database
from db.rows import Row
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.submission import BufferFullError, Submission
from metrics_dash.web import ingest
from tests.support.web_client import Site, site

PATH = "/api/v1/events"
NDJSON = "application/x-ndjson"


@pytest.fixture
def open_site(database: Database) -> Iterator[Site]:
    with site(database) as opened:
        yield opened


def event(name: str = "test.posted", **more: Any) -> dict[str, Any]:
    return {"event_name": name, **more}


def lines(events: list[dict[str, Any]]) -> bytes:
    return b"\n".join(json.dumps(one).encode() for one in events)


def test_one_event_is_in_the_table_when_the_answer_comes(open_site: Site) -> None:
    recent = (datetime.now(UTC) - timedelta(minutes=3)).isoformat()
    posted = event(measurements={"ms": 1.5}, metadata={"ok": True}, occurred_at=recent)
    answer = open_site.client.post(PATH, json=posted)
    assert (answer.status_code, answer.json) == (200, {"accepted": 1, "rejected": []})
    with open_site.database.reading() as connection:
        row = connection.execute(
            text("SELECT event_name, measurements, metadata, occurred_at FROM telemetry_events")
        ).one()
    assert row[:3] == ("test.posted", {"ms": 1.5}, {"ok": True})
    assert row[3] == datetime.fromisoformat(recent)


def test_an_array_is_stored_in_order(open_site: Site) -> None:
    answer = open_site.client.post(PATH, json=[event("test.a"), event("test.b")])
    assert answer.json == {"accepted": 2, "rejected": []}
    assert open_site.stored() == ["test.a", "test.b"]


def test_lines_zipped_are_stored(open_site: Site) -> None:
    body = gzip.compress(lines([event()] * 3))
    answer = open_site.client.post(PATH, data=body, content_type=NDJSON, headers={"Content-Encoding": "gzip"})
    assert answer.json == {"accepted": 3, "rejected": []}


def test_one_bad_line_of_a_thousand_is_named_and_the_others_stored(open_site: Site) -> None:
    events = [event() for _ in range(1000)]
    events[17] = event("Not A Name")
    answer = open_site.client.post(PATH, data=lines(events), content_type=NDJSON)
    assert answer.json is not None
    assert answer.json["accepted"] == 999
    assert [one["index"] for one in answer.json["rejected"]] == [17]
    assert "Not A Name" in answer.json["rejected"][0]["reason"]
    assert len(open_site.stored()) == 999


def test_a_line_that_is_not_json_is_named_like_any_bad_event(open_site: Site) -> None:
    body = lines([event()]) + b"\nnot json\n" + lines([event()])
    answer = open_site.client.post(PATH, data=body, content_type=NDJSON)
    assert answer.json is not None
    assert answer.json["accepted"] == 2
    assert answer.json["rejected"][0]["index"] == 1
    assert "line 2" in answer.json["rejected"][0]["reason"]


def test_events_that_the_store_refuses_are_named_by_their_place_in_the_request(open_site: Site) -> None:
    floor = datetime.now(UTC) - timedelta(hours=1)
    with open_site.database.begin() as connection:
        connection.execute(text("UPDATE retention_floors SET ingest_floor = :f WHERE level = 'raw'"), {"f": floor})
    old = event(occurred_at=(floor - timedelta(hours=1)).isoformat())
    answer = open_site.client.post(PATH, json=[event("BAD"), event(), old])
    assert answer.json is not None
    assert answer.json["accepted"] == 1
    assert [one["index"] for one in answer.json["rejected"]] == [0, 2]
    assert "too_old" in answer.json["rejected"][1]["reason"]


def test_a_request_sent_again_under_its_key_is_stored_once(open_site: Site) -> None:
    for _ in range(2):
        answer = open_site.client.post(PATH, json=[event(), event()], headers={"Idempotency-Key": "night 7"})
        assert answer.json == {"accepted": 2, "rejected": []}
    assert len(open_site.stored()) == 2
    open_site.client.post(PATH, json=event(), headers={"Idempotency-Key": "night 8"})
    assert len(open_site.stored()) == 3


def test_a_large_request_is_stored_piece_by_piece_and_once(database: Database) -> None:
    with site(database, buffer_events=100) as small:
        for _ in range(2):
            answer = small.client.post(
                PATH, data=lines([event()] * 450), content_type=NDJSON, headers={"Idempotency-Key": "large"}
            )
            assert answer.json == {"accepted": 450, "rejected": []}
        assert len(small.stored()) == 450


def test_an_event_that_is_taken_the_second_time_only_moves_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def post(seventh: dict[str, Any]) -> int:
        body = lines([*events[:7], seventh, *events[8:]])
        headers = {"Idempotency-Key": "large"}
        return small.client.post(PATH, data=body, content_type=NDJSON, headers=headers).status_code

    def break_off(rows: list[Row], batch_id: UUID) -> Submission:
        monkeypatch.setattr(small.runtime.collector, "submit", full)
        return submit(rows, batch_id)

    def full(rows: list[Row], batch_id: UUID) -> Submission:
        raise BufferFullError("no room")

    events = [event(f"test.n{n:03}") for n in range(120)]
    with site(database, buffer_events=100) as small:
        submit = small.runtime.collector.submit
        monkeypatch.setattr(small.runtime.collector, "submit", break_off)
        assert post(event("test.n007", occurred_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())) == 429
        monkeypatch.setattr(small.runtime.collector, "submit", submit)
        assert post(events[7]) == 200
        assert small.stored() == [f"test.n{n:03}" for n in range(120) if n != 7]


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_can_not_be_kept_is_refused(open_site: Site, key: str) -> None:
    answer = open_site.client.post(PATH, json=event(), headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json is not None
    assert "Idempotency-Key" in answer.json["error"]


def test_a_full_buffer_answers_429_and_says_when_to_come_again(database: Database) -> None:
    with site(database) as stopped:
        stopped.runtime.collector.stop(5)  # it takes nothing any more
        answer = stopped.client.post(PATH, json=event())
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0


def test_a_failing_store_answers_503_at_once(open_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Collector, "failure", property(lambda self: "connection refused"))
    answer = open_site.client.post(PATH, json=event())
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json is not None
    assert "connection refused" not in answer.json["error"]


def test_a_commit_that_does_not_come_in_time_answers_503(open_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "COMMIT_TIMEOUT_SECONDS", 0.01)
    with open_site.database.begin() as connection:
        connection.execute(text("LOCK TABLE ingest_batches IN ACCESS EXCLUSIVE MODE"))
        answer = open_site.client.post(PATH, json=event())
    assert answer.status_code == 503


def test_only_so_many_requests_wait_and_the_next_is_told_at_once(open_site: Site) -> None:
    """A lock holds all commits; when one more than may wait have come, exactly that one is refused."""
    refused = threading.Event()
    statuses: list[int] = []

    def post() -> None:
        status = open_site.client.application.test_client().post(PATH, json=event()).status_code
        statuses.append(status)
        if status == 429:
            refused.set()

    threads = [threading.Thread(target=post) for _ in range(ingest.WAITING_AT_MOST + 1)]
    with open_site.database.begin() as connection:
        connection.execute(text("LOCK TABLE ingest_batches IN ACCESS EXCLUSIVE MODE"))
        for thread in threads:
            thread.start()
        assert refused.wait(30)
    for thread in threads:
        thread.join(30)
    assert sorted(statuses) == [200] * ingest.WAITING_AT_MOST + [429]


def test_rejected_events_stand_in_the_books(open_site: Site) -> None:
    open_site.client.post(PATH, json=[event(), event("BAD")])
    counters = open_site.runtime.collector.snapshot()
    assert counters.balanced
    assert counters.rejected == 1
    assert counters.committed >= 1


def test_another_method_is_refused_in_json(open_site: Site) -> None:
    answer = open_site.client.get(PATH)
    assert answer.status_code == 405
    assert answer.json == {"error": "Method Not Allowed"}
    assert "POST" in answer.headers["Allow"]


def test_an_unknown_api_path_is_refused_in_json(open_site: Site) -> None:
    answer = open_site.client.get("/api/v2/events")
    assert (answer.status_code, answer.json) == (404, {"error": "Not Found"})
