"""What the application says of itself, as events that take the way of all others: once an interval and process, so the
cost does not grow with what is counted.

``metrics_dash.ingest`` stands for as many events as came, by ``sender`` and ``format``; ``metrics_dash.refused`` for as
many as were refused, by ``reason``; ``metrics_dash.process`` is a sample: ``buffered``, ``spooled``, ``viewers``,
``walls``, ``lag_s``, ``dirty``, and ``flush_ms``, ``rollup_ms`` and ``callback_ms`` as the aggregates of what was done.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from db.aggregates import Aggregate
from db.collectors import INGEST_EVENT, PROCESS_EVENT, REFUSALS_EVENT, REPAIRS_EVENT
from db.rows import MAX_WEIGHT, SAMPLE
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event, check_event
from metrics_dash.ingest.submission import BufferFullError
from metrics_dash.ingest.tally import Interval, Times

log = logging.getLogger(__name__)

REPORT_SECONDS = 60.0
# Whoever emits inside this process, by ``metrics_dash.execute``.
THIS_PROGRAM, EXECUTE = "this program", "execute"


class Reporter:
    """Reports of one process's collector; ``pipeline`` is asked how far all of them are (by measurement, empty where
    the database does not answer)."""

    def __init__(
        self,
        collector: Collector,
        pipeline: Callable[[], Mapping[str, float]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._collector, self._pipeline, self._clock = collector, pipeline, clock
        self._next = clock() + REPORT_SECONDS
        self._one_by_one, self._refused = self._so_far()
        collector.tally.take()

    def turn(self) -> None:
        """Report if an interval is over."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + REPORT_SECONDS
        self._submit(self.events())

    def finish(self) -> None:
        """Report what came since the last report, before the collector is stopped: no sample, of a part of an
        interval."""
        self._submit(self._counts(self._collector.tally.take()))

    def events(self) -> Iterator[Event]:
        """Yield what happened since the last report."""
        interval = self._collector.tally.take()
        yield from self._counts(interval)
        yield self._sample(interval)

    def _submit(self, events: Iterable[Event]) -> None:
        now = datetime.now(UTC)
        rows = [check_event(event, now, own=True) for event in events]
        try:
            if rows:
                self._collector.submit(rows)
        except BufferFullError:
            log.debug("there is no room for what this process says of itself")

    def _counts(self, interval: Interval) -> Iterator[Event]:
        one_by_one, refused = self._so_far()
        if one_by_one > self._one_by_one:
            interval.received[THIS_PROGRAM, EXECUTE] += one_by_one - self._one_by_one
        for (sender, form), events in sorted(interval.received.items()):
            yield _many(INGEST_EVENT, events, {"sender": sender, "format": form, "way": f"{form} {sender}"})
        for reason, events in sorted((refused - self._refused).items()):
            yield _many(REFUSALS_EVENT, events, {"reason": reason})
        for level, buckets in sorted(interval.repaired.items()):
            yield _many(REPAIRS_EVENT, buckets, {"level": level})
        self._one_by_one, self._refused = one_by_one, refused

    def _sample(self, interval: Interval) -> Event:
        books = self._collector.snapshot()
        measured = {
            "buffered": float(books.buffered + books.in_flight),
            "spooled": float(books.spooled),
            "viewers": float(len(interval.viewers)),
            "walls": float(len(interval.walls)),
            **self._pipeline(),
        }
        times = {f"{work}_ms": _aggregate(spent) for work, spent in interval.times.items()}
        return Event(PROCESS_EVENT, measured, {}, kind=SAMPLE, aggregates=times)

    def _so_far(self) -> tuple[int, Counter[str]]:
        books = self._collector.snapshot()
        return books.one_by_one, Counter(books.refused)


def _many(name: str, events: int, metadata: Mapping[str, object]) -> Event:
    return Event(name, {}, metadata, weight=min(events, MAX_WEIGHT))


def _aggregate(times: Times) -> Aggregate:
    return Aggregate(times.count, 1000 * times.seconds, 1000 * times.least, 1000 * times.most)
