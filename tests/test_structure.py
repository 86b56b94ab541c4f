"""The house is as its map says: each module has a test file of its name, and stays small enough to see at once."""

import ast
import statistics
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("metrics_dash", "db", "layouts", "callbacks", "routes")
MEDIAN_LINES, MOST_LINES = 120, 400
MEDIAN_FUNCTION_LINES = 8
# Nothing of their own to promise: names and records that the tests of their users hold, and entry points.
WITHOUT_TESTS = {
    "metrics_dash/__main__.py": "one call of cli.main",
    "metrics_dash/charts/data.py": "records without behaviour",
    "metrics_dash/ops/finding.py": "records without behaviour",
    "metrics_dash/web/context.py": "a record without behaviour",
    "metrics_dash/web/paths.py": "one constant",
    "layouts/icons.py": "pictures",
    "layouts/markup.py": "one expression, in every component's test",
}


def modules() -> Iterator[Path]:
    """Every module of the rooms but their ``__init__``, as a path below the root."""
    found = chain.from_iterable((ROOT / room).rglob("*.py") for room in ROOMS)
    return (path.relative_to(ROOT) for path in sorted(found) if path.name != "__init__.py")


def file_of_tests_for(module: Path) -> Path:
    """Where the tests of a module stand: ``metrics_dash/web/gate.py`` in ``tests/web/test_gate.py``."""
    parts = module.parts[1:] if module.parts[0] == "metrics_dash" else module.parts
    return Path("tests", *parts[:-1], f"test_{module.name}")


@pytest.mark.parametrize("module", [module for module in modules() if str(module) not in WITHOUT_TESTS], ids=str)
def test_each_module_has_a_test_file_of_its_name(module: Path) -> None:
    assert (ROOT / file_of_tests_for(module)).is_file(), f"{file_of_tests_for(module)} is missing"


def test_what_is_excused_from_tests_is_still_there() -> None:
    assert set(WITHOUT_TESTS) <= {str(module) for module in modules()}


def test_modules_and_functions_stay_small_enough_to_see_at_once() -> None:
    lengths = {module: len((ROOT / module).read_text().splitlines()) for module in modules()}
    assert {str(module): lines for module, lines in lengths.items() if lines > MOST_LINES} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_LINES
    functions = [
        node.end_lineno - node.lineno + 1
        for module in modules()
        for node in ast.walk(ast.parse((ROOT / module).read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None
    ]
    assert statistics.median(functions) <= MEDIAN_FUNCTION_LINES


@pytest.mark.parametrize(
    "room", [path for name in ROOMS for path in sorted((ROOT / name).rglob("__init__.py"))], ids=str
)
def test_each_room_says_what_it_holds(room: Path) -> None:
    assert ast.get_docstring(ast.parse(room.read_text())), f"{room} says nothing"


def test_what_a_browser_is_waited_for_is_a_function() -> None:
    """The page forbids to evaluate text: a mere expression is read once, and an error where it is not true at once."""
    waits = [
        (f"{path.relative_to(ROOT)}:{node.lineno}", ast.unparse(node.args[0]))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "wait_for_function"
    ]
    constants = [(place, text) for place, text in waits if not text.isupper()]
    assert len(constants) > 90
    assert [(place, text) for place, text in constants if "=>" not in text] == []
