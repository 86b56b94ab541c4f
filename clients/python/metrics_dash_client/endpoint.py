"""Where events go: the server's address and the proxy on the way to it, checked before anything is sent."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

PATH = "/api/v1/events"
_PORTS = {"http": 80, "https": 443}
_PRINTABLE = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Endpoint:
    """A server: ``base`` is the path under which it lives, without a slash at its end."""

    scheme: str
    host: str
    port: int
    base: str

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS guards the way to it."""
        return self.scheme == "https"

    @property
    def path(self) -> str:
        """The path that events are posted to."""
        return self.base + PATH

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.base}"


def parse_endpoint(url: object) -> Endpoint:
    """Read a URL such as ``https://metrics.example.org``. Raises ``ValueError``; its message never holds a password."""
    parts = _split(url, "url")
    if parts.username is not None or parts.password is not None:
        raise ValueError("url: leave out user and password; a token is given as `token` or METRICS_TOKEN")
    if parts.query or parts.fragment:
        raise ValueError(f"url: {url!r} has a query or a fragment; give the address of the server only")
    return Endpoint(parts.scheme, str(parts.hostname), parts.port or _PORTS[parts.scheme], parts.path.rstrip("/"))


def authorization_of(token: object) -> str | None:
    """Return the value of the ``Authorization`` header, or None without a token. Raises ``ValueError``."""
    if token is None or token == "":
        return None
    if not isinstance(token, str) or not _PRINTABLE.fullmatch(token):
        raise ValueError("token: it must be printable ASCII text without spaces")
    return f"Bearer {token}"


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy and, not to be shown, what it wants to be told."""

    host: str
    port: int
    headers: dict[str, str]

    def __repr__(self) -> str:
        return f"<Proxy {self.host}:{self.port}>"


def proxy_from_environment(endpoint: Endpoint) -> Proxy | None:
    """Return the proxy that ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY`` choose. Raises ``ValueError``."""
    from urllib.request import getproxies, proxy_bypass

    url = getproxies().get(endpoint.scheme)
    if not url or proxy_bypass(f"{endpoint.host}:{endpoint.port}"):
        return None
    parts = _split(url if "://" in url else f"http://{url}", "the proxy")
    if parts.scheme != "http":
        raise ValueError("the proxy: only http:// proxies are supported")
    headers = {}
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()
    return Proxy(str(parts.hostname), parts.port or _PORTS["http"], headers)


def _split(url: object, place: str) -> SplitResult:
    wrong = f"{place}: {_show(url)} is not a URL such as https://metrics.example.org"
    if not isinstance(url, str) or not _PRINTABLE.fullmatch(url):
        raise ValueError(wrong)
    try:
        parts = urlsplit(url)
        valid = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(wrong)
    return parts


def _show(url: object) -> str:
    """A bad URL for a message; not one that may hold a password."""
    text = ascii(url)
    return text[:200] if "@" not in text else "the given text (not shown, as it may hold a password)"
