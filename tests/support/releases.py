"""The release before this one, out of the repository's history, as a folder that runs."""

import io
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.processes import ROOT

# The last revision of the schema that the release before knew.
PREVIOUS = "0004"


def previous_release(folder: Path) -> Path:
    """Unpack it into ``folder``; skips where the history does not go back so far."""
    newer = sorted(
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "migrations" / "versions").glob("0*.py")
        if path.name[:4] > PREVIOUS
    )
    added = _git("log", "--reverse", "--topo-order", "--diff-filter=A", "--format=%H", "--", *newer).decode().split()
    if not added:
        pytest.skip("the history of this checkout does not reach back to the release before")
    with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", f"{added[0]}^"))) as archive:
        archive.extractall(folder, filter="data")
    revisions = [
        found[1] for path in (folder / "migrations").rglob("*.py") if (found := re.match(r"(\d+)_", path.name))
    ]
    assert max(revisions) == PREVIOUS, "PREVIOUS names the release before"
    return folder


def _git(*arguments: str) -> bytes:
    ended = subprocess.run(["git", *arguments], cwd=ROOT, check=False, capture_output=True)
    if ended.returncode != 0:
        pytest.skip("the repository's history is needed, and git")
    return ended.stdout
