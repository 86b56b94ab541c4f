"""The docs say what the program has, all of it and nothing else; their links resolve and their examples run."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
import requests
from flask import Flask
from typer.main import get_command

from app import create_app
from db.engine import Database
from metrics_dash.catalog import load_catalog
from metrics_dash.cli import cli
from metrics_dash.settings import Settings, load_settings
from metrics_dash.web.address import PageState
from tests.support.processes import ROOT, Process, data_folder, eventually, running

README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [README, *sorted(DOCS.glob("*.md"))]
CLIENT = ROOT / "clients" / "python"
ADDRESS = "http://127.0.0.1:8050"
# What the Python client reads: no settings of the program.
CLIENTS_VARIABLES = {"METRICS_URL", "METRICS_TOKEN"}
# What Dash's own scripts ask for, as one line of http-api.md says; nobody else does.
DASH = ("/admin/metrics/_dash-", "/admin/metrics/_favicon.ico", "/admin/metrics/_reload-hash", "/admin/metrics/assets/",
        "/admin/metrics/<path:path>", "/admin/manage/")  # fmt: skip


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def first_cells(page: str) -> list[str]:
    """What stands first in each row of a page's tables."""
    return re.findall(r"^\| (.+?) \|", page, re.MULTILINE)


def named(cells: list[str], pattern: str) -> list[str]:
    """What the code spans of some cells say, where they look like ``pattern``."""
    return [found for cell in cells for found in re.findall(f"`({pattern})`", cell)]


def blocks(page: str, language: str) -> list[str]:
    """The contents of a page's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def sections(page: str) -> dict[str, str]:
    """By the command that a heading of the third level is, what stands below it."""
    parts = re.split(r"^(#+ .*)$", page, flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {heading.removeprefix("### ").strip("`"): below for heading, below in pairs if heading.startswith("### `")}


# Everything that there is is documented, and nothing else


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def test_the_readme_leads_to_every_page() -> None:
    linked = {target.partition("#")[0] for target in links(README)}
    assert {f"docs/{page.name}" for page in PAGES[1:]} <= linked


def test_the_readme_says_who_can_reach_it() -> None:
    readme = README.read_text(encoding="utf-8")
    assert "this machine only" in readme
    assert "nginx" in readme


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_that_a_page_names_are_there(page: Path) -> None:
    """Who reads that something is tested can look."""
    found = re.findall(r"`(tests/[\w/.]*)`", page.read_text(encoding="utf-8"))
    assert [name for name in found if not (ROOT / name).exists()] == []


def test_every_test_of_a_fault_stands_in_the_table_of_faults() -> None:
    _, _, faults = text("reliability.md").partition("\n## Faults\n")
    tested = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "faults").glob("test_*.py")}
    assert tested - set(re.findall(r"`(tests/[\w/.]*)`", faults)) == set()


def settings_rows() -> dict[str, str]:
    """The settings' table: name to default."""
    return dict(re.findall(r"^\| `([A-Z_]+)` \| `?(.*?)`? \|", text("settings.md"), re.MULTILINE))


def test_the_settings_table_has_every_setting_and_no_other() -> None:
    assert list(settings_rows()) == list(Settings.environment_names().values())


def test_the_settings_table_has_the_defaults() -> None:
    given = {name: default for name, default in settings_rows().items() if default != "unset"}
    assert load_settings(given) == load_settings({})
    unset = [name for name in settings_rows() if name not in given]
    names = {name: field for field, name in Settings.environment_names().items()}
    assert [name for name in unset if getattr(load_settings({}), names[name]) not in (None, (), {})] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_setting_that_there_is_not(page: Path) -> None:
    found = set(re.findall(r"\bMETRICS_[A-Z_]+\b", page.read_text(encoding="utf-8")))
    assert found <= {*Settings.environment_names().values(), *CLIENTS_VARIABLES}


def commands(group: Any = None, prefix: str = "") -> dict[str, click.Command]:
    """Every command by its name, those of a group by the group's and their own."""
    found: dict[str, click.Command] = {}
    for name, command in (group or get_command(cli)).commands.items():
        found[f"{prefix}{name}"] = command
        if hasattr(command, "commands"):
            found |= commands(command, f"{prefix}{name} ")
    return found


def command_of(heading: str) -> str:
    """The command that a section's heading begins with."""
    return max((name for name in commands() if f"{heading} ".startswith(f"{name} ")), key=len, default=heading)


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert sorted(map(command_of, sections(text("commands.md")))) == sorted(commands())


@pytest.mark.parametrize("heading", sections(text("commands.md")))
def test_the_section_of_a_command_has_its_options_and_arguments_and_no_other(heading: str) -> None:
    name = command_of(heading)
    arguments = heading.removeprefix(name).split()
    parameters = [each for each in commands()[name].params if not getattr(each, "hidden", False)]
    options = {option for each in parameters for option in each.opts if each.param_type_name == "option"}
    assert set(re.findall(r"`(--[a-z-]+)`", sections(text("commands.md"))[heading])) == options
    taken = [each for each in parameters if each.param_type_name == "argument"]
    assert arguments == [str(each.metavar or each.name).upper() for each in taken]


@pytest.fixture(scope="module")
def server() -> Flask:
    return create_app(Settings(), database=Database("postgresql://nobody@localhost/nothing")).server


def test_every_route_is_documented_and_no_other(server: Flask) -> None:
    routes = {
        f"{method} {rule.rule}"
        for rule in server.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(DASH)
    }
    assert {"POST /api/v1/events", "GET /healthz"} <= routes
    assert sorted(named(first_cells(text("http-api.md")), "[A-Z]+ /[^`]*")) == sorted(routes)


def test_dashs_own_routes_are_one_line_and_all_of_them_are_there(server: Flask) -> None:
    rules = [rule.rule for rule in server.url_map.iter_rules()]
    assert [start for start in DASH if f"`{start}" not in text("http-api.md")] == []
    assert [start for start in DASH if not any(rule.startswith(start) for rule in rules)] == []


def test_everything_that_the_pages_address_may_say_is_documented_and_nothing_else() -> None:
    table = text("reading-charts.md").partition("## The address")[2]
    assert sorted(named(first_cells(table), "[a-z_]+")) == sorted(
        field.name.rstrip("_") for field in fields(PageState) if field.name != "unread"
    )


def targets() -> list[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE)


def test_every_make_target_is_documented_and_no_other() -> None:
    documented = {target.partition(" ")[2] for target in named(first_cells(text("commands.md")), "make [a-z-]+")}
    assert documented == set(targets())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_make_target_that_there_is_not(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    spans = [*re.findall(r"`([^`\n]+)`", content), *"\n".join(blocks(content, "sh")).splitlines()]
    found = {name for span in spans for name in re.findall(r"\bmake ([a-z-]+)", span)}
    assert found <= {*targets()}


def test_every_room_is_on_the_map_and_everything_on_the_map_is_there() -> None:
    shown = set(named(first_cells(text("architecture.md").partition("## Flows")[0]), "[a-z_./]+"))
    tops = {f"{file.parent.name}/" for file in ROOT.glob("*/__init__.py")}
    rooms = {f"metrics_dash/{file.parent.name}/" for file in ROOT.glob("metrics_dash/*/__init__.py")}
    assert tops | rooms <= shown
    assert [name for name in sorted(shown) if not (ROOT / name).exists()] == []


# Links


def links(page: Path) -> list[str]:
    """Where a page's links and pictures lead, but for the web."""
    content = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", content) if "://" not in target]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_resolves(page: Path) -> None:
    broken = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


# Examples


@pytest.mark.parametrize("page", [README, DOCS / "dashboards.md"], ids=lambda page: page.name)
def test_the_catalogs_of_the_docs_load(page: Path, tmp_path: Path) -> None:
    examples = blocks(page.read_text(encoding="utf-8"), "toml")
    assert examples
    for example in examples:
        file = tmp_path / "example.toml"
        file.write_text(example, encoding="utf-8")
        assert list(load_catalog(file).charts())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_and_the_json_of_the_docs_can_be_read(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    for example in blocks(content, "python"):
        compile(example, page.name, "exec")
    for example in blocks(content, "json"):
        json.loads(example)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_the_docs_exist(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    named_there = re.findall(r"python -m metrics_dash ([a-z]+)", content)
    assert [name for name in named_there if name not in commands()] == []


def test_the_exports_of_the_docs_are_of_charts_and_tabs_that_come_along() -> None:
    catalog = load_catalog()
    for kind, name in re.findall(r"/admin/metrics/(chart|export)/([a-z-]+)\.", text("http-api.md")):
        assert catalog.chart(name) if kind == "chart" else catalog.tab(name)


@pytest.fixture(scope="module")
def shop() -> Iterator[Process]:
    """The application as the README starts it, with the README's catalog."""
    (catalog,) = blocks(README.read_text(encoding="utf-8"), "toml")
    with data_folder() as folder:
        file = folder / "shop.toml"
        file.write_text(catalog, encoding="utf-8")
        fast = {"METRICS_ROLLUP_INTERVAL": "1", "METRICS_REFRESH_INTERVAL": "1"}
        with running(folder, METRICS_CATALOG=str(file), **fast) as app:
            app.until_ready()
            yield app


def run(app: Process, *command: str, **environment: str) -> str:
    """What a command of the docs prints; it fails where the command does."""
    adapted = [part.replace(ADDRESS, app.url) for part in command]
    done = subprocess.run(
        adapted, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def curls() -> list[str]:
    """The README's calls of curl: the first event, and the question about the first chart."""
    return [block for block in blocks(README.read_text(encoding="utf-8"), "sh") if block.startswith("curl ")]


def test_the_first_event_and_the_first_chart_of_the_readme_work(shop: Process) -> None:
    send, ask = curls()
    (program,) = blocks(README.read_text(encoding="utf-8"), "python")
    (answer,) = blocks(README.read_text(encoding="utf-8"), "json")
    assert f"METRICS_URL={ADDRESS}" in README.read_text(encoding="utf-8")
    assert json.loads(run(shop, "sh", "-c", send)) == json.loads(answer)
    run(shop, sys.executable, "-c", program, METRICS_URL=shop.url, PYTHONPATH=str(CLIENT))

    def orders() -> float:
        series = json.loads(run(shop, "sh", "-c", ask))["series"]
        return sum(value or 0 for one in series for value in one["v"])

    eventually(lambda: orders() == 2, "both orders are in the answer to the README's question")
    table = requests.get(f"{shop.url}/admin/metrics/chart/orders.csv?range=1h", timeout=30).text
    assert sorted(table.splitlines()[0].split(",")) == ["DE", "FR", "time"]


@pytest.mark.parametrize("name", ["sending.md", "http-api.md"])
def test_the_calls_of_the_docs_are_answered(shop: Process, name: str, tmp_path: Path) -> None:
    (tmp_path / "events.ndjson").write_text('{"event_name": "game.auth.login_complete"}\n' * 3, encoding="utf-8")
    calls = [line for block in blocks(text(name), "sh") for line in re.split(r"\n(?=\S)", block) if "curl " in line]
    assert calls
    for call in calls:
        if "/admin/metrics/" in call:
            continue  # of charts that the README's catalog has not
        given = run(shop, "sh", "-c", f"cd {shlex.quote(str(tmp_path))} && {call.replace(ADDRESS, shop.url)}")
        assert "error" not in given
        assert '"rejected":[]' in given or given.startswith("time")


def test_every_figure_of_the_metrics_route_is_documented_and_no_other(shop: Process) -> None:
    exposed = requests.get(f"{shop.url}/metrics", timeout=30).text
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", exposed, re.MULTILINE))
    figures = set(kinds)
    # Before the first purge there is no floor to tell of, and here is no replica.
    assert set(named(first_cells(text("http-api.md")), "metrics_dash_[a-z_]+")) - figures == {
        "metrics_dash_raw_floor_timestamp_seconds",
        "metrics_dash_replica_up",
        "metrics_dash_replica_lag_seconds",
    }
    assert figures - set(named(first_cells(text("http-api.md")), "metrics_dash_[a-z_]+")) == set()
