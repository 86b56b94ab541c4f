"""What each way to draw has a place for."""

import re
from typing import Any

import pytest

from metrics_dash.bounds import NO_BOUNDS, Bounds, BoundsError
from metrics_dash.catalog_draws import check_draw
from metrics_dash.catalog_rules import ChoiceError


@pytest.mark.parametrize("show", ["count", "rate", "sum", "avg", "min", "max", "p50", "p95", "unique"])
def test_a_table_lists_the_values_of_whatever_can_be_split(show: Any) -> None:
    check_draw("top", show, "zone", NO_BOUNDS)
    check_draw("top", show, "zone", Bounds(target=5, warn=9))


@pytest.mark.parametrize(
    ("draw", "show", "split_by", "bounds", "error", "says"),
    [
        ("top", "count", None, NO_BOUNDS, ChoiceError, "split_by: is missing; 'top' lists the values"),
        ("top", "ratio", None, NO_BOUNDS, ChoiceError, "draw: 'top' lists the values of a dimension, and a ratio"),
        ("top", "avg", "zone", Bounds(min=1), BoundsError, "min: a table has no axis, so nothing reaches 1"),
        ("top", "avg", "zone", Bounds(max=9), BoundsError, "max: a table has no axis, so nothing reaches 9"),
        ("stat", "avg", None, Bounds(max=9), BoundsError, "max: a tile has no axis, so nothing reaches 9"),
        ("stat", "avg", "zone", NO_BOUNDS, ChoiceError, "split_by: 'zone' makes many numbers"),
        ("heatmap", "sum", None, NO_BOUNDS, ChoiceError, "draw: a heatmap shows how values are spread"),
        ("heatmap", "avg", "zone", NO_BOUNDS, ChoiceError, "split_by: a heatmap is of all values"),
    ],
)
def test_what_has_no_place_is_refused(
    draw: Any, show: Any, split_by: str | None, bounds: Bounds, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=re.escape(says)):
        check_draw(draw, show, split_by, bounds)


@pytest.mark.parametrize("draw", ["line", "bar", "area"])
def test_a_line_may_be_anything(draw: Any) -> None:
    check_draw(draw, "avg", "zone", Bounds(min=0, max=9))
