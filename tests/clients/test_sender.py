"""Faults between the client and the server: what is kept, repeated, split, refused, and when it goes on."""

import logging
from collections.abc import Callable

import pytest
from metrics_dash_client import sender

from tests.clients.scripted_server import (
    Reply,
    answer_and_hang_up,
    drip,
    half_an_answer,
    hang_up,
    raw,
    reject,
    serving,
    status,
)
from tests.clients.turns import TOKEN, Turns, turns
from tests.support.processes import free_port


@pytest.fixture(autouse=True)
def _token_stays_secret(caplog: pytest.LogCaptureFixture) -> object:
    """Whatever goes wrong, the token is in no line of any log."""
    caplog.set_level(logging.DEBUG)
    yield
    assert TOKEN not in caplog.text


def test_a_batch_goes_as_zipped_lines_under_a_key_with_the_token() -> None:
    with serving() as server, turns(f"{server.url}/base/") as client:
        client.emit("test.a", "test.b")
        client.finish()
        [request] = server.requests
        assert request.path == "/base/api/v1/events"
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.headers["content-type"] == "application/x-ndjson"
        assert request.headers["content-encoding"] == "gzip"
        assert request.names == ["test.a", "test.b"]
        assert client.stats().accepted == 2


def test_batches_share_a_connection_and_have_keys_of_their_own() -> None:
    with serving() as server, turns(server.url) as client:
        client.emit(*["test.a"] * 9)
        client.finish()
        assert server.connections == 1
        assert len({request.key for request in server.requests}) == 3


FAULTS: dict[str, Reply] = {
    "429": status(429),
    "408": status(408),
    "500": status(500),
    "502": status(502),
    "503": status(503),
    "a lost connection": hang_up,
    "half an answer": half_an_answer,
    "a page of a proxy": raw(200, b"<html>hello</html>"),
    "an answer without figures": raw(200, b"{}"),
    "figures that can't be": raw(200, b'{"accepted": 1, "rejected": [{"index": 7, "reason": "x"}]}'),
    "401": status(401),
    "403": status(403),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_fails_is_sent_again_in_the_same_bytes_under_the_same_key_and_stored_once(fault: Reply) -> None:
    with serving(fault, fault, fault) as server, turns(server.url) as client:
        client.emit("test.a", "test.b")
        client.step()
        assert (client.stats().buffered, client.stats().accepted) == (2, 0)
        client.finish()
        assert len(server.requests) == 4
        assert len({(request.key, request.body) for request in server.requests}) == 1
        assert server.names == ["test.a", "test.b"]
        assert client.stats().accepted == 2


def test_no_server_at_all_keeps_everything_until_there_is_one() -> None:
    port = free_port()
    with turns(f"http://127.0.0.1:{port}") as client:
        client.emit("test.a")
        for _ in range(5):
            client.sleep(client.step())
        assert client.stats().buffered == 1


def test_a_slow_answer_is_given_up_when_its_time_is_over_however_often_a_byte_comes() -> None:
    with serving(drip) as server, turns(server.url, timeout=0.3) as client:
        client.emit("test.a")
        client.step()
        assert client.stats().buffered == 1
        server.released.set()
        client.finish()
        assert client.stats().accepted == 1


def test_a_connection_that_was_closed_while_idle_costs_no_pause() -> None:
    with serving(answer_and_hang_up) as server, turns(server.url) as client:
        client.emit("test.a")
        client.finish()
        client.emit("test.b")
        client.step()
        assert client.jitters == []
        assert client.stats().accepted == 2


def test_pauses_are_drawn_from_a_range_that_doubles_up_to_half_a_minute_and_shrinks_after_success() -> None:
    with serving(*[status(503)] * 9) as server, turns(server.url) as client:
        client.emit("test.a")
        client.finish()
        assert [high for _, high in client.jitters] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
        assert {low for low, _ in client.jitters} == {0.0}
        server.script.append(status(503))
        client.emit("test.b")
        client.step()
        assert client.jitters[-1] == (0.0, 0.5)


@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_waited_for(code: int) -> None:
    with serving(status(code, Retry_After="7")) as server, turns(server.url) as client:
        client.emit("test.a")
        assert client.step() == pytest.approx(7.5)  # and up to half a second more, by chance
        client.now += 7.4
        client.step()
        assert len(server.requests) == 1
        client.now += 0.2
        client.step()
        assert client.stats().accepted == 1


def test_retry_after_may_be_a_date_and_is_not_believed_past_ten_minutes() -> None:
    with serving(status(503, Retry_After="Fri, 31 Dec 2100 23:59:59 GMT")) as server, turns(server.url) as client:
        client.emit("test.a")
        assert client.step() == pytest.approx(600.5)


@pytest.mark.parametrize("code", [401, 403])
def test_a_token_that_is_not_accepted_is_tried_again_slowly(code: int) -> None:
    with serving(status(code), status(code)) as server, turns(server.url) as client:
        client.emit("test.a")
        client.sleep(client.step())
        client.sleep(client.step())
        assert client.jitters == [(15.0, 30.0)] * 2
        client.step()
        assert client.stats().accepted == 1


@pytest.mark.parametrize("code", [301, 400, 404, 405, 415, 422])
def test_what_no_repetition_would_change_is_refused_by_its_status_and_the_next_batch_goes_on(code: int) -> None:
    with serving(status(code)) as server, turns(server.url) as client:
        client.emit("test.a", "test.b")
        client.emit("test.c")
        client.finish()
        assert dict(client.stats().refused) == {f"http_{code}": 2}
        assert server.names == ["test.c"]
        assert client.stats().accepted == 1


def test_a_batch_that_is_too_large_is_halved_until_it_fits_under_keys_that_follow_from_its_own() -> None:
    def at_most_two(handler: object) -> None:
        seen = handler.request_seen  # type: ignore[attr-defined]
        if len(seen.events) > 2:
            handler.answer(413, {"error": "too large"})  # type: ignore[attr-defined]
        else:
            server.stored[seen.key] = seen.events
            handler.answer(200, {"accepted": len(seen.events), "rejected": []})  # type: ignore[attr-defined]

    names = [f"test.n{number}" for number in range(7)]
    with serving(*[at_most_two] * 20) as server, turns(server.url, batch_events=7) as client:
        client.emit(*names)
        client.finish()
        assert server.names == names
        assert client.stats().accepted == 7
        assert client.jitters == []


def test_half_of_a_batch_that_is_sent_again_keeps_its_key() -> None:
    with serving(status(413), status(503), hang_up) as server, turns(server.url) as client:
        client.emit("test.a", "test.b")
        client.finish()
        whole, *halves = server.requests
        assert [request.names for request in halves] == [["test.a"]] * 3 + [["test.b"]]
        assert len({request.key for request in halves[:3]}) == 1
        assert len({whole.key, halves[0].key, halves[3].key}) == 3
        assert server.names == ["test.a", "test.b"]


def test_one_event_that_is_too_large_is_refused() -> None:
    with serving(status(413)) as server, turns(server.url) as client:
        client.emit("test.a")
        client.finish()
        assert dict(client.stats().refused) == {"http_413": 1}


def test_a_body_above_the_servers_limit_is_halved_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "MAX_BODY_BYTES", 10)
    with serving() as server, turns(server.url) as client:
        client.emit("test.a", "test.b", "test.c")
        client.finish()
        assert [request.names for request in server.requests] == [["test.a"], ["test.b"], ["test.c"]]


def test_refused_events_are_counted_by_the_word_that_their_reason_begins_with() -> None:
    answers = reject((0, "too_old: long ago"), (1, "name_quota"), (2, "line 3 is not JSON: what?"))
    with serving(answers) as server, turns(server.url, batch_events=4) as client:
        client.emit("test.a", "test.b", "test.c", "test.d")
        client.finish()
        assert dict(client.stats().refused) == {"too_old": 1, "name_quota": 1, "invalid": 1}
        assert server.names == ["test.d"]


def test_a_server_with_ever_new_reasons_fills_no_memory() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = [f"{one}{two}" for one in letters for two in letters[:4]]
    replies = [reject((0, f"{name}: no")) for name in names]
    with serving(*replies) as server, turns(server.url) as client:
        for _ in replies:
            client.emit("test.a")
        client.finish(most=1000)
        refused = client.stats().refused
        assert len(refused) <= 51
        assert sum(refused.values()) == len(names)


def test_an_open_batch_goes_when_it_is_five_seconds_old() -> None:
    with serving() as server, turns(server.url) as client:
        assert client.step() is None
        client.emit("test.a", sealed=False)
        assert client.step() == 5.0
        client.now += 4.9
        assert client.step() == pytest.approx(0.1)
        client.now += 0.2
        client.step()
        assert client.stats().accepted == 1


def test_trouble_is_said_at_once_then_once_a_minute_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    with serving(*[status(503, "the store does not answer")] * 8) as server, turns(server.url) as client:
        client.emit("test.a")
        client.finish()
        assert client.now > 1060
        lines = [record.message for record in caplog.records if record.name == "metrics_dash_client"]
        kept = [line for line in lines if "503 'the store does not answer'" in line]
        assert len(kept) == 2
        assert "1 are waiting" in kept[0]
        assert lines[-1] == "events are sent again"


def test_a_refused_batch_is_said_once_a_minute_with_how_many_events(caplog: pytest.LogCaptureFixture) -> None:
    with serving(*[status(400, "no JSON")] * 3) as server, turns(server.url, batch_events=1) as client:
        client.emit("test.a", "test.b")
        client.finish()
        assert caplog.text.count("400 'no JSON'") == 1
        client.now += 61
        client.step()
        assert "400 'no JSON' (1 event)" in caplog.text.splitlines()[-1]


def test_a_server_that_repeats_the_token_does_not_get_it_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with serving(status(400, f"bad header: Bearer {TOKEN}")) as server, turns(server.url) as client:
        client.emit("test.a")
        client.finish()
        assert "Bearer ***" in caplog.text


def closing(client: Turns, seconds: float) -> None:
    client.sender.close_by(client.now + seconds)


def test_closing_sends_what_is_open_and_ends() -> None:
    with serving() as server, turns(server.url) as client:
        client.emit("test.a", sealed=False)
        closing(client, 10)
        client.step()
        assert client.sender.is_finished
        assert server.names == ["test.a"]


def test_closing_does_not_wait_for_the_pause_of_an_earlier_failure() -> None:
    with serving(*[status(503)] * 8) as server, turns(server.url) as client:
        client.emit("test.a")
        client.step()
        while server.script:
            client.now += 1
            client.step()
        closing(client, 10)
        client.step()
        assert client.stats().accepted == 1
        assert len(server.requests) == 9


@pytest.mark.parametrize("fault", [status(503, Retry_After="60"), status(401)], ids=["Retry-After", "401"])
def test_closing_ends_at_once_when_the_next_attempt_would_come_too_late(fault: Reply) -> None:
    with serving(fault, fault) as server, turns(server.url) as client:
        client.emit("test.a")
        client.step()
        closing(client, 10)
        if not client.sender.is_finished:
            client.step()
        assert client.sender.is_finished
        assert client.buffer.abandon("shutdown") == 1
        assert dict(client.stats().dropped) == {"shutdown": 1}
        assert client.stats().balanced


def test_a_fault_of_our_own_keeps_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server, turns(server.url) as client:
        broken: Callable[..., object] = lambda *_: 1 / 0  # noqa: E731
        with monkeypatch.context() as patch:
            patch.setattr(sender, "judge", broken)
            client.emit("test.a")
            wait = client.step()
        assert client.stats().buffered == 1
        client.sleep(wait)
        client.finish()
        assert server.names == ["test.a"]
