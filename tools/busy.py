"""Runs a command with every core kept busy: ``python -m tools.busy COMMAND …``.

What passes on an idle machine only because everything happens in the expected order fails here. The exit code is the
command's.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

# More than one for each core: with one each, the command would have half of the machine.
PER_CORE = 2


def _compute(parent: int) -> None:
    """Compute for as long as that process lives: one that is killed ends nobody."""
    while os.getppid() == parent:
        for _ in range(1_000_000):
            pass


@contextmanager
def busy_cores(processes: int | None = None) -> Iterator[None]:
    """In the block, so many processes compute without a pause; by default two for each core."""
    number = (os.cpu_count() or 1) * PER_CORE if processes is None else processes
    burning = [
        multiprocessing.get_context("spawn").Process(target=_compute, args=(os.getpid(),), daemon=True)
        for _ in range(number)
    ]
    for each in burning:
        each.start()
    try:
        yield
    finally:
        for each in burning:
            each.kill()
        for each in burning:
            each.join()


def main(command: Sequence[str]) -> int:
    """Run the command to its end; its exit code."""
    if not command:
        print("usage: python -m tools.busy COMMAND …", file=sys.stderr)
        return 2
    with busy_cores():
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
