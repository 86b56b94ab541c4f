"""Every part of ``make bench`` measures something: what it is built on moves, and nobody runs it each time."""

import json
import subprocess
import sys

import pytest

from tests.support.processes import ROOT


# Not memory and page: what takes a minute, or a browser, for a figure that no test looks at.
@pytest.mark.parametrize(
    "part", ["emit", "ingest", "spool", "rollup", "http", "together", "refresh", "deep", "crowd", "sizes"]
)
def test_a_part_of_the_benchmark_runs(part: str) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks", part, "--quick", "--json"), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert all(row["value"] > 0 for row in json.loads(done.stdout))
