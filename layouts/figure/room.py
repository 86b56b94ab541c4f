"""How much fits into a chart: its margins, and how many bars."""

MARGIN_LEFT, MARGIN_RIGHT = 46, 6
"""Of the plot within its graph, px: room for the values' axis."""
NARROWEST_BAR = 4
_DEFAULT_WIDTH = 480
# Viewers whose windows differ by a few pixels share one answer.
_NUMBERS = (300, 240, 180, 150, 120, 96, 72, 60, 48, 36, 24)


def bars_within(width: object) -> int:
    """Return how many bars a graph of so many px has room for, each at least ``NARROWEST_BAR`` wide with its gap.

    ``width``: as a browser sent it; 0, or no whole number, where nobody has measured it yet.
    """
    room = (width if isinstance(width, int) and width > 0 else _DEFAULT_WIDTH) - MARGIN_LEFT - MARGIN_RIGHT
    return next((bars for bars in _NUMBERS if bars * NARROWEST_BAR <= room), _NUMBERS[-1])
