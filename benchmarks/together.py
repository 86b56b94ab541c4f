"""Ingest over HTTP and rollup at once: how far the buckets stand behind what was acknowledged, at a steady rate.

Everything runs on this machine: the application as it is by default, with the percentiles, unique counts and splits of
the default catalog, its PostgreSQL, and the sender. An event is behind from its acknowledgement until as many events
are in the buckets as were acknowledged up to then; a pass writes minutes, hours and days at once, so the days' sum says
how many that is. What the pages say (``complete_through``) goes by arrival, and a heartbeat may hold it: it stands
beside it.

Some events come a minute before, and tell which metadata keys have too many values to tell them apart: until that is
known, as in the first minute of a new store, the open minute is folded from raw events each time.
"""

import bisect
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from sqlalchemy import text

from benchmarks.application import Application, application
from benchmarks.harness import events
from benchmarks.load import post
from benchmarks.steady import Acknowledged, send
from benchmarks.table import Row
from db.status import pipeline_status

BATCH = 1000
# Events a second, and how many seconds behind.
GOALS = ((40_000, 6.0), (60_000, 10.0))
SECONDS = 60.0
# Of the rate that is offered so much must have been taken.
KEPT_UP = 0.98
SAMPLE_SECONDS = 0.25
PATIENCE_SECONDS = 180.0
_FOLDED = text(
    "SELECT COALESCE(sum(count), 0) FROM telemetry_buckets WHERE bucket_type = 'day' AND event_name LIKE 'bezgelor.%'"
)


@dataclass(frozen=True)
class Sample:
    """At ``at`` (seconds since 1970) so many events were ``folded``, and the pages were ``behind`` by so much."""

    at: float
    folded: int
    behind: float


def run(quick: bool = False) -> list[Row]:
    """Each rate for a minute, to its own application; ``quick``: one, a tenth of it, for seconds, to a new store."""
    if quick:
        rate, goal = GOALS[0]
        return [_measure(rate // 10, 3.0, goal, of_keys=0)]
    return [_measure(rate, SECONDS, goal, of_keys=10 * BATCH) for rate, goal in GOALS]


def _measure(rate: int, seconds: float, goal: float, of_keys: int) -> Row:
    """``of_keys``: how many events are sent a minute before."""
    load = [event._replace(occurred_at=None) for event in events(min(rate, 20 * BATCH))]
    with application() as running:
        if of_keys:
            post(running.port, load[:of_keys], BATCH)
            time.sleep(60 - time.time() % 60)
            _until(lambda: _sample(running, 0).folded == of_keys)
        with send(running.port, load, BATCH, rate, seconds) as sender:
            samples = [_sample(running, of_keys)]
            while sender.is_alive():
                time.sleep(SAMPLE_SECONDS)
                samples.append(_sample(running, of_keys))
            acknowledged = sender.acknowledged()

            def is_folded() -> bool:
                samples.append(_sample(running, of_keys))
                return samples[-1].folded == acknowledged.counts[-1]

            _until(is_folded)
    return _row(rate, seconds, goal, acknowledged, samples)


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not all that was acknowledged is folded {PATIENCE_SECONDS:g} s later")
        time.sleep(SAMPLE_SECONDS)


def _sample(running: Application, before: int) -> Sample:
    """``before``: how many events were folded when it began."""
    with running.database.reading() as connection:
        folded = int(connection.execute(_FOLDED).scalar_one()) - before
        at = time.time()
        status = pipeline_status(connection)
    return Sample(at, folded, (status.now - status.complete_through).total_seconds())


def _row(rate: int, seconds: float, goal: float, acknowledged: Acknowledged, samples: list[Sample]) -> Row:
    lags = [_lag(sample, acknowledged) for sample in samples]
    taken = acknowledged.counts[-1] / max(seconds, acknowledged.times[-1] - acknowledged.began)
    pages = max(sample.behind for sample in samples)
    return Row(
        f"{rate:,} events/s over HTTP for {seconds:g} s, rolled up meanwhile: furthest behind",
        max(lags),
        "s",
        f"half the time {median(lags):.2g} s or less, pages at most {pages:.2g} s; taken {taken:,.0f}/s",
        None,
        f"≤ {goal:g} s, nothing held back",
        max(lags) <= goal and taken >= KEPT_UP * rate,
    )


def _lag(sample: Sample, acknowledged: Acknowledged) -> float:
    """Return how long ago the first event was acknowledged that is not in the buckets."""
    first = bisect.bisect_right(acknowledged.counts, sample.folded)
    return max(0.0, sample.at - acknowledged.times[first]) if first < len(acknowledged.times) else 0.0
