"""A command on a busy machine: its cores are busy while it runs and not after, and its exit code is its own."""

import subprocess
import sys

import psutil
import pytest

from tests.support.processes import eventually
from tools.busy import busy_cores, main


def burning() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "multiprocessing" in " ".join(each.cmdline())
            and "spawn_main" in " ".join(each.cmdline())]  # fmt: skip


def test_cores_are_busy_in_the_block_and_not_after_it() -> None:
    with busy_cores(2):
        found = burning()
        assert len(found) == 2
        eventually(lambda: all(each.cpu_times().user > 0.2 for each in found), "they compute")
    assert not any(each.is_running() for each in found)


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_the_commands(code: int) -> None:
    assert main([sys.executable, "-c", f"raise SystemExit({code})"]) == code
    assert burning() == []


def test_of_one_that_is_killed_nothing_goes_on() -> None:
    killed = subprocess.Popen(
        [sys.executable, "-m", "tools.busy", sys.executable, "-c", "input()"], stdin=subprocess.PIPE
    )
    busy = psutil.Process(killed.pid)
    eventually(lambda: any(each.cpu_times().user > 0.1 for each in busy.children()), "they compute")
    children = busy.children(recursive=True)
    killed.kill()
    killed.communicate()
    eventually(lambda: not any(each.is_running() and each.status() != "zombie" for each in children), "all end")


def test_without_a_command_its_use_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
