"""Odd input at every door, as data in tests/inputs, against both servers: exact answers, and nothing is left behind."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from sqlalchemy import text

from db.engine import Database
from metrics_dash.jobs.audit import audit
from tests.inputs.cases import GUARDED, HTTP_DOORS, Case, complaints, events_of, load, send
from tests.inputs.readers import READERS
from tests.inputs.visitors import filled, let_in
from tests.support.processes import Process, data_folder, eventually, is_up, running

SERVERS = {
    "waitress": (sys.executable, "-m", "metrics_dash", "run"),
    "gunicorn": (sys.executable, "-m", "gunicorn", "-w", "2", "app:server"),
}
_EVENTS = "SELECT event_name, measurements, metadata FROM telemetry_events"
# The application tells of itself as well, at its own pace; what other formats become is their own tests' matter.
_SENT = "event_name !~ '^(metrics_dash[.]|wire[.]|(identify|page|screen|group|alias)$)'"
GROWTH_AT_MOST = 64 * 1024 * 1024


@pytest.fixture(params=SERVERS)
def site(request: pytest.FixtureRequest) -> Iterator[tuple[Process, Path]]:
    with data_folder() as folder, running(folder, *SERVERS[request.param], METRICS_ROLLUP_INTERVAL="1") as app:
        app.until_ready()
        yield app, folder


def test_odd_input_is_answered_exactly_and_leaves_nothing_behind(site: tuple[Process, Path]) -> None:
    app, folder = site
    warm_up(app)
    before = memory(app)
    acknowledged: Counter[str] = Counter()
    wrong: list[str] = []
    for door in HTTP_DOORS:
        for case in load(door):
            answer = send(case, app.port)
            wrong += complaints(case, answer)
            if door == "ingest" and isinstance(answer.json(), dict) and not case.get("again"):
                acknowledged.update(accepted(case, answer.json()))
    assert wrong == []
    assert "Traceback" not in app.output
    assert re.search(r" 500 |Exception", app.output) is None
    assert memory(app) - before <= GROWTH_AT_MOST
    assert app.post({"event_name": "test.fresh"}).json()["accepted"] == 1
    acknowledged.update([payload({"event_name": "test.fresh"})])
    eventually(lambda: charted(app, "test.fresh") == 1, "a fresh event reaches its bucket")
    check_store(folder, acknowledged)


@pytest.mark.parametrize("server", SERVERS)
def test_odd_cookies_and_tokens_are_answered_exactly_where_there_is_a_login(server: str) -> None:
    with data_folder() as folder, running(folder, *SERVERS[server], METRICS_AUTH="password") as app:
        eventually(lambda: is_up(app), "the application answers")
        shown = let_in(folder)
        before = memory(app)
        wrong = [
            complaint
            for case in map(partial(filled, shown=shown), load(GUARDED))
            for complaint in complaints(case, send(case, app.port))
        ]
        assert wrong == []
        assert memory(app) - before <= GROWTH_AT_MOST
        assert re.search(r"Traceback| 500 |Exception", app.output) is None
        assert [name for name, secret in shown.items() if secret[-32:] in app.output] == []


def warm_up(app: Process) -> None:
    """Ask once for what is kept from then on."""
    page = requests.get(f"{app.url}/admin/metrics/", timeout=60).text
    for address in re.findall(r'(?:src|href)="(/admin/metrics/[^"]+\.(?:js|css)[^"]*)"', page):
        requests.get(app.url + address, timeout=60)
    charted(app, "test.fresh")


def memory(app: Process) -> int:
    """Bytes that the application's own processes hold; PostgreSQL is none of them."""
    main = psutil.Process(app.process.pid)
    each = [main, *(child for child in main.children(recursive=True) if not child.name().startswith("postgres"))]
    return sum(process.memory_info().rss for process in each)


def accepted(case: Case, answer: Any) -> list[str]:
    """The payloads of the events of a request that were not rejected."""
    if "accepted" not in answer:
        return []
    rejected = {one["index"] for one in answer["rejected"]}
    return [payload(event) for index, event in enumerate(events_of(case)) if index not in rejected]


def payload(event: dict[str, Any]) -> str:
    return json.dumps(
        [event["event_name"], event.get("measurements") or {}, event.get("metadata") or {}], sort_keys=True
    )


def charted(app: Process, name: str) -> float:
    query = {"event_name": name, "from": "now-1h", "resolution": "minute"}
    answer = requests.get(f"{app.url}/api/v1/query", params=query, timeout=60).json()
    return sum(value or 0 for series in answer["series"] for value in series["v"])


def check_store(folder: Path, acknowledged: Counter[str]) -> None:
    """The oracle: stored is what was acknowledged, once and equal, and every level's buckets are sums over raw."""
    database = Database(data_dir=folder)
    try:
        database.start()
        with database.reading() as connection:
            rows = connection.execute(text(f"{_EVENTS} WHERE {_SENT}")).all()
            stored = Counter(json.dumps([name, dict(m or {}), dict(d or {})], sort_keys=True) for name, m, d in rows)
        assert numbers(stored) == numbers(acknowledged)
        eventually(lambda: levels(database) == [len(rows)] * 3, "every level counts every event")
        assert audit(database) == []
    finally:
        database.close()


def numbers(payloads: Counter[str]) -> Counter[str]:
    """Payloads with every number as a float, as 1 and 1.0 are one number in JSON, and so are 0.0 and -0.0."""
    counted: Counter[str] = Counter()
    for text_, count in payloads.items():
        name, measurements, metadata = json.loads(text_, parse_int=float, parse_float=_positive_zero)
        counted[json.dumps([name, measurements, metadata], sort_keys=True)] += count
    return counted


def _positive_zero(number: str) -> float:
    return float(number) + 0.0


def levels(database: Database) -> list[int]:
    counts = f"SELECT coalesce(sum(count), 0) FROM telemetry_buckets WHERE bucket_type = :level AND {_SENT}"
    with database.reading() as connection:
        return [
            int(connection.execute(text(counts), {"level": level}).scalar_one()) for level in ("minute", "hour", "day")
        ]


@pytest.mark.parametrize("door", READERS)
def test_odd_settings_and_catalogs_are_one_line_or_read(door: str) -> None:
    wrong = []
    for case in load(door):
        found = READERS[door](case)
        expected = {key: case[key] for key in ("ok", "error") if key in case}
        if found != expected:
            wrong.append(f"{case['case']}: {found} and not {expected}")
        if "\n" in found.get("error", ""):
            wrong.append(f"{case['case']}: an error of more than one line")
    assert wrong == []


def test_there_are_many_cases_and_each_has_a_name_of_its_own() -> None:
    names = [case["case"] for door in (*HTTP_DOORS, GUARDED, *READERS) for case in load(door)]
    assert len(names) >= 250
    assert [name for name, count in Counter(names).items() if count > 1] == []
