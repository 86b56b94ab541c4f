"""Lanes: whatever fills one, the threads of the others answer, and those of events before all."""

from collections.abc import Iterator
from queue import SimpleQueue
from threading import Event
from types import SimpleNamespace

import pytest
import requests

from db.engine import Database
from metrics_dash.web import otlp, senders
from metrics_dash.web.lanes import LANES, Lane, LaneDispatcher
from tests.support.processes import eventually
from tests.support.waiting_server import FILE, PAGE, PATIENT, Site, request, serving
from tests.support.web_client import page_client

SMALL = (Lane("events", 2, ("/events",)), Lane("files", 1, ("/files/",)), Lane("page", 1, ("",)))


class Asked:
    """What waitress queues for a request: once a thread is free it says so, then waits for ``go``."""

    def __init__(self, path: str, begun: "SimpleQueue[Asked]", go: Event) -> None:
        self.requests = [SimpleNamespace(path=path)]
        self.begun, self.go = begun, go
        self.cancelled = Event()

    def service(self) -> None:
        self.begun.put(self)
        self.go.wait(60)

    def cancel(self) -> None:
        self.cancelled.set()


class Bench:
    """Lanes with real threads, and what they have begun."""

    def __init__(self) -> None:
        self.dispatcher = LaneDispatcher(SMALL)
        self.begun: SimpleQueue[Asked] = SimpleQueue()
        self.go = Event()

    def ask(self, path: str) -> Asked:
        asked = Asked(path, self.begun, self.go)
        self.dispatcher.add_task(asked)
        return asked

    def next(self) -> Asked:
        """The next that a thread begins with."""
        return self.begun.get(timeout=60)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.go.set()
    made.dispatcher.shutdown()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(PATIENT) as served:
        yield served


def lane_of(path: str) -> str:
    return next(lane.name for lane in LANES if path.startswith(lane.prefixes))


def test_a_lane_that_is_full_holds_up_no_other(bench: Bench) -> None:
    pages = [bench.ask("/page") for _ in range(50)]
    assert bench.next() is pages[0]
    files = [bench.ask("/files/a") for _ in range(50)]
    assert bench.next() is files[0]
    events = {bench.ask("/events"), bench.ask("/events/more")}
    assert {bench.next(), bench.next()} == events


def test_a_lane_answers_so_many_at_once_and_the_others_in_their_order(bench: Bench) -> None:
    asked = [bench.ask("/events") for _ in range(5)]
    assert {bench.next(), bench.next()} == set(asked[:2])
    assert bench.begun.empty()
    bench.go.set()
    assert {bench.next() for _ in range(3)} == set(asked[2:])


def test_a_request_that_was_cut_before_its_path_is_answered_like_a_page(bench: Bench) -> None:
    cut = Asked("", bench.begun, bench.go)
    cut.requests = [SimpleNamespace()]
    bench.dispatcher.add_task(cut)
    assert bench.next() is cut


def test_at_the_end_no_lane_begins_with_what_waits(bench: Bench) -> None:
    first, waiting = bench.ask("/page"), bench.ask("/page")
    assert bench.next() is first
    bench.dispatcher.shutdown(timeout=0)
    assert waiting.cancelled.is_set()
    bench.go.set()
    assert bench.begun.empty()


def test_every_door_of_events_is_in_their_lane_and_nothing_else_is(database: Database) -> None:
    rules = page_client(database).application.url_map.iter_rules()
    lanes = {str(rule): lane_of(str(rule)) for rule in rules}
    doors = {rule for rule, lane in lanes.items() if lane == "ingest"}
    others = {path for door in senders.DOORS for path in door.paths} | {signal.path for signal in otlp.SIGNALS}
    assert doors == {"/api/v1/events", "/flags/", *others}
    asked_first = {"/ping", "/health", "/ready", "/query"}
    health = {rule for rule, lane in lanes.items() if lane == "health"}
    assert health == {"/healthz", "/readyz", "/metrics", *asked_first}


@pytest.mark.parametrize("path", ["assets/plotly-basic.min.js", "_dash-component-suites/dash/deps/react.js"])
def test_files_have_a_lane_of_their_own(path: str) -> None:
    assert lane_of(f"/admin/metrics/{path}") == "files"


def test_slow_readers_of_large_files_leave_the_page_and_events_alone(site: Site) -> None:
    site.go.set()
    for _ in range(8):
        site.connect(request(FILE, "GET"))
    eventually(lambda: site.server.phases()["answer"] == 8, "all wait for their readers")
    assert requests.get(site.url + PAGE, timeout=60).text == "0"
    assert site.post() == "10"


def test_expensive_ranges_at_once_leave_the_threads_of_events_alone(site: Site) -> None:
    for _ in range(160):
        site.connect(request(PAGE, "GET"))
    assert site.waiting.acquire(timeout=60)
    assert site.post() == "10"
    assert requests.get(f"{site.url}/healthz", timeout=60).text == "0"
    site.go.set()
    assert all(each.recv(100).startswith(b"HTTP/1.1 200") for each in site.open)
