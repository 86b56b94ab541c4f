"""The demo: a simulated game server that sends over HTTP, live and, if asked, some weeks of its past.

Time is cut into hours and, within them, slices of ten seconds. A batch is named by seed, rate and interval, so that
sending an interval again stores nothing twice. Hours that ended an hour ago or earlier are sent whole; the present
hour and the one before always in slices, as the live feed does. That keeps the two ways of cutting apart, however
often the demo is stopped and started.
"""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from metrics_dash.demo.simulation import HOUR, Simulation, slice_of
from metrics_dash.demo.status import HEARTBEAT
from metrics_dash.emit.sender import KeyReusedError, RefusedError, Sender, StoppedError

log = logging.getLogger(__name__)

SLICE = 10
# A sampled event that every hour has, unless the server was not simulated then: it tells which hours are there.
SENTINEL_SERIES = {"event_name": "bezgelor.server.players", "measurement": "online", "show": "avg"}
# Beyond this age minute buckets may be gone, and an hour that has data is taken as whole.
MINUTES_ARE_HELD = 24 * HOUR
BACKFILL_CONNECTIONS = 2
# More than an hour has at the usual rate, so that an hour is one transaction.
EVENTS_IN_A_BATCH = 5000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Interval:
    """Epoch seconds from ``start`` up to ``end``, within one hour."""

    start: int
    end: int

    @property
    def hour(self) -> int:
        return self.start - self.start % HOUR


class Demo:
    """One simulated game server and where it sends to.

    ``clock`` returns epoch seconds. ``run`` ends when ``stop`` is set.
    """

    def __init__(
        self,
        url: str,
        simulation: Simulation,
        *,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        Sender(url)  # a bad URL is told at once, not by a thread
        self._url = url
        self._simulation = simulation
        self._clock = clock
        self.stop = stop or threading.Event()

    def run(self, backfill: timedelta | None = None, progress: Progress | None = None) -> None:
        """Feed until stopped, and meanwhile fill the last ``backfill`` of history where it is missing.

        ``progress(done, total)`` is called with seconds of simulated time. Raises ``RefusedError`` when the server
        refuses for good.
        """
        began = self._slice_start(self._clock())
        history: threading.Thread | None = None
        if backfill is not None:
            history = threading.Thread(
                target=self._guarded, args=(self.backfill, backfill, began, progress), name="demo-backfill", daemon=True
            )
            history.start()
        try:
            self.feed(began)
        except StoppedError:
            pass
        finally:
            self.stop.set()
            if history is not None:
                history.join(timeout=5)

    def feed(self, start: int) -> None:
        """Send each slice from epoch second ``start`` on, as soon as it is over, until stopped."""
        sender = Sender(self._url, self.stop)
        while not self.stop.is_set():
            if self.stop.wait(max(0.0, start + SLICE - self._clock())):
                break
            interval = Interval(start, start + SLICE)
            self._send(sender, interval)
            # In a request of its own: a key stands for one body, and the backfill sends the slice's without it.
            sender.send([{"event_name": HEARTBEAT}], f"{self._name(interval)}/heartbeat")
            start += SLICE
        sender.close()

    def backfill(self, span: timedelta, until: int, progress: Progress | None = None) -> int:
        """Send what is missing of the ``span`` before epoch second ``until``, newest first; return events accepted.

        Newest first, because the page opens on the last hours.
        """
        asking = Sender(self._url, self.stop)
        oldest = until - int(span.total_seconds())
        intervals = list(missing(until, oldest, *self._known(asking, oldest, until)))
        asking.close()
        total = sum(interval.end - interval.start for interval in intervals)
        report = _Tally(total, progress or (lambda done, total: None))
        work: queue.SimpleQueue[Interval] = queue.SimpleQueue()
        for interval in intervals:
            work.put(interval)
        threads = [
            threading.Thread(target=self._guarded, args=(self._drain, work, report), name=f"demo-{n}", daemon=True)
            for n in range(BACKFILL_CONNECTIONS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return report.accepted

    def _drain(self, work: "queue.SimpleQueue[Interval]", report: "_Tally") -> None:
        sender = Sender(self._url, self.stop)
        while not self.stop.is_set():
            try:
                interval = work.get_nowait()
            except queue.Empty:
                break
            report.add(interval, *self._send(sender, interval))
        sender.close()

    def _name(self, interval: Interval) -> str:
        return f"demo/{self._simulation.seed}/{self._simulation.rate:g}/{interval.start}-{interval.end}"

    def _send(self, sender: Sender, interval: Interval) -> tuple[int, list[Mapping[str, Any]]]:
        """Send what happened in the interval; return how many were accepted, and the rejections.

        What another version of the simulation has sent of it stands as it is.
        """
        happenings = slice_of(self._simulation.hour(interval.hour), interval.start, interval.end)
        events = [happening.as_event() for happening in happenings]
        accepted, rejected = 0, []
        for part, batch in enumerate(_batches(events, EVENTS_IN_A_BATCH)):
            try:
                answer = sender.send(batch, f"{self._name(interval)}/{part}")
            except KeyReusedError:
                continue
            accepted += answer["accepted"]
            rejected += answer["rejected"]
        return accepted, rejected

    def _known(self, sender: Sender, oldest: int, until: int) -> tuple[set[int], set[int]]:
        """Return the hours that the store has anything of, and those of them that lack some of their minutes."""
        hours = {start - start % HOUR for start in _held(sender, oldest - oldest % HOUR, until, "hour")}
        recent = until - until % HOUR - MINUTES_ARE_HELD
        minutes: dict[int, int] = {}
        for start in _held(sender, recent, until, "minute"):
            minutes[start - start % HOUR] = minutes.get(start - start % HOUR, 0) + 1
        return hours, {hour for hour, count in minutes.items() if count < 60}

    def _guarded(self, function: Callable[..., object], *arguments: object) -> None:
        """Run a thread's work; a refusal ends it with one line in the log."""
        try:
            function(*arguments)
        except StoppedError:
            pass
        except RefusedError as error:
            log.error("the backfill ends: %s", error)

    @staticmethod
    def _slice_start(at: float) -> int:
        return int(at) // SLICE * SLICE


class _Tally:
    """Progress of several threads, and one warning where the server no longer takes history."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total, self._done, self._progress = total, 0, progress
        self._lock = threading.Lock()
        self.accepted = 0
        self._warned = False
        progress(0, total)

    def add(self, interval: Interval, accepted: int, rejected: list[Mapping[str, Any]]) -> None:
        with self._lock:
            self.accepted += accepted
            self._done += interval.end - interval.start
            self._progress(self._done, self._total)
            if rejected and not self._warned:
                self._warned = True
                log.warning(
                    "%s: %d events rejected, the first because: %s",
                    datetime.fromtimestamp(interval.start, UTC).isoformat(),
                    len(rejected),
                    rejected[0]["reason"],
                )


def missing(until: int, oldest: int, known: set[int], incomplete: set[int]) -> Iterator[Interval]:
    """Yield the intervals to send so that ``oldest`` (rounded down to its hour) to ``until`` is whole, newest first.

    ``known``: starts of hours that the store has something of; ``incomplete``: those that lack minutes.
    """
    first_whole = oldest - oldest % HOUR
    present = until - until % HOUR
    for hour in range(present, first_whole - 1, -HOUR):
        if hour in known and hour not in incomplete and hour != present:
            continue
        if hour in known or hour >= present - HOUR:
            yield from _slices(hour, min(hour + HOUR, until))
        else:
            yield Interval(hour, hour + HOUR)


def _slices(start: int, end: int) -> Iterator[Interval]:
    for at in range(start + (end - start - 1) // SLICE * SLICE, start - 1, -SLICE):
        yield Interval(at, min(at + SLICE, end))


def _held(sender: Sender, start: int, end: int, resolution: str) -> Iterator[int]:
    """Starts (epoch seconds) of the buckets between two moments that the witness was sampled in."""
    answer = sender.query(
        **SENTINEL_SERIES,
        **{"from": _text(start), "to": _text(end)},
        resolution=resolution,
    )
    for series in answer["series"]:
        for moment, value in zip(series["t"], series["v"], strict=True):
            if value is not None:
                yield int(datetime.fromisoformat(moment).timestamp())


def _text(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _batches(events: list[Any], size: int) -> Iterator[list[Any]]:
    for first in range(0, len(events), size):
        yield events[first : first + size]


def stop_with_parent(parent: int, stop: threading.Event, every: float = 0.5) -> threading.Thread:
    """Watch the process ``parent``: when it is gone, however it ended, set ``stop`` and soon after end this process."""

    def watch() -> None:
        while not stop.wait(every):
            if os.getppid() != parent:
                stop.set()
                time.sleep(3)  # a request under way may finish
                os._exit(0)

    thread = threading.Thread(target=watch, name="parent-watch", daemon=True)
    thread.start()
    return thread
