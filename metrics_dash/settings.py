"""Every setting of the application, in one typed table, read from the environment once.

``load_settings()`` reads the environment and turns every problem into a ``SettingsError`` of one line that names
the key and never quotes a secret.
"""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from db.engine import parse_url
from db.levels import LEVEL_NAMES

PREFIX = "METRICS_"
# What the client in other programs reads; where a dashboard starts in such an environment, it is no mistake.
OF_THE_CLIENT = frozenset({"METRICS_URL", "METRICS_TOKEN"})

# The units of a length of time, in settings, on the command line and in ranges. A day is 24 hours here; ranges, which
# know a zone, keep the wall clock for days and longer.
UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
# Any moment less this must be one that a calendar has.
LONGEST = timedelta(days=36_500)
_DURATION = re.compile(rf"(\d+(?:\.\d+)?)({'|'.join(UNITS)})", re.ASCII)


class SettingsError(ValueError):
    """A setting that can't be used. The message is one line, names the key and holds no secret."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


def parse_duration(text: object) -> object:
    """Turn ``"48h"``, ``"14d"``, ``"90s"``, ``"5m"`` or ``"5min"`` into a ``timedelta``; pass other types on."""
    if not isinstance(text, str):
        return text
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{_short(text)} is not a duration such as 48h, 14d, 5m or 90s")
    try:
        length = float(match[1]) * UNITS[match[2]]
    except OverflowError:
        length = timedelta.max
    if length > LONGEST:
        raise ValueError(f"{_short(text)} is longer than {LONGEST.days}d")
    return length


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


# Files beside the zones: what this machine happens to be set to, and clocks with leap seconds.
_NOT_OF_A_PLACE = re.compile(r"localtime$|posixrules$|Factory$|posix/|right/")


def parse_zone(name: object) -> object:
    """Turn an IANA name such as ``Europe/Berlin`` into a ``ZoneInfo``."""
    if not isinstance(name, str):
        return name
    try:
        if _NOT_OF_A_PLACE.match(name):
            raise KeyError(name)
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone such as UTC or Europe/Berlin") from error


def parse_loopback(host: object) -> object:
    """Accept a loopback address only: without a login nobody else may reach the page."""
    if isinstance(host, str) and host != "localhost":
        try:
            loopback = ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise ValueError(
                f"{host!r} is not a loopback address; there is no login yet, so only this machine may connect"
            )
    return host


def blank_is_unset(value: object) -> object:
    return None if value == "" else value


def check_redis_url(secret: SecretStr | None) -> SecretStr | None:
    """Accept ``redis://``, ``rediss://`` and ``unix://`` URLs. The message quotes nothing: a URL holds a password."""
    if secret is None:
        return None
    try:
        parts = urlsplit(secret.get_secret_value())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(_REDIS_FORM) from None
    place = parts.path if parts.scheme == "unix" else host
    if parts.scheme not in ("redis", "rediss", "unix") or not place or port == 0:
        raise ValueError(_REDIS_FORM)
    if parts.scheme != "unix" and parts.path.strip("/") and not re.fullmatch(r"/\d{1,5}/?", parts.path, re.ASCII):
        raise ValueError(_REDIS_FORM)
    return secret


_REDIS_FORM = "is not of the form redis://user:password@host:6379/0, rediss://… or unix:///path"


def check_database_url(secret: SecretStr | None) -> SecretStr | None:
    """Accept URLs of PostgreSQL. The message quotes nothing, as a URL holds a password."""
    if secret is not None:
        parse_url(secret.get_secret_value())
    return secret


Duration = Annotated[timedelta, BeforeValidator(parse_duration), Field(gt=timedelta(0))]
Zone = Annotated[ZoneInfo, BeforeValidator(parse_zone)]
LoopbackHost = Annotated[str, BeforeValidator(parse_loopback)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(blank_is_unset)]
DatabaseUrl = Annotated[OptionalSecret, AfterValidator(check_database_url)]
RedisUrl = Annotated[OptionalSecret, AfterValidator(check_redis_url)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
OptionalPath = Annotated[Path | None, BeforeValidator(blank_is_unset)]


class Settings(BaseModel):
    """All settings, frozen. ``environment_names`` says which environment variable sets which field."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    database_url: DatabaseUrl = Field(
        None, description="PostgreSQL 14 or newer; unset, an embedded server runs under METRICS_DATA_DIR."
    )
    database_read_url: DatabaseUrl = Field(
        None, description="A replica that the page and the query API read from; unset, DATABASE_URL."
    )
    redis_url: RedisUrl = Field(
        None, description="A Redis that several web processes share as their query cache; unset, memory."
    )
    secret_key: OptionalSecret = Field(
        None, description="Will sign sessions once there is a login; nothing uses it yet."
    )
    data_dir: Path = Field(Path(".data"), description="Where the embedded server and local state live.")
    role: Literal["all", "web"] = Field(
        "all", description="web: the process only reads; it neither collects nor rolls up, purges or migrates."
    )
    host: LoopbackHost = Field(
        "127.0.0.1", description="Address the web server binds; only loopback while there is no login."
    )
    port: int = Field(8050, ge=1, le=65535, description="Port of the web server.")
    catalog: OptionalPath = Field(
        None, description="Path of a TOML catalog; unset, the game server's catalog that comes along."
    )
    demo: bool = Field(False, description="1 starts the simulated game server beside the application.")
    timezone: Zone = Field(ZoneInfo("UTC"), description="IANA zone offered as the server's zone.")
    flush_interval: Seconds = Field(5.0, description="Seconds until a partial batch is sealed.")
    batch_size: int = Field(1000, ge=1, le=50_000, description="Events that seal a batch at once.")
    buffer_events: int = Field(10_000, ge=1, le=10_000_000, description="Events the buffer holds at most.")
    rollup_interval: Seconds = Field(5.0, description="Seconds between two rollup passes.")
    refresh_interval: Seconds = Field(10.0, ge=1, description="Seconds between two page refreshes.")
    raw_retention: Duration = Field(timedelta(hours=48), description="How long raw events are kept.")
    minute_retention: Duration = Field(timedelta(days=14), description="How long minute buckets are kept.")
    hour_retention: Duration = Field(timedelta(days=90), description="How long hour buckets are kept.")
    day_retention: Duration = Field(timedelta(days=365), description="How long day buckets are kept.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe message that is logged."
    )
    log_format: Literal["text", "json"] = Field("text", description="Lines for people or JSON for machines.")

    @model_validator(mode="after")
    def _retentions_widen(self) -> Self:
        for finer, coarser in pairwise(f"{level}_retention" for level in LEVEL_NAMES):
            if getattr(self, finer) > getattr(self, coarser):
                raise ValueError(
                    f"{PREFIX}{finer.upper()} is longer than {PREFIX}{coarser.upper()}; "
                    "each level must be kept at least as long as the finer one it is folded from"
                )
        return self

    @model_validator(mode="after")
    def _the_demo_needs_a_collector(self) -> Self:
        if self.demo and self.only_reads:
            raise ValueError(f"{PREFIX}DEMO: the demo's events can't be taken where {PREFIX}ROLE is web")
        return self

    @property
    def only_reads(self) -> bool:
        """Whether the process changes nothing in the database."""
        return self.role == "web"

    @classmethod
    def environment_names(cls) -> dict[str, str]:
        """Field name to the environment variable that sets it, in declaration order."""
        return {name: name.upper() if name in _UNPREFIXED else PREFIX + name.upper() for name in cls.model_fields}

    def url(self) -> str | None:
        """Return the writable database's URL in clear, or None for the embedded server. Never log it."""
        return self.database_url.get_secret_value() if self.database_url else None

    def read_url(self) -> str | None:
        """Return the replica's URL in clear, or None where reads go to the writable database. Never log it."""
        return self.database_read_url.get_secret_value() if self.database_read_url else None


# These follow the convention of every host that sets them, so they carry no prefix; all of them are secrets.
_UNPREFIXED = {"database_url", "database_read_url", "redis_url", "secret_key"}


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings from the environment; ``overrides`` (by field name) win over it.

    Raises ``SettingsError``, one line naming the key, for a bad value or an unknown ``METRICS_`` name.
    """
    environ = os.environ if environ is None else environ
    names = Settings.environment_names()
    known = {*names.values(), *OF_THE_CLIENT}
    unknown = sorted(k for k in environ if k.startswith(PREFIX) and k not in known)
    if unknown:
        raise SettingsError(f"{unknown[0][:80]} is not a setting; docs/settings.md lists them all")
    values = {field: environ[key] for field, key in names.items() if key in environ}
    try:
        return Settings(**{**values, **overrides})
    except ValidationError as error:
        raise SettingsError(_one_line(error, names)) from None


def _one_line(error: ValidationError, names: Mapping[str, str]) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return message
    field, shown = str(first["loc"][0]), _short(str(first["input"]))
    if field not in _UNPREFIXED:
        message = message.replace(repr(first["input"]), shown)
        message = message if shown in message else f"{shown}: {message}"
    return f"{names.get(field, field)}: {message}"
