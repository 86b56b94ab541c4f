"""A batch: events that travel together, under one key and in the same bytes for life."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from uuid import UUID, uuid4, uuid5

from metrics_dash_client.events import Event, encode

# Most of what gzip saves, in a fraction of the time of its default level.
COMPRESSION_LEVEL = 1


class Batch:
    """Events under an ``Idempotency-Key``: the server stores what comes under it once, however often it is sent.

    ``size`` is about how many bytes the batch takes. The body is made when it is first asked for, by the thread that
    sends, and is never made again: another server may have stored the first one, and a key stands for its bytes.
    """

    __slots__ = ("_body", "_lines", "key", "size")

    def __init__(self, key: UUID, lines: Sequence[Event | bytes], size: int) -> None:
        self.key = key
        self.size = size
        self._lines = lines
        self._body: bytes | None = None

    @classmethod
    def seal(cls, events: Sequence[Event], size: int) -> Batch:
        """Make a batch of events, with a key that no other has."""
        return cls(uuid4(), events, size)

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def body(self) -> bytes:
        """The events as gzip of one line of JSON each."""
        if self._body is None:
            lines = [line if isinstance(line, bytes) else encode(line) for line in self._lines]
            self._body = gzip.compress(b"\n".join(lines), COMPRESSION_LEVEL, mtime=0)
            self._lines = lines
        return self._body

    def split(self) -> tuple[Batch, Batch]:
        """Return the two halves. Their keys follow from the whole's, so splitting it again makes the same two."""
        middle = len(self) // 2
        sizes = (self.size // 2, self.size - self.size // 2)
        return (
            Batch(uuid5(self.key, "first half"), self._lines[:middle], sizes[0]),
            Batch(uuid5(self.key, "second half"), self._lines[middle:], sizes[1]),
        )
