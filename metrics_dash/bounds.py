"""What a chart is held against: how far its axis reaches, a target, and a value beyond which it warns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Good = Literal["up", "down", "none"]
Verdict = Literal["met", "warned"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Numbers in the chart's own unit, None where nothing is declared.

    ``min`` and ``max``: the axis reaches at least from here to there. ``target``: where values should be. ``warn``:
    what lies beyond it is too much, or too little where ``low_is_bad``. ``judges``: whether it is known which way is
    good.
    """

    min: float | None = None
    max: float | None = None
    target: float | None = None
    warn: float | None = None
    low_is_bad: bool = False
    judges: bool = False

    def __bool__(self) -> bool:
        return any(value is not None for value in (self.min, self.max, self.target, self.warn))

    def shown(self) -> Iterator[float]:
        """Return what the axis always reaches."""
        return (value for value in (self.min, self.max, self.target) if value is not None)

    def verdict(self, value: float | None) -> Verdict | None:
        """Return what is to be said of a value: that it is beyond ``warn``, else that it has reached the target."""
        if value is None or not self.judges:
            return None
        if self.warn is not None and value != self.warn and (value < self.warn) == self.low_is_bad:
            return "warned"
        if self.target is not None and (value == self.target or (value > self.target) == self.low_is_bad):
            return "met"
        return None


NO_BOUNDS = Bounds()


class BoundsError(ValueError):
    """Bounds that contradict one another or what is drawn. The message begins with the key that is to blame."""


def check_bounds(bounds: Bounds, *, show: str, draw: str, good: Good) -> Bounds:
    """Return the bounds of a chart with the way that is bad: against ``good``; where that says nothing, from the target
    towards ``warn``; else up. Raises ``BoundsError``."""
    first = next((name for name in ("min", "max", "target", "warn") if getattr(bounds, name) is not None), None)
    if first is None:
        return bounds
    if show in ("count", "sum", "unique"):
        instead = '; show = "rate" has none of that' if show == "count" else ""
        raise BoundsError(f"{first}: a bucket's {show} depends on its length, which goes with the range{instead}")
    if draw in ("bar", "area") and bounds.min is not None and bounds.min > 0:
        shape = "bars begin" if draw == "bar" else "an area begins"
        raise BoundsError(f"min: {shape} at zero, so its axis can't begin at {bounds.min:g}")
    if bounds.min is not None and bounds.max is not None and bounds.min >= bounds.max:
        raise BoundsError(f"min: {bounds.min:g} is not below max, {bounds.max:g}")
    return _judging(bounds, good)


def _judging(bounds: Bounds, good: Good) -> Bounds:
    target, warn = bounds.target, bounds.warn
    towards_warn = None if target is None or warn is None or target == warn else warn < target
    low_is_bad = good == "up" if good != "none" else bool(towards_warn)
    if towards_warn is not None and towards_warn != low_is_bad:
        raise BoundsError(f"warn: {warn:g} is on the good side of the target, {target:g}, as good = {good!r} has it")
    judges = good != "none" or warn is not None
    return Bounds(bounds.min, bounds.max, target, warn, low_is_bad, judges)
