"""A folder is held by whoever lives, and by nobody once that process ends, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from db.liveness import FILE, hold, is_held
from tests.support.processes import ROOT


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    descriptor = hold(tmp_path)
    assert is_held(tmp_path)
    with pytest.raises(BlockingIOError):
        hold(tmp_path)
    os.close(descriptor)
    assert not is_held(tmp_path)
    os.close(hold(tmp_path))


def test_a_process_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\nfrom db.liveness import hold\n"
        "hold(pathlib.Path(sys.argv[1]))\nprint('held', flush=True)\ninput()"
    )
    holder = subprocess.Popen(
        (sys.executable, "-c", code, str(tmp_path)), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    assert is_held(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert not is_held(tmp_path)


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        hold(tmp_path)
    assert not (tmp_path / "elsewhere").exists()
