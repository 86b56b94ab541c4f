"""Ticks of a time axis side by side: which of their labels have room, and what is said below them."""

from datetime import UTC, datetime, timedelta

from layouts.figure.moments import are_apart, coarser_ticks, fitting, plain_ticks, said_once, text_width

AFTERNOON = datetime(2026, 11, 27, 13, tzinfo=UTC)
DAY = timedelta(days=1)


def test_what_stands_below_is_said_where_it_changes() -> None:
    below = [tick.below for tick in said_once(plain_ticks(AFTERNOON, DAY, 300))]
    assert below == ["Fri 27 Nov", "Sat 28 Nov", "", ""]


def test_a_date_is_wider_than_its_short_form_and_a_wide_letter_than_a_narrow_one() -> None:
    assert text_width("Fri 27 Nov") > text_width("27 Nov") > 0
    assert text_width("W") > text_width("i")


def test_dates_that_have_room_stand_as_they_are() -> None:
    chosen = said_once(plain_ticks(AFTERNOON, DAY, 560))
    assert are_apart(chosen, 494)
    assert fitting(coarser_ticks(AFTERNOON, DAY, 560), 494) == chosen


def test_labels_that_have_none_are_further_apart() -> None:
    assert [tick.label for tick in fitting(coarser_ticks(AFTERNOON, DAY, 300), 90)] == ["00:00", "12:00"]
