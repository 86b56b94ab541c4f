"""``make`` takes the newest Python that will do, and says in one line when there is none."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "newest-python.sh"


def fake(folder: Path, name: str, version: str, *, level: str = "final", venv: bool = True) -> None:
    """Put a command on the PATH that runs Python code as a Python of that version would."""
    parts = f"({version.replace('.', ', ')}, 0, '{level}', 0)"
    code = f"import sys; sys.version_info = type('Info', (tuple,), dict(releaselevel='{level}'))({parts})"
    if not venv:
        code += "; sys.modules['ensurepip'] = None"
    command = folder / name
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}; exec(sys.argv[2])" "$@"\n')
    command.chmod(0o755)


def newest(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    shell = shutil.which("sh")
    assert shell is not None
    return subprocess.run(
        [shell, SCRIPT, *arguments], env={"PATH": str(path)}, capture_output=True, text=True, check=False
    )


def test_the_newest_that_is_found_is_taken(tmp_path: Path) -> None:
    for name, version in {"python3": "3.11", "python3.12": "3.12", "python3.13": "3.13"}.items():
        fake(tmp_path, name, version)
    assert newest(tmp_path).stdout == "python3.13\n"


def test_a_python3_that_is_newer_than_the_named_ones_is_taken(tmp_path: Path) -> None:
    fake(tmp_path, "python3.11", "3.11")
    fake(tmp_path, "python3", "3.14")
    assert newest(tmp_path).stdout == "python3\n"


def test_one_that_is_not_released_or_has_no_venv_is_passed_over(tmp_path: Path) -> None:
    fake(tmp_path, "python3.11", "3.11")
    fake(tmp_path, "python3.12", "3.12", venv=False)
    fake(tmp_path, "python3.14", "3.14", level="alpha")
    assert newest(tmp_path).stdout == "python3.11\n"


@pytest.mark.parametrize("arguments", [(), ("python3.10",)])
def test_with_an_older_one_only_it_stops_with_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    fake(tmp_path, "python3", "3.10")
    fake(tmp_path, "python3.10", "3.10")
    ended = newest(tmp_path, *arguments)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert "Python 3.11 or newer" in ended.stderr


def test_make_stops_with_that_line_and_makes_no_environment(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    fake(tools, "python3", "3.10")
    for needed in ("sh", "make"):
        found = shutil.which(needed)
        if found is None:
            pytest.skip(f"needs {needed}")
        (tools / needed).symlink_to(found)
    ended = subprocess.run(
        ["make", "run", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    said = [line for line in (ended.stdout + ended.stderr).splitlines() if not line.startswith("make")]
    assert len(said) == 1
    assert "Python 3.11 or newer" in said[0]
    assert not (tmp_path / "venv").exists()
