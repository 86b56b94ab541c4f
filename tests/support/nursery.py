"""Processes that are many and cheap: one imports what they need, and forks a child for each line that it reads."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.processes import ROOT, eventually

_FORKING = """
import os, sys
{program}
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        child(line.strip())
        os._exit(0)
    print("began", pid, flush=True)
    if waits:
        print("ended", pid, os.waitpid(pid, 0)[1], flush=True)
"""


class Nursery:
    """``lines`` is what the children and their parent have said, each line as its words."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.lines: list[list[str]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.split())

    def start(self, word: object = "") -> int:
        """Have a child made that is told a word; its process id."""
        assert self._process.stdin is not None
        before = len(self.lines)
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return int(self.wait_for("began", before)[1])

    def wait_for(self, word: str, before: int | None = None, pid: int | None = None) -> list[str]:
        """The first line that begins so, of that child where one is given, from now on or after so many lines."""
        begin = len(self.lines) if before is None else before

        def found() -> list[list[str]]:
            return [words for words in self.lines[begin:] if words[0] == word and pid in (None, int(words[1]))]

        eventually(found, f"a line {word!r} of a child")
        return found()[0]


@contextmanager
def nursery(program: str, *arguments: str, waits: bool = False) -> Iterator[Nursery]:
    """Run one, whose ``program`` defines ``child(word)``; ``waits``: one child at a time, whose end it tells.

    Whatever was made there is killed at the end of the block.
    """
    command = [sys.executable, "-c", _FORKING.replace("{program}", f"waits = {waits}\n{program}"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(ROOT))}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield Nursery(process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
