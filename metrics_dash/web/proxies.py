"""Proxies: what they say of the client is believed from trusted peers alone, and counted exactly.

The socket's peer is looked at before anything that a header says. Only ``X-Forwarded-For`` and ``X-Forwarded-Proto``
are read, by werkzeug's ProxyFix; a Host comes as the Host header. From anybody else such headers are refused, not
ignored: whoever sends them either stands between us and a client, or pretends to.
"""

import hmac
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from flask import request
from werkzeug.middleware.proxy_fix import ProxyFix

from metrics_dash.settings import Settings
from metrics_dash.web.client import forwarded_by
from metrics_dash.web.problems import ProblemError

SECRET_HEADER = "X-Metrics-Proxy-Secret"  # noqa: S105 - a name
_TRUSTED = "metrics_dash.trusted_peer"
_FOR = "HTTP_X_FORWARDED_FOR"


class TrustedProxies:
    """A WSGI application that knows its clients by what trusted proxies say of them."""

    def __init__(self, application: Any, settings: Settings) -> None:
        self._plain = application
        self._fixed = ProxyFix(application, x_for=settings.proxy_hops, x_proto=1, x_host=0, x_port=0, x_prefix=0)
        self._trusted = settings.trusted_proxies

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve a request."""
        environ[_TRUSTED] = is_trusted(environ.get("REMOTE_ADDR", ""), self._trusted)
        return (self._fixed if environ[_TRUSTED] and _FOR in environ else self._plain)(environ, start_response)


@lru_cache(maxsize=4096)
def is_trusted(peer: str, trusted: tuple[str, ...]) -> bool:
    """Return whether a socket's peer is one of the trusted proxies. A Unix socket's peer has no address."""
    try:
        address = ip_address(peer)
    except ValueError:
        return "unix" in trusted
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ip_network(place) for place in trusted if place != "unix")


class ProxyWords:
    """Checks what a request's headers claim, and says whom a proxy vouches for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = [name for name in (settings.proxy_header, SECRET_HEADER) if name and "proxy" in settings.auth]

    def check(self) -> None:
        """Refuse headers that nobody who sent them may send. Raises ``ProblemError`` 403."""
        if not request.environ.get(_TRUSTED, False):
            named = forwarded_by() or next((name for name in self._names if name in request.headers), None)
            if named is not None:
                raise ProblemError(403, f"{named} is believed from METRICS_TRUSTED_PROXIES only")
            return
        original = request.environ.get("werkzeug.proxy_fix.orig")
        told = request.headers.getlist("X-Forwarded-For")
        if told and original is not None and len(",".join(told).split(",")) < self._settings.proxy_hops:
            raise ProblemError(403, "X-Forwarded-For names fewer hops than METRICS_PROXY_HOPS")

    def person(self) -> str | None:
        """Return whom the proxy names. Raises ``ProblemError`` 403 where its secret is not the one agreed on."""
        header, secret = self._settings.proxy_header, self._settings.proxy_secret
        if "proxy" not in self._settings.auth or header is None or secret is None:
            return None
        name, given = request.headers.get(header), request.headers.get(SECRET_HEADER)
        if name is None and given is None:
            return None
        if given is None or not hmac.compare_digest(given.encode(), secret.get_secret_value().encode()):
            raise ProblemError(403, f"{SECRET_HEADER} is not the secret of METRICS_PROXY_SECRET")
        # A header that stands there twice comes as one, with a comma.
        if name is not None and "," in name:
            raise ProblemError(403, f"{header} names more than one person")
        return name.strip() or None if name is not None else None
