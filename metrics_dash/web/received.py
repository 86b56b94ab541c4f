"""The present request's body, and the share of the budgets that holds it.

It is read once: by its route, or ahead of that by the gate, where the sender's token stands in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, g, request

from metrics_dash.web import budget
from metrics_dash.web.body import MAX_INFLATED, read
from metrics_dash.web.budget import Share

# What browsers' clients say in the address, as they can't set the header.
_ZIPPED = frozenset({"gzip", "gzip-js"})


@contextmanager
def received(
    *, lines: bool = False, deflate: bool = False, most: int = MAX_INFLATED
) -> Iterator[tuple[Share, bytearray]]:
    """Yield the body, inflated, and the share that holds it until the block ends. Raises ``ProblemError``.

    ``lines``, ``deflate`` and ``most``: as for ``metrics_dash.web.body.read``.
    """
    share, body = g.pop("ahead", None) or (budget.open_share(), None)
    with share:
        yield share, body if body is not None else _read(share, lines=lines, deflate=deflate, most=most)


def ahead() -> tuple[Share, bytearray]:
    """Read the body before its route does, which then finds it here. Raises ``ProblemError``."""
    if "ahead" not in g:
        share = budget.open_share()
        try:
            g.ahead = share, _read(share)
        except BaseException:
            share.release()
            raise
    found: tuple[Share, bytearray] = g.ahead
    return found


def _read(share: Share, *, lines: bool = False, deflate: bool = False, most: int = MAX_INFLATED) -> bytearray:
    in_address = "gzip" if request.args.get("compression") in _ZIPPED else ""
    encoding = (request.headers.get("Content-Encoding") or in_address).lower()
    return read(request.stream, request.content_length, encoding, share, lines=lines, deflate=deflate, most=most)


def _forget(error: BaseException | None) -> None:
    share, _ = g.pop("ahead", (None, None))
    if share is not None:
        share.release()


def install(server: Flask) -> None:
    """Hold no body longer than its request takes, whether its route took it or not."""
    server.teardown_request(_forget)
