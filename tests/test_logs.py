"""Logs: one line a record in either format, and never a password."""

import io
import json
import logging
import os
from collections.abc import Iterator

import pytest

from metrics_dash import logs
from metrics_dash.settings import load_settings

URL = "postgresql://user:hunter%4022@db.example/events"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def logged(form: str, message: str, *arguments: object, error: Exception | None = None, level: str = "INFO") -> str:
    stream = io.StringIO()
    settings = load_settings(
        {"DATABASE_URL": URL, "METRICS_LOG_FORMAT": form, "METRICS_LOG_LEVEL": level, "SECRET_KEY": "top-secret-key"}
    )
    logs.configure(settings, stream)
    logging.getLogger("test").info(message, *arguments, exc_info=error)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("leak", [URL, "hunter%4022", "hunter@22", "redis://:other@cache/0", "top-secret-key"])
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
