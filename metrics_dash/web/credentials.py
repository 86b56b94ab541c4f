"""Where a program's token stands in a request: the one place that reads it.

Each door of ``doors`` names the ways in which its clients can send one, and no other is looked at there. So a token in
an address, which proxies write into their logs, is taken only where a client has no other way.
"""

from collections.abc import Collection, Iterable

from flask import request

from metrics_dash.auth.secrets import TOKEN, read_secret
from metrics_dash.ingest.formats.documents import text_of
from metrics_dash.web import received
from metrics_dash.web.doors import Way

# What PostHog's clients call it.
_BODY_KEYS = frozenset({b"api_key", b"token"})


def shown(ways: Collection[Way]) -> str | None:
    """Return what the present request shows as its token; None where it claims to be from no program.

    Raises ``ProblemError`` and ``BodyError`` where it stands in the body, and that can't be read.
    """
    authorization = request.authorization
    # Basic may be what a proxy asked for, so it claims nothing by itself; any other scheme does.
    if authorization is not None and authorization.type != "basic":
        return (authorization.token or "") if authorization.type in ways else ""
    found = _token_among(_named(ways))
    return found if found is not None or "body" not in ways else _in_body()


def _named(ways: Collection[Way]) -> Iterable[str | None]:
    """Yield what stands where names and passwords do."""
    if "basic" in ways and request.authorization is not None:
        yield from (request.authorization.password, request.authorization.username)
    if "query" in ways:
        yield from (request.args.get("p"), request.args.get("u"))


def _token_among(texts: Iterable[str | None]) -> str | None:
    return next((text for text in texts if text is not None and read_secret(text, TOKEN) is not None), None)


def _in_body() -> str | None:
    """Return the token that the body has; where there is none in it, nothing of it is taken apart."""
    share, body = received.ahead()
    if f"{TOKEN}_".encode() not in body:
        return None
    return text_of(body, _BODY_KEYS, share.work)
