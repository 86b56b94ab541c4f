"""Emitting: ``execute()`` into a collector's buffer beside ``prometheus_client``'s ``labels().inc()``."""

import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter

from benchmarks.table import Row
from metrics_dash.emit.bus import Bus
from metrics_dash.ingest.buffer import Buffer

Subject = TypeVar("Subject")

GOAL = 1.0
BATCH_SIZE = 1000


def run(quick: bool = False) -> list[Row]:
    """One measurement and one piece of metadata; the median of alternating rounds, in the thread's own CPU time."""
    count, rounds = (20_000, 3) if quick else (100_000, 7)
    counter = Counter("logins", "Logins.", ["success"], registry=CollectorRegistry())
    bus = Bus()
    bus.attach("collector", None, _drained_buffer().offer)
    pairs = [(_seconds(_execute, bus, count), _seconds(_increment, counter, count)) for _ in range(rounds)]
    ours = median(pair[0] for pair in pairs) / count * 1e6
    theirs = median(pair[1] for pair in pairs) / count * 1e6
    ratio = median(a / b for a, b in pairs)
    reference = f"prometheus_client labels().inc() {theirs:.2f} µs"
    return [Row("execute()", ours, "µs", reference, ratio, f"≤ {GOAL} ×", ratio <= GOAL)]


def _drained_buffer() -> Buffer:
    """A buffer that is emptied whenever a batch is full, as the collector's thread would."""
    buffer = Buffer(
        batch_size=BATCH_SIZE,
        buffer_events=10 * BATCH_SIZE,
        buffer_bytes=2**24,
        name_quota=100,
        clock=time.monotonic,
        wall=time.time_ns,
        wake=lambda: _empty(buffer),
        on_new_name=lambda: None,
    )
    return buffer


def _empty(buffer: Buffer) -> None:
    buffer.abandon("benchmark")


def _execute(bus: Bus, count: int) -> None:
    execute = bus.execute
    for _ in range(count):
        execute("game.auth.login_complete", {"duration_ms": 150.5}, {"success": True})


def _increment(counter: Counter, count: int) -> None:
    labels = counter.labels
    for _ in range(count):
        labels("true").inc()


def _seconds(work: Callable[[Subject, int], None], subject: Subject, count: int) -> float:
    start = time.thread_time()
    work(subject, count)
    return time.thread_time() - start
