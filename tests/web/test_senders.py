"""Other systems' doors: answered as their clients need it, stored once, and past none of the limits."""

import gzip
import json
import time
from typing import Any

import pytest

from metrics_dash.ingest.collector import Collector
from metrics_dash.web.body import MAX_INFLATED
from tests.support.web_client import Site

POSTHOG = {"event": "wire.paid", "uuid": "u1", "properties": {"amount": 5}}
SEGMENT = {"type": "track", "event": "wire.tracked", "messageId": "m1", "userId": "u"}
DOORS = [("/batch/", {"batch": [POSTHOG]}), ("/i/v0/e/", POSTHOG), ("/v1/batch", {"batch": [SEGMENT]}),
         ("/v1/track", SEGMENT), ("/v1/page", {"userId": "u"})]  # fmt: skip


@pytest.mark.parametrize(("path", "body"), DOORS)
def test_each_door_stores_and_answers_as_its_client_needs_it(open_site: Site, path: str, body: Any) -> None:
    said = {"success": True} if path.startswith("/v1/") else {"status": 1}
    for spelling in (path.rstrip("/"), path.rstrip("/") + "/"):
        answer = open_site.client.post(spelling, json=body)
        assert (answer.status_code, answer.json) == (200, {**said, "accepted": 1})
    assert len(open_site.stored()) == (2 if path == "/v1/page" else 1)


@pytest.mark.parametrize("path", ["/api/v2/write?org=o&bucket=b&precision=s", "/write?db=d&precision=s"])
def test_points_are_stored_once_and_answered_by_204_alone(open_site: Site, path: str) -> None:
    body = b"wire.cpu,host=a usage=5\nwire.cpu,host=a usage=6 " + str(int(time.time())).encode()
    for _ in range(2):
        answer = open_site.client.post(path, data=body)
        assert (answer.status_code, answer.data) == (204, b"")
    assert len(open_site.stored()) == 2
    answer = open_site.client.post(path, data=b"nonsense\nwire.cpu usage=7\n")
    assert (answer.status_code, answer.headers["X-Rejected"]) == (204, "1; 'line 1 is not of the line protocol'")
    assert len(open_site.stored()) == 3


def test_what_influxdbs_clients_ask_first_is_answered(open_site: Site) -> None:
    get = open_site.client.get
    assert get("/ping").status_code == open_site.client.head("/ping").status_code == 204
    assert get("/ping").headers["X-Influxdb-Version"].startswith("1.")
    assert get("/health").json["status"] == "pass"  # type: ignore[index]
    assert get("/ready").json == {"status": "ready"}
    created = open_site.client.post("/query", data={"q": 'CREATE DATABASE "telegraf"'})
    assert created.json == {"results": [{"statement_id": 0}]}
    assert get("/query?q=DROP DATABASE x").status_code == 400
    assert open_site.client.post("/write?precision=century", data=b"a b=1").status_code == 400


def test_a_batch_that_comes_again_is_stored_once_whatever_is_new_around_it(open_site: Site) -> None:
    events = [{**POSTHOG, "uuid": f"u{n}"} for n in range(3)]
    for sent_at in ("1", "2"):
        answer = open_site.client.post("/batch/", json={"batch": events, "sent_at": sent_at})
        assert answer.json == {"status": 1, "accepted": 3}
    assert len(open_site.stored()) == 3
    open_site.client.post("/batch/", json={"batch": [{**POSTHOG, "uuid": "u9"}]})
    assert len(open_site.stored()) == 4


def test_an_id_that_comes_twice_in_a_request_is_one_event(open_site: Site) -> None:
    open_site.client.post("/v1/batch", json={"batch": [SEGMENT, SEGMENT]})
    assert open_site.stored() == ["wire.tracked"]


def test_ids_of_one_system_are_none_of_another(open_site: Site) -> None:
    open_site.client.post("/batch/", json={"batch": [{**POSTHOG, "uuid": "same"}]})
    open_site.client.post("/v1/batch", json={"batch": [{**SEGMENT, "messageId": "same"}]})
    assert len(open_site.stored()) == 2


def test_a_bad_event_is_named_and_the_others_stored(open_site: Site) -> None:
    answer = open_site.client.post("/batch/", json={"batch": [POSTHOG, {"event": ""}, {**POSTHOG, "uuid": "u2"}]})
    assert answer.json == {"status": 1, "accepted": 2, "rejected": [{"index": 1, "reason": "event is missing"}]}
    assert open_site.runtime.collector.snapshot().rejected == 1


def test_a_browsers_compression_is_told_by_the_address(open_site: Site) -> None:
    body = gzip.compress(json.dumps(POSTHOG).encode())
    assert open_site.client.post("/i/v0/e/?compression=gzip-js", data=body).status_code == 200
    assert open_site.stored() == ["wire.paid"]


@pytest.mark.parametrize("path", [path for path, _ in DOORS])
def test_no_door_is_past_the_limits(open_site: Site, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    post = open_site.client.post
    assert post(path, data=b"{").status_code == 400
    assert post(path, data=b" " * (MAX_INFLATED + 1)).status_code == 413
    assert post(path, json={}, environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 403
    monkeypatch.setattr(Collector, "failure", property(lambda collector: "the disk is full"))
    answer = post(path, json=dict(DOORS)[path])
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) <= 2


def test_who_asks_for_feature_flags_is_told_that_there_are_none(open_site: Site) -> None:
    answer = open_site.client.post("/flags/?v=4", json={"distinct_id": "x"})
    assert answer.json is not None
    assert answer.json["flags"] == {}
