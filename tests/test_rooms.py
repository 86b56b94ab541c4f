"""Each room says what it holds: its ``__init__`` names every file in it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_PARTS = (
    "auth",
    "emit",
    "ingest",
    "ingest/formats",
    "ingest/spool",
    "jobs",
    "charts",
    "charts/timerange",
    "ops",
    "demo",
    "web",
    "commands",
)
ROOMS = [
    *("callbacks", "routes", "layouts", "layouts/figure", "layouts/export", "layouts/pages", "db", "tools"),
    *(f"metrics_dash/{part}" for part in _PARTS),
]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_names_each_of_its_files(room: str) -> None:
    folder = ROOT / room
    said = (folder / "__init__.py").read_text(encoding="utf-8").partition('"""\n\n')[0]
    named = {name.removesuffix("/") for name in re.findall(r"``([\w./-]+)``", said)}
    files = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    files |= {path.name for path in folder.iterdir() if (path / "__init__.py").exists()}
    assert sorted(files - named) == []


def test_every_room_is_looked_at() -> None:
    packages = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("*/**/__init__.py")}
    elsewhere = ("tests", "benchmarks", ".", "build", "clients", "node_modules")
    assert {name for name in packages if not name.startswith(elsewhere)} == {*ROOMS, "metrics_dash"}
