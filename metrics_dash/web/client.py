"""Where a request comes from: which machine, by which proxy, from whose page.

Without a login only this machine is served: by its address, by a host name that only it uses, and through no proxy.
With a login anybody may ask, and a proxy's word is taken from trusted peers alone (``proxies``). In both cases no
other site's page may cause a request.
"""

import hashlib
import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import request

from metrics_dash.web.paths import BASE_PATH, LINK_PATH, LOGIN_PATH, MANAGEMENT_PATHS, OIDC_PATH
from metrics_dash.web.problems import ProblemError

# Links on other sites may lead here, to a page that a person then sees; nothing else of other sites may.
PAGES = frozenset({"/", BASE_PATH, BASE_PATH.rstrip("/"), LOGIN_PATH, LINK_PATH, OIDC_PATH, *MANAGEMENT_PATHS})
_OURS = frozenset({"same-origin", "none"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
# What proxies add: the standard's, the usual, and those of the larger networks.
_FORWARDED = re.compile(
    r"forwarded|via|x-forwarded(-.*)?|x-real-.*|x-original-.*|(x-|x-cluster-|true-)?client-ip|x-proxyuser-ip|cf-.*"
    r"|fastly-.*|fly-.*|x-envoy-.*|x-arr-.*|x-azure-.*|cdn-loop|proxy-.*|x-appengine-.*"
)


@lru_cache(maxsize=256)
def is_loopback(name: str) -> bool:
    """Return whether an address or a host name means this machine and no other."""
    name = name.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def check_local() -> None:
    """Refuse whoever does not sit on this machine. Raises ``ProblemError`` 403."""
    if not is_loopback(request.remote_addr or ""):
        raise ProblemError(403, "there is no login, so only clients on this machine are served")
    if (header := forwarded_by()) is not None:
        raise ProblemError(403, f"there is no login, so nothing is served through a proxy ({header})")
    if not is_loopback(_host_of(f"//{request.host}")):
        raise ProblemError(403, "there is no login, so only requests to localhost are served")
    check_site()


def identity() -> str:
    """Return what tells the present request's browser from others, as far as that is known without marking it."""
    told = f"{request.remote_addr}\n{request.headers.get('User-Agent', '')}"
    return hashlib.blake2b(told.encode(errors="replace"), digest_size=8).hexdigest()


def check_site() -> None:
    """Refuse what another site's page causes. Raises ``ProblemError`` 403."""
    if not (_is_of_our_page() or _follows_a_link()):
        raise ProblemError(403, "requests from other sites' pages are not served")


def forwarded_by() -> str | None:
    """Return the first header by which a proxy says that it stands between."""
    return next((name for name in request.headers.keys() if _FORWARDED.fullmatch(name.lower())), None)  # noqa: SIM118


def _is_of_our_page() -> bool:
    """Return whether no other site's page caused the request: another port of this machine is another site."""
    # Programs that send events name none. One that is named twice comes as one that is none.
    origin = request.headers.get("Origin")
    if origin is not None and not _is_ours(origin):
        return False
    return request.headers.get("Sec-Fetch-Site", "none") in _OURS


def _is_ours(origin: str) -> bool:
    ours = _origin_of(f"{request.scheme}://{request.host}")
    return ours is not None and _origin_of(origin) == ours


def _follows_a_link() -> bool:
    """Return whether somebody came to the page by a link on another site: that shows the page and changes nothing."""
    navigates = request.headers.get("Sec-Fetch-Mode") == "navigate"
    seen = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    linked = request.method in ("GET", "HEAD") and request.path in PAGES and "Origin" not in request.headers
    return linked and navigates and seen


def _origin_of(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port, by which browsers tell sites apart; None for what is no such thing, as ``null``."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
