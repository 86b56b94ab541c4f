"""A table of values in a picture that the server makes: rows of text over their bars. The small lines are left out."""

from typing import Any

from layouts.figure.figures import EMPTY_FIGURE, Figure
from layouts.figure.labels import plain
from layouts.numbers import change_text
from layouts.ranking import NOTHING, amount_text, head_labels, share_text, value_label
from layouts.theme import FONT, TOKENS
from layouts.units import display_unit
from layouts.words import judgement
from metrics_dash.charts.data import ChartData, Series
from metrics_dash.charts.ranking import part_of_whole
from metrics_dash.web.address import Theme

ROW = 26
_SIZE, _COLUMN, _NUMBER_OF_COLUMNS, _LONGEST = 13, 110, 3, 60
_TONES = {"good": "ok", "bad": "bad", "level": "faint", "other": "muted"}

Text = tuple[str, str]
"""What a cell says, and the name of its colour."""


def ranked_height(data: ChartData) -> int:
    """Return how high the table is, px."""
    return ROW * (1 + len(data.series))


def ranked_figure(data: ChartData, theme: Theme, room: int, left: int) -> Figure:
    """Return the table as a figure without traces, ``room`` px wide from ``left`` px of where its plot begins."""
    unit, shares = display_unit(data), part_of_whole(data)
    value, number, against = head_labels(data)
    share_head = "share" if any(share is not None for share in shares) else ""
    notes = _line(
        0, [(value, "muted"), (number, "muted"), (share_head, "muted"), (against, "muted")], theme, room, left
    )
    shapes = []
    for at, (one, share) in enumerate(zip(data.series, shares, strict=True), 1):
        cells = [
            (value_label(data, one), "text"),
            (amount_text(data, one, unit), "text"),
            (share_text(share), "muted"),
            _moved(data, one),
        ]
        notes += _line(at, cells, theme, room, left)
        if share:
            shapes.append(_bar(at, share * (room - _COLUMN * _NUMBER_OF_COLUMNS), theme, left))
    hidden = {"visible": False, "fixedrange": True, "range": [0, 1]}
    axes = {"xaxis": hidden, "yaxis": hidden, "plot_bgcolor": "rgba(0,0,0,0)"}
    return {"data": EMPTY_FIGURE["data"], "layout": {**axes, "annotations": notes, "shapes": shapes}}


def _moved(data: ChartData, one: Series) -> Text:
    if one.change is None:
        return NOTHING, "faint"
    return change_text(one.change), _TONES[judgement(one.change, data.chart)]


def _line(row: int, cells: list[Text], theme: Theme, room: int, left: int) -> list[dict[str, Any]]:
    (value, colour), *numbers = cells
    cut = value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
    drawn = [_cell(row, cut, colour, left + 8, "left", theme)]
    for at, (text, tone) in enumerate(numbers, 1):
        right = left + room - _COLUMN * (_NUMBER_OF_COLUMNS - at)
        drawn.append(_cell(row, text, tone, right, "right", theme))
    return [each for each in drawn if each["text"]]


def _cell(row: int, text: str, colour: str, x: int, side: str, theme: Theme) -> dict[str, Any]:
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xshift": x, "yshift": -row * ROW}
    font = {"family": FONT, "size": _SIZE, "color": TOKENS[theme][colour]}
    anchors = {"xanchor": side, "yanchor": "top", "align": side}
    return {"text": plain(text), "showarrow": False, "borderpad": 4, "font": font, **place, **anchors}


def _bar(row: int, width: float, theme: Theme, left: int) -> dict[str, Any]:
    """Return a row's part of the whole, below its words."""
    across = {"xref": "paper", "xsizemode": "pixel", "xanchor": 0, "x0": left, "x1": left + max(2.0, width)}
    down = {"yref": "paper", "ysizemode": "pixel", "yanchor": 1, "y0": -row * ROW - 2, "y1": -(row + 1) * ROW + 2}
    colour = TOKENS[theme]["accent-soft"]
    return {"type": "rect", "layer": "below", "line": {"width": 0}, "fillcolor": colour, **across, **down}
