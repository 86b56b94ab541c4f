"""Settings: read once, checked at once, and never careless with a secret."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from metrics_dash.settings import SettingsError, load_settings

SECRET = "postgresql://somebody:hunter2@db.example/metrics"


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = load_settings({})
    assert (settings.host, settings.port, settings.batch_size) == ("127.0.0.1", 8050, 1000)
    assert settings.raw_retention == timedelta(hours=48)
    assert settings.url() is None


# Files that lie beside the zones on some machines.
NO_PLACES = ("localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("48h", timedelta(hours=48)),
        ("14d", timedelta(days=14)),
        ("90s", timedelta(seconds=90)),
        ("30min", timedelta(minutes=30)),
        ("30m", timedelta(minutes=30)),
        ("2w", timedelta(days=14)),
        ("1.5h", timedelta(minutes=90)),
    ],
)
def test_durations_are_read(text: str, expected: timedelta) -> None:
    assert load_settings({"METRICS_RAW_RETENTION": text}).raw_retention == expected


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("METRICS_PORT", "abc", "'abc'"),
        ("METRICS_PORT", "0", "'0'"),
        ("METRICS_PORT", "70000", "70000"),
        ("METRICS_HOST", "0.0.0.0", "loopback"),
        ("METRICS_HOST", "example.org", "loopback"),
        ("METRICS_HOST", "unix:", "absolute path"),
        ("METRICS_HOST", "unix:http.sock", "absolute path"),
        ("METRICS_HOST", f"unix:/{'x' * 103}", "at most 103 characters"),
        ("METRICS_TIMEZONE", "Mars/Olympus", "Mars/Olympus"),
        *(("METRICS_TIMEZONE", name, f"{name!r} is not a time zone") for name in NO_PLACES),
        ("METRICS_RAW_RETENTION", "two days", "two days"),
        ("METRICS_RAW_RETENTION", "0s", "is not more than 0"),
        ("METRICS_RAW_RETENTION", "20d", "METRICS_MINUTE_RETENTION"),
        ("METRICS_DEMO", "maybe", "maybe"),
        ("METRICS_LOG_FORMAT", "xml", "xml"),
        ("METRICS_BATCH_SIZE", "-1", "-1"),
        ("METRICS_FLUSH_INTERVAL", "nan", "finite"),
        ("METRICS_FLUSH_INTERVAL", "inf", "finite"),
        ("METRICS_ROLLUP_INTERVAL", "1e400", "finite"),
        ("METRICS_REFRESH_INTERVAL", "-Infinity", "finite"),
        ("METRICS_REFRESH_INTERVAL", "0.5", "is less than 1"),
        ("METRICS_DAY_RETENTION", "999999999d", "longer than 36500d"),
        ("METRICS_DAY_RETENTION", f"{'9' * 400}d", "longer than 36500d"),
        ("METRICS_TIMEZONE", "x" * 5000, "not a time zone"),
        ("METRICS_BUFFER_EVENTS", "9" * 5000, "'9999"),
        ("METRICS_LOG_LEVEL", "a\nb", "INFO"),
        ("REDIS_URL", "nonsense", "redis://"),
        ("REDIS_URL", "foo", "redis://"),
        ("REDIS_URL", "http://cache", "redis://"),
        ("REDIS_URL", "redis://", "redis://"),
        ("REDIS_URL", "redis://:hunter2@cache:99999/0", "redis://"),
        ("REDIS_URL", "redis://:hunter2@cache/first", "redis://"),
        ("REDIS_URL", "redis://[::1", "redis://"),
        ("DATABASE_URL", "nonsense", "postgresql://"),
        ("DATABASE_URL", "mysql://me:hunter2@db/x", "postgresql://"),
        ("DATABASE_READ_URL", "host=db password=hunter2", "postgresql://"),
    ],
)
def test_a_bad_value_names_its_key_in_one_line(key: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({key: value})
    message = str(caught.value)
    assert key in message
    assert says in message
    assert "\n" not in message
    assert "hunter2" not in message
    assert len(message) < 250


@pytest.mark.parametrize(
    "url", ["redis://cache", "redis://:pw@cache:6379/3", "rediss://u:p@cache/0", "unix:///run/redis.sock?db=1"]
)
def test_every_form_of_a_redis_url_is_taken(url: str) -> None:
    redis = load_settings({"REDIS_URL": url}).redis_url
    assert redis is not None
    assert redis.get_secret_value() == url


def test_an_unknown_name_is_an_error_and_not_ignored() -> None:
    with pytest.raises(SettingsError, match=r"METRICS_PROT is not a setting; docs/settings\.md lists them all"):
        load_settings({"METRICS_PROT": "8050"})


def test_other_programs_variables_are_left_alone() -> None:
    load_settings({"HOME": "/root", "PORT": "1"})


def test_an_override_wins_over_the_environment() -> None:
    assert load_settings({"METRICS_PORT": "1234"}, port=4321).port == 4321


def test_a_blank_url_is_an_unset_one() -> None:
    assert load_settings({"DATABASE_URL": ""}).url() is None


def test_a_blank_folder_is_an_unset_one() -> None:
    assert load_settings({"METRICS_DATA_DIR": ""}).data_dir == load_settings({}).data_dir


@pytest.mark.parametrize("url", ["https://metrics.example.org", "https://metrics.example.org:8443/"])
def test_a_public_address_is_scheme_and_host(url: str) -> None:
    assert load_settings({"METRICS_PUBLIC_URL": url}).public_url == url


def test_a_public_address_below_which_nothing_is_served_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^METRICS_PUBLIC_URL: 'https://example\.org/metrics' has a path; "):
        load_settings({"METRICS_PUBLIC_URL": "https://example.org/metrics"})


def test_secrets_show_neither_in_text_nor_in_errors() -> None:
    keys = {"SECRET_KEY": "hunter2" * 8, "METRICS_PROXY_SECRET": "hunter2" * 8, "METRICS_OIDC_CLIENT_SECRET": "hunter2"}
    settings = load_settings({"DATABASE_URL": SECRET, **keys})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings)
    assert settings.url() == SECRET


def test_what_the_client_reads_is_no_mistake_here() -> None:
    load_settings({"METRICS_URL": "http://127.0.0.1:8050", "METRICS_TOKEN": "secret"})


def test_the_demo_is_refused_where_nothing_is_collected() -> None:
    with pytest.raises(SettingsError, match="METRICS_ROLE is web"):
        load_settings({"METRICS_ROLE": "web", "METRICS_DEMO": "1"})
    assert load_settings({"METRICS_ROLE": "web"}).only_reads


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"METRICS_HOST": "0.0.0.0"}, "METRICS_AUTH=password"),
        ({"METRICS_TRUSTED_PROXIES": "127.0.0.1"}, "METRICS_AUTH=password"),
        ({"METRICS_HOST": "0.0.0.0", "METRICS_AUTH": "password"}, "SECRET_KEY="),
        ({"METRICS_TRUSTED_PROXIES": "127.0.0.1", "METRICS_AUTH": "password"}, "SECRET_KEY="),
        ({"METRICS_AUTH": "proxy", "METRICS_TRUSTED_PROXIES": "unix", "SECRET_KEY": "k" * 32}, "METRICS_PROXY_HEADER="),
        ({"METRICS_AUTH": "password,oidc"}, "METRICS_OIDC_ISSUER="),
    ],
)
def test_a_door_that_is_open_to_strangers_ends_the_start_with_the_line_to_add(
    environment: dict[str, str], line: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"add {line}")):
        load_settings(environment)


def test_a_login_on_loopback_needs_nothing_else() -> None:
    assert load_settings({"METRICS_AUTH": "password"}).auth == ("password",)


def test_with_a_login_and_a_key_any_address_can_be_bound() -> None:
    settings = load_settings({"METRICS_AUTH": "password", "METRICS_HOST": "0.0.0.0", "SECRET_KEY": "k" * 32})
    assert settings.host == "0.0.0.0"


@pytest.mark.parametrize("name", ["SECRET_KEY", "METRICS_PROXY_SECRET"])
def test_a_key_that_can_be_guessed_is_refused_and_not_quoted(name: str) -> None:
    with pytest.raises(SettingsError, match="bytes or more") as error:
        load_settings({name: "hunter2"})
    assert "hunter2" not in str(error.value)


def test_a_host_may_be_a_unix_socket() -> None:
    named = load_settings({"METRICS_HOST": "unix:/run/metrics_dash/http.sock"})
    assert named.socket == Path("/run/metrics_dash/http.sock")
    assert load_settings({}).socket is None
    assert load_settings({"METRICS_HOST": f"unix:/{'x' * 102}"}).socket is not None


def test_the_demo_needs_an_address_to_send_to() -> None:
    with pytest.raises(SettingsError, match="METRICS_DEMO: the demo sends"):
        load_settings({"METRICS_HOST": "unix:/run/http.sock", "METRICS_DEMO": "1"})


def test_a_unix_socket_is_of_this_machine_alone_and_may_have_a_login() -> None:
    socket = {"METRICS_HOST": "unix:/run/http.sock"}
    assert load_settings(socket).auth == ()
    assert load_settings({**socket, "METRICS_AUTH": "password"}).socket == Path("/run/http.sock")
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        load_settings({**socket, "METRICS_AUTH": "password", "METRICS_TRUSTED_PROXIES": "unix"})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("METRICS_PORT", "eight", "'eight' is not a whole number"),
        ("METRICS_PORT", "0", "'0' is less than 1"),
        ("METRICS_PORT", "70000", "'70000' is more than 65535"),
        ("METRICS_FLUSH_INTERVAL", "soon", "'soon' is not a number"),
        ("METRICS_FLUSH_INTERVAL", "nan", "'nan' is not a finite number"),
        ("METRICS_DEMO", "perhaps", "'perhaps' is neither 0 nor 1"),
        ("METRICS_ROLE", "api", "'api' is not one of 'all' or 'web'"),
        ("METRICS_LOG_LEVEL", "LOUD", "'LOUD' is not one of 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    ],
)
def test_types_bounds_and_choices_are_told_as_everything_else(key: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({key: value})
    assert str(caught.value) == f"{key}: {message}"


def test_a_login_that_would_last_longer_unused_than_used_is_refused() -> None:
    with pytest.raises(SettingsError, match="METRICS_SESSION_IDLE is longer than METRICS_SESSION_LIFETIME"):
        load_settings({"METRICS_SESSION_IDLE": "8d"})


def test_events_wait_on_disk_unless_there_is_no_room_for_them() -> None:
    assert load_settings({}).spool == Path(".data/spool").absolute()
    assert load_settings({"METRICS_SPOOL_DIR": "/var/spool/metrics"}).spool == Path("/var/spool/metrics")
    assert load_settings({"METRICS_SPOOL_SIZE": "0"}).spool is None
