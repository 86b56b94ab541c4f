"""The distribution: built as a user would, installed beside a host with the same names, and run from there."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from metrics_dash import __version__
from tests.support.processes import ROOT, Process, data_folder, eventually, running
from tools.distribution import ROOMS

NOT_SOURCE = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "node_modules", "tests", "docs")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, so that it is known to hold all that a build needs."""
    folder = tmp_path_factory.mktemp("build")
    source = shutil.copytree(ROOT, folder / "source", ignore=NOT_SOURCE)
    script = "import sys, setuptools.build_meta as backend; print(backend.build_sdist(sys.argv[1]))"
    made = checked(sys.executable, "-c", script, str(folder), cwd=source).splitlines()[-1]
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", str(folder))
    checked(sys.executable, "-m", "pip", "wheel", *options, str(folder / made))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of a fresh environment with the wheel; what it depends on is this environment's."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = str(home / "bin" / "python")
    checked(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "-q", str(wheel))
    return home / "bin"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with packages of its own that are called as ours are in the repository; none of them is for us."""
    folder = tmp_path_factory.mktemp("host")
    for name in ROOMS:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise AssertionError('the host was imported')\n")
    (folder / "app.py").write_text("raise AssertionError('the host was imported')\n")
    (folder / "assets").mkdir()
    (folder / "assets" / "host.js").write_text("alert('the host')\n")
    return folder


@pytest.fixture
def data() -> Iterator[Path]:
    with data_folder() as made:
        yield made


def checked(*command: str, cwd: Path = ROOT, **environment: str) -> str:
    """What a command prints; it must succeed."""
    ended = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_nothing_of_ours_stands_at_the_top_but_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        (top,) = [opened.read(name).decode().split() for name in names if name.endswith("top_level.txt")]
    assert {name.partition("/")[0] for name in names} == {"metrics_dash", f"metrics_dash-{__version__}.dist-info"}
    assert top == ["metrics_dash"]
    assert "metrics_dash/py.typed" in names


def test_no_import_in_the_wheel_takes_a_room_from_the_top(wheel: Path) -> None:
    found, modules = [], 0
    with zipfile.ZipFile(wheel) as opened:
        for name in opened.namelist():
            if name.endswith(".py"):
                modules += 1
                found += [
                    f"{name}: {one}" for one in imported(opened.read(name)) if one.split(".")[0] in {*ROOMS, "app"}
                ]
    assert modules > 100
    assert found == []


def imported(source: bytes) -> Iterator[str]:
    """Names of modules that Python source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def test_every_module_of_the_wheel_can_be_imported_beside_the_host(programs: Path, host: Path) -> None:
    script = (
        "import importlib, pkgutil, metrics_dash\n"
        "for one in pkgutil.walk_packages(metrics_dash.__path__, 'metrics_dash.'):\n"
        "    if not one.name.endswith('__main__'):\n"
        "        print(importlib.import_module(one.name).__file__)\n"
    )
    files = checked(str(programs / "python"), "-c", script, cwd=host, PYTHONPATH=str(host)).splitlines()
    assert len(files) > 100
    assert all(file.startswith(str(programs.parent)) for file in files)


def test_the_version_of_a_page_comes_from_the_package_and_from_nothing_beside_it(programs: Path) -> None:
    script = "from metrics_dash.ops.build import ROOT, _files; print(*_files(ROOT), sep='\\n')"
    files = checked(str(programs / "python"), "-c", script, cwd=programs).splitlines()
    assert {"app.py", "engine.py", "catalog.toml"} <= {Path(file).name for file in files}
    assert {file.partition("/site-packages/")[2].partition("/")[0] for file in files} == {"metrics_dash"}


@pytest.mark.parametrize("command", [("metrics-dash",), ("python", "-m", "metrics_dash")])
def test_the_command_says_its_version(programs: Path, host: Path, command: tuple[str, ...]) -> None:
    said = checked(str(programs / command[0]), *command[1:], "--version", cwd=host)
    assert said == f"metrics_dash {__version__}\n"


def test_it_runs_in_the_host_s_folder_stores_events_and_serves_the_page(programs: Path, host: Path, data: Path) -> None:
    command = str(programs / "metrics-dash"), "run"
    with running(data, *command, cwd=host, PYTHONPATH=str(host), METRICS_DEMO="1", METRICS_ROLLUP_INTERVAL="1") as app:
        app.until_ready()
        assert app.post({"event_name": "test.wheel"}).json() == {"accepted": 1, "rejected": []}
        eventually(lambda: total(app, "test.wheel") == 1, "the event is in its bucket")
        eventually(lambda: total(app, "bezgelor.server.players") > 0, "the demo, a child of its own, sends")
        page = requests.get(f"{app.url}/admin/metrics/", timeout=30)
        assert page.status_code == 200
        files = re.findall(r'(?:src|href)="(/admin/metrics/[^"]+\.(?:js|css))"', page.text)
        assert {Path(file).suffix for file in files} == {".js", ".css"}
        answers = [requests.get(app.url + file, timeout=30) for file in files]
        assert [answer.status_code for answer in answers] == [200] * len(files)
        assert not any("the host" in answer.text for answer in answers)
        assert app.end() == 0, app.output
    assert "the host" not in app.output


def total(app: Process, name: str) -> float:
    query = {"event_name": name, "from": "now-1h"}
    answer = requests.get(f"{app.url}/api/v1/query", params=query, timeout=30).json()
    return sum(value or 0 for series in answer["series"] for value in series["v"])


def test_gunicorn_serves_the_wheel(programs: Path, host: Path, data: Path) -> None:
    gunicorn = ("-m", "gunicorn", "-c", "python:metrics_dash.gunicorn_conf", "metrics_dash.app:server")
    with running(data, str(programs / "python"), *gunicorn, cwd=host) as app:
        app.until_ready()
        assert app.post({"event_name": "test.wheel"}).json()["accepted"] == 1
        assert app.end() == 0
    assert not (data / "postgres" / "postmaster.pid").exists()
