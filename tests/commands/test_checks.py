"""``check-config`` finds what a start would stumble over; ``doctor`` finds what is wrong and says what to do."""

from pathlib import Path

import pytest

from db.migrate import head_revision
from metrics_dash.settings import load_settings
from tests.commands.conftest import Run


def test_the_doctor_finds_a_sound_store_good(on: Run) -> None:
    ended = on("doctor")
    assert ended.code == 0
    assert "PostgreSQL" in ended.out
    assert head_revision() in ended.out


def test_the_doctor_says_what_to_do_about_a_database_that_is_away(run: Run) -> None:
    ended = run("doctor", DATABASE_URL="postgresql://user:hunter22@127.0.0.1:9/events")
    assert ended.code == 1
    assert "DATABASE_URL" in ended.out
    assert "hunter22" not in ended.out + ended.err


def test_check_config_prints_what_is_set_and_no_secret(run: Run) -> None:
    ended = run("check-config", DATABASE_URL="postgresql://u:hunter22@127.0.0.1:9/events", METRICS_RAW_RETENTION="24h")
    assert (ended.code, ended.err) == (0, "")
    assert "DATABASE_URL=(set)\n" in ended.out
    assert "METRICS_RAW_RETENTION=86400s\n" in ended.out
    assert "METRICS_PORT" not in ended.out
    assert "hunter22" not in ended.out


def test_check_config_finds_a_bad_setting_and_a_bad_catalog(run: Run, tmp_path: Path) -> None:
    assert run("check-config", METRICS_PORT="eight").code == 2
    catalog = tmp_path / "catalog.toml"
    catalog.write_text('[events."No Name"]\nkind = "counter"\n')
    ended = run("check-config", METRICS_PORT="8050", METRICS_CATALOG=str(catalog))
    assert (ended.code, ended.err.count("\n")) == (2, 1)


def test_what_it_prints_can_be_read_again(run: Run) -> None:
    printed = run("check-config", METRICS_RAW_RETENTION="24h", METRICS_LOG_FORMAT="json").out
    written = dict(line.split("=", 1) for line in printed.splitlines()[:-1])
    assert load_settings(written).raw_retention.days == 1


def test_lists_and_addresses_are_printed_as_they_are_written(run: Run) -> None:
    given = {
        "METRICS_AUTH": "password,proxy",
        "METRICS_TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8",
        "METRICS_OIDC_ROLES": "ops=admin,*=viewer",
        "METRICS_STATSD_ADDRESS": "[::1]:8125",
        "METRICS_PROXY_HEADER": "X-Remote-User",
    }
    ended = run("check-config", SECRET_KEY="k" * 32, METRICS_PROXY_SECRET="s" * 16, **given)
    assert ended.code == 0, ended.err
    assert {f"{name}={value}" for name, value in given.items()} <= set(ended.out.splitlines())


def test_a_socket_in_a_folder_that_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    ended = run("check-config", METRICS_STATSD_SOCKET=str(tmp_path / "run" / "statsd.sock"))
    assert ended.code == 2
    assert f"METRICS_STATSD_SOCKET: there is no folder {tmp_path / 'run'}" in ended.err
    assert run("check-config", METRICS_STATSD_SOCKET=str(tmp_path / "statsd.sock")).code == 0


def test_a_name_that_looks_like_a_setting_and_is_none_is_told(run: Run) -> None:
    ended = run("check-config", METRIC_RAW_RETENTION="72h", METRICS_TOKEN="of the client", ANOTHER="1")
    assert ended.code == 0
    assert ended.err == "METRIC_RAW_RETENTION is not a setting; METRICS_RAW_RETENTION is one, if that is meant\n"


@pytest.mark.parametrize(
    ("started", "named"), [("/opt/x/bin/metrics-dash", "metrics-dash"), ("x/__main__.py", "python -m metrics_dash")]
)
def test_advice_names_the_command_as_it_was_started(
    on: Run, monkeypatch: pytest.MonkeyPatch, started: str, named: str
) -> None:
    monkeypatch.setattr("sys.argv", [started])
    told = on("doctor", COLUMNS="300").out
    assert f"start one: {named} run, or worker" in told


@pytest.mark.parametrize("name", ["METRICS_DATA_DIR", "METRICS_SPOOL_DIR"])
def test_a_folder_below_a_file_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (file, file / "below" / "it"):
        ended = run("check-config", **{name: str(path)})
        assert ended.code == 2
        assert f"{name}: {file} is no folder" in ended.err
    assert run("check-config", **{name: str(tmp_path / "not" / "yet")}).code == 0
