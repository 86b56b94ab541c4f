"""Events over HTTP: stored before they are acknowledged, once, and the bad ones named."""

import gzip
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from db.batches import Batch
from db.engine import Database
from db.rows import ROW_OVERHEAD_BYTES, encode_maps
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.pieces import EXPLAINED_AT_MOST
from metrics_dash.ingest.submission import BufferFullError, NotCommittedError, Submission
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.web import budget, ingest
from metrics_dash.web.budget import ByteBudget
from tests.support.web_client import Site, site

PATH = "/api/v1/events"
NDJSON = "application/x-ndjson"


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


def test_an_event_is_taken_as_far_as_any_bucket_of_its_time_is_kept(open_site: Site) -> None:
    now = datetime.now(UTC)
    floors = "UPDATE retention_floors SET ingest_floor = :f, recompute_floor = :f WHERE level = :level"
    with open_site.database.begin() as connection:
        for level, days in (("raw", 2), ("minute", 14), ("hour", 90), ("day", 300)):
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
            connection.execute(text(floors), {"f": midnight, "level": level})
    ages = (0, 5, 30, 200, 301, 400)
    answer = open_site.client.post(PATH, json=[event(occurred_at=(now - timedelta(days=n)).isoformat()) for n in ages])
    assert answer.json is not None
    assert (answer.status_code, answer.json["accepted"]) == (200, 4)
    assert [one["index"] for one in answer.json["rejected"]] == [4, 5]
    assert [one["reason"].partition(":")[0] for one in answer.json["rejected"]] == ["too_old"] * 2
    roll_up_all(open_site.database)
    with open_site.database.reading() as connection:
        rows = connection.execute(
            text("SELECT bucket_type, sum(count) FROM telemetry_buckets WHERE bucket_type <> 'five' GROUP BY 1")
        )
        assert dict(map(tuple, rows)) == {"minute": 2, "hour": 3, "day": 4}


def test_events_that_the_store_refuses_are_named_by_their_place_in_the_request(open_site: Site) -> None:
    floor = datetime.now(UTC) - timedelta(hours=1)
    with open_site.database.begin() as connection:
        connection.execute(text("UPDATE retention_floors SET ingest_floor = :f"), {"f": floor})
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
    figures = open_site.client.get("/metrics").text
    assert "metrics_dash_events_committed_total 3.0" in figures
    assert "metrics_dash_events_replayed_total 2.0" in figures


def keyed(opened: Site, body: bytes, key: str = "large", **headers: str) -> tuple[int, dict[str, Any]]:
    answer = opened.client.post(PATH, data=body, content_type=NDJSON, headers={"Idempotency-Key": key, **headers})
    assert answer.json is not None
    return answer.status_code, answer.json


def test_a_large_request_is_stored_piece_by_piece_and_once(database: Database) -> None:
    with site(database, buffer_events=100) as small:
        for _ in range(2):
            assert keyed(small, lines([event()] * 12_000)) == (200, {"accepted": 12_000, "rejected": []})
        assert len(small.stored()) == 12_000


def break_off(opened: Site, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the collector take so many pieces, and then none."""
    submit = opened.runtime.collector.submit_batch
    left = iter(range(after))

    def take(batch: Batch) -> Submission:
        if next(left, None) is None:
            raise BufferFullError("no room")
        return submit(batch)

    monkeypatch.setattr(opened.runtime.collector, "submit_batch", take)


@pytest.mark.parametrize(("before", "after"), [(10_000, 2), (40_000, 100_000), (3, 10_000)])
def test_a_retry_after_a_restart_with_another_buffer_loses_and_doubles_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:
    """60,000 events, cut off in the middle, by a server of another setting and by another body of their compression."""
    body = lines([event(measurements={"n": n}) for n in range(60_000)])
    with site(database, buffer_events=before) as first, monkeypatch.context() as broken:
        break_off(first, broken, 5)
        zipped = gzip.compress(body, 1)
        assert keyed(first, zipped, **{"Content-Encoding": "gzip"})[0] == 429
        assert len(first.stored()) == 25_000
    with site(database, buffer_events=after) as second:
        for _ in range(2):
            assert keyed(second, body) == (200, {"accepted": 60_000, "rejected": []})
        with second.database.reading() as connection:
            found = connection.execute(
                text("SELECT count(*), count(DISTINCT measurements -> 'n') FROM telemetry_events")
            ).one()
    assert tuple(found) == (60_000, 60_000)


def test_two_workers_that_are_sent_the_same_at_once_store_it_once_and_answer_alike(database: Database) -> None:
    early = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    events = [event(measurements={"n": n}) for n in range(12_000)]
    events[7] = events[11_000] = event(occurred_at=early)
    body = lines(events)
    answers: list[tuple[int, dict[str, Any]]] = []
    with site(database) as one, site(database, buffer_events=700) as other:
        workers = [threading.Thread(target=lambda s=each: answers.append(keyed(s, body))) for each in (one, other)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert len(one.stored()) == 11_998
        books = [each.runtime.collector.snapshot() for each in (one, other)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 200
    assert [refused["index"] for refused in answers[0][1]["rejected"]] == [7, 11_000]
    assert sum(each.committed for each in books) == 11_998
    assert sum(each.replayed for each in books) == 12_000
    assert all(each.balanced for each in books)


def test_a_repeated_request_is_answered_as_the_first_time_whatever_would_be_taken_now(
    open_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    floor = "UPDATE retention_floors SET ingest_floor = CAST(:floor AS timestamptz)"
    check = "ALTER TABLE telemetry_events {} odd" + " CHECK (measurements <> '{{\"n\": 4}}')"
    with open_site.database.begin() as connection:
        connection.execute(text(floor), {"floor": (now - timedelta(hours=1)).isoformat()})
        connection.execute(text(check.format("ADD CONSTRAINT")))
        connection.execute(
            text("INSERT INTO event_names (event_name) SELECT 'old.n' || n FROM generate_series(1, 999) AS n")
        )
    body = lines(
        [
            event(measurements={"n": 0}),
            event(occurred_at=(now + timedelta(hours=1)).isoformat()),
            event(occurred_at=(now - timedelta(hours=2)).isoformat()),
            event(occurred_at=(now - timedelta(days=500)).isoformat()),
            event(measurements={"n": 4}),
            event("one.name_too_many"),
            event("NOT A NAME"),
        ]
    )
    first = keyed(open_site, body)
    assert first[0] == 200
    assert first[1]["accepted"] == 1
    assert [refused["index"] for refused in first[1]["rejected"]] == [1, 2, 3, 4, 5, 6]
    with open_site.database.begin() as connection:
        connection.execute(text(floor), {"floor": "-infinity"})
        connection.execute(text("ALTER TABLE telemetry_events DROP CONSTRAINT odd"))
        connection.execute(text("DELETE FROM event_names WHERE event_name LIKE 'old.%'"))
    monkeypatch.setattr("metrics_dash.ingest.event.MAX_AHEAD", timedelta(days=1))
    with site(open_site.database) as other:
        for each in (open_site, other):
            assert keyed(each, body) == first
        assert other.runtime.collector.snapshot().replayed == 7
    assert open_site.stored() == ["test.posted"]


def test_a_request_of_which_nothing_was_taken_is_answered_so_again(
    open_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = lines([event(occurred_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())])
    first = keyed(open_site, body)
    monkeypatch.setattr("metrics_dash.ingest.event.MAX_AHEAD", timedelta(days=1))
    assert keyed(open_site, body) == first
    assert first[1]["accepted"] == 0
    assert open_site.stored() == []


def test_the_same_key_with_another_body_is_422_and_stores_nothing(open_site: Site) -> None:
    body = lines([event("test.a"), event("test.b")])
    assert keyed(open_site, body)[0] == 200
    for other in (lines([event("test.a")]), body + b"\n", lines([event("test.c")] * 6000), lines([event("BAD")])):
        status, answer = keyed(open_site, other)
        assert status == 422
        assert "another body" in answer["error"]
    assert open_site.stored() == ["test.a", "test.b"]
    counters = open_site.runtime.collector.snapshot()
    assert counters.dropped["key_reused"] == 1 + 2 + 5000 + 1
    assert counters.balanced


def test_the_same_body_read_in_another_way_is_another_one(open_site: Site) -> None:
    body, key = b'[{"event_name": "test.a"}]', {"Idempotency-Key": "one"}
    answers = [
        open_site.client.post(PATH, data=body, content_type=kind, headers=key) for kind in ("application/json", NDJSON)
    ]
    assert [answer.status_code for answer in answers] == [200, 422]
    assert open_site.stored() == ["test.a"]


def test_a_key_names_the_same_batch_in_every_version() -> None:
    """Else a request that is sent again after an update is stored twice."""
    assert ingest.batch_id_of("order-4711") == UUID("a04fae71-048b-56ec-ae2f-4b16cc2fd8be")


def test_what_a_request_holds_while_it_waits_is_taken_from_the_budget_of_all(
    open_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = ByteBudget(2**30)
    monkeypatch.setattr(budget, "_held", held)
    while_waiting: list[int] = []
    wait = Submission.wait

    def watched(submission: Submission, timeout: float) -> None:
        while_waiting.append(held.held)
        wait(submission, timeout)

    monkeypatch.setattr(Submission, "wait", watched)
    answer = open_site.client.post(PATH, data=lines([event("a.b")] * 1000), content_type=NDJSON)
    assert answer.status_code == 200
    assert while_waiting == [1000 * (ROW_OVERHEAD_BYTES + len(encode_maps({}, {})))]
    assert held.held == 0


def test_how_a_body_was_compressed_does_not_make_it_another(open_site: Site) -> None:
    body = lines([event()])
    for zipped in (gzip.compress(body, 1, mtime=1), gzip.compress(body, 9, mtime=2)):
        assert keyed(open_site, zipped, **{"Content-Encoding": "gzip"})[1]["accepted"] == 1
    assert keyed(open_site, body)[1]["accepted"] == 1
    assert len(open_site.stored()) == 1


def test_an_event_that_is_taken_the_second_time_only_moves_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics_dash.ingest.pieces.PIECE_EVENTS", 50)
    events = [event(f"test.n{n:03}") for n in range(120)]
    events[7] = events[60] = event("test.late", occurred_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    with site(database, buffer_events=100) as small:
        with monkeypatch.context() as broken:
            break_off(small, broken, 1)
            assert keyed(small, lines(events))[0] == 429
        monkeypatch.setattr("metrics_dash.ingest.event.MAX_AHEAD", timedelta(days=1))
        status, answer = keyed(small, lines(events))
        assert (status, answer["accepted"]) == (200, 119)
        assert [refused["index"] for refused in answer["rejected"]] == [7]
        assert sorted(small.stored()) == sorted(one["event_name"] for n, one in enumerate(events) if n != 7)


def test_a_quarter_of_a_million_refusals_are_named_but_not_explained_each(open_site: Site) -> None:
    answer = open_site.client.post(PATH, data=b"{}\n" + b"1\n" * 20_000, content_type=NDJSON)
    assert answer.json is not None
    rejected = answer.json["rejected"]
    assert [one["index"] for one in rejected] == list(range(20_001))
    assert "event_name is missing" in rejected[0]["reason"]
    assert sum(one["reason"] != "invalid" for one in rejected) == 4 * EXPLAINED_AT_MOST + 1


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


def test_events_wait_on_disk_while_the_store_fails_and_503_comes_where_that_is_full(
    database: Database, tmp_path: Path
) -> None:
    with site(database, spool=tmp_path / "spool", spool_bytes=300) as spooling:
        with database.begin() as connection:
            connection.execute(text("ALTER TABLE telemetry_events RENAME TO away"))
        first = spooling.client.post(PATH, json=event())
        assert (first.status_code, first.json) == (200, {"accepted": 1, "rejected": []})
        assert spooling.runtime.collector.snapshot().spooled == 1
        assert "on disk, the oldest for" in spooling.client.get("/readyz").text
        while (answer := spooling.client.post(PATH, json=event())).status_code == 200:
            pass
        assert answer.status_code == 503
        with database.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO telemetry_events"))


def test_a_commit_that_does_not_come_in_time_answers_503(open_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "COMMIT_TIMEOUT_SECONDS", 0.01)
    with open_site.database.begin() as connection:
        connection.execute(text("LOCK TABLE ingest_batches IN ACCESS EXCLUSIVE MODE"))
        answer = open_site.client.post(PATH, json=event())
    assert answer.status_code == 503


@pytest.mark.parametrize(
    ("cancelled", "said"),
    [(True, "not stored, and will not be; nothing was stored"), (False, "what was sent may be stored yet; without an")],
)
def test_it_says_whether_what_was_sent_may_be_stored_yet(
    open_site: Site, monkeypatch: pytest.MonkeyPatch, cancelled: bool, said: str
) -> None:
    def late(*_: object) -> None:
        raise NotCommittedError("late", cancelled=cancelled)

    monkeypatch.setattr(Submission, "wait", late)
    answer = open_site.client.post(PATH, json=event())
    assert answer.status_code == 503
    assert said in answer.json["error"]
    assert ("nothing was stored" in answer.json["error"]) is cancelled


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


def test_a_process_that_does_not_collect_says_so_at_once(open_site: Site) -> None:
    running, open_site.runtime.collector = open_site.runtime.collector, Collector(open_site.database)
    answer = open_site.client.post("/api/v1/events", json=[{"event_name": "test.a"}])
    open_site.runtime.collector = running
    assert answer.status_code == 503
    assert "does not collect" in answer.text
