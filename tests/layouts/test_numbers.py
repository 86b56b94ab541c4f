"""Numbers as people read them."""

import math

import pytest

from layouts.numbers import change_text, short_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (61_408, "61,408"),
        (999_999, "1.00 M"),
        (1_240_000, "1.24 M"),
        (12_400_000, "12.4 M"),
        (3.2e9, "3.20 G"),
        (148.26, "148.3"),
        (12.345, "12.3"),
        (1.5, "1.50"),
        (0.052, "0.052"),
        (0.90094, "0.901"),
        (2143.4, "2,143"),
        (-61_408, "−61,408"),
        (5.75e17, "575 P"),
        (2e18, "2.00 E"),
        (3.2e-6, "3.2e−6"),
        (-1e-9, "−1e−9"),
        (math.nan, "–"),
    ],
)
def test_a_number_is_short(value: float, text: str) -> None:
    assert short_number(value).replace("\u202f", " ") == text


@pytest.mark.parametrize(
    ("change", "text"),
    [(0.082, "+8.2 %"), (-0.021, "−2.1 %"), (0.00001, "±0.0 %"), (1.5, "+150 %"), (2.5, "× 3.5"), (-1, "−100 %")],
)
def test_a_change_carries_its_sign(change: float, text: str) -> None:
    assert change_text(change).replace("\u202f", " ") == text
