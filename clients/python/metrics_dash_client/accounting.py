"""Where every event ever offered is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stats:
    """The books of a client at one instant.

    ``offered = refused (by reason) + dropped (by reason) + buffered + in_flight + accepted``. An event is refused when
    it breaks a rule, here or at the server; dropped when there was no room, no server or no time for it; buffered while
    it waits; in flight while its batch is under way; accepted once the server said that it is stored.
    """

    offered: int
    refused: Mapping[str, int]
    dropped: Mapping[str, int]
    buffered: int
    in_flight: int
    accepted: int

    @property
    def balanced(self) -> bool:
        """Whether every offered event is in exactly one place."""
        elsewhere = sum(self.refused.values()) + sum(self.dropped.values())
        return self.offered == elsewhere + self.buffered + self.in_flight + self.accepted

    def as_dict(self) -> dict[str, object]:
        """Return the figures by name, as plain data."""
        return {**vars(self), "refused": dict(self.refused), "dropped": dict(self.dropped)}
