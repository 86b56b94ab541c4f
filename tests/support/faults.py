"""How long the fault tests break things, and the table of what came of it.

``make test`` runs them short, ``make faults`` (``FAULTS=long``) as long as an outage is.
"""

import os
from dataclasses import dataclass

LONG = os.environ.get("FAULTS") == "long"


def times(short: int, long: int) -> int:
    """How often, or for how many seconds, a fault happens in this run."""
    return long if LONG else short


@dataclass(frozen=True)
class Row:
    """What came of a fault: how often it happened, events acknowledged, lost and stored twice, and the seconds until
    everything was stored after its end."""

    fault: str
    times: str
    events: int
    lost: int
    doubled: int
    recovered: float

    def __str__(self) -> str:
        cells = (self.fault, self.times, f"{self.events:,}", self.lost, self.doubled, f"{self.recovered:,.1f} s")
        return f"| {' | '.join(map(str, cells))} |"


HEAD = "| Fault | How often | Events acknowledged | Lost | Stored twice | Recovered in |\n|---|---|---|---|---|---|"
rows: list[Row] = []


def tell(fault: str, happened: str, acked: set[int], found: dict[int, int], recovered: float) -> None:
    """Add a row to the table, from what was acknowledged and how often each event is stored; fails where one is not
    there once."""
    lost = len(acked - found.keys())
    doubled = sum(count > 1 for count in found.values())
    rows.append(Row(fault, happened, len(acked), lost, doubled, recovered))
    assert acked
    assert (lost, doubled) == (0, 0), rows[-1]
