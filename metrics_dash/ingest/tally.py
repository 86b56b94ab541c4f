"""What one process does, counted by whoever does it and reported once an interval (``reports``): who sends how much and
in which format, how long flushes, passes and callbacks take, and who looks."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

Work = str
FLUSH, PASS, CALLBACK = "flush", "rollup", "callback"


@dataclass(slots=True)
class Times:
    """How often something was done, for how many seconds in all, and for how many at least and at most."""

    count: int = 0
    seconds: float = 0.0
    least: float = 0.0
    most: float = 0.0

    def add(self, seconds: float) -> None:
        self.least = seconds if not self.count else min(self.least, seconds)
        self.most = max(self.most, seconds)
        self.count += 1
        self.seconds += seconds


@dataclass
class Interval:
    """What happened since the last report: ``received`` events by sender and format, ``repaired`` buckets by level."""

    received: Counter[tuple[str, str]] = field(default_factory=Counter)
    times: dict[Work, Times] = field(default_factory=dict)
    repaired: Counter[str] = field(default_factory=Counter)
    viewers: set[str] = field(default_factory=set)
    walls: set[str] = field(default_factory=set)


class Tally:
    """Counts from any thread. What it knows since the process began is for ``/metrics``."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin at nothing, with a new lock: for a fork's child, whose parent may have been counting."""
        self._lock = threading.Lock()
        self._present = Interval()
        self._received: Counter[tuple[str, str]] = Counter()
        self._times: dict[Work, Times] = {}
        self._repairs: Counter[str] = Counter()
        self._late: Counter[str] = Counter()
        self.viewers = self.walls = 0

    def receive(self, sender: str, form: str, events: int) -> None:
        """Count events that a sender sent in a format, whatever becomes of them. A request may hold none."""
        if not events:
            return
        with self._lock:
            self._received[sender, form] += events
            self._present.received[sender, form] += events

    def took(self, work: Work, seconds: float) -> None:
        """Count a piece of work that was done."""
        with self._lock:
            for times in (self._times, self._present.times):
                times.setdefault(work, Times()).add(seconds)

    def repaired(self, level: str, buckets: int) -> None:
        """Count buckets that the audit found wrong and had computed again."""
        with self._lock:
            self._repairs[level] += buckets
            self._present.repaired[level] += buckets

    def merged(self, events: int, lost: int) -> None:
        """Count late events that a pass merged into buckets, and those that it had to set aside."""
        with self._lock:
            self._late.update({"merged": events, "set_aside": lost})

    def saw(self, who: str, *, wall: bool) -> None:
        """Count somebody who looks, once an interval; ``who`` tells them apart and is kept no longer."""
        with self._lock:
            (self._present.walls if wall else self._present.viewers).add(who)

    def take(self) -> Interval:
        """Return what happened since the last time."""
        with self._lock:
            taken, self._present = self._present, Interval()
            self.viewers, self.walls = len(taken.viewers), len(taken.walls)
            return taken

    def received(self) -> Mapping[tuple[str, str], int]:
        """Return the events since the process began, by sender and format."""
        with self._lock:
            return dict(self._received)

    def repairs(self) -> Mapping[str, int]:
        """Return the buckets that were repaired since the process began, by level."""
        with self._lock:
            return dict(self._repairs)

    def late(self) -> Mapping[str, int]:
        """Return the late events since the process began, by what became of them."""
        with self._lock:
            return {outcome: self._late[outcome] for outcome in ("merged", "set_aside")}

    def times(self, work: Work) -> tuple[int, float]:
        """Return how often something was done since the process began, and for how many seconds in all."""
        with self._lock:
            found = self._times.get(work, Times())
            return found.count, found.seconds
