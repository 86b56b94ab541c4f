"""What can't be computed is said wherever somebody looks: probe, figures, doctor, commands and its chart."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from db.engine import Database
from db.events import insert_events
from db.failures import UncomputedBucket
from layouts.cards import headline, state
from layouts.summary import summary
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.jobs.uncomputed import sentence
from metrics_dash.ops.doctor import Verdict, examine
from metrics_dash.settings import Settings
from tests.support.older import store_unchecked
from tests.support.web_client import Site, site

LOGIN = "bezgelor.auth.login_complete"
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
THEN = NOW - timedelta(minutes=30)


def huge(moment: datetime = THEN) -> dict[str, Any]:
    return {"event_name": LOGIN, "measurements": {"duration_ms": 1.7e308}, "metadata": {}, "occurred_at": moment}


@pytest.fixture
def broken(database: Database) -> Database:
    store_unchecked(database, [huge(), huge()])
    roll_up_all(database)
    return database


@pytest.fixture
def open_site(broken: Database) -> Iterator[Site]:
    with site(broken) as opened:
        yield opened


def cure(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("DELETE FROM telemetry_events"))
    roll_up_all(database)


def test_the_probe_says_it_and_stays_ready_and_says_nothing_any_more_once_it_is_right(
    open_site: Site, broken: Database
) -> None:
    answer = open_site.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["status"] == "degraded"
    (problem,) = answer.json["problems"]
    assert problem.startswith(f"1 bucket of {LOGIN} can't be computed since ")
    cure(broken)
    assert open_site.client.get("/readyz").json == {"status": "ready", "problems": [], "warnings": []}


def test_the_figures_count_it(open_site: Site) -> None:
    answer = open_site.client.get("/metrics").text
    assert "metrics_dash_uncomputed_buckets 1.0" in answer
    assert "metrics_dash_lost_buckets 0.0" in answer


def test_the_doctor_finds_it_bad_and_says_what_to_do(broken: Database) -> None:
    (finding,) = [each for each in examine(Settings(), broken) if each.subject == "buckets"]
    assert finding.verdict is Verdict.BAD
    assert LOGIN in finding.text
    assert "audit" in finding.remedy
    cure(broken)
    (finding,) = [each for each in examine(Settings(), broken) if each.subject == "buckets"]
    assert finding.verdict is Verdict.GOOD


def test_the_doctor_says_that_something_is_lost_and_that_nothing_helps(broken: Database) -> None:
    with broken.begin() as connection:
        connection.execute(text("UPDATE rollup_failures SET next_try_at = 'infinity'"))
    (finding,) = [each for each in examine(Settings(), broken) if each.subject == "buckets"]
    assert finding.verdict is Verdict.WORTH_A_LOOK


def test_the_doctor_names_events_that_name_too_much(database: Database) -> None:
    names = [f"x{number}" for number in range(320)]
    insert_events([("a.b", dict.fromkeys(names[n : n + 64], 1), {}, NOW) for n in range(0, 320, 64)])
    roll_up_all(database)
    (finding,) = [each for each in examine(Settings(), database) if each.subject == "keys"]
    assert finding.verdict is Verdict.WORTH_A_LOOK
    assert "a.b" in finding.text


@pytest.mark.parametrize("command", ["audit", "rollup"])
def test_the_commands_name_it_and_fail(broken: Database, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    from metrics_dash.cli import cli

    monkeypatch.setenv("DATABASE_URL", broken.dsn())
    ended = CliRunner().invoke(cli, [command])
    assert ended.exit_code == 1
    assert f"minute {THEN.isoformat()} {LOGIN}: can't be computed since " in ended.output


def test_its_chart_says_it_and_others_do_not(broken: Database) -> None:
    from metrics_dash.catalog import load_catalog
    from metrics_dash.charts.queries import Queries
    from metrics_dash.settings import load_settings

    # The hour before this module was read, however long ago that is.
    queries = Queries(broken, load_catalog(), load_settings({}), clock=lambda: NOW)
    hour = queries.tab("auth", queries.window("1h"))
    affected = [data for data in hour.charts if data.chart.event == LOGIN]
    assert affected
    assert all(data.uncomputed is not None and data.uncomputed.buckets == 1 for data in affected)
    assert all(data.uncomputed is None for data in hour.charts if data.chart.event != LOGIN)
    assert "can’t be computed since" in summary(affected[0])
    assert "can’t be computed since" in str(headline(affected[0]))
    assert "no numbers" in str(state(affected[0]))
    earlier = queries.window(start=(NOW - timedelta(hours=3)).isoformat(), end=(NOW - timedelta(hours=2)).isoformat())
    assert all(data.uncomputed is None for data in queries.tab("auth", earlier).charts)


def bucket(level: str, start: datetime, name: str = LOGIN, *, lost: bool = False) -> UncomputedBucket:
    return UncomputedBucket(level, name, start, NOW, 1, "22003: overflow", lost)


def test_the_sentence_is_short_however_many_there_are() -> None:
    assert sentence([]) is None
    assert sentence([bucket("minute", THEN, lost=True)]) is None
    found = sentence([bucket("minute", THEN, f"a.x{number}") for number in range(9)])
    assert found == f"9 buckets of a.x0, a.x1, a.x2 and 6 more can't be computed since {NOW:%Y-%m-%d %H:%M} UTC"
