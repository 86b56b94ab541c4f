"""A sender that makes names, keys and values without end: what it costs is bounded, what is refused is counted by its
reason, and what is taken is stored and counted like everything else."""

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import text

from db.engine import Database
from db.fold import KEYS_PER_EVENT, VALUES_PER_KEY
from db.labels import OTHER
from db.names import NAME_QUOTA, places_taken
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.faults.test_budgets import MIB, memory
from tests.support.faults import tell, times
from tests.support.processes import Process, running

AT_ONCE = 2000
KEYS_AT_ONCE = 63
# Of the default catalog: a dimension of it is told apart by value, and its account_id counted once each.
DECLARED = "bezgelor.auth.session_start"

Attack = Callable[[int], dict[str, Any]]


def event(number: int, name: str = "attack.one", **metadata: object) -> dict[str, Any]:
    return {"event_name": name, "measurements": {"n": number}, "metadata": metadata}


ATTACKS: dict[str, tuple[Attack, int]] = {
    "names": (lambda number: event(number, f"attack.n{number}"), 1),
    "metadata keys": (lambda number: event(number, **{f"k{number}_{each}": 1 for each in range(KEYS_AT_ONCE)}), 63),
    "measurements": (
        lambda number: event(number) | {"measurements": {"n": number} | {f"m{number}_{n}": 1 for n in range(63)}},
        63,
    ),
    "values": (lambda number: event(number, player=f"player-{number}"), 1),
    "values of a declared dimension": (
        lambda number: event(number, DECLARED, realm=f"realm-{number}", account_id=number),
        1,
    ),
}


def send(app: Process, made: Attack, count: int) -> tuple[set[int], Counter[str]]:
    """Send so many events; the numbers of those that were acknowledged, and why the others were refused."""
    acked: set[int] = set()
    reasons = Counter[str]()
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count))
        body = b"".join(json.dumps(made(number)).encode() + b"\n" for number in numbers)
        answer = requests.post(
            f"{app.url}/api/v1/events", body, headers={"Content-Type": "application/x-ndjson"}, timeout=120
        )
        told = answer.json()
        assert answer.status_code == 200, told
        refused = {numbers[each["index"]]: each["reason"].partition(":")[0] for each in told["rejected"]}
        assert told["accepted"] == len(numbers) - len(refused)
        reasons.update(refused.values())
        acked |= set(numbers) - refused.keys()
    return acked, reasons


def rows(database: Database, statement: str, **values: object) -> list[Any]:
    with database.reading() as connection:
        return list(connection.execute(text(statement), values))


@pytest.mark.parametrize("kind", ATTACKS)
def test_what_a_sender_makes_without_end_costs_bounded_memory_and_rows(
    own_server: Database, tmp_path: Path, kind: str
) -> None:
    made, each = ATTACKS[kind]
    count = times(20_000, 1_000_000) // each
    with running(tmp_path, DATABASE_URL=own_server.dsn()) as app:
        app.until_ready()
        for _ in range(5):
            send(app, lambda number: event(-1, "test.calm"), AT_ONCE)
        before = memory(app)
        acked, reasons = send(app, made, count)
        grown = memory(app) - before
        began = time.monotonic()
        assert app.end() == 0
    roll_up_all(own_server)
    recovered = time.monotonic() - began
    sent = "event_name LIKE 'attack.%' OR event_name = :declared"
    found = rows(
        own_server,
        f"SELECT (measurements ->> 'n')::numeric::int, count(*) FROM telemetry_events WHERE {sent} GROUP BY 1",
        declared=DECLARED,
    )
    tell(f"attack of a million {kind}", f"{count:,} events", acked, dict(map(tuple, found)), recovered)
    assert grown < 128 * MIB
    assert reasons == ({"name_quota": count - len(acked)} if kind == "names" else {})
    ((total, largest),) = rows(
        own_server,
        "SELECT sum(count) FILTER (WHERE bucket_type = 'minute'), max(pg_column_size(telemetry_buckets.*))"
        f" FROM telemetry_buckets WHERE {sent}",
        declared=DECLARED,
    )
    assert total == len(acked)
    assert largest < 256 * 1024
    check_bounds(own_server)
    assert audit(own_server) == []


def check_bounds(database: Database) -> None:
    """What buckets may name, of everything that came."""
    with database.reading() as connection:
        assert places_taken(connection) <= NAME_QUOTA
    keys = rows(
        database, "SELECT event_name, kind, count(*) FROM event_keys WHERE key <> :other GROUP BY 1, 2", other=OTHER
    )
    assert max(number for _, _, number in keys) <= KEYS_PER_EVENT
    values = rows(
        database,
        "SELECT max(number) FROM (SELECT count(*) AS number FROM telemetry_splits"
        " GROUP BY event_name, bucket_type, dimension, bucket_start)",
    )
    assert (values[0][0] or 0) <= VALUES_PER_KEY + 1
