"""The bus: handlers get their events, and nothing that they do reaches the emitter."""

import logging
import os

import pytest

from metrics_dash.emit.bus import Bus


class Recorder:
    """A handler that keeps what it gets."""

    def __init__(self, answer: object = None) -> None:
        self.events: list[tuple[str, dict[str, float], dict[str, object]]] = []
        self.answer = answer

    def __call__(self, name: object, measurements: object, metadata: object) -> object:
        self.events.append((name, dict(measurements), dict(metadata)))  # type: ignore[arg-type,call-overload]
        return self.answer

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.events]


def raising(*_: object) -> None:
    raise RuntimeError("boom")


def test_a_handler_gets_the_events_it_is_attached_to() -> None:
    bus, one, two, every = Bus(), Recorder(), Recorder(), Recorder()
    bus.attach("one", "a.one", one)
    bus.attach("two", ["a.one", "a.two"], two)
    bus.attach("every", None, every)
    for name in ("a.one", "a.two", "a.three"):
        bus.execute(name, {"ms": 1}, {"ok": True})
    assert one.events == [("a.one", {"ms": 1}, {"ok": True})]
    assert two.names == ["a.one", "a.two"]
    assert every.names == ["a.one", "a.two", "a.three"]


def test_execute_says_whether_somebody_took_the_event() -> None:
    bus = Bus()
    assert not bus.execute("a.b")
    bus.attach("watcher", None, Recorder(None))
    assert not bus.execute("a.b")
    bus.attach("taker", None, Recorder(True))
    assert bus.execute("a.b") is True


def test_a_handler_that_raises_is_detached_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    bus, other = Bus(), Recorder(True)
    bus.attach("bad", None, raising)
    bus.attach("other", "a.b", other)
    with caplog.at_level(logging.ERROR):
        assert bus.execute("a.b")
        assert bus.execute("a.b")
    assert other.names == ["a.b", "a.b"]
    assert not bus.is_attached("bad")
    assert bus.failures() == {"bad": 1}
    assert "'bad'" in caplog.text
    assert "boom" in caplog.text


@pytest.mark.parametrize("name", [None, 1, [], {}, "\0"])
def test_execute_never_raises_whatever_it_is_given(name: object) -> None:
    bus = Bus()
    bus.attach("every", None, Recorder(True))
    bus.attach("one", "a.b", Recorder(True))
    bus.execute(name, name, name)  # type: ignore[arg-type]


def test_a_detached_handler_gets_nothing_more() -> None:
    bus, handler = Bus(), Recorder()
    bus.attach("h", "a.b", handler)
    assert bus.detach("h")
    assert not bus.detach("h")
    bus.execute("a.b")
    assert handler.events == []


def test_mistakes_in_attaching_raise_at_once() -> None:
    bus = Bus()
    bus.attach("h", None, Recorder())
    with pytest.raises(ValueError, match="'h' is attached already"):
        bus.attach("h", "a.b", Recorder())
    with pytest.raises(TypeError, match="can't be called"):
        bus.attach("x", None, "no function")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no event"):
        bus.attach("x", [], Recorder())
    with pytest.raises(ValueError, match="no event"):
        bus.attach("x", "", Recorder())
    with pytest.raises(ValueError, match="not a handler id"):
        bus.attach("", None, Recorder())


def test_a_span_measures_its_block() -> None:
    bus, handler = Bus(), Recorder()
    bus.attach("h", None, handler)
    with bus.span("a.save", {"zone_id": 7}):
        pass
    ((name, measurements, metadata),) = handler.events
    assert (name, metadata) == ("a.save", {"zone_id": 7})
    assert measurements.keys() == {"duration_ms"}
    assert measurements["duration_ms"] >= 0


def test_a_span_names_the_exception_and_lets_it_go_on() -> None:
    bus, handler = Bus(), Recorder()
    bus.attach("h", None, handler)
    with pytest.raises(KeyError), bus.span("a.save"):
        raise KeyError("x")
    assert handler.events[0][2] == {"error": "KeyError"}


def test_replacing_a_handler_leaves_no_gap_and_no_overlap() -> None:
    bus, old, new = Bus(), Recorder(), Recorder()
    bus.attach("old", None, old)
    assert bus.replace("old", "new", new)
    assert not bus.replace("old", "newer", new)
    bus.execute("a.b")
    assert (old.names, new.names) == ([], ["a.b"])


def test_a_handler_may_emit_and_attach_and_detach() -> None:
    bus, inner = Bus(), Recorder()

    def busy(name: str, *_: object) -> None:
        bus.detach("busy")
        bus.attach("inner", None, inner)
        bus.execute("a.second")

    bus.attach("busy", "a.first", busy)
    bus.execute("a.first")
    assert inner.names == ["a.second"]


def test_a_fork_while_another_thread_attaches_leaves_the_childs_bus_usable() -> None:
    bus, recorder = Bus(), Recorder()
    with bus._lock:  # another thread's, as far as the child can tell
        child = os.fork()
        if child == 0:
            bus.attach("own", None, recorder)
            bus.execute("a.b")
            os._exit(0 if recorder.names == ["a.b"] else 1)
    assert os.waitpid(child, 0)[1] == 0
