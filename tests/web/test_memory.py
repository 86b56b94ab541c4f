"""Memory goes back to the system: what is large is not kept after it is freed, whatever was freed before."""

import ctypes
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from metrics_dash.web.memory import give_back_large_blocks

ROOT = Path(__file__).resolve().parents[2]
NEEDS_GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc moves its bound")

# Twice the same: the first block's end raises glibc's bound, so that it would cut the second one from its heap, below
# another that is still held, and could not give it back.
PROGRAM = """
import ctypes
from metrics_dash.web.memory import give_back_large_blocks
{call}
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
BLOCK = 20 * 1024 * 1024


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def hold_and_free():
    libc.free(libc.malloc(BLOCK))
    before = resident()
    block = libc.malloc(BLOCK - 65536)
    ctypes.memset(block, 1, BLOCK - 65536)
    kept.append(libc.malloc(1000))
    assert resident() - before > BLOCK / 2
    libc.free(block)
    left.append(resident() - before)


kept, left = [], []
hold_and_free()
print(max(left) > BLOCK / 2)
"""


def keeps(call: str) -> bool:
    """Whether a process that calls this first keeps a large block after it is freed."""
    program = [sys.executable, "-c", PROGRAM.format(call=call)]
    return subprocess.run(program, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout == "True\n"


@NEEDS_GLIBC
def test_a_large_block_goes_back_when_it_is_freed_though_one_went_before() -> None:
    assert keeps("")
    assert not keeps("give_back_large_blocks()")


@pytest.mark.parametrize("failure", [None, OSError("no such library"), TypeError("not on this system")], ids=repr)
def test_where_there_is_no_such_bound_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, failure: Exception | None
) -> None:
    asked: list[str | None] = []

    def library(name: str | None) -> object:
        asked.append(name)
        if failure is not None:
            raise failure
        return object()  # without mallopt

    monkeypatch.setattr(ctypes, "CDLL", library)
    give_back_large_blocks()
    assert asked == [None]
