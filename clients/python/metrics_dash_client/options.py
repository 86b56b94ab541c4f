"""The figures that a client is made with, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

_KINDS = {"int": ((int,), "a whole number"), "float": ((int, float), "a number")}


@dataclass(frozen=True)
class Options:
    """How much a client holds, and how long it takes. Raises ``ValueError`` for what is not a number above zero."""

    flush_interval: float
    batch_events: int
    buffer_events: int
    buffer_bytes: int
    timeout: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            kinds, what = _KINDS[str(field.type)]
            if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < math.inf:
                raise ValueError(f"{field.name}: {value!r} is not {what} above zero")
