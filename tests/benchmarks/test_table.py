"""The figures of ``make bench``, for people, pages and programs."""

import io
import json
import math
import subprocess
import sys

from rich.console import Console

from benchmarks.table import Row, as_json, markdown, print_table
from tests.support.processes import ROOT

ROWS = [
    Row(
        "execute(), with a handler attached",
        0.9,
        "µs",
        "a bare function call with the same arguments: 0.4 µs",
        2.25,
        "≤ 3 ×",
        True,
    ),
    Row(
        "page: a figure that could not be measured on this machine",
        math.nan,
        "",
        "not measured: there is no browser",
        None,
        "to be measured",
        False,
    ),
]


def test_into_a_pipe_or_a_file_each_figure_is_one_line() -> None:
    file = io.StringIO()
    print_table(ROWS, Console(file=file))
    lines = file.getvalue().splitlines()
    for row in ROWS:
        (line,) = [line for line in lines if row.name in line]
        assert all(cell in line for cell in row.cells())
    assert max(map(len, lines)) < 200


def test_in_a_terminal_the_table_is_as_wide_as_that() -> None:
    file = io.StringIO()
    print_table(ROWS, Console(file=file, force_terminal=True, color_system=None, width=70))
    assert max(map(len, file.getvalue().splitlines())) <= 70


def test_as_json_a_row_is_an_object_and_what_was_not_measured_is_null() -> None:
    first, second = json.loads(as_json(ROWS))
    assert first == {
        "name": "execute(), with a handler attached",
        "value": 0.9,
        "unit": "µs",
        "reference": "a bare function call with the same arguments: 0.4 µs",
        "ratio": 2.25,
        "goal": "≤ 3 ×",
        "met": True,
    }
    assert second["value"] is None
    assert second["ratio"] is None


def test_as_markdown_each_figure_is_one_row() -> None:
    assert len(markdown(ROWS).splitlines()) == 2 + len(ROWS)


def test_the_command_prints_json_and_nothing_else() -> None:
    command = [sys.executable, "-m", "benchmarks", "emit", "--quick", "--json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert {row["name"] for row in json.loads(ended.stdout)} == {"execute()"}
