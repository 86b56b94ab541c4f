"""Resident memory of the all-in-one process after a million events came over HTTP and were rolled up."""

import time

from benchmarks.application import application
from benchmarks.harness import events
from benchmarks.load import post
from benchmarks.table import Row

GOAL_MIB = 250
MIB = 1024 * 1024
# A process that never gets there is a failure of the rollup and not of this measurement.
ROLLUP_SECONDS = 300.0


def run(quick: bool) -> list[Row]:
    """MiB of the web, collector and scheduler process; PostgreSQL's own processes are not in it."""
    load = events(50_000)
    times = 2 if quick else 20
    with application() as running:
        at_start = running.process.memory_info().rss / MIB
        post(running.port, load, 1000, times)
        deadline = time.monotonic() + ROLLUP_SECONDS
        while running.dirty() and time.monotonic() < deadline:
            time.sleep(0.2)
        resident = running.process.memory_info().rss / MIB
    return [
        Row(
            f"resident memory after {times * len(load):,} events",
            resident,
            "MiB",
            f"at start, {at_start:.0f} MiB",
            resident / at_start,
            f"≤ {GOAL_MIB} MiB",
            resident <= GOAL_MIB,
        )
    ]
