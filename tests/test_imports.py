"""Imports point the way they should, and a wrong arrow is noticed: each in a copy that has just that one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("callbacks", "routes", "layouts", "metrics_dash", "db")
LINT = Path(sys.executable).with_name("lint-imports")

WRONG = {
    "up a floor, from db": ("db/engine.py", "import metrics_dash.settings"),
    "up a floor, from metrics_dash": ("metrics_dash/catalog.py", "from layouts import cards"),
    "up a floor, from layouts": ("layouts/cards.py", "from routes import ranges"),
    "across, from callbacks to routes": ("callbacks/refresh.py", "from routes import ranges"),
    "up to app": ("metrics_dash/runtime.py", "import app"),
    "up a room, from charts": ("metrics_dash/charts/queries.py", "from metrics_dash.web import health"),
    "up a room, from settings": ("metrics_dash/settings.py", "from metrics_dash import catalog"),
    "across, from jobs to ingest": ("metrics_dash/jobs/rollup.py", "from metrics_dash.ingest import event"),
    "to a room without a place": ("metrics_dash/unplaced.py", ""),
    "flask outside web": ("metrics_dash/charts/queries.py", "import flask"),
    "flask in layouts": ("layouts/cards.py", "import flask"),
    "flask in layouts, by way of web": ("layouts/cards.py", "from metrics_dash.web import answers"),
    "dash in metrics_dash": ("metrics_dash/charts/plan.py", "import dash"),
    "a query in layouts": ("layouts/cards.py", "from db import series"),
    "a query in routes": ("routes/ranges.py", "from db import series"),
    "pandas in db": ("db/series.py", "import pandas"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("app.py", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [LINT, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_every_import_points_the_way_it_should(copy: Path) -> None:
    ended = lint(copy)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_arrow_breaks_a_contract(copy: Path, name: str) -> None:
    place, line = WRONG[name]
    file = copy / place
    file.write_text(f"{file.read_text() if file.exists() else ''}\n{line}\n")
    ended = lint(copy)
    assert ended.returncode == 1
    assert " BROKEN" in ended.stdout, ended.stdout
