"""Where every event ever offered is, at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# What events are dropped for, beside the store's own words: withdrawn by who sent them, or sent under a used key.
CANCELLED = "cancelled"
KEY_REUSED = "key_reused"
SHUTDOWN = "shutdown"
# Whoever waits for a batch is told so, and keeps it.
SENT_AGAIN = frozenset({CANCELLED, SHUTDOWN})
# The buffer is full, and so is the disk behind it; bytes of the spool that can't be read any more.
SPOOL_FULL = "spool_full"
SPOOL_DAMAGED = "spool_damaged"


@dataclass(frozen=True, slots=True)
class Accounting:
    """Where every event ever offered is, at one instant.

    ``offered = rejected + dropped (by reason) + buffered + spooled + in_flight + committed + replayed``. An event is
    rejected when it breaks a rule, dropped when there is no room or no place for it, buffered until its batch is being
    written or lies on disk, where it is spooled, and in flight until that write is known to have succeeded. Then it is
    committed, if this process stored it by that write, or replayed, if it came again and the store had it already.

    ``refused``: by reason those of the rejected and dropped that their sender was not told to send again.
    ``one_by_one``: those of the offered that came by themselves, from this program, and in no batch.
    """

    offered: int
    rejected: int
    dropped: Mapping[str, int]
    buffered: int
    spooled: int
    in_flight: int
    committed: int
    replayed: int
    refused: Mapping[str, int] = field(default_factory=dict)
    one_by_one: int = 0

    @property
    def balanced(self) -> bool:
        """Whether the identity holds."""
        elsewhere = self.rejected + sum(self.dropped.values()) + self.buffered + self.spooled
        return self.offered == elsewhere + self.in_flight + self.committed + self.replayed

    def as_dict(self) -> dict[str, object]:
        """Return the figures by name, as plain data."""
        return {
            "offered": self.offered,
            "rejected": self.rejected,
            "dropped": dict(self.dropped),
            "buffered": self.buffered,
            "spooled": self.spooled,
            "in_flight": self.in_flight,
            "committed": self.committed,
            "replayed": self.replayed,
        }
