"""The image and what is composed around it: looked through, as there is no engine to build it with."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from metrics_dash.settings import load_settings
from tests.support.processes import ROOT
from tests.support.proxies import DEPLOY

COMPOSED: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


def test_the_linter_finds_no_mistake() -> None:
    beside = Path(sys.executable).with_name("hadolint")
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is needed: there is none for this machine on PyPI")
    checked = subprocess.run([program, DEPLOY / "Dockerfile"], check=False, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_what_is_copied_is_there() -> None:
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M):
        assert all((ROOT / name).exists() for name in copied.split())
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert not {"README.md", "requirements.txt", "tools", "assets", "migrations"} & set(ignored)


def test_the_application_runs_as_nobody_who_has_a_home_or_is_root() -> None:
    user = re.search(r"^USER (\d+)$", DOCKERFILE, re.M)
    assert user is not None
    assert int(user[1]) > 0
    assert f"--home-dir /nonexistent --shell /usr/sbin/nologin --uid {user[1]}" in DOCKERFILE


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert "ports" not in COMPOSED["database"]
    assert COMPOSED["app"]["ports"] == ["80:80", "443:443"]
    assert COMPOSED["proxy"]["network_mode"] == "service:app"
    assert "METRICS_HOST" not in COMPOSED["app"]["environment"], "it listens on the loopback address"


def test_no_secret_stands_in_a_file() -> None:
    assert re.findall(r"(?i)(?:password|secret|key): (?!\$\{)\S+", (DEPLOY / "compose.yaml").read_text()) == []
    assert "deploy/.env" in (ROOT / ".gitignore").read_text().splitlines()
    assert "**/.env" in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()


def test_the_application_has_a_login_and_knows_its_proxy() -> None:
    given, proxy = COMPOSED["app"]["environment"], COMPOSED["proxy"]["environment"]
    secret = "the secret of both, long enough"
    written = {key: re.sub(r"\$\{\w+.*?\}", secret, value) for key, value in given.items() if key != "DATABASE_URL"}
    settings = load_settings({**written, "METRICS_PUBLIC_URL": "https://metrics.example.org", "SECRET_KEY": "k" * 32})
    assert (settings.auth, settings.trusted_proxies) == (("password",), ("127.0.0.1",))
    assert settings.proxy_secret is not None
    assert proxy["METRICS_PROXY_SECRET"].startswith("${METRICS_PROXY_SECRET")


def test_its_health_is_asked_where_nobody_has_to_log_in() -> None:
    assert "127.0.0.1:8050/healthz" in DOCKERFILE


def test_it_waits_for_the_database_and_is_given_time_to_end() -> None:
    assert COMPOSED["app"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert COMPOSED["app"]["stop_grace_period"] == "30s"
