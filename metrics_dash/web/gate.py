"""Who may come in, and what every answer says to a browser.

There is no login yet. So only this machine is served: by its address, by a host name that only it uses, to a request
that no other site's page caused, and that came by no proxy. Every request passes ``check_client`` first, whatever its
path or method, so a new route is as closed as the others.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, request

from metrics_dash.web.paths import BASE_PATH
from metrics_dash.web.problems import ProblemError

# Links on other sites may lead here, to a page that a person then sees; nothing else of other sites may.
PAGES = frozenset({"/", BASE_PATH, BASE_PATH.rstrip("/")})
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


def check_client() -> None:
    """Refuse whoever does not sit on this machine. Raises ``ProblemError`` 403."""
    if not is_loopback(request.remote_addr or ""):
        raise ProblemError(403, "there is no login yet, so only clients on this machine are served")
    if (header := _forwarded_by()) is not None:
        raise ProblemError(403, f"there is no login yet, so nothing is served through a proxy ({header})")
    if not is_loopback(_host_of(f"//{request.host}")):
        raise ProblemError(403, "there is no login yet, so only requests to localhost are served")
    if not (_is_of_our_page() or _follows_a_link()):
        raise ProblemError(403, "requests from other sites' pages are not served")


def _forwarded_by() -> str | None:
    """Return the first header by which a proxy says that it stands between."""
    return next((name for name in request.headers.keys() if _FORWARDED.fullmatch(name.lower())), None)  # noqa: SIM118


def _is_of_our_page() -> bool:
    """Return whether no other site's page caused the request: another port of this machine is another site."""
    origins = request.headers.getlist("Origin")
    ours = _origin_of(f"{request.scheme}://{request.host}")
    if any(ours is None or _origin_of(origin) != ours for origin in origins):
        return False
    return all(site in _OURS for site in request.headers.getlist("Sec-Fetch-Site"))


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


def content_security_policy(script_hashes: Iterable[str]) -> str:
    """Return the policy of every answer: scripts of ours and the inline ones named by hash; nothing from elsewhere.

    Styles may be inline, because pickers and grids write them.
    """
    scripts = " ".join(["'self'", *script_hashes])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; worker-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'self'"
    )


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # What the page does not use, no script on it may; it copies links, fills the screen and keeps it awake.
    "Permissions-Policy": ", ".join(
        [*(f"{feature}=(self)" for feature in ("clipboard-write", "fullscreen", "screen-wake-lock", "web-share")),
         *(f"{feature}=()" for feature in (
             "accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "clipboard-read", "display-capture",
             "geolocation", "gyroscope", "hid", "identity-credentials-get", "idle-detection", "local-fonts",
             "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "serial", "usb",
             "xr-spatial-tracking"))]
    ),
}  # fmt: skip


def install(server: Flask, script_hashes: Callable[[], Iterable[str]]) -> None:
    """Check every request and head every response. ``script_hashes`` is asked once, at the first response."""
    policy: list[str] = []

    @server.after_request
    def _head(response: Response) -> Response:
        if not policy:
            policy.append(content_security_policy(script_hashes()))
        for name, value in {"Content-Security-Policy": policy[0], **HEADERS}.items():
            response.headers.setdefault(name, value)
        return response

    # First of all: nothing else may act for a stranger, whatever was registered before.
    server.before_request_funcs.setdefault(None, []).insert(0, check_client)
