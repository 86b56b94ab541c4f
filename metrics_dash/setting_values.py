"""How a setting's text becomes a value: durations, zones, addresses, lists, URLs and secrets, each checked.

What can't be one is a ``ValueError`` of one line, which never quotes a secret.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from db.engine import parse_url
from metrics_dash.logo import Logo, read_logo

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
LONGEST_NAME = 40
DATA_FOLDER = ".data"
# Any moment less this must be one that a calendar has.
LONGEST = timedelta(days=36_500)
_DURATION = re.compile(rf"(\d+(?:\.\d+)?)({'|'.join(UNITS)})", re.ASCII)


def parse_duration(text: object) -> object:
    """Turn ``"48h"``, ``"14d"``, ``"90s"``, ``"5m"`` or ``"5min"`` into a ``timedelta``; pass other types on."""
    if not isinstance(text, str):
        return text
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{short(text)} is not a duration such as 48h, 14d, 5m or 90s")
    try:
        length = float(match[1]) * UNITS[match[2]]
    except OverflowError:
        length = timedelta.max
    if length > LONGEST:
        raise ValueError(f"{short(text)} is longer than {LONGEST.days}d")
    return length


# The units of a size. A number alone is bytes.
_SIZES = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE = re.compile(rf"(\d{{1,12}})\s?({'|'.join(_SIZES)})", re.ASCII)


def parse_size(text: object) -> object:
    """Turn ``"256MiB"``, ``"1 GiB"`` or ``"0"`` into a number of bytes; pass other types on."""
    if not isinstance(text, str):
        return text
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{short(text)} is not a size such as 256MiB, 1GiB or 0")
    return int(match[1]) * _SIZES[match[2]]


def short(text: str) -> str:
    """Return a bad value for a message, cut where it gets long."""
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


def check_host(host: str) -> str:
    """Accept ``unix:`` only before the path of a socket, for which every system has room for 103 bytes."""
    if host.startswith("unix:") and not re.fullmatch(r"unix:/[ -~]{0,102}", host):
        raise ValueError(f"{short(host)} is not unix: and the absolute path of a socket, of at most 103 characters")
    return host


def is_address(host: str) -> bool:
    """Return whether this can be bound: an address, or a host's name."""
    try:
        ip_address(host)
    except ValueError:
        return bool(re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", host))
    return True


def is_loopback(host: str) -> bool:
    """Return whether an address, ``localhost`` or a Unix socket is of this machine alone."""
    try:
        return host == "localhost" or host.startswith("unix:") or ip_address(host).is_loopback
    except ValueError:
        return False


def parse_list(text: object) -> object:
    """Split ``a, b`` at its commas, each once; nothing is an empty list."""
    if not isinstance(text, str):
        return text
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def check_proxies(places: tuple[str, ...]) -> tuple[str, ...]:
    """Accept networks (``10.0.0.0/8``, ``127.0.0.1``) and ``unix``, but none that everybody is in."""
    for place in places:
        try:
            everybody = place != "unix" and ip_network(place).prefixlen == 0
        except ValueError:
            raise ValueError(f"{short(place)} is not a network such as 10.0.0.0/8 or 127.0.0.1, nor unix") from None
        if everybody:
            raise ValueError(f"{place} would let everybody claim to be anybody")
    return places


def check_header(name: str | None) -> str | None:
    """Accept a header's name, of letters, digits and hyphens."""
    if name is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,63}", name):
        raise ValueError(f"{short(name)} is not a header such as X-Remote-User")
    return name


def check_long(shortest: int) -> Callable[[SecretStr | None], SecretStr | None]:
    """Return a check that a secret is long enough not to be guessed. Its message quotes nothing."""

    def check(secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < shortest:
            raise ValueError(f"must have {shortest} bytes or more")
        return secret

    return check


HOLDS_A_USER = "must hold neither user nor password"


def check_origin(url: str | None) -> str | None:
    """Accept ``https://host[:port]`` with or without a path; plain ``http`` only of this machine."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not is_address(host) or parts.scheme not in ("https", "http") or parts.query or parts.fragment:
        raise ValueError(f"{short(url)} is not a URL such as https://metrics.example.org")
    if "@" in parts.netloc:
        raise ValueError(HOLDS_A_USER)
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{short(url)} must begin with https://: what is sent to it must not be read on the way")
    return url


def check_place(url: str | None) -> str | None:
    """Accept an origin without a path: where the page stands below it is not to be chosen."""
    if url is not None and urlsplit(url).path.strip("/"):
        raise ValueError(f"{short(url)} has a path; name scheme and host alone, as the page is at /admin/metrics there")
    return url


def parse_roles(text: object) -> object:
    """Turn ``ops=admin, *=viewer`` into groups and their roles."""
    if not isinstance(text, str):
        return text
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not group.strip() for group, _, _ in pairs):
        raise ValueError(f"{short(text)} is not groups and their roles such as ops=admin,*=viewer")
    return {group.strip(): role.strip() for group, _, role in pairs}


def parse_address(text: object) -> object:
    """Turn ``"127.0.0.1:8125"`` or ``"[::1]:8125"`` into a host and a port. Only loopback, as long as there is no
    login."""
    if not isinstance(text, str) or not text:
        return None if text == "" else text
    host, _, port = text.rpartition(":")
    if not host or not re.fullmatch(r"\d{1,5}", port, re.ASCII) or not 0 < int(port) < 65536:
        raise ValueError(f"{short(text)} is not an address such as 127.0.0.1:8125")
    host = host.strip("[]")
    if not is_loopback(host):
        raise ValueError(
            f"{short(text)} is not a loopback address; StatsD knows no login, so only this machine may send"
        )
    return host, int(port)


def blank_is_unset(value: object) -> object:
    """Take an empty text for none."""
    return None if value == "" else value


def blank_is_default(default: str) -> Callable[[object], object]:
    """Return what takes an empty text for the default."""
    return lambda value: default if value == "" else value


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


def check_product_name(name: str) -> str:
    """Accept a name that fits where it stands, in one line."""
    stripped = name.strip()
    if not stripped or len(stripped) > LONGEST_NAME or not stripped.isprintable():
        raise ValueError(f"{short(name)} is not 1 to {LONGEST_NAME} printable characters")
    return stripped


def check_colour(colour: str | None) -> str | None:
    """Accept ``#rrggbb``, in any case."""
    if colour is not None and not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ValueError(f"{short(colour)} is not a colour such as #0b7a5c")
    return colour and colour.lower()


def parse_logo(path: object) -> object:
    """Read the picture that a path names; pass other types on."""
    if isinstance(path, str) and not path:
        return None
    try:
        return read_logo(Path(path)) if isinstance(path, str | Path) else path
    except ValueError as error:
        raise ValueError(f"{short(str(path))} {error}") from None


Duration = Annotated[timedelta, BeforeValidator(parse_duration), Field(gt=timedelta(0))]
Zone = Annotated[ZoneInfo, BeforeValidator(parse_zone)]
Host = Annotated[str, AfterValidator(check_host)]
Login = Literal["password", "oidc", "proxy"]
Logins = Annotated[tuple[Login, ...], BeforeValidator(parse_list)]
Proxies = Annotated[tuple[str, ...], BeforeValidator(parse_list), AfterValidator(check_proxies)]
HeaderName = Annotated[str | None, BeforeValidator(blank_is_unset), AfterValidator(check_header)]
Origin = Annotated[str | None, BeforeValidator(blank_is_unset), AfterValidator(check_origin)]
PublicUrl = Annotated[Origin, AfterValidator(check_place)]
DataFolder = Annotated[Path, BeforeValidator(blank_is_default(DATA_FOLDER))]
OptionalText = Annotated[str | None, BeforeValidator(blank_is_unset)]
GroupRoles = Annotated[dict[str, Literal["viewer", "editor", "admin"]], BeforeValidator(parse_roles)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(blank_is_unset)]
SecretKey = Annotated[OptionalSecret, AfterValidator(check_long(32))]
ProxySecret = Annotated[OptionalSecret, AfterValidator(check_long(16))]
DatabaseUrl = Annotated[OptionalSecret, AfterValidator(check_database_url)]
RedisUrl = Annotated[OptionalSecret, AfterValidator(check_redis_url)]
Size = Annotated[int, BeforeValidator(parse_size), Field(ge=0, le=2**50)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
OptionalAddress = Annotated[tuple[str, int] | None, BeforeValidator(parse_address)]
ProductName = Annotated[str, AfterValidator(check_product_name)]
OptionalColour = Annotated[str | None, BeforeValidator(blank_is_unset), AfterValidator(check_colour)]
OptionalLogo = Annotated[Logo | None, BeforeValidator(parse_logo)]
OptionalPath = Annotated[Path | None, BeforeValidator(blank_is_unset)]
