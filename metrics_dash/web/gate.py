"""Who may come in, and what every answer says to a browser.

There is no login yet. So only this machine is served: by its address, and by a host name that only it uses, which
keeps out a web page elsewhere that makes a browser here call us.
"""

import socket
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, request

from metrics_dash.web.problems import ProblemError

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@lru_cache(maxsize=256)
def is_loopback(name: str) -> bool:
    """Whether an address or a host name means this machine and no other."""
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
    if not is_loopback(request.remote_addr or "") and not _came_by_unix_socket():
        raise ProblemError(403, "there is no login yet, so only clients on this machine are served")
    if not is_loopback(_host_of(f"//{request.host}")):
        raise ProblemError(403, "there is no login yet, so only requests to localhost are served")
    origin = request.headers.get("Origin")
    if request.method not in _SAFE_METHODS and origin is not None and not is_loopback(_host_of(origin)):
        raise ProblemError(403, "requests from other sites' pages are not served")


def _came_by_unix_socket() -> bool:
    """Whether the client came by a socket of the file system, whose permissions let it; it has no address then.

    waitress calls such a client localhost.
    """
    return getattr(request.environ.get("gunicorn.socket"), "family", None) == getattr(socket, "AF_UNIX", object())


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def content_security_policy(script_hashes: Iterable[str]) -> str:
    """The policy of every answer: scripts of ours and the inline ones named by hash; nothing from elsewhere.

    Styles may be inline, because pickers and grids write them.
    """
    scripts = " ".join(["'self'", *script_hashes])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'self'"
    )


def install(server: Flask, script_hashes: Callable[[], Iterable[str]]) -> None:
    """Check every request and head every response. ``script_hashes`` is asked once, at the first response."""
    policy: list[str] = []

    @server.after_request
    def _head(response: Response) -> Response:
        if not policy:
            policy.append(content_security_policy(script_hashes()))
        response.headers.setdefault("Content-Security-Policy", policy[0])
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        return response

    # First of all: nothing else may act for a stranger, whatever was registered before.
    server.before_request_funcs.setdefault(None, []).insert(0, check_client)
