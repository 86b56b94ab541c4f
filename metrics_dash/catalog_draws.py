"""What each way to draw a chart has a place for."""

from collections.abc import Callable, Mapping
from typing import Literal

from metrics_dash.bounds import Bounds, BoundsError
from metrics_dash.catalog_rules import OF_VALUES, ChoiceError, Show

Draw = Literal["line", "bar", "area", "heatmap", "top", "stat"]
WITHOUT_FIGURE: frozenset[Draw] = frozenset({"top", "stat"})
"""What is told in words and numbers alone."""


def check_draw(draw: Draw, show: Show, split_by: str | None, bounds: Bounds) -> None:
    """Refuse what a chart that is drawn so has no place for. Raises ``ChoiceError``, ``BoundsError``."""
    if draw in _CHECKS:
        _CHECKS[draw](show, split_by, bounds)


def _check_tile(show: Show, split_by: str | None, bounds: Bounds) -> None:
    if split_by is not None:
        raise ChoiceError("split_by", f"split_by: {split_by!r} makes many numbers, and a tile shows one")
    _check_axis(bounds, "tile")


def _check_heatmap(show: Show, split_by: str | None, bounds: Bounds) -> None:
    if show not in OF_VALUES:
        raise ChoiceError("draw", f"draw: a heatmap shows how values are spread, and {show!r} is none", OF_VALUES)
    if split_by is not None:
        raise ChoiceError("split_by", f"split_by: a heatmap is of all values, and can't be split by {split_by!r}")


def _check_top(show: Show, split_by: str | None, bounds: Bounds) -> None:
    if show == "ratio":
        raise ChoiceError("draw", "draw: 'top' lists the values of a dimension, and a ratio can't be split")
    if split_by is None:
        raise ChoiceError("split_by", "split_by: is missing; 'top' lists the values of one of the event's dimensions")
    _check_axis(bounds, "table")


def _check_axis(bounds: Bounds, what: str) -> None:
    for name in ("min", "max"):
        if (value := getattr(bounds, name)) is not None:
            raise BoundsError(f"{name}: a {what} has no axis, so nothing reaches {value:g}")


_CHECKS: Mapping[Draw, Callable[[Show, str | None, Bounds], None]] = {
    "heatmap": _check_heatmap,
    "stat": _check_tile,
    "top": _check_top,
}
