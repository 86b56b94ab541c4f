"""Every setting of the application, in one typed table, read from the environment once.

``load_settings()`` reads the environment and turns every problem into a ``SettingsError`` of one line that names
the key and never quotes a secret.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from db.levels import LEVEL_NAMES
from metrics_dash.setting_values import (
    DATA_FOLDER,
    HOLDS_A_USER,
    DatabaseUrl,
    DataFolder,
    Duration,
    GroupRoles,
    HeaderName,
    Host,
    Logins,
    OptionalAddress,
    OptionalColour,
    OptionalLogo,
    OptionalPath,
    OptionalSecret,
    OptionalText,
    Origin,
    ProductName,
    Proxies,
    ProxySecret,
    PublicUrl,
    RedisUrl,
    Seconds,
    SecretKey,
    Size,
    Zone,
    is_address,
    is_loopback,
    short,
)

PREFIX = "METRICS_"
PRODUCT_NAME = "Telemetry"
# What the client in other programs reads; where a dashboard starts in such an environment, it is no mistake.
OF_THE_CLIENT = frozenset({"METRICS_URL", "METRICS_TOKEN"})


class SettingsError(ValueError):
    """A setting that can't be used. The message is one line, names the key and holds no secret."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


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
    secret_key: SecretKey = Field(
        None, description="Signs the login form's cookie; on loopback made and kept, else it must be given."
    )
    data_dir: DataFolder = Field(Path(DATA_FOLDER), description="Where the embedded server and local state live.")
    role: Literal["all", "web"] = Field(
        "all", description="web: the process only reads; it neither collects nor rolls up, purges or migrates."
    )
    host: Host = Field("127.0.0.1", description="Address, or unix:/path, to bind; only loopback without a login.")
    port: int = Field(8050, ge=1, le=65535, description="Port of the web server.")
    auth: Logins = Field((), description="How people log in: password, oidc, proxy; unset, this machine only.")
    trusted_proxies: Proxies = Field((), description="Networks whose forwarded headers are believed; unix for sockets.")
    proxy_hops: int = Field(1, ge=1, le=10, description="How many proxies stand one behind the other.")
    proxy_header: HeaderName = Field(None, description="Header in which a trusted proxy names the person.")
    proxy_secret: ProxySecret = Field(None, description="What a trusted proxy sends as X-Metrics-Proxy-Secret.")
    public_url: PublicUrl = Field(None, description="Where people reach the dashboard, for links that are printed.")
    oidc_issuer: Origin = Field(None, description="Issuer of the OpenID Connect provider.")
    oidc_client_id: OptionalText = Field(None, description="This program's id there.")
    oidc_client_secret: OptionalSecret = Field(None, description="Its secret there.")
    oidc_roles: GroupRoles = Field({}, description="Which group has which role: ops=admin,*=viewer.")
    session_idle: Duration = Field(timedelta(hours=12), description="How long a login lasts unused.")
    session_lifetime: Duration = Field(timedelta(days=7), description="How long a login lasts at most.")
    catalog: OptionalPath = Field(
        None, description="Path of a TOML catalog; unset, the game server's catalog that comes along."
    )
    product_name: ProductName = Field(PRODUCT_NAME, description="What the dashboard is called, where people see it.")
    logo: OptionalLogo = Field(None, description="Path of a PNG, WebP or SVG that stands before the name.")
    accent: OptionalColour = Field(None, description="Colour of what is chosen, such as #0b7a5c; unset, blue.")
    demo: bool = Field(False, description="1 starts the simulated game server beside the application.")
    timezone: Zone = Field(ZoneInfo("UTC"), description="IANA zone offered as the server's zone.")
    flush_interval: Seconds = Field(5.0, description="Seconds until a partial batch is sealed.")
    batch_size: int = Field(1000, ge=1, le=50_000, description="Events that seal a batch at once.")
    buffer_events: int = Field(10_000, ge=1, le=10_000_000, description="Events the buffer holds at most.")
    spool_size: Size = Field(
        256 * 2**20, description="Room on disk for events that PostgreSQL does not take, such as 1GiB; 0: none."
    )
    spool_dir: OptionalPath = Field(None, description="Folder of these events; unset, spool under METRICS_DATA_DIR.")
    rollup_interval: Seconds = Field(5.0, description="Seconds between two rollup passes.")
    refresh_interval: Seconds = Field(10.0, ge=1, description="Seconds between two page refreshes.")
    raw_retention: Duration = Field(timedelta(hours=48), description="How long raw events are kept.")
    minute_retention: Duration = Field(timedelta(days=14), description="How long minute buckets are kept.")
    hour_retention: Duration = Field(timedelta(days=90), description="How long hour buckets are kept.")
    day_retention: Duration = Field(timedelta(days=365), description="How long day buckets are kept.")
    statsd_address: OptionalAddress = Field(
        None, description="UDP address that takes StatsD, such as 127.0.0.1:8125; unset, none does."
    )
    statsd_socket: OptionalPath = Field(
        None, description="Path of a Unix datagram socket that takes StatsD; unset, there is none."
    )
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
    def _a_login_ends_unused_before_it_ends_anyway(self) -> Self:
        if self.session_idle > self.session_lifetime:
            raise ValueError(
                f"{PREFIX}SESSION_IDLE is longer than {PREFIX}SESSION_LIFETIME, after which a login ends in any case"
            )
        return self

    @model_validator(mode="after")
    def _the_demo_needs_a_collector(self) -> Self:
        if self.demo and self.only_reads:
            raise ValueError(f"{PREFIX}DEMO: the demo's events can't be taken where {PREFIX}ROLE is web")
        if self.demo and self.socket is not None:
            raise ValueError(f"{PREFIX}DEMO: the demo sends to an address, and {PREFIX}HOST is a Unix socket")
        return self

    @model_validator(mode="after")
    def _doors_are_safe(self) -> Self:
        """Refuse to be reached by others without a login, with the line to add."""
        if not self.auth:
            if not is_loopback(self.host):
                raise ValueError(
                    f"METRICS_HOST: {short(self.host)} is not a loopback address, and without a login only this "
                    f"machine is served; add METRICS_AUTH=password"
                )
            if self.trusted_proxies:
                raise ValueError(
                    "METRICS_TRUSTED_PROXIES: without a login nothing is served through a proxy; "
                    "add METRICS_AUTH=password"
                )
        elif self.socket is None and not is_address(self.host):
            raise ValueError(f"METRICS_HOST: {short(self.host)} is not an address such as 0.0.0.0 or ::1")
        elif self.secret_key is None and not (is_loopback(self.host) and not self.trusted_proxies):
            raise ValueError(
                "SECRET_KEY: is not set, and others than this machine are served; add SECRET_KEY=… of 32 bytes or "
                "more, such as python -c 'import secrets; print(secrets.token_urlsafe(48))' prints"
            )
        return self

    @model_validator(mode="after")
    def _logins_have_what_they_need(self) -> Self:
        needed = {
            "proxy": ("trusted_proxies", "proxy_header", "proxy_secret"),
            "oidc": ("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_roles"),
        }
        for login in self.auth:
            for field in needed.get(login, ()):
                if not getattr(self, field):
                    name = PREFIX + field.upper()
                    raise ValueError(f"{name}: METRICS_AUTH={login} needs it; add {name}=…")
        return self

    @property
    def socket(self) -> Path | None:
        """The Unix socket that the web server binds; None where that is an address and a port."""
        return Path(self.host.removeprefix("unix:")) if self.host.startswith("unix:") else None

    @property
    def spool(self) -> Path | None:
        """The folder of events that PostgreSQL does not take; None where they stay in memory."""
        return (self.spool_dir or self.data_dir / "spool").absolute() if self.spool_size else None

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

    @property
    def only_reads(self) -> bool:
        """Whether the process changes nothing in the database."""
        return self.role == "web"


# These follow the convention of every host that sets them, so they carry no prefix; all of them are secrets.
_UNPREFIXED = {"database_url", "database_read_url", "redis_url", "secret_key"}
_SECRET = _UNPREFIXED | {"proxy_secret", "oidc_client_secret"}


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
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return message
    field, shown = str(first["loc"][0]), short(str(first["input"]))
    if field not in _SECRET and message != HOLDS_A_USER:
        if first["type"] in _WORDS:
            message = f"{shown} {_WORDS[first['type']].format(**first.get('ctx', {}))}"
        message = message.replace(repr(first["input"]), shown)
        message = message if shown in message else f"{shown}: {message}"
    return f"{names.get(field, field)}: {message}"


# What pydantic says of types and bounds, in the words of our own checks.
_WORDS: Mapping[str, str] = {
    "int_parsing": "is not a whole number",
    "int_parsing_size": "is not a whole number of a size that can be",
    "int_from_float": "is not a whole number",
    "float_parsing": "is not a number",
    "finite_number": "is not a finite number",
    "bool_parsing": "is neither 0 nor 1",
    "greater_than_equal": "is less than {ge}",
    "less_than_equal": "is more than {le}",
    "greater_than": "is not more than 0",
    "literal_error": "is not one of {expected}",
}
