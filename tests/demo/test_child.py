"""The demo beside a server: a process that knows no secrets and ends with the block, willing or not."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from metrics_dash.demo.child import demo_beside
from tests.support.processes import eventually
from tests.support.recording_server import RecordingServer

STUBBORN = """#!/bin/sh
exec {python} -c 'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); open("{ready}", "w"); signal.pause()'
"""


def children() -> set[psutil.Process]:
    return set(psutil.Process().children())


def test_it_feeds_the_server_as_a_process_of_its_own_that_ends_with_the_block() -> None:
    before = children()
    with RecordingServer() as sink:
        with demo_beside(sink.url):
            (demo,) = children() - before
            eventually(lambda: sink.batches, "the demo sends")
            arguments = demo.cmdline()
        assert not demo.is_running()
    assert arguments[arguments.index("--parent") + 1] == str(os.getpid())
    assert arguments[arguments.index("--url") + 1] == sink.url


def test_it_inherits_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "DATABASE_URL": "postgresql://u:hunter2@h/d",
        "DATABASE_READ_URL": "postgresql://u:hunter2@h/d",
        "REDIS_URL": "redis://:hunter2@h",
        "SECRET_KEY": "hunter2",
    }
    for name, value in {**secrets, "METRICS_DEMO": "1", "LANG": "C.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    before = children()
    with demo_beside("http://127.0.0.1:9"):
        (demo,) = children() - before
        environment = demo.environ()
    assert environment["LANG"] == "C.UTF-8"
    assert not environment.keys() & {*secrets, "METRICS_DEMO"}


def test_one_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready, stubborn = tmp_path / "ready", tmp_path / "python"
    stubborn.write_text(STUBBORN.format(python=sys.executable, ready=ready))
    stubborn.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(stubborn))
    before = children()
    with demo_beside("http://127.0.0.1:9"):
        eventually(ready.exists, "it stops listening")
        (demo,) = children() - before
    assert not demo.is_running()


def test_it_ends_when_the_block_fails() -> None:
    before = children()

    def fail() -> None:
        with demo_beside("http://127.0.0.1:9"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert children() == before
