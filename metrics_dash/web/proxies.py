"""Proxies: what they say of the client is believed from trusted peers alone, and counted exactly.

The socket's peer is looked at before anything that a header says, and then the secret that was agreed on with it: an
address of this machine is every program's here. Only ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are read, by
werkzeug's ProxyFix; a Host comes as the Host header. From anybody else such headers are refused, not ignored: whoever
sends them either stands between us and a client, or pretends to.
"""

import hmac
import logging
import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from flask import request
from werkzeug.middleware.proxy_fix import ProxyFix

from metrics_dash.settings import Settings
from metrics_dash.web.client import forwarded_by
from metrics_dash.web.problems import ProblemError

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Metrics-Proxy-Secret"  # noqa: S105 - a name
_TRUSTED, _BELIEVED = "metrics_dash.trusted_peer", "metrics_dash.believed_peer"
_FOR, _SECRET = "HTTP_X_FORWARDED_FOR", "HTTP_X_METRICS_PROXY_SECRET"


# Of version 4 with a port; of version 6 in brackets, with or without.
_WITH_PORT = re.compile(r"(?:([0-9.]+):[0-9]{1,5}|\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?)")


def address_in(hop: str) -> str | None:
    """Return the address that a proxy names, without a port; None where that is none."""
    match = _WITH_PORT.fullmatch(hop.strip())
    try:
        # What may follow a % is any text.
        return None if "%" in hop else str(ip_address(hop.strip() if match is None else match[1] or match[2]))
    except ValueError:
        return None


class TrustedProxies:
    """A WSGI application that knows its clients by what trusted proxies say of them."""

    def __init__(self, application: Any, settings: Settings) -> None:
        self._plain = application
        self._fixed = ProxyFix(self._without_port, x_for=settings.proxy_hops, x_proto=1, x_host=0, x_port=0, x_prefix=0)
        self._settings = settings

    def _without_port(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        told = environ.get("REMOTE_ADDR", "")
        environ["REMOTE_ADDR"] = address_in(told) or told
        served: Iterable[bytes] = self._plain(environ, start_response)
        return served

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve a request."""
        environ[_TRUSTED] = is_trusted(environ.get("REMOTE_ADDR", ""), self._settings.trusted_proxies)
        environ[_BELIEVED] = environ[_TRUSTED] and _knows_the_secret(environ.get(_SECRET), self._settings)
        return (self._fixed if environ[_BELIEVED] and _FOR in environ else self._plain)(environ, start_response)


def _knows_the_secret(given: str | None, settings: Settings) -> bool:
    """Return whether a proxy shows what was agreed on. Without an agreement its address has to do."""
    agreed = settings.proxy_secret
    if agreed is None or given is None:
        return agreed is None
    # A header's bytes come as latin-1.
    return hmac.compare_digest(given.encode("latin-1"), agreed.get_secret_value().encode())


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
        self._header = settings.proxy_header if "proxy" in settings.auth else None
        agreed = SECRET_HEADER if settings.proxy_secret is not None else None
        self._names = [name for name in (self._header, agreed) if name is not None]

    def check(self) -> None:
        """Refuse headers that nobody who sent them may send. Raises ``ProblemError`` 403, and 400 for what a proxy gets
        wrong."""
        if request.environ.get(_BELIEVED, False):
            self._check_hops()
        elif (named := self._named()) is not None:
            if request.environ.get(_TRUSTED, False):
                raise ProblemError(403, f"{named} comes without METRICS_PROXY_SECRET in {SECRET_HEADER}")
            raise ProblemError(403, f"{named} is believed from METRICS_TRUSTED_PROXIES only")

    def _named(self) -> str | None:
        """Return the first header that is a proxy's to send."""
        return forwarded_by() or next((name for name in self._names if name in request.headers), None)

    def _check_hops(self) -> None:
        original = request.environ.get("werkzeug.proxy_fix.orig")
        told = request.headers.getlist("X-Forwarded-For")
        if not told or original is None:
            return
        hops = ",".join(told).split(",")
        if len(hops) < self._settings.proxy_hops:
            raise ProblemError(403, "X-Forwarded-For names fewer hops than METRICS_PROXY_HOPS")
        client = hops[-self._settings.proxy_hops]
        if (address := address_in(client)) is None:
            raise _ill_configured("X-Forwarded-For", "names a client by no address", client)
        # ProxyFix knows quotes, too: by one that a client sent it takes in, or leaves out, what the proxy added.
        if address != request.remote_addr:
            raise ProblemError(400, "X-Forwarded-For can be read in two ways")
        if request.scheme not in ("http", "https"):
            raise _ill_configured("X-Forwarded-Proto", "is neither http nor https", request.scheme)

    def person(self) -> str | None:
        """Return whom the proxy names; only one that is believed gets here with a name. Raises ``ProblemError`` 400 for
        a name that can't be read, 403 for several."""
        sent = request.headers.get(self._header) if self._header is not None else None
        name = _decoded(sent, f"{self._header}") if sent is not None else None
        # A header that stands there twice comes as one, with a comma.
        if name is not None and "," in name:
            raise ProblemError(403, f"{self._header} names more than one person")
        return name.strip() or None if name is not None else None


def _ill_configured(header: str, why: str, told: str) -> ProblemError:
    """Return the refusal of what a trusted proxy says, and tell whoever runs it in a line of the log."""
    log.warning("the proxy before this server is not set up rightly: %s %s: %.80s", header, why, ascii(told.strip()))
    return ProblemError(400, f"{header} {why}; the proxy is not set up rightly")


def _decoded(value: str, header: str) -> str:
    """Return the text of a header, whose bytes come as latin-1. Raises ``ProblemError`` 400."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        raise ProblemError(400, f"{header} is not UTF-8") from None
