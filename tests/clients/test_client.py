"""A client with its thread: what is taken and refused, flushed, closed, and held within bounds."""

import http.client
import logging
import shutil
import ssl
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from metrics_dash_client import Client

from tests.clients.scripted_server import ScriptedServer, serving, status, wait_for_release
from tests.support.processes import eventually, free_port

TOKEN = "mdt_7_very-secret"


def test_an_event_arrives_as_it_was_when_it_was_emitted(scripted: ScriptedServer) -> None:
    measurements, metadata = {"ms": 1.5, "n": 3}, {"who": "Zoë", "ok": True, "gone": None}
    before = datetime.now(UTC)
    with Client(scripted.url) as client:
        for _ in range(2):  # the first time the names are new, the second time they are known
            assert client.execute("test.event", measurements, metadata)
        measurements["ms"] = 0
        metadata.clear()
        assert client.flush(30)
    for event in scripted.events:
        occurred_at = datetime.fromisoformat(event.pop("occurred_at"))
        assert before - timedelta(milliseconds=1) <= occurred_at <= datetime.now(UTC)
        assert event == {
            "event_name": "test.event",
            "measurements": {"ms": 1.5, "n": 3},
            "metadata": {"who": "Zoë", "ok": True, "gone": None},
        }
    assert len(scripted.events) == 2


def test_an_event_of_another_time_keeps_it(scripted: ScriptedServer) -> None:
    with Client(scripted.url) as client:
        assert client.execute("test.event", occurred_at=datetime(2026, 1, 31, 13, tzinfo=UTC))
    assert scripted.events[0]["occurred_at"] == "2026-01-31T13:00:00+00:00"


def test_a_full_buffer_drops_the_newest_and_counts_them() -> None:
    with serving(wait_for_release) as server, Client(server.url, buffer_events=3, batch_events=1) as client:
        assert [client.execute("test.event", {"n": n}) for n in range(5)] == [True] * 3 + [False] * 2
        assert dict(client.stats().dropped) == {"buffer_full": 2}
        assert client.stats().balanced
        server.released.set()
        assert client.flush(30)
        assert [event["measurements"]["n"] for event in server.events] == [0, 1, 2]
        assert client.execute("test.event")


def test_a_buffer_is_bounded_in_bytes_too(scripted: ScriptedServer) -> None:
    with Client(scripted.url, buffer_bytes=20_000) as client:
        taken = [client.execute("test.event", None, {"text": "x" * 5000}) for _ in range(10)]
        assert taken == [True] * 3 + [False] * 7
        assert dict(client.stats().dropped) == {"buffer_bytes": 7}
        assert client.stats().balanced


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")


BAD: dict[str, tuple[Any, ...]] = {
    "an upper-case name": ("Test.Event",),
    "an empty name": ("",),
    "a name with an empty segment": ("test..event",),
    "a name with a newline at its end": ("test.event\n",),
    "a long name": ("x" * 256,),
    "a name that is a number": (7,),
    "a name without a hash": ([],),
    "an odd name": (Odd(),),
    "odd measurements": ("test.event", Odd()),
    "odd metadata": ("test.event", None, Odd()),
    "NaN": ("test.event", {"n": float("nan")}),
    "infinity": ("test.event", {"n": float("-inf")}),
    "an integer above every float": ("test.event", {"n": 10**400}),
    "a number that is text": ("test.event", {"n": "1"}),
    "a number that is a boolean": ("test.event", {"n": True}),
    "a number that is absent": ("test.event", {"n": None}),
    "65 numbers": ("test.event", {f"n{n}": n for n in range(65)}),
    "no map": ("test.event", [1]),
    "an empty list": ("test.event", []),
    "metadata that is text": ("test.event", None, "text"),
    "NaN in metadata": ("test.event", None, {"n": float("nan")}),
    "a list in metadata": ("test.event", None, {"tags": ["a"]}),
    "a map in metadata": ("test.event", None, {"tags": {}}),
    "an odd value": ("test.event", None, {"tags": Odd()}),
    "bytes": ("test.event", None, {"tags": b"a"}),
    "a key that is no text": ("test.event", None, {1: "a"}),
    "NUL": ("test.event", None, {"text": "a\0b"}),
    "NUL in a key": ("test.event", None, {"a\0": "b"}),
    "half of a surrogate pair": ("test.event", None, {"text": "\ud800"}),
    "half of a surrogate pair in a key": ("test.event", {"\udfff": 1}),
    "17 KiB of metadata": ("test.event", None, {"text": "x" * 17 * 1024}),
    "a time without a zone": ("test.event", None, None, datetime(2026, 1, 1)),  # noqa: DTZ001
    "a time that is text": ("test.event", None, None, "2026-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_a_bad_event_is_refused_and_counted_and_the_others_go_on(
    scripted: ScriptedServer, arguments: tuple[Any, ...]
) -> None:
    with Client(scripted.url) as client:
        assert client.execute("test.event", {"n": 1}, {"text": "a", "tags": "b"})
        assert client.execute(*arguments) is False
        assert client.execute("test.event", {"n": 2}, {"text": "c", "tags": "d"})
        assert client.flush(30)
        assert dict(client.stats().refused) == {"invalid": 1}
        assert client.stats().accepted == 2
        assert client.stats().balanced


GOOD: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "text of other scripts": ({}, {"k": "日本語 🎲 Zoë"}, {}, {"k": "日本語 🎲 Zoë"}),
    "keys of other scripts": ({"größe": 1}, {}, {"größe": 1}, {}),
    "control characters": ({}, {"k": 'a\n\t"\\\x01\u2028'}, {}, {"k": 'a\n\t"\\\x01\u2028'}),
    "an integer past 64 bits": ({"n": 2**70}, {}, {"n": float(2**70)}, {}),
    "very small and very large": ({"a": 5e-324, "b": 1.7e308}, {}, {"a": 5e-324, "b": 1.7e308}, {}),
    "another kind of mapping": (MappingProxyType({"n": 1}), {}, {"n": 1}, {}),  # type: ignore[dict-item]
    "15 KiB of metadata": ({}, {"k": "x" * 15 * 1024}, {}, {"k": "x" * 15 * 1024}),
}


@pytest.mark.parametrize(("measurements", "metadata", "numbers", "tags"), GOOD.values(), ids=GOOD)
def test_odd_but_valid_values_arrive_as_they_are(
    scripted: ScriptedServer,
    measurements: dict[str, Any],
    metadata: dict[str, Any],
    numbers: dict[str, Any],
    tags: dict[str, Any],
) -> None:
    with Client(scripted.url) as client:
        for _ in range(2):
            assert client.execute("test.event", measurements, metadata)
    for event in scripted.events:
        assert event.get("measurements", {}) == numbers
        assert event.get("metadata", {}) == tags
    assert len(scripted.events) == 2


def test_bad_events_are_one_line_of_the_log_and_not_one_each(
    scripted: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    with Client(scripted.url) as client:
        for _ in range(100):
            client.execute("Not A Name")
        eventually(lambda: "Not A Name" in caplog.text, "it is said")
        client.execute("test.event")
        assert client.flush(30)
    assert len(caplog.records) == 1
    assert dict(client.stats().refused) == {"invalid": 100}


def test_threads_that_emit_at_once_lose_nothing_and_the_books_balance_all_the_while() -> None:
    with serving() as server, Client(server.url, batch_events=50, buffer_events=500) as client:
        taken: list[int] = []

        def emit() -> None:
            taken.append(sum(client.execute("test.event") for _ in range(2000)))

        threads = [threading.Thread(target=emit) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert client.stats().balanced
        assert client.close(30)
        stats = client.stats()
        assert stats.balanced
        assert stats.offered == 8000
        assert stats.accepted == sum(taken) == len(server.events)


def test_flush_waits_for_what_came_before_and_says_so_when_it_can_t() -> None:
    with serving(wait_for_release) as server, Client(server.url) as client:
        client.execute("test.event")
        server_asked = threading.Thread(target=server.until_asked)
        server_asked.start()
        assert client.flush(0.05) is False
        server_asked.join()
        server.released.set()
        assert client.flush(30) is True
        assert server.names == ["test.event"]
        assert client.flush(0) is True


def test_close_sends_the_rest_and_what_comes_later_is_dropped(scripted: ScriptedServer) -> None:
    client = Client(scripted.url)
    client.execute("test.event")
    assert client.close() is True
    assert client.execute("test.late") is False
    assert client.close() is True
    assert scripted.names == ["test.event"]
    assert dict(client.stats().dropped) == {"shutdown": 1}
    assert client.stats().balanced


def test_close_is_bounded_when_the_server_does_not_answer(caplog: pytest.LogCaptureFixture) -> None:
    with serving(wait_for_release) as server:
        client = Client(server.url, batch_events=1)
        client.execute("test.a")
        server.until_asked()
        client.execute("test.b")
        assert client.close(0.1) is False
        stats = client.stats()
        assert (stats.in_flight, dict(stats.dropped)) == (1, {"shutdown": 1})
        assert stats.balanced
        assert "1 events could not be sent" in caplog.text
        server.released.set()


def test_without_a_url_events_go_nowhere_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    client = Client()
    assert [client.execute("test.event"), client.execute("test.event")] == [False, False]
    assert dict(client.stats().dropped) == {"no_url": 2}
    assert client.stats().balanced
    assert client.flush(0) is True
    assert client.close() is True
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "METRICS_URL" in caplog.text


def test_an_empty_url_switches_it_off_silently(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("METRICS_URL", "http://127.0.0.1:1")
    assert Client(url="").execute("test.event") is False
    assert caplog.text == ""


def test_url_and_token_come_from_the_environment(scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_URL", f"{scripted.url}/\n")
    monkeypatch.setenv("METRICS_TOKEN", f"{TOKEN}\n")
    with Client() as client:
        client.execute("test.event")
    assert scripted.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_without_a_token_no_authorization_is_sent(scripted: ScriptedServer) -> None:
    with Client(scripted.url) as client:
        client.execute("test.event")
    assert "authorization" not in scripted.requests[0].headers


BAD_URLS = [
    "metrics",
    "ftp://host",
    "http://",
    "http://host:99999",
    "http://host:0",
    "http://host/?a=b",
    "http://h ost",
    7,
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_bad_url_is_an_error_that_quotes_it(url: Any) -> None:
    with pytest.raises(ValueError, match="url: ") as raised:
        Client(url)
    assert str(url) in str(raised.value)


@pytest.mark.parametrize("url", ["http://me:hunter2@host", "http://me:hunter2@host:99999", "me:hunter2@host"])
def test_a_password_in_a_bad_url_is_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match="url: ") as raised:
        Client(url)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("token", [f"{TOKEN}\r\nX-Other: 1", f"{TOKEN} x", f"{TOKEN}ü", 7])
def test_a_bad_token_is_an_error_that_does_not_show_it(token: Any) -> None:
    with pytest.raises(ValueError, match="token: ") as raised:
        Client("http://host", token)
    assert str(token) not in str(raised.value)


@pytest.mark.parametrize(
    "options",
    [{"flush_interval": 0}, {"batch_events": 1.5}, {"buffer_events": -1}, {"buffer_bytes": True}, {"timeout": "1"}],
)
def test_a_bad_option_is_an_error_that_names_it(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        Client("http://host", **options)


def test_the_token_is_in_no_repr_no_log_and_no_debug_output(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with serving(status(401)) as server, Client(server.url, TOKEN, batch_events=1) as client:
        client.execute("test.event")
        server.until_asked()
        assert TOKEN not in repr(client)
        assert server.url in repr(client)
    assert TOKEN not in caplog.text
    assert TOKEN not in "".join(capfd.readouterr())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with the openssl command")
def test_a_certificate_that_nobody_vouches_for_is_not_accepted_unless_told_to(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate, key)
    with serving(tls=server_side) as server:
        with Client(server.url) as careful:
            careful.execute("test.event")
            assert careful.close(1) is False
            assert dict(careful.stats().dropped) == {"shutdown": 1}
        assert server.requests == []
        trusting = ssl.create_default_context(cafile=str(certificate))
        with Client(server.url, ssl_context=trusting) as client:
            client.execute("test.event")
        assert server.names == ["test.event"]


def test_a_proxy_of_the_environment_is_used_only_when_asked_for(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:hunter2@127.0.0.1:{proxy.port}")
        with Client(scripted.url) as direct:
            direct.execute("test.direct")
        with Client("http://metrics.invalid/base", proxies_from_environment=True) as through:
            through.execute("test.through")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with Client(scripted.url, proxies_from_environment=True) as bypassing:
            bypassing.execute("test.bypassing")
    assert scripted.names == ["test.direct", "test.bypassing"]
    assert proxy.names == ["test.through"]
    assert proxy.requests[0].path == "http://metrics.invalid:80/base/api/v1/events"
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic bWU6aHVudGVyMg=="


def test_a_thread_that_can_t_be_started_loses_nothing(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def no_more(thread: threading.Thread) -> None:
        if thread.name == "metrics-dash-client":
            raise RuntimeError("can't start new thread")
        start(thread)

    client = Client(scripted.url)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_more)
        assert client.execute("test.event") is True
        assert client.close() is True
    assert scripted.names == ["test.event"]


def test_a_server_that_is_not_there_holds_nobody_up() -> None:
    client = Client(f"http://127.0.0.1:{free_port()}", buffer_events=10)
    assert sum(client.execute("test.event") for _ in range(100)) == 10
    assert client.close(0.2) is False
    assert dict(client.stats().dropped) == {"buffer_full": 90, "shutdown": 10}
    assert client.stats().balanced
