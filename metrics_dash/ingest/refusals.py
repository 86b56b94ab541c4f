"""What was refused and is to be reported: how many events, why, and of which event where its name is known.

What a sender was told to send again is no refusal, and is not counted here.
"""

from collections import Counter
from collections.abc import Container, Mapping

from db.collectors import REFUSED_EVENT, refused_pair
from db.rows import MAX_WEIGHT, More, Row, encode_maps

INVALID = "invalid"
# A report names so many pairs of event and reason, the most frequent; a bucket would list no more of them.
PAIRS = 50
_NOBODY: Mapping[str, int] = {}


class Refusals:
    """The refusals of one process; whoever holds it sees to it that one thread at a time does.

    ``known``: the names of events that may be reported. A name is a resource with a quota and one that was refused may
    be any text, so what has another name, or none, is reported without.
    """

    def __init__(self, known: Container[str]) -> None:
        self._known = known
        self._waiting: Counter[tuple[str, str | None]] = Counter()
        self.total: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, reason: str, events: int, names: Mapping[str, int] = _NOBODY) -> None:
        """Count refused events, ``names``: how many of them were sent under which name."""
        named = {name: count for name, count in names.items() if name in self._known}
        self.total[reason] += events
        for name, count in named.items():
            self._waiting[reason, name] += count
        unnamed = events - sum(named.values())
        if unnamed:
            self._waiting[reason, None] += unnamed

    def report(self, now: int) -> list[Row]:
        """Return a row for each reason and event since the last time. ``now``: nanoseconds since 1970."""
        named = [(reason, name) for (reason, name), _ in self._waiting.most_common() if name is not None]
        for reason, name in named[PAIRS:]:
            self._waiting[reason, None] += self._waiting.pop((reason, name))
        counted = sorted(self._waiting.items(), key=lambda item: (item[0][0], item[0][1] or ""))
        self._waiting.clear()
        return [_row(reason, name, events, now) for (reason, name), events in counted]


def _row(reason: str, name: str | None, events: int, now: int) -> Row:
    """Return a row that weighs as much as was refused, so that its buckets count by reason and by event."""
    about = (
        {"reason": reason} if name is None else {"reason": reason, "event": name, "what": refused_pair(name, reason)}
    )
    return REFUSED_EVENT, encode_maps({"events": 1}, about), now, More(min(events, MAX_WEIGHT))
