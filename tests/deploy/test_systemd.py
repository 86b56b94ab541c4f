"""The units: systemd takes them, they are closed to the rest of the machine, and what they start serves."""

import os
import pwd
import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.engine import Database
from tests.support.callers import browser, sign_in
from tests.support.processes import PATIENCE_SECONDS, Process, data_folder, from_systemd
from tests.support.proxies import DEPLOY, needed
from tests.support.visitors import PASSWORD
from tests.test_wheel import programs, wheel

__all__ = ["programs", "wheel"]
# What an operator has to add to the settings.
SECRETS = {"SECRET_KEY": "k" * 32, "METRICS_PROXY_SECRET": "s" * 32}
INSTALLED = "/opt/metrics-dash/bin"
UNIT = (DEPLOY / "metrics-dash.service").read_text()


def lines(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT, re.M)


def test_systemd_finds_no_mistake_in_the_units(tmp_path: Path) -> None:
    for name in ("metrics-dash.service", "metrics-dash.socket"):
        (tmp_path / name).write_text((DEPLOY / name).read_text().replace(INSTALLED, str(tmp_path)))
    for program in ("metrics-dash", "gunicorn"):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    command = [needed("systemd-analyze", "systemd"), "verify", "--man=no", *map(str, tmp_path.glob("*.s*"))]
    checked = subprocess.run(command, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "metrics-dash" not in checked.stderr


def test_the_service_is_closed_to_the_rest_of_the_machine() -> None:
    command = [needed("systemd-analyze", "systemd"), "security", "--offline=yes", "--threshold=25", "--no-pager"]
    checked = subprocess.run(
        [*command, str(DEPLOY / "metrics-dash.service")], check=False, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout[-2000:] + checked.stderr
    assert lines("ReadWritePaths") == ["/var/lib/metrics-dash"]


def written_settings() -> dict[str, str]:
    return dict(re.findall(r'^([A-Z_]+)="?(.*?)"?$', (DEPLOY / "metrics-dash.env").read_text(), re.M))


@pytest.fixture
def state() -> Iterator[Path]:
    """The service's folder, its user's alone."""
    with data_folder() as folder:
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        yield folder


def test_what_it_starts_migrates_and_then_serves_from_systemds_socket(
    programs: Path, state: Path, empty_database: Database
) -> None:
    settings = {**written_settings(), **SECRETS, "METRICS_DATA_DIR": str(state), "DATABASE_URL": empty_database.dsn()}
    before = [shlex.split(line.replace(INSTALLED, str(programs))) for line in lines("ExecStartPre")]
    assert [command[1:] for command in before] == [["check-config"], ["migrate"]]

    def run(*command: str, given: str = "") -> str:
        ended = subprocess.run(
            command, cwd=state, check=False, capture_output=True, text=True, input=given,
            env={"PATH": os.environ["PATH"], **settings},
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    for command in before:
        run(*command)
    program = before[0][0]
    run(program, "users", "add", "ann", "--role", "admin", "--password-stdin", given=PASSWORD)
    token = run(program, "tokens", "add", "probe", "--scope", "scrape").splitlines()[-1]
    (start,) = lines("ExecStart")
    with socket.create_server(("127.0.0.1", 0)) as held:
        written = start.replace(f"{INSTALLED}/gunicorn", "gunicorn")
        command = from_systemd(held, str(programs / "python"), "-m", *shlex.split(written))
        app = Process(state, command, held.getsockname()[1], state, passed=[held.fileno()], **settings)
        try:
            app.until_ready(token)
            assert app.get("/admin/metrics/version").status_code == 401
            ann = browser()
            assert sign_in(ann, app.url, "ann").status_code == 303
            assert ann.get(f"{app.url}/admin/metrics/", timeout=PATIENCE_SECONDS).status_code == 200
            assert app.end() == 0, app.output
        finally:
            app.process.kill()
            app.process.wait()


def test_the_settings_as_they_stand_are_refused_until_their_secrets_are_added(programs: Path, state: Path) -> None:
    command = [str(programs / "metrics-dash"), "check-config"]
    ended = subprocess.run(
        command, cwd=state, check=False, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], **written_settings()},
    )  # fmt: skip
    assert (ended.returncode, "add SECRET_KEY=" in ended.stderr) == (2, True)


def test_secrets_are_in_a_file_that_only_root_reads() -> None:
    """``install --mode=600`` in the documentation; the unit itself names none."""
    assert lines("EnvironmentFile") == ["/etc/metrics-dash/metrics-dash.env"]
    assert "PASSWORD" not in UNIT
    assert "DATABASE_URL" not in UNIT


def test_a_command_runs_with_the_services_settings_and_as_its_user() -> None:
    script = (DEPLOY / "metrics-dash.sh").read_text()
    checked = subprocess.run(["sh", "-n", DEPLOY / "metrics-dash.sh"], check=False, capture_output=True)
    assert checked.returncode == 0, checked.stderr
    (file,), (user,) = lines("EnvironmentFile"), lines("User")
    (folder,) = lines("Environment")
    assert f"< {file}\n" in script
    assert f"{folder}\n" in script
    assert f"--reuid={user} --regid={user} --init-groups {INSTALLED}/metrics-dash" in script


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("pa$$word$HOME`id`$(id)", "pa$$word$HOME`id`$(id)"),
        ('"two words $HOME"', "two words $HOME"),
        ("'a \\ and a \" and a $'", 'a \\ and a " and a $'),
        (r'"a \" and a \\ and a \$ and a \n"', r'a " and a \ and a $ and a \n'),
        (r"a\ b\\", "a b\\"),
        ("a=b # no comment", "a=b # no comment"),
        ("", ""),
    ],
)
def test_a_command_reads_a_setting_as_systemd_does_and_evaluates_nothing(
    tmp_path: Path, written: str, read: str
) -> None:
    settings = tmp_path / "metrics-dash.env"
    settings.write_text(f"# SECRET_KEY=not this\n\n; nor this\nSECRET_KEY={written}  \nMETRICS_AUTH=password")
    script = (DEPLOY / "metrics-dash.sh").read_text().replace("/etc/metrics-dash/metrics-dash.env", str(settings))
    script = re.sub('(?m)^exec .* "', 'exec "', script.replace("/var/lib/metrics-dash", str(tmp_path)))
    asked = ["sh", "-c", script, "metrics-dash", "printenv", "SECRET_KEY", "METRICS_AUTH", "METRICS_DATA_DIR"]
    environment = {"PATH": os.environ["PATH"]}
    ended = subprocess.run(asked, check=True, capture_output=True, text=True, env=environment)
    assert ended.stdout == f"{read}\npassword\n{tmp_path}\n"
