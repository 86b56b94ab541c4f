"""The build moves rooms into the package, and changes the imports of rooms and nothing else."""

import pytest

from tools.distribution import RelocationError, moves, relocated


@pytest.mark.parametrize(
    ("written", "built"),
    [
        ("from db.engine import Database\n", "from metrics_dash.db.engine import Database\n"),
        ("from db import events, rows\n", "from metrics_dash.db import events, rows\n"),
        ("import callbacks\n", "from metrics_dash import callbacks\n"),
        ("import db as store\n", "from metrics_dash import db as store\n"),
        ("import db.engine as engine\n", "import metrics_dash.db.engine as engine\n"),
        ("def late():\n    from app import server\n", "def late():\n    from metrics_dash.app import server\n"),
        ("from layouts import (\n    cards,  # db\n)\n", "from metrics_dash.layouts import (\n    cards,  # db\n)\n"),
        ("é = 1; from routes import ranges\n", "é = 1; from metrics_dash.routes import ranges\n"),
    ],
)
def test_an_import_of_a_room_is_taken_from_the_package(written: str, built: str) -> None:
    assert relocated(written) == built
    assert relocated(built) == built


@pytest.mark.parametrize(
    "source",
    [
        "from metrics_dash.web import gate\n",
        "from dbutils import db\n",
        "from . import db\n",
        "import appdirs, databases\n",
        'text = "from db.engine import Database"\r\ndb = layouts.app\r\n',
        '"""\nfrom db import events\n"""\n# import db\n',
    ],
)
def test_everything_else_stays_byte_by_byte(source: str) -> None:
    assert relocated(source) == source


@pytest.mark.parametrize(
    "source",
    ["import db.engine\n", "import os, db\n", "from \\\n    db import rows\n", 'importlib.import_module("app")\n'],
)
def test_an_import_that_cannot_move_stops_the_build_and_says_where(source: str) -> None:
    with pytest.raises(RelocationError, match=r"rooms\.py, line 2"):
        relocated(f"import importlib\n{source}", "rooms.py")


def test_no_two_files_move_to_the_same_place() -> None:
    targets = [target for _, target in moves()]
    assert len(targets) == len(set(targets))
