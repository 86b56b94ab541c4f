"""What a chart is held against: which side is bad, what is said of a number, and what contradicts itself."""

from typing import Any

import pytest

from metrics_dash.bounds import NO_BOUNDS, Bounds, BoundsError, Good, check_bounds


def checked(good: Good = "none", show: str = "avg", draw: str = "line", **declared: float) -> Bounds:
    return check_bounds(Bounds(**declared), show=show, draw=draw, good=good)


@pytest.mark.parametrize(
    ("good", "declared", "low_is_bad"),
    [
        ("none", {"warn": 5}, False),
        ("up", {"warn": 5}, True),
        ("down", {"warn": 5}, False),
        ("none", {"warn": 5, "target": 9}, True),
        ("none", {"warn": 9, "target": 5}, False),
        ("up", {"warn": 5, "target": 5}, True),
        ("none", {"warn": 5, "target": 5}, False),
    ],
)
def test_bad_is_against_what_is_good_or_away_from_the_target_or_up(
    good: Good, declared: dict[str, float], low_is_bad: bool
) -> None:
    assert checked(good, **declared).low_is_bad == low_is_bad


def test_beyond_the_warning_is_warned_of_and_the_target_is_met_from_its_own_side() -> None:
    high = checked("down", target=200, warn=1000)
    assert [high.verdict(value) for value in (0, 200, 201, 1000, 1001)] == ["met", "met", None, None, "warned"]
    low = checked("up", target=95, warn=90)
    assert [low.verdict(value) for value in (100, 95, 94, 90, 89)] == ["met", "met", None, None, "warned"]


def test_where_the_warning_is_the_target_it_warns_as_soon_as_that_is_missed() -> None:
    bounds = checked("up", target=95, warn=95)
    assert [bounds.verdict(value) for value in (95, 94.9)] == ["met", "warned"]


def test_nothing_is_said_without_a_number_or_where_nobody_knows_which_way_is_good() -> None:
    assert checked("up", target=5, warn=1).verdict(None) is None
    assert checked(target=5).verdict(7) is None
    assert checked("up", min=0, max=10).verdict(11) is None
    assert NO_BOUNDS.verdict(1) is None


def test_what_is_declared_is_true_and_nothing_is_not() -> None:
    assert checked(min=0)
    assert not NO_BOUNDS
    assert list(checked(min=0, max=9, warn=5, target=7).shown()) == [0, 9, 7]


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        (
            {"show": "count", "target": 5},
            "target: a bucket's count depends on its length, which goes with the range; show",
        ),
        ({"show": "sum", "max": 5}, "max: a bucket's sum depends on its length, which goes with the range"),
        ({"min": 5, "max": 4}, "min: 5 is not below max, 4"),
        ({"draw": "bar", "show": "rate", "min": 1}, "min: bars begin at zero, so its axis can't begin at 1"),
        ({"draw": "area", "min": 0.5}, "min: an area begins at zero, so its axis can't begin at 0.5"),
        ({"good": "up", "target": 5, "warn": 6}, "warn: 6 is on the good side of the target, 5, as good = 'up' has it"),
        (
            {"good": "down", "target": 5, "warn": 4},
            "warn: 4 is on the good side of the target, 5, as good = 'down' has it",
        ),
    ],
)
def test_what_contradicts_itself_or_what_is_drawn_is_refused(declared: dict[str, Any], says: str) -> None:
    with pytest.raises(BoundsError) as caught:
        checked(**declared)
    assert str(caught.value).startswith(says)


def test_a_count_without_bounds_is_no_error() -> None:
    assert checked(show="count", draw="bar") is not None
