"""Logs: one line a record in either format, and never a password."""

import io
import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest

from metrics_dash import logs
from metrics_dash.settings import load_settings

URL = "postgresql://user:hunter%4022@db.example/events"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    yield
    root.handlers[:], root.level = handlers, level
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)


def logged(form: str, message: str, *arguments: object, error: Exception | None = None, level: str = "INFO") -> str:
    stream = io.StringIO()
    settings = load_settings(
        {
            "DATABASE_URL": URL,
            "METRICS_LOG_FORMAT": form,
            "METRICS_LOG_LEVEL": level,
            "SECRET_KEY": "top-secret-key-of-32-bytes-or-more",
        }
    )
    logs.configure(settings, stream)
    logging.getLogger("test").info(message, *arguments, exc_info=error)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "leak", [URL, "hunter%4022", "hunter@22", "redis://:other@cache/0", "top-secret-key-of-32-bytes-or-more"]
)
def test_no_secret_reaches_a_log(form: str, leak: str) -> None:
    line = logged(form, "connecting with %s", leak, error=ValueError(leak))
    assert "connecting with" in line
    for secret in ("hunter", "other@", "top-secret"):
        assert secret not in line


def test_json_lines_are_json() -> None:
    line = json.loads(logged("json", "it is %s", "so"))
    assert line["message"] == "it is so"
    assert line["level"] == "INFO"
    assert line["logger"] == "test"
    assert line["time"].endswith("+00:00")


@pytest.mark.parametrize("form", ["text", "json"])
def test_every_line_names_its_process(form: str) -> None:
    assert str(os.getpid()) in logged(form, "hello")


def test_a_message_that_does_not_fit_its_arguments_is_still_one_line_of_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = logged("json", "%d of %d", "three")
    assert json.loads(written)["message"] == "%d of %d ('three',)"
    assert capsys.readouterr().err == ""


def test_json_keeps_a_trace_in_its_line() -> None:
    written = logged("json", "it failed", error=ValueError("because"))
    assert written.count("\n") == 1
    assert "ValueError: because" in json.loads(written)["trace"]


def test_less_than_the_level_is_not_logged() -> None:
    assert logged("text", "chatter", level="WARNING") == ""


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "leak",
    [
        "postgresql://db/x?user=me&password=hunter2&sslmode=require",
        "postgresql://db/x?sslmode=require&sslpassword=hunter2",
        "postgresql://db/x?PASSWORD=hunter2",
        "host=db user=me password=hunter2 dbname=x",
        "host=db password = 'it\\'s hunter2' dbname=x",
        "postgresql://me:pa/ss:hunter2@db/x",
        "postgresql://me:hun@ter2hunter2@db/x",
        "{'user': 'me', 'password': 'hunter2'}",
        '{"user": "me", "password": "hunter2"}',
        '{\\"password\\": \\"hunter2\\"}',
        "connect(host='db', password='hunter2')",
        "PGPASSWORD=hunter2 psql",
        "SECRET_KEY=hunter2",
        "Authorization: Bearer hunter2hunter2",
        "Authorization: Token hunter2hunter2",
        "POST /write?db=telegraf&u=telegraf&p=hunter2 204",
        "POST /write?p=hunter2&db=telegraf",
        "authorization: Basic aHVudGVyMjpodW50ZXIy",
    ],
)
def test_what_stands_where_a_secret_does_is_hidden_though_no_setting_knows_it(form: str, leak: str) -> None:
    line = logged(form, "it was %r and %s", leak, leak, error=ValueError(leak))
    assert "it was" in line
    for secret in ("hunter", "aHVudGVy"):
        assert secret not in line


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db/x?user=me&password=top%20%22secret%22%5C'key",
        "postgresql://me:top%20%22secret%22%5C'key@db/x",
        "postgresql://db/x?sslpassword=top+%22secret%22%5C'key",
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_settings_password_is_hidden_however_it_is_written(url: str, form: str) -> None:
    stream = io.StringIO()
    logs.configure(load_settings({"DATABASE_URL": url, "METRICS_LOG_FORMAT": form}), stream)
    plain = 'top "secret"\\\'key'
    spellings = (plain, repr(plain), json.dumps(plain), repr(plain.encode()), url.partition("?")[2], url)
    logging.getLogger("test").error("%s|%s|%s|%s|%s|%s", *spellings, exc_info=KeyError(plain))
    assert "secret" not in stream.getvalue()


def test_words_about_passwords_stay() -> None:
    line = logged("text", "FATAL: password authentication failed for user me; http://localhost:8050/a?tab=auth")
    assert "password authentication failed for user me; http://localhost:8050/a?tab=auth" in line


def test_an_error_that_nobody_caught_is_logged_and_redacted() -> None:
    stream = io.StringIO()
    logs.configure(load_settings({"DATABASE_URL": URL, "METRICS_LOG_FORMAT": "json"}), stream)

    def fail() -> None:
        raise ValueError(URL)

    thread = threading.Thread(target=fail, name="failing")
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert ["failing" in lines[0]["message"], "the process ends" in lines[1]["message"]] == [True, True]
    assert "hunter" not in stream.getvalue()
    assert all("ValueError" in line["trace"] for line in lines)


def test_tokens_and_links_of_ours_are_named_by_their_ids_alone() -> None:
    secret = "0f" * 32
    for shown in (f"mdt_0123456789ab_{secret}", f"GET /admin/link?key=mdl_0123456789ab_{secret} 303"):
        assert secret not in logs.redact(shown)
        assert "0123456789ab_***" in logs.redact(shown)


@pytest.mark.parametrize("name", ["SECRET_KEY", "METRICS_PROXY_SECRET", "METRICS_OIDC_CLIENT_SECRET"])
def test_every_key_of_the_settings_is_hidden(name: str) -> None:
    key = "a key that nobody may read"[:26].ljust(32, "!")
    assert key in logs.secrets_of(load_settings({name: key}))


def test_a_warning_is_a_line_like_any_other() -> None:
    stream = io.StringIO()
    logs.configure(load_settings({"METRICS_LOG_FORMAT": "json"}), stream)
    warnings.warn("something grows old", DeprecationWarning, stacklevel=1)
    line = json.loads(stream.getvalue())
    assert (line["logger"], line["level"], line["pid"]) == ("py.warnings", "WARNING", os.getpid())
    assert "something grows old" in line["message"]
