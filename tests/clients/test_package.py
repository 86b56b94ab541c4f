"""The package: what is in it, what it needs, and a program of somebody else's that installs it."""

import ast
import inspect
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import metrics_dash_client
import pytest
from metrics_dash_client import Client

from tests.clients.conftest import Store
from tests.clients.programs import CLIENT, program
from tests.clients.scripted_server import ScriptedServer

PACKAGE = CLIENT / "metrics_dash_client"
SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip builds it, with the builder that is installed here: a test needs no registry."""
    folder = tmp_path_factory.mktemp("wheel")
    pip([sys.executable], "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(CLIENT))
    [built] = folder.glob("*.whl")
    return built


def pip(python: list[str], *arguments: str) -> None:
    command = [*python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_the_module_and_nothing_else(wheel: Path) -> None:
    version = metrics_dash_client.__version__
    assert wheel.name == f"metrics_dash_client-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(f"metrics_dash_client-{version}.dist-info/METADATA").decode()
    assert {name.split("/")[0] for name in names} == {
        "metrics_dash_client",
        f"metrics_dash_client-{version}.dist-info",
    }
    modules = {f"metrics_dash_client/{path.name}" for path in SOURCES}
    assert {name for name in names if name.startswith("metrics_dash_client/")} == {
        *modules,
        "metrics_dash_client/py.typed",
    }
    assert any(name.endswith("/LICENSE") for name in names)
    assert "Requires-Dist" not in metadata
    assert "Requires-Python: >=3.9" in metadata


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_nothing_is_imported_but_the_standard_library_and_no_syntax_is_newer_than_python_3_9(source: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(), feature_version=(3, 9))):
        if isinstance(node, ast.Import):
            imported.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).partition(".")[0])
    assert imported <= {*sys.stdlib_module_names, "metrics_dash_client"}


def test_importing_starts_no_thread() -> None:
    assert program("import threading, metrics_dash_client\nprint(threading.active_count())") == "1\n"


def test_a_host_with_its_own_db_layouts_and_app_sends_and_the_server_stores(
    wheel: Path, real: Store, tmp_path: Path
) -> None:
    environment, host = tmp_path / "environment", tmp_path / "host"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, capture_output=True)
    python = str(environment / "bin" / "python")
    pip([python], "install", "--no-index", str(wheel))
    for name in ("db", "layouts", "app", "callbacks", "metrics_dash"):
        package = host / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"OWNER = 'the host, in {name}'\n")
    said = program(
        "import app, callbacks, db, layouts, metrics_dash\n"
        "import metrics_dash_client\n"
        "from metrics_dash_client import execute, flush\n"
        "assert all(each.OWNER.startswith('the host') for each in (app, callbacks, db, layouts, metrics_dash))\n"
        "assert execute('test.host', {'n': 1}, {'owner': db.OWNER})\n"
        "assert flush(30)\n"
        "print(metrics_dash_client.__file__)\n",
        python=python,
        folder=host,
        METRICS_URL=real.url,
    )
    assert str(environment) in said
    assert [row.metadata for row in real.rows("test.host")] == [{"owner": "the host, in db"}]


README = (CLIENT / "README.md").read_text()


def test_the_readmes_first_event_is_five_lines_and_works(scripted: ScriptedServer) -> None:
    found = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert found is not None
    lines = [line for line in found.group(1).splitlines() if line]
    assert len(lines) <= 5
    program(found.group(1), METRICS_URL=scripted.url)
    assert scripted.names == ["shop.order.paid", "shop.report.rendered"]


def test_the_readme_names_every_setting_with_its_default() -> None:
    for name, parameter in inspect.signature(Client).parameters.items():
        row = re.search(rf"^\| `{name}` \|.*$", README, re.MULTILINE)
        assert row is not None, name
        if isinstance(parameter.default, int | float) and not isinstance(parameter.default, bool):
            assert f"{parameter.default:,}".removesuffix(".0") in row.group() or "MiB" in row.group()


def test_the_readme_names_every_reason_under_which_the_client_itself_counts() -> None:
    for reason in ("invalid", "buffer_full", "buffer_bytes", "no_url", "shutdown", "http_400"):
        assert f"`{reason}`" in README
