"""A batch that somebody waits for: what became of it, and the batch on its way."""

import threading
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from db.ledger import Batch, Written


class BufferFullError(Exception):
    """The buffer has no room for these events; the sender keeps its copy and tries again later."""


class NotCommittedError(Exception):
    """A submitted batch is not known to be stored. ``cancelled``: it never will be, so it may be sent again."""

    def __init__(self, message: str, *, cancelled: bool) -> None:
        super().__init__(message)
        self.cancelled = cancelled


class Submission:
    """The fate of a batch that a sender waits for.

    ``refused``: (index in what was submitted, reason) of events that are not stored. Complete once ``wait`` returned.
    """

    __slots__ = ("_cancel", "_done", "_failure", "batch_id", "refused")

    def __init__(self, batch_id: UUID, cancel: "Callable[[Submission], bool]") -> None:
        self.batch_id = batch_id
        self.refused: tuple[tuple[int, str], ...] = ()
        self._done = threading.Event()
        self._failure: str | None = None
        self._cancel = cancel

    def wait(self, timeout: float) -> None:
        """Return once the batch is committed. Raises ``NotCommittedError`` after ``timeout`` seconds or when dropped.

        A batch that nobody has tried to write by then is cancelled: the sender keeps its copy.
        """
        if not self._done.wait(timeout) and self._cancel(self):
            raise NotCommittedError(f"not stored within {timeout:g} s, and withdrawn", cancelled=True)
        if not self._done.is_set():
            raise NotCommittedError(f"not known to be stored within {timeout:g} s", cancelled=False)
        if self._failure is not None:
            raise NotCommittedError(self._failure, cancelled=False)

    def settled(self, timeout: float) -> bool:
        """Whether the batch's fate is known within ``timeout`` seconds; leaves it where it is if not."""
        return self._done.wait(max(0.0, timeout))

    def settle(self, refused: Iterable[tuple[int, str]] = (), failure: str | None = None) -> None:
        """Say what became of the batch; for the collector."""
        self.refused = tuple(sorted((*self.refused, *refused)))
        self._failure = failure
        self._done.set()


class PendingBatch:
    """A batch that takes no more events. ``since``: when its first event came, monotonic."""

    __slots__ = ("batch", "indexes", "is_report", "since", "size", "submission", "tried")

    def __init__(
        self,
        batch: Batch,
        submission: Submission,
        *,
        since: float,
        size: int,
        indexes: Sequence[int] | None = None,
        is_report: bool = False,
    ) -> None:
        self.batch = batch
        self.submission = submission
        self.since = since
        self.size = size
        self.indexes = indexes
        self.is_report = is_report
        self.tried = False

    def __len__(self) -> int:
        return len(self.batch.rows)


def refused_rows(pending: PendingBatch, result: Written) -> list[tuple[int, str]]:
    """A batch's refused rows by their index in what was submitted."""
    refused = [(index, "too_old: older than the raw events that are kept") for index in result.too_old]
    refused += [(index, f"quarantined: {reason}") for index, reason in result.quarantined]
    places = pending.indexes
    return refused if places is None else [(places[index], reason) for index, reason in refused]
