"""Networks between the program and PostgreSQL that carry one way only, or a few kB/s, or stand still and come back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from db.engine import Database
from tests.support.faults import times
from tests.support.feeding import fed, passes, rolled_up
from tests.support.processes import eventually
from tests.support.proxy import Direction, Proxy, proxy_to

SOON = 0.5
"""Seconds for which an answer is waited."""
SLOW_BYTES = 8_000.0
WAYS: dict[str, tuple[Direction, ...]] = {
    "what is sent": ("to_server",),
    "what is answered": ("to_client",),
    "both": ("to_server", "to_client"),
}


@pytest.fixture
def proxied(database: Database) -> Iterator[tuple[Proxy, Database]]:
    with proxy_to(database) as both:
        yield both


@pytest.mark.parametrize(
    ("way", "disk"),
    [("what is sent", True), ("what is answered", False), ("both", True)],
    ids=["sent, disk", "answered, memory", "both, disk"],
)
def test_what_a_direction_held_and_let_go_again_is_stored_and_rolled_up_once(
    database: Database, proxied: tuple[Proxy, Database], tmp_path: Path, way: str, disk: bool
) -> None:
    """What was sent arrives after the program has given it up, a COMMIT too, beside what it sent again."""
    proxy, through = proxied
    stalls = times(1, 20)
    fault = f"network holds {way} ({'disk' if disk else 'memory'})"
    options = {"spool": tmp_path / "spool"} if disk else {}
    with (
        fed(database, fault, f"{stalls} times", through=through, patience=SOON, **options) as feed,
        rolled_up(through, SOON) as scheduler,
    ):
        for _ in range(stalls):
            proxy.hold(*WAYS[way])
            eventually(lambda: feed.collector.failure is not None, "the collector gives up an answer")
            eventually(lambda: "rollup" in scheduler.failing, "the rollup gives up an answer")
            proxy.release()
            feed.mend()
            eventually(lambda: feed.collector.failure is None, "the collector stores again")
            eventually(lambda: "rollup" not in scheduler.failing, "the rollup goes on")
            feed.go_on()


@pytest.mark.parametrize("way", ["what is sent", "what is answered"])
def test_a_few_kilobytes_a_second_are_enough_to_store_and_roll_up(
    database: Database, proxied: tuple[Proxy, Database], way: str
) -> None:
    proxy, through = proxied
    rounds = times(1, 60)
    with fed(database, f"network of 8 kB/s, {way}", f"{rounds} batches", through=through, feeders=1) as feed:
        with rolled_up(through) as scheduler:
            eventually(lambda: passes(scheduler) >= 1, "the rollup passes")
            proxy.slow(SLOW_BYTES, *WAYS[way])
            feed.go_on(rounds)
            before = passes(scheduler)
            eventually(lambda: passes(scheduler) > before, "the rollup passes, slowly")
            proxy.release()
        feed.mend()
        assert feed.collector.failure is None


def test_a_network_too_slow_for_the_deadline_costs_connections_and_no_event(
    database: Database, proxied: tuple[Proxy, Database], tmp_path: Path
) -> None:
    """Nothing is answered in time for as long as it lasts; what comes is acknowledged from disk."""
    proxy, through = proxied
    options = {"through": through, "patience": SOON, "spool": tmp_path / "spool"}
    with fed(database, "network of 100 B/s, deadline passes", "once", **options) as feed:
        proxy.slow(100.0)
        eventually(lambda: feed.collector.failure is not None, "the collector gives up an answer")
        feed.go_on(times(5, 1000))
        assert feed.collector.snapshot().spooled > 0
        proxy.release()
        feed.mend()
