"""One unit for a chart's number, axis and tooltip."""

import numpy as np
import pytest

from layouts.units import display_unit, head_unit, in_unit, unit_for
from tests.support.figures import chart_data


@pytest.mark.parametrize(
    ("unit", "greatest", "short", "number", "text"),
    [
        ("ms", 2976, "s", 2976, "2.98 s"),
        ("ms", 999.9, "s", 999.9, "1.00 s"),
        ("ms", 420, "ms", 42, "42 ms"),
        ("milliseconds", 0.25, "µs", 0.25, "250 µs"),
        ("s", 5400, "h", 5400, "1.50 h"),
        ("ms", 0, "ms", 0, "0 ms"),
        ("bytes", 3_200_000, "MB", 3_200_000, "3.20 MB"),
        ("KiB", 2048, "MiB", 2048, "2 MiB"),
        ("/s", 1234, "k/s", 1234, "1.23 k/s"),
        ("/s", 12, "/s", 1.5, "1.50 /s"),
        ("players", 412, "", 412, "412"),
        ("players", 61_408, "", 61_408, "61,408"),
        ("XP", 2_400_000, "M", 800_000, "0.8 M"),
        ("", 100, "", 12_400_000, "12.4 M"),
        ("B/s", 1_220_000, "MB/s", 1_220_000, "1.22 MB/s"),
        ("", 6e17, "P", 575e15, "575 P"),
        # Too little for the unit of its chart.
        ("ms", 36_000_000, "h", 1380, "1.38 s"),
        ("ms", 36_000_000, "h", 61_000, "1.02 min"),
        ("ms", 36_000_000, "h", 360_000, "0.1 h"),
        ("ms", 36_000_000, "h", -0.25, "−250 µs"),
        ("ms", 36_000_000, "h", 0, "0 h"),
        ("bytes", 3e9, "GB", 2000, "2 kB"),
        ("/s", 5e6, "M/s", 12, "12 /s"),
        ("XP", 2_400_000, "M", 500, "500"),
        ("XP", 2_400_000, "M", 0, "0"),
    ],
)
def test_a_value_is_said_in_the_unit_of_its_chart(
    unit: str, greatest: float, short: str, number: float, text: str
) -> None:
    found = unit_for(unit, greatest)
    assert found.short == short
    assert found.text(number).replace("\u202f", " ") == text


def test_a_value_that_is_read_off_has_its_whole_unit() -> None:
    assert (unit_for("XP", 2_400_000).full, unit_for("XP", 24).full, unit_for("ms", 2000).full) == ("M XP", "XP", "s")


def test_who_reads_values_off_a_chart_is_told_the_finer_units() -> None:
    assert unit_for("ms", 90_000).meta() == {
        "unit": "min",
        "zero": "min",
        "finer": [
            ("s", pytest.approx(1 / 60)),
            ("ms", pytest.approx(1 / 6e4)),
            ("µs", pytest.approx(1 / 6e7)),
            ("ns", pytest.approx(1 / 6e10)),
        ],
    }
    assert unit_for("XP", 2_400_000).meta() == {"unit": "M XP", "zero": "XP", "finer": [("XP", 1e-6)]}
    assert unit_for("players", 12).meta() == {"unit": "players", "zero": "players", "finer": []}


def test_the_head_of_a_card_says_the_unit_that_the_number_does_not() -> None:
    assert (head_unit("players"), head_unit("ms"), head_unit("bytes"), head_unit("/s"), head_unit("%")) == (
        "players",
        "",
        "",
        "",
        "",
    )


def test_a_chart_is_drawn_in_its_unit_with_its_gaps() -> None:
    data = chart_data("players-online", [1500.0, np.nan])
    assert in_unit(data, display_unit(data)) is data
    seconds = in_unit(data, unit_for("ms", 1500))
    np.testing.assert_array_equal(seconds.series[0].v, [1.5, np.nan])
