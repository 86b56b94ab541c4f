"""Whatever accent somebody chooses, words in it and on it can be read, in both themes."""

from hypothesis import given
from hypothesis import strategies as st

from layouts.accent import accent_tokens
from layouts.theme import TOKENS
from metrics_dash.web.address import THEMES
from tests.layouts.test_theme import contrast

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(colours, st.sampled_from(THEMES))
def test_an_accent_can_be_read_on_every_ground_and_on_its_own(accent: str, theme: str) -> None:
    tokens = {**TOKENS[theme], **accent_tokens(accent, theme, TOKENS[theme])}  # type: ignore[index]
    for ground in ("bg", "surface", "raised", "accent-soft"):
        assert contrast(tokens["accent"], tokens[ground]) >= 4.5, ground


def test_an_accent_that_can_be_read_stays_as_it_was_chosen() -> None:
    assert accent_tokens("#0a6b50", "light", TOKENS["light"])["accent"] == "#0a6b50"
    assert accent_tokens("#7ea2ff", "dark", TOKENS["dark"])["accent"] == "#7ea2ff"
