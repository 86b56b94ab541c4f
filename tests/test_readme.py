"""The README names every command and every route that a user can reach (settings: see test_settings)."""

from pathlib import Path

from typer.main import get_command

from app import create_app
from db.engine import Database
from metrics_dash.cli import cli
from metrics_dash.settings import Settings

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
# What Dash's own scripts ask for; nobody else does.
INTERNAL = ("_dash", "_favicon", "_reload", "assets/", "_config", "_mcp", "<path:path>")


def routes() -> set[str]:
    database = Database("postgresql://nobody@localhost/nothing")
    rules = create_app(Settings(), database=database).server.url_map.iter_rules()
    return {rule.rule for rule in rules if not any(name in rule.rule for name in INTERNAL)}


def test_every_command_stands_in_the_readme() -> None:
    group = get_command(cli)
    names = set(group.commands)  # type: ignore[attr-defined]
    assert {"run", "worker", "migrate", "import"} <= names
    assert [name for name in sorted(names) if f"`{name}`" not in README] == []


def test_every_route_stands_in_the_readme() -> None:
    found = {rule.replace("<chart_id>", "<id>").replace("<tab_id>", "<tab>") for rule in routes()}
    assert {"/api/v1/events", "/healthz"} <= found
    assert [rule for rule in sorted(found - {"/"}) if f"{rule}" not in README] == []
