"""The sender: asks until it is answered, takes no for an answer, and stops when it is told to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from metrics_dash.emit.sender import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, RefusedError, Sender, StoppedError
from tests.support.processes import free_port
from tests.support.recording_server import RecordingServer

EVENT = {"event_name": "a.b", "measurements": {"ms": 1.5}}
ANSWER = {"accepted": 1, "rejected": []}


class Pauses(threading.Event):
    """Told to wait, it notes for how long, does something, and lets the sender go on at once."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._meanwhile = meanwhile

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.seconds.append(timeout)
        self._meanwhile()
        return self.is_set()


@pytest.fixture
def sink() -> Iterator[RecordingServer]:
    with RecordingServer() as recording:
        yield recording


def test_a_batch_arrives_as_it_was_given_under_its_key(sink: RecordingServer) -> None:
    assert Sender(sink.url).send([EVENT, EVENT], "a key") == {"accepted": 2, "rejected": []}
    assert sink.batches == {"a key": [EVENT, EVENT]}


def test_a_server_below_a_path_is_asked_there(sink: RecordingServer) -> None:
    Sender(f"{sink.url}/behind/").send([EVENT], "a key")
    assert sink.asked == ["POST /behind/api/v1/events"]


def test_a_question_is_answered_with_what_the_server_knows(sink: RecordingServer) -> None:
    answer = Sender(sink.url).query(event_name="a.b", resolution="hour")
    assert answer == {"series": [{"t": [], "v": []}]}
    assert sink.asked == ["GET /api/v1/query"]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again_under_the_same_key(sink: RecordingServer, status: int) -> None:
    sink.statuses = [status, status]
    assert Sender(sink.url, Pauses()).send([EVENT], "a key") == ANSWER
    assert sink.keys == ["a key"]
    assert len(sink.asked) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 413, 415])
def test_a_refusal_is_not_repeated(sink: RecordingServer, status: int) -> None:
    sink.statuses = [status]
    with pytest.raises(RefusedError, match=f"POST /api/v1/events: {status} scripted"):
        Sender(sink.url).send([EVENT], "a key")
    assert len(sink.asked) == 1


def test_pauses_grow_to_a_limit_and_are_half_chance(sink: RecordingServer) -> None:
    sink.statuses, pauses = [503] * 7, Pauses()
    Sender(sink.url, pauses).send([EVENT], "a key")
    ceilings = [min(FIRST_PAUSE_SECONDS * 2**number, LONGEST_PAUSE_SECONDS) for number in range(7)]
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses.seconds, ceilings, strict=True))


def test_a_server_that_says_when_to_come_again_is_not_asked_before(sink: RecordingServer) -> None:
    sink.statuses, sink.retry_after, pauses = [429], "25", Pauses()
    Sender(sink.url, pauses).send([EVENT], "a key")
    assert pauses.seconds == [25]


def test_a_server_that_is_not_there_yet_is_waited_for() -> None:
    port = free_port()
    with ExitStack() as servers:
        pauses = Pauses(lambda: servers.enter_context(RecordingServer(port)))
        assert Sender(f"http://127.0.0.1:{port}", pauses).send([EVENT], "a key") == ANSWER
    assert len(pauses.seconds) == 1


def test_a_connection_that_was_lost_is_opened_anew(sink: RecordingServer) -> None:
    sender = Sender(sink.url, Pauses())
    sender.send([EVENT], "first")
    sender.close()
    sender.send([EVENT], "second")
    assert sink.keys == ["first", "second"]


def test_a_stopped_sender_gives_up_waiting_for_a_server_that_is_not_there() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        Sender("http://127.0.0.1:9", stop).send([], "a key")
    told_meanwhile = Pauses(lambda: told_meanwhile.set())
    with pytest.raises(StoppedError):
        Sender("http://127.0.0.1:9", told_meanwhile).send([], "a key")
    assert len(told_meanwhile.seconds) == 1


@pytest.mark.parametrize("url", ["", "localhost:8050", "ftp://localhost", "http://", "//localhost"])
def test_what_is_no_url_is_quoted_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=f"'{url}' is not a URL such as"):
        Sender(url)
