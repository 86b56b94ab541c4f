"""No secret stands on a command line, where everybody on the machine can read it: of no process, and of none it starts.

Each Python process writes down what it was started with and every program that it starts, by an audit hook, so that
none is too short-lived to be seen.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from db.engine import Database
from tests.support.processes import ROOT, Process, data_folder, eventually, is_up, running

HOOK = """
import json, os, sys
def _write(words):
    with open(os.environ["SEEN_COMMANDS"], "a") as file:
        file.write(json.dumps([os.fsdecode(word) if isinstance(word, bytes) else str(word) for word in words]) + "\\n")
def _hook(event, arguments):
    if event == "subprocess.Popen":
        words = arguments[1]
        _write([words] if isinstance(words, (str, bytes)) else list(words))
    elif event in ("os.exec", "os.posix_spawn"):
        _write(list(arguments[1]))
    elif event == "os.system":
        _write([arguments[0]])
_write(sys.orig_argv)
sys.addaudithook(_hook)
"""
SECRETS = {
    "METRICS_PROXY_SECRET": "proxy-secret-of-nobody-else",
    "SECRET_KEY": "key-of-thirty-two-bytes-or-more-",
    "REDIS_URL": "redis://:redis-secret-7@127.0.0.1:1/0",
}
PASSWORDS = ("database-secret-7", "redis-secret-7", "a person's own password")
OPTIONS = {"METRICS_AUTH": "password,proxy", "METRICS_PROXY_HEADER": "X-User", "METRICS_TRUSTED_PROXIES": "127.0.0.1"}


@dataclass
class Seen:
    """A running application, and every command line that it and its commands had."""

    app: Process
    environment: dict[str, str]
    file: Path
    printed: list[str] = field(default_factory=list)

    def command(self, *words: str, given: str = "") -> str:
        command = [sys.executable, "-m", "metrics_dash", *words]
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            command, input=given, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        self.printed.append(done.stdout)
        return done.stdout.split()[-1] if done.stdout.split() else ""

    def lines(self) -> list[list[str]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def alive(self) -> Iterator[list[str]]:
        """The command lines of the application and of all below it, PostgreSQL's and the demo's too."""
        main = psutil.Process(self.app.process.pid)
        for process in [main, *main.children(recursive=True)]:
            with suppress(psutil.Error):
                yield process.cmdline()


@pytest.fixture
def seen(database: Database, tmp_path: Path) -> Iterator[Seen]:
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    file = tmp_path / "commands"
    url = database.url.set(drivername="postgresql", password="database-secret-7")
    with data_folder() as folder:
        environment = {
            **SECRETS, **OPTIONS, "METRICS_DATA_DIR": str(folder), "SEEN_COMMANDS": str(file), "METRICS_DEMO": "1",
            "DATABASE_URL": url.render_as_string(hide_password=False),
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}".rstrip(os.pathsep),
        }  # fmt: skip
        with running(folder, **{name: text for name, text in environment.items() if name != "METRICS_DATA_DIR"}) as app:
            eventually(lambda: is_up(app), "the application answers")
            yield Seen(app, environment, file)


def test_no_process_has_a_secret_on_its_command_line(seen: Seen, tmp_path: Path) -> None:
    eventually(lambda: any("demo" in line for line in seen.lines()), "the demo was started")
    seen.command("users", "add", "ann", "--password-stdin", given=f"{PASSWORDS[2]}\n")
    token = seen.command("tokens", "add", "shop")
    link = seen.command("links", "add", "--tab", "auth")
    seen.command("backup", str(tmp_path / "all.backup"))
    lines = [*seen.lines(), *seen.alive()]
    assert any("pg_dump" in line[0] for line in lines), "a program of PostgreSQL's was started"
    assert len(lines) > 6
    secrets = {*SECRETS.values(), *PASSWORDS, token.rpartition("_")[2], link.rpartition("_")[2]}
    assert all(len(secret) > 10 for secret in secrets)
    assert [line for line in lines for secret in secrets if secret in " ".join(line)] == []
    # Nor does the application write one down.
    assert [secret for secret in secrets if secret in seen.app.output] == []
