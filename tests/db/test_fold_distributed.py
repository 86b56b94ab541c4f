"""The fold for events on workers makes what the fold on one server makes, and asks workers for what they can do."""

import re
from collections.abc import Iterable
from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from db import slices
from db.batches import Batch
from db.engine import Database
from db.fold import Fold
from db.fold_distributed import ON_COORDINATOR, ON_WORKERS, PUSHED, folds
from db.ledger import write_batches
from db.partitions import ensure_partitions
from metrics_dash.ingest.event import Event, check_event
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.rollups import NOON
from tests.support.twins import assert_twins, declare_twins, nasty

EACH_PART = pytest.mark.parametrize("part", PUSHED)


def spread(connection: Connection, table: str = "telemetry_events") -> None:
    """What Citus says of tables whose rows are on workers; here they stay where they are."""
    connection.execute(text("CREATE TABLE IF NOT EXISTS pg_dist_partition (logicalrel regclass)"))
    connection.execute(text("TRUNCATE pg_dist_partition"))
    connection.execute(text("INSERT INTO pg_dist_partition VALUES (CAST(:table AS regclass))"), {"table": table})


def store(database: Database, name: str, made: Iterable[Event]) -> None:
    batch = [check_event(Event(name, *each[1:]), NOON + timedelta(days=1), timedelta(days=9000)) for each in made]
    ensure_partitions(database, {NOON.date()})
    with database.begin() as connection:
        write_batches(connection, [Batch(uuid4(), batch)])


def test_where_events_are_decides(database: Database) -> None:
    with database.begin() as connection:
        assert folds(connection) is ON_COORDINATOR
        spread(connection, "telemetry_buckets")
        assert folds(connection) is ON_COORDINATOR
        spread(connection)
        assert folds(connection) is ON_WORKERS


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sliced", [False, True])
def test_both_make_the_same_of_everything(
    database: Database, monkeypatch: pytest.MonkeyPatch, seed: int, sliced: bool
) -> None:
    for setting in ("KEPT", "OPEN_FOR"):
        monkeypatch.setattr(slices, setting, timedelta(days=9000 if sliced else 0))
    random, ids = Random(seed), iter(range(10**9))
    if seed != 1:
        declare_twins(database, "by.workers", "by.coordinator")
    turns = [[nasty(random, ids, wide=turn >= 1, long=seed == 3) for _ in range(300)] for turn in range(3)]
    for turn in turns:
        store(database, "by.coordinator", turn)
        roll_up_all(database)
    with database.begin() as connection:
        spread(connection)
    for turn in turns:
        store(database, "by.workers", turn)
        roll_up_all(database)
    assert_twins(database, "by.workers", "by.coordinator")
    assert audit(database) == []


@EACH_PART
def test_workers_run_immutable_functions_only(database: Database, part: str) -> None:
    query = re.sub(r":(earliest|end)\b", "TIMESTAMPTZ '2026-01-10'", PUSHED[part])
    with database.begin() as connection:
        for table in (
            "spans (bucket int, event_name text, bucket_start timestamptz, bucket_end timestamptz)",
            "split_named (bucket int, event_name text, bucket_start timestamptz, dimension text)",
            "counted_once (bucket int, key text)",
            "whole (bucket int, fields text[])",
        ):
            connection.execute(text(f"CREATE TABLE {table}"))
        connection.execute(text(f"CREATE VIEW pushed AS {query}"))
        tree = connection.execute(
            text("SELECT ev_action::text FROM pg_rewrite WHERE ev_class = 'pushed'::regclass")
        ).scalar_one()
        used = connection.execute(
            text(
                "SELECT oid::regprocedure::text, provolatile::text FROM pg_proc WHERE oid = ANY(:functions) "
                "OR oid IN (SELECT oprcode FROM pg_operator WHERE oid = ANY(:operators))"
            ),
            {
                "functions": [int(oid) for oid in re.findall(r":(?:funcid|aggfnoid) (\d+)", tree)],
                "operators": [int(oid) for oid in re.findall(r":opno (\d+)", tree)],
            },
        ).all()
    assert used
    assert [name for name, volatility in used if volatility != "i"] == []


@EACH_PART
def test_workers_group_by_what_events_are_distributed_by_and_join_nothing_that_is_fenced(part: str) -> None:
    query = PUSHED[part]
    assert "OFFSET" not in query
    assert query.count("GROUP BY") == len(re.findall(r"GROUP BY (?:candidate\.)?event_name,", query))
    assert "candidate.event_name = spans.event_name" in query


@pytest.mark.parametrize("fold", [ON_WORKERS.events, ON_WORKERS.slices], ids=["minutes", "slices"])
@pytest.mark.parametrize("split", [False, True])
def test_what_workers_are_asked_is_all_that_is_read_of_events(fold: Fold, split: bool) -> None:
    written = fold.of(split).text
    for part, query in PUSHED.items():
        assert written.count(query) == (split or not part.startswith("split_"))
        written = written.replace(query, "")
    assert "telemetry_events" not in written
