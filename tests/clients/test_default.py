"""The module's functions: a client from the environment, one that is configured, and none."""

from collections.abc import Iterator

import metrics_dash_client
import pytest
from metrics_dash_client import configure, default, execute, flush, span, stats

from tests.clients.scripted_server import ScriptedServer, serving


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(default, "_client", None)
    yield
    metrics_dash_client.close(30)


def test_the_first_event_makes_a_client_from_the_environment(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_URL", scripted.url)
    assert execute("test.event", {"n": 1}, {"who": "me"})
    with span("test.span"):
        pass
    assert flush(30)
    assert scripted.names == ["test.event", "test.span"]
    assert stats().accepted == 2


def test_without_a_url_it_is_said_once_however_many_events_come(caplog: pytest.LogCaptureFixture) -> None:
    assert [execute("test.event") for _ in range(3)] == [False] * 3
    assert len(caplog.records) == 1
    assert dict(stats().dropped) == {"no_url": 3}


@pytest.mark.parametrize(("url", "token"), [("nonsense", ""), ("http://host", "two words")])
def test_a_bad_setting_is_said_once_and_ends_no_program(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, url: str, token: str
) -> None:
    monkeypatch.setenv("METRICS_URL", url)
    monkeypatch.setenv("METRICS_TOKEN", token)
    assert [execute("test.event") for _ in range(3)] == [False] * 3
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "two words" not in caplog.text


def test_configure_replaces_the_client_and_loses_nothing_of_the_one_before(scripted: ScriptedServer) -> None:
    with serving() as other:
        before = configure(scripted.url, "secret")
        execute("test.before")
        configure(other.url)
        execute("test.after")
        assert flush(30)
        assert before.close(30)
        assert (scripted.names, other.names) == (["test.before"], ["test.after"])


def test_a_mistake_in_configure_raises_and_leaves_the_client_as_it_is(scripted: ScriptedServer) -> None:
    configure(scripted.url)
    with pytest.raises(ValueError, match="nonsense"):
        configure("nonsense")
    assert execute("test.event")
    assert flush(30)


def test_flushing_and_closing_before_the_first_event_do_nothing() -> None:
    assert flush(0) is True
    assert metrics_dash_client.close(0) is True
    assert default._client is None
