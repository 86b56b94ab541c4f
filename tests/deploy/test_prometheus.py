"""The alerts come when they should, speak of figures that there are, and each says what to do about it."""

import re
import subprocess

import pytest

from tests.support.processes import ROOT
from tests.support.proxies import DEPLOY, needed

ALERTS = (DEPLOY / "alerts.yml").read_text()
NAMES = re.findall(r"alert: (\w+)", ALERTS)


@pytest.mark.parametrize(
    "arguments", ["check config prometheus.yml", "check rules alerts.yml", "test rules alerts.test.yml"]
)
def test_promtool_finds_no_mistake(arguments: str) -> None:
    command = [needed("promtool", "prometheus"), *arguments.split()]
    checked = subprocess.run(command, cwd=DEPLOY, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


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
