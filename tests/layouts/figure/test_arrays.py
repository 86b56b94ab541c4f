"""Arrays on their way to Plotly are small and exact."""

import numpy as np
import pytest

from layouts.figure.arrays import packed
from layouts.figure.traces import FigureStyle, traces
from tests.support.figures import chart_data, named, unpacked


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 255], "u1"),
        ([0, 256], "u2"),
        ([-1, 70_000], "i4"),
        ([0.5, 2], "f4"),
        ([1, np.nan], "f4"),
        ([1, 2**33], "f8"),
        ([1.2345671, 1.2345672], "f8"),
    ],
)
def test_arrays_take_the_narrowest_type_that_keeps_them(values: list[float], kind: str) -> None:
    array = packed(np.array(values, dtype=float))
    assert array["dtype"] == kind
    np.testing.assert_array_equal(unpacked(array).astype(float), values)


def test_large_sums_keep_every_digit() -> None:
    values = np.array([16_777_217.5, 123_456_789.25])
    np.testing.assert_array_equal(unpacked(packed(values)), values)


def test_a_gap_stays_a_gap_and_a_zero_a_zero() -> None:
    drawn = traces(chart_data("players-online", [5, np.nan, 0, 3]), FigureStyle())
    np.testing.assert_array_equal(unpacked(named(drawn, "-line")[0]["y"]), [5, np.nan, 0, 3])
    assert named(drawn, "-line")[0].get("connectgaps", False) is False
