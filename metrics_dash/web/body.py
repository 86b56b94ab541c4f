"""A request's body, read whole and within bounds; ``metrics_dash.ingest.formats`` take it apart.

Limits: 1 MiB compressed, 20 MiB inflated (or sent plainly), 250,000 events or lines of them. They hold while a body is
read, and piece by piece, so that no more of it is ever in memory than they allow.
"""

import zlib
from collections.abc import Iterator
from typing import IO

from metrics_dash.ingest.formats.reading import MAX_EVENTS, too_many
from metrics_dash.web.budget import MIB, Share
from metrics_dash.web.problems import ProblemError

MAX_COMPRESSED = 1 * MIB
MAX_INFLATED = 20 * MIB
# A member of gzip is found at the end of the one before, so what follows it is looked at in pieces and not as a whole.
_PIECE = 16 * 1024
_PIECE_INFLATED = 256 * 1024
_GZIP, _ZLIB = 31, 15
_WINDOWS, _FORMATS = {"deflate": _ZLIB}, {_GZIP: "gzip", _ZLIB: "deflate"}
_GZIP_OR_PLAIN = "send it plainly or with Content-Encoding: gzip"


def read(
    stream: IO[bytes],
    length: int | None,
    encoding: str,
    share: Share,
    *,
    lines: bool = False,
    deflate: bool = False,
    most: int = MAX_INFLATED,
) -> bytearray:
    """Return the whole body, inflated. Raises ``ProblemError`` (400, 413, 415, 503).

    ``length`` is what the sender announced: a body that ends before it was cut off on its way, and nobody knows what
    was to come. That is checked here, where every body passes, and not left to the server: some hand over what came.
    ``lines``: more lines than events may be are refused as they come. ``deflate`` is inflated, too, where it is meant.
    ``most``: how many bytes one message may be, inflated, where that is less than a body may.
    """
    if encoding not in ("", "identity", "gzip", "x-gzip") and not (deflate and encoding == "deflate"):
        raise ProblemError(415, f"Content-Encoding {encoding!r} is not supported; {_GZIP_OR_PLAIN}")
    compressed = encoding.endswith("gzip") or encoding == "deflate"
    limit = MAX_COMPRESSED if compressed else most
    if length is not None and length > limit:
        raise _too_large(limit, compressed=compressed)
    pieces = _pieces(stream, length, limit, compressed)
    body, ends = bytearray(), 0
    for piece in inflated(pieces, _WINDOWS.get(encoding, _GZIP)) if compressed else pieces:
        if len(body) + len(piece) > most:
            raise _too_large(most, inflates=True)
        share.work()
        share.take(len(piece))
        body += piece
        ends += piece.count(b"\n") if lines else 0
        if ends > MAX_EVENTS:
            raise too_many("lines")
    return body


def _pieces(stream: IO[bytes], length: int | None, limit: int, compressed: bool) -> Iterator[bytes]:
    """Yield what the server hands over, up to its end, which must be where the sender said."""
    total = 0
    while piece := _read(stream):
        total += len(piece)
        if total > limit:
            raise _too_large(limit, compressed=compressed)
        yield piece
    if length is not None and total != length:
        raise ProblemError(400, f"the body ends after {total:,} of the {length:,} bytes announced; nothing was stored")


def _read(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(_PIECE)
    except Exception as error:  # each server has its own for a chunk that is malformed, cut off, or never comes
        reason = "the body was cut off, or its chunks are malformed; nothing was stored"
        raise ProblemError(400, reason) from error


def inflated(pieces: Iterator[bytes], window: int = 31) -> Iterator[bytes]:
    """Yield what gzip of any number of members holds, in pieces of bounded size. Raises ``ProblemError``.

    ``window``: zlib's ``wbits``, for its own format instead.
    """
    member = None
    first = True
    for piece in pieces:
        rest = piece
        while rest:
            if member is None:
                # Zeros may pad what stands between members.
                rest = rest if first else rest.lstrip(b"\0")
                if not rest:
                    break
                member, first = zlib.decompressobj(wbits=window), False
            try:
                yield member.decompress(rest, _PIECE_INFLATED)
            except zlib.error:
                raise ProblemError(
                    400, f"the body is not {_FORMATS[window]}, although Content-Encoding says so"
                ) from None
            rest = member.unused_data if member.eof else member.unconsumed_tail
            if member.eof:
                member = None
    if member is not None:
        raise ProblemError(400, f"the {_FORMATS[window]} body is cut off")


def _too_large(limit: int, *, compressed: bool = False, inflates: bool = False) -> ProblemError:
    if compressed:
        return ProblemError(413, f"the compressed body is larger than {limit // MIB} MiB; send smaller batches")
    if limit < MAX_INFLATED:
        return ProblemError(413, f"the message is larger than {limit // MIB} MiB; send smaller batches")
    if inflates:
        return ProblemError(413, f"the body inflates to more than {limit // MIB} MiB; send smaller batches")
    return ProblemError(413, f"the body is larger than {limit // MIB} MiB; send smaller batches, or gzip them")
