"""The alerts come when they should, speak of figures that there are, and each says what to do about it."""

import re
import subprocess
from pathlib import Path

import pytest
import requests

from db.engine import Database
from metrics_dash.auth import tokens
from tests.support.processes import PATIENCE_SECONDS, ROOT, eventually, free_port, running
from tests.support.proxies import DEPLOY, needed

ALERTS = (DEPLOY / "alerts.yml").read_text()
NAMES = re.findall(r"alert: (\w+)", ALERTS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files as they stand in ``/etc/prometheus``."""
    for name in ("prometheus.yml", "alerts.yml", "alerts.test.yml"):
        (tmp_path / name).write_text((DEPLOY / name).read_text())
    (tmp_path / "metrics-dash.token").write_text("mdt_a_token\n")
    return tmp_path


@pytest.mark.parametrize(
    "arguments", ["check config prometheus.yml", "check rules alerts.yml", "test rules alerts.test.yml"]
)
def test_promtool_finds_no_mistake(arguments: str, folder: Path) -> None:
    command = [needed("promtool", "prometheus"), *arguments.split()]
    checked = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_its_scrape_gets_in_by_its_token(folder: Path, database: Database) -> None:
    token = tokens.issue(database, "prometheus", by="test", scopes=["scrape"])
    (folder / "metrics-dash.token").write_text(f"{token}\n")
    port, config = free_port(), folder / "prometheus.yml"
    place = [f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.path={folder / 'series'}"]
    with running(folder, DATABASE_URL=database.dsn(), METRICS_AUTH="password") as app:
        app.until_ready(token)
        assert app.get("/metrics").status_code == 401
        assert config.read_text().count('"127.0.0.1:8050"') == 1
        config.write_text(config.read_text().replace("127.0.0.1:8050", f"127.0.0.1:{app.port}"))
        command = [needed("prometheus", "prometheus"), f"--config.file={config}", *place]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            eventually(lambda: scraped(port) == "1", "it has scraped", timeout=5 * PATIENCE_SECONDS)
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def scraped(port: int) -> str | None:
    """Whether the last scrape came through, as it is stored; None where there was none yet."""
    try:
        query = {"query": 'up{job="metrics_dash"}'}
        found = requests.get(f"http://127.0.0.1:{port}/api/v1/query", params=query, timeout=10).json()
    except (requests.RequestException, ValueError):  # it still starts
        return None
    return next((str(series["value"][1]) for series in found["data"]["result"]), None)


def test_every_figure_that_an_alert_speaks_of_is_documented() -> None:
    expressions = "\n".join(re.findall(r"expr:(.*(?:\n {10}.*)*)", ALERTS))
    figures = set(re.findall(r"\bmetrics_dash_\w+", expressions))
    documented = set(re.findall(r"`(metrics_dash_\w+)`", (ROOT / "docs" / "http-api.md").read_text()))
    assert figures
    assert figures - documented == set()


def test_every_alert_has_a_test_and_a_section_that_says_what_to_do() -> None:
    sections = re.findall(r"^#+ (MetricsDash\w+)$", (ROOT / "docs" / "deploying.md").read_text(), re.M)
    assert sections == NAMES
    assert set(re.findall(r"alertname: (\w+)", (DEPLOY / "alerts.test.yml").read_text())) == set(NAMES)
    assert re.findall(r"runbook: docs/deploying.md#(\w+)", ALERTS) == [name.lower() for name in NAMES]
