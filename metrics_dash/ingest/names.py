"""The names of events that a process may use at once; ``db.names`` has the last word on every new one."""

import threading
from collections.abc import Callable, Iterable

from db.rows import check_name


class NameQuotaError(Exception):
    """One event name too many."""


class KnownNames:
    """The store's names, and those that this process took since: at most ``quota``, but all that the store knows, and
    all that were declared, which count towards none.

    A first refusal that costs nothing: an event of a name that is known here is taken without a question, and a name
    that the store would refuse is refused here as soon as the store has said so.
    """

    __slots__ = ("_lock", "_quota", "_taken", "names")

    def __init__(self, quota: int) -> None:
        self._quota = quota
        self._lock = threading.Lock()
        # How many of the names count towards the quota.
        self._taken = 0
        # Only ever changed in place, so that whoever holds it can ask `in` without a lock.
        self.names: set[str] = set()

    def admit(self, name: str) -> None:
        """Make the name known. Raises ``InvalidEventError``, or ``NameQuotaError`` when there are too many."""
        check_name(name)
        with self._lock:
            if name in self.names:
                return
            if self._taken >= self._quota:
                raise NameQuotaError
            self.names.add(str(name))
            self._taken += 1

    def learn(self, stored: set[str], declared: set[str], waiting: Callable[[], Iterable[str]]) -> None:
        """Know what the store knows or a catalog declares, and no more: but for names of events that are still
        ``waiting`` to be stored."""
        known = stored | declared
        with self._lock:
            gone = self.names - known
            if gone:
                self.names.difference_update(gone.difference(waiting()))
            self.names.update(known)
            self._taken = len(self.names - declared)
