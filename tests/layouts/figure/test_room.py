"""How much fits into a chart."""

import pytest

from layouts.figure.room import MARGIN_LEFT, MARGIN_RIGHT, NARROWEST_BAR, bars_within, has_room_for_dots, labels_within


@pytest.mark.parametrize("width", [200, 276, 390, 560, 900, 1400, 4000])
def test_every_bar_is_wide_enough(width: int) -> None:
    assert (width - MARGIN_LEFT - MARGIN_RIGHT) / bars_within(width) >= NARROWEST_BAR


def test_windows_that_differ_by_a_little_share_an_answer() -> None:
    assert len({bars_within(width) for width in range(550, 580)}) == 1


@pytest.mark.parametrize("width", [None, 0, -5, "wide", 3.5])
def test_a_width_that_nobody_measured_is_that_of_a_card(width: object) -> None:
    assert bars_within(width) == bars_within(480)


def test_dots_are_for_steps_that_have_room_for_them() -> None:
    assert has_room_for_dots(560, 96)
    assert not has_room_for_dots(560, 288)
    assert not has_room_for_dots(340, 96)


def test_labels_are_as_many_as_fit_and_never_none() -> None:
    assert [labels_within(width) for width in (100, 340, 560, 1160)] == [3, 5, 9, 20]
