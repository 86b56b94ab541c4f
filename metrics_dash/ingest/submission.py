"""A batch that somebody waits for: what became of it, and the batch on its way."""

import threading
from collections.abc import Callable
from uuid import UUID

from db.batches import Batch, Refusal, Written
from metrics_dash.ingest.spool.folder import Segment


class BufferFullError(Exception):
    """The buffer has no room for these events; the sender keeps its copy and tries again later."""


class KeyReusedError(Exception):
    """The batch's id stands for another body; nothing of this one is stored."""


class NotCommittedError(Exception):
    """A submitted batch is not known to be stored. ``cancelled``: it never will be, so it may be sent again."""

    def __init__(self, message: str, *, cancelled: bool) -> None:
        super().__init__(message)
        self.cancelled = cancelled


class Submission:
    """The fate of a batch that a sender waits for.

    ``refused``: (place in what was submitted, reason) of events that are not stored. Complete once ``wait`` returned.
    """

    __slots__ = ("_cancel", "_done", "_failure", "_reused", "batch_id", "refused")

    def __init__(self, batch_id: UUID, cancel: "Callable[[Submission], bool]") -> None:
        self.batch_id = batch_id
        self.refused: tuple[Refusal, ...] = ()
        self._done = threading.Event()
        self._failure: str | None = None
        self._reused = False
        self._cancel = cancel

    def wait(self, timeout: float) -> None:
        """Return once the batch is committed. Raises ``NotCommittedError`` after ``timeout`` seconds or when dropped.

        A batch that nobody has tried to write by then is cancelled: the sender keeps its copy. Raises
        ``KeyReusedError`` where the batch's id stands for another body.
        """
        if not self._done.wait(timeout) and self._cancel(self):
            raise NotCommittedError(f"not stored within {timeout:g} s, and withdrawn", cancelled=True)
        if not self._done.is_set():
            raise NotCommittedError(f"not known to be stored within {timeout:g} s", cancelled=False)
        if self._failure is not None:
            raise NotCommittedError(self._failure, cancelled=False)
        if self._reused:
            raise KeyReusedError(f"batch {self.batch_id} was stored from another body")

    def settled(self, timeout: float) -> bool:
        """Return whether the batch's fate is known within ``timeout`` seconds; leaves it where it is if not."""
        return self._done.wait(max(0.0, timeout))

    def settle(self, written: Written) -> None:
        """Say what became of the batch; for the collector."""
        self.refused = written.refused
        self._reused = written.conflict
        self._done.set()

    def fail(self, failure: str) -> None:
        """Say that the batch was dropped; for the collector."""
        self._failure = failure
        self._done.set()


class PendingBatch:
    """A batch that takes no more events. ``since``: when its first event came, monotonic. ``is_kept``: whoever sent it
    has it until it is committed. ``segment``: the file of the spool that it was read from; None in memory."""

    __slots__ = ("batch", "is_kept", "is_report", "segment", "since", "size", "submission", "tried")

    def __init__(
        self,
        batch: Batch,
        submission: Submission,
        *,
        since: float,
        size: int,
        is_report: bool = False,
        is_kept: bool = False,
        segment: Segment | None = None,
    ) -> None:
        self.batch = batch
        self.submission = submission
        self.since = since
        self.size = size
        self.is_report = is_report
        self.is_kept = is_kept
        self.segment = segment
        self.tried = False

    def __len__(self) -> int:
        return len(self.batch.rows)

    @property
    def places(self) -> int:
        """How many of the places that the buffer has for events it takes."""
        return 0 if self.is_report or self.segment is not None else len(self)
