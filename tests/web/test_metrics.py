"""Prometheus's page: this process's figures and the pipeline's, each at the value that it has."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from db.collectors import beat, transaction_time
from db.engine import Database
from db.events import insert_events
from db.replica import ReplicaState
from metrics_dash.ingest.collector import Collector
from metrics_dash.jobs.scheduler import Job, Scheduler
from metrics_dash.web.metrics import PATH
from tests.support.processes import eventually
from tests.support.web_client import Site, site


def figure(site: Site, name: str, **labels: str) -> float:
    """The figure of that name and these labels; there must be one."""
    answer = site.client.get(PATH)
    assert answer.status_code == 200
    (found,) = (
        sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if (sample.name, sample.labels) == (f"metrics_dash_{name}", labels)
    )
    return float(found)


def names(site: Site) -> set[str]:
    answer = site.client.get(PATH).text
    return {sample.name for family in text_string_to_metric_families(answer) for sample in family.samples}


def execute(database: Database, statement: str) -> None:
    with database.begin() as connection:
        connection.execute(text(statement))


def test_it_speaks_the_format_that_prometheus_asks_for(open_site: Site) -> None:
    answer = open_site.client.get(PATH)
    assert answer.mimetype == "text/plain"
    for family in text_string_to_metric_families(answer.text):
        assert family.name.startswith("metrics_dash_")
        assert family.documentation.endswith(".")


def test_what_was_dropped_is_counted_by_its_reason(database: Database) -> None:
    with site(database, buffer_events=1) as small:
        small.runtime.collector.stop(5)
        small.runtime.collector.offer("test.late", {}, {})
        assert figure(small, "events_dropped_total", reason="shutdown") == 1


def test_a_collector_that_can_not_store_is_down(open_site: Site) -> None:
    assert figure(open_site, "collector_up") == 1
    execute(open_site.database, "ALTER TABLE rollup_dirty RENAME TO elsewhere")
    open_site.runtime.collector.offer("test.stuck", {}, {})
    open_site.runtime.collector.flush(0)
    eventually(lambda: open_site.runtime.collector.failure, "it can't be stored")
    assert figure(open_site, "collector_up") == 0
    execute(open_site.database, "ALTER TABLE elsewhere RENAME TO rollup_dirty")


def test_what_waits_to_be_rolled_up_is_counted_and_aged(open_site: Site) -> None:
    insert_events([{"event_name": "test.a"}, {"event_name": "test.b"}], database=open_site.database)
    execute(open_site.database, "UPDATE rollup_dirty SET marked_at = now() - interval '90 seconds'")
    assert figure(open_site, "dirty_keys") == 2
    assert figure(open_site, "lag_seconds") >= 90


def test_only_collectors_that_live_are_counted(open_site: Site) -> None:
    open_site.runtime.collector.stop(5)
    for ago in (0, 3600):
        with open_site.database.begin() as connection:
            seen = transaction_time(connection) - timedelta(seconds=ago)
            beat(connection, uuid4(), host="h", pid=7, seen_at=seen, oldest_buffered_at=None, accounting={})
    assert figure(open_site, "collectors") == 1


def test_a_purge_that_waits_and_how_far_raw_reaches_are_told(database: Database) -> None:
    with site(database) as fresh:
        assert figure(fresh, "purge_held") == 0
        assert "metrics_dash_raw_floor_timestamp_seconds" not in names(fresh)
    execute(
        database,
        "UPDATE retention_floors SET held_since = now(), recompute_floor = '2026-01-10Z' WHERE level = 'raw'",
    )
    with site(database) as purged:
        assert figure(purged, "purge_held") == 1
        assert figure(purged, "raw_floor_timestamp_seconds") == 1_768_003_200


def test_a_job_that_fails_is_counted_with_its_runs(open_site: Site) -> None:
    def fail(slot: object) -> None:
        raise ZeroDivisionError

    open_site.runtime.scheduler = Scheduler([Job("purge", 1.0, fail)])
    open_site.runtime.scheduler.step()
    assert figure(open_site, "job_runs_total", job="purge") == 1
    assert figure(open_site, "job_failures_total", job="purge") == 1


def test_requests_are_timed_by_route(open_site: Site) -> None:
    for _ in range(3):
        open_site.client.get("/healthz")
    assert figure(open_site, "http_request_seconds_count", route="/healthz") == 3
    assert figure(open_site, "http_request_seconds_bucket", route="/healthz", le="+Inf") == 3
    assert figure(open_site, "http_request_seconds_sum", route="/healthz") > 0


def test_two_sites_of_one_process_count_for_themselves(open_site: Site, database: Database) -> None:
    open_site.client.get("/healthz")
    with site(database) as other:
        other.client.get("/readyz")
        assert "/healthz" not in other.client.get(PATH).text


def test_jobs_are_exposed_with_when_they_last_succeeded_in_any_process(open_site: Site) -> None:
    with open_site.database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO job_runs (job, slot, finished_at, outcome, succeeded) VALUES "
                "('purge', now(), 'epoch'::timestamptz + interval '100 s', '3 dropped', true), "
                "('purge', now() - interval '1 h', 'epoch'::timestamptz + interval '200 s', 'failed', false)"
            )
        )
    open_site.runtime.scheduler.step()
    assert figure(open_site, "job_last_success_timestamp_seconds", job="purge") == 100
    assert figure(open_site, "job_last_success_timestamp_seconds", job="rollup") > 200


def test_the_room_that_everything_takes_is_exposed(open_site: Site) -> None:
    open_site.client.post("/api/v1/events", json=[{"event_name": "test.a"}])
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert figure(open_site, "database_bytes") > figure(open_site, "table_bytes", table="telemetry_events")
    assert figure(open_site, "partition_bytes", day=today) > 0
    assert figure(open_site, "partitions") >= 1


def test_the_caches_look_ups_are_exposed(open_site: Site) -> None:
    def is_hit() -> bool:
        assert open_site.client.get("/api/v1/query", query_string={"event_name": "test.a"}).status_code == 200
        return figure(open_site, "cache_lookups_total", outcome="hit") > 0

    # Answers are of one tick: a second question may be of the next.
    assert not is_hit()
    eventually(is_hit, "a second question of the same tick finds the answer to the first")
    assert figure(open_site, "cache_lookups_total", outcome="miss") > 0
    assert figure(open_site, "cache_lookups_total", outcome="error") == 0


def test_a_replica_is_exposed_where_there_is_one(open_site: Site, database: Database) -> None:
    away = Database(database.dsn(), read_url="postgresql://nobody@127.0.0.1:9/nowhere")
    assert "metrics_dash_replica_up" not in names(open_site)
    with site(away) as opened:
        assert figure(opened, "replica_up") == 0
        assert "metrics_dash_replica_lag_seconds" not in names(opened)
    away.dispose()


@pytest.mark.parametrize(("problem", "up"), [(None, 1), ("the replica is 40 s behind", 0)])
def test_how_far_a_replica_is_behind_is_exposed_whether_it_is_read_or_not(
    database: Database, monkeypatch: pytest.MonkeyPatch, problem: str | None, up: int
) -> None:
    found = ReplicaState(problem, timedelta(seconds=40), readable=True)
    both = Database(database.dsn(), read_url=database.dsn())
    monkeypatch.setattr(both.replica, "state", lambda: found)
    with site(both) as opened:
        assert (figure(opened, "replica_up"), figure(opened, "replica_lag_seconds")) == (up, 40)
    both.dispose()


def test_a_process_that_does_not_collect_has_no_collector_that_could_be_down(open_site: Site) -> None:
    assert figure(open_site, "collector_up") == 1
    running, open_site.runtime.collector = open_site.runtime.collector, Collector(open_site.database)
    assert "metrics_dash_collector_up" not in names(open_site)
    open_site.runtime.collector = running


def test_nothing_says_when_a_series_began(open_site: Site) -> None:
    open_site.client.get("/healthz")
    told = open_site.client.get("/metrics").text
    assert 'http_request_seconds_bucket{le="+Inf",route="/healthz"} 1.0' in told
    assert "_created" not in told


def test_the_books_are_exposed_by_state_and_reason(open_site: Site) -> None:
    open_site.client.post("/api/v1/events", json=[{"event_name": "test.a"}, {"event_name": "BAD"}])
    assert figure(open_site, "events_rejected_total") == 1
    assert figure(open_site, "events_committed_total") >= 1
    assert figure(open_site, "events_waiting", state="spooled") == 0
    assert figure(open_site, "database_up") == 1
    assert figure(open_site, "dirty_keys") >= 0
    assert figure(open_site, "lag_seconds") >= 0


def test_jobs_are_exposed_with_how_often_they_ran(open_site: Site) -> None:
    open_site.runtime.scheduler.step()
    assert figure(open_site, "job_runs_total", job="rollup") == 1
    assert figure(open_site, "job_seconds_total", job="rollup") > 0
    assert figure(open_site, "job_failures_total", job="rollup") == 0


def test_requests_are_counted_by_route_and_not_by_what_strangers_type(open_site: Site) -> None:
    open_site.client.get("/healthz")
    open_site.client.get("/no/such/page")
    open_site.client.open("/healthz", method="MADEUP")
    labels = {"method": "GET"}
    assert figure(open_site, "http_requests_total", route="/healthz", status="200", **labels) == 1
    assert figure(open_site, "http_requests_total", route="none", status="404", **labels) == 1
    shown = open_site.client.get(PATH).text
    assert "such" not in shown
    assert "MADEUP" not in shown
