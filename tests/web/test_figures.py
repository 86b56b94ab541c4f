"""What one process tells of itself."""

import platform
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from db.engine import Database
from metrics_dash import __version__
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.datagrams import DatagramCounts
from metrics_dash.jobs.scheduler import Job, Scheduler
from metrics_dash.web.figures import ProcessFigures


def told(
    collector: Collector, problems: tuple[str, ...] = (), outcomes: Counter[str] | None = None
) -> dict[str, float]:
    """The figures by name and labels."""
    scheduler = Scheduler([Job("rollup", 1.0, lambda slot: None)], clock=lambda: 1234.5)
    scheduler.step()
    registry = CollectorRegistry()
    registry.register(
        ProcessFigures(
            lambda: collector, lambda: scheduler, lambda: problems, outcomes or Counter(), DatagramCounts, "build-1"
        )
    )
    text = generate_latest(registry).decode()
    families = text_string_to_metric_families(text)
    samples = [one for family in families for one in family.samples]
    return {" ".join([one.name.removeprefix("metrics_dash_"), *one.labels.values()]): one.value for one in samples}


def test_the_books_are_told_as_they_balance(database: Database) -> None:
    collector = Collector(database)
    collector.offer("test.a", {}, {})
    collector.reject(2)
    found = told(collector)
    assert (found["events_offered_total"], found["events_rejected_total"]) == (3, 2)
    assert (found["events_waiting buffered"], found["events_committed_total"]) == (1, 0)
    assert "collector_up" not in found


def test_what_came_again_stands_beside_what_was_stored(database: Database) -> None:
    collector, batch_id = Collector(database), uuid4()
    for _ in range(2):
        collector.submit([("test.a", b'{},"",{}', time.time_ns())] * 3, batch_id)
        collector.step()
    found = told(collector)
    assert (found["events_committed_total"], found["events_replayed_total"]) == (3, 3)


def test_how_full_the_disk_is_is_told_where_there_is_one(database: Database, tmp_path: Path) -> None:
    assert not [name for name in told(Collector(database)) if name.startswith("spool")]
    collector = Collector(database, spool=tmp_path, spool_bytes=4096)
    assert collector.handover is not None
    collector.offer("test.a", {}, {})
    collector.handover.drain()
    found = told(collector)
    assert (found["events_waiting spooled"], found["spool_limit_bytes"], found["spool_up"]) == (1, 4096, 1)
    assert 0 < found["spool_bytes"] < 4096
    assert (found["spool_orphans"], found["spool_damaged_files"]) == (0, 0)
    assert found["spool_oldest_seconds"] >= 0


def test_what_it_uses_and_what_it_is_are_told(database: Database) -> None:
    found = told(Collector(database), outcomes=Counter(hit=3))
    assert found["processes"] == 1
    assert found["process_resident_memory_bytes"] > 1_000_000
    assert found["process_cpu_seconds_total"] > 0
    assert found["process_threads"] >= 1
    assert found["process_open_fds"] >= 3
    assert (found["cache_lookups_total hit"], found["cache_lookups_total error"]) == (3, 0)
    assert found[f"build_info build-1 {platform.python_version()} {__version__}"] == 1


def test_its_jobs_and_its_health_are_told(database: Database) -> None:
    found = told(Collector(database), problems=("the scheduler is not running",))
    assert found["healthy"] == 0
    assert (found["job_runs_total rollup"], found["job_failures_total rollup"]) == (1, 0)
    assert found["job_last_success_timestamp_seconds rollup"] == 1234.5


def test_late_events_are_told_by_what_became_of_them(database: Database) -> None:
    collector = Collector(database)
    collector.tally.merged(7, 1)
    found = told(collector)
    assert (found["late_events_total merged"], found["late_events_total set_aside"]) == (7, 1)
