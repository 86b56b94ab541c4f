"""Another machine, as far as the network goes: a namespace of its own, and a cable to it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Elsewhere:
    """A network namespace; ``ours`` is this machine's address as it is seen from there."""

    name: str
    ours: str
    theirs: str

    def run(self, program: str, given: str) -> str:
        """Run a Python program there with ``given`` as its standard input; what it printed."""
        command = ["ip", "netns", "exec", self.name, sys.executable, "-c", program]
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """Make a namespace and the cable to it; skips where that is not permitted."""
    if shutil.which("ip") is None:
        pytest.skip("ip is needed: install Debian's package iproute2")
    number = os.getpid() % 16384
    name, ends = f"metrics-{number}", (f"mdo{number}", f"mdt{number}")
    low = f"10.213.{number // 64}"
    place = Elsewhere(name, f"{low}.{number % 64 * 4 + 1}", f"{low}.{number % 64 * 4 + 2}")
    made = _ip("netns", "add", name)
    if made.returncode != 0:
        pytest.skip(f"no network namespace can be made here: {made.stderr.strip()}")
    try:
        for command in (
            ("link", "add", ends[0], "type", "veth", "peer", "name", ends[1], "netns", name),
            ("address", "add", f"{place.ours}/30", "dev", ends[0]),
            ("link", "set", ends[0], "up"),
            ("-n", name, "address", "add", f"{place.theirs}/30", "dev", ends[1]),
            ("-n", name, "link", "set", ends[1], "up"),
        ):
            done = _ip(*command)
            if done.returncode != 0:
                pytest.skip(f"no cable can be laid here: {done.stderr.strip()}")
        yield place
    finally:
        with suppress(OSError):
            _ip("link", "delete", ends[0])
        _ip("netns", "delete", name)


def _ip(*arguments: str) -> subprocess.CompletedProcess[str]:
    command: Sequence[str] = ["ip", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
